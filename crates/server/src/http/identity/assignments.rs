//! Role assignments: the list of all, and those of one user in one project.

use adit_api::identity::IdentityError;

use super::roles::role_list;
use super::{Answer, Asked, Call, Route, no_content};
use crate::identity::role_assignment;

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, IdentityError>> {
    const OF_USER: &str = "projects/{project_id}/users/{user_id}/roles";
    let one = format!("{OF_USER}/{{role_id}}");
    vec![
        Route::new("GET", "role_assignments", "List role assignments", |asked| Box::pin(list(asked))),
        Route::new("GET", OF_USER, "List the roles of a user in a project", |asked| Box::pin(roles(asked))),
        Route::new("GET", &one, "Tell whether a user has a role", |asked| Box::pin(check(asked))),
        Route::new("PUT", &one, "Give a role to a user", |asked| Box::pin(grant(asked))),
        Route::new("DELETE", &one, "Take a role from a user", |asked| Box::pin(revoke(asked))),
    ]
}

async fn list(asked: Asked<'_, Call>) -> Answer {
    let Call { app, pairs, base, .. } = asked.call;
    let assignments = role_assignment::list(app, &*asked.call.bearer().await?, pairs, base).await?;
    asked.call.list("role_assignments", assignments)
}

async fn roles(asked: Asked<'_, Call>) -> Answer {
    let bearer = asked.call.bearer().await?;
    let roles = role_assignment::roles(&asked.call.app, &bearer, (asked.name(0), asked.name(1))).await?;
    role_list(asked.call, roles)
}

async fn check(asked: Asked<'_, Call>) -> Answer {
    role_assignment::check(&asked.call.app, &*asked.call.bearer().await?, parts(&asked)).await?;
    no_content()
}

async fn grant(asked: Asked<'_, Call>) -> Answer {
    role_assignment::grant(&asked.call.app, &*asked.call.bearer().await?, parts(&asked)).await?;
    no_content()
}

async fn revoke(asked: Asked<'_, Call>) -> Answer {
    role_assignment::revoke(&asked.call.app, &*asked.call.bearer().await?, parts(&asked)).await?;
    no_content()
}

/// Project, user and role.
fn parts<'a>(asked: &'a Asked<'_, Call>) -> (&'a str, &'a str, &'a str) {
    (asked.name(0), asked.name(1), asked.name(2))
}
