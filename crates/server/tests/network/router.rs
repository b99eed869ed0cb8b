//! Routers: what they refuse.

use serde_json::{Value, json};

use crate::common::cloud::Cloud;

#[tokio::test]
async fn everything_that_a_router_refuses() {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let (admin, demo, reader, stranger) =
        (cloud.admin.clone(), cloud.demo.clone(), cloud.reader.clone(), cloud.stranger.clone());
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.create(&demo, "network", "right", json!({})).await;
    cloud.create(&admin, "network", "shared", json!({"shared": true})).await;
    cloud.subnet(&demo, "left", "left-subnet", "10.11.0.0/24", json!({})).await;
    cloud.subnet(&demo, "right", "overlapping", "10.11.0.128/25", json!({})).await;
    cloud.subnet(&demo, "right", "closed", "10.12.0.0/24", json!({"gateway_ip": null})).await;
    cloud.subnet(&demo, "right", "taken", "10.13.0.0/24", json!({})).await;
    cloud.subnet(&admin, "shared", "foreign", "10.14.0.0/24", json!({})).await;
    cloud.create(&admin, "network", "overlapping-ext", json!({"router:external": true})).await;
    cloud.subnet(&admin, "overlapping-ext", "overlapping-ext-subnet", "10.11.0.0/16", json!({})).await;
    for (name, attributes) in [
        ("taker", json!({"fixed_ips": [{"ip_address": "10.13.0.1"}]})),
        ("used", json!({"device_id": "vm"})),
        ("bare", json!({"fixed_ips": []})),
        ("double", json!({"fixed_ips": [{"subnet_id": "{closed}"}, {"subnet_id": "{closed}"}]})),
    ] {
        let mut all = json!({"network_id": "{right}"});
        all.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
        cloud.create(&demo, "port", name, all).await;
    }
    cloud.create(&demo, "router", "router", json!({})).await;
    let added = cloud
        .put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{left-subnet}"}))
        .await;
    cloud.ids.insert("interface".to_owned(), added["port_id"].as_str().unwrap().to_owned());
    let route = json!({"destination": "10.99.0.0/24", "nexthop": "10.11.0.9"});
    cloud.put(&demo, "routers/{router}", json!({"router": {"routes": [route]}})).await;
    let router = |attributes: Value| json!({"router": attributes});
    let gateway = |info: Value| json!({"router": {"external_gateway_info": info}});
    let routes = |routes: Value| json!({"router": {"routes": routes}});
    let (one, add, remove) = (
        "routers/{router}",
        "routers/{router}/add_router_interface",
        "routers/{router}/remove_router_interface",
    );
    let bad = |why: &str| format!("400 BadRequest Bad router request: {why}.");
    let info =
        |why: &str| format!("400 HTTPBadRequest Invalid input for external_gateway_info. Reason: {why}.");
    let route = |why: &str| format!("400 HTTPBadRequest Invalid input for routes. Reason: {why}.");
    let rule = |keys: &str| {
        format!(
            "403 PolicyNotAuthorized (rule:update_router and (rule:update_router:external_gateway_info and ({keys}))) is disallowed by policy"
        )
    };
    let key = |key: &str| format!("rule:update_router:external_gateway_info:{key}");
    let (snat, fixed) = (
        rule(&format!("{} and {}", key("network_id"), key("enable_snat"))),
        rule(&format!("{} and {}", key("network_id"), key("external_fixed_ips"))),
    );
    for case in [
        ("GET", "routers/router", json!(null), "404 RouterNotFound Router router could not be found"),
        (
            "POST",
            "routers",
            router(json!({"routes": []})),
            "400 HTTPBadRequest Attribute 'routes' not allowed in POST",
        ),
        (
            "POST",
            "routers",
            router(json!({"flavor_id": null})),
            "404 FlavorNotFound Flavor None could not be found.",
        ),
        (
            "POST",
            "routers",
            router(json!({"flavor_id": "{left}"})),
            "404 FlavorNotFound Flavor {left} could not be found.",
        ),
        (
            "POST",
            "routers",
            router(json!({"flavor_id": "a\0b"})),
            "404 FlavorNotFound Flavor a\0b could not be found.",
        ),
        (
            "POST",
            "routers",
            router(json!({"availability_zone_hints": ["nova"]})),
            "404 AvailabilityZoneNotFound AvailabilityZone nova could not be found.",
        ),
        (
            "PUT",
            one,
            router(json!({"availability_zone_hints": []})),
            "400 HTTPBadRequest Cannot update read-only attribute availability_zone_hints",
        ),
        (
            "POST",
            "routers",
            router(json!({"distributed": true})),
            "400 HTTPBadRequest Invalid input for distributed. Reason: 'True' is not supported.",
        ),
        (
            "GET",
            "routers?external_gateway_info=x",
            json!(null),
            "400 HTTPBadRequest ['external_gateway_info'] is invalid attribute for filtering",
        ),
        (
            "GET",
            "routers?ha=False",
            json!(null),
            "400 HTTPBadRequest ['ha'] is invalid attribute for filtering",
        ),
        (
            "POST",
            "routers",
            gateway(json!({"network_id": "{ext}", "enable_snat": true})),
            &snat.replace("update", "create"),
        ),
        (
            "PUT",
            one,
            gateway(json!({"network_id": "{ext}", "enable_snat": true, "external_fixed_ips": []})),
            &rule(&format!(
                "{} and {} and {}",
                key("network_id"),
                key("enable_snat"),
                key("external_fixed_ips")
            )),
        ),
        ("PUT", one, gateway(json!("x")), &info("'x' is not a dictionary")),
        ("PUT", add, json!({"port_id": "bad"}), &bad("'bad' is not a valid UUID")),
        (
            "PUT",
            one,
            gateway(json!({"network_id": "{overlapping-ext}"})),
            &bad(
                "Cidr 10.11.0.0/16 of subnet {overlapping-ext-subnet} overlaps with cidr 10.11.0.0/24 of subnet {left-subnet}",
            ),
        ),
        (
            "POST",
            "routers",
            gateway(json!({"network_id": "{left}"})),
            &bad("Network {left} is not an external network"),
        ),
        (
            "PUT",
            one,
            gateway(json!({"network_id": "{left}"})),
            &bad("Network {left} is not an external network"),
        ),
        (
            "PUT",
            one,
            gateway(json!({"network_id": "{router}"})),
            "404 NetworkNotFound Network {router} could not be found.",
        ),
        (
            "PUT",
            one,
            gateway(json!({"enable_snat": false})),
            &info(
                "Validation of dictionary's keys failed. Expected keys: {'network_id'} Provided keys: {'enable_snat'}",
            ),
        ),
        ("PUT", one, gateway(json!({"foo": 1})), &info("Unexpected keys supplied: foo")),
        ("PUT", one, gateway(json!({"network_id": "{ext}", "enable_snat": true})), &snat),
        ("PUT", one, gateway(json!({"network_id": "{ext}", "external_fixed_ips": []})), &fixed),
        ("PUT", add, json!({}), &bad("Either subnet_id or port_id must be specified")),
        ("PUT", add, json!(null), &bad("Either subnet_id or port_id must be specified")),
        ("PUT", add, router(json!({})), &bad("Either subnet_id or port_id must be specified")),
        (
            "PUT",
            add,
            json!({"subnet_id": "{taken}", "port_id": "{bare}"}),
            &bad("Cannot specify both subnet-id and port-id"),
        ),
        ("PUT", add, json!({"subnet_id": "bad"}), &bad("'bad' is not a valid UUID")),
        (
            "PUT",
            add,
            json!({"subnet_id": "{router}"}),
            "404 SubnetNotFound Subnet {router} could not be found.",
        ),
        ("PUT", add, json!({"port_id": "{router}"}), "404 PortNotFound Port {router} could not be found."),
        (
            "PUT",
            add,
            json!({"subnet_id": "{left-subnet}"}),
            &bad("Router already has a port on subnet {left-subnet}"),
        ),
        (
            "PUT",
            add,
            json!({"subnet_id": "{overlapping}"}),
            &bad(
                "Cidr 10.11.0.128/25 of subnet {overlapping} overlaps with cidr 10.11.0.0/24 of subnet {left-subnet}",
            ),
        ),
        (
            "PUT",
            add,
            json!({"subnet_id": "{closed}"}),
            &bad("Subnet for router interface must have a gateway IP"),
        ),
        (
            "PUT",
            add,
            json!({"subnet_id": "{foreign}"}),
            &bad(
                "Cannot add interface to router because subnet {foreign} is not owned by project making the request",
            ),
        ),
        (
            "PUT",
            add,
            json!({"subnet_id": "{taken}"}),
            "409 IpAddressAlreadyAllocated IP address 10.13.0.1 already allocated in subnet {taken}",
        ),
        (
            "PUT",
            add,
            json!({"port_id": "{used}"}),
            "409 PortInUse Unable to complete operation on port {used} for network {right}. Port already has an attached device vm.",
        ),
        ("PUT", add, json!({"port_id": "{bare}"}), &bad("Router port must have at least one fixed IP")),
        (
            "PUT",
            add,
            json!({"port_id": "{double}"}),
            &bad("Cannot have multiple IPv4 subnets on router port"),
        ),
        (
            "PUT",
            remove,
            json!({"subnet_id": "{taken}"}),
            "404 RouterInterfaceNotFoundForSubnet Router {router} has no interface on subnet {taken}",
        ),
        (
            "PUT",
            remove,
            json!({"port_id": "{bare}"}),
            "404 RouterInterfaceNotFound Router {router} does not have an interface with id {bare}",
        ),
        (
            "PUT",
            remove,
            json!({"port_id": "{interface}", "subnet_id": "{taken}"}),
            "400 SubnetMismatchForPort Subnet on port {interface} does not match the requested subnet {taken}.",
        ),
        (
            "PUT",
            remove,
            json!({"subnet_id": "{left-subnet}"}),
            "409 RouterInterfaceInUseByRoute Router interface for subnet {left-subnet} on router {router} cannot be deleted, as it is required by one or more routes.",
        ),
        ("PUT", "routers/{router}/dance", json!({}), "404 HTTPNotFound The resource could not be found."),
        ("DELETE", one, json!(null), "409 RouterInUse Router {router} has ports still attached: {interface}"),
        (
            "PUT",
            one,
            routes(json!([{"destination": "10.99.0.0/24", "nexthop": "10.50.0.50"}])),
            "400 InvalidRoutes Invalid format for routes: [{'destination': '10.99.0.0/24', 'nexthop': '10.50.0.50'}], the nexthop is not connected with router",
        ),
        (
            "PUT",
            one,
            routes(json!([{"destination": "10.99.0.0/24", "nexthop": "10.11.0.1"}])),
            "400 InvalidRoutes Invalid format for routes: [{'destination': '10.99.0.0/24', 'nexthop': '10.11.0.1'}], the nexthop is used by router",
        ),
        (
            "PUT",
            one,
            routes(json!([{"destination": "10.99.0.5/24", "nexthop": "10.11.0.9"}])),
            &route("'10.99.0.5/24' is not a valid CIDR"),
        ),
        (
            "PUT",
            one,
            routes(json!([{"destination": "10.99.0.0/24"}])),
            &route(
                "Validation of dictionary's keys failed. Expected keys: {'nexthop', 'destination'} Provided keys: {'destination'}",
            ),
        ),
        (
            "PUT",
            one,
            routes(
                json!([{"destination": "10.9.0.0/24", "nexthop": "10.11.0.9"}, {"destination": "10.9.0.0/24", "nexthop": "10.11.0.9"}]),
            ),
            &route("Duplicate hostroute '{'destination': '10.9.0.0/24', 'nexthop': '10.11.0.9'}'"),
        ),
        (
            "PUT",
            one,
            routes(
                (0..31)
                    .map(|net| json!({"destination": format!("10.99.{net}.0/24"), "nexthop": "10.11.0.9"}))
                    .collect(),
            ),
            "409 OverQuota Quota exceeded for resources: ['router_route'].",
        ),
    ] {
        cloud.refused(&demo, case).await;
    }
    let at = |address: &str| {
        gateway(json!({"network_id": "{ext}", "external_fixed_ips": [{"ip_address": address}]}))
    };
    for case in [
        ("PUT", one, at("195.192.128.1"), &*bad("External IP 195.192.128.1 is the same as the gateway IP")),
        (
            "PUT",
            one,
            at("10.9.0.9"),
            "400 InvalidIpForNetwork IP address 10.9.0.9 is not a valid IP for any of the subnets on the specified network.",
        ),
    ] {
        cloud.refused(&admin, case).await;
    }
    let want = "403 PolicyNotAuthorized rule:add_router_interface is disallowed by policy";
    cloud.refused(&reader, ("PUT", add, json!({"subnet_id": "{taken}"}), want)).await;
    let want = "404 RouterNotFound Router {router} could not be found";
    cloud.refused(&stranger, ("PUT", add, json!({"subnet_id": "{taken}"}), want)).await;
    cloud.refused(&stranger, ("GET", "routers/{router}/l3-agents", Value::Null, want)).await;
    let want = "403 PolicyNotAuthorized rule:get_l3-agents is disallowed by policy";
    cloud.refused(&demo, ("GET", "routers/{router}/l3-agents", Value::Null, want)).await;
}

