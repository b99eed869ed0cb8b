//! Several objects in one POST: all or none.

use serde_json::json;

use crate::common::cloud::Cloud;
use crate::says;

#[tokio::test]
async fn several_objects_are_made_at_once() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    let body = json!({"networks": [{"name": "a"}, {"network": {"name": "b", "mtu": "1400"}}], "network": {"name": "c"}});
    let made = cloud.call(&demo, "POST", "networks", &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let names: Vec<_> = made.body["networks"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(made.body.get("network"), None);
    let id = made.body["networks"][0]["id"].as_str().unwrap();
    cloud.ids.insert("a".to_owned(), id.to_owned());
    let subnet = |cidr: &str| json!({"network_id": "{a}", "ip_version": 4, "cidr": cidr});
    let body = json!({"subnets": [subnet("10.1.0.0/24"), subnet("10.2.0.0/24")]});
    assert_eq!(cloud.call(&demo, "POST", "subnets", &body).await.status, 201);
    let port = json!({"network_id": "{a}"});
    let made = cloud.call(&demo, "POST", "ports", &json!({"ports": [port, port, port]})).await;
    assert_eq!((made.status, made.body["ports"].as_array().unwrap().len()), (201, 3), "{}", made.body);

    // An administrator makes them for several projects, and each has its own quota.
    let body = json!({"networks": [{"project_id": "{other project}"}, {"project_id": "{demo project}"}]});
    cloud.put(&admin, "quotas/{other project}", json!({"quota": {"network": 1}})).await;
    assert_eq!(cloud.call(&admin, "POST", "networks", &body).await.status, 201);
    let body = json!({"networks": [{"project_id": "{demo project}"}, {"project_id": "{other project}"}]});
    cloud
        .refused(
            &admin,
            ("POST", "networks", body, "409 OverQuota Quota exceeded for resources: ['network']."),
        )
        .await;
}

#[tokio::test]
async fn none_is_made_when_one_is_refused() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.put(&admin, "quotas/{demo project}", json!({"quota": {"network": 3, "port": 2}})).await;
    let unsupported = "400 HTTPBadRequest Bulk operation not supported";
    let required = "400 HTTPBadRequest Resources required";
    let net = json!({"name": "n"});
    let port = json!({"network_id": "{left}"});
    let subnet = |cidr: &str| json!({"network_id": "{left}", "ip_version": 4, "cidr": cidr});
    for (request, body, want) in [
        ("POST networks", json!({"networks": []}), required),
        ("POST networks", json!({"networks": null}), required),
        ("POST networks", json!({"networks": 5}), "400 HTTPBadRequest Body contains invalid data"),
        (
            "POST networks",
            json!({"networks": [5]}),
            "400 HTTPBadRequest Object 'network' contains invalid data",
        ),
        (
            "POST networks",
            json!({"networks": [net, {"foo": 1}]}),
            "400 HTTPBadRequest Unrecognized attribute(s) 'foo'",
        ),
        (
            "POST networks",
            json!({"networks": [net, {"shared": true}]}),
            "403 PolicyNotAuthorized (rule:create_network and rule:create_network:shared) is disallowed by policy",
        ),
        (
            "POST networks",
            json!({"networks": [net, {"mtu": 10000}]}),
            "400 InvalidInput Invalid input for operation: Requested MTU is too big, maximum is 9216.",
        ),
        (
            "POST networks",
            json!({"networks": [net, net, net]}),
            "409 OverQuota Quota exceeded for resources: ['network'].",
        ),
        (
            "POST ports",
            json!({"ports": [port, port, port]}),
            "409 OverQuota Quota exceeded for resources: ['port'].",
        ),
        (
            "POST subnets",
            json!({"subnets": [subnet("10.1.0.0/24"), subnet("10.1.0.0/25")]}),
            "400 InvalidInput Invalid input for operation: Requested subnet with cidr: 10.1.0.0/25 for network: {left} overlaps with another subnet.",
        ),
        ("PUT networks/{left}", json!({"networks": []}), unsupported),
        ("POST routers", json!({"routers": [{}]}), unsupported),
        ("POST vpn/vpnservices", json!({"vpnservices": [{}]}), unsupported),
        ("POST vpn/ipsec-site-connections", json!({"ipsec_site_connections": [{}]}), unsupported),
        ("POST vpn/endpoint-groups", json!({"endpoint_groups": [{}]}), unsupported),
        (
            "POST vpn/ikepolicies",
            json!({"ikepolicies": [{}]}),
            "400 HTTPBadRequest Unable to find 'ikepolicy' in request body",
        ),
        (
            "POST vpn/ipsecpolicies",
            json!({"ipsecpolicies": [{}]}),
            "400 HTTPBadRequest Unable to find 'ipsecpolicy' in request body",
        ),
    ] {
        let before = cloud.everything().await;
        says(&cloud, &demo, request, body, want).await;
        assert_eq!(cloud.everything().await, before, "{request} wrote something");
    }
    let reader = cloud.reader.clone();
    let want = "403 PolicyNotAuthorized rule:create_network is disallowed by policy";
    says(&cloud, &reader, "POST networks", json!({"networks": [net]}), want).await;
}
