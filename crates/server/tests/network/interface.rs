//! The interfaces of routers.

use serde_json::{Value, json};

use crate::common::cloud::Cloud;

#[tokio::test]
async fn ipv6_subnets_of_a_network_share_an_interface() {
    let mut cloud = Cloud::start().await;
    let demo = cloud.demo.clone();
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.create(&demo, "router", "router", json!({})).await;
    for (name, cidr) in [("four", "10.1.0.0/24"), ("six", "fd00::/64"), ("seven", "fd01::/64")] {
        cloud.subnet(&demo, "left", name, cidr, json!({})).await;
        cloud
            .put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": format!("{{{name}}}")}))
            .await;
    }
    let interfaces = async |cloud: &Cloud| {
        let ports = cloud.get(&demo, "ports?device_id={router}").await;
        let addresses = |port: &Value| {
            let fixed_ips = port["fixed_ips"].as_array().unwrap();
            fixed_ips
                .iter()
                .map(|one| one["ip_address"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let mut interfaces: Vec<String> = ports["ports"].as_array().unwrap().iter().map(addresses).collect();
        interfaces.sort_unstable();
        interfaces
    };
    assert_eq!(interfaces(&cloud).await, ["10.1.0.1", "fd00:: fd01::"]);
    cloud.put(&demo, "routers/{router}/remove_router_interface", json!({"subnet_id": "{six}"})).await;
    assert_eq!(interfaces(&cloud).await, ["10.1.0.1", "fd01::"]);
    cloud.put(&demo, "routers/{router}/remove_router_interface", json!({"subnet_id": "{seven}"})).await;
    assert_eq!(interfaces(&cloud).await, ["10.1.0.1"]);
}
