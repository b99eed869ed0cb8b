//! Agents and availability zones, as clients see them.

use std::collections::{BTreeMap, BTreeSet};

use adit_api::network::agent::{SCHEMA, Update, View, ZONE_SCHEMA, ZoneView};
use adit_api::{ApiError, body, query, view};
use adit_model::{Router, RouterId};
use adit_store::{Agent, Listing, Stored};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::App;
use crate::agents::schedule::Turn;
use crate::caller::Caller;
use crate::listed::{self, Identity, Request};
use crate::resource::{self, Context, FromStore, replace};

/// How long after its last sign of life the API still calls an agent alive, as the reference does.
const ALIVE: SignedDuration = SignedDuration::from_secs(75);

/// `GET /agents`. Agents are the operator's: everybody else sees none.
pub(crate) async fn list(app: &App, caller: &Caller, request: Request<'_>) -> Result<Value, ApiError> {
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let agents = session.table::<Agent>().list(&caller.visible()).await.map_err(ApiError::from_store)?;
    let views: Vec<View> = agents.into_iter().map(|agent| shown(agent, session.now())).collect();
    let identity = Identity { key: "id", unknown: not_found };
    listed::answer(&SCHEMA, &views, identity, request, caller)
}

/// The refusal of `POST /agents`: an agent makes itself known.
pub(crate) fn not_made_here() -> ApiError {
    ApiError::BadRequest {
        resource: SCHEMA.plural.to_owned(),
        reason: "Agent creation using API is not supported.".to_owned(),
    }
}

/// `GET /agents/{id}`.
pub(crate) async fn show(
    app: &App,
    caller: &Caller,
    id: &str,
    pairs: &[(String, String)],
) -> Result<Value, ApiError> {
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let agent = find(Context { session: &session, caller }, id).await?;
    wrapped(agent, session.now(), &query::fields(pairs))
}

/// `PUT /agents/{id}`.
pub(crate) async fn update(app: &App, caller: &Caller, id: &str, request: &[u8]) -> Result<Value, ApiError> {
    let checked = body::parse_update(&SCHEMA, request)?;
    let Update { admin_state_up, description } =
        serde_json::from_value(Value::Object(checked)).map_err(ApiError::internal)?;
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    let cx = Context { session: &session, caller };
    let agent = find(cx, id).await?;
    let agent = session.table::<Agent>().relock(vec![agent]).await.map_err(ApiError::from_store)?.pop();
    let mut agent = agent.ok_or_else(|| not_found(id))?;
    let before = agent.record.clone();
    replace(&mut agent.admin_state_up, admin_state_up);
    replace(&mut agent.description, description);
    if agent.record != before {
        session.table().update(&mut agent).await.map_err(ApiError::from_store)?;
    }
    let shown = wrapped(agent, session.now(), &[])?;
    resource::commit(app, session).await?;
    Ok(shown)
}

/// `DELETE /agents/{id}`: its routers go to the others. If it lives it says hello again, as a new one.
pub(crate) async fn delete(app: &App, caller: &Caller, id: &str) -> Result<(), ApiError> {
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    let turn = Turn::wait(&session).await?;
    let agent = find(Context { session: &session, caller }, id).await?;
    session.table::<Agent>().delete(agent.id).await.map_err(ApiError::from_store)?;
    let routers = session.table::<Router>().list(&Listing::of("agent_id", agent.id)).await;
    let routers: BTreeSet<RouterId> =
        routers.map_err(ApiError::from_store)?.into_iter().map(|router| router.id).collect();
    for router in routers {
        if turn.unbind(router, agent.id).await? {
            turn.place(router).await?;
        }
    }
    resource::commit(app, session).await
}

/// The agent with this id. Whoever is not the operator does not find any.
pub(super) async fn find(cx: Context<'_>, id: &str) -> Result<Stored<Agent>, ApiError> {
    if !cx.caller.is_admin() {
        return Err(ApiError::HTTPNotFound);
    }
    let agent = cx.session.table::<Agent>().find(id).await.map_err(ApiError::from_store)?;
    agent.ok_or_else(|| not_found(id))
}

fn not_found(id: &str) -> ApiError {
    ApiError::AgentNotFound { id: id.to_owned() }
}

fn wrapped(agent: Stored<Agent>, now: Timestamp, fields: &[String]) -> Result<Value, ApiError> {
    Ok(view::wrap_one(&SCHEMA, view::object(&SCHEMA, &shown(agent, now), true, fields)?))
}

/// `GET /availability_zones`: the zones of all agents. A zone is unavailable when all its agents are switched off.
pub(crate) async fn zones(app: &App, caller: &Caller, request: Request<'_>) -> Result<Value, ApiError> {
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
    let unknown = |name: &str| ApiError::AvailabilityZoneNotFound { zone: name.to_owned() };
    listed::answer(&ZONE_SCHEMA, &views, Identity { key: "name", unknown }, request, caller)
}

/// An agent as it is shown.
pub(super) fn shown(agent: Stored<Agent>, now: Timestamp) -> View {
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
        configurations: json!({
            "agent_mode": "legacy",
            "handle_internal_only_routers": true,
            "extensions": ["vpnaas"],
            "data_plane": data_plane,
            "physical_networks": physical_networks,
        }),
    }
}
