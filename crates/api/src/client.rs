//! The HTTP client: a token by password, then objects of the Networking API by name or id.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::transport::{self, TransportError, Trust};

/// Who a client is, and where.
#[derive(Clone)]
pub struct Credentials {
    /// Base of the Identity API, ending in `/v3`.
    pub auth_url: String,
    /// Name of the user.
    pub username: String,
    /// Its password.
    pub password: String,
    /// Name of the project to act in.
    pub project_name: String,
    /// Name of the user's domain.
    pub user_domain_name: String,
    /// Name of the project's domain.
    pub project_domain_name: String,
    /// Region of the catalog; the first one when `None`.
    pub region: Option<String>,
    /// Whom to trust where the URLs begin with `https`.
    pub trust: Trust,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({} at {})", self.username, self.auth_url)
    }
}

/// Why a request did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A variable is not set.
    #[error("{0} is not set")]
    Variable(&'static str),
    /// Nobody can be asked.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Nobody answers, or not as a server of this API does.
    #[error("no answer from {url}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why not.
        #[source]
        source: reqwest::Error,
    },
    /// The server refused.
    #[error("{message} (HTTP {status}, {request_id})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The `type` of the refusal; empty when the server did not give one.
        kind: String,
        /// The server's words.
        message: String,
        /// For the server's log.
        request_id: String,
    },
    /// The token's catalog has no Networking API.
    #[error("the catalog has no network service in region {region}")]
    NoEndpoint {
        /// Where it was looked for.
        region: String,
    },
    /// No object, or several.
    #[error("{count} of the {collection} are called `{name}`, one was expected")]
    NotOne {
        /// How many there are.
        count: usize,
        /// As in "networks".
        collection: String,
        /// What was looked for.
        name: String,
    },
    /// An answer lacks something that it must have.
    #[error("the answer has no `{0}`")]
    Malformed(String),
}

/// Result of a request.
pub type Result<T> = std::result::Result<T, ClientError>;

/// How long a request may take.
const LIMIT: Duration = Duration::from_secs(30);

/// A client with a token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    token: String,
    networking: String,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.networking)
    }
}

/// An object of the API as the server sent it.
#[derive(Clone, Debug, PartialEq)]
pub struct Object(Map<String, Value>);

impl Credentials {
    /// The credentials that the usual `OS_*` variables name.
    ///
    /// # Errors
    /// [`ClientError::Variable`].
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let required = |name: &'static str| variable(name).ok_or(ClientError::Variable(name));
        Ok(Self {
            auth_url: transport::identity_v3(&required("OS_AUTH_URL")?),
            username: required("OS_USERNAME")?,
            password: required("OS_PASSWORD")?,
            project_name: required("OS_PROJECT_NAME")?,
            user_domain_name: variable("OS_USER_DOMAIN_NAME").unwrap_or_else(|| "Default".to_owned()),
            project_domain_name: variable("OS_PROJECT_DOMAIN_NAME").unwrap_or_else(|| "Default".to_owned()),
            region: variable("OS_REGION_NAME"),
            trust: Trust { cafile: variable("OS_CACERT").map(PathBuf::from), insecure: false },
        })
    }
}

