//! Tokens, and what their bearers can choose from.

use adit_api::identity::IdentityError;
use adit_api::identity::auth::AuthRequest;
use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::json;

use super::projects::project_list;
use super::{Answer, Asked, Call, Route, no_content, ok};
use crate::identity::{catalog, project, token};

const SUBJECT_TOKEN: &str = "x-subject-token";

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, IdentityError>> {
    vec![
        Route::new("POST", "auth/tokens", "Issue a token", |asked| Box::pin(issue(asked))),
        Route::new("GET", "auth/tokens", "Validate a token", |asked| Box::pin(validate(asked))),
        Route::new("DELETE", "auth/tokens", "Revoke a token", |asked| Box::pin(revoke(asked))),
        Route::new("GET", "auth/projects", "List the projects that a token can be had for", |asked| {
            Box::pin(projects(asked))
        }),
        Route::new("GET", "auth/catalog", "Show the catalog", |asked| Box::pin(catalog(asked))),
        // Nobody has a role in a domain or in the system.
        Route::new("GET", "auth/domains", "List the domains that a token can be had for", |asked| {
            Box::pin(nothing(asked, "domains"))
        }),
        Route::new("GET", "auth/system", "List the systems that a token can be had for", |asked| {
            Box::pin(nothing(asked, "system"))
        }),
    ]
}

async fn issue(asked: Asked<'_, Call>) -> Answer {
    let call = asked.call;
    let (text, bearer) = token::issue(&call.app, AuthRequest::parse(&call.body)?).await?;
    let body = json!({"token": token::view(&call.app, &bearer, catalog_base(call))});
    Ok((StatusCode::CREATED, [(SUBJECT_TOKEN, text.expose())], Json(body)).into_response())
}

async fn validate(asked: Asked<'_, Call>) -> Answer {
    let call = asked.call;
    let subject = call.token(SUBJECT_TOKEN);
    let found = token::validate(&call.app, &*call.bearer().await?, subject.as_ref()).await?;
    let body = json!({"token": token::view(&call.app, &found, catalog_base(call))});
    let subject = subject.as_ref().map(|text| [(SUBJECT_TOKEN, text.expose())]);
    Ok((subject, Json(body)).into_response())
}

async fn revoke(asked: Asked<'_, Call>) -> Answer {
    let call = asked.call;
    token::revoke(&call.app, &*call.bearer().await?, call.token(SUBJECT_TOKEN).as_ref()).await?;
    no_content()
}

async fn projects(asked: Asked<'_, Call>) -> Answer {
    let call = asked.call;
    project_list(call, project::list_own(&call.app, &*call.bearer().await?).await?)
}

async fn catalog(asked: Asked<'_, Call>) -> Answer {
    let Call { app, server, url, .. } = asked.call;
    let services = catalog::show(&*asked.call.bearer().await?, server, &app.config().region)?;
    ok(json!({"catalog": services, "links": {"self": url}}))
}

async fn nothing(asked: Asked<'_, Call>, plural: &str) -> Answer {
    asked.call.bearer().await?;
    asked.call.list(plural, [(); 0])
}

/// The URL that the catalog is built on, if it is wanted.
fn catalog_base(call: &Call) -> Option<&str> {
    call.pairs.iter().all(|(key, _)| key != "nocatalog").then_some(call.server.as_str())
}
