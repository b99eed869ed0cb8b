//! Checks of tunnels.

use adit_api::ApiError;
use adit_api::vpn::check::SCHEMA;
use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::{Call, Route, Wire, ok};
use crate::vpn::check;

const ALL: &str = "vpn/ipsec-site-connections/{ipsec_site_connection_id}/checks";
const ONE: &str = "vpn/ipsec-site-connections/{ipsec_site_connection_id}/checks/{check_id}";

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, ApiError>> {
    vec![
        Route::new("POST", ALL, "Ask the gateway of an IPsec site connection to check it", |asked| {
            let Call { app, caller, body, .. } = asked.call;
            Box::pin(async move {
                let check = check::create(app, caller, asked.name(0), body).await?;
                Ok((StatusCode::ACCEPTED, Json(check)).into_response())
            })
        })
        .takes(Wire::New(&SCHEMA))
        .gives(202, Wire::One(&SCHEMA)),
        Route::new("GET", ALL, "List the last checks of an IPsec site connection", |asked| {
            let Call { app, caller, .. } = asked.call;
            Box::pin(async move { ok(check::list(app, caller, asked.name(0)).await?) })
        })
        .gives(200, Wire::Many(&SCHEMA)),
        Route::new("GET", ONE, "Show a check of an IPsec site connection", |asked| {
            let Call { app, caller, .. } = asked.call;
            Box::pin(async move { ok(check::show(app, caller, asked.name(0), asked.name(1)).await?) })
        })
        .gives(200, Wire::One(&SCHEMA)),
    ]
}
