//! Which agent has which router, by the operator's hand. An agent of Adit does a router's VPN as well as its routing,
//! so the calls for VPN agents, which only one of the reference's plugins has, are about the same binding.

use adit_api::network::agent::{SCHEMA, parse_router_id};
use adit_api::{ApiError, view};
use adit_model::{AgentId, Router, VpnService};
use adit_store::{Agent, Filter, Listing, Stored};
use serde_json::Value;

use super::{Routers, agent};
use crate::App;
use crate::agents::schedule::Turn;
use crate::caller::Caller;
use crate::resource::{self, Context, FromStore, Resource};

/// As what agents are spoken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Agents that route.
    L3,
    /// Agents that do VPN.
    Vpn,
}

/// `GET /agents/{id}/l3-routers`, and `vpn-routers`: those with a VPN service.
pub(crate) async fn routers(app: &App, caller: &Caller, side: Side, id: &str) -> Result<Value, ApiError> {
    caller.require_admin("get", side.routers())?;
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let cx = Context { session: &session, caller };
    let agent = agent::find(cx, id).await?;
    let routers = session.table::<Router>().list(&Listing::of("agent_id", agent.id)).await;
    let mut routers = routers.map_err(ApiError::from_store)?;
    if side == Side::Vpn {
        let values = routers.iter().map(|router| Value::from(router.id.to_string())).collect();
        let filters = vec![Filter { column: "router_id", values }];
        let services = session.table::<VpnService>().list(&Listing { filters, ..Listing::default() }).await;
        let services = services.map_err(ApiError::from_store)?;
        routers.retain(|router| services.iter().any(|service| service.router_id == router.id));
    }
    Ok(view::wrap_list(Routers::SCHEMA, resource::show_many::<Routers>(cx, routers, &[]).await?, None))
}

/// `GET /routers/{id}/l3-agents`, and `vpn-agents`: the agent that has the router.
pub(crate) async fn agents(app: &App, caller: &Caller, side: Side, id: &str) -> Result<Value, ApiError> {
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let router = resource::find::<Routers>(Context { session: &session, caller }, id).await?;
    caller.require_admin("get", side.agents())?;
    let mut agents = Vec::new();
    if let Some(id) = router.agent_id
        && let Some(agent) = session.table::<Agent>().find(id).await.map_err(ApiError::from_store)?
    {
        let mut agent = view::object(&SCHEMA, &agent::shown(agent, session.now()), true, &[])?;
        match side {
            Side::L3 => agent["ha_state"] = Value::Null,
            // As which it does this part of its work; as an agent of its own it is not in the list of agents.
            Side::Vpn => {
                agent["agent_type"] = Value::from("VPN Agent");
                agent["binary"] = Value::from("neutron-ovn-vpn-agent");
            }
        }
        agents.push(agent);
    }
    Ok(view::wrap_list(&SCHEMA, agents, None))
}

/// `POST /agents/{id}/l3-routers`: gives the agent a router that nobody has.
pub(crate) async fn add(
    app: &App,
    caller: &Caller,
    side: Side,
    id: &str,
    request: &[u8],
) -> Result<(), ApiError> {
    caller.require_admin("create", side.router())?;
    let router = parse_router_id(request)?;
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    let cx = Context { session: &session, caller };
    let turn = Turn::wait(&session).await?;
    let agent = agent::find(cx, id).await?;
    let router = resource::lock::<Routers>(cx, &router).await?;
    match router.agent_id {
        Some(host) if host == agent.id => return Ok(()),
        Some(host) => return Err(side.hosted(&router, host)),
        None if !agent.admin_state_up => return Err(side.disabled(&agent)),
        None => {}
    }
    if !turn.bind(router.id, agent.id).await? {
        return Err(ApiError::Collision(None));
    }
    resource::commit(app, session).await
}

/// `DELETE /agents/{id}/l3-routers/{router}`: takes a router from the agent, if it has it.
pub(crate) async fn remove(
    app: &App,
    caller: &Caller,
    side: Side,
    id: &str,
    router: &str,
) -> Result<(), ApiError> {
    caller.require_admin("delete", side.router())?;
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    let cx = Context { session: &session, caller };
    let turn = Turn::wait(&session).await?;
    let agent = agent::find(cx, id).await?;
    let router = resource::lock::<Routers>(cx, router).await?;
    if router.agent_id != Some(agent.id) {
        return Ok(());
    }
    if !turn.unbind(router.id, agent.id).await? {
        return Err(ApiError::Collision(None));
    }
    resource::commit(app, session).await
}

impl Side {
    /// Word of the policy's rules.
    fn routers(self) -> &'static str {
        match self {
            Self::L3 => "l3-routers",
            Self::Vpn => "vpn-routers",
        }
    }

    fn router(self) -> &'static str {
        match self {
            Self::L3 => "l3-router",
            Self::Vpn => "vpn-router",
        }
    }

    fn agents(self) -> &'static str {
        match self {
            Self::L3 => "l3-agents",
            Self::Vpn => "vpn-agents",
        }
    }

    fn disabled(self, agent: &Stored<Agent>) -> ApiError {
        let id = agent.id.to_string();
        match self {
            Self::L3 => ApiError::InvalidL3Agent { id },
            Self::Vpn => ApiError::InvalidVPNAgent { id },
        }
    }

    fn hosted(self, router: &Stored<Router>, agent: AgentId) -> ApiError {
        let (router, agent) = (router.id.to_string(), agent.to_string());
        match self {
            Self::L3 => ApiError::RouterHostedByL3Agent { router, agent },
            Self::Vpn => ApiError::RouterHostedByVPNAgent { router, agent },
        }
    }
}
