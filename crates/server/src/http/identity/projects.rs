//! Projects.

use adit_api::identity::{self as wire, IdentityError};
use adit_model::identity::Project;
use serde_json::{Value, json};

use super::{Answer, Asked, Call, Route, created, no_content, ok};
use crate::identity::project;

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, IdentityError>> {
    vec![
        Route::new("GET", "projects", "List projects", |asked| Box::pin(list(asked))),
        Route::new("POST", "projects", "Create a project", |asked| Box::pin(create(asked))),
        Route::new("GET", "projects/{project_id}", "Show a project", |asked| Box::pin(show(asked))),
        Route::new("PATCH", "projects/{project_id}", "Change a project", |asked| Box::pin(update(asked))),
        Route::new("DELETE", "projects/{project_id}", "Delete a project", |asked| Box::pin(delete(asked))),
    ]
}

async fn list(asked: Asked<'_, Call>) -> Answer {
    let Call { app, pairs, .. } = asked.call;
    project_list(asked.call, project::list(app, &*asked.call.bearer().await?, pairs).await?)
}

async fn create(asked: Asked<'_, Call>) -> Answer {
    let Call { app, body, .. } = asked.call;
    created(one(asked.call, project::create(app, &*asked.call.bearer().await?, body).await?))
}

async fn show(asked: Asked<'_, Call>) -> Answer {
    let bearer = asked.call.bearer().await?;
    ok(one(asked.call, project::show(&asked.call.app, &bearer, asked.name(0)).await?))
}

async fn update(asked: Asked<'_, Call>) -> Answer {
    let Call { app, body, .. } = asked.call;
    ok(one(asked.call, project::update(app, &*asked.call.bearer().await?, asked.name(0), body).await?))
}

async fn delete(asked: Asked<'_, Call>) -> Answer {
    project::delete(&asked.call.app, &*asked.call.bearer().await?, asked.name(0)).await?;
    no_content()
}

/// A list of projects.
pub(super) fn project_list(call: &Call, projects: Vec<Project>) -> Answer {
    let view = |project| wire::project::View::new(project, &call.base);
    call.list("projects", projects.into_iter().map(view).collect::<Vec<_>>())
}

fn one(call: &Call, project: Project) -> Value {
    json!({"project": wire::project::View::new(project, &call.base)})
}
