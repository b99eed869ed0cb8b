//! The Networking API's URLs: from path and method to a use case.
//!
//! [`routes`] is the table of everything that can be asked for, put together from the tables of the modules below: what
//! all resources have in [`collection`], the rest in a file per subject.

mod agents;
mod availability;
mod checks;
mod collection;
mod diagnostics;
mod discovery;
mod flavors;
mod floating_ip_pools;
mod peer_config;
mod quotas;
mod scheduling;
mod tags;

use std::sync::LazyLock;

use adit_api::{ApiError, Schema};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, IF_MATCH};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::request::{MOST_BODY, Unread, base_url, presented, query_pairs, segments, whole};
use super::response::{refusal, rejected};
use super::route::{Asked, Found, Route, Wire, find};
use crate::App;
use crate::caller::Caller;
use crate::identity::authenticate;
use crate::network::{
    Flavors, FloatingIps, Networks, Ports, Routers, SecurityGroupRules, SecurityGroups, ServiceProfiles,
    Subnets,
};
use crate::resource::FromStore;
use crate::vpn::{EndpointGroups, IkePolicies, IpsecPolicies, SiteConnections, VpnServices};

const PREFIX: &str = "/networking";

/// Everything that can be asked for below `/v2.0/`.
pub(super) static ROUTES: LazyLock<Vec<Route<Call, ApiError>>> = LazyLock::new(routes);

