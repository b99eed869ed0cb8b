//! The tags of a resource's objects: all of them together, and one by one.

use adit_api::ApiError;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::{Asked, Call, Route, Wire, no_content, ok};
use crate::resource::Resource;
use crate::tags;

/// The routes.
pub(super) fn routes<R: Resource>() -> Vec<Route<Call, ApiError>> {
    let (all, singular) = (R::SCHEMA.path, R::SCHEMA.singular);
    let many = format!("{all}/{{{singular}_id}}/tags");
    let one = format!("{many}/{{tag}}");
    let summary = |what: &str| format!("{what} of a {singular}");
    vec![
        Route::new("GET", &many, summary("List the tags"), |asked| Box::pin(list::<R>(asked))),
        Route::new("PUT", &many, summary("Replace the tags"), |asked| Box::pin(replace::<R>(asked))),
        Route::new("POST", &many, summary("Add to the tags"), |asked| Box::pin(extend::<R>(asked)))
            .gives(200, Wire::Json),
        Route::new("DELETE", &many, summary("Remove all tags"), |asked| Box::pin(clear::<R>(asked))),
        Route::new("GET", &one, summary("Look for a tag"), |asked| Box::pin(check::<R>(asked)))
            .gives(204, Wire::Nothing),
        Route::new("PUT", &one, summary("Add a tag"), |asked| Box::pin(add::<R>(asked)))
            .takes(Wire::Nothing)
            .gives(201, Wire::Json),
        Route::new("DELETE", &one, summary("Remove a tag"), |asked| Box::pin(remove::<R>(asked))),
    ]
}

async fn list<R: Resource>(asked: Asked<'_, Call>) -> Result<Response, ApiError> {
    let Call { app, caller, .. } = asked.call;
    ok(tags::list::<R>(app, caller, asked.name(0)).await?)
}

async fn replace<R: Resource>(asked: Asked<'_, Call>) -> Result<Response, ApiError> {
    let Call { app, caller, body, .. } = asked.call;
    let revision = asked.call.revision(R::SCHEMA)?;
    ok(tags::replace::<R>(app, caller, asked.name(0), body, revision).await?)
}

async fn extend<R: Resource>(asked: Asked<'_, Call>) -> Result<Response, ApiError> {
    let Call { app, caller, body, .. } = asked.call;
    ok(tags::extend::<R>(app, caller, asked.name(0), body).await?)
}

async fn clear<R: Resource>(asked: Asked<'_, Call>) -> Result<Response, ApiError> {
    let Call { app, caller, .. } = asked.call;
    let revision = asked.call.revision(R::SCHEMA)?;
    tags::clear::<R>(app, caller, asked.name(0), revision).await?;
    no_content()
}

async fn check<R: Resource>(asked: Asked<'_, Call>) -> Result<Response, ApiError> {
    let Call { app, caller, .. } = asked.call;
    tags::check::<R>(app, caller, asked.name(0), asked.name(1)).await?;
    no_content()
}

/// Whatever the body says: clients send all kinds.
async fn add<R: Resource>(asked: Asked<'_, Call>) -> Result<Response, ApiError> {
    let Call { app, caller, .. } = asked.call;
    let revision = asked.call.revision(R::SCHEMA)?;
    tags::add::<R>(app, caller, asked.name(0), asked.name(1), revision).await?;
    Ok((StatusCode::CREATED, Json(())).into_response())
}

async fn remove<R: Resource>(asked: Asked<'_, Call>) -> Result<Response, ApiError> {
    let Call { app, caller, .. } = asked.call;
    let revision = asked.call.revision(R::SCHEMA)?;
    tags::remove::<R>(app, caller, asked.name(0), asked.name(1), revision).await?;
    no_content()
}
