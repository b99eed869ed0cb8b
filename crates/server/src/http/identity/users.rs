//! Users.

use adit_api::identity::{self as wire, IdentityError};
use adit_model::identity::User;
use serde_json::{Value, json};

use super::projects::project_list;
use super::{Answer, Asked, Call, Route, created, no_content, ok};
use crate::identity::{project, user};

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, IdentityError>> {
    vec![
        Route::new("GET", "users", "List users", |asked| Box::pin(list(asked))),
        Route::new("POST", "users", "Create a user", |asked| Box::pin(create(asked))),
        Route::new("GET", "users/{user_id}", "Show a user", |asked| Box::pin(show(asked))),
        Route::new("PATCH", "users/{user_id}", "Change a user", |asked| Box::pin(update(asked))),
        Route::new("DELETE", "users/{user_id}", "Delete a user", |asked| Box::pin(delete(asked))),
        Route::new("GET", "users/{user_id}/projects", "List the projects of a user", |asked| {
            Box::pin(projects(asked))
        }),
        Route::new("POST", "users/{user_id}/password", "Change one's own password", |asked| {
            Box::pin(change_password(asked))
        }),
    ]
}

async fn list(asked: Asked<'_, Call>) -> Answer {
    let Call { app, pairs, base, .. } = asked.call;
    let users = user::list(app, &*asked.call.bearer().await?, pairs).await?;
    let view = |user| wire::user::View::new(user, base);
    asked.call.list("users", users.into_iter().map(view).collect::<Vec<_>>())
}

async fn create(asked: Asked<'_, Call>) -> Answer {
    let Call { app, body, .. } = asked.call;
    created(one(asked.call, user::create(app, &*asked.call.bearer().await?, body).await?))
}

async fn show(asked: Asked<'_, Call>) -> Answer {
    let bearer = asked.call.bearer().await?;
    ok(one(asked.call, user::show(&asked.call.app, &bearer, asked.name(0)).await?))
}

async fn update(asked: Asked<'_, Call>) -> Answer {
    let Call { app, body, .. } = asked.call;
    ok(one(asked.call, user::update(app, &*asked.call.bearer().await?, asked.name(0), body).await?))
}

async fn delete(asked: Asked<'_, Call>) -> Answer {
    user::delete(&asked.call.app, &*asked.call.bearer().await?, asked.name(0)).await?;
    no_content()
}

async fn projects(asked: Asked<'_, Call>) -> Answer {
    let Call { app, pairs, .. } = asked.call;
    let bearer = asked.call.bearer().await?;
    project_list(asked.call, project::list_of_user(app, &bearer, asked.name(0), pairs).await?)
}

async fn change_password(asked: Asked<'_, Call>) -> Answer {
    let Call { app, body, .. } = asked.call;
    user::change_password(app, &*asked.call.bearer().await?, asked.name(0), body).await?;
    no_content()
}

fn one(call: &Call, user: User) -> Value {
    json!({"user": wire::user::View::new(user, &call.base)})
}
