//! What users have beside what everything has: their projects, and a password of their own.

use adit_api::identity::IdentityError;
use adit_model::identity::Project;

use super::collection::list_of;
use super::{Answer, Asked, Call, Route, Wire, no_content};
use crate::identity::resource::Resource;
use crate::identity::{project, user};

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, IdentityError>> {
    vec![
        Route::new("GET", "users/{user_id}/projects", "List the projects of a user", |asked| {
            Box::pin(projects(asked))
        })
        .gives(200, Wire::Found { filters: Project::FILTERS, constants: &[], switches: &[] }),
        Route::new("POST", "users/{user_id}/password", "Change one's own password", |asked| {
            Box::pin(change_password(asked))
        })
        .gives(204, Wire::Nothing),
    ]
}

async fn projects(asked: Asked<'_, Call>) -> Answer {
    let Call { app, pairs, .. } = asked.call;
    let bearer = asked.call.bearer().await?;
    list_of(asked.call, project::list_of_user(app, &bearer, asked.name(0), pairs).await?)
}

async fn change_password(asked: Asked<'_, Call>) -> Answer {
    let Call { app, body, address, .. } = asked.call;
    let bearer = asked.call.bearer().await?;
    user::change_password(app, &bearer, (asked.name(0), *address), body).await?;
    no_content()
}
