//! What a PUT changes.

use serde_json::json;

use crate::common::Server;
use crate::support::{demo, parts, refusal, text};

#[tokio::test]
async fn updates_change_what_they_name_in_any_status() {
    let server = Server::start().await;
    let demo = demo(&server).await;
    let parts = parts(&server, &demo).await;
    let made = demo.post("vpn/ipsec-site-connections", parts.connection(json!({}))).await;
    let id = text(&made.body["ipsec_site_connection"], "id");
    let path = format!("vpn/ipsec-site-connections/{id}");
    let changed = demo
        .put(&path, json!({"ipsec_site_connection": {"name": "new", "psk": "other", "dpd": {"timeout": 90}}}))
        .await;
    let mut want = made.body.clone();
    want["ipsec_site_connection"]["name"] = json!("new");
    want["ipsec_site_connection"]["psk"] = json!("other");
    want["ipsec_site_connection"]["dpd"]["timeout"] = json!(90);
    assert_eq!((changed.status, &changed.body), (200, &want));
    for (body, want) in [
        (
            json!({"peer_ep_group_id": null}),
            "400 MissingRequiredEndpointGroup Missing endpoint group peer for IPSec site-to-site connection",
        ),
        (
            json!({"vpnservice_id": parts.service}),
            "400 HTTPBadRequest Cannot update read-only attribute vpnservice_id",
        ),
        (
            json!({"dpd": {"timeout": 30}}),
            "400 IPsecSiteConnectionDpdIntervalValueError ipsec_site_connection dpd_timeout is equal to or less than dpd_interval",
        ),
    ] {
        assert_eq!(refusal(&demo.put(&path, json!({"ipsec_site_connection": body})).await), want, "{body}");
    }
    assert_eq!(demo.get(&path).await.body, want);

    // A policy in use may be changed, and a service that no gateway has spoken of yet.
    let policy =
        demo.put(&format!("vpn/ikepolicies/{}", parts.ike), json!({"ikepolicy": {"pfs": "group14"}})).await;
    assert_eq!(text(&policy.body["ikepolicy"], "pfs"), "group14");
    let service = demo
        .put(&format!("vpn/vpnservices/{}", parts.service), json!({"vpnservice": {"name": "renamed"}}))
        .await;
    assert_eq!(text(&service.body["vpnservice"], "name"), "renamed");
}
