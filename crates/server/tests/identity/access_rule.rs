//! Access rules: requests that alone an application credential is good for.

use serde_json::{Value, json};

use crate::support::{Server, by_credential};

const ALL: &str = "/users/{demo user}/access_rules";
const CREDENTIALS: &str = "/users/{demo user}/application_credentials";

fn rule(service: &str, method: &str, path: &str) -> Value {
    json!({"service": service, "method": method, "path": path})
}

#[tokio::test]
async fn a_token_is_good_for_what_the_rules_allow() {
    let mut server = Server::start().await;
    let demo = server.demo().await;
    let rules = json!([
        rule("network", "GET", "/v2.0/vpn/*"),
        rule("network", "GET", "/v2.0/networks/{id}"),
        rule("identity", "GET", "/v3/users/**"),
        rule("network", "GET", "/v2.0/vpn/*"),
    ]);
    let body = json!({"application_credential": {"name": "robot", "secret": "s", "access_rules": rules}});
    let made = server.make(&demo, "robot", CREDENTIALS, body).await;
    assert_eq!(made["access_rules"].as_array().unwrap().len(), 3, "each is there once: {made}");
    let answer = server.authenticate(by_credential(json!({"id": "{robot}", "secret": "s"}))).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.body["token"]["application_credential"]["access_rules"], made["access_rules"]);
    let token = answer.subject_token();
    for (method, path, status) in [
        ("GET", "/networking/v2.0/vpn/ikepolicies", 200),
        ("GET", "/networking/v2.0/vpn/ikepolicies.json?limit=1", 200),
        ("GET", "/networking/v2.0/vpn/ikepolicies/1", 401),
        ("GET", "/networking/v2.0/networks/1", 404),
        ("GET", "/networking/v2.0/networks", 401),
        ("POST", "/networking/v2.0/vpn/ikepolicies", 401),
        ("GET", "/identity/v3/users/{demo user}", 200),
        ("GET", "/identity/v3/users/{demo user}/projects", 200),
        ("HEAD", "/identity/v3/users/{demo user}", 401),
        ("GET", "/identity/v3/regions", 401),
        ("GET", "/identity/v3/auth/catalog", 401),
    ] {
        let answer = server.send(method, &server.with_ids(path), &[("x-auth-token", &token)], "{}").await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
    }

    // A service that knows of no rules would let the bearer do everything.
    let admin = server.admin().await;
    let about = [
        ("x-auth-token", admin.as_str()),
        ("x-subject-token", token.as_str()),
        ("openstack-identity-access-rules", "1"),
    ];
    for (headers, status) in [(&about[..], 200), (&about[..2], 404)] {
        assert_eq!(server.send("GET", "/identity/v3/auth/tokens", headers, "").await.status, status);
    }

    // The bearer may ask what its token is good for, and about no other one, nor for anything else.
    let knows = ("openstack-identity-access-rules", "1");
    for (method, about, knows, status) in [
        ("GET", &token, Some(knows), 200),
        ("HEAD", &token, Some(knows), 200),
        ("GET", &token, None, 404),
        ("GET", &demo, Some(knows), 401),
        ("DELETE", &token, Some(knows), 401),
    ] {
        let headers = [("x-auth-token", token.as_str()), ("x-subject-token", about.as_str())];
        let headers: Vec<_> = headers.into_iter().chain(knows).collect();
        let answer = server.send(method, "/identity/v3/auth/tokens", &headers, "").await;
        assert_eq!(answer.status, status, "{method} {knows:?}: {}", answer.body);
    }
}

