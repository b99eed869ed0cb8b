//! When an agent falls silent, what it last said is not repeated as if it were known.

use std::collections::BTreeMap;
use std::time::Duration;

use adit_api::ApiError;
use adit_model::{
    Reason, ReasonCode, Router, RouterId, SiteConnection, SiteConnectionId, Status, VpnService, VpnServiceId,
};
use adit_store::{Agent, Listing, Session, Stored};
use tokio_util::sync::CancellationToken;

use super::document::texts;
use super::is_alive;
use super::schedule::Turn;
use crate::App;
use crate::http::persistently;
use crate::resource::FromStore;

/// How often the agents' signs of life are looked at.
const INTERVAL: Duration = Duration::from_secs(5);

/// Looks after the agents until `stop`.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // Both arms are cancel-safe.
    while tokio::select! { () = stop.cancelled() => false, _ = ticks.tick() => true } {
        if let Err(error) = persistently(|| distrust_silent(&app)).await {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot look after silent agents");
        }
    }
}

/// Takes back what silent agents said of their tunnels, and says of tunnels that wait for an agent that there is none.
async fn distrust_silent(app: &App) -> Result<(), ApiError> {
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let agents = silent(&session).await?;
    if doubts(&session, agents).await?.is_empty() {
        return Ok(());
    }
    drop(session);
    // Looked at again by the session that writes. In its turn nobody gives routers to agents, and an agent that speaks is
    // heard before its row is locked, and believed, or when this is written, and has to say all of it again.
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    Turn::wait(&session).await?;
    let agents = session.table::<Agent>().relock(silent(&session).await?).await;
    let mut agents = agents.map_err(ApiError::from_store)?;
    agents.retain(|agent| !is_alive(agent, session.now()));
    for Doubt { reason, services, connections } in doubts(&session, agents).await? {
        for id in services {
            let table = session.table::<VpnService>();
            table.set_status(id, Status::Down, Some(&reason)).await.map_err(ApiError::from_store)?;
        }
        for id in connections {
            let table = session.table::<SiteConnection>();
            table.set_status(id, Status::Down, Some(&reason)).await.map_err(ApiError::from_store)?;
        }
    }
    session.commit().await.map_err(ApiError::from_store)
}

/// What is said of a router's tunnels though nobody knows, and why not.
struct Doubt {
    reason: Reason,
    services: Vec<VpnServiceId>,
    connections: Vec<SiteConnectionId>,
}

/// What is to be taken back when these agents are silent.
async fn doubts(session: &Session, silent: Vec<Stored<Agent>>) -> Result<Vec<Doubt>, ApiError> {
    let doubt = |why| Doubt {
        reason: Reason::new(ReasonCode::AgentOffline, why),
        services: Vec::new(),
        connections: Vec::new(),
    };
    let mut doubts: BTreeMap<RouterId, Doubt> =
        unserved(session, silent).await?.into_iter().map(|(router, why)| (router, doubt(why))).collect();
    let services = session.table::<VpnService>().find_all("router_id", texts(doubts.keys())).await;
    let services = services.map_err(ApiError::from_store)?;
    let ids = texts(services.iter().map(|service| service.id));
    let connections = session.table::<SiteConnection>().find_all("vpn_service_id", ids).await;
    let mut routers = BTreeMap::new();
    for service in services {
        routers.insert(service.id, service.router_id);
        if is_believed(service.status, service.reason.as_ref())
            && let Some(doubt) = doubts.get_mut(&service.router_id)
        {
            doubt.services.push(service.id);
        }
    }
    for connection in connections.map_err(ApiError::from_store)? {
        let router = routers.get(&connection.vpn_service_id);
        if is_believed(connection.status, connection.reason.as_ref())
            && let Some(doubt) = router.and_then(|router| doubts.get_mut(router))
        {
            doubt.connections.push(connection.id);
        }
    }
    let is_something = |doubt: &Doubt| !doubt.services.is_empty() || !doubt.connections.is_empty();
    Ok(doubts.into_values().filter(is_something).collect())
}

/// The routers that nobody looks after, each with the reason.
async fn unserved(
    session: &Session,
    silent: Vec<Stored<Agent>>,
) -> Result<Vec<(RouterId, String)>, ApiError> {
    let orphans = session.table::<Router>().unassigned().await.map_err(ApiError::from_store)?;
    let mut unserved: Vec<_> =
        orphans.into_iter().map(|router| (router, "no agent serves the router".to_owned())).collect();
    for agent in silent {
        let why =
            format!("the agent on node `{}` has not been heard of since {}", agent.host, agent.heartbeat_at);
        let routers = session.table::<Router>().list(&Listing::of("agent_id", agent.id)).await;
        let routers = routers.map_err(ApiError::from_store)?;
        unserved.extend(routers.into_iter().map(|router| (router.id, why.clone())));
    }
    Ok(unserved)
}

async fn silent(session: &Session) -> Result<Vec<Stored<Agent>>, ApiError> {
    let agents = session.table::<Agent>().list(&Listing::default()).await;
    let mut agents = agents.map_err(ApiError::from_store)?;
    agents.retain(|agent| !is_alive(agent, session.now()));
    Ok(agents)
}

/// Whether a status is one that the agent said, or that waits for it.
fn is_believed(status: Status, reason: Option<&Reason>) -> bool {
    status != Status::Down || reason.is_none_or(|reason| reason.code != ReasonCode::AgentOffline)
}