fn routes() -> Vec<Route<Call, ApiError>> {
    [
        discovery::routes(),
        agents::routes(),
        scheduling::routes(),
        availability::routes(),
        quotas::routes(),
        flavors::routes(),
        collection::routes::<Networks>(),
        collection::routes::<Subnets>(),
        collection::routes::<Ports>(),
        collection::routes::<Routers>(),
        collection::routes::<FloatingIps>(),
        floating_ip_pools::routes(),
        collection::routes::<SecurityGroups>(),
        collection::routes::<SecurityGroupRules>(),
        collection::routes::<Flavors>(),
        collection::routes::<ServiceProfiles>(),
        collection::routes::<IkePolicies>(),
        collection::routes::<IpsecPolicies>(),
        collection::routes::<VpnServices>(),
        collection::routes::<EndpointGroups>(),
        collection::routes::<SiteConnections>(),
        diagnostics::routes(),
        checks::routes(),
        peer_config::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A request by somebody known, below `/v2.0`.
pub(super) struct Call {
    app: App,
    caller: Caller,
    headers: HeaderMap,
    pairs: Vec<(String, String)>,
    body: Bytes,
    /// Of the API, with its version.
    base: String,
}

/// Serves everything below `/networking`.
pub(super) async fn serve(State(app): State<App>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = segments(parts.uri.path(), PREFIX);
    let base = format!("{}{PREFIX}", base_url(&parts.headers));
    let Some((version, path)) = path.split_first() else { return versions(&parts.method, &base) };
    if version == "healthcheck" && path.is_empty() {
        return health(&app, &parts.method).await.unwrap_or_else(|error| refusal(&error));
    }
    if version != "v2.0" {
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
    let caller = match authenticate(&app, &presented(&parts, PREFIX)).await {
        Ok(caller) => caller,
        Err(rejection) => return rejected(&app, &parts.headers, &rejection),
    };
    let call = Call {
        app,
        caller,
        headers: parts.headers,
        pairs: query_pairs(parts.uri.query()),
        body,
        base: format!("{base}/v2.0"),
    };
    call.answer(&parts.method, path).await.unwrap_or_else(|error| refusal(&error))
}

impl Call {
    async fn answer(&self, method: &Method, path: &[String]) -> Result<Response, ApiError> {
        let queried = self.pairs.iter().flat_map(|(key, value)| [key, value]);
        // No database keeps a NUL, so nothing has one in its name.
        if path.iter().chain(queried).any(|text| text.contains('\0')) {
            return Err(ApiError::HTTPNotFound);
        }
        // There was an XML form of the API once.
        if path.last().is_some_and(|last| last.ends_with(".xml")) && !path.iter().any(|part| part == "tags") {
            return Err(ApiError::HTTPNotFound);
        }
        let path: Vec<&str> =
            if path.is_empty() { vec![""] } else { path.iter().map(String::as_str).collect() };
        // The resources of the VPN extension are served by another part of the reference, with manners of its own.
        let is_vpn = path[0] == "vpn";
        match find(&ROUTES, method.as_str(), &path) {
            Found::Handler(..) if !is_vpn && path[0] != "extensions" && !accepts_json(&self.headers) => {
                Err(ApiError::HTTPNotAcceptable)
            }
            Found::Handler(..) if method == Method::DELETE && !self.body.trim_ascii().is_empty() => {
                Err(ApiError::bad_request("Request body is not supported in DELETE."))
            }
            Found::Handler(route, names) => route.answer(self, names).await,
            Found::OtherMethod if is_vpn && method == Method::OPTIONS => Ok(StatusCode::OK.into_response()),
            Found::OtherMethod => Err(ApiError::HTTPMethodNotAllowed),
            Found::Nothing => Err(ApiError::HTTPNotFound),
        }
    }

    /// The revision that the object must have for the request to be done, as `If-Match: revision_number=N` says.
    /// Anything else that the header may say is not meant for this API.
    ///
    /// # Errors
    /// [`ApiError::BadRequest`] for what is no number, and for objects that count no revisions.
    fn revision(&self, schema: &Schema) -> Result<Option<i64>, ApiError> {
        let text = self.headers.get(IF_MATCH).and_then(|value| value.to_str().ok());
        let Some(number) = text.and_then(|text| text.trim().strip_prefix("revision_number=")) else {
            return Ok(None);
        };
        let refused = |reason: String| ApiError::BadRequest { resource: "if-match".to_owned(), reason };
        if !schema.has_revisions() {
            let reason = "This server does not support constraining operations based on revision numbers";
            return Err(refused(reason.to_owned()));
        }
        let number = number.trim().parse();
        number.map(Some).map_err(|_| refused("The revision_number must be an integer".to_owned()))
    }
}

/// Whether a client takes JSON, as far as its `Accept` says.
fn accepts_json(headers: &HeaderMap) -> bool {
    let mut ranges = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|range| {
            let (media, parameters) = range.split_once(';').unwrap_or((range, ""));
            let quality = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
            let is_refused = quality.and_then(|quality| quality.trim().parse::<f32>().ok()) == Some(0.0);
            (media.trim().to_ascii_lowercase(), is_refused)
        })
        .filter(|(media, _)| !media.is_empty())
        .peekable();
    let takes = |media: &str| matches!(media, "*/*" | "application/*" | "application/json");
    ranges.peek().is_none() || ranges.any(|(media, is_refused)| !is_refused && takes(&media))
}

/// The root, where a client chooses a version.
fn versions(method: &Method, base: &str) -> Response {
    if method != Method::GET {
        return refusal(&ApiError::HTTPMethodNotAllowed);
    }
    let link = json!({"rel": "self", "href": format!("{base}/v2.0/")});
    Json(json!({"versions": [{"id": "v2.0", "status": "CURRENT", "links": [link]}]})).into_response()
}

/// Whether the database answers.
async fn health(app: &App, method: &Method) -> Result<Response, ApiError> {
    if method != Method::GET {
        return Err(ApiError::HTTPMethodNotAllowed);
    }
    app.store().read().await.map_err(ApiError::from_store)?;
    ok(json!({"detailed": false, "reasons": ["OK"]}))
}

/// The answer to a request that was granted.
fn ok(body: Value) -> Result<Response, ApiError> {
    Ok(Json(body).into_response())
}

/// The answer to a request that left nothing to tell.
fn no_content() -> Result<Response, ApiError> {
    Ok(StatusCode::NO_CONTENT.into_response())
}
