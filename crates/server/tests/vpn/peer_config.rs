//! `/v2.0/vpn/ipsec-site-connections/{id}/peer-config`: the configuration of the device at the other end.

use serde_json::{Value, json};

use crate::world::World;

const GET: &str = "demo GET vpn/ipsec-site-connections/{conn}/peer-config";
const FORMATS: &str = "strongswan-swanctl, strongswan-ipsec-conf, libreswan, cisco-ios, juniper-junos, pfsense, opnsense, vyos, \
                       mikrotik, fortigate, aws, adit";
const PLACEHOLDER: &str = "REPLACE-WITH-THE-PRE-SHARED-KEY";
const KEY: &str = "a.long.secret";

/// Algorithms that every kind of device has, and a connection that uses them.
async fn world() -> World {
    let mut world = World::with_parts().await;
    let strong = json!({"auth_algorithm": "sha256", "encryption_algorithm": "aes-256", "pfs": "group14"});
    let mut ike = strong.clone();
    ike["ike_version"] = json!("v2");
    world.make("vpn/ikepolicies", "strong-ike", ike).await;
    world.make("vpn/ipsecpolicies", "strong-ipsec", strong).await;
    let policies = json!({"ikepolicy_id": "{strong-ike}", "ipsecpolicy_id": "{strong-ipsec}", "psk": KEY});
    world.connect("conn", policies).await;
    world
}

#[tokio::test]
async fn every_format_is_made_from_what_the_gateway_is_told() {
    let world = world().await;
    for format in FORMATS.split(", ") {
        let shown = world.ask(&format!("{GET}?format={format}"), &Value::Null).await;
        assert_eq!(shown.status, 200, "{format}: {}", shown.body);
        let config = &shown.body["peer_config"];
        let content = config["content"].as_str().unwrap();
        for part in ["195.192.128.150", "203.0.113.9", "10.1.0.0", "10.2.0.0", PLACEHOLDER] {
            assert!(content.contains(part), "{format} without {part}: {content}");
        }
        assert!(!content.contains(KEY), "{format}: {content}");
        assert_eq!((&config["format"], &config["with_psk"]), (&json!(format), &json!(false)));
        let with_key = world.ask(&format!("{GET}?format={format}&with_psk=true"), &Value::Null).await;
        let with_key = &with_key.body["peer_config"];
        assert_eq!(with_key["content"], content.replace(PLACEHOLDER, KEY), "{format}");
        assert_eq!(with_key["with_psk"], true, "{format}");
        let files = with_key["files"].as_array().unwrap();
        let parts: Vec<&str> = files.iter().map(|file| file["content"].as_str().unwrap()).collect();
        assert_eq!(with_key["content"], parts.join("\n"), "{format}");
    }
    let files = world.ask(&format!("{GET}?format=strongswan-ipsec-conf"), &Value::Null).await;
    let paths: Vec<&Value> =
        files.body["peer_config"]["files"].as_array().unwrap().iter().map(|file| &file["path"]).collect();
    assert_eq!(paths, ["/etc/ipsec.conf", "/etc/ipsec.secrets"]);
}

#[tokio::test]
async fn it_follows_the_connection() {
    let world = world().await;
    let changes = json!({"ipsec_site_connection": {
        "local_id": "cloud.example", "peer_id": "office.example", "initiator": "response-only",
    }});
    world.check([("demo PUT vpn/ipsec-site-connections/{conn}", changes, "200")]).await;
    let shown = world.ask(&format!("{GET}?format=strongswan-swanctl"), &Value::Null).await;
    let content = shown.body["peer_config"]["content"].as_str().unwrap();
    for line in ["id = \"fqdn:office.example\"", "id = \"fqdn:cloud.example\"", "start_action = start"] {
        assert!(content.contains(line), "{line}: {content}");
    }
}

#[tokio::test]
async fn what_cannot_be_written_is_refused_with_the_reason() {
    let world = world().await;
    let unknown =
        format!("400 InvalidInput Invalid input for operation: format `cisco` is not one of {FORMATS}.");
    let missing =
        format!("400 InvalidInput Invalid input for operation: format is missing: one of {FORMATS}.");
    let rows = [
        (format!("{GET}?format=cisco"), unknown),
        (GET.to_owned(), missing),
        (
            format!("{GET}?format=vyos&with_psk=perhaps"),
            "400 InvalidInput Invalid input for operation: with_psk `perhaps` is not boolean.".to_owned(),
        ),
        (
            format!("{GET}?format=vyos&psk=true"),
            "400 InvalidInput Invalid input for operation: `psk` is not one of format, with_psk.".to_owned(),
        ),
        (
            "demo GET vpn/ipsec-site-connections/nope/peer-config?format=vyos".to_owned(),
            "404 IPsecSiteConnectionNotFound ipsec_site_connection nope not found".to_owned(),
        ),
        (
            GET.replace("GET", "PUT"),
            "405 HTTPMethodNotAllowed The server could not comply with the request since it is either malformed or \
             otherwise incorrect."
                .to_owned(),
        ),
    ];
    world.check(rows.iter().map(|(request, want)| (request.as_str(), Value::Null, want.as_str()))).await;

    let ah = json!({"ipsecpolicy": {"transform_protocol": "ah"}});
    world.check([("demo PUT vpn/ipsecpolicies/{strong-ipsec}", ah, "200")]).await;
    world
        .check([(
            format!("{GET}?format=vyos").as_str(),
            Value::Null,
            "409 PeerConfigRefused There is no vyos configuration for the peer: VyOS cannot be configured here with ah as \
             transform_protocol of the IPsec policy: use esp.",
        )])
        .await;
}

#[tokio::test]
async fn a_router_without_an_address_has_nothing_to_be_told_of() {
    let mut world = world().await;
    world.dual_stack().await;
    world.connect("v6", json!({"peer_address": "2001:db8:2::7", "peer_id": "2001:db8:2::7"})).await;
    world.gateway(json!([{"ip_address": "195.192.128.150"}])).await;
    world
        .check([(
            "demo GET vpn/ipsec-site-connections/{v6}/peer-config?format=libreswan",
            Value::Null,
            "409 PeerConfigRefused There is no libreswan configuration for the peer: the router has no external IPv6 address \
             that the peer could be told: set an external gateway that has one.",
        )])
        .await;
}

#[tokio::test]
async fn only_who_sees_the_key_gets_it() {
    let world = world().await;
    let path = "vpn/ipsec-site-connections/{conn}/peer-config?format=libreswan";
    let unseen = "404 IPsecSiteConnectionNotFound ipsec_site_connection {conn} not found";
    let hidden = "403 PolicyNotAuthorized rule:get_ipsec_site_connection:psk is disallowed by policy";
    for (who, plain, with_key) in [
        ("demo", "200", "200"),
        ("admin", "200", "200"),
        ("reader", "200", hidden),
        ("stranger", unseen, unseen),
        ("auditor", unseen, unseen),
    ] {
        let rows = [(path.to_owned(), plain), (format!("{path}&with_psk=true"), with_key)]
            .map(|(path, want)| (format!("{who} GET {path}"), want));
        world.check(rows.iter().map(|(request, want)| (request.as_str(), Value::Null, *want))).await;
    }
}
