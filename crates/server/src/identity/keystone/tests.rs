//! Requests to the Networking API whose tokens a Keystone knows: one that a script plays, on loopback.

mod cloud;
mod lost;
mod remembered;
mod scripted;

use serde_json::{Value, json};

use self::cloud::{Ask, Cloud};
use self::scripted::Reply;

const UNAUTHORIZED: &str = "401 The request you have made requires authentication.";
const UNAVAILABLE: &str = "503 The Keystone service is temporarily unavailable.";

/// A token of a user of project `p` with these roles, good for an hour.
fn token(roles: &[&str]) -> Value {
    let roles: Vec<Value> = roles.iter().map(|role| json!({"id": "r", "name": role})).collect();
    json!({
        "user": {"id": "u", "name": "user", "domain": {"id": "default", "name": "Default"}},
        "project": {"id": "p", "name": "project", "domain": {"id": "default", "name": "Default"}},
        "roles": roles,
        "issued_at": cloud::time(0),
        "expires_at": cloud::time(3600),
    })
}

fn with(mut token: Value, key: &str, value: Value) -> Value {
    token[key] = value;
    token
}

#[tokio::test]
async fn keystone_is_asked_as_a_service_asks() {
    let cloud = Cloud::start().await;
    cloud.keystone.know("user-token", token(&["member"]));
    assert_eq!(cloud.ask(Ask::get("user-token")).await, "200");
    let [login, check] = cloud.keystone.heard().try_into().unwrap();
    assert_eq!(login.line, "POST /v3/auth/tokens");
    assert_eq!(
        login.body,
        json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": "adit", "domain": {"name": "Default"}, "password": "secret",
            }}},
            "scope": {"project": {"name": "service", "domain": {"name": "Default"}}},
        }})
    );
    assert_eq!(
        check.line, "GET /internal/v3/auth/tokens?nocatalog",
        "the catalog's URL of interface and region"
    );
    for (name, want) in [
        ("x-auth-token", "own-1"),
        ("x-subject-token", "user-token"),
        ("openstack-identity-access-rules", "1"),
    ] {
        assert_eq!(check.headers.get(name).unwrap(), want, "{name}");
    }
}

#[tokio::test]
async fn without_an_endpoint_in_the_catalog_the_url_of_the_configuration_is_asked() {
    for (region, interface, want) in [
        ("", "internal", "GET /elsewhere/v3/auth/tokens?nocatalog"),
        ("RegionOne", "public", "GET /public/v3/auth/tokens?nocatalog"),
        ("Nowhere", "internal", "GET /v3/auth/tokens?nocatalog"),
    ] {
        let interface = serde_json::from_value(json!(interface)).unwrap();
        let cloud = Cloud::start_with(|config| {
            (config.region_name, config.interface) = (region.to_owned(), interface);
        });
        let cloud = cloud.await;
        cloud.keystone.know("t", token(&["member"]));
        assert_eq!(cloud.ask(Ask::get("t")).await, "200");
        assert_eq!(cloud.keystone.heard()[1].line, want, "{region} {interface:?}");
    }
}

#[tokio::test]
async fn each_answer_of_keystone_has_its_consequence() {
    for (reply, want) in [
        (Reply::token(token(&["member"])), "200"),
        (Reply::Status(404), UNAUTHORIZED),
        (Reply::Status(403), UNAVAILABLE),
        (Reply::Status(302), UNAVAILABLE),
        (Reply::Status(400), UNAVAILABLE),
        (Reply::Status(500), UNAVAILABLE),
        (Reply::Status(503), UNAVAILABLE),
        (Reply::Json(json!({"token": "none"})), UNAVAILABLE),
        (Reply::Json(json!([])), UNAVAILABLE),
        (Reply::Hang, UNAVAILABLE),
    ] {
        let cloud = Cloud::start().await;
        let shown = format!("{reply:?}");
        cloud.keystone.answer_checks([reply]);
        assert_eq!(cloud.ask(Ask::get("t")).await, want, "{shown}");
        assert_eq!(cloud.keystone.checks(), 1, "{shown}: only lost connections are tried again");
    }
}

#[tokio::test]
async fn a_request_without_a_token_asks_nobody() {
    let cloud = Cloud::start().await;
    for ask in [Ask::default(), Ask::get(""), Ask::get("t\u{e4}")] {
        assert_eq!(cloud.ask(ask).await, UNAUTHORIZED);
    }
    assert!(cloud.keystone.heard().is_empty());
}

