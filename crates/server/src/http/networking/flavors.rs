//! Which service profiles a flavor has.

use adit_api::ApiError;
use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::{Call, Route, no_content};
use crate::network::flavor;

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, ApiError>> {
    let (all, one) =
        ("flavors/{flavor_id}/service_profiles", "flavors/{flavor_id}/service_profiles/{profile_id}");
    vec![
        Route::new("POST", all, "Bind a service profile to a flavor", |asked| {
            let Call { app, caller, body, .. } = asked.call;
            Box::pin(async move {
                let bound = flavor::bind(app, caller, asked.name(0), body).await?;
                Ok((StatusCode::CREATED, Json(bound)).into_response())
            })
        }),
        Route::new("DELETE", one, "Take a service profile from a flavor", |asked| {
            let Call { app, caller, .. } = asked.call;
            Box::pin(async move {
                flavor::unbind(app, caller, asked.name(0), asked.name(1)).await?;
                no_content()
            })
        }),
    ]
}
