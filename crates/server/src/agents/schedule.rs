//! Which agent has which router.

use adit_api::ApiError;
use adit_model::{AgentId, Router, RouterId};
use adit_store::{Agent, Listing, Session, Stored};

use super::is_alive;
use crate::resource::FromStore;

/// The turn of a session in saying which agent has which router. Two who did that at once would both overlook what the
/// other one is about to write: a new router would find no agent, and the agent that says hello no router. So agents
/// that come and go, and whoever gives or takes a router, have their turn one after the other.
#[derive(Clone, Copy)]
pub(crate) struct Turn<'a> {
    session: &'a Session,
}

impl<'a> Turn<'a> {
    /// Waits until nobody else has the turn, and has it until the session ends. It stands early in the order of locks
    /// (see `ARCHITECTURE.md`), and what is to be looked at in it is read afterwards.
    ///
    /// # Errors
    /// [`ApiError::Collision`], [`ApiError::ServiceUnavailable`].
    pub(crate) async fn wait(session: &'a Session) -> Result<Self, ApiError> {
        session.lock_name("turn in scheduling", "").await.map_err(ApiError::from_store)?;
        Ok(Self { session })
    }

    /// Gives a router to the live agent that has the fewest, of those in the zones that its owner wants; leaves it alone
    /// when there is none, until one says hello.
    ///
    /// # Errors
    /// [`ApiError::Internal`].
    pub(crate) async fn place(self, router: RouterId) -> Result<(), ApiError> {
        let Self { session } = self;
        let agents =
            session.table::<Agent>().list(&Listing::default()).await.map_err(ApiError::from_store)?;
        let found = session.table::<Router>().find(router).await.map_err(ApiError::from_store)?;
        let hints = found.map(|router| router.record.availability_zone_hints).unwrap_or_default();
        let is_wanted = |agent: &Agent| hints.is_empty() || hints.contains(&agent.availability_zone);
        let may_host = |agent: &&Stored<Agent>| {
            agent.admin_state_up && is_alive(agent, session.now()) && is_wanted(agent)
        };
        let mut best: Option<(u64, AgentId)> = None;
        for agent in agents.iter().filter(may_host) {
            let count = session.table::<Router>().count(&Listing::of("agent_id", agent.id)).await;
            let count = count.map_err(ApiError::from_store)?;
            if best.is_none_or(|(fewest, _)| count < fewest) {
                best = Some((count, agent.id));
            }
        }
        match best {
            Some((_, agent)) => self.bind(router, agent).await.map(drop),
            None => Ok(()),
        }
    }

    /// Gives a router that nobody has to this agent: it is told, and sets the router up. Returns whether nobody had it.
    ///
    /// # Errors
    /// [`ApiError::Internal`].
    pub(crate) async fn bind(self, router: RouterId, agent: AgentId) -> Result<bool, ApiError> {
        let is_bound = self.session.table::<Router>().assign(router, None, Some(agent)).await;
        let is_bound = is_bound.map_err(ApiError::from_store)?;
        if is_bound {
            self.session.touch(router);
        }
        Ok(is_bound)
    }

    /// Takes a router from its agent, which takes it down. Nobody has it then, until somebody gives it to an agent or one
    /// says hello. Returns whether that agent had it.
    ///
    /// # Errors
    /// [`ApiError::Internal`].
    pub(crate) async fn unbind(self, router: RouterId, agent: AgentId) -> Result<bool, ApiError> {
        let is_free = self.session.table::<Router>().assign(router, Some(agent), None).await;
        let is_free = is_free.map_err(ApiError::from_store)?;
        if is_free {
            self.session.announce(router, agent);
        }
        Ok(is_free)
    }
}
