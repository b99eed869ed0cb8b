//! Agents, zones and providers: what no project owns.

use adit_api::ApiError;

use super::{Call, Route, no_content, ok};
use crate::listed::Request;
use crate::network::{agent, service_provider};

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, ApiError>> {
    vec![
        Route::new("GET", "agents", "List agents", |asked| {
            let Call { app, caller, pairs, base, .. } = asked.call;
            Box::pin(async move {
                let url = format!("{base}/agents");
                ok(agent::list(app, caller, Request { pairs, url: &url }).await?)
            })
        }),
        Route::new("POST", "agents", "", |_| Box::pin(async { Err(agent::not_made_here()) })).hidden(),
        Route::new("GET", "agents/{agent_id}", "Show an agent", |asked| {
            let Call { app, caller, pairs, .. } = asked.call;
            Box::pin(async move { ok(agent::show(app, caller, asked.name(0), pairs).await?) })
        }),
        Route::new("PUT", "agents/{agent_id}", "Change an agent", |asked| {
            let Call { app, caller, body, .. } = asked.call;
            Box::pin(async move { ok(agent::update(app, caller, asked.name(0), body).await?) })
        }),
        Route::new("DELETE", "agents/{agent_id}", "Forget an agent", |asked| {
            let Call { app, caller, .. } = asked.call;
            Box::pin(async move {
                agent::delete(app, caller, asked.name(0)).await?;
                no_content()
            })
        }),
        Route::new("GET", "availability_zones", "List availability zones", |asked| {
            let Call { app, caller, pairs, base, .. } = asked.call;
            Box::pin(async move {
                let url = format!("{base}/availability_zones");
                ok(agent::zones(app, caller, Request { pairs, url: &url }).await?)
            })
        }),
        Route::new("GET", "service-providers", "List service providers", |asked| {
            let Call { app, caller, pairs, base, .. } = asked.call;
            Box::pin(async move {
                let url = format!("{base}/service-providers");
                ok(service_provider::list(app, caller, Request { pairs, url: &url })?)
            })
        }),
    ]
}
