//! Which agent has which router.

use adit_api::ApiError;
use adit_model::{AgentId, Router, RouterId};
use adit_store::{Agent, Listing, Session, Stored};

use super::is_alive;
use crate::resource::FromStore;

/// Gives a router to the live agent that has the fewest, of those in the zones that its owner wants; leaves it alone
/// when there is none, until one says hello.
///
/// # Errors
/// [`ApiError::Internal`].
pub(crate) async fn place(session: &Session, router: RouterId) -> Result<(), ApiError> {
    let agents = session.table::<Agent>().list(&Listing::default()).await.map_err(ApiError::from_store)?;
    let found = session.table::<Router>().find(router).await.map_err(ApiError::from_store)?;
    let hints = found.map(|router| router.record.availability_zone_hints).unwrap_or_default();
    let is_wanted = |agent: &Agent| hints.is_empty() || hints.contains(&agent.availability_zone);
    let may_host =
        |agent: &&Stored<Agent>| agent.admin_state_up && is_alive(agent, session.now()) && is_wanted(agent);
    let mut best: Option<(u64, AgentId)> = None;
    for agent in agents.iter().filter(may_host) {
        let count = session.table::<Router>().count(&Listing::of("agent_id", agent.id)).await;
        let count = count.map_err(ApiError::from_store)?;
        if best.is_none_or(|(fewest, _)| count < fewest) {
            best = Some((count, agent.id));
        }
    }
    let Some((_, agent)) = best else { return Ok(()) };
    bind(session, router, agent).await
}

/// Gives a router to this agent: it is told, and sets the router up.
///
/// # Errors
/// [`ApiError::Internal`].
pub(crate) async fn bind(session: &Session, router: RouterId, agent: AgentId) -> Result<(), ApiError> {
    session.table::<Router>().assign(router, Some(agent)).await.map_err(ApiError::from_store)?;
    session.touch(router).await.map_err(ApiError::from_store)
}

/// Takes a router from its agent, which takes it down. Nobody has it then, until somebody gives it to an agent or one
/// says hello.
///
/// # Errors
/// [`ApiError::Internal`].
pub(crate) async fn unbind(session: &Session, router: RouterId, agent: AgentId) -> Result<(), ApiError> {
    session.table::<Router>().assign(router, None).await.map_err(ApiError::from_store)?;
    session.announce(router, agent).await.map_err(ApiError::from_store)
}
