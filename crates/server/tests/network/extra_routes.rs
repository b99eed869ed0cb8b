//! Extra routes that are added and removed one by one, whatever others are there.

use serde_json::{Value, json};

use crate::common::cloud::Cloud;

#[tokio::test]
async fn extra_routes_are_checked_as_those_of_the_router() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.subnet(&demo, "left", "left-subnet", "10.11.0.0/24", json!({})).await;
    cloud.create(&demo, "router", "router", json!({})).await;
    cloud.put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{left-subnet}"})).await;
    let (add, remove) = ("routers/{router}/add_extraroutes", "routers/{router}/remove_extraroutes");
    let route = |destination: &str, nexthop: &str| json!({"destination": destination, "nexthop": nexthop});
    let routes = |routes: Value| json!({"router": {"routes": routes}});
    let one = route("10.99.0.0/24", "10.11.0.9");
    cloud.put(&demo, add, routes(json!([one]))).await;
    cloud.put(&admin, "quotas/{demo project}", json!({"quota": {"router_route": 2}})).await;
    let bad = |why: &str| format!("400 HTTPBadRequest Invalid input for routes. Reason: {why}.");
    let (reader, stranger) = (cloud.reader.clone(), cloud.stranger.clone());
    for (who, path, body, want) in [
        (&demo, add, json!({}), "400 HTTPBadRequest Resource body required".to_owned()),
        (&demo, add, json!([]), "400 HTTPBadRequest Body contains invalid data".to_owned()),
        (
            &demo,
            add,
            json!({"routes": []}),
            "400 HTTPBadRequest Unable to find 'router' in request body".to_owned(),
        ),
        (
            &demo,
            add,
            json!({"router": {"routes": [], "name": "x"}}),
            "400 HTTPBadRequest Unrecognized attribute(s) 'name'".to_owned(),
        ),
        (&demo, add, routes(json!("x")), bad("Invalid data format for hostroute: 'x'")),
        (
            &demo,
            add,
            routes(json!([route("10.99.0.5/24", "10.11.0.9")])),
            bad("'10.99.0.5/24' is not a valid CIDR"),
        ),
        (
            &demo,
            add,
            routes(json!([route("10.98.0.0/24", "nowhere")])),
            bad("'nowhere' is not a valid IP address"),
        ),
        (
            &demo,
            add,
            routes(json!([route("10.98.0.0/24", "10.50.0.9")])),
            "400 InvalidRoutes Invalid format for routes: [{'destination': '10.99.0.0/24', 'nexthop': '10.11.0.9'}, {'destination': '10.98.0.0/24', 'nexthop': '10.50.0.9'}], the nexthop is not connected with router".to_owned(),
        ),
        (
            &demo,
            add,
            routes(json!([route("10.98.0.0/24", "10.11.0.1")])),
            "400 InvalidRoutes Invalid format for routes: [{'destination': '10.99.0.0/24', 'nexthop': '10.11.0.9'}, {'destination': '10.98.0.0/24', 'nexthop': '10.11.0.1'}], the nexthop is used by router".to_owned(),
        ),
        (
            &demo,
            add,
            routes(json!([route("10.97.0.0/24", "10.11.0.9"), route("10.98.0.0/24", "10.11.0.9")])),
            "409 OverQuota Quota exceeded for resources: ['router_route'].".to_owned(),
        ),
        (
            &reader,
            add,
            routes(json!([one])),
            "403 PolicyNotAuthorized rule:add_extraroutes is disallowed by policy".to_owned(),
        ),
        (
            &reader,
            remove,
            routes(json!([one])),
            "403 PolicyNotAuthorized rule:remove_extraroutes is disallowed by policy".to_owned(),
        ),
        (
            &stranger,
            remove,
            routes(json!([one])),
            "404 RouterNotFound Router {router} could not be found".to_owned(),
        ),
    ] {
        cloud.refused(who, ("PUT", path, body, &want)).await;
    }
    // What is there already is no error and no second route; what is not there is none to remove.
    let two = route("0.0.0.0/0", "10.11.0.8");
    let router = cloud.put(&demo, add, routes(json!([one, two]))).await;
    assert_eq!(router["router"]["routes"], json!([one, two]));
    assert_eq!(router, cloud.get(&demo, "routers/{router}").await, "the router as it is shown otherwise");
    let router = cloud.put(&demo, remove, routes(json!([one, route("10.96.0.0/24", "10.11.0.9")]))).await;
    assert_eq!(router["router"]["routes"], json!([two]));
}

#[tokio::test]
async fn an_administrator_chooses_the_addresses_of_a_gateway() {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&demo, "router", "router", json!({})).await;
    let gateway = |more: Value| {
        let mut info = json!({"network_id": "{ext}"});
        info.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"router": {"external_gateway_info": info}})
    };
    let of_subnet = json!({"subnet_id": "{ext-subnet}"});
    for (more, want) in [
        // Several of one subnet, by whichever of the two keys.
        (
            json!({"external_fixed_ips": [{"ip_address": "195.192.128.7"}, {"ip_address": "195.192.128.8"}]}),
            vec![Some("195.192.128.7"), Some("195.192.128.8")],
        ),
        (
            json!({"external_fixed_ips": [{"subnet_id": "{ext-subnet}", "ip_address": "195.192.128.9"}, of_subnet]}),
            vec![Some("195.192.128.9"), None],
        ),
        // None chosen: one is.
        (json!({"external_fixed_ips": []}), vec![None]),
        (json!({"external_fixed_ips": [of_subnet], "enable_snat": true}), vec![None]),
    ] {
        let router = cloud.put(&admin, "routers/{router}", gateway(more.clone())).await;
        let info = &router["router"]["external_gateway_info"];
        let got: Vec<&str> = info["external_fixed_ips"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["ip_address"].as_str().unwrap())
            .collect();
        assert_eq!(got.len(), want.len(), "{more}: {got:?}");
        for (got, want) in got.iter().zip(&want) {
            assert_eq!(want.unwrap_or(*got), *got, "{more}");
        }
        assert_eq!(info["enable_snat"], true, "the default, each time");
    }
    let taken =
        json!({"floatingip": {"floating_network_id": "{ext}", "floating_ip_address": "195.192.128.77"}});
    assert_eq!(cloud.call(&admin, "POST", "floatingips", &taken).await.status, 201);
    for (more, want) in [
        (
            json!({"external_fixed_ips": [{"ip_address": "195.192.128.77"}]}),
            "409 IpAddressAlreadyAllocated IP address 195.192.128.77 already allocated in subnet {ext-subnet}",
        ),
        (
            json!({"external_fixed_ips": [{"ip_address": "195.192.128.255"}]}),
            "400 InvalidIpForSubnet IP address 195.192.128.255 is not a valid IP for the specified subnet.",
        ),
        (
            json!({"external_fixed_ips": "x"}),
            "400 HTTPBadRequest Invalid input for external_gateway_info. Reason: Invalid data format for fixed IP: 'x'.",
        ),
        (
            json!({"enable_snat": "x"}),
            "400 InvalidInput Invalid input for operation: 'x' cannot be converted to boolean.",
        ),
    ] {
        cloud.refused(&admin, ("PUT", "routers/{router}", gateway(more), want)).await;
    }
}
