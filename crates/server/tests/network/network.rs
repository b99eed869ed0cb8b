//! Networks.

use serde_json::{Value, json};

use crate::common::cloud::Cloud;

#[tokio::test]
async fn everything_that_a_network_refuses() {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let (admin, demo, reader, stranger) =
        (cloud.admin.clone(), cloud.demo.clone(), cloud.reader.clone(), cloud.stranger.clone());
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.create(&admin, "network", "shared", json!({"shared": true})).await;
    cloud.subnet(&demo, "left", "left-subnet", "10.1.0.0/24", json!({})).await;
    cloud.create(&demo, "port", "port", json!({"network_id": "{left}"})).await;
    cloud.create(&demo, "port", "shared-port", json!({"network_id": "{shared}"})).await;
    let gateway = json!({"external_gateway_info": {"network_id": "{ext}"}});
    cloud.create(&demo, "router", "router", gateway).await;
    let network = |attributes: Value| json!({"network": attributes});
    cloud.put(&admin, "networks/{ext}", network(json!({"is_default": true}))).await;
    let forbidden = |what: &str| {
        format!(
            "403 PolicyNotAuthorized (rule:create_network and rule:create_network:{what}) is disallowed by policy"
        )
    };
    for case in [
        ("GET", "networks/left", json!(null), "404 NetworkNotFound Network left could not be found."),
        ("PUT", "networks", network(json!({})), "404 NetworkNotFound Network None could not be found."),
        ("POST", "networks", json!({}), "400 HTTPBadRequest Unable to find 'network' in request body"),
        ("POST", "networks", json!([]), "400 HTTPBadRequest Body contains invalid data"),
        ("POST", "networks", network(json!([])), "400 HTTPBadRequest Object 'network' contains invalid data"),
        (
            "POST",
            "networks",
            network(json!({"foo": 1, "bar": 2})),
            "400 HTTPBadRequest Unrecognized attribute(s) 'bar, foo'",
        ),
        (
            "POST",
            "networks",
            network(json!({"status": "DOWN"})),
            "400 HTTPBadRequest Attribute 'status' not allowed in POST",
        ),
        (
            "POST",
            "networks",
            network(json!({"name": null})),
            "400 HTTPBadRequest Invalid input for name. Reason: 'None' is not a valid string.",
        ),
        (
            "POST",
            "networks",
            network(json!({"admin_state_up": "foo"})),
            "400 InvalidInput Invalid input for operation: 'foo' cannot be converted to boolean.",
        ),
        (
            "POST",
            "networks",
            network(json!({"mtu": -1})),
            "400 HTTPBadRequest Invalid input for mtu. Reason: '-1' should be non-negative.",
        ),
        (
            "POST",
            "networks",
            network(json!({"mtu": 70000})),
            "400 InvalidInput Invalid input for operation: Requested MTU is too big, maximum is 9216.",
        ),
        (
            "POST",
            "networks",
            network(json!({"dns_domain": "example.org"})),
            "400 HTTPBadRequest Invalid input for dns_domain. Reason: 'example.org' is not a FQDN.",
        ),
        (
            "POST",
            "networks",
            network(json!({"dns_domain": "-a.example."})),
            "400 HTTPBadRequest Invalid input for dns_domain. Reason: '-a.example.' not a valid PQDN or FQDN.",
        ),
        (
            "POST",
            "networks",
            network(json!({"availability_zone_hints": "nova"})),
            "400 HTTPBadRequest Invalid input for availability_zone_hints. Reason: 'nova' is not a list.",
        ),
        (
            "POST",
            "networks",
            network(json!({"availability_zone_hints": ["nova"]})),
            "404 AvailabilityZoneNotFound AvailabilityZone nova could not be found.",
        ),
        (
            "PUT",
            "networks/{left}",
            network(json!({"availability_zone_hints": []})),
            "400 HTTPBadRequest Cannot update read-only attribute availability_zone_hints",
        ),
        ("POST", "networks", network(json!({"is_default": true})), &forbidden("is_default")),
        ("POST", "networks", network(json!({"shared": true})), &forbidden("shared")),
        ("POST", "networks", network(json!({"router:external": true})), &forbidden("router:external")),
        (
            "POST",
            "networks",
            network(json!({"provider:network_type": "flat"})),
            &forbidden("provider:network_type"),
        ),
        (
            "PUT",
            "networks/{left}",
            network(json!({"shared": true})),
            "403 PolicyNotAuthorized (rule:update_network and rule:update_network:shared) is disallowed by policy",
        ),
        (
            "PUT",
            "networks/{left}",
            network(json!({"provider:network_type": null})),
            "403 PolicyNotAuthorized (rule:update_network and rule:update_network:provider:network_type) is disallowed by policy",
        ),
        (
            "GET",
            "networks?provider%3Anetwork_type=flat",
            json!(null),
            "400 HTTPBadRequest ['provider:network_type'] is invalid attribute for filtering",
        ),
        (
            "PUT",
            "networks/{shared}",
            network(json!({"name": "x"})),
            "403 PolicyNotAuthorized rule:update_network is disallowed by policy",
        ),
        (
            "DELETE",
            "networks/{shared}",
            json!(null),
            "403 PolicyNotAuthorized rule:delete_network is disallowed by policy",
        ),
        (
            "PUT",
            "networks/{ext}",
            network(json!({"name": "x"})),
            "403 PolicyNotAuthorized rule:update_network is disallowed by policy",
        ),
        (
            "DELETE",
            "networks/{ext}",
            json!(null),
            "403 PolicyNotAuthorized rule:delete_network is disallowed by policy",
        ),
        (
            "DELETE",
            "networks/{left}",
            json!(null),
            "409 NetworkInUse Unable to complete operation on network {left}. There are one or more ports still in use on the network, id for these ports is: {port}.",
        ),
        (
            "DELETE",
            "networks/{left}",
            network(json!({})),
            "400 HTTPBadRequest Request body is not supported in DELETE.",
        ),
        (
            "PATCH",
            "networks/{left}",
            network(json!({})),
            "405 HTTPMethodNotAllowed The server could not comply with the request since it is either malformed or otherwise incorrect.",
        ),
        (
            "GET",
            "networks?foo=1",
            json!(null),
            "400 HTTPBadRequest ['foo'] is invalid attribute for filtering",
        ),
    ] {
        cloud.refused(&demo, case).await;
    }
    let invalid = |why: &str| format!("400 InvalidInput Invalid input for operation: {why}.");
    for case in [
        (
            "POST",
            "networks",
            network(json!({"provider:network_type": "vxlan"})),
            "400 HTTPBadRequest Invalid input for provider:network_type. Reason: vxlan is not in valid_values.",
        ),
        (
            "POST",
            "networks",
            network(json!({"provider:network_type": "flat"})),
            &invalid("physical_network required for flat provider network"),
        ),
        (
            "POST",
            "networks",
            network(json!({"provider:network_type": "local", "provider:physical_network": "x"})),
            &invalid("physical_network prohibited for local provider network"),
        ),
        (
            "POST",
            "networks",
            network(json!({"provider:network_type": "vlan", "provider:physical_network": "x"})),
            &invalid("segmentation_id required for vlan provider network"),
        ),
        (
            "POST",
            "networks",
            network(
                json!({"provider:network_type": "vlan", "provider:physical_network": "x", "provider:segmentation_id": 4095}),
            ),
            &invalid("segmentation_id out of range (1 through 4094)"),
        ),
        (
            "POST",
            "networks",
            network(json!({"provider:network_type": "flat", "provider:physical_network": "public"})),
            "409 FlatNetworkInUse Unable to create the flat network. Physical network public is in use.",
        ),
        (
            "PUT",
            "networks/{ext}",
            network(json!({"router:external": false})),
            "409 ExternalNetworkInUse External network {ext} cannot be updated to be made non-external, since it has existing gateway ports.",
        ),
        (
            "POST",
            "networks",
            network(json!({"router:external": true, "is_default": true})),
            "409 DefaultExternalNetworkExists A default external network already exists: {ext}.",
        ),
        (
            "PUT",
            "networks/{shared}",
            network(json!({"router:external": true, "is_default": true})),
            "409 DefaultExternalNetworkExists A default external network already exists: {ext}.",
        ),
        (
            "PUT",
            "networks/{shared}",
            network(json!({"shared": false})),
            "409 InvalidSharedSetting Unable to reconfigure sharing settings for network {shared}. Multiple tenants are using it.",
        ),
    ] {
        cloud.refused(&admin, case).await;
    }
    for case in [
        (
            "POST",
            "networks",
            network(json!({})),
            "403 PolicyNotAuthorized rule:create_network is disallowed by policy",
        ),
        (
            "PUT",
            "networks/{left}",
            network(json!({"name": "x"})),
            "403 PolicyNotAuthorized rule:update_network is disallowed by policy",
        ),
        (
            "DELETE",
            "networks/{left}",
            json!(null),
            "403 PolicyNotAuthorized rule:delete_network is disallowed by policy",
        ),
    ] {
        cloud.refused(&reader, case).await;
    }
    for method in ["GET", "PUT", "DELETE"] {
        let body = if method == "PUT" { network(json!({"name": "x"})) } else { Value::Null };
        let want = "404 NetworkNotFound Network {left} could not be found.";
        cloud.refused(&stranger, (method, "networks/{left}", body, want)).await;
    }
}