#[tokio::test]
async fn a_refusal_tells_where_to_get_a_token() {
    let cloud = Cloud::start_with(|config| {
        config.www_authenticate_uri = "https://cloud.example.org:5000/v3".to_owned();
    });
    let answer = cloud.await.answer(Ask::get("unknown")).await;
    let header = |name: &str| answer.headers.get(name).unwrap().to_str().unwrap();
    assert_eq!(header("www-authenticate"), "Keystone uri=\"https://cloud.example.org:5000/v3\"");
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(
        answer.body,
        json!({"error": {
            "code": 401, "title": "Unauthorized",
            "message": "The request you have made requires authentication.",
        }})
    );
}

#[tokio::test]
async fn identity_is_not_here() {
    let cloud = Cloud::start().await;
    let url = cloud.keystone.url().to_owned();
    for (method, path) in [
        ("GET", "/identity"),
        ("GET", "/identity/v3"),
        ("POST", "/identity/v3/auth/tokens"),
        ("GET", "/identity/v3/users"),
    ] {
        let answer = cloud.answer(Ask { method, uri: path, ..Ask::default() }).await;
        let message = answer.body["error"]["message"].as_str().unwrap();
        assert_eq!(
            (answer.status, message),
            (404, format!("Adit leaves identity to Keystone here: ask {url}").as_str())
        );
    }
    let index = cloud.answer(Ask { uri: "/", ..Ask::default() }).await;
    assert_eq!(index.body["identity"], url);
}

#[tokio::test]
async fn the_caller_is_what_keystone_says_and_nothing_else() {
    let create = |name: &'static str| Ask {
        method: "POST",
        body: json!({"network": {"name": name}}),
        ..Ask::get("t")
    };
    let refused = "403";
    for (said, want) in [
        (token(&["member", "reader"]), "201"),
        (token(&["admin"]), "201"),
        (token(&["reader"]), refused),
        (token(&["Member"]), refused),
        (token(&["_member_"]), refused),
        (token(&["Admin"]), refused),
        (with(token(&["admin"]), "user", Value::Null), UNAUTHORIZED),
        (with(token(&["admin"]), "user", json!({"id": ""})), UNAUTHORIZED),
        (with(token(&["admin"]), "project", Value::Null), UNAUTHORIZED),
        (with(with(token(&["admin"]), "project", Value::Null), "system", json!({"all": true})), UNAUTHORIZED),
        (with(with(token(&["admin"]), "project", Value::Null), "domain", json!({"id": "d"})), UNAUTHORIZED),
        (with(with(token(&[]), "project", Value::Null), "roles", json!([])), UNAUTHORIZED),
    ] {
        let cloud = Cloud::start().await;
        cloud.keystone.know("t", said.clone());
        assert_eq!(cloud.ask_briefly(create("n")).await, want[..3], "{said}");
        // What clients say about themselves plays no part.
        let forged = [
            ("x-roles", "admin"),
            ("x-project-id", "p"),
            ("x-user-id", "u"),
            ("x-tenant-id", "p"),
            ("x-is-admin-project", "true"),
            ("x-identity-status", "Confirmed"),
        ];
        let forged = Ask { headers: forged.to_vec(), ..create("m") };
        assert_eq!(cloud.ask_briefly(forged).await, want[..3], "{said}");
    }
}

#[tokio::test]
async fn the_tenant_is_the_project_of_the_token() {
    let cloud = Cloud::start().await;
    cloud.keystone.know("t", token(&["member"]));
    cloud.keystone.know("other", with(token(&["member"]), "project", json!({"id": "q", "name": "q"})));
    let made =
        cloud.answer(Ask { method: "POST", body: json!({"network": {"name": "n"}}), ..Ask::get("t") }).await;
    assert_eq!(made.body["network"]["project_id"], "p");
    let count = |answer: &cloud::Answer| answer.body["networks"].as_array().unwrap().len();
    assert_eq!(count(&cloud.answer(Ask::get("t")).await), 1);
    assert_eq!(count(&cloud.answer(Ask::get("other")).await), 0);
}

