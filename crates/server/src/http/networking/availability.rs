//! How many addresses are left; and kinds of resources of which Adit has none, so that whoever lists them finds none.

use adit_api::ApiError;
use adit_api::network::availability;
use axum::response::Response;

use super::{Asked, Call, Route, ok};
use crate::listed::{self, Identity, Request};
use crate::network::availability as addresses;

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, ApiError>> {
    vec![
        Route::new("GET", "network-ip-availabilities", "List how many addresses networks have", |asked| {
            let Call { app, caller, pairs, base, .. } = asked.call;
            Box::pin(async move {
                let url = format!("{base}/network-ip-availabilities");
                ok(addresses::list(app, caller, Request { pairs, url: &url }).await?)
            })
        }),
        Route::new(
            "GET",
            "network-ip-availabilities/{network_id}",
            "Show how many addresses a network has",
            |asked| {
                let Call { app, caller, pairs, .. } = asked.call;
                Box::pin(async move { ok(addresses::show(app, caller, asked.name(0), pairs).await?) })
            },
        ),
        Route::new("GET", "address-scopes", "List address scopes, of which there are none", |asked| {
            Box::pin(async move { none(&asked, &availability::ADDRESS_SCOPES) })
        }),
        Route::new("GET", "subnetpools", "List subnet pools, of which there are none", |asked| {
            Box::pin(async move { none(&asked, &availability::SUBNET_POOLS) })
        }),
        Route::new("GET", "rbac-policies", "List RBAC policies, of which there are none", |asked| {
            Box::pin(async move { none(&asked, &availability::RBAC_POLICIES) })
        }),
    ]
}

fn none(asked: &Asked<'_, Call>, schema: &adit_api::Schema) -> Result<Response, ApiError> {
    let Call { caller, pairs, base, .. } = asked.call;
    let url = format!("{base}/{}", schema.path);
    let nothing: [serde_json::Value; 0] = [];
    let identity = Identity { key: "id", unknown: |_| ApiError::HTTPNotFound };
    ok(listed::answer(schema, &nothing, identity, Request { pairs, url: &url }, caller)?)
}
