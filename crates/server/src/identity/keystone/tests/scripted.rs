//! A Keystone that a script plays: it hears everything, and says what it was told to.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::cloud;

/// What it says once.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// This status and no more.
    Status(u16),
    /// 200 with this body.
    Json(Value),
    /// Nothing, ever.
    Hang,
}

/// A request that it heard.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) line: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

/// The server; gone with its handle.
pub(super) struct Scripted {
    url: String,
    script: Arc<Mutex<Script>>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Script {
    url: String,
    heard: Vec<Heard>,
    /// How many tokens Adit got for itself.
    logins: usize,
    /// Said to logins, one after the other, before they succeed.
    login_replies: VecDeque<Reply>,
    /// Said to checks, one after the other, before tokens are looked up.
    check_replies: VecDeque<Reply>,
    tokens: HashMap<String, Value>,
    expired: HashMap<String, Value>,
    own_lifetime: i64,
    /// Adit's own token that is good; each login makes the next one good.
    good: String,
}

impl Reply {
    pub(super) fn token(token: Value) -> Self {
        Self::Json(json!({"token": token}))
    }
}

impl Scripted {
    pub(super) async fn start() -> Self {
        Self::start_losing(0).await
    }

    /// One that loses so many connections as soon as they are made.
    pub(super) async fn start_losing(lost: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script = Script { url: url.clone(), own_lifetime: 3600, ..Script::default() };
        let script = Arc::new(Mutex::new(script));
        let router = Router::new().fallback(serve).with_state(Arc::clone(&script));
        let serving = tokio::spawn(async move {
            axum::serve(Losing { listener, lost }, router).await.unwrap();
        });
        Self { url, script, serving }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// A token that is valid.
    pub(super) fn know(&self, text: &str, token: Value) {
        self.script.lock().unwrap().tokens.insert(text.to_owned(), token);
    }

    /// A token that is told about only if asked for with `allow_expired`.
    pub(super) fn know_expired(&self, text: &str, token: Value) {
        self.script.lock().unwrap().expired.insert(text.to_owned(), token);
    }

    /// A token that is not valid any more.
    pub(super) fn revoke(&self, text: &str) {
        self.script.lock().unwrap().tokens.remove(text).unwrap();
    }

    /// Adit's own token is not valid any more.
    pub(super) fn revoke_own(&self) {
        self.script.lock().unwrap().good.clear();
    }

    /// Adit's own tokens are to live for so many seconds.
    pub(super) fn let_own_live(&self, seconds: i64) {
        self.script.lock().unwrap().own_lifetime = seconds;
    }

    pub(super) fn answer_checks(&self, replies: impl IntoIterator<Item = Reply>) {
        self.script.lock().unwrap().check_replies.extend(replies);
    }

    pub(super) fn answer_logins(&self, replies: impl IntoIterator<Item = Reply>) {
        self.script.lock().unwrap().login_replies.extend(replies);
    }

    pub(super) fn heard(&self) -> Vec<Heard> {
        self.script.lock().unwrap().heard.clone()
    }

    /// How often it was asked for a token.
    pub(super) fn logins(&self) -> usize {
        self.heard().iter().filter(|heard| heard.line.starts_with("POST ")).count()
    }

    /// How often it was asked about a token.
    pub(super) fn checks(&self) -> usize {
        self.heard().iter().filter(|heard| heard.line.starts_with("GET ")).count()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(
    State(script): State<Arc<Mutex<Script>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let reply = {
        let mut script = script.lock().unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        script.heard.push(Heard { line: format!("{method} {uri}"), headers: headers.clone(), body });
        if method == Method::POST { script.log_in() } else { Ok(script.check(&uri, &headers)) }
    };
    match reply {
        Err(response) => *response,
        Ok(Reply::Status(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        Ok(Reply::Json(body)) => axum::Json(body).into_response(),
        Ok(Reply::Hang) => std::future::pending().await,
    }
}

impl Script {
    /// A token for Adit as `Err`, since it is no [`Reply`].
    fn log_in(&mut self) -> Result<Reply, Box<Response>> {
        if let Some(reply) = self.login_replies.pop_front() {
            return Ok(reply);
        }
        self.logins += 1;
        self.good = format!("own-{}", self.logins);
        let endpoint = |interface: &str, region: &str, path: &str| json!({"interface": interface, "region_id": region, "region": region, "url": format!("{}{path}", self.url)});
        let body = json!({"token": {
            "user": {"id": "adit"},
            "issued_at": cloud::time(0),
            "expires_at": cloud::time(self.own_lifetime),
            "catalog": [
                {"type": "network", "endpoints": [endpoint("internal", "RegionOne", "/networking")]},
                {"type": "identity", "endpoints": [
                    endpoint("internal", "RegionTwo", "/elsewhere"),
                    endpoint("public", "RegionOne", "/public/v3/"),
                    endpoint("internal", "RegionOne", "/internal"),
                ]},
            ],
        }});
        let headers = [("x-subject-token", self.good.clone())];
        Err(Box::new((StatusCode::CREATED, headers, axum::Json(body)).into_response()))
    }

    fn check(&mut self, uri: &Uri, headers: &HeaderMap) -> Reply {
        if let Some(reply) = self.check_replies.pop_front() {
            return reply;
        }
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if self.good.is_empty() || header("x-auth-token") != self.good {
            return Reply::Status(401);
        }
        let subject = header("x-subject-token");
        let allows_expired = uri.query().unwrap_or_default().contains("allow_expired=1");
        let expired = self.expired.get(subject).filter(|_| allows_expired);
        match self.tokens.get(subject).or(expired) {
            Some(token) => Reply::token(token.clone()),
            None => Reply::Status(404),
        }
    }
}

/// Loses its first connections.
struct Losing {
    listener: TcpListener,
    lost: usize,
}

impl Listener for Losing {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            let accepted = Listener::accept(&mut self.listener).await;
            if self.lost == 0 {
                return accepted;
            }
            self.lost -= 1;
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
