//! Agents, zones and providers: what no project owns.

use adit_api::ApiError;

use super::{Call, Route, ok};
use crate::network::{agent, service_provider};

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, ApiError>> {
    vec![
        Route::new("GET", "agents", "List agents", |asked| {
            let Call { app, caller, pairs, .. } = asked.call;
            Box::pin(async move { ok(agent::list(app, caller, pairs).await?) })
        }),
        Route::new("GET", "agents/{agent_id}", "Show an agent", |asked| {
            let Call { app, caller, pairs, .. } = asked.call;
            Box::pin(async move { ok(agent::show(app, caller, asked.name(0), pairs).await?) })
        }),
        Route::new("GET", "routers/{router_id}/l3-agents", "List the agents that have a router", |asked| {
            let Call { app, caller, .. } = asked.call;
            Box::pin(async move { ok(agent::of_router(app, caller, asked.name(0)).await?) })
        }),
        Route::new("GET", "availability_zones", "List availability zones", |asked| {
            let Call { app, caller, pairs, .. } = asked.call;
            Box::pin(async move { ok(agent::zones(app, caller, pairs).await?) })
        }),
        Route::new("GET", "service-providers", "List service providers", |asked| {
            let Call { app, caller, pairs, .. } = asked.call;
            Box::pin(async move { ok(service_provider::list(app, caller, pairs)?) })
        }),
    ]
}
