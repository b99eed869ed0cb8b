//! The journey that the documents describe, as far as the API goes.

use serde_json::{Value, json};

use crate::common::Server;
use crate::support::{demo, parts, shape, text};

#[tokio::test]
async fn the_journey_ends_in_a_connection_that_waits_for_its_gateway() {
    let server = Server::start().await;
    let demo = demo(&server).await;
    let parts = parts(&server, &demo).await;
    let made = demo.post("vpn/ipsec-site-connections", parts.connection(json!({}))).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = text(&made.body["ipsec_site_connection"], "id");
    let names = [
        (id.as_str(), "CONN"),
        (demo.person.project.as_str(), "PROJECT"),
        (parts.service.as_str(), "SERVICE"),
        (parts.ike.as_str(), "IKE"),
        (parts.ipsec.as_str(), "IPSEC"),
        (parts.local.as_str(), "LOCAL"),
        (parts.peer.as_str(), "PEER"),
    ];
    let want = concat!(
        r#"{"ipsec_site_connection":{"id":"CONN","project_id":"PROJECT","name":"conn","description":"","#,
        r#""peer_address":"203.0.113.9","peer_id":"203.0.113.9","local_id":"","route_mode":"static","mtu":1500,"#,
        r#""auth_mode":"psk","psk":"secret","initiator":"bi-directional","#,
        r#""dpd":{"action":"hold","interval":30,"timeout":120},"admin_state_up":true,"status":"PENDING_CREATE","#,
        r#""vpnservice_id":"SERVICE","ikepolicy_id":"IKE","ipsecpolicy_id":"IPSEC","peer_cidrs":[],"#,
        r#""local_ep_group_id":"LOCAL","peer_ep_group_id":"PEER","tenant_id":"PROJECT"}}"#,
    );
    assert_eq!(shape(&made.body, &names), want);
    let shown = demo.get(&format!("vpn/ipsec-site-connections/{id}")).await;
    assert_eq!(shown.body, made.body);
    let found = demo.get("vpn/ipsec-site-connections?name=conn&fields=id").await;
    assert_eq!(found.body, json!({"ipsec_site_connections": [{"id": id}]}));

    let service = demo.get(&format!("vpn/vpnservices/{}", parts.service)).await;
    let service = &service.body["vpnservice"];
    assert!(text(service, "external_v4_ip").starts_with("198.51.100."), "{service}");
    assert_eq!((&service["external_v6_ip"], &service["subnet_id"]), (&Value::Null, &Value::Null));
}
