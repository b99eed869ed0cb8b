//! The Identity API's URLs.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

pub(super) async fn serve() -> Response {
    StatusCode::NOT_FOUND.into_response()
}
