//! A server with a fresh database, and people who ask it things: the whole of its HTTP, without a socket.

#![allow(dead_code, unreachable_pub, reason = "shared by test programs that each use another part of it")]

pub mod cloud;
pub mod kinds;

use std::sync::Arc;

use adit_server::{App, Bootstrap, Bootstrapped, ServerConfig};
use adit_store::{SealingKey, Store};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

/// A server.
pub struct Server {
    pub app: App,
    /// Of what a first start makes.
    pub ids: Bootstrapped,
    router: Router,
    state: Arc<TempDir>,
}

/// An answer: its status and its body, `null` when there is none.
#[derive(Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub token: Option<String>,
}

/// An answer as it is sent.
#[derive(Debug)]
pub struct Raw {
    pub status: u16,
    pub headers: axum::http::HeaderMap,
    pub text: String,
}

/// A token, and the project that it is scoped to.
#[derive(Clone, Debug)]
pub struct Person {
    pub token: String,
    pub project: String,
}

pub const ADMIN_PASSWORD: &str = "admin-password";
pub const DEMO_PASSWORD: &str = "demo-password";
pub const AGENT_KEY: &str = "agent-key";

impl Server {
    /// With the users `admin` and `demo`, each in the project of that name.
    pub async fn start() -> Self {
        Self::start_with(ServerConfig::default()).await
    }

    /// The same, configured.
    pub async fn start_with(config: ServerConfig) -> Self {
        let state = Arc::new(tempfile::tempdir().unwrap());
        let app = open(&state, config).await;
        let ids = app.bootstrap(bootstrap()).await.unwrap();
        Self { router: adit_server::http::router(app.clone()), app, ids, state }
    }

    /// With the same users, in this database, which is empty so far.
    pub async fn start_in(url: &str) -> Self {
        let state = Arc::new(tempfile::tempdir().unwrap());
        let app = open_in(url, &state, ServerConfig::default()).await;
        let ids = app.bootstrap(bootstrap()).await.unwrap();
        Self { router: adit_server::http::router(app.clone()), app, ids, state }
    }

    /// The URL of the database, when it is a file.
    pub fn database(&self) -> String {
        Store::sqlite_url(&self.state.path().join("adit.db"))
    }

    /// Another one with the same database.
    pub async fn beside(&self, config: ServerConfig) -> Self {
        let app = open(&self.state, config).await;
        let (ids, state) = (self.ids.clone(), Arc::clone(&self.state));
        Self { router: adit_server::http::router(app.clone()), app, ids, state }
    }

    /// Asks for something.
    pub async fn call(&self, token: Option<&str>, method: &str, path: &str, body: &Value) -> Answer {
        let headers = token.map(|token| ("x-auth-token", token.to_owned()));
        self.send(headers, method, path, body).await
    }

    /// Asks with a body that need not be JSON.
    pub async fn call_raw(&self, token: &str, method: &str, path: &str, body: &str) -> Answer {
        self.send_text(Some(("x-auth-token", token.to_owned())), method, path, body.to_owned()).await
    }

    /// Asks as an agent does.
    pub async fn call_as_agent(&self, key: &str, method: &str, path: &str, body: &Value) -> Answer {
        self.send(Some(("authorization", format!("Bearer {key}"))), method, path, body).await
    }

    /// Asks with exactly these headers and this body.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Raw {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let octets = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(octets.to_vec()).unwrap();
        Raw { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    async fn send(&self, header: Option<(&str, String)>, method: &str, path: &str, body: &Value) -> Answer {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.send_text(header, method, path, text).await
    }

    async fn send_text(
        &self,
        header: Option<(&str, String)>,
        method: &str,
        path: &str,
        text: String,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("accept", "application/json");
        request = request.header("content-type", "application/json");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let response = self.router.clone().oneshot(request.body(Body::from(text)).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let token = response.headers().get("x-subject-token").map(|token| token.to_str().unwrap().to_owned());
        let octets = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer { status, body: serde_json::from_slice(&octets).unwrap_or_default(), token }
    }

    /// A token for a user in a project, both of the domain `default`.
    pub async fn log_in(&self, user: &str, password: &str, project: &str) -> Person {
        let domain = json!({"id": "default"});
        let body = json!({"auth": {
            "identity": {
                "methods": ["password"],
                "password": {"user": {"name": user, "domain": domain, "password": password}},
            },
            "scope": {"project": {"name": project, "domain": domain}},
        }});
        let answer = self.call(None, "POST", "/identity/v3/auth/tokens", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let project = answer.body["token"]["project"]["id"].as_str().unwrap().to_owned();
        Person { token: answer.token.unwrap(), project }
    }
}

async fn open(state: &TempDir, config: ServerConfig) -> App {
    open_in(&Store::sqlite_url(&state.path().join("adit.db")), state, config).await
}

async fn open_in(url: &str, state: &TempDir, config: ServerConfig) -> App {
    let key = SealingKey::load_or_create(&state.path().join("key")).unwrap();
    let store = Store::connect(url, key).await.unwrap();
    store.migrate().await.unwrap();
    App::new(store, config, AGENT_KEY.to_owned())
}

/// The first users' passwords.
pub fn bootstrap() -> Bootstrap {
    Bootstrap { admin_password: ADMIN_PASSWORD.to_owned(), demo_password: DEMO_PASSWORD.to_owned() }
}