#[tokio::test]
async fn what_a_network_has_is_kept_and_found_again() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.agent("node-1", "nova").await;
    let attributes = json!({
        "dns_domain": "left.example.org.", "availability_zone_hints": ["nova"], "mtu": 60, "shared": false,
    });
    let left = cloud.create(&demo, "network", "left", attributes).await;
    cloud.create(&admin, "network", "ext", json!({"router:external": true, "is_default": true})).await;
    let shown = |network: &Value| {
        [
            "dns_domain",
            "availability_zone_hints",
            "availability_zones",
            "mtu",
            "is_default",
            "revision_number",
        ]
        .map(|key| network[key].clone())
    };
    let want = [json!("left.example.org."), json!(["nova"]), json!([]), json!(60), json!(false), json!(1)];
    assert_eq!(shown(&left), want);
    assert_eq!(shown(&cloud.get(&demo, "networks/{left}").await["network"]), want);

    // Sending back what was shown is no attempt at more than is allowed.
    let shared = json!({"network": {"shared": false, "router:external": false, "dns_domain": "", "mtu": 0}});
    let left = cloud.put(&demo, "networks/{left}", shared).await["network"].clone();
    assert_eq!(
        (&left["dns_domain"], &left["mtu"], &left["revision_number"]),
        (&json!(""), &json!(1500), &json!(2))
    );

    // A network is in the zones of the routers that it is on.
    cloud.subnet(&demo, "left", "left-subnet", "10.1.0.0/24", json!({})).await;
    cloud.create(&demo, "router", "router", json!({})).await;
    cloud.put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{left-subnet}"})).await;
    assert_eq!(cloud.get(&demo, "networks/{left}").await["network"]["availability_zones"], json!(["nova"]));

    // Only an external network is anybody's default.
    let ext = cloud.get(&demo, "networks/{ext}").await["network"].clone();
    assert_eq!(ext["is_default"], true);
    cloud.put(&admin, "networks/{ext}", json!({"network": {"router:external": false}})).await;
    let ext = cloud.put(&admin, "networks/{ext}", json!({"network": {"is_default": true}})).await;
    assert_eq!(ext["network"]["is_default"], false);

    for (who, query, want) in [
        (&admin, "?provider%3Anetwork_type=local", vec!["left", "ext"]),
        (&admin, "?provider%3Aphysical_network=public", vec![]),
        (&demo, "?router%3Aexternal=False", vec!["left"]),
        (&demo, "?mtu=1500&sort_key=name&sort_dir=asc", vec!["left"]),
        (&demo, "?status=ACTIVE&shared=false&admin_state_up=1", vec!["left"]),
        (&demo, "?status=DOWN", vec![]),
    ] {
        let networks = cloud.get(who, &format!("networks{query}")).await;
        let names: Vec<&str> = networks["networks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, want, "{query}");
    }
    // A member is not shown how networks are realised.
    let keys: Vec<String> = left.as_object().unwrap().keys().cloned().collect();
    assert!(!keys.iter().any(|key| key.starts_with("provider:")), "{keys:?}");
    let seen = cloud.get(&admin, "networks/{left}").await["network"].clone();
    let provider = ["network_type", "physical_network", "segmentation_id"]
        .map(|key| seen.get(format!("provider:{key}")).cloned());
    assert_eq!(provider, [Some(json!("local")), Some(Value::Null), Some(Value::Null)]);
}

