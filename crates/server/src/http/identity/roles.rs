//! Roles.

use adit_api::identity::{self as wire, IdentityError};
use adit_model::identity::Role;
use serde_json::json;

use super::{Answer, Asked, Call, Route, ok};
use crate::identity::role;

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, IdentityError>> {
    vec![
        Route::new("GET", "roles", "List roles", |asked| Box::pin(list(asked))),
        Route::new("GET", "roles/{role_id}", "Show a role", |asked| Box::pin(show(asked))),
    ]
}

async fn list(asked: Asked<'_, Call>) -> Answer {
    let Call { app, pairs, .. } = asked.call;
    role_list(asked.call, role::list(app, &*asked.call.bearer().await?, pairs).await?)
}

async fn show(asked: Asked<'_, Call>) -> Answer {
    let bearer = asked.call.bearer().await?;
    let role = role::show(&asked.call.app, &bearer, asked.name(0)).await?;
    ok(json!({"role": wire::role::View::new(role, &asked.call.base)}))
}

/// A list of roles.
pub(super) fn role_list(call: &Call, roles: Vec<Role>) -> Answer {
    let view = |role| wire::role::View::new(role, &call.base);
    call.list("roles", roles.into_iter().map(view).collect::<Vec<_>>())
}
