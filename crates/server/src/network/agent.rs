//! Agents and availability zones, as clients see them.

use std::collections::BTreeMap;

use adit_api::network::agent::{SCHEMA, View, ZONE_SCHEMA, ZoneView};
use adit_api::query::{self, ListQuery};
use adit_api::{ApiError, Schema, view};
use adit_store::{Agent, Listing, Session, Stored};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::Routers;
use crate::App;
use crate::caller::Caller;
use crate::resource::{self, Context, FromStore};

/// How long after its last sign of life the API still calls an agent alive, as the reference does.
const ALIVE: SignedDuration = SignedDuration::from_secs(75);

/// `GET /agents`. Agents are the operator's: everybody else sees none.
pub(crate) async fn list(app: &App, caller: &Caller, pairs: &[(String, String)]) -> Result<Value, ApiError> {
    let query = ListQuery::parse(&SCHEMA, pairs)?;
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let agents = session.table::<Agent>().list(&caller.visible()).await.map_err(ApiError::from_store)?;
    let views: Vec<View> = agents.into_iter().map(|agent| shown(agent, session.now())).collect();
    filtered(&SCHEMA, &views, &query, caller)
}

/// `GET /agents/{id}`.
pub(crate) async fn show(
    app: &App,
    caller: &Caller,
    id: &str,
    pairs: &[(String, String)],
) -> Result<Value, ApiError> {
    if !caller.is_admin() {
        return Err(ApiError::HTTPNotFound);
    }
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let agent = session.table::<Agent>().find(id).await.map_err(ApiError::from_store)?;
    let agent = agent.ok_or_else(|| ApiError::AgentNotFound { id: id.to_owned() })?;
    let shown = shown(agent, session.now());
    Ok(view::wrap_one(&SCHEMA, view::object(&SCHEMA, &shown, true, &query::fields(pairs))?))
}

/// `GET /routers/{id}/l3-agents`: the agent that has the router.
pub(crate) async fn of_router(app: &App, caller: &Caller, id: &str) -> Result<Value, ApiError> {
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let router = resource::find::<Routers>(Context { session: &session, caller }, id).await?;
    caller.require_admin("get", "l3-agents")?;
    let mut agents = Vec::new();
    if let Some(agent) = find_agent(&session, router.agent_id).await? {
        let mut agent = view::object(&SCHEMA, &shown(agent, session.now()), true, &[])?;
        if let Some(agent) = agent.as_object_mut() {
            agent.insert("ha_state".to_owned(), Value::Null);
        }
        agents.push(agent);
    }
    Ok(view::wrap_list(&SCHEMA, agents, None))
}

/// `GET /availability_zones`: the zones of all agents. A zone is unavailable when all its agents are switched off.
pub(crate) async fn zones(app: &App, caller: &Caller, pairs: &[(String, String)]) -> Result<Value, ApiError> {
    let query = ListQuery::parse(&ZONE_SCHEMA, pairs)?;
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let agents = session.table::<Agent>().list(&Listing::default()).await.map_err(ApiError::from_store)?;
    let mut available = BTreeMap::<String, bool>::new();
    for agent in agents {
        *available.entry(agent.availability_zone.clone()).or_default() |= agent.admin_state_up;
    }
    let view = |(name, is_available): (String, bool)| ZoneView {
        name,
        resource: "router",
        state: if is_available { "available" } else { "unavailable" },
    };
    let views: Vec<ZoneView> = available.into_iter().map(view).collect();
    filtered(&ZONE_SCHEMA, &views, &query, caller)
}

/// A short list that is in memory: the objects that have a wanted value in every filter.
pub(super) fn filtered(
    schema: &Schema,
    views: &[impl Serialize],
    query: &ListQuery,
    caller: &Caller,
) -> Result<Value, ApiError> {
    let mut objects = Vec::with_capacity(views.len());
    for shown in views {
        let object = view::object(schema, shown, caller.is_admin(), &[])?;
        if query.filters.iter().all(|filter| filter.values.contains(&object[filter.column])) {
            objects.push(view::object(schema, shown, caller.is_admin(), &query.fields)?);
        }
    }
    Ok(view::wrap_list(schema, objects, None))
}

async fn find_agent(
    session: &Session,
    id: Option<adit_model::AgentId>,
) -> Result<Option<Stored<Agent>>, ApiError> {
    match id {
        None => Ok(None),
        Some(id) => session.table::<Agent>().find(id).await.map_err(ApiError::from_store),
    }
}

fn shown(agent: Stored<Agent>, now: Timestamp) -> View {
    // The reference's agents have no `T` and no zone in their times, and Go clients parse exactly that.
    let time = |time: Timestamp| time.strftime("%Y-%m-%d %H:%M:%S").to_string();
    let created_at = time(agent.created_at);
    let Agent {
        id,
        host,
        availability_zone,
        description,
        admin_state_up,
        data_plane,
        physical_networks,
        started_at,
        heartbeat_at,
    } = agent.record;
    View {
        id,
        agent_type: "L3 agent",
        binary: "neutron-l3-agent",
        topic: "l3_agent",
        host,
        admin_state_up,
        created_at,
        started_at: time(started_at),
        heartbeat_timestamp: time(heartbeat_at),
        description,
        resources_synced: None,
        availability_zone,
        alive: now.duration_since(heartbeat_at) < ALIVE,
        configurations: json!({"data_plane": data_plane, "physical_networks": physical_networks}),
    }
}
