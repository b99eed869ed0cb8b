//! The Networking API's URLs: from path and method to a use case.

use adit_api::extension::EXTENSIONS;
use adit_api::{ApiError, Schema};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::request::{MOST_BODY, Unread, base_url, query_pairs, segments, whole};
use super::response::{refusal, unauthorized};
use crate::App;
use crate::caller::Caller;
use crate::network::{Networks, Ports, Routers, Subnets, agent, service_provider};
use crate::quota;
use crate::resource::{self, Resource};
use crate::vpn::{EndpointGroups, IkePolicies, IpsecPolicies, SiteConnections, VpnServices};

const PREFIX: &str = "/networking";

/// Every resource that the API has, in the order in which `GET /v2.0/` names them.
macro_rules! each_resource {
    ($visit:ident) => {
        $visit!(
            Networks,
            Subnets,
            Ports,
            Routers,
            IkePolicies,
            IpsecPolicies,
            VpnServices,
            EndpointGroups,
            SiteConnections
        )
    };
}

/// Serves everything below `/networking`.
pub(super) async fn serve(State(app): State<App>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = segments(parts.uri.path(), PREFIX);
    let base = format!("{}{PREFIX}", base_url(&parts.headers));
    if path.is_empty() {
        return only_get(&parts.method, versions(&base));
    }
    if path.first().is_some_and(|version| version != "v2.0") {
        let body = json!({"code": 404, "title": "Not Found", "description": null});
        return (StatusCode::NOT_FOUND, Json(body)).into_response();
    }
    let body = match whole(body).await {
        Ok(body) => body,
        Err(Unread::TooLarge) => {
            return refusal(&ApiError::HTTPRequestEntityTooLarge { most: MOST_BODY.to_string() });
        }
        Err(Unread::TooSlow) => return refusal(&ApiError::HTTPRequestTimeout),
    };
    let token = parts.headers.get("x-auth-token").and_then(|value| value.to_str().ok());
    let caller = match crate::identity::authenticate(&app, token).await {
        Ok(Some(caller)) => caller,
        Ok(None) => return unauthorized(&parts.headers),
        Err(error) => return refusal(&error),
    };
    let call = Call {
        app: &app,
        caller: &caller,
        method: &parts.method,
        headers: &parts.headers,
        path: path[1..].iter().map(String::as_str).collect(),
        pairs: query_pairs(parts.uri.query()),
        body,
        base: format!("{base}/v2.0"),
    };
    call.answer().await.unwrap_or_else(|error| refusal(&error))
}

/// A request by somebody known, below `/v2.0`.
struct Call<'a> {
    app: &'a App,
    caller: &'a Caller,
    method: &'a Method,
    headers: &'a HeaderMap,
    path: Vec<&'a str>,
    pairs: Vec<(String, String)>,
    body: Bytes,
    base: String,
}

