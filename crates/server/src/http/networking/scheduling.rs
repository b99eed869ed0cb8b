//! Which agent has which router, by the operator's hand.

use adit_api::ApiError;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::{Asked, Call, Route, no_content, ok};
use crate::network::scheduling::{self, Side};

/// The routes: for agents as routing, and for agents as doing VPN.
pub(super) fn routes() -> Vec<Route<Call, ApiError>> {
    [side::<false>("l3"), side::<true>("vpn")].into_iter().flatten().collect()
}

fn side<const VPN: bool>(name: &str) -> Vec<Route<Call, ApiError>> {
    let routers = format!("agents/{{agent_id}}/{name}-routers");
    let router = format!("{routers}/{{router_id}}");
    let agents = format!("routers/{{router_id}}/{name}-agents");
    vec![
        Route::new("GET", &routers, format!("List the routers of a {name} agent"), |asked| {
            Box::pin(list_routers::<VPN>(asked))
        }),
        Route::new("POST", &routers, format!("Give a router to a {name} agent"), |asked| {
            Box::pin(add::<VPN>(asked))
        }),
        Route::new("DELETE", &router, format!("Take a router from a {name} agent"), |asked| {
            Box::pin(remove::<VPN>(asked))
        }),
        Route::new("GET", &agents, format!("List the {name} agents that have a router"), |asked| {
            Box::pin(list_agents::<VPN>(asked))
        }),
    ]
}

const fn side_of(vpn: bool) -> Side {
    if vpn { Side::Vpn } else { Side::L3 }
}

async fn list_routers<const VPN: bool>(asked: Asked<'_, Call>) -> Result<Response, ApiError> {
    let Call { app, caller, .. } = asked.call;
    ok(scheduling::routers(app, caller, side_of(VPN), asked.name(0)).await?)
}

async fn list_agents<const VPN: bool>(asked: Asked<'_, Call>) -> Result<Response, ApiError> {
    let Call { app, caller, .. } = asked.call;
    ok(scheduling::agents(app, caller, side_of(VPN), asked.name(0)).await?)
}

async fn add<const VPN: bool>(asked: Asked<'_, Call>) -> Result<Response, ApiError> {
    let Call { app, caller, body, .. } = asked.call;
    scheduling::add(app, caller, side_of(VPN), asked.name(0), body).await?;
    Ok((StatusCode::CREATED, Json(())).into_response())
}

async fn remove<const VPN: bool>(asked: Asked<'_, Call>) -> Result<Response, ApiError> {
    let Call { app, caller, .. } = asked.call;
    scheduling::remove(app, caller, side_of(VPN), asked.name(0), asked.name(1)).await?;
    no_content()
}
