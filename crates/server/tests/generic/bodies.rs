//! What is wrong with a body is the same for every core resource. What VPN says to it is tested with VPN.

use serde_json::{Value, json};

use crate::common::kinds::{Kind, networking};
use crate::{body, one_of_each, said, said_to, says};

const JSON: (&str, &str) = ("accept", "application/json");

fn core() -> impl Iterator<Item = Kind> {
    networking().filter(|kind| !kind.is_vpn())
}

/// A POST that is granted, with more attributes.
fn with(kind: Kind, more: Value) -> Value {
    let mut object = body(kind, 1);
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({kind.singular: object})
}

#[tokio::test]
async fn a_body_that_is_none_is_refused() {
    let cloud = one_of_each().await;
    let before = cloud.everything().await;
    for kind in core() {
        let Kind { collection: path, singular: key, .. } = kind;
        let (demo, plural) = (cloud.maker(&kind), kind.plural());
        let (post, put) = (format!("POST {path}"), format!("PUT {path}/{{{key}}}"));
        let bad = |text: &str| format!("400 HTTPBadRequest {text}");
        let (invalid, missing) =
            (bad("Body contains invalid data"), bad(&format!("Unable to find '{key}' in request body")));
        let no_object = bad(&format!("Object '{key}' contains invalid data"));
        let bulk = if ["routers", "floatingips", "flavors", "service_profiles"].contains(&path) {
            bad("Bulk operation not supported")
        } else {
            bad("Resources required")
        };
        for (request, text, want) in [
            (&post, "{".to_owned(), &invalid),
            (&post, "[]".to_owned(), &invalid),
            (&post, "\"x\"".to_owned(), &invalid),
            (&post, "5".to_owned(), &invalid),
            (&post, "null".to_owned(), &invalid),
            (&post, "\u{7f}".to_owned(), &invalid),
            (&post, String::new(), &missing),
            (&post, "{}".to_owned(), &missing),
            (&post, r#"{"other": {}}"#.to_owned(), &missing),
            (&post, format!(r#"{{"{key}": null}}"#), &missing),
            (&post, format!(r#"{{"{key}": []}}"#), &no_object),
            (&post, format!(r#"{{"{key}": "x"}}"#), &no_object),
            (&post, format!(r#"{{"{key}": 5}}"#), &no_object),
            (&post, format!(r#"{{"{plural}": []}}"#), &bulk),
            (&put, "{".to_owned(), &invalid),
            (&put, "[]".to_owned(), &invalid),
            (&put, String::new(), &"400 BadRequest Bad body request: Invalid format: b''.".to_owned()),
            (&put, "{}".to_owned(), &bad("Resource body required")),
            (&put, r#"{"other": {}}"#.to_owned(), &missing),
            (&put, format!(r#"{{"{key}": []}}"#), &no_object),
            (&put, format!(r#"{{"{plural}": []}}"#), &bad("Bulk operation not supported")),
        ] {
            assert_eq!(&said_to(&cloud, &demo, request, &[JSON], &text).await, want, "{request} {text}");
        }
        assert!(said(&cloud, &demo, &put, &json!({key: {}})).await.starts_with("200 "), "{path}");
    }
    assert_eq!(cloud.everything().await, before);
}

#[tokio::test]
async fn attributes_that_are_not_there_are_named() {
    let cloud = one_of_each().await;
    let demo = cloud.demo.clone();
    for kind in core() {
        let Kind { collection: path, singular: key, .. } = kind;
        let demo = cloud.maker(&kind);
        let shown = cloud.get(&demo, &format!("{path}/{{{key}}}")).await;
        let (post, put) = (format!("POST {path}"), format!("PUT {path}/{{{key}}}"));
        let unknown = "400 HTTPBadRequest Unrecognized attribute(s) 'bar, foo'";
        says(&cloud, &demo, &post, with(kind, json!({"foo": 1, "bar": 2})), unknown).await;
        says(&cloud, &demo, &put, json!({key: {"foo": 1, "bar": 2}}), unknown).await;
        let has_times = !["flavors", "service_profiles"].contains(&path);
        let has_status = ["networks", "ports", "routers", "floatingips"].contains(&path);
        for (name, is_there) in [
            ("id", true),
            ("created_at", has_times),
            ("updated_at", has_times),
            ("revision_number", has_times),
            ("status", has_status),
        ] {
            assert_eq!(shown[key].get(name).is_some(), is_there, "{path}: {name}");
            if !is_there {
                continue;
            }
            let want = format!("400 HTTPBadRequest Attribute '{name}' not allowed in POST");
            says(&cloud, &demo, &post, with(kind, json!({name: "x"})), &want).await;
            let want = format!("400 HTTPBadRequest Cannot update read-only attribute {name}");
            says(&cloud, &demo, &put, json!({key: {name: "x"}}), &want).await;
        }
    }
    for (request, body, want) in [
        ("POST subnets", json!({"subnet": {"network_id": "{network}", "cidr": "10.9.0.0/24"}}), "ip_version"),
        ("POST subnets", json!({"subnet": {"ip_version": 4}}), "network_id"),
        ("POST ports", json!({"port": {}}), "network_id"),
        ("POST floatingips", json!({"floatingip": {}}), "floating_network_id"),
    ] {
        let want =
            format!("400 HTTPBadRequest Failed to parse request. Required attribute '{want}' not specified");
        says(&cloud, &demo, request, body, &want).await;
    }
    for (path, names) in [
        ("networks/{network}", "availability_zone_hints subnets ipv4_address_scope"),
        ("subnets/{subnet}", "cidr ip_version network_id ipv6_ra_mode ipv6_address_mode subnetpool_id"),
        ("ports/{port}", "network_id"),
        ("routers/{router}", "availability_zone_hints availability_zones flavor_id"),
        (
            "floatingips/{floatingip}",
            "floating_network_id floating_ip_address subnet_id router_id port_details",
        ),
    ] {
        for name in names.split(' ') {
            let key = path.split_once("s/").unwrap().0;
            let want = format!("400 HTTPBadRequest Cannot update read-only attribute {name}");
            says(&cloud, &demo, &format!("PUT {path}"), json!({key: {name: null}}), &want).await;
        }
    }
}

#[tokio::test]
async fn each_value_is_checked_the_same_way() {
    let cloud = one_of_each().await;
    let long = "a".repeat(256);
    for kind in core() {
        let Kind { collection: path, singular: key, .. } = kind;
        let demo = cloud.maker(&kind);
        let bad =
            |name: &str, why: &str| format!("400 HTTPBadRequest Invalid input for {name}. Reason: {why}.");
        let most = if kind.is_owned() { 255 } else { 1024 };
        let longer = "a".repeat(most + 1);
        let mut rows = vec![
            (json!({"description": 5}), bad("description", "'5' is not a valid string")),
            (json!({"description": null}), bad("description", "'None' is not a valid string")),
            (
                json!({"description": longer}),
                bad("description", &format!("'{longer}' exceeds maximum length of {most}")),
            ),
        ];
        if kind.is_named() {
            for (name, shown) in [
                (json!(5), "5"),
                (json!(null), "None"),
                (json!(true), "True"),
                (json!(" "), " "),
                (json!(" a"), " a"),
                (json!("a "), "a "),
                (json!("a\tb"), "a\tb"),
                (json!("a\nb"), "a\nb"),
                (json!("a\u{7f}b"), "a\u{7f}b"),
                (json!("a\u{a0}b"), "a\u{a0}b"),
                (json!("a\u{200b}b"), "a\u{200b}b"),
                (json!("\u{202e}b"), "\u{202e}b"),
                (json!("a\u{378}"), "a\u{378}"),
            ] {
                rows.push((json!({"name": name}), bad("name", &format!("'{shown}' is not a valid string"))));
            }
            rows.push((
                json!({"name": long}),
                bad("name", &format!("'{long}' exceeds maximum length of 255")),
            ));
        }
        if ["network", "port", "router"].contains(&key) {
            for (value, shown) in
                [(json!("foo"), "foo"), (json!(null), "None"), (json!(2), "2"), (json!([]), "[]")]
            {
                let want = format!(
                    "400 InvalidInput Invalid input for operation: '{shown}' cannot be converted to boolean."
                );
                rows.push((json!({"admin_state_up": value}), want));
            }
        }
        for (attributes, want) in rows {
            says(&cloud, &demo, &format!("POST {path}"), with(kind, attributes.clone()), &want).await;
            // Of a rule nothing can be changed.
            if key != "security_group_rule" {
                says(&cloud, &demo, &format!("PUT {path}/{{{key}}}"), json!({key: attributes}), &want).await;
            }
        }
    }
}

#[tokio::test]
async fn names_and_truths_have_many_forms() {
    let cloud = one_of_each().await;
    let demo = cloud.demo.clone();
    for name in ["", "left net", "Düsseldorf ↔ 大阪", "a'b\"c", &"é".repeat(255)] {
        for (path, key) in [("networks/{network}", "network"), ("routers/{router}", "router")] {
            let shown = cloud.put(&demo, path, json!({key: {"name": name, "description": name}})).await;
            assert_eq!((&shown[key]["name"], &shown[key]["description"]), (&json!(name), &json!(name)));
        }
    }
    for (words, want) in [
        (json!(["1", "t", "true", "True", "TRUE", "on", "y", "yes", "Yes", 1, true]), true),
        (json!(["0", "f", "false", "False", "off", "n", "no", "NO", 0, false]), false),
    ] {
        for word in words.as_array().unwrap() {
            let body = json!({"port": {"admin_state_up": word}});
            assert_eq!(
                cloud.put(&demo, "ports/{port}", body).await["port"]["admin_state_up"],
                want,
                "{word}"
            );
        }
    }
}

/// What is told first when much is wrong: the token, the path, the body, the values, what is not to be seen, what is not
/// allowed, the quota, and only then the resource's own rules.
#[tokio::test]
async fn the_first_thing_that_is_wrong_is_told() {
    let cloud = one_of_each().await;
    let (admin, reader, stranger) = (cloud.admin.clone(), cloud.reader.clone(), cloud.stranger.clone());
    let nobody = crate::common::Person { token: "wrong".to_owned(), project: String::new() };
    cloud.put(&admin, "quotas/{demo project}", json!({"quota": {"subnet": 1}})).await;
    let demo = cloud.demo.clone();
    let overlapping = json!({"network_id": "{network}", "ip_version": 4, "cidr": "10.1.0.0/25"});
    let subnet = |more: Value| {
        let mut subnet = overlapping.clone();
        subnet.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"subnet": subnet})
    };
    let unauthorized = r#"401 {"error":{"code":401,"message":"The request you have made requires authentication.","title":"Unauthorized"}}"#;
    let denied = |action: &str| format!("403 PolicyNotAuthorized rule:{action} is disallowed by policy");
    for (who, request, body, want) in [
        (&nobody, "POST nothing", json!([]), unauthorized.to_owned()),
        (&nobody, "PATCH networks", json!([]), unauthorized.to_owned()),
        (
            &stranger,
            "POST nothing",
            json!([]),
            "404 HTTPNotFound The resource could not be found.".to_owned(),
        ),
        (
            &stranger,
            "PUT networks/{network}",
            json!([]),
            "400 HTTPBadRequest Body contains invalid data".to_owned(),
        ),
        (
            &stranger,
            "PUT networks/{network}",
            json!({"network": {"foo": 1, "name": 5}}),
            "400 HTTPBadRequest Unrecognized attribute(s) 'foo'".to_owned(),
        ),
        (
            &stranger,
            "PUT networks/{network}",
            json!({"network": {"name": 5, "shared": true}}),
            "400 HTTPBadRequest Invalid input for name. Reason: '5' is not a valid string.".to_owned(),
        ),
        (
            &stranger,
            "PUT networks/{network}",
            json!({"network": {"shared": true}}),
            "404 NetworkNotFound Network {network} could not be found.".to_owned(),
        ),
        (&reader, "PUT networks/{network}", json!({"network": {"shared": true}}), denied("update_network")),
        (
            &demo,
            "PUT networks/{network}",
            json!({"network": {"shared": true, "mtu": 70000}}),
            "403 PolicyNotAuthorized (rule:update_network and rule:update_network:shared) is disallowed by policy"
                .to_owned(),
        ),
        (
            &reader,
            "POST subnets",
            subnet(json!({"name": 5})),
            "400 HTTPBadRequest Invalid input for name. Reason: '5' is not a valid string.".to_owned(),
        ),
        (&reader, "POST subnets", subnet(json!({})), denied("create_subnet")),
        (
            &demo,
            "POST subnets",
            subnet(json!({})),
            "409 OverQuota Quota exceeded for resources: ['subnet'].".to_owned(),
        ),
        (
            &admin,
            "POST subnets",
            subnet(json!({})),
            "400 InvalidInput Invalid input for operation: Requested subnet with cidr: 10.1.0.0/25 for network: {network} overlaps with another subnet.".to_owned(),
        ),
    ] {
        says(&cloud, who, request, body, &want).await;
    }
}
