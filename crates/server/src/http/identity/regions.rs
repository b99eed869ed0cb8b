//! Regions.

use adit_api::identity::{self as wire, IdentityError};
use serde_json::json;

use super::{Answer, Asked, Call, Route, ok};
use crate::identity::region;

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, IdentityError>> {
    vec![
        Route::new("GET", "regions", "List regions", |asked| Box::pin(list(asked))),
        Route::new("GET", "regions/{region_id}", "Show a region", |asked| Box::pin(show(asked))),
    ]
}

async fn list(asked: Asked<'_, Call>) -> Answer {
    let Call { app, base, .. } = asked.call;
    asked.call.bearer().await?;
    asked.call.list("regions", region::list(app).map(|region| wire::region::View::new(region, base)))
}

async fn show(asked: Asked<'_, Call>) -> Answer {
    let Call { app, base, .. } = asked.call;
    asked.call.bearer().await?;
    ok(json!({"region": wire::region::View::new(region::show(app, asked.name(0))?, base)}))
}
