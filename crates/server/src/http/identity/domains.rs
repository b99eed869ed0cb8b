//! Domains.

use adit_api::identity::{self as wire, IdentityError};
use serde_json::json;

use super::{Answer, Asked, Call, Route, ok};
use crate::identity::domain;

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, IdentityError>> {
    vec![
        Route::new("GET", "domains", "List domains", |asked| Box::pin(list(asked))),
        Route::new("GET", "domains/{domain_id}", "Show a domain", |asked| Box::pin(show(asked))),
    ]
}

async fn list(asked: Asked<'_, Call>) -> Answer {
    let Call { app, pairs, base, .. } = asked.call;
    let domains = domain::list(app, &*asked.call.bearer().await?, pairs).await?;
    let view = |domain| wire::domain::View::new(domain, base);
    asked.call.list("domains", domains.into_iter().map(view).collect::<Vec<_>>())
}

async fn show(asked: Asked<'_, Call>) -> Answer {
    let bearer = asked.call.bearer().await?;
    let domain = domain::show(&asked.call.app, &bearer, asked.name(0)).await?;
    ok(json!({"domain": wire::domain::View::new(domain, &asked.call.base)}))
}