#[tokio::test]
async fn old_clouds_map_their_roles() {
    let cloud = Cloud::start_with(|config| config.member_roles = vec!["_member_".to_owned()]).await;
    cloud.keystone.know("old", token(&["_member_"]));
    cloud.keystone.know("new", token(&["member"]));
    let create = |token| Ask { method: "POST", body: json!({"network": {"name": "n"}}), ..Ask::get(token) };
    assert_eq!(cloud.ask(create("old")).await, "201");
    assert_eq!(cloud.ask_briefly(create("new")).await, "403");
}

#[tokio::test]
async fn an_application_credential_is_held_to_its_access_rules() {
    let rule =
        |method: &str, path: &str| json!({"id": "r", "service": "network", "method": method, "path": path});
    let limited =
        json!([rule("GET", "/v2.0/networks"), rule("GET", "/v2.0/vpn/**"), rule("POST", "/v2.0/routers")]);
    for (rules, method, uri, want) in [
        (limited.clone(), "GET", "/networking/v2.0/networks", "200"),
        (limited.clone(), "GET", "/networking/v2.0/networks/", "200"),
        (limited.clone(), "GET", "/networking/v2.0/networks.json?name=n", "200"),
        (limited.clone(), "GET", "/networking/v2.0/vpn/ikepolicies", "200"),
        (limited.clone(), "GET", "/networking/v2.0/subnets", UNAUTHORIZED),
        (limited.clone(), "GET", "/networking/v2.0/networks/1", UNAUTHORIZED),
        (limited.clone(), "POST", "/networking/v2.0/networks", UNAUTHORIZED),
        (limited.clone(), "GET", "/networking/v2.0/routers", UNAUTHORIZED),
        (json!([]), "GET", "/networking/v2.0/networks", UNAUTHORIZED),
        (Value::Null, "GET", "/networking/v2.0/subnets", "200"),
    ] {
        let cloud = Cloud::start().await;
        let credential = json!({"id": "c", "name": "c", "restricted": true, "access_rules": rules});
        cloud.keystone.know("t", with(token(&["member"]), "application_credential", credential));
        cloud.keystone.know("service", token(&["service"]));
        let ask = Ask { method, uri, ..Ask::get("t") };
        assert_eq!(cloud.ask(ask.clone()).await, want, "{method} {uri} {rules}");
        // A service asks what the user's credential does not name: that is what the user's own request came to.
        let by_service = cloud.answer(Ask { headers: vec![("x-service-token", "service")], ..ask }).await;
        assert_ne!(by_service.status, 401, "{method} {uri} {rules}");
    }
}

#[tokio::test]
async fn a_service_goes_on_with_a_token_that_has_expired() {
    let expired = |roles: &[&str]| with(token(roles), "expires_at", cloud::time(-60).into());
    for (roles, required, user_token, want) in [
        (&["service"][..], true, "old", "200"),
        (&["service"], true, "good", "200"),
        (&["service"], true, "unknown", UNAUTHORIZED),
        (&["member"], true, "old", UNAUTHORIZED),
        (&["member"], true, "good", UNAUTHORIZED),
        (&["Service"], true, "good", UNAUTHORIZED),
        (&["member"], false, "old", UNAUTHORIZED),
        (&["member"], false, "good", "200"),
        (&["service"], false, "old", "200"),
    ] {
        let cloud = Cloud::start_with(|config| config.service_token_roles_required = required).await;
        cloud.keystone.know("good", token(&["member"]));
        cloud.keystone.know_expired("old", expired(&["member"]));
        cloud.keystone.know("service", token(roles));
        let by_service = Ask { headers: vec![("x-service-token", "service")], ..Ask::get(user_token) };
        assert_eq!(cloud.ask(by_service).await, want, "{roles:?} {required} {user_token}");
        let by_user = if user_token == "good" { "200" } else { UNAUTHORIZED };
        assert_eq!(cloud.ask(Ask::get(user_token)).await, by_user, "what a service may, a user may not");
    }
    let cloud = Cloud::start().await;
    cloud.keystone.know("good", token(&["member"]));
    cloud.keystone.know_expired("old-service", expired(&["service"]));
    for service in ["old-service", "unknown"] {
        let ask = Ask { headers: vec![("x-service-token", service)], ..Ask::get("good") };
        assert_eq!(cloud.ask(ask).await, UNAUTHORIZED, "{service}");
    }
    assert_eq!(cloud.ask(Ask { headers: vec![("x-service-token", "")], ..Ask::get("good") }).await, "200");
}
