//! Who sees what, and who may change it.

use serde_json::{Value, json};

use crate::world::{World, singular};

#[tokio::test]
async fn projects_see_their_own_and_administrators_everything() {
    let mut world = World::with_parts().await;
    world.connect("conn", json!({})).await;
    for (path, name, absent) in [
        ("vpn/vpnservices", "service", "VPNServiceNotFound VPNService {service} could not be found"),
        ("vpn/ikepolicies", "ike", "IKEPolicyNotFound IKEPolicy {ike} could not be found"),
        ("vpn/ipsecpolicies", "ipsec", "IPsecPolicyNotFound IPsecPolicy {ipsec} could not be found"),
        (
            "vpn/endpoint-groups",
            "local",
            "VPNEndpointGroupNotFound Endpoint group {local} could not be found",
        ),
        (
            "vpn/ipsec-site-connections",
            "conn",
            "IPsecSiteConnectionNotFound ipsec_site_connection {conn} not found",
        ),
    ] {
        let singular = singular(path);
        let one = format!("{path}/{{{name}}}");
        let change = json!({singular: {"description": "changed"}});
        let absent = format!("404 {absent}");
        let forbidden = |action: &str| {
            format!("403 PolicyNotAuthorized rule:{action}_{singular} is disallowed by policy")
        };
        for (who, list, get, put, delete) in [
            ("stranger", 0, absent.as_str(), absent.clone(), absent.clone()),
            // Whoever has no role that reads sees as much as a stranger.
            ("auditor", 0, absent.as_str(), absent.clone(), absent.clone()),
            // Unlike in the reference, where a reader sees nothing of VPN; then 403, not 404, is what is refused to it.
            ("reader", 1, "200", forbidden("update"), forbidden("delete")),
            ("admin", 1, "200", "200".to_owned(), "204".to_owned()),
        ] {
            let listed = world.ask(&format!("{who} GET {path}?id={{{name}}}"), &Value::Null).await;
            let plural = listed.body.as_object().unwrap().values().next().unwrap();
            assert_eq!((listed.status, plural.as_array().map(Vec::len)), (200, Some(list)), "{who} {path}");
            world
                .check([
                    (format!("{who} GET {one}").as_str(), Value::Null, get),
                    (format!("{who} PUT {one}").as_str(), change.clone(), put.as_str()),
                ])
                .await;
            if who != "admin" {
                world.check([(format!("{who} DELETE {one}").as_str(), Value::Null, delete.as_str())]).await;
            }
        }
        for who in ["reader", "auditor"] {
            let mut attributes = world.get(&world.admin, &one).await[singular].clone();
            let settable = [
                "router_id",
                "type",
                "endpoints",
                "peer_address",
                "peer_id",
                "psk",
                "vpnservice_id",
                "ikepolicy_id",
                "ipsecpolicy_id",
            ];
            attributes.as_object_mut().unwrap().retain(|key, _| settable.contains(&key.as_str()));
            let post = format!("{who} POST {path}");
            world.check([(post.as_str(), json!({singular: attributes}), forbidden("create").as_str())]).await;
        }
    }
}

#[tokio::test]
async fn a_reader_sees_connections_without_their_key() {
    let mut world = World::with_parts().await;
    world.connect("conn", json!({})).await;
    for (who, key) in [("demo", json!("secret")), ("admin", json!("secret")), ("reader", json!(null))] {
        let shown = world.ask(&format!("{who} GET vpn/ipsec-site-connections/{{conn}}"), &Value::Null).await;
        assert_eq!(shown.body["ipsec_site_connection"]["psk"], key, "{who}");
        assert_eq!(shown.body["ipsec_site_connection"]["name"], "conn", "{who}");
        let listed =
            world.ask(&format!("{who} GET vpn/ipsec-site-connections?fields=psk"), &Value::Null).await;
        assert_eq!(listed.body["ipsec_site_connections"], json!([{"psk": key}]), "{who}");
    }
}
