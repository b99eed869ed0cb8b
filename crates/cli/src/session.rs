//! A session: a token, the catalog that came with it, and requests with both.
//!
//! The crate `openstack_sdk` was considered for this and for the authentication, and left out: with the features `async`,
//! `network` and `identity` it stands for 253 crates where this one has half of that (its TLS alone brings a second
//! cryptography, `aws-lc-rs`, which has to be built by a C compiler, beside the workspace's `ring`), and it asks each service
//! for its versions before the first request, where a catalog has said all that a command needs to know. What is
//! needed of it - the body that asks for a token, and an endpoint of the catalog - has a hundred lines here.
//!
//! One command sends one request for its token and one for what it does, as far as names need not be looked up. Nothing is
//! kept on disk: a token in a file would be a secret in a file.

use std::cell::{OnceCell, RefCell};
use std::time::Duration;

use adit_api::transport::{self, Silence, Trouble};
use adit_api::view::encode;
use reqwest::Method;
use serde_json::{Map, Value};

use crate::auth::options::Setting;
use crate::auth::{Access, request};
use crate::error::{self, Error, Result};
use crate::say;

/// How long a request may take.
const LIMIT: Duration = Duration::from_secs(60);

/// What stands for the id of who asks, in a path.
pub(crate) const OWN: &str = "{user}";

/// Which API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Networking v2.0.
    Network,
    /// Identity v3.
    Identity,
}

/// A token, and what came with it.
pub(crate) struct Session {
    clients: Clients,
    access: Access,
    /// The token's id, for `X-Auth-Token`.
    pub(crate) token: String,
    /// The token as the server described it.
    pub(crate) description: Value,
    bases: [OnceCell<String>; 2],
}

/// An object of an API as the server sent it.
pub(crate) type Object = Map<String, Value>;

impl Session {
    /// Gets a token.
    pub(crate) async fn open(access: Access) -> Result<Self> {
        let auth_url = transport::identity_v3(auth_url(&access)?);
        let body = request::body(&access)?;
        if access.is_insecure() && auth_url.starts_with("https:") {
            say(
                "adit: warning: certificates are not checked (`--insecure`): anybody between here and the server can read and change everything",
            );
        }
        let clients = Clients::default();
        let url = format!("{auth_url}/auth/tokens");
        let answer = answer(clients.of(&url, &access)?.post(&url).json(&body), &url).await;
        let answer = answer.map_err(|error| no_tokens(error, &url))?;
        let Some(token) = answer.token else { return Err(no_api(&url, "the answer has no token")) };
        let description = answer.body.get("token").cloned().unwrap_or_default();
        Ok(Self { clients, access, token, description, bases: Default::default() })
    }

    /// Sends a request to a path of a service, in which [`OWN`] is one's own id, and returns the body of the answer.
    pub(crate) async fn send(
        &self,
        service: Service,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        let own = self.description["user"]["id"].as_str().unwrap_or_default();
        let url = format!("{}/{}", self.base(service)?, path.replace(OWN, &encode(own)));
        self.send_with(method, &url, &[], body).await
    }

    /// Gets something.
    pub(crate) async fn get(&self, service: Service, path: &str) -> Result<Value> {
        self.send(service, Method::GET, path, None).await
    }

