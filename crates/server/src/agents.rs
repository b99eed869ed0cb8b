//! Serving agents: which agent has which router, what a router's node must do, and what became of it.

pub(crate) mod document;
pub(crate) mod liveness;
pub(crate) mod report;
pub(crate) mod watch;

use adit_api::ApiError;
use adit_api::agent::{AgentHello, SILENCE_SECS};
use adit_model::{AgentId, Router, RouterId};
use adit_store::{Agent, Listing, Session};
use jiff::Timestamp;
use uuid::Uuid;

use crate::App;
use crate::resource::FromStore;

/// Gives a router to the live agent that has the fewest; leaves it alone when no agent lives, until one says hello.
///
/// # Errors
/// [`ApiError::Internal`].
pub(crate) async fn schedule(session: &Session, router: RouterId) -> Result<(), ApiError> {
    let agents = session.table::<Agent>().list(&Listing::default()).await.map_err(ApiError::from_store)?;
    let mut best: Option<(u64, AgentId)> = None;
    for agent in agents.iter().filter(|agent| agent.admin_state_up && is_alive(agent, session.now())) {
        let count = session.table::<Router>().count(&Listing::of("agent_id", agent.id)).await;
        let count = count.map_err(ApiError::from_store)?;
        if best.is_none_or(|(fewest, _)| count < fewest) {
            best = Some((count, agent.id));
        }
    }
    let Some((_, agent)) = best else { return Ok(()) };
    session.table::<Router>().assign(router, Some(agent)).await.map_err(ApiError::from_store)?;
    session.touch(router).await.map_err(ApiError::from_store)
}

/// Whether what the agent said can be trusted still.
pub(crate) fn is_alive(agent: &Agent, now: Timestamp) -> bool {
    now.duration_since(agent.heartbeat_at).as_secs() < i64::try_from(SILENCE_SECS).unwrap_or(i64::MAX)
}

/// An agent says hello: it becomes known, or known again, and gets the routers that nobody has.
///
/// # Errors
/// [`ApiError::Internal`].
pub(crate) async fn hello(app: &App, hello: AgentHello) -> Result<AgentId, ApiError> {
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    let table = session.table::<Agent>();
    let AgentHello { host, availability_zone, data_plane, physical_networks, version: _ } = hello;
    let known = table.of_host(&host).await.map_err(ApiError::from_store)?;
    let id = match known {
        Some(mut agent) => {
            agent.record = Agent {
                availability_zone,
                data_plane,
                physical_networks,
                started_at: session.now(),
                heartbeat_at: session.now(),
                ..agent.record
            };
            table.update(&mut agent).await.map_err(ApiError::from_store)?;
            agent.id
        }
        None => {
            let id = AgentId::new(Uuid::new_v4());
            let agent = Agent {
                id,
                host,
                availability_zone,
                description: None,
                admin_state_up: true,
                data_plane,
                physical_networks,
                started_at: session.now(),
                heartbeat_at: session.now(),
            };
            table.insert(agent).await.map_err(ApiError::from_store)?;
            id
        }
    };
    for router in session.table::<Router>().unassigned().await.map_err(ApiError::from_store)? {
        schedule(&session, router).await?;
    }
    session.commit().await.map_err(ApiError::from_store)?;
    app.wake();
    Ok(id)
}
