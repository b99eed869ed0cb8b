//! The Identity API's URLs: from path and method to a use case.
//!
//! [`routes`] is the table of everything that can be asked for, put together from the tables of the modules below.

mod access_rules;
mod application_credentials;
mod assignments;
mod collection;
mod regions;
mod roles;
mod tokens;
mod users;

use std::error::Error;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use adit_api::identity::auth::BearerToken;
use adit_api::identity::{self as wire, IdentityError};
use adit_model::identity::{Domain, Endpoint, Project, Region, Role, Service, User};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{HeaderValue, LOCATION, VARY};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

use super::request::{MOST_BODY, Unread, base_url, client_address, presented, query_pairs, segments, whole};
use super::response::challenged;
use super::route::{Asked, Found, Route, Wire, find};
use crate::App;
use crate::identity::resource::Asking;
use crate::identity::{Bearer, IDENTITY, token};
use crate::resource::FromStore;

const PREFIX: &str = "/identity";
const AUTH_TOKEN: &str = "x-auth-token";

/// Everything that can be asked for below `/v3`.
pub(super) static ROUTES: LazyLock<Vec<Route<Call, IdentityError>>> = LazyLock::new(routes);

fn routes() -> Vec<Route<Call, IdentityError>> {
    let version = Route::new("GET", "", "Show the version of the API", |asked: Asked<'_, Call>| {
        Box::pin(async move { ok(json!({"version": wire::version(&asked.call.base)})) })
    });
    [
        vec![version],
        tokens::routes(),
        collection::routes::<Project>(),
        collection::routes::<User>(),
        users::routes(),
        application_credentials::routes(),
        access_rules::routes(),
        collection::routes::<Role>(),
        roles::routes(),
        assignments::routes(),
        collection::routes::<Domain>(),
        collection::routes::<Region>(),
        regions::routes(),
        collection::routes::<Service>(),
        collection::routes::<Endpoint>(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

type Answer = Result<Response, IdentityError>;

/// A request below `/v3`, by whomever.
pub(super) struct Call {
    app: App,
    headers: HeaderMap,
    method: Method,
    /// Below the API's own URL, as `/v3/users`.
    path: String,
    pairs: Vec<(String, String)>,
    body: Bytes,
    /// As the client wrote it, as far as that can be told.
    url: String,
    /// Of the API, with its version.
    base: String,
    /// Of the server.
    server: String,
    /// Who sent it, as far as the network knows.
    address: IpAddr,
}

/// Serves everything below `/identity`.
pub(super) async fn serve(State(app): State<App>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if let Some(keystone) = app.keystone() {
        let url = keystone.public_url().to_owned();
        return refusal(&parts.headers, &IdentityError::Elsewhere { url });
    }
    let address = client_address(&parts, &app.config().trusted_proxies);
    let answer = match whole(body).await {
        Ok(body) => {
            let server = base_url(&parts.headers);
            let call = Call {
                app,
                method: parts.method.clone(),
                path: presented(&parts, PREFIX).path.to_owned(),
                pairs: query_pairs(parts.uri.query()),
                body,
                url: format!("{server}{}", parts.uri.path_and_query().map_or("", |path| path.as_str())),
                base: format!("{server}{PREFIX}/v3"),
                server,
                address,
                headers: parts.headers.clone(),
            };
            call.answer(&parts.method, &segments(parts.uri.path(), PREFIX)).await
        }
        Err(Unread::TooLarge) => Err(IdentityError::TooLarge { most: MOST_BODY }),
        Err(Unread::TooSlow) => Err(IdentityError::TooSlow),
    };
    let mut response = answer.unwrap_or_else(|error| refusal(&parts.headers, &error));
    response.headers_mut().insert(VARY, HeaderValue::from_static("X-Auth-Token"));
    if parts.method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    response
}

/// A refusal of the Identity API. A failure of ours is logged here, once, with its whole chain.
fn refusal(headers: &HeaderMap, error: &IdentityError) -> Response {
    if let IdentityError::Internal(cause) = error {
        tracing::error!(error = cause.as_ref() as &dyn Error, "request failed");
    }
    let status = StatusCode::from_u16(error.status().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let response = (status, Json(error.body())).into_response();
    if status == StatusCode::UNAUTHORIZED { challenged(headers, response) } else { response }
}

impl Call {
    async fn answer(&self, method: &Method, path: &[String]) -> Answer {
        let mut texts = path.iter().chain(self.pairs.iter().flat_map(|(key, value)| [key, value]));
        // No database keeps a NUL, so nothing has one in its name.
        if texts.any(|text| text.contains('\0')) {
            return Err(IdentityError::PathNotFound);
        }
        // A HEAD is a GET whose answer has no body.
        let method = if method == Method::HEAD { "GET" } else { method.as_str() };
        let Some((version, path)) = path.split_first() else { return self.versions(method) };
        if version == "healthcheck" && path.is_empty() {
            return self.health(method).await;
        }
        if version != "v3" {
            return Err(IdentityError::PathNotFound);
        }
        let path: Vec<&str> =
            if path.is_empty() { vec![""] } else { path.iter().map(String::as_str).collect() };
        match find(&ROUTES, method, &path) {
            Found::Handler(route, names) => route.answer(self, names).await,
            Found::OtherMethod => Err(IdentityError::MethodNotAllowed),
            Found::Nothing => Err(IdentityError::PathNotFound),
        }
    }

    /// The root, where a client chooses a version.
    fn versions(&self, method: &str) -> Answer {
        if method != "GET" {
            return Err(IdentityError::MethodNotAllowed);
        }
        let location = [(LOCATION, format!("{}/", self.base))];
        let body = json!({"versions": {"values": [wire::version(&self.base)]}});
        Ok((StatusCode::MULTIPLE_CHOICES, location, Json(body)).into_response())
    }

    /// Whether the database answers.
    async fn health(&self, method: &str) -> Answer {
        if method != "GET" {
            return Err(IdentityError::MethodNotAllowed);
        }
        self.app.store().read().await.map_err(IdentityError::from_store)?;
        Ok((StatusCode::OK, "OK\n").into_response())
    }

    /// Who asks, and where.
    fn asking<'a>(&'a self, bearer: &'a Bearer) -> Asking<'a> {
        Asking { app: &self.app, bearer, server: &self.server }
    }

    /// Whoever sent the request, as long as its application credential allows the request.
    async fn bearer(&self) -> Result<Arc<Bearer>, IdentityError> {
        let bearer = self.unlimited_bearer().await?;
        let may_ask = bearer.may_ask(IDENTITY, self.method.as_str(), &self.path);
        if may_ask { Ok(bearer) } else { Err(IdentityError::Unauthorized) }
    }

    /// Whoever sent the request, to do what no access rule forbids.
    async fn unlimited_bearer(&self) -> Result<Arc<Bearer>, IdentityError> {
        let token = self.token(AUTH_TOKEN).ok_or(IdentityError::Unauthorized)?;
        let bearer = token::bearer(&self.app, &token).await.map_err(IdentityError::from_store)?;
        bearer.ok_or(IdentityError::Unauthorized)
    }

    fn token(&self, header: &str) -> Option<BearerToken> {
        Some(BearerToken::new(self.headers.get(header)?.to_str().ok()?))
    }

    fn list(&self, plural: &str, objects: impl Serialize) -> Answer {
        ok(wire::list(plural, objects, &self.url))
    }
}

/// The answer to a request that was granted.
fn ok(body: Value) -> Answer {
    Ok(Json(body).into_response())
}

/// The answer to a request that made something.
fn created(body: Value) -> Answer {
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// The answer to a request that left nothing to tell.
fn no_content() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}