    /// Sends a request with headers of its own.
    pub(crate) async fn send_with(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value> {
        let client = self.clients.of(url, &self.access)?;
        let mut request = client.request(method, url).header("X-Auth-Token", &self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        Ok(answer(request, url).await?.body)
    }

    /// The base URL of a service, with the version.
    pub(crate) fn base(&self, service: Service) -> Result<&str> {
        let base = &self.bases[service as usize];
        if base.get().is_none() {
            let found = match service {
                Service::Network => self.endpoint("network", "/v2.0"),
                // A token without a catalog is still good for the Identity API that gave it.
                Service::Identity => self
                    .endpoint("identity", "/v3")
                    .or_else(|_| Ok(transport::identity_v3(self.access.need(Setting::AuthUrl)?))),
            }?;
            // It was empty above, and nobody else is here.
            let _ = base.set(found);
        }
        Ok(base.get().map(String::as_str).unwrap_or_default())
    }

    fn endpoint(&self, kind: &str, version: &str) -> Result<String> {
        let (region, interface) = (self.access.get(Setting::Region), self.access.interface());
        let services = self.description["catalog"].as_array().into_iter().flatten();
        let mut endpoints = services
            .filter(|service| service["type"] == kind)
            .flat_map(|service| service["endpoints"].as_array().into_iter().flatten())
            .filter(|endpoint| endpoint["interface"] == interface)
            .filter(|endpoint| {
                region.is_none_or(|region| endpoint["region_id"] == region || endpoint["region"] == region)
            });
        let url = endpoints.next().and_then(|endpoint| endpoint["url"].as_str());
        let url = url.ok_or_else(|| {
            if self.description["project"].is_null() && !self.has(kind) {
                return Error::Usage(format!(
                    "the token is for no project, and with it there is no {kind} service: name a project with \
                     `--os-project-name NAME`, by OS_PROJECT_NAME, or as `project_name` in `clouds.yaml`"
                ));
            }
            let region = region.map(|region| format!(" in region {region}")).unwrap_or_default();
            Error::NotFound(format!("the catalog has no {interface} endpoint of a {kind} service{region}"))
        })?;
        let url = url.trim_end_matches('/');
        Ok(if url.ends_with(version) { url.to_owned() } else { format!("{url}{version}") })
    }

    /// Whether the catalog has a service of this type, wherever it may be.
    fn has(&self, kind: &str) -> bool {
        self.description["catalog"].as_array().into_iter().flatten().any(|service| service["type"] == kind)
    }
}

/// Where tokens are had: a URL, since what is none is a mistake of who wrote it.
fn auth_url(access: &Access) -> Result<&str> {
    let given = access.need(Setting::AuthUrl)?;
    let is_url = reqwest::Url::parse(given)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
    if is_url {
        return Ok(given);
    }
    let what = if given.is_empty() { "is empty".to_owned() } else { format!("`{given}` is no URL") };
    Err(Error::Usage(format!(
        "`auth_url` {what}: it begins with `http://` or `https://`, as `http://HOST:9696/identity/v3` does"
    )))
}

/// What it means that a server has nothing where tokens should be had: there is a server, but no Identity API.
fn no_tokens(error: Error, url: &str) -> Error {
    let Error::Refused { status: status @ (404 | 405 | 410), message, .. } = &error else { return error };
    // One that knows where it is says so.
    let words = message.trim_end();
    let words = if words.contains(error::WORDLESS) { String::new() } else { format!(": {words}") };
    Error::Unreachable {
        url: url.to_owned(),
        why: format!("there is no Identity API{words} (HTTP {status})"),
        hint: "is `auth_url` right? It is where the Identity API is, as in `http://HOST:9696/identity/v3`",
    }
}

/// A client for each server: what TLS needs is read only for those that speak it, and proxies are asked only for those
/// that are far.
#[derive(Default)]
struct Clients(RefCell<Vec<(String, reqwest::Client)>>);

impl Clients {
    fn of(&self, url: &str, access: &Access) -> Result<reqwest::Client> {
        let server: String = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        if let Some((_, client)) = self.0.borrow().iter().find(|(known, _)| *known == server) {
            return Ok(client.clone());
        }
        let wrong = |error: &dyn std::error::Error| Error::Usage(chain(error));
        let builder = transport::builder(url, &access.trust()).map_err(|error| wrong(&error))?;
        // Who follows where a server points tells a token, or a password, to whoever is there.
        let builder = builder.redirect(reqwest::redirect::Policy::none());
        let client = builder.timeout(LIMIT).build().map_err(|error| wrong(&error))?;
        self.0.borrow_mut().push((server, client.clone()));
        Ok(client)
    }
}

struct Answer {
    body: Value,
    token: Option<String>,
}

async fn answer(request: reqwest::RequestBuilder, url: &str) -> Result<Answer> {
    let unreachable = |error: reqwest::Error| silent(&error, url);
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let header =
        |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (token, request_id) = (header("x-subject-token"), header("x-openstack-request-id"));
    if let Some(elsewhere) = header("location").filter(|_| status.is_redirection()) {
        let why = format!(
            "it says to go to {elsewhere}, which is not followed: who is there would be told secrets"
        );
        return Err(Error::Unreachable { url: url.to_owned(), why, hint: IS_IT_RIGHT });
    }
    let octets = response.bytes().await.map_err(unreachable)?;
    let body: Option<Value> = serde_json::from_slice(&octets).ok();
    if status.is_success() {
        if body.is_none() && !octets.is_empty() {
            return Err(no_api(url, "the answer is no JSON"));
        }
        return Ok(Answer { body: body.unwrap_or_default(), token });
    }
    let message = body.as_ref().and_then(error::words);
    let message = message.unwrap_or_else(|| {
        let status = status.canonical_reason().unwrap_or("no known status");
        format!("{url} {}: {status}", error::WORDLESS)
    });
    Err(Error::Refused { status: status.as_u16(), message, request_id })
}

/// What to look at where nobody answers.
const IS_IT_RIGHT: &str = "is `auth_url` right, and does the server run?";

fn no_api(url: &str, why: &str) -> Error {
    let why = format!("{why}: is it a server of this API?");
    Error::Unreachable { url: url.to_owned(), why, hint: IS_IT_RIGHT }
}

/// A request that got no answer, without the URL in the reason, since it is told anyway.
fn silent(error: &reqwest::Error, url: &str) -> Error {
    let url = url.to_owned();
    if error.is_timeout() {
        let why = format!("no answer within {} seconds", LIMIT.as_secs());
        return Error::Unreachable { url, why, hint: IS_IT_RIGHT };
    }
    let Silence { trouble, why } = Silence::of(error);
    let hint = match trouble {
        Trouble::Distrusted => {
            "`--os-cacert FILE`, or `cacert:` in `clouds.yaml`, names the certificates to trust: that of the authority that \
             signed the server's, or the server's own"
        }
        Trouble::Name => {
            "`auth_url` must call the server by a name that its certificate has (subjectAltName)"
        }
        Trouble::Date => "the server needs a new certificate, unless the clock of this machine is wrong",
        Trouble::NoTls => "does the server want a URL that begins with `http:`, or is it another port?",
        Trouble::Other => IS_IT_RIGHT,
    };
    Error::Unreachable { url, why, hint }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
