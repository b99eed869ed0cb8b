//! The server, as an agent sees it.

use std::time::Duration;

use adit_api::agent::{AgentHello, AgentWelcome, CheckReport, Report, RouterChanges, RouterList, WATCH_SECS};
use adit_api::transport::{self, TransportError, Trust};
use adit_model::{AgentId, CheckId};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;

use crate::config::{AgentConfig, AgentKey};

/// For everything that is answered at once.
const LIMIT: Duration = Duration::from_secs(10);
/// A watch waits on the server's side; this much longer is a server that is gone.
const WATCH_LIMIT: Duration = Duration::from_secs(WATCH_SECS + 10);

/// What went wrong between agent and server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// No answer, or none that can be read.
    #[error("no answer from {url}: {}", causes(.source))]
    NoAnswer { url: String, source: reqwest::Error },
    /// The agent key is not the server's.
    #[error("{url} refuses the agent key: `key` in the agent's configuration must be the server's")]
    KeyRefused { url: String },
    /// The server does not know this agent, or not any more.
    #[error("{url} does not know this agent")]
    Unknown { url: String },
    /// The revision to watch from is too old for the server to tell what changed since.
    #[error("{url} has forgotten what changed since")]
    Gone { url: String },
    /// Any other answer that is no success.
    #[error("{url} answered {status}: {body}")]
    Refused { url: String, status: StatusCode, body: String },
}

/// A connection pool to one server.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    key: AgentKey,
}

impl Client {
    pub(crate) fn new(config: &AgentConfig) -> Result<Self, TransportError> {
        let http = transport::builder(&config.server_url, &Trust::default())?;
        let http = http.connect_timeout(LIMIT).no_proxy().build().map_err(TransportError::Client)?;
        let base = format!("{}/agent/v1/agents", config.server_url.trim_end_matches('/'));
        Ok(Self { http, base, key: config.key.clone() })
    }

    pub(crate) async fn hello(&self, hello: &AgentHello) -> Result<AgentId, ClientError> {
        let request = self.http.put(format!("{}/{}", self.base, hello.host)).json(hello);
        let welcome: AgentWelcome = self.json(request, LIMIT).await?;
        Ok(welcome.id)
    }

    pub(crate) async fn list(&self, agent: AgentId) -> Result<RouterList, ClientError> {
        self.json(self.http.get(format!("{}/{agent}/routers", self.base)), LIMIT).await
    }

    pub(crate) async fn watch(&self, agent: AgentId, after: u64) -> Result<RouterChanges, ClientError> {
        let request = self.http.get(format!("{}/{agent}/routers/changes?after={after}", self.base));
        self.json(request, WATCH_LIMIT).await
    }

    pub(crate) async fn report(&self, agent: AgentId, report: &Report) -> Result<(), ClientError> {
        let request = self.http.post(format!("{}/{agent}/reports", self.base)).json(report);
        self.send(request, LIMIT).await.map(drop)
    }

    pub(crate) async fn check(
        &self,
        agent: AgentId,
        check: CheckId,
        report: &CheckReport,
    ) -> Result<(), ClientError> {
        let request = self.http.put(format!("{}/{agent}/checks/{check}", self.base)).json(report);
        self.send(request, LIMIT).await.map(drop)
    }

    async fn json<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        limit: Duration,
    ) -> Result<T, ClientError> {
        self.send(request, limit).await?.json().await.map_err(|source| self.no_answer(source))
    }

    async fn send(&self, request: RequestBuilder, limit: Duration) -> Result<Response, ClientError> {
        let response = request
            .bearer_auth(self.key.expose())
            .timeout(limit)
            .send()
            .await
            .map_err(|source| self.no_answer(source))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let url = self.base.clone();
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ClientError::KeyRefused { url },
            StatusCode::NOT_FOUND => ClientError::Unknown { url },
            StatusCode::GONE => ClientError::Gone { url },
            status => {
                let body = response.text().await.unwrap_or_default().chars().take(300).collect();
                ClientError::Refused { url, status, body }
            }
        })
    }

    fn no_answer(&self, source: reqwest::Error) -> ClientError {
        ClientError::NoAnswer { url: self.base.clone(), source: source.without_url() }
    }
}

/// reqwest's own text leaves out what happened.
fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