#[tokio::test]
async fn what_a_router_has_is_kept_and_found_again() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.agent("node-1", "east").await;
    cloud.agent("node-2", "west").await;
    cloud.agent("node-3", "west").await;
    // A zone hint binds the scheduler, whatever the load is.
    for name in ["a", "b", "c"] {
        let router = cloud.create(&demo, "router", name, json!({"availability_zone_hints": ["east"]})).await;
        let zones = ["availability_zone_hints", "availability_zones"].map(|key| router[key].clone());
        assert_eq!(zones, [json!(["east"]), json!(["east"])], "{name}");
    }
    // What is for routers over several nodes is an administrator's business, and never so.
    let router = cloud.create(&admin, "router", "d", json!({"distributed": false, "ha": null})).await;
    assert_eq!((&router["distributed"], &router["ha"]), (&json!(false), &json!(false)));
    assert_eq!(router["availability_zones"], json!(["west"]), "the agents that have fewer");
    let seen = cloud.get(&demo, "routers/{a}").await["router"].clone();
    assert!(seen.get("distributed").is_none() && seen.get("ha").is_none(), "{seen}");
    for (query, want) in [
        ("name=a&name=b", vec!["a", "b"]),
        ("admin_state_up=False", vec![]),
        ("tenant_id={demo project}&description=", vec!["a", "b", "c"]),
        ("revision_number=1", vec!["a", "b", "c"]),
        ("sort_key=name&sort_dir=desc", vec!["c", "b", "a"]),
    ] {
        let routers = cloud.get(&demo, &format!("routers?{query}")).await;
        let names: Vec<&str> =
            routers["routers"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, want, "{query}");
    }
}

