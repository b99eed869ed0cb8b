//! What Adit asks Keystone, and what the answers mean.

use std::fmt;
use std::time::Duration;

use adit_api::transport;
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use super::Expired;
use super::config::{Interface, KeystoneConfig, KeystoneError, ServicePassword};
use super::own_token::Own;
use super::subject::{Answer, Service, Subject, Token};

/// The first pause before another try; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Why Keystone could not say what a token is worth. It tells no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    reason: String,
}

/// What Keystone says about a user's token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is good, and this is what it says.
    Valid(Subject),
    /// It is not good.
    NotValid,
    /// Adit may not ask: its own token is not good, or not any more.
    OwnTokenRefused,
}

/// Why there is no token for Adit itself.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Keystone does not know Adit's user by that password, or not in that project.
    Credentials(Failure),
    /// Anything else, which may be over in a moment.
    Other(Failure),
}

/// The way to Keystone.
pub(super) struct Connection {
    http: reqwest::Client,
    /// Ends in `/v3`.
    auth_url: String,
    /// Who Adit is, but for the password.
    user: Value,
    scope: Value,
    region: String,
    interface: Interface,
    limit: Duration,
    retries: u32,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl Failure {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl Connection {
    pub(super) fn new(config: &KeystoneConfig) -> Result<Self, KeystoneError> {
        let limit = Duration::from_secs(config.timeout_secs.max(1).into());
        let http = transport::builder(&config.auth_url, &config.trust())?
            .user_agent(concat!("adit/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limit / (config.retries + 1))
            // Tokens go nowhere but where the operator and the catalog say.
            .redirect(Policy::none());
        Ok(Self {
            http: http.build().map_err(transport::TransportError::Client)?,
            auth_url: transport::identity_v3(&config.auth_url),
            user: json!({"name": config.username, "domain": {"name": config.user_domain_name}}),
            scope: json!({"project": {
                "name": config.project_name,
                "domain": {"name": config.project_domain_name},
            }}),
            region: config.region_name.clone(),
            interface: config.interface,
            limit,
            retries: config.retries,
        })
    }

    /// Gets a token for Adit itself.
    pub(super) async fn authenticate(&self, password: &ServicePassword) -> Result<Own, Refusal> {
        let mut user = self.user.clone();
        user["password"] = password.expose().into();
        let identity = json!({"methods": ["password"], "password": {"user": user}});
        let body = json!({"auth": {"identity": identity, "scope": self.scope}});
        let request = self.http.post(format!("{}/auth/tokens", self.auth_url)).json(&body);
        let (status, headers, octets) = self.ask(&request).await.map_err(Refusal::Other)?;
        match status {
            StatusCode::CREATED => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let hint = "Keystone refuses Adit's own user: check `username`, `password`, `project_name` and the \
                            domains of `[identity.keystone]`";
                return Err(Refusal::Credentials(Failure::new(hint)));
            }
            other => return Err(Refusal::Other(unexpected("the request for Adit's own token", other))),
        }
        let text = headers.get("x-subject-token").and_then(|text| text.to_str().ok());
        let text = text.ok_or_else(|| Refusal::Other(Failure::new("Adit's own token has no text")))?;
        let token = parse(&octets).map_err(Refusal::Other)?;
        let lifetime = token.expires_at.duration_since(token.issued_at.unwrap_or_else(Timestamp::now));
        let endpoint = self.endpoint(&token.catalog);
        Ok(Own { text: text.to_owned(), endpoint, lifetime })
    }

    /// Shows a user's token to Keystone.
    pub(super) async fn validate(
        &self,
        own: &Own,
        token: &str,
        expired: Expired,
    ) -> Result<Verdict, Failure> {
        let Ok(subject) = secret(token) else { return Ok(Verdict::NotValid) };
        let own_text = secret(&own.text).map_err(|_| Failure::new("Adit's own token fits no header"))?;
        let query = match expired {
            Expired::Refused => "nocatalog",
            Expired::Accepted => "nocatalog&allow_expired=1",
        };
        let request = self
            .http
            .get(format!("{}/auth/tokens?{query}", own.endpoint))
            .header("x-auth-token", own_text)
            .header("x-subject-token", subject)
            // Without it, Keystone refuses tokens that are limited by access rules.
            .header("openstack-identity-access-rules", "1");
        let (status, _, octets) = self.ask(&request).await?;
        match status {
            StatusCode::OK => Ok(Verdict::Valid(parse(&octets)?.into())),
            StatusCode::NOT_FOUND => Ok(Verdict::NotValid),
            StatusCode::UNAUTHORIZED => Ok(Verdict::OwnTokenRefused),
            StatusCode::FORBIDDEN => Err(Failure::new(
                "Keystone does not let Adit's own user validate tokens: give it the role `service` in its project",
            )),
            other => Err(unexpected("a validation", other)),
        }
    }

    /// The Identity API of the catalog, or the one that gave the token.
    fn endpoint(&self, catalog: &[Service]) -> String {
        let identity = catalog.iter().filter(|service| service.service_type == "identity");
        let mut endpoints = identity.flat_map(|service| &service.endpoints).filter(|endpoint| {
            let is_near = self.region.is_empty() || endpoint.region_id.as_ref() == Some(&self.region);
            is_near && endpoint.interface == self.interface.as_str()
        });
        endpoints.next().map_or_else(|| self.auth_url.clone(), |found| transport::identity_v3(&found.url))
    }

    /// Sends a request, again when no connection comes about, and reads the whole answer; all within the limit.
    async fn ask(&self, request: &RequestBuilder) -> Result<(StatusCode, HeaderMap, Vec<u8>), Failure> {
        let asking = async {
            let response = self.send(request).await?;
            let (status, headers) = (response.status(), response.headers().clone());
            let octets = response.bytes().await.map_err(|error| no_answer(&error))?;
            Ok((status, headers, octets.to_vec()))
        };
        let late = |_| Failure::new(format!("no answer within {} s", self.limit.as_secs()));
        tokio::time::timeout(self.limit, asking).await.map_err(late)?
    }

    async fn send(&self, request: &RequestBuilder) -> Result<Response, Failure> {
        let mut pause = FIRST_PAUSE;
        for retries_left in (0..=self.retries).rev() {
            let again = request.try_clone().ok_or_else(|| Failure::new("a request cannot be repeated"))?;
            match again.send().await {
                Ok(response) => return Ok(response),
                Err(error) if retries_left == 0 || !is_lost_connection(&error) => {
                    return Err(no_answer(&error));
                }
                Err(_) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
        }
        Err(Failure::new("nobody was asked"))
    }
}

/// Whether there was no connection, or it ended before there was an answer.
fn is_lost_connection(error: &reqwest::Error) -> bool {
    error.is_connect() || (error.is_request() && !error.is_timeout())
}

fn secret(text: &str) -> Result<HeaderValue, reqwest::header::InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}

fn parse(octets: &[u8]) -> Result<Token, Failure> {
    let answer: Answer = serde_json::from_slice(octets)
        .map_err(|error| Failure::new(format!("Keystone's answer is no token: {error}")))?;
    Ok(answer.token)
}

fn unexpected(what: &str, status: StatusCode) -> Failure {
    Failure::new(format!("Keystone answers {what} with {status}"))
}

/// reqwest's own text leaves out what happened.
fn no_answer(error: &reqwest::Error) -> Failure {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    Failure::new(text)
}
