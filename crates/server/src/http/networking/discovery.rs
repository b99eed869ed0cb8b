//! What the API has: resources and extensions.

use adit_api::extension::EXTENSIONS;
use adit_api::{ApiError, Schema};
use axum::Json;
use axum::http::StatusCode;
use axum::http::header::ACCEPT;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{Asked, Call, Route, ok};
use crate::network::{Networks, Ports, Subnets};
use crate::resource::Resource;

/// The resources that `GET /v2.0/` names, for older clients.
const CORE: [&Schema; 3] = [Networks::SCHEMA, Subnets::SCHEMA, Ports::SCHEMA];

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, ApiError>> {
    let mut routes: Vec<Route<Call, ApiError>> = vec![
        Route::new("GET", "", "List the core resources", |asked| {
            Box::pin(async move { ok(resources(&asked.call.base)) })
        }),
        Route::new("GET", "extensions", "List extensions", |_| {
            Box::pin(async { ok(json!({"extensions": EXTENSIONS})) })
        }),
        Route::new("GET", "extensions/{alias}", "Show an extension", |asked| {
            Box::pin(async move { Ok(extension(&asked)) })
        }),
    ];
    routes.extend(["POST", "PUT", "DELETE"].into_iter().flat_map(unchangeable));
    routes
}

/// In the reference, extensions have no such methods at all, which is as if they were not there.
fn unchangeable(method: &'static str) -> [Route<Call, ApiError>; 2] {
    ["extensions", "extensions/{alias}"].map(|path| {
        Route::new(method, path, "", |_| Box::pin(async { Err(ApiError::HTTPNotFound) })).hidden()
    })
}

fn resources(base: &str) -> serde_json::Value {
    let describe = |schema: &Schema| {
        let link = json!({"rel": "self", "href": format!("{base}/{}", schema.path)});
        json!({"name": schema.singular, "collection": schema.plural, "links": [link]})
    };
    json!({"resources": CORE.map(describe)})
}

/// Unlike everything else, a missing extension is no `NeutronError`.
fn extension(asked: &Asked<'_, Call>) -> Response {
    let alias = asked.name(0);
    if let Some(extension) = EXTENSIONS.iter().find(|extension| extension.alias == alias) {
        return Json(json!({"extension": extension})).into_response();
    }
    let accept = asked.call.headers.get(ACCEPT);
    let message = format!("Extension with alias {alias} does not exist");
    if accept.is_some_and(|accept| accept.as_bytes().starts_with(b"application/json")) {
        let message = format!("The resource could not be found.<br /><br />\n{message}\n\n");
        let body = json!({"message": message, "code": "404 Not Found", "title": "Not Found"});
        return (StatusCode::NOT_FOUND, Json(body)).into_response();
    }
    let text = format!("404 Not Found\n\nThe resource could not be found.\n\n{message}\n");
    (StatusCode::NOT_FOUND, text).into_response()
}
