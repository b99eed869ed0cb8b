//! A server of the Networking API behind a scripted Keystone, and a clock that the test turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use adit_store::{SealingKey, Store};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use super::scripted::Scripted;
use crate::identity::keystone::Keystone;
use crate::identity::keystone::config::{KeystoneConfig, ServicePassword};
use crate::{App, ServerConfig};

/// When all tests begin.
const BEGINNING: i64 = 1_800_000_000;

/// Both servers.
pub(super) struct Cloud {
    pub(super) keystone: Scripted,
    router: Router,
    passed: Arc<AtomicI64>,
    _state: TempDir,
}

/// A request to the Networking API.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) method: &'static str,
    pub(super) uri: &'static str,
    pub(super) token: Option<&'static str>,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) body: Value,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

/// A moment as Keystone writes it, so many seconds after the beginning.
pub(super) fn time(second: i64) -> String {
    format!("{:.6}", Timestamp::from_second(BEGINNING + second).unwrap())
}

impl Default for Ask {
    fn default() -> Self {
        let uri = "/networking/v2.0/networks";
        Self { method: "GET", uri, token: None, headers: Vec::new(), body: Value::Null }
    }
}

impl Ask {
    /// `GET` of the networks.
    pub(super) fn get(token: &'static str) -> Self {
        Self { token: Some(token), ..Self::default() }
    }
}

impl Cloud {
    pub(super) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(super) async fn start_with(change: impl FnOnce(&mut KeystoneConfig)) -> Self {
        Self::behind(Scripted::start().await, change).await
    }

    pub(super) async fn behind(keystone: Scripted, change: impl FnOnce(&mut KeystoneConfig)) -> Self {
        let mut config = KeystoneConfig {
            auth_url: keystone.url().to_owned(),
            password: ServicePassword::new("secret"),
            region_name: "RegionOne".to_owned(),
            timeout_secs: 1,
            ..KeystoneConfig::default()
        };
        change(&mut config);
        let passed = Arc::new(AtomicI64::new(0));
        let clock = {
            let passed = Arc::clone(&passed);
            Arc::new(move || Timestamp::from_second(BEGINNING + passed.load(Ordering::Relaxed)).unwrap())
        };
        let state = tempfile::tempdir().unwrap();
        let url = Store::sqlite_url(&state.path().join("adit.db"));
        let store = Store::connect(&url, SealingKey::generate()).await.unwrap();
        store.migrate().await.unwrap();
        let provider = Keystone::new(config, clock).unwrap();
        let app = App::with_keystone(store, ServerConfig::default(), "agent key".to_owned(), Some(provider));
        Self { keystone, router: crate::http::router(app), passed, _state: state }
    }

    /// Lets time pass.
    pub(super) fn pass(&self, seconds: i64) {
        self.passed.fetch_add(seconds, Ordering::Relaxed);
    }

    /// The status of the answer, with the message of a refusal.
    pub(super) async fn ask(&self, ask: Ask) -> String {
        let Answer { status, body, .. } = self.answer(ask).await;
        let message = [&body["error"]["message"], &body["NeutronError"]["message"]];
        match message.into_iter().find_map(Value::as_str) {
            Some(message) => format!("{status} {message}"),
            None => status.to_string(),
        }
    }

    /// The status of the answer alone.
    pub(super) async fn ask_briefly(&self, ask: Ask) -> String {
        self.answer(ask).await.status.to_string()
    }

    pub(super) async fn answer(&self, ask: Ask) -> Answer {
        let Ask { method, uri, token, headers, body } = ask;
        let mut request = Request::builder().method(method).uri(uri).header("host", "192.0.2.1:9696");
        for (name, value) in token.map(|token| ("x-auth-token", token)).into_iter().chain(headers) {
            request = request.header(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let response = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let octets = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&octets).unwrap_or_default();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }
}
