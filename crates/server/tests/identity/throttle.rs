//! Whoever guesses has to wait. When exactly is tested beside the code; here, that each way of guessing counts.

use std::time::{Duration, Instant};

use adit_server::ServerConfig;
use serde_json::{Value, json};

use crate::support::{Answer, DEMO_PASSWORD, Server, by_credential, by_password};

/// Failures that cost nothing, and what the next attempt has to wait then.
const FREE: usize = 5;
const WAIT: Duration = Duration::from_secs(1);

async fn log_in(server: &Server, auth: &Value, address: &str) -> Answer {
    let body = server.with_ids(&json!({"auth": auth}).to_string());
    server.send("POST", "/identity/v3/auth/tokens", &[("x-forwarded-for", address)], &body).await
}

/// Fails as often as it costs nothing, each time from the next of these addresses, and tells since when one has to wait.
async fn fail(server: &Server, auth: &Value, addresses: &[&str]) -> Instant {
    let mut since = Instant::now();
    for address in addresses.iter().cycle().take(FREE) {
        since = Instant::now();
        assert_eq!(log_in(server, auth, address).await.status, 401);
    }
    since
}

#[tokio::test]
async fn a_user_is_slowed_at_the_address_where_somebody_guessed() {
    let config =
        ServerConfig { trusted_proxies: vec!["0.0.0.0/32".parse().unwrap()], ..ServerConfig::default() };
    let server = Server::start_with(config).await;
    let [right, wrong] =
        [DEMO_PASSWORD, "wrong"].map(|password| by_password("demo", password, json!("unscoped")));
    let since = fail(&server, &wrong, &["192.0.2.1"]).await;
    assert_eq!(log_in(&server, &right, "192.0.2.1").await.status, 201, "nobody is locked out");
    assert!(since.elapsed() >= WAIT);
    assert_eq!(log_in(&server, &right, "192.0.2.2").await.status, 201);
}

#[tokio::test]
async fn what_a_client_says_about_its_address_does_not_help() {
    let server = Server::start().await;
    let [right, wrong] =
        [DEMO_PASSWORD, "wrong"].map(|password| by_password("demo", password, json!("unscoped")));
    let since = fail(&server, &wrong, &["192.0.2.1", "192.0.2.2", "192.0.2.3"]).await;
    assert_eq!(log_in(&server, &right, "192.0.2.4").await.status, 201);
    assert!(since.elapsed() >= WAIT);
}

#[tokio::test]
async fn users_that_are_not_there_are_slowed_too() {
    let server = Server::start().await;
    let nobody = by_password("nobody", "wrong", json!("unscoped"));
    let since = fail(&server, &nobody, &["192.0.2.1"]).await;
    assert_eq!(log_in(&server, &nobody, "192.0.2.1").await.status, 401);
    assert!(since.elapsed() >= WAIT);
}

#[tokio::test]
async fn how_a_user_is_spelled_does_not_tell_whether_it_is_there() {
    let server = Server::start().await;
    let domains = [json!({"id": "default"}), json!({"name": "Default"})];
    let users = ["demo", "nobody"].map(|name| {
        domains.clone().map(|domain| {
            let user = json!({"name": name, "domain": domain, "password": "wrong"});
            json!({"identity": {"methods": ["password"], "password": {"user": user}}})
        })
    });
    let credentials = ["demo", "nobody"].map(|name| {
        domains.clone().map(|domain| {
            let user = json!({"name": name, "domain": domain});
            by_credential(json!({"name": "nothing", "secret": "wrong", "user": user}))
        })
    });
    for [one, other] in users.into_iter().chain(credentials) {
        let since = fail(&server, &one, &["192.0.2.1"]).await;
        assert_eq!(log_in(&server, &other, "192.0.2.1").await.status, 401);
        assert!(since.elapsed() >= WAIT, "{other}");
    }
}

#[tokio::test]
async fn secrets_of_application_credentials_are_guessed_as_slowly() {
    let mut server = Server::start().await;
    let demo = server.demo().await;
    let body = json!({"application_credential": {"name": "robot", "secret": "s"}});
    server.make(&demo, "robot", "/users/{demo user}/application_credentials", body).await;
    let [right, wrong] =
        ["s", "wrong"].map(|secret| by_credential(json!({"id": "{robot}", "secret": secret})));
    let since = fail(&server, &wrong, &["192.0.2.1"]).await;
    assert_eq!(log_in(&server, &right, "192.0.2.1").await.status, 201);
    assert!(since.elapsed() >= WAIT);
}

#[tokio::test]
async fn the_original_password_is_guessed_as_slowly() {
    let server = Server::start().await;
    let demo = server.demo().await;
    let change = |original: &str| json!({"user": {"password": "new", "original_password": original}});
    let mut since = Instant::now();
    for _ in 0..FREE {
        since = Instant::now();
        let said = server.said(&demo, "POST /users/{demo user}/password", change("wrong")).await;
        assert_eq!(said, "401 The request you have made requires authentication.");
    }
    let said = server.said(&demo, "POST /users/{demo user}/password", change(DEMO_PASSWORD)).await;
    assert_eq!(said, "204");
    assert!(since.elapsed() >= WAIT);
}
