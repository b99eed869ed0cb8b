//! IKE and IPsec policies: every attribute, what it takes and what it refuses.

use adit_model::algorithm::{AuthAlgorithm, DhGroup, EncryptionAlgorithm};
use serde_json::{Value, json};

use crate::world::{World, singular};

const BOTH: [&str; 2] = ["vpn/ikepolicies", "vpn/ipsecpolicies"];

#[tokio::test]
async fn every_word_is_taken_in_post_and_put_and_shown_again() {
    let mut world = World::start().await;
    for (path, attribute, words) in [
        ("vpn/ikepolicies", "auth_algorithm", AuthAlgorithm::WORDS),
        ("vpn/ikepolicies", "encryption_algorithm", EncryptionAlgorithm::WORDS),
        ("vpn/ikepolicies", "pfs", DhGroup::WORDS),
        ("vpn/ikepolicies", "phase1_negotiation_mode", &["main", "aggressive"][..]),
        ("vpn/ikepolicies", "ike_version", &["v1", "v2"][..]),
        ("vpn/ipsecpolicies", "auth_algorithm", AuthAlgorithm::WORDS),
        ("vpn/ipsecpolicies", "encryption_algorithm", EncryptionAlgorithm::WORDS),
        ("vpn/ipsecpolicies", "pfs", DhGroup::WORDS),
        ("vpn/ipsecpolicies", "transform_protocol", &["ah", "ah-esp", "esp"][..]),
        ("vpn/ipsecpolicies", "encapsulation_mode", &["transport", "tunnel"][..]),
    ] {
        let singular = singular(path);
        world.make(path, "policy", json!({})).await;
        for word in words {
            let body = json!({singular: {attribute: word}});
            let made = world.ask(&format!("demo POST {path}"), &body).await;
            assert_eq!((made.status, &made.body[singular][attribute]), (201, &json!(word)), "{path} {body}");
            let changed = world.ask(&format!("demo PUT {path}/{{policy}}"), &body).await;
            assert_eq!(
                (changed.status, &changed.body[singular][attribute]),
                (200, &json!(word)),
                "{path} {body}"
            );
            let shown = world.get(&world.demo, &format!("{path}/{{policy}}?fields={attribute}")).await;
            assert_eq!(shown, body, "{path}");
            let found =
                world.get(&world.demo, &format!("{path}?{attribute}={word}&fields={attribute}")).await;
            assert!(
                found.to_string().contains(&format!("{{\"{attribute}\":\"{word}\"}}")),
                "{path} {word} {found}"
            );
        }
        for wrong in [
            json!("MAIN"),
            json!("AES-128"),
            json!("group1"),
            json!("none"),
            json!(null),
            json!(5),
            json!(["v1"]),
        ] {
            let body = json!({singular: {attribute: wrong}});
            let shown = match &wrong {
                Value::String(text) => text.clone(),
                Value::Null => "None".to_owned(),
                Value::Array(_) => "['v1']".to_owned(),
                Value::Bool(_) | Value::Number(_) | Value::Object(_) => wrong.to_string(),
            };
            let want = format!(
                "400 HTTPBadRequest Invalid input for {attribute}. Reason: {shown} is not in valid_values."
            );
            world
                .refuse([
                    (format!("demo POST {path}").as_str(), body.clone(), want.as_str()),
                    (format!("demo PUT {path}/{{policy}}").as_str(), body, want.as_str()),
                ])
                .await;
        }
    }
}

#[tokio::test]
async fn a_policy_made_with_nothing_has_the_documented_defaults() {
    let mut world = World::start().await;
    let lifetime = json!({"units": "seconds", "value": 3600});
    let ike = world.make("vpn/ikepolicies", "ike", json!({})).await;
    let ipsec = world.make("vpn/ipsecpolicies", "ipsec", json!({})).await;
    for (policy, attribute, want) in [
        (&ike, "auth_algorithm", json!("sha1")),
        (&ike, "encryption_algorithm", json!("aes-128")),
        (&ike, "phase1_negotiation_mode", json!("main")),
        (&ike, "lifetime", lifetime.clone()),
        (&ike, "ike_version", json!("v1")),
        (&ike, "pfs", json!("group5")),
        (&ike, "description", json!("")),
        (&ipsec, "transform_protocol", json!("esp")),
        (&ipsec, "auth_algorithm", json!("sha1")),
        (&ipsec, "encryption_algorithm", json!("aes-128")),
        (&ipsec, "encapsulation_mode", json!("tunnel")),
        (&ipsec, "lifetime", lifetime),
        (&ipsec, "pfs", json!("group5")),
    ] {
        assert_eq!(policy[attribute], want, "{attribute}");
    }
    world
        .check([
            ("demo POST vpn/ikepolicies", json!({"ikepolicy": {}}), "201"),
            ("demo POST vpn/ipsecpolicies", json!({"ipsecpolicy": {}}), "201"),
        ])
        .await;
}

