//! HTTP: one listener for everything, and what all of it has in common.
//!
//! | path | what |
//! |---|---|
//! | `/` | what is where |
//! | `/openapi.json` | the description of both APIs |
//! | `/healthz` | whether the database answers |
//! | `/identity` | the Identity API v3 |
//! | `/networking` | the Networking API v2.0 |
//! | `/agent/v1` | agents |

mod agent;
mod identity;
mod networking;
mod openapi;
mod request;
mod response;
mod route;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router, middleware};
use serde_json::json;
use tower_http::catch_panic::CatchPanicLayer;

pub(crate) use self::route::persistently;
use crate::App;

/// Largest body that an agent sends, in octets: a report on all its routers.
const MOST_REPORT: usize = 16 << 20;

/// The whole of the server's HTTP.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/healthz", get(healthz))
        .route("/openapi.json", get(openapi::serve))
        .route("/identity", any(identity::serve))
        .route("/identity/", any(identity::serve))
        .route("/identity/{*path}", any(identity::serve))
        .route("/networking", any(networking::serve))
        .route("/networking/", any(networking::serve))
        .route("/networking/{*path}", any(networking::serve))
        .merge(agent::routes(app.clone()))
        .layer(DefaultBodyLimit::max(MOST_REPORT))
        .layer(CatchPanicLayer::custom(response::panicked))
        .layer(middleware::from_fn(request::traced))
        .with_state(app)
}

async fn index(State(app): State<App>, request: axum::extract::Request) -> Response {
    let base = request::base_url(request.headers());
    let keystone = app.keystone().map(|keystone| keystone.public_url().to_owned());
    Json(json!({
        "identity": keystone.unwrap_or_else(|| format!("{base}/identity/v3")),
        "networking": format!("{base}/networking"),
        "openapi": format!("{base}/openapi.json"),
        "health": format!("{base}/healthz"),
    }))
    .into_response()
}

async fn healthz(State(app): State<App>) -> Response {
    match app.store().read().await {
        Ok(_) => (StatusCode::OK, "OK\n").into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "health check failed");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}
