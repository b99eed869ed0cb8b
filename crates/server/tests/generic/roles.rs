//! Who may do what, for every resource.

use serde_json::{Value, json};

use crate::common::Person;
use crate::common::cloud::Cloud;
use crate::common::kinds::{Access, Kind, networking};
use crate::{body, one_of_each, said, says};

/// A user with one role in the project of `demo`.
async fn with_role(cloud: &Cloud, role: &str) -> Person {
    let ask = async |method: &str, path: &str, body: Value| {
        let path = format!("/identity/v3/{path}");
        let answer = cloud.server.call(Some(&cloud.admin.token), method, &path, &body).await;
        assert!(answer.status < 300, "{path}: {}", answer.body);
        answer.body
    };
    let roles = ask("GET", "roles", Value::Null).await;
    let is_role = |candidate: &&Value| candidate["name"] == role;
    let found = roles["roles"].as_array().unwrap().iter().find(is_role).unwrap();
    let name = format!("the-{role}");
    let user = ask("POST", "users", json!({"user": {"name": name, "password": "password"}})).await;
    let (user, role) = (user["user"]["id"].as_str().unwrap(), found["id"].as_str().unwrap());
    ask("PUT", &format!("projects/{}/users/{user}/roles/{role}", cloud.demo.project), Value::Null).await;
    cloud.server.log_in(&name, "password", "demo").await
}

/// The answers to a list, and to GET, POST, PUT and DELETE of an object: a number for what is granted.
async fn answers(cloud: &Cloud, who: &Person, kind: Kind) -> [String; 5] {
    let Kind { collection: path, singular: key, .. } = kind;
    let one = format!("{path}/{{{key}}}");
    let short = |answer: String| match answer.split_once(' ') {
        Some((status, _)) if status.starts_with('2') => status.to_owned(),
        _ => answer.replace(&format!("{{{key}}}"), "{one}"),
    };
    let listed = said(cloud, who, &format!("GET {path}?fields=id&id={{{key}}}"), &Value::Null).await;
    let count = listed.matches("\"id\"").count();
    let shown = said(cloud, who, &format!("GET {one}"), &Value::Null).await;
    let made = said(cloud, who, &format!("POST {path}"), &json!({key: body(kind, 1)})).await;
    let changed = said(cloud, who, &format!("PUT {one}"), &json!({key: {}})).await;
    let removed = said(cloud, who, &format!("DELETE {one}"), &Value::Null).await;
    [count.to_string(), short(shown), short(made), short(changed), short(removed)]
}

#[tokio::test]
async fn who_may_only_look_is_told_what_is_forbidden() {
    let cloud = one_of_each().await;
    let reader = cloud.reader.clone();
    for kind in networking() {
        let Kind { collection: path, singular: key, missing, .. } = kind;
        let forbidden =
            |action: &str| format!("403 PolicyNotAuthorized rule:{action}_{key} is disallowed by policy");
        let seen =
            ["1".to_owned(), "200".to_owned(), forbidden("create"), forbidden("update"), forbidden("delete")];
        let hidden = ["0", missing, &forbidden("create"), missing, missing].map(str::to_owned);
        let want = if kind.access == Access::Hidden { hidden } else { seen };
        assert_eq!(answers(&cloud, &reader, kind).await, want, "{path}");
    }
}

