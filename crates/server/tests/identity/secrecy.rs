//! No secret reaches the log, at whatever level.

use std::io::{Result, Write};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{DEMO_PASSWORD, Server, by_credential, by_password, by_token, in_project};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, octets: &[u8]) -> Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn the_log_has_no_secrets() {
    let log = Log::default();
    // Of the whole process, since the database has threads of its own.
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .init();
    let mut server = Server::start().await;
    let demo = server.demo().await;
    let body = json!({"application_credential": {"name": "robot", "secret": "the robot's secret"}});
    let path = "/users/{demo user}/application_credentials";
    server.make(&demo, "robot", path, body).await;
    let generated =
        server.make(&demo, "other", path, json!({"application_credential": {"name": "other"}})).await;
    let generated = generated["secret"].as_str().unwrap();
    let by_robot = by_credential(json!({"id": "{robot}", "secret": "the robot's secret"}));
    let robot = server.authenticate(by_robot).await.subject_token();
    let again = server.authenticate(by_token(&demo, in_project("demo"))).await.subject_token();
    for auth in [
        by_password("demo", "a wrong password", in_project("demo")),
        by_credential(json!({"id": "{robot}", "secret": "a wrong secret"})),
        by_token("a-token-of-nobody", in_project("demo")),
    ] {
        assert_eq!(server.authenticate(auth).await.status, 401);
    }
    let malformed = r#"{"auth": {"identity": {"methods": ["password"], "password": {"user": {"password": "half a password"#;
    assert_eq!(server.send("POST", "/identity/v3/auth/tokens", &[], malformed).await.status, 400);
    assert_eq!(server.networking(&demo).await, 200);
    assert_eq!(server.networking("a-token-of-nobody").await, 401);
    let about = [("x-auth-token", demo.as_str()), ("x-subject-token", again.as_str())];
    for (method, status) in [("GET", 200), ("DELETE", 204), ("GET", 404)] {
        assert_eq!(server.send(method, "/identity/v3/auth/tokens", &about, "").await.status, status);
    }
    let change = json!({"user": {"original_password": DEMO_PASSWORD, "password": "a new password"}});
    assert_eq!(server.said(&demo, "POST /users/{demo user}/password", change).await, "204");
    assert_eq!(server.said(&demo, "GET /auth/catalog", Value::Null).await.split(' ').next(), Some("401"));

    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(log.contains("/identity/v3/auth/tokens"), "requests are logged");
    for secret in [
        demo.as_str(),
        &robot,
        &again,
        generated,
        DEMO_PASSWORD,
        "the robot's secret",
        "a wrong password",
        "a wrong secret",
        "a-token-of-nobody",
        "half a password",
        "a new password",
        "$argon2id$",
    ] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}
