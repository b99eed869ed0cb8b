//! The gateways of routers.

use serde_json::{Value, json};

use crate::common::cloud::Cloud;

#[tokio::test]
async fn a_gateway_comes_changes_and_goes() {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&admin, "network", "other", json!({"router:external": true})).await;
    cloud.create(&demo, "router", "router", json!({"external_gateway_info": {"network_id": "{ext}"}})).await;
    let set = |info: Value| json!({"router": {"external_gateway_info": info}});
    let addresses = |router: &Value| {
        let fixed_ips =
            router["router"]["external_gateway_info"]["external_fixed_ips"].as_array().unwrap().clone();
        fixed_ips.iter().map(|one| one["ip_address"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = addresses(&cloud.get(&demo, "routers/{router}").await);

    // The administrator chooses the addresses; the same network again keeps them, but translates again.
    let chosen = json!({
        "network_id": "{ext}", "enable_snat": false, "external_fixed_ips": [{"ip_address": "195.192.128.58"}],
    });
    let router = cloud.put(&admin, "routers/{router}", set(chosen)).await;
    assert_eq!(addresses(&router), ["195.192.128.58"]);
    assert_eq!(router["router"]["external_gateway_info"]["enable_snat"], false);
    let router = cloud.put(&demo, "routers/{router}", set(json!({"network_id": "{ext}"}))).await;
    assert_eq!(addresses(&router), ["195.192.128.58"]);
    assert_eq!(router["router"]["external_gateway_info"]["enable_snat"], true);

    // An IP version that the network has gained is served by asking again.
    cloud.subnet(&admin, "ext", "ext-six", "2001:db8::/64", json!({})).await;
    let router = cloud.put(&demo, "routers/{router}", set(json!({"network_id": "{ext}"}))).await;
    assert_eq!(addresses(&router).len(), 2);
    assert!(addresses(&router)[1].starts_with("2001:db8::"), "{router}");

    // Routes by way of the gateway go with it, the others stay.
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.subnet(&demo, "left", "left-subnet", "10.1.0.0/24", json!({})).await;
    cloud.put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{left-subnet}"})).await;
    let added = json!({"router": {"routes": [
        {"destination": "10.50.0.0/24", "nexthop": "10.1.0.9"},
        {"destination": "10.51.0.0/24", "nexthop": "195.192.128.9"},
    ]}});
    for _ in 0..2 {
        let router = cloud.put(&demo, "routers/{router}/add_extraroutes", added.clone()).await;
        assert_eq!(router["router"]["routes"].as_array().unwrap().len(), 2);
    }
    let router = cloud.put(&demo, "routers/{router}", set(json!({"network_id": "{other}"}))).await;
    assert_eq!(addresses(&router), Vec::<String>::new(), "a network without subnets");
    let kept = json!([{"destination": "10.50.0.0/24", "nexthop": "10.1.0.9"}]);
    assert_eq!(router["router"]["routes"], kept);
    let router = cloud.put(&demo, "routers/{router}", set(json!({}))).await;
    assert_eq!(router["router"]["external_gateway_info"], Value::Null);
    assert_eq!(router["router"]["routes"], kept);
    let router = cloud.put(&demo, "routers/{router}/remove_extraroutes", added).await;
    assert_eq!(router["router"]["routes"], json!([]));
    let ports = cloud.get(&admin, "ports?device_owner=network%3Arouter_gateway").await;
    assert_eq!(ports, json!({"ports": []}), "gateway ports go with their gateways");
    assert_ne!(first, Vec::<String>::new());

    // A router's deletion takes the gateway with it.
    cloud.put(&demo, "routers/{router}", set(json!({"network_id": "{ext}"}))).await;
    cloud.put(&demo, "routers/{router}/remove_router_interface", json!({"subnet_id": "{left-subnet}"})).await;
    cloud.delete(&demo, "routers/{router}").await;
    cloud.delete(&demo, "networks/{left}").await;
    cloud.delete(&admin, "networks/{ext}").await;
    assert_eq!(cloud.get(&admin, "ports").await, json!({"ports": []}));
    assert_eq!(cloud.get(&admin, "subnets").await, json!({"subnets": []}));
}

#[tokio::test]
async fn an_external_network_runs_out_of_addresses() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&admin, "network", "ext", json!({"router:external": true})).await;
    cloud.subnet(&admin, "ext", "ext-subnet", "192.0.2.0/30", json!({})).await;
    let gateway = json!({"external_gateway_info": {"network_id": "{ext}"}});
    let first = cloud.create(&demo, "router", "first", gateway.clone()).await;
    // Whatever is free will do, and that is what it has.
    let any = json!({"network_id": "{ext}", "external_fixed_ips": []});
    let again = cloud.put(&admin, "routers/{first}", json!({"router": {"external_gateway_info": any}})).await;
    assert_eq!(again["router"]["external_gateway_info"], first["external_gateway_info"]);
    let want = "409 IpAddressGenerationFailure No more IP addresses available on network {ext}.";
    cloud.refused(&demo, ("POST", "routers", json!({"router": gateway}), want)).await;
}
