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
    // An agent that is deleted at this moment takes no router along; if another one has the router now, it keeps it.
    if !session.table::<Agent>().keep(agent).await.map_err(ApiError::from_store)? {
        return Err(ApiError::Collision);
    }
    bind(session, router, agent).await.map(drop)
}

/// Gives a router that nobody has to this agent: it is told, and sets the router up. Returns whether nobody had it.
///
/// # Errors
/// [`ApiError::Internal`].
pub(crate) async fn bind(session: &Session, router: RouterId, agent: AgentId) -> Result<bool, ApiError> {
    let is_bound = session.table::<Router>().assign(router, None, Some(agent)).await;
    let is_bound = is_bound.map_err(ApiError::from_store)?;
    if is_bound {
        session.touch(router);
    }
    Ok(is_bound)
}

/// Takes a router from its agent, which takes it down. Nobody has it then, until somebody gives it to an agent or one
/// says hello. Returns whether that agent had it.
///
/// # Errors
/// [`ApiError::Internal`].
pub(crate) async fn unbind(session: &Session, router: RouterId, agent: AgentId) -> Result<bool, ApiError> {
    let is_free = session.table::<Router>().assign(router, Some(agent), None).await;
    let is_free = is_free.map_err(ApiError::from_store)?;
    if is_free {
        session.announce(router, agent);
    }
    Ok(is_free)
}
