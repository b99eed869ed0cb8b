//! Which roles imply which: always the same, so this can only be read.

use adit_api::identity::IdentityError;
use serde_json::json;

use super::{Answer, Asked, Call, Route, Wire, no_content, ok};
use crate::identity::role;

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, IdentityError>> {
    vec![
        Route::new("GET", "roles/{role_id}/implies", "List the roles that a role implies", |asked| {
            Box::pin(implied(asked))
        }),
        Route::new(
            "GET",
            "roles/{role_id}/implies/{implied_role_id}",
            "Tell whether a role implies another",
            |asked| Box::pin(check(asked)),
        )
        .gives(204, Wire::Nothing),
        Route::new("GET", "role_inferences", "List which roles imply which", |asked| {
            Box::pin(inferences(asked))
        }),
    ]
}

async fn implied(asked: Asked<'_, Call>) -> Answer {
    let Call { app, base, url, .. } = asked.call;
    let inference = role::implied(app, &*asked.call.bearer().await?, asked.name(0), base).await?;
    ok(json!({"role_inference": inference, "links": {"self": url}}))
}

async fn check(asked: Asked<'_, Call>) -> Answer {
    let bearer = asked.call.bearer().await?;
    role::check_implied(&asked.call.app, &bearer, (asked.name(0), asked.name(1))).await?;
    no_content()
}

async fn inferences(asked: Asked<'_, Call>) -> Answer {
    let Call { app, base, url, .. } = asked.call;
    let inferences = role::inferences(app, &*asked.call.bearer().await?, base).await?;
    ok(json!({"role_inferences": inferences, "links": {"self": url}}))
}
