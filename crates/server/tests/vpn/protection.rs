//! What is in use stays.

use serde_json::json;

use crate::common::Server;
use crate::support::{Parts, Site, demo, parts, refusal, text};

#[tokio::test]
async fn what_is_in_use_stays() {
    let server = Server::start().await;
    let demo = demo(&server).await;
    let parts = parts(&server, &demo).await;
    let made = demo.post("vpn/ipsec-site-connections", parts.connection(json!({}))).await;
    let connection = text(&made.body["ipsec_site_connection"], "id");
    let Parts { service, subnet_service, ike, ipsec, local, peer, site } = &parts;
    let Site { subnet, router, .. } = site;
    let in_use = "is in use by existing IPsecSiteConnection and can't be updated or deleted";
    for (path, want) in [
        (format!("vpn/ikepolicies/{ike}"), format!("409 IKEPolicyInUse IKEPolicy {ike} {in_use}")),
        (format!("vpn/ipsecpolicies/{ipsec}"), format!("409 IPsecPolicyInUse IPsecPolicy {ipsec} {in_use}")),
        (
            format!("vpn/vpnservices/{service}"),
            format!("409 VPNServiceInUse VPNService {service} is still in use"),
        ),
        (
            format!("vpn/endpoint-groups/{local}"),
            format!("400 EndpointGroupInUse Endpoint group {local} is in use and cannot be deleted"),
        ),
        (
            format!("vpn/endpoint-groups/{peer}"),
            format!("400 EndpointGroupInUse Endpoint group {peer} is in use and cannot be deleted"),
        ),
    ] {
        assert_eq!(refusal(&demo.delete(&path).await), want, "{path}");
    }
    let cleared = json!({"router": {"external_gateway_info": {}}});
    assert_eq!(
        refusal(&demo.put(&format!("routers/{router}"), cleared).await),
        format!(
            "409 RouterInUse Router {router} is currently used by VPN services ({service},{subnet_service})"
        )
    );
    let remove = format!("routers/{router}/remove_router_interface");
    let removed = demo.put(&remove, json!({"subnet_id": subnet})).await;
    assert!(
        refusal(&removed).starts_with("409 SubnetInUseBy"),
        "a subnet of a connection or a service: {removed:?}"
    );
    // And when nothing uses them any more, they go.
    for path in [
        format!("vpn/ipsec-site-connections/{connection}"),
        format!("vpn/ikepolicies/{ike}"),
        format!("vpn/ipsecpolicies/{ipsec}"),
        format!("vpn/vpnservices/{service}"),
        format!("vpn/vpnservices/{subnet_service}"),
        format!("vpn/endpoint-groups/{local}"),
        format!("vpn/endpoint-groups/{peer}"),
    ] {
        assert_eq!(demo.delete(&path).await.status, 204, "{path}");
        assert_eq!(demo.delete(&path).await.status, 404, "{path}");
    }
    let removed = demo.put(&remove, json!({"subnet_id": subnet})).await;
    assert_eq!(removed.status, 200, "{removed:?}");
}
