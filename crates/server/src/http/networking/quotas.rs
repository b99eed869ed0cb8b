//! Quotas.

use adit_api::ApiError;
use serde_json::json;

use super::{Call, Route, no_content, ok};
use crate::quota;

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, ApiError>> {
    vec![
        Route::new("GET", "quotas", "List the quotas of projects with limits of their own", |asked| {
            let Call { app, caller, .. } = asked.call;
            Box::pin(async move { ok(quota::list(app, caller).await?) })
        }),
        Route::new("POST", "quotas", "", |_| Box::pin(async { Err(ApiError::HTTPNotImplemented) })).hidden(),
        Route::new("GET", "quotas/tenant", "Show whose quota the caller's is", |asked| {
            Box::pin(async move { ok(json!({"tenant": {"tenant_id": asked.call.caller.project_id}})) })
        }),
        Route::new("GET", "quotas/project", "Show whose quota the caller's is", |asked| {
            Box::pin(async move { ok(json!({"project": {"project_id": asked.call.caller.project_id}})) })
        }),
        Route::new("GET", "quotas/{project_id}", "Show the quota of a project", |asked| {
            let Call { app, caller, .. } = asked.call;
            Box::pin(async move { ok(quota::show(app, caller, asked.name(0)).await?) })
        }),
        Route::new("GET", "quotas/{project_id}/default", "Show the default quota", |asked| {
            Box::pin(async move { ok(quota::defaults(&asked.call.caller, asked.name(0))?) })
        }),
        Route::new("GET", "quotas/{project_id}/details", "Show a quota and what is used of it", |asked| {
            let Call { app, caller, .. } = asked.call;
            Box::pin(async move { ok(quota::details(app, caller, asked.name(0)).await?) })
        }),
        Route::new("PUT", "quotas/{project_id}", "Change the quota of a project", |asked| {
            let Call { app, caller, body, .. } = asked.call;
            Box::pin(async move { ok(quota::update(app, caller, asked.name(0), body).await?) })
        }),
        Route::new("DELETE", "quotas/{project_id}", "Give a project the default quota again", |asked| {
            let Call { app, caller, .. } = asked.call;
            Box::pin(async move {
                quota::delete(app, caller, asked.name(0)).await?;
                no_content()
            })
        }),
    ]
}