/// A path is compared as the client wrote it: another spelling of a word is another word, and no spelling of a slash is one.
#[tokio::test]
async fn a_rule_does_not_reach_further_for_a_path_that_is_spelled_otherwise() {
    let mut server = Server::start().await;
    let demo = server.demo().await;
    let rules = json!([
        rule("network", "GET", "/v2.0/networks"),
        rule("network", "GET", "/v2.0/routers/*"),
        rule("network", "GET", "/v2.0/vpn/**"),
    ]);
    let body = json!({"application_credential": {"name": "robot", "secret": "s", "access_rules": rules}});
    server.make(&demo, "robot", CREDENTIALS, body).await;
    let token =
        server.authenticate(by_credential(json!({"id": "{robot}", "secret": "s"}))).await.subject_token();
    for (path, status) in [
        ("networks", 200),
        ("networks/", 200),
        ("networks.json", 200),
        ("networks?name=%2F", 200),
        ("n%65tworks", 401),
        ("%6eetworks", 401),
        ("networks%2F1", 401),
        ("networks%00", 401),
        ("subnets", 401),
        // What stands for a word is one, however it is spelled.
        ("routers/%31", 404),
        ("routers/a%2Fl3-agents", 404),
        ("routers/..", 404),
        ("routers/1/l3-agents", 401),
        ("routers/..%2Fsubnets", 404),
        ("routers/../subnets", 401),
        ("rout%65rs/1", 401),
        ("vpn/ik%65policies", 200),
        ("vpn/../subnets", 404),
        ("vpn%2Fikepolicies", 401),
        ("%2e%2e/v2.0/networks", 401),
        ("/networks", 401),
    ] {
        let path = format!("/networking/v2.0/{path}");
        let answer = server.send("GET", &path, &[("x-auth-token", &token)], "").await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_credential_has_fifty_rules_at_most_in_their_order() {
    let mut server = Server::start().await;
    let demo = server.demo().await;
    let body = |name: &str, count: usize| {
        let rules = (0..count).rev().map(|n| rule("network", "GET", &format!("/v2.0/{n}")));
        json!({"application_credential": {"name": name, "access_rules": rules.collect::<Vec<_>>()}})
    };
    let post = format!("POST {CREDENTIALS}");
    let refused = server.said(&demo, &post, body("too many", 51)).await;
    assert!(refused.starts_with("400 Invalid input for field/attribute access_rules."), "{refused}");
    assert!(refused.ends_with(" is too long"), "{refused}");
    server.lists(&demo, "path", &[(ALL, "")]).await;
    let made = server.make(&demo, "robot", CREDENTIALS, body("robot", 50)).await;
    let paths: Vec<&str> =
        made["access_rules"].as_array().unwrap().iter().map(|rule| rule["path"].as_str().unwrap()).collect();
    let want: Vec<String> = (0..50).rev().map(|n| format!("/v2.0/{n}")).collect();
    assert_eq!(paths, want);
}

#[tokio::test]
async fn rules_outlive_the_credential_that_they_were_made_with() {
    let mut server = Server::start().await;
    let (admin, demo) = (server.admin().await, server.demo().await);
    let credential =
        |name: &str, rules: Value| json!({"application_credential": {"name": name, "access_rules": rules}});
    let body = credential("robot", json!([rule("network", "GET", "/v2.0/networks")]));
    let made = server.make(&demo, "robot", CREDENTIALS, body).await;
    let id = made["access_rules"][0]["id"].as_str().unwrap().to_owned();
    let one = format!("{ALL}/{id}");
    let shown = server.get(&demo, &one).await.body;
    let links = json!({"self": format!("http://192.0.2.1:9696/identity/v3{one}")});
    let want =
        json!({"id": id, "service": "network", "method": "GET", "path": "/v2.0/networks", "links": links});
    assert_eq!(server.shown(&shown["access_rule"]), want);
    server
        .lists(
            &demo,
            "path",
            &[
                (ALL, "/v2.0/networks"),
                (&format!("{ALL}?service=network"), "/v2.0/networks"),
                (&format!("{ALL}?method=POST"), ""),
            ],
        )
        .await;

    // Another credential may have the same one, by its id or by what it says.
    for (name, rules) in
        [("by id", json!([{"id": id}])), ("again", json!([rule("network", "GET", "/v2.0/networks")]))]
    {
        let other = server.make(&demo, name, CREDENTIALS, credential(name, rules)).await;
        assert_eq!(other["access_rules"], made["access_rules"]);
    }
    let delete = format!("DELETE {one}");
    let in_use =
        "403 You are not authorized to perform the requested action: May not delete access rule in use.";
    let post = format!("POST {CREDENTIALS}");
    let elsewhere = format!("GET /users/{{admin user}}/access_rules/{id}");
    let absent = format!("404 Could not find Access Rule: {id}.");
    server
        .says(
            &demo,
            &[
                (&delete, Value::Null, in_use),
                (&post, credential("a", json!([{"id": "{nobody}"}])), "404 Could not find Access Rule: {nobody}."),
                (&post, credential("a", json!([{"service": "network"}])), "400 Invalid input for field/attribute access_rules. Value: {'service': 'network'}. 'method' is a required property"),
                (&post, credential("a", json!([rule("network", "LIST", "/")])), "400 Invalid input for field/attribute method. Value: 'LIST'. 'LIST' is not one of ['POST', 'GET', 'HEAD', 'PATCH', 'PUT', 'DELETE']"),
                (&post, credential("a", json!([rule("network", "GET", "networks")])), "400 Invalid input for field/attribute path. Value: 'networks'. 'networks' does not match '^\\/.*'"),
                (&post, credential("a", json!("all")), "400 Invalid input for field/attribute access_rules. Value: 'all'. 'all' is not of type 'array'"),
                ("GET /users/{admin user}/access_rules", Value::Null, "403 You are not authorized to perform the requested action: identity:list_access_rules."),
            ],
        )
        .await;
    server
        .says(&admin, &[(&elsewhere, Value::Null, &absent), (&format!("GET {one}"), Value::Null, "200")])
        .await;
    for name in ["robot", "by id", "again"] {
        assert_eq!(server.said(&demo, &format!("DELETE {CREDENTIALS}/{{{name}}}"), Value::Null).await, "204");
    }
    server.says(&demo, &[(&delete, Value::Null, "204"), (&delete, Value::Null, &absent)]).await;
}
