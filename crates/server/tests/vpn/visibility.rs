//! Who sees what.

use serde_json::json;

use crate::common::Server;
use crate::support::{admin, demo, newcomer, parts, refusal, text};

#[tokio::test]
async fn other_projects_see_nothing_and_readers_do_not_learn_the_key() {
    let server = Server::start().await;
    let demo = demo(&server).await;
    let parts = parts(&server, &demo).await;
    let made = demo.post("vpn/ipsec-site-connections", parts.connection(json!({}))).await;
    let id = text(&made.body["ipsec_site_connection"], "id");
    let stranger = newcomer(&server, "stranger", "member").await;
    let path = format!("vpn/ipsec-site-connections/{id}");
    let absent = format!("404 IPsecSiteConnectionNotFound ipsec_site_connection {id} not found");
    assert_eq!(refusal(&stranger.get(&path).await), absent);
    assert_eq!(refusal(&stranger.delete(&path).await), absent);
    assert_eq!(refusal(&stranger.put(&path, json!({"ipsec_site_connection": {}})).await), absent);
    let listed = stranger.get("vpn/ipsec-site-connections").await;
    assert_eq!(listed.body, json!({"ipsec_site_connections": []}));
    let foreign =
        stranger.post("vpn/vpnservices", json!({"vpnservice": {"router_id": parts.site.router}})).await;
    assert_eq!(
        refusal(&foreign),
        format!("404 RouterNotFound Router {} could not be found", parts.site.router)
    );

    let reader = newcomer(&server, "reader", "reader").await;
    let refused = reader.post("vpn/ikepolicies", json!({"ikepolicy": {}})).await;
    assert_eq!(refusal(&refused), "403 PolicyNotAuthorized rule:create_ikepolicy is disallowed by policy");
    let admin = admin(&server).await;
    assert_eq!(admin.get(&path).await.status, 200);
}
