//! Tokens, and what their bearers can choose from.

use adit_api::attribute::parse_bool;
use adit_api::identity::IdentityError;
use adit_api::identity::auth::AuthRequest;
use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::json;

use super::collection::list_of;
use super::{AUTH_TOKEN, Answer, Asked, Call, Route, no_content, ok};
use crate::identity::token::Subjects;
use crate::identity::{auth, beyond_projects, catalog, project, token};

const SUBJECT_TOKEN: &str = "x-subject-token";
/// Sent by services that know of access rules, with the version of what they know.
const ACCESS_RULES: &str = "openstack-identity-access-rules";

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
        Route::new("GET", "auth/domains", "List the domains that a token can be had for", |asked| {
            Box::pin(domains(asked))
        }),
        Route::new("GET", "auth/system", "List the systems that a token can be had for", |asked| {
            Box::pin(system(asked))
        }),
    ]
}

async fn issue(asked: Asked<'_, Call>) -> Answer {
    let call = asked.call;
    let (text, bearer) = auth::issue(&call.app, AuthRequest::parse(&call.body)?, call.address).await?;
    let body = json!({"token": token::view(&call.app, &bearer, catalog_base(call)).await?});
    Ok((StatusCode::CREATED, [(SUBJECT_TOKEN, text.expose())], Json(body)).into_response())
}

async fn validate(asked: Asked<'_, Call>) -> Answer {
    let call = asked.call;
    let subject = call.token(SUBJECT_TOKEN);
    let allows_expired =
        |(key, value): &(String, String)| key == "allow_expired" && parse_bool(&json!(value)) == Some(true);
    let subjects = Subjects {
        expired: call.pairs.iter().any(allows_expired),
        limited: call.headers.contains_key(ACCESS_RULES),
    };
    // Every token may be asked what it is good for.
    let is_own = call.headers.get(AUTH_TOKEN) == call.headers.get(SUBJECT_TOKEN);
    let bearer = if is_own { call.unlimited_bearer().await? } else { call.bearer().await? };
    let found = token::validate(&call.app, &bearer, subject.as_ref(), subjects).await?;
    let body = json!({"token": token::view(&call.app, &found, catalog_base(call)).await?});
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
    list_of(call, project::list_own(&call.app, &*call.bearer().await?).await?)
}

async fn catalog(asked: Asked<'_, Call>) -> Answer {
    let Call { app, server, url, .. } = asked.call;
    let services = catalog::show(app, &*asked.call.bearer().await?, server).await?;
    ok(json!({"catalog": services, "links": {"self": url}}))
}

async fn domains(asked: Asked<'_, Call>) -> Answer {
    let (domains, _) = beyond_projects(&asked.call.app, &*asked.call.bearer().await?).await?;
    list_of(asked.call, domains)
}

async fn system(asked: Asked<'_, Call>) -> Answer {
    let (_, in_system) = beyond_projects(&asked.call.app, &*asked.call.bearer().await?).await?;
    let all = in_system.then(|| json!({"all": true}));
    asked.call.list("system", all.into_iter().collect::<Vec<_>>())
}

/// The URL that the catalog is built on, if it is wanted.
fn catalog_base(call: &Call) -> Option<&str> {
    call.pairs.iter().all(|(key, _)| key != "nocatalog").then_some(call.server.as_str())
}