impl Client {
    /// Gets a token, and with it the address of the Networking API.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`], [`ClientError::Refused`], [`ClientError::NoEndpoint`].
    pub async fn connect(credentials: &Credentials) -> Result<Self> {
        let url = format!("{}/auth/tokens", credentials.auth_url);
        let unreachable = |source| ClientError::Unreachable { url: url.clone(), source };
        let http =
            transport::builder(&url, &credentials.trust)?.timeout(LIMIT).build().map_err(unreachable)?;
        let user = json!({
            "name": credentials.username,
            "domain": {"name": credentials.user_domain_name},
            "password": credentials.password,
        });
        let project =
            json!({"name": credentials.project_name, "domain": {"name": credentials.project_domain_name}});
        let body = json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": project},
        }});
        let response = http.post(&url).json(&body).send().await.map_err(unreachable)?;
        let response = accepted(response).await?;
        let token = response.headers().get("x-subject-token").and_then(|value| value.to_str().ok());
        let token = token.ok_or_else(|| ClientError::Malformed("X-Subject-Token".to_owned()))?.to_owned();
        let body: Value = response.json().await.map_err(unreachable)?;
        let networking = endpoint(&body["token"]["catalog"], credentials.region.as_deref())?;
        Ok(Self { http, token, networking: format!("{}/v2.0", networking.trim_end_matches('/')) })
    }

    /// The object of a collection that has this id, or else this name.
    ///
    /// # Errors
    /// [`ClientError::NotOne`], and those of any request.
    pub async fn find(&self, collection: &str, name_or_id: &str) -> Result<Object> {
        for key in ["id", "name"] {
            let mut found = self.list(collection, &[(key, name_or_id)]).await?;
            match found.len() {
                0 => {}
                1 => return Ok(found.remove(0)),
                count => {
                    return Err(ClientError::NotOne {
                        count,
                        collection: collection.to_owned(),
                        name: name_or_id.to_owned(),
                    });
                }
            }
        }
        Err(ClientError::NotOne { count: 0, collection: collection.to_owned(), name: name_or_id.to_owned() })
    }

    /// The objects of a collection that pass all filters.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn list(&self, collection: &str, filters: &[(&str, &str)]) -> Result<Vec<Object>> {
        let mut path = collection.to_owned();
        for (at, (name, value)) in filters.iter().enumerate() {
            path.push(if at == 0 { '?' } else { '&' });
            path.push_str(&format!("{}={}", crate::view::encode(name), crate::view::encode(value)));
        }
        let body = self.request(Method::GET, &path, None).await?;
        let plural = body.into_iter().find(|(key, value)| value.is_array() && !key.ends_with("_links"));
        let objects = plural
            .and_then(|(_, value)| if let Value::Array(objects) = value { Some(objects) } else { None });
        let objects = objects.ok_or_else(|| ClientError::Malformed(collection.to_owned()))?;
        objects.into_iter().map(object).collect()
    }

    /// Makes an object.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn create(&self, collection: &str, singular: &str, attributes: Value) -> Result<Object> {
        let body = self.request(Method::POST, collection, Some(json!({singular: attributes}))).await?;
        unwrap(body, singular)
    }

    /// Shows an object.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn show(&self, collection: &str, singular: &str, id: &str) -> Result<Object> {
        unwrap(self.request(Method::GET, &format!("{collection}/{id}"), None).await?, singular)
    }

    /// Changes an object.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn update(
        &self,
        collection: &str,
        singular: &str,
        id: &str,
        attributes: Value,
    ) -> Result<Object> {
        let body = self
            .request(Method::PUT, &format!("{collection}/{id}"), Some(json!({singular: attributes})))
            .await?;
        unwrap(body, singular)
    }

    /// `PUT {collection}/{id}/{action}`, whose body has no envelope.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn act(&self, collection: &str, id: &str, action: &str, body: Value) -> Result<Object> {
        self.request(Method::PUT, &format!("{collection}/{id}/{action}"), Some(body)).await.map(Object)
    }

    /// Removes an object.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn delete(&self, collection: &str, id: &str) -> Result<()> {
        self.request(Method::DELETE, &format!("{collection}/{id}"), None).await.map(|_| ())
    }

    async fn request(&self, method: Method, path: &str, body: Option<Value>) -> Result<Map<String, Value>> {
        let url = format!("{}/{path}", self.networking);
        let unreachable = |source| ClientError::Unreachable { url: url.clone(), source };
        let mut request = self.http.request(method, &url).header("X-Auth-Token", &self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = accepted(request.send().await.map_err(unreachable)?).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(Map::new());
        }
        response.json().await.map_err(unreachable)
    }
}

impl Object {
    /// An attribute.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// An attribute that is a text.
    ///
    /// # Errors
    /// [`ClientError::Malformed`].
    pub fn text(&self, name: &str) -> Result<&str> {
        self.get(name).and_then(Value::as_str).ok_or_else(|| ClientError::Malformed(name.to_owned()))
    }

    /// An attribute that is a whole number.
    ///
    /// # Errors
    /// [`ClientError::Malformed`].
    pub fn number(&self, name: &str) -> Result<u32> {
        let number = self.get(name).and_then(Value::as_u64).and_then(|number| number.try_into().ok());
        number.ok_or_else(|| ClientError::Malformed(name.to_owned()))
    }
}

/// Turns a refusal into an error with the server's own words, of whichever API.
async fn accepted(response: reqwest::Response) -> Result<reqwest::Response> {
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status().as_u16();
    let request_id = response.headers().get("x-openstack-request-id").and_then(|value| value.to_str().ok());
    let request_id = request_id.unwrap_or("no request id").to_owned();
    let body: Value = response.json().await.unwrap_or_default();
    let (neutron, keystone) = (&body["NeutronError"], &body["error"]);
    let message = neutron["message"].as_str().or_else(|| keystone["message"].as_str());
    Err(ClientError::Refused {
        status,
        kind: neutron["type"].as_str().unwrap_or_default().to_owned(),
        message: message.unwrap_or("the server refused without a reason").to_owned(),
        request_id,
    })
}

fn endpoint(catalog: &Value, region: Option<&str>) -> Result<String> {
    let services = catalog.as_array().into_iter().flatten();
    let mut endpoints = services
        .filter(|service| service["type"] == "network")
        .flat_map(|service| service["endpoints"].as_array().into_iter().flatten())
        .filter(|endpoint| endpoint["interface"] == "public")
        .filter(|endpoint| region.is_none_or(|region| endpoint["region_id"] == region));
    let url = endpoints.next().and_then(|endpoint| endpoint["url"].as_str());
    url.map(str::to_owned)
        .ok_or_else(|| ClientError::NoEndpoint { region: region.unwrap_or("any").to_owned() })
}

fn unwrap(mut body: Map<String, Value>, singular: &str) -> Result<Object> {
    object(body.remove(singular).unwrap_or_default())
}

fn object(value: Value) -> Result<Object> {
    match value {
        Value::Object(map) => Ok(Object(map)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(ClientError::Malformed("object".to_owned()))
        }
    }
}