#[tokio::test]
async fn who_sees_which_network_and_what_is_on_it() {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let (admin, demo, stranger) = (cloud.admin.clone(), cloud.demo.clone(), cloud.stranger.clone());
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.subnet(&demo, "left", "left-subnet", "10.1.0.0/24", json!({})).await;
    cloud.create(&admin, "network", "shared", json!({"shared": true})).await;
    cloud.put(&admin, "networks/{left}", json!({"network": {"shared": true}})).await;
    cloud.create(&stranger, "port", "guest", json!({"network_id": "{left}"})).await;
    cloud.create(&demo, "port", "own", json!({"network_id": "{left}"})).await;
    let names = |list: &Value, kind: &str| {
        let mut names: Vec<String> = list[kind]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort_unstable();
        names.join(" ")
    };
    for (who, kind, want) in [
        (&demo, "networks", "ext left shared"),
        (&stranger, "networks", "ext left shared"),
        (&demo, "subnets", "ext-subnet left-subnet"),
        (&stranger, "subnets", "ext-subnet left-subnet"),
        // The owner of a network sees everybody on it.
        (&demo, "ports", "guest own"),
        (&stranger, "ports", "guest"),
    ] {
        assert_eq!(names(&cloud.get(who, kind).await, kind), want);
    }
    let foreign = "networks?project_id={demo project}&shared=False";
    assert_eq!(cloud.get(&stranger, foreign).await["networks"], json!([]));
    // It may send a guest away, but not change it.
    let change = json!({"port": {"name": "x"}});
    let want = "403 PolicyNotAuthorized rule:update_port is disallowed by policy";
    cloud.refused(&demo, ("PUT", "ports/{guest}", change, want)).await;
    cloud.delete(&demo, "ports/{guest}").await;
}