#[tokio::test]
async fn who_may_not_look_finds_nothing() {
    let cloud = one_of_each().await;
    // The one role that says nothing of most resources.
    let other_role = with_role(&cloud, "service").await;
    let stranger = cloud.stranger.clone();
    for kind in networking() {
        let Kind { collection: path, singular: key, missing, .. } = kind;
        let forbidden = format!("403 PolicyNotAuthorized rule:create_{key} is disallowed by policy");
        let want = ["0", missing, &forbidden, missing, missing];
        if !["network", "port"].contains(&key) {
            assert_eq!(answers(&cloud, &other_role, kind).await, want, "{path}");
        }
        // Everybody who may look sees these.
        if kind.access == Access::Admin {
            continue;
        }
        let [listed, shown, _, changed, removed] = answers(&cloud, &stranger, kind).await;
        assert_eq!([listed.as_str(), &shown, &changed, &removed], ["0", missing, missing, missing], "{path}");
    }
    // Nor is it told that a network is there, by what would be made on it.
    for key in ["subnet", "port"] {
        let kind = networking().find(|kind| kind.singular == key).unwrap();
        let want = "404 NetworkNotFound Network {network} could not be found.";
        says(&cloud, &stranger, &format!("POST {}", kind.collection), json!({key: body(kind, 1)}), want)
            .await;
    }
}

#[tokio::test]
async fn members_managers_and_administrators_do_everything() {
    for role in ["member", "manager", "admin"] {
        let cloud = one_of_each().await;
        let who = with_role(&cloud, role).await;
        for kind in networking().rev().filter(|kind| kind.is_owned() || role == "admin") {
            let path = kind.collection;
            let got = answers(&cloud, &who, kind).await;
            assert_eq!(got[..2], ["1", "200"], "{role} {path}");
            assert_eq!(got[3], "200", "{role} {path}");
            assert!(
                got[2] == "201" && (got[4].starts_with("204") || got[4].starts_with("409")),
                "{role} {path} {got:?}"
            );
        }
    }
}

