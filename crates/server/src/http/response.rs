//! Answers that every API gives.

use std::any::Any;
use std::error::Error;

use adit_api::ApiError;
use adit_api::identity::IdentityError;
use axum::Json;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::request::base_url;

/// A refusal of the Networking API. A failure of ours is logged here, once, with its whole chain.
pub(super) fn refusal(error: &ApiError) -> Response {
    if let ApiError::Internal(cause) = error {
        tracing::error!(error = cause.as_ref() as &dyn Error, "request failed");
    }
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(error.body())).into_response()
}

/// The answer to a missing or unknown token; the same for both APIs.
pub(super) fn unauthorized(headers: &HeaderMap) -> Response {
    let body = Json(IdentityError::Unauthorized.body());
    challenged(headers, (StatusCode::UNAUTHORIZED, body).into_response())
}

/// Tells a client without a valid token where to get one.
pub(super) fn challenged(headers: &HeaderMap, response: Response) -> Response {
    let challenge = format!("Keystone uri=\"{}/identity/v3\"", base_url(headers));
    ([(WWW_AUTHENTICATE, challenge)], response).into_response()
}

/// A defect that would have ended the request without an answer. The payload may hold anything, so it is not logged.
pub(super) fn panicked(_: Box<dyn Any + Send>) -> Response {
    refusal(&ApiError::internal("a handler panicked"))
}