#[tokio::test]
async fn a_network_goes_with_its_subnets_and_dhcp_ports() {
    let mut cloud = Cloud::start().await;
    let demo = cloud.demo.clone();
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.subnet(&demo, "left", "left-subnet", "10.1.0.0/24", json!({})).await;
    cloud.subnet(&demo, "left", "left-six", "fd00::/64", json!({})).await;
    let dhcp = json!({"network_id": "{left}", "device_owner": "network:dhcp"});
    let dhcp = cloud.create(&demo, "port", "dhcp", dhcp).await;
    let addresses: Vec<&Value> =
        dhcp["fixed_ips"].as_array().unwrap().iter().map(|one| &one["ip_address"]).collect();
    assert_eq!(addresses, ["10.1.0.2", "fd00::1"], "the lowest that are free");
    assert_eq!(dhcp["port_security_enabled"], false);
    // A subnet that goes leaves the DHCP server without its address.
    cloud.delete(&demo, "subnets/{left-six}").await;
    let dhcp = cloud.get(&demo, "ports/{dhcp}").await["port"].clone();
    assert_eq!(cloud.shown(&dhcp["fixed_ips"][0]["subnet_id"]), "{left-subnet}");
    assert_eq!(dhcp["fixed_ips"].as_array().unwrap().len(), 1);
    cloud.delete(&demo, "networks/{left}").await;
    for kind in ["networks", "subnets", "ports"] {
        assert_eq!(cloud.get(&demo, kind).await[kind], json!([]), "{kind}");
    }
}