#[tokio::test]
async fn a_lifetime_is_answered_as_it_was_given_and_then_is_a_number() {
    let mut world = World::start().await;
    for path in BOTH {
        let singular = singular(path);
        world.make(path, "policy", json!({})).await;
        for (given, answered, stored) in [
            (json!({"value": "2000"}), json!({"units": "seconds", "value": "2000"}), 2000),
            (
                json!({"units": "seconds", "value": "86400"}),
                json!({"units": "seconds", "value": "86400"}),
                86400,
            ),
            (json!({"value": 60.9}), json!({"units": "seconds", "value": 60.9}), 60),
            (json!({"units": "seconds"}), json!({"units": "seconds", "value": 60}), 60),
            (json!({"value": 61}), json!({"units": "seconds", "value": 61}), 61),
            (json!({}), json!({"units": "seconds", "value": 61}), 61),
            (json!(null), json!({"units": "seconds", "value": 61}), 61),
        ] {
            let body = json!({singular: {"lifetime": given}});
            let changed = world.ask(&format!("demo PUT {path}/{{policy}}"), &body).await;
            assert_eq!((changed.status, &changed.body[singular]["lifetime"]), (200, &answered), "{body}");
            let shown = world.get(&world.demo, &format!("{path}/{{policy}}")).await;
            assert_eq!(shown[singular]["lifetime"], json!({"units": "seconds", "value": stored}), "{body}");
        }
        let made =
            world.ask(&format!("demo POST {path}"), &json!({singular: {"lifetime": {"value": "90"}}})).await;
        assert_eq!(made.body[singular]["lifetime"], json!({"units": "seconds", "value": "90"}));
        for (given, why) in [
            (json!({"value": 59}), "'59' is too small - must be at least '60'"),
            (json!({"value": "59"}), "'59' is too small - must be at least '60'"),
            (json!({"value": true}), "'True' is too small - must be at least '60'"),
            (json!({"value": "x"}), "'x' is not an integer"),
            (json!({"value": "60.5"}), "'60.5' is not an integer"),
            (json!({"value": null}), "'None' is not an integer"),
            (json!({"value": []}), "'[]' is not an integer"),
            (
                json!({"value": 4_294_967_296_u64}),
                "'4294967296' is too large - must be no larger than '4294967295'",
            ),
            (json!({"units": "kilobytes"}), "kilobytes is not in valid_values"),
            (json!({"units": null, "value": 3600}), "None is not in valid_values"),
            (json!({"unit": "seconds", "valu": 1}), "Unexpected keys supplied: unit, valu"),
            (json!(3600), "'3600' is not a dictionary"),
            (json!("3600"), "'3600' is not a dictionary"),
            (json!([1]), "'[1]' is not a dictionary"),
        ] {
            let body = json!({singular: {"lifetime": given}});
            let want = format!("400 HTTPBadRequest Invalid input for lifetime. Reason: {why}.");
            world
                .refuse([
                    (format!("demo POST {path}").as_str(), body.clone(), want.as_str()),
                    (format!("demo PUT {path}/{{policy}}").as_str(), body, want.as_str()),
                ])
                .await;
        }
    }
}

/// Unlike in the reference, which freezes a policy in use, even its name.
#[tokio::test]
async fn a_policy_in_use_may_be_changed_but_not_removed() {
    let mut world = World::with_parts().await;
    world.connect("conn", json!({})).await;
    let in_use = "is in use by existing IPsecSiteConnection and can't be updated or deleted";
    world.check([
        ("demo PUT vpn/ikepolicies/{ike}", json!({"ikepolicy": {"name": "new", "pfs": "group14"}}), "200"),
        ("demo PUT vpn/ikepolicies/{ike}", json!({"ikepolicy": {}}), "200"),
        ("demo PUT vpn/ipsecpolicies/{ipsec}", json!({"ipsecpolicy": {"name": "new", "transform_protocol": "ah"}}), "200"),
        ("demo PUT vpn/ipsecpolicies/{ipsec}", json!({"ipsecpolicy": {}}), "200"),
        // No gateway could follow.
        ("demo PUT vpn/ipsecpolicies/{ipsec}", json!({"ipsecpolicy": {"transform_protocol": "ah-esp"}}), "400 IpsecValidationFailure IPSec does not support IPsec Policy attribute transform_protocol with value 'ah-esp'"),
        ("demo DELETE vpn/ikepolicies/{ike}", Value::Null, &format!("409 IKEPolicyInUse IKEPolicy {{ike}} {in_use}")),
        ("demo DELETE vpn/ipsecpolicies/{ipsec}", Value::Null, &format!("409 IPsecPolicyInUse IPsecPolicy {{ipsec}} {in_use}")),
        ("stranger DELETE vpn/ikepolicies/{ike}", Value::Null, "404 IKEPolicyNotFound IKEPolicy {ike} could not be found"),
        ("demo DELETE vpn/ipsec-site-connections/{conn}", Value::Null, "204"),
        ("demo DELETE vpn/ikepolicies/{ike}", Value::Null, "204"),
        ("demo DELETE vpn/ikepolicies/{ike}", Value::Null, "404 IKEPolicyNotFound IKEPolicy {ike} could not be found"),
        ("demo DELETE vpn/ipsecpolicies/{ipsec}", Value::Null, "204"),
        ("demo DELETE vpn/ipsecpolicies/{ipsec}", Value::Null, "404 IPsecPolicyNotFound IPsecPolicy {ipsec} could not be found"),
    ]).await;
}
