//! Ways to get a token, and what is said to whoever gets none.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{
    ADMIN_PASSWORD, Answer, DEMO_PASSWORD, Server, WRONG, by_password, by_token, in_project,
};

#[tokio::test]
async fn nobody_learns_which_names_exist() {
    let server = Server::start().await;
    let unknown_project = json!({"project": {"id": "0123456789abcdef0123456789abcdef"}});
    for (what, auth) in [
        ("wrong password", by_password("demo", "wrong", in_project("demo"))),
        ("unknown user", by_password("nobody", DEMO_PASSWORD, in_project("demo"))),
        ("no role there", by_password("demo", DEMO_PASSWORD, in_project("admin"))),
        ("unknown project by name", by_password("demo", DEMO_PASSWORD, in_project("nowhere"))),
        ("unknown project by id", by_password("demo", DEMO_PASSWORD, unknown_project)),
        ("scope of the system", by_password("admin", ADMIN_PASSWORD, json!({"system": {"all": true}}))),
        ("scope of a domain", by_password("admin", ADMIN_PASSWORD, json!({"domain": {"id": "default"}}))),
        ("unknown domain", by_password("admin", ADMIN_PASSWORD, json!({"domain": {"name": "nowhere"}}))),
        ("unknown token", by_token("gAAAAABinvalid", in_project("demo"))),
    ] {
        let answer = server.authenticate(auth).await;
        assert_eq!((answer.status.as_u16(), answer.message()), (401, WRONG), "{what}");
        assert_eq!(answer.headers["www-authenticate"], "Keystone uri=\"http://192.0.2.1:9696/identity/v3\"");
    }
}

#[tokio::test]
async fn a_token_from_a_token_keeps_its_expiry_and_its_origin() {
    let server = Server::start().await;
    let first = server.authenticate(by_password("admin", ADMIN_PASSWORD, json!("unscoped"))).await;
    assert!(first.body["token"].get("project").is_none());
    let second = server.authenticate(by_token(&first.subject_token(), in_project("demo"))).await;
    let third = server.authenticate(by_token(&second.subject_token(), in_project("admin"))).await;
    let token = |answer: &Answer| answer.body["token"].clone();
    let (first, second, third) = (token(&first), token(&second), token(&third));
    assert_eq!(second["project"]["name"], "demo");
    assert_eq!(third["project"]["name"], "admin");
    assert_eq!((&second["expires_at"], &third["expires_at"]), (&first["expires_at"], &first["expires_at"]));
    assert_eq!(third["methods"], json!(["password", "token"]));
    for later in [&second, &third] {
        assert_eq!(later["audit_ids"][1], first["audit_ids"][0]);
        assert_ne!(later["audit_ids"][0], first["audit_ids"][0]);
    }
}

#[tokio::test]
async fn many_who_log_in_at_a_time_are_all_served() {
    let server = Arc::new(Server::start().await);
    let mut logins = JoinSet::new();
    for _ in 0..8 {
        let server = Arc::clone(&server);
        logins.spawn(async move { server.demo().await });
    }
    for token in logins.join_all().await {
        assert_eq!(server.networking(&token).await, 200);
    }
}

#[tokio::test]
async fn a_token_lives_for_an_hour() {
    let server = Server::start().await;
    let answer = server.authenticate(by_password("demo", DEMO_PASSWORD, in_project("demo"))).await;
    let time = |key: &str| answer.body["token"][key].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert_eq!(time("expires_at").duration_since(time("issued_at")), SignedDuration::from_hours(1));
    let ids = answer.body["token"]["audit_ids"].as_array().unwrap();
    assert!(ids.len() == 1 && ids[0].as_str().unwrap().len() == 22, "{ids:?}");
    let body = json!({"auth": by_password("demo", DEMO_PASSWORD, in_project("demo"))}).to_string();
    let answer = server.send("POST", "/identity/v3/auth/tokens?nocatalog", &[], &body).await;
    assert_eq!((answer.status.as_u16(), answer.body["token"].get("catalog")), (201, None));
    // openstacksdk sends the token twice.
    let demo = answer.subject_token();
    let body = json!({"auth": by_token(&demo, in_project("demo"))}).to_string();
    let answer = server.send("POST", "/identity/v3/auth/tokens", &[("x-auth-token", &demo)], &body).await;
    assert_eq!(answer.status, 201);
}
