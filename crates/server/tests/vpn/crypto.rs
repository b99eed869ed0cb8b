//! What the operator says about algorithms.

use adit_server::{CryptoProfile, ServerConfig, VpnConfig};
use serde_json::{Value, json};

use crate::common::{DEMO_PASSWORD, Person, Server};

async fn server(profile: CryptoProfile, refused: &[&str]) -> (Server, Person) {
    let refused = refused.iter().map(|word| (*word).to_owned()).collect();
    let vpn = VpnConfig::new("adit", profile, refused).unwrap();
    let server = Server::start_with(ServerConfig { vpn, ..ServerConfig::default() }).await;
    let demo = server.log_in("demo", DEMO_PASSWORD, "demo").await;
    (server, demo)
}

async fn ask(server: &Server, who: &Person, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let answer = server.call(Some(&who.token), method, &format!("/networking/v2.0/{path}"), body).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn the_modern_profile_is_what_a_policy_has_that_does_not_say() {
    let (server, demo) = server(CryptoProfile::Modern, &[]).await;
    for (path, singular, want) in [
        (
            "vpn/ikepolicies",
            "ikepolicy",
            json!({"auth_algorithm": "sha256", "encryption_algorithm": "aes-256-gcm-16", "pfs": "group19", "ike_version": "v2", "phase1_negotiation_mode": "main"}),
        ),
        (
            "vpn/ipsecpolicies",
            "ipsecpolicy",
            json!({"auth_algorithm": "sha256", "encryption_algorithm": "aes-256-gcm-16", "pfs": "group19", "transform_protocol": "esp", "encapsulation_mode": "tunnel"}),
        ),
    ] {
        let (status, made) = ask(&server, &demo, "POST", path, &json!({singular: {}})).await;
        assert_eq!(status, 201, "{made}");
        for (attribute, word) in want.as_object().unwrap() {
            assert_eq!(&made[singular][attribute], word, "{path} {attribute}");
        }
        // What is asked for is what is had, and a change touches nothing else.
        let old =
            json!({singular: {"auth_algorithm": "sha1", "encryption_algorithm": "3des", "pfs": "group2"}});
        let (status, made) = ask(&server, &demo, "POST", path, &old).await;
        assert_eq!((status, &made[singular]["encryption_algorithm"]), (201, &json!("3des")), "{made}");
        let one = format!("{path}/{}", made[singular]["id"].as_str().unwrap());
        let (status, changed) = ask(&server, &demo, "PUT", &one, &json!({singular: {"name": "new"}})).await;
        assert_eq!((status, &changed[singular]["pfs"]), (200, &json!("group2")), "{changed}");
    }
    let (_, providers) = ask(&server, &demo, "GET", "service-providers?service_type=VPN", &Value::Null).await;
    assert_eq!(providers["service_providers"][0]["name"], "adit");
}

#[tokio::test]
async fn what_the_operator_refuses_is_refused_with_what_is_left() {
    let (server, demo) = server(
        CryptoProfile::Modern,
        &["3des", "sha1", "group2", "group5", "aggressive", "v1", "ah", "ah-esp", "transport"],
    )
    .await;
    for (path, singular, attribute, word, left) in [
        (
            "vpn/ikepolicies",
            "ikepolicy",
            "auth_algorithm",
            "sha1",
            "sha256, sha384, sha512, aes-xcbc, aes-cmac",
        ),
        ("vpn/ikepolicies", "ikepolicy", "phase1_negotiation_mode", "aggressive", "main"),
        ("vpn/ikepolicies", "ikepolicy", "ike_version", "v1", "v2"),
        (
            "vpn/ikepolicies",
            "ikepolicy",
            "pfs",
            "group5",
            "group14, group15, group16, group17, group18, group19, group20, group21, group22, group23, group24, group25, group26, group27, group28, group29, group30, group31",
        ),
        (
            "vpn/ipsecpolicies",
            "ipsecpolicy",
            "auth_algorithm",
            "sha1",
            "sha256, sha384, sha512, aes-xcbc, aes-cmac",
        ),
        ("vpn/ipsecpolicies", "ipsecpolicy", "transform_protocol", "ah", "esp"),
        ("vpn/ipsecpolicies", "ipsecpolicy", "encapsulation_mode", "transport", "tunnel"),
    ] {
        let (_, made) = ask(&server, &demo, "POST", path, &json!({singular: {}})).await;
        let one = format!("{path}/{}", made[singular]["id"].as_str().unwrap());
        let want =
            format!("Invalid input for {attribute}. Reason: {word} is not allowed here; allowed are {left}.");
        for (method, path) in [("POST", path), ("PUT", one.as_str())] {
            let (status, refused) =
                ask(&server, &demo, method, path, &json!({singular: {attribute: word}})).await;
            let error = &refused["NeutronError"];
            assert_eq!((status, &error["type"]), (400, &json!("HTTPBadRequest")), "{method} {path}");
            assert_eq!(error["message"], want, "{method} {path}");
        }
        assert_eq!(ask(&server, &demo, "GET", &one, &Value::Null).await.1, made, "nothing was written");
    }
    let (status, _) = ask(
        &server,
        &demo,
        "POST",
        "vpn/ikepolicies",
        &json!({"ikepolicy": {"encryption_algorithm": "3des"}}),
    )
    .await;
    assert_eq!(status, 400);
}