impl Call<'_> {
    async fn answer(&self) -> Result<Response, ApiError> {
        let queried = self.pairs.iter().flat_map(|(key, value)| [key.as_str(), value]);
        // No database keeps a NUL, so nothing has one in its name.
        if self.path.iter().copied().chain(queried).any(|text| text.contains('\0')) {
            return Err(ApiError::HTTPNotFound);
        }
        match self.path.as_slice() {
            [] => return Ok(only_get(self.method, self.resources())),
            ["extensions"] => return Ok(only_get(self.method, json!({"extensions": EXTENSIONS}))),
            ["extensions", alias] => return Ok(self.extension(alias)),
            _ => {}
        }
        if let Some(answer) = self.other().await {
            return answer;
        }
        macro_rules! dispatch {
            ($($resource:ty),*) => {$(
                if let Some(rest) = below(&self.path, <$resource>::SCHEMA) {
                    return self.resource::<$resource>(rest).await;
                }
            )*};
        }
        each_resource!(dispatch);
        Err(ApiError::HTTPNotFound)
    }

    /// What no project owns: agents, zones, providers, quotas.
    async fn other(&self) -> Option<Result<Response, ApiError>> {
        let Self { app, caller, pairs, body, .. } = self;
        let answer = match (self.method.as_str(), self.path.as_slice()) {
            ("GET", ["agents"]) => agent::list(app, caller, pairs).await,
            ("GET", ["agents", id]) => agent::show(app, caller, id, pairs).await,
            ("GET", ["routers", id, "l3-agents"]) => agent::of_router(app, caller, id).await,
            ("GET", ["availability_zones"]) => agent::zones(app, caller, pairs).await,
            ("GET", ["service-providers"]) => service_provider::list(app, caller, pairs),
            ("GET", ["quotas"]) => quota::list(app, caller).await,
            ("GET", ["quotas", "tenant"]) => Ok(json!({"tenant": {"tenant_id": caller.project_id}})),
            ("GET", ["quotas", "project"]) => Ok(json!({"project": {"project_id": caller.project_id}})),
            ("GET", ["quotas", project]) => quota::show(app, caller, project).await,
            ("GET", ["quotas", project, "default"]) => quota::defaults(caller, project),
            ("GET", ["quotas", project, "details"]) => quota::details(app, caller, project).await,
            ("PUT", ["quotas", project]) => quota::update(app, caller, project, body).await,
            ("DELETE", ["quotas", project]) => {
                let deleted = quota::delete(app, caller, project).await;
                return Some(deleted.map(|()| StatusCode::NO_CONTENT.into_response()));
            }
            ("POST", ["quotas"]) => Err(ApiError::HTTPNotImplemented),
            (
                _,
                ["agents" | "availability_zones" | "service-providers" | "quotas"] | ["agents" | "quotas", _],
            ) => Err(ApiError::HTTPMethodNotAllowed),
            _ => return None,
        };
        Some(answer.map(|body| Json(body).into_response()))
    }

    async fn resource<R: Resource>(&self, rest: &[&str]) -> Result<Response, ApiError> {
        let Self { app, caller, method, body, .. } = self;
        let ok = |value: Value| Ok(Json(value).into_response());
        match (method.as_str(), rest) {
            ("GET", []) => ok(resource::list::<R>(app, caller, &self.pairs, &self.url::<R>()).await?),
            ("POST", []) => {
                let created = resource::create::<R>(app, caller, body).await?;
                Ok((StatusCode::CREATED, Json(created)).into_response())
            }
            ("PUT" | "DELETE", []) => Err(R::not_found("None")),
            ("GET", [id]) => ok(resource::show::<R>(app, caller, id, &self.pairs).await?),
            ("PUT", [id]) => ok(resource::update::<R>(app, caller, id, body).await?),
            ("DELETE", [id]) => {
                resource::delete::<R>(app, caller, id, body).await?;
                Ok(StatusCode::NO_CONTENT.into_response())
            }
            (method, [id, action]) if R::ACTIONS.contains(action) => match method {
                "PUT" => ok(resource::act::<R>(app, caller, id, action, body).await?),
                _ => Err(ApiError::HTTPMethodNotAllowed),
            },
            (_, [] | [_]) => Err(ApiError::HTTPMethodNotAllowed),
            _ => Err(ApiError::HTTPNotFound),
        }
    }

    fn url<R: Resource>(&self) -> String {
        format!("{}/{}", self.base, R::SCHEMA.path)
    }

    /// `GET /v2.0/`: the resources, as older clients discover them.
    fn resources(&self) -> Value {
        let mut resources = Vec::new();
        macro_rules! describe {
            ($($resource:ty),*) => {$(
                let schema = <$resource>::SCHEMA;
                let href = format!("{}/{}", self.base, schema.path);
                resources.push(json!({
                    "name": schema.singular,
                    "collection": schema.plural,
                    "links": [{"rel": "self", "href": href}],
                }));
            )*};
        }
        each_resource!(describe);
        json!({"resources": resources})
    }

    /// Unlike everything else, a missing extension is no `NeutronError`.
    fn extension(&self, alias: &str) -> Response {
        if let Some(extension) = EXTENSIONS.iter().find(|extension| extension.alias == alias) {
            return only_get(self.method, json!({"extension": extension}));
        }
        let wants_json =
            self.headers.get(ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"application/json"));
        let message = format!("Extension with alias {alias} does not exist");
        if wants_json {
            let message = format!("The resource could not be found.<br /><br />\n{message}\n\n");
            let body = json!({"message": message, "code": "404 Not Found", "title": "Not Found"});
            return (StatusCode::NOT_FOUND, Json(body)).into_response();
        }
        let text = format!("404 Not Found\n\nThe resource could not be found.\n\n{message}\n");
        (StatusCode::NOT_FOUND, text).into_response()
    }
}

/// What follows the collection in a path; `None` when the path leads elsewhere.
fn below<'a, 'b>(path: &'a [&'b str], schema: &Schema) -> Option<&'a [&'b str]> {
    let mut rest = path;
    for part in schema.path.split('/') {
        let (first, tail) = rest.split_first()?;
        if *first != part {
            return None;
        }
        rest = tail;
    }
    Some(rest)
}

fn versions(base: &str) -> Value {
    let link = json!({"rel": "self", "href": format!("{base}/v2.0/")});
    json!({"versions": [{"id": "v2.0", "status": "CURRENT", "links": [link]}]})
}

fn only_get(method: &Method, body: Value) -> Response {
    if method == Method::GET { Json(body).into_response() } else { refusal(&ApiError::HTTPMethodNotAllowed) }
}
