//! Who may do what, for every resource.

use serde_json::{Value, json};

use crate::common::Person;
use crate::common::cloud::Cloud;
use crate::{said, says};

/// Collection, key, which is the word of the policy's rules too, and how an object that is not there is told.
const RESOURCES: [(&str, &str, &str); 9] = [
    ("networks", "network", "404 NetworkNotFound Network {one} could not be found."),
    ("subnets", "subnet", "404 SubnetNotFound Subnet {one} could not be found."),
    ("ports", "port", "404 PortNotFound Port {one} could not be found."),
    ("routers", "router", "404 RouterNotFound Router {one} could not be found"),
    ("vpn/ikepolicies", "ikepolicy", "404 IKEPolicyNotFound IKEPolicy {one} could not be found"),
    ("vpn/ipsecpolicies", "ipsecpolicy", "404 IPsecPolicyNotFound IPsecPolicy {one} could not be found"),
    ("vpn/vpnservices", "vpnservice", "404 VPNServiceNotFound VPNService {one} could not be found"),
    (
        "vpn/endpoint-groups",
        "endpoint_group",
        "404 VPNEndpointGroupNotFound Endpoint group {one} could not be found",
    ),
    (
        "vpn/ipsec-site-connections",
        "ipsec_site_connection",
        "404 IPsecSiteConnectionNotFound ipsec_site_connection {one} not found",
    ),
];

/// A POST that its owner is granted.
fn body(kind: &str) -> Value {
    match kind {
        "subnet" => json!({"network_id": "{network}", "ip_version": 4, "cidr": "10.9.0.0/24", "name": "x"}),
        "port" => json!({"network_id": "{network}"}),
        "vpnservice" => json!({"router_id": "{router}", "subnet_id": "{subnet}"}),
        "endpoint_group" => json!({"type": "cidr", "endpoints": ["10.8.0.0/24"]}),
        "ipsec_site_connection" => json!({
            "vpnservice_id": "{vpnservice}", "ikepolicy_id": "{ikepolicy}", "ipsecpolicy_id": "{ipsecpolicy}",
            "peer_address": "203.0.113.9", "peer_id": "203.0.113.9", "peer_cidrs": ["10.7.0.0/24"], "psk": "secret",
        }),
        _ => json!({}),
    }
}

/// One object of each kind in the project of `demo`, by the name of its kind.
async fn one_of_each() -> Cloud {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let demo = cloud.demo.clone();
    cloud.create(&demo, "network", "network", json!({})).await;
    cloud.subnet(&demo, "network", "subnet", "10.1.0.0/24", json!({})).await;
    cloud.create(&demo, "port", "port", json!({"network_id": "{network}"})).await;
    let gateway = json!({"external_gateway_info": {"network_id": "{ext}"}});
    cloud.create(&demo, "router", "router", gateway).await;
    cloud.put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{subnet}"})).await;
    for (path, kind, _) in &RESOURCES[4..] {
        let made = cloud.call(&demo, "POST", path, &json!({*kind: body(kind)})).await;
        assert_eq!(made.status, 201, "{path}: {}", made.body);
        cloud.ids.insert((*kind).to_owned(), made.body[*kind]["id"].as_str().unwrap().to_owned());
    }
    cloud
}

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
async fn answers(cloud: &Cloud, who: &Person, path: &str, kind: &str) -> [String; 5] {
    let one = format!("{path}/{{{kind}}}");
    let short = |answer: String| match answer.split_once(' ') {
        Some((status, _)) if status.starts_with('2') => status.to_owned(),
        _ => answer.replace(&format!("{{{kind}}}"), "{one}"),
    };
    let listed = said(cloud, who, &format!("GET {path}?fields=id&id={{{kind}}}"), &Value::Null).await;
    let count = listed.matches("\"id\"").count();
    let shown = said(cloud, who, &format!("GET {one}"), &Value::Null).await;
    let made = said(cloud, who, &format!("POST {path}"), &json!({kind: body(kind)})).await;
    let changed = said(cloud, who, &format!("PUT {one}"), &json!({kind: {}})).await;
    let removed = said(cloud, who, &format!("DELETE {one}"), &Value::Null).await;
    [count.to_string(), short(shown), short(made), short(changed), short(removed)]
}

#[tokio::test]
async fn who_may_only_look_is_told_what_is_forbidden() {
    let cloud = one_of_each().await;
    let reader = cloud.reader.clone();
    for (path, kind, _) in RESOURCES {
        let forbidden =
            |action: &str| format!("403 PolicyNotAuthorized rule:{action}_{kind} is disallowed by policy");
        let want =
            ["1".to_owned(), "200".to_owned(), forbidden("create"), forbidden("update"), forbidden("delete")];
        assert_eq!(answers(&cloud, &reader, path, kind).await, want, "{path}");
    }
}

#[tokio::test]
async fn who_may_not_look_finds_nothing() {
    let cloud = one_of_each().await;
    // The one role that says nothing of most resources.
    let other_role = with_role(&cloud, "service").await;
    let stranger = cloud.stranger.clone();
    for (path, kind, missing) in RESOURCES {
        let forbidden = format!("403 PolicyNotAuthorized rule:create_{kind} is disallowed by policy");
        let want = ["0", missing, &forbidden, missing, missing];
        if !["network", "port"].contains(&kind) {
            assert_eq!(answers(&cloud, &other_role, path, kind).await, want, "{path}");
        }
        let [listed, shown, _, changed, removed] = answers(&cloud, &stranger, path, kind).await;
        assert_eq!([listed.as_str(), &shown, &changed, &removed], ["0", missing, missing, missing], "{path}");
    }
}

#[tokio::test]
async fn members_managers_and_administrators_do_everything() {
    for role in ["member", "manager", "admin"] {
        let cloud = one_of_each().await;
        let who = with_role(&cloud, role).await;
        for (path, kind, _) in RESOURCES.iter().rev() {
            let got = answers(&cloud, &who, path, kind).await;
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
    for (path, kind, _) in RESOURCES {
        let with = |more: Value| {
            let mut object = body(kind);
            object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({kind: object})
        };
        let post = format!("POST {path}");
        says(&cloud, &demo, &post, with(json!({"project_id": "{other project}"})), refused).await;
        says(&cloud, &demo, &post, with(json!({"tenant_id": "{other project}"})), refused).await;
        let both = with(json!({"tenant_id": "{demo project}", "project_id": "{other project}"}));
        says(&cloud, &demo, &post, both.clone(), mismatch).await;
        says(&cloud, &admin, &post, both, mismatch).await;
        let null = "400 HTTPBadRequest Invalid input for tenant_id. Reason: 'None' is not a valid string.";
        says(&cloud, &admin, &post, with(json!({"tenant_id": null})), null).await;
        let put = format!("PUT {path}/{{{kind}}}");
        for name in ["project_id", "tenant_id"] {
            let body = json!({kind: {name: "{demo project}"}});
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
        for name in ["project_id", "tenant_id"] {
            assert_eq!(made.body[kind][name], json!(cloud.stranger.project), "{path} {name}");
        }
    }
}
