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
use crate::App;
use crate::identity::Rejection;

/// A refusal of the Networking API. A failure of ours is logged here, once, with its whole chain.
pub(super) fn refusal(error: &ApiError) -> Response {
    if let ApiError::Internal(cause) = error {
        tracing::error!(error = cause.as_ref() as &dyn Error, "request failed");
    }
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(error.body())).into_response()
}

/// The answer to a request without a caller. The envelope is the Identity API's, whichever API was asked.
pub(super) fn rejected(app: &App, headers: &HeaderMap, rejection: &Rejection) -> Response {
    let error = match rejection {
        Rejection::Unauthorized => {
            let body = Json(IdentityError::Unauthorized.body());
            let response = (StatusCode::UNAUTHORIZED, body).into_response();
            return match app.keystone() {
                Some(keystone) => challenged_to(keystone.public_url(), response),
                None => challenged(headers, response),
            };
        }
        Rejection::KeystoneUnavailable => IdentityError::KeystoneUnavailable,
        Rejection::Failed(error) => return refusal(error),
    };
    let status = StatusCode::from_u16(error.status().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(error.body())).into_response()
}

/// Tells a client without a valid token where to get one.
pub(super) fn challenged(headers: &HeaderMap, response: Response) -> Response {
    challenged_to(&format!("{}/identity/v3", base_url(headers)), response)
}

fn challenged_to(url: &str, response: Response) -> Response {
    ([(WWW_AUTHENTICATE, format!("Keystone uri=\"{url}\""))], response).into_response()
}

/// A defect that would have ended the request without an answer. The payload may hold anything, so it is not logged.
pub(super) fn panicked(_: Box<dyn Any + Send>) -> Response {
    refusal(&ApiError::internal("a handler panicked"))
}