#[tokio::test]
async fn routes_may_have_several_next_hops_and_lead_anywhere() {
    let mut cloud = Cloud::start().await;
    let demo = cloud.demo.clone();
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.subnet(&demo, "left", "left-subnet", "10.11.0.0/24", json!({})).await;
    let router = cloud.create(&demo, "router", "router", json!({})).await;
    let before = router["revision_number"].as_i64().unwrap();
    cloud.put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{left-subnet}"})).await;
    let routes = json!([
        {"destination": "10.99.0.0/24", "nexthop": "10.11.0.8"},
        {"destination": "10.99.0.0/24", "nexthop": "10.11.0.9"},
        {"destination": "0.0.0.0/0", "nexthop": "10.11.0.9"},
    ]);
    let router = cloud.put(&demo, "routers/{router}", json!({"router": {"routes": routes}})).await;
    assert_eq!(router["router"]["routes"], routes);
    let after = router["router"]["revision_number"].as_i64().unwrap();
    assert!(after >= before + 2, "an interface and routes are two revisions: {before} {after}");
    // Removing a route that is not there is no error, and no new revision.
    let other = json!({"router": {"routes": [{"destination": "10.98.0.0/24", "nexthop": "10.11.0.8"}]}});
    let same = cloud.put(&demo, "routers/{router}/remove_extraroutes", other).await;
    assert_eq!(same["router"], router["router"]);
    let router = cloud.put(&demo, "routers/{router}", json!({"router": {"routes": null}})).await;
    assert_eq!(router["router"]["routes"], json!([]));
}