/// Other services of the cloud see all networks, and work with all ports.
#[tokio::test]
async fn a_service_looks_after_ports() {
    let mut cloud = one_of_each().await;
    let service = with_role(&cloud, "service").await;
    let stranger = cloud.stranger.clone();
    cloud.create(&stranger, "network", "theirs", json!({})).await;
    cloud.create(&stranger, "port", "their-port", json!({"network_id": "{theirs}"})).await;
    for (request, body, want) in [
        ("GET networks/{theirs}?fields=name", json!(null), r#"200 {"network":{"name":"theirs"}}"#),
        ("GET ports/{their-port}?fields=name", json!(null), r#"200 {"port":{"name":"their-port"}}"#),
        (
            "PUT networks/{theirs}",
            json!({"network": {}}),
            "403 PolicyNotAuthorized rule:update_network is disallowed by policy",
        ),
        (
            "DELETE networks/{theirs}",
            json!(null),
            "403 PolicyNotAuthorized rule:delete_network is disallowed by policy",
        ),
        (
            "POST networks",
            json!({"network": {}}),
            "403 PolicyNotAuthorized rule:create_network is disallowed by policy",
        ),
        ("GET routers/{router}", json!(null), "404 RouterNotFound Router {router} could not be found"),
        (
            "GET vpn/ikepolicies/{ikepolicy}",
            json!(null),
            "404 IKEPolicyNotFound IKEPolicy {ikepolicy} could not be found",
        ),
        ("DELETE ports/{their-port}", json!(null), "204"),
    ] {
        says(&cloud, &service, request, body, want).await;
    }
    let port = json!({"port": {"network_id": "{theirs}", "device_owner": "compute:nova"}});
    let made = cloud.call(&service, "POST", "ports", &port).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.body["port"]["id"].as_str().unwrap();
    cloud.ids.insert("made".to_owned(), id.to_owned());
    cloud.put(&service, "ports/{made}", json!({"port": {"name": "x"}})).await;
    // How a port is bound is theirs to say; where, is the administrator's.
    let bound = json!({"port": {"network_id": "{theirs}", "binding:profile": {"a": 1}}});
    let bound = cloud.call(&service, "POST", "ports", &bound).await;
    assert_eq!(bound.status, 201, "{}", bound.body);
    cloud.put(&service, "ports/{made}", json!({"port": {"binding:profile": {"b": 2}}})).await;
    let admin = cloud.admin.clone();
    assert_eq!(cloud.get(&admin, "ports/{made}").await["port"]["binding:profile"], json!({"b": 2}));
    let placed = json!({"port": {"binding:profile": {"c": 3}, "binding:host_id": "node"}});
    let want = "403 PolicyNotAuthorized (rule:update_port and rule:update_port:binding:host_id) is disallowed by policy";
    says(&cloud, &service, "PUT ports/{made}", placed, want).await;
    assert_eq!(cloud.get(&admin, "ports/{made}").await["port"]["binding:profile"], json!({"b": 2}));
    cloud.delete(&service, "ports/{made}").await;
}

#[tokio::test]
async fn what_is_visible_but_not_ones_own_is_forbidden() {
    let cloud = one_of_each().await;
    let demo = cloud.demo.clone();
    for (request, body, want) in [
        ("GET networks/{ext}?fields=name", json!(null), r#"200 {"network":{"name":"ext"}}"#),
        (
            "PUT networks/{ext}",
            json!({"network": {"name": "x"}}),
            "403 PolicyNotAuthorized rule:update_network is disallowed by policy",
        ),
        (
            "DELETE networks/{ext}",
            json!(null),
            "403 PolicyNotAuthorized rule:delete_network is disallowed by policy",
        ),
        (
            "PUT networks/{ext}/tags",
            json!({"tags": []}),
            "403 PolicyNotAuthorized rule:update_network:tags is disallowed by policy",
        ),
        (
            "POST ports",
            json!({"port": {"network_id": "{ext}"}}),
            "403 PolicyNotAuthorized rule:create_port is disallowed by policy",
        ),
        (
            "POST networks",
            json!({"network": {"shared": true}}),
            "403 PolicyNotAuthorized (rule:create_network and rule:create_network:shared) is disallowed by policy",
        ),
        (
            "PUT networks/{network}",
            json!({"network": {"shared": true}}),
            "403 PolicyNotAuthorized (rule:update_network and rule:update_network:shared) is disallowed by policy",
        ),
    ] {
        says(&cloud, &demo, request, body, want).await;
    }
}

#[tokio::test]
async fn only_an_administrator_makes_things_for_others() {
    let cloud = one_of_each().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    let refused = "400 HTTPBadRequest Specifying 'project_id' other than the authenticated project in request is not allowed for the current user.";
    let mismatch = "400 HTTPBadRequest 'project_id' and 'tenant_id' do not match";
    for kind in networking().filter(Kind::is_owned) {
        let Kind { collection: path, singular: key, .. } = kind;
        let with = |more: Value| {
            let mut object = body(kind, 1);
            object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({key: object})
        };
        let post = format!("POST {path}");
        says(&cloud, &demo, &post, with(json!({"project_id": "{other project}"})), refused).await;
        says(&cloud, &demo, &post, with(json!({"tenant_id": "{other project}"})), refused).await;
        let both = with(json!({"tenant_id": "{demo project}", "project_id": "{other project}"}));
        says(&cloud, &demo, &post, both.clone(), mismatch).await;
        says(&cloud, &admin, &post, both, mismatch).await;
        let null = "400 HTTPBadRequest Invalid input for tenant_id. Reason: 'None' is not a valid string.";
        says(&cloud, &admin, &post, with(json!({"tenant_id": null})), null).await;
        let put = format!("PUT {path}/{{{key}}}");
        for name in ["project_id", "tenant_id"] {
            let body = json!({key: {name: "{demo project}"}});
            says(
                &cloud,
                &admin,
                &put,
                body,
                "400 HTTPBadRequest Cannot update read-only attribute tenant_id",
            )
            .await;
        }
        let made = cloud.call(&admin, "POST", path, &with(json!({"tenant_id": "{other project}"}))).await;
        assert_eq!(made.status, 201, "{path} {}", made.body);
        // A rule belongs to whom its group belongs to.
        let owner = if key == "security_group_rule" { &cloud.demo } else { &cloud.stranger };
        for name in ["project_id", "tenant_id"] {
            assert_eq!(made.body[key][name], json!(owner.project), "{path} {name}");
        }
    }
}
