//! What VPN uses stays.

use serde_json::{Value, json};

use crate::common::cloud::Cloud;

#[tokio::test]
async fn a_vpn_service_keeps_its_gateway_and_follows_its_address() {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&admin, "network", "other", json!({"router:external": true})).await;
    let gateway = json!({"external_gateway_info": {"network_id": "{ext}"}});
    cloud.create(&demo, "router", "router", gateway.clone()).await;
    let service = json!({"vpnservice": {"name": "vpn", "router_id": "{router}"}});
    let service = cloud.call(&demo, "POST", "vpn/vpnservices", &service).await;
    assert_eq!(service.status, 201, "{}", service.body);
    let id = service.body["vpnservice"]["id"].as_str().unwrap().to_owned();
    cloud.ids.insert("service".to_owned(), id);
    let set = |info: Value| json!({"router": {"external_gateway_info": info}});
    let in_use = "409 RouterInUse Router {router} is currently used by VPN service ({service})";
    for case in [
        ("PUT", "routers/{router}", set(json!({})), in_use),
        ("PUT", "routers/{router}", set(json!({"network_id": "{other}"})), in_use),
        ("DELETE", "routers/{router}", Value::Null, in_use),
    ] {
        cloud.refused(&demo, case).await;
    }
    cloud.put(&demo, "routers/{router}", json!({"router": gateway})).await;
    let chosen = json!({"network_id": "{ext}", "external_fixed_ips": [{"ip_address": "195.192.128.58"}]});
    cloud.put(&admin, "routers/{router}", set(chosen)).await;
    let service = cloud.get(&demo, "vpn/vpnservices/{service}").await;
    assert_eq!(service["vpnservice"]["external_v4_ip"], "195.192.128.58");
}
