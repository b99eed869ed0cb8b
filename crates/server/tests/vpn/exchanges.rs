//! The exchanges that the contract shows, to the order of the keys.

use serde_json::{Value, json};

use crate::world::{World, singular};

/// Makes something and shows the answer with names for ids; what is made is called `ID`.
async fn made(world: &World, path: &str, attributes: Value) -> String {
    let answer = world.ask(&format!("demo POST {path}"), &json!({singular(path): attributes})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let object = &answer.body[singular(path)];
    let shown = world.ask(&format!("demo GET {path}/{}", object["id"].as_str().unwrap()), &Value::Null).await;
    assert_eq!(shown.body, answer.body, "what is shown is what was answered");
    world.with_names(&answer.body.to_string()).replace(object["id"].as_str().unwrap(), "ID")
}

#[tokio::test]
async fn each_exchange_of_the_contract_is_as_it_says() {
    let world = World::with_parts().await;
    for (path, request, want) in [
        (
            "vpn/vpnservices",
            json!({"name": "v2", "router_id": "{router}"}),
            r#"{"vpnservice":{"id":"ID","name":"v2","description":"","project_id":"{demo project}","subnet_id":null,"router_id":"{router}","flavor_id":null,"admin_state_up":true,"external_v4_ip":"195.192.128.150","external_v6_ip":null,"status":"PENDING_CREATE","tenant_id":"{demo project}"}}"#,
        ),
        (
            "vpn/ikepolicies",
            json!({"name": "a", "auth_algorithm": "sha256"}),
            r#"{"ikepolicy":{"id":"ID","project_id":"{demo project}","name":"a","description":"","auth_algorithm":"sha256","encryption_algorithm":"aes-128","phase1_negotiation_mode":"main","lifetime":{"units":"seconds","value":3600},"ike_version":"v1","pfs":"group5","tenant_id":"{demo project}"}}"#,
        ),
        (
            "vpn/ipsecpolicies",
            json!({"auth_algorithm": "sha256"}),
            r#"{"ipsecpolicy":{"id":"ID","project_id":"{demo project}","name":"","description":"","transform_protocol":"esp","auth_algorithm":"sha256","encryption_algorithm":"aes-128","encapsulation_mode":"tunnel","lifetime":{"units":"seconds","value":3600},"pfs":"group5","tenant_id":"{demo project}"}}"#,
        ),
        (
            "vpn/endpoint-groups",
            json!({"type": "cidr", "endpoints": "10.9.0.0/24"}),
            r#"{"endpoint_group":{"id":"ID","project_id":"{demo project}","name":"","description":"","type":"cidr","endpoints":["10.9.0.0/24"],"tenant_id":"{demo project}"}}"#,
        ),
        (
            "vpn/ipsec-site-connections",
            json!({
                "vpnservice_id": "{subnet-service}", "ikepolicy_id": "{ike}", "ipsecpolicy_id": "{ipsec}",
                "peer_address": "192.0.2.9", "peer_id": "192.0.2.9", "psk": "secret", "peer_cidrs": "20.1.0.0/24",
            }),
            r#"{"ipsec_site_connection":{"id":"ID","project_id":"{demo project}","name":"","description":"","peer_address":"192.0.2.9","peer_id":"192.0.2.9","local_id":"","route_mode":"static","mtu":1500,"auth_mode":"psk","psk":"secret","initiator":"bi-directional","dpd":{"action":"hold","interval":30,"timeout":120},"admin_state_up":true,"status":"PENDING_CREATE","vpnservice_id":"{subnet-service}","ikepolicy_id":"{ike}","ipsecpolicy_id":"{ipsec}","peer_cidrs":["20.1.0.0/24"],"local_ep_group_id":null,"peer_ep_group_id":null,"tenant_id":"{demo project}"}}"#,
        ),
        (
            "vpn/ipsec-site-connections",
            json!({
                "vpnservice_id": "{service}", "ikepolicy_id": "{ike}", "ipsecpolicy_id": "{ipsec}", "peer_id": "b",
                "peer_address": "192.0.2.9", "psk": "s", "local_ep_group_id": "{local}", "peer_ep_group_id": "{peer}",
            }),
            r#"{"ipsec_site_connection":{"id":"ID","project_id":"{demo project}","name":"","description":"","peer_address":"192.0.2.9","peer_id":"b","local_id":"","route_mode":"static","mtu":1500,"auth_mode":"psk","psk":"s","initiator":"bi-directional","dpd":{"action":"hold","interval":30,"timeout":120},"admin_state_up":true,"status":"PENDING_CREATE","vpnservice_id":"{service}","ikepolicy_id":"{ike}","ipsecpolicy_id":"{ipsec}","peer_cidrs":[],"local_ep_group_id":"{local}","peer_ep_group_id":"{peer}","tenant_id":"{demo project}"}}"#,
        ),
    ] {
        assert_eq!(made(&world, path, request.clone()).await, want, "{path} {request}");
    }
}

#[tokio::test]
async fn a_page_has_its_links() {
    let mut world = World::start().await;
    for name in ["b", "a", "c"] {
        world.make("vpn/ikepolicies", name, json!({})).await;
    }
    let page = world.ask("demo GET vpn/ikepolicies?limit=2&fields=name&fields=id", &Value::Null).await;
    let want = r#"{"ikepolicies":[{"id":"{b}","name":"b"},{"id":"{a}","name":"a"}],"ikepolicies_links":[{"rel":"next","href":"http://localhost/networking/v2.0/vpn/ikepolicies?limit=2&fields=name&fields=id&marker={a}"},{"rel":"previous","href":"http://localhost/networking/v2.0/vpn/ikepolicies?limit=2&fields=name&fields=id&marker={b}&page_reverse=True"}]}"#;
    assert_eq!(world.with_names(&page.body.to_string()), want);
}
