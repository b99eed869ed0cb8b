//! How many addresses are used, and what there is none of.

use serde_json::json;

use crate::common::cloud::Cloud;
use crate::says;

#[tokio::test]
async fn addresses_are_counted() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.subnet(&demo, "left", "four", "10.1.0.0/28", json!({})).await;
    cloud.subnet(&demo, "left", "six", "2001:db8::/48", json!({"gateway_ip": null})).await;
    let fixed_ips = json!([{"subnet_id": "{four}"}]);
    for name in ["a", "b"] {
        cloud.create(&demo, "port", name, json!({"network_id": "{left}", "fixed_ips": fixed_ips})).await;
    }
    cloud.create(&demo, "network", "empty", json!({})).await;
    let four = json!({
        "subnet_id": "{four}", "subnet_name": "four", "ip_version": 4, "cidr": "10.1.0.0/28", "total_ips": 13, "used_ips": 2,
    });
    let left = json!({
        "network_id": "{left}", "network_name": "left", "project_id": "{demo project}", "total_ips": 13, "used_ips": 2,
        "subnet_ip_availability": [four], "tenant_id": "{demo project}",
    });
    let listed = cloud.get(&admin, "network-ip-availabilities?ip_version=4").await;
    assert_eq!(cloud.shown(&listed), json!({"network_ip_availabilities": [left]}));
    let one = cloud.get(&admin, "network-ip-availabilities/{left}").await;
    assert_eq!(one["network_ip_availability"]["total_ips"], json!(u64::MAX));
    let missing = "404 HTTPNotFound The resource could not be found.";
    for (who, request, want) in [
        (
            &admin,
            "GET network-ip-availabilities?fields=network_name&network_name=empty",
            r#"200 {"network_ip_availabilities":[{"network_name":"empty"}]}"#,
        ),
        (
            &admin,
            "GET network-ip-availabilities?project_id=nobody",
            r#"200 {"network_ip_availabilities":[]}"#,
        ),
        (
            &admin,
            "GET network-ip-availabilities?network_id={empty}&fields=used_ips",
            r#"200 {"network_ip_availabilities":[{"used_ips":0}]}"#,
        ),
        (
            &admin,
            "GET network-ip-availabilities/gone",
            "404 NetworkNotFound Network gone could not be found.",
        ),
        (
            &admin,
            "GET network-ip-availabilities?limit=1&marker=gone",
            "404 NetworkNotFound Network gone could not be found.",
        ),
        (
            &admin,
            "GET network-ip-availabilities?foo=1",
            "400 HTTPBadRequest ['foo'] is invalid attribute for filtering",
        ),
        (&demo, "GET network-ip-availabilities", r#"200 {"network_ip_availabilities":[]}"#),
        (&demo, "GET network-ip-availabilities/{left}", missing),
        (&demo, "GET address-scopes?name=x", r#"200 {"address_scopes":[]}"#),
        (&demo, "GET address-scopes/x", missing),
        (&demo, "GET subnetpools?is_default=True", r#"200 {"subnetpools":[]}"#),
        (&demo, "GET subnetpools/x", missing),
        (&demo, "GET rbac-policies?object_type=network", r#"200 {"rbac_policies":[]}"#),
        (&demo, "GET rbac-policies/x", missing),
        (
            &demo,
            "POST subnetpools",
            "405 HTTPMethodNotAllowed The server could not comply with the request since it is either malformed or otherwise incorrect.",
        ),
        (&demo, "GET qos/policies", missing),
    ] {
        says(&cloud, who, request, json!(null), want).await;
    }
    // Each page begins after the last network of the one before.
    for (marker, want) in
        [("", json!("left")), ("&marker={left}", json!("empty")), ("&marker={empty}", json!(null))]
    {
        let page = cloud.get(&admin, &format!("network-ip-availabilities?limit=1{marker}")).await;
        assert_eq!(page["network_ip_availabilities"][0]["network_name"], want, "{marker}");
        if let Some(name) = want.as_str() {
            let next = page["network_ip_availabilities_links"][0]["href"].as_str().unwrap();
            assert!(next.contains(&cloud.with_ids(&format!("marker={{{name}}}"))), "{next}");
        }
    }
}

#[tokio::test]
async fn what_is_in_no_table_comes_in_lists_like_the_rest() {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.subnet(&admin, "ext", "more", "198.51.100.0/24", json!({})).await;
    cloud.subnet(&admin, "ext", "six", "2001:db8::/64", json!({})).await;
    cloud.agent("node-1", "nova").await;
    cloud.agent("node-2", "vega").await;
    for (path, plural, key, all) in [
        ("floatingip_pools", "floatingip_pools", "subnet_id", ["{ext-subnet}", "{more}"]),
        ("availability_zones", "availability_zones", "name", ["nova", "vega"]),
        ("service-providers", "service_providers", "name", ["strongswan", "single_node"]),
    ] {
        let [first, second] = all;
        for (query, want) in [
            (String::new(), vec![first, second]),
            ("limit=1".to_owned(), vec![first]),
            (format!("limit=1&marker={first}"), vec![second]),
            (format!("limit=1&marker={second}"), vec![]),
            ("limit=1&page_reverse=True".to_owned(), vec![second]),
            (format!("{key}={second}&{key}=x"), vec![second]),
        ] {
            let list = cloud.get(&demo, &format!("{path}?fields={key}&{query}")).await;
            let got = list[plural].as_array().unwrap().iter().map(|one| one[key].as_str().unwrap());
            let got: Vec<String> = got.map(|text| cloud.with_names(text)).collect();
            assert_eq!(got, want, "{path}?{query}");
            let links = list[format!("{plural}_links")].as_array().map(Vec::len);
            assert_eq!(links.is_some(), query.contains("limit="), "{path}?{query}");
        }
        for (query, want) in [
            (
                "limit=x",
                "400 BadRequest Bad limit request: Limit must be an integer 0 or greater and not 'x'.",
            ),
            ("foo=1", "400 HTTPBadRequest ['foo'] is invalid attribute for filtering"),
        ] {
            says(&cloud, &demo, &format!("GET {path}?{query}"), json!(null), want).await;
        }
        let unknown = cloud.call(&demo, "GET", &format!("{path}?limit=1&marker=gone"), &json!(null)).await;
        assert_eq!(unknown.status, 404, "{path}");
    }
}
