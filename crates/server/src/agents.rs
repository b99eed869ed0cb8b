//! Serving agents: which agent has which router, what a router's node must do, and what became of it.

pub(crate) mod document;
pub(crate) mod liveness;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod schedule;
pub(crate) mod watch;

use adit_api::ApiError;
use adit_api::agent::{AgentHello, SILENCE_SECS};
use adit_model::{AgentId, Router};
use adit_store::Agent;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use self::schedule::Turn;
use crate::App;
use crate::resource::{self, FromStore};

/// A sign of life is written down no more often than this: each costs a write to the disk.
const NOTED_EVERY: SignedDuration = SignedDuration::from_secs(5);

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
    let turn = Turn::wait(&session).await?;
    let table = session.table::<Agent>();
    let AgentHello { host, availability_zone, data_plane, physical_networks, version: _, incarnation } =
        hello;
    let known = table.of_host(&host).await.map_err(ApiError::from_store)?;
    let known = table.relock(known.into_iter().collect()).await.map_err(ApiError::from_store)?.pop();
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
    if let Some(incarnation) = incarnation {
        table.begin_reports(id, incarnation).await.map_err(ApiError::from_store)?;
    }
    for router in session.table::<Router>().unassigned().await.map_err(ApiError::from_store)? {
        turn.place(router).await?;
    }
    resource::commit(app, session).await?;
    Ok(id)
}

/// What an agent that asks or tells something is to the server.
pub(crate) enum Standing {
    /// It has never said hello, or was deleted since.
    Stranger,
    /// It was silent for so long that what it said of its tunnels was taken back. It believes that it was heard and would
    /// not say it again, so it has to begin with a list, after which it does.
    Lost,
    /// It is in touch.
    Known,
}

/// Who is asking. Being heard of is a sign of life, but for a lost agent.
///
/// # Errors
/// [`ApiError::Internal`].
pub(crate) async fn standing(app: &App, id: AgentId) -> Result<Standing, ApiError> {
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let agent = session.table::<Agent>().find(id).await.map_err(ApiError::from_store)?;
    let Some(agent) = agent else { return Ok(Standing::Stranger) };
    if !is_alive(&agent, session.now()) {
        return Ok(Standing::Lost);
    }
    if session.now().duration_since(agent.heartbeat_at) < NOTED_EVERY {
        return Ok(Standing::Known);
    }
    drop(session);
    // Looked at again under its lock: what it said may have been taken back while this waited for that.
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    let table = session.table::<Agent>();
    let agent = table.lock(id).await.map_err(ApiError::from_store)?;
    let Some(agent) = agent else { return Ok(Standing::Stranger) };
    if !is_alive(&agent, Timestamp::now()) {
        return Ok(Standing::Lost);
    }
    table.heard_of(id).await.map_err(ApiError::from_store)?;
    session.commit().await.map_err(ApiError::from_store)?;
    Ok(Standing::Known)
}

/// Writes down that an agent was heard of, also a lost one.
///
/// # Errors
/// [`ApiError::Internal`].
pub(crate) async fn note_life(app: &App, id: AgentId) -> Result<(), ApiError> {
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    // One that was deleted at this moment learns it from its next request.
    let _known = session.table::<Agent>().heard_of(id).await.map_err(ApiError::from_store)?;
    session.commit().await.map_err(ApiError::from_store)
}
