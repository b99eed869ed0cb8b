//! What can be done with every resource: list, create, show, change, delete, and its own actions.

use adit_api::ApiError;
use axum::Json;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::{Asked, Call, Route, Wire, no_content, ok, tags};
use crate::resource::{self, Resource};

/// The routes of a resource.
pub(super) fn routes<R: Resource>() -> Vec<Route<Call, ApiError>> {
    let schema = R::SCHEMA;
    let (all, singular, plural) = (schema.path, schema.singular, schema.plural);
    let one = format!("{all}/{{{singular}_id}}");
    let mut routes = vec![
        Route::new("GET", all, format!("List {plural}"), |asked| Box::pin(list::<R>(asked)))
            .gives(200, Wire::Many(schema)),
        Route::new("POST", all, format!("Create a {singular}"), |asked| Box::pin(create::<R>(asked)))
            .takes(Wire::New(schema))
            .gives(201, Wire::One(schema)),
        // As the reference understands them: an object without an id, which is not there.
        Route::new("PUT", all, "", |_| Box::pin(async { Err(R::not_found("None")) })).hidden(),
        Route::new("DELETE", all, "", |_| Box::pin(async { Err(R::not_found("None")) })).hidden(),
        Route::new("GET", &one, format!("Show a {singular}"), |asked| Box::pin(show::<R>(asked)))
            .gives(200, Wire::One(schema)),
        Route::new("PUT", &one, format!("Change a {singular}"), |asked| Box::pin(update::<R>(asked)))
            .takes(Wire::Changes(schema))
            .gives(200, Wire::One(schema)),
        Route::new("DELETE", &one, format!("Delete a {singular}"), |asked| Box::pin(delete::<R>(asked))),
    ];
    routes.extend(R::ACTIONS.iter().map(|action| {
        let summary = format!("{} of a {singular}", action.replace('_', " "));
        Route::new("PUT", format!("{one}/{action}"), summary, |asked| Box::pin(act::<R>(asked)))
    }));
    if R::SCHEMA.has_tags() {
        routes.extend(tags::routes::<R>());
    }
    routes
}

async fn list<R: Resource>(asked: Asked<'_, Call>) -> Result<Response, ApiError> {
    let Call { app, caller, pairs, base, .. } = asked.call;
    let list = resource::list::<R>(app, caller, pairs, &format!("{base}/{}", R::SCHEMA.path)).await?;
    Ok(([(CONTENT_TYPE, "application/json")], list).into_response())
}

async fn create<R: Resource>(asked: Asked<'_, Call>) -> Result<Response, ApiError> {
    let Call { app, caller, body, .. } = asked.call;
    let created = resource::create::<R>(app, caller, body).await?;
    Ok((StatusCode::CREATED, Json(created)).into_response())
}

async fn show<R: Resource>(asked: Asked<'_, Call>) -> Result<Response, ApiError> {
    let Call { app, caller, pairs, .. } = asked.call;
    ok(resource::show::<R>(app, caller, asked.name(0), pairs).await?)
}

async fn update<R: Resource>(asked: Asked<'_, Call>) -> Result<Response, ApiError> {
    let Call { app, caller, body, .. } = asked.call;
    let revision = asked.call.revision(R::SCHEMA)?;
    ok(resource::update::<R>(app, caller, asked.name(0), body, revision).await?)
}

async fn delete<R: Resource>(asked: Asked<'_, Call>) -> Result<Response, ApiError> {
    let Call { app, caller, .. } = asked.call;
    let revision = asked.call.revision(R::SCHEMA)?;
    resource::delete::<R>(app, caller, asked.name(0), revision).await?;
    no_content()
}

async fn act<R: Resource>(asked: Asked<'_, Call>) -> Result<Response, ApiError> {
    let Call { app, caller, body, .. } = asked.call;
    let revision = asked.call.revision(R::SCHEMA)?;
    ok(resource::act::<R>(app, caller, asked.name(0), asked.last(), body, revision).await?)
}
