//! How far what was asked for has come on the nodes.

use std::collections::BTreeSet;

use adit_api::ApiError;
use adit_api::vpn::diagnostics::Progress;
use adit_model::{Router, RouterId, SiteConnection, SiteConnectionId, VpnServiceId};
use adit_store::{Agent, Applied, Session};

use super::document::texts;
use super::is_alive;
use crate::resource::FromStore;

/// What there is to tell while SAs of before are there.
const REPLACING: &str = "the gateway has security associations of before the change still";

/// What a router's agent has made of the router's newest document.
pub(crate) struct Told {
    generation: u64,
    /// What it said last, while it is to be believed.
    applied: Option<Applied>,
    /// Why it has not said anything of the newest document.
    missing: Option<String>,
}

impl Told {
    /// What was told of a router that is there.
    ///
    /// # Errors
    /// [`ApiError::Internal`].
    pub(crate) async fn of(session: &Session, router: RouterId) -> Result<Self, ApiError> {
        let table = session.table::<Router>();
        let found = table.find(router).await.map_err(ApiError::from_store)?;
        let gone = || ApiError::internal(format!("the router `{router}` is referred to but gone"));
        let Router { generation, agent_id, .. } = found.ok_or_else(gone)?.record;
        let agent = match agent_id {
            Some(id) => session.table::<Agent>().find(id).await.map_err(ApiError::from_store)?,
            None => None,
        };
        let Some(agent) = agent else {
            let missing = Some("no agent serves the router".to_owned());
            return Ok(Self { generation, applied: None, missing });
        };
        let applied = table.applied(router).await.map_err(ApiError::from_store)?;
        // A router that has come to another agent is made anew there.
        let applied = applied.filter(|applied| applied.agent_id == agent.id);
        let node = &agent.host;
        let missing = if !is_alive(&agent, session.now()) {
            let since = agent.heartbeat_at;
            Some(format!("the agent on node `{node}` has not been heard of since {since}"))
        } else if applied.as_ref().is_none_or(|applied| applied.generation < generation) {
            Some(format!("the agent on node `{node}` has not taken it over yet"))
        } else {
            None
        };
        Ok(Self { generation, applied, missing })
    }

    /// Of the router itself.
    pub(crate) fn of_router(self) -> Progress {
        let error = self.applied.as_ref().and_then(|applied| applied.error.as_ref());
        let pending = error.map(|error| error.text.clone());
        self.progress(pending)
    }

    /// Of a site connection of the router.
    pub(crate) fn of_connection(self, id: SiteConnectionId) -> Progress {
        let is_outdated = self.outdated().contains(&id);
        self.of_tunnels(is_outdated)
    }

    /// Of a VPN service of the router: of its connections, and of such as are there no more.
    ///
    /// # Errors
    /// [`ApiError::Internal`].
    pub(crate) async fn of_service(self, session: &Session, id: VpnServiceId) -> Result<Progress, ApiError> {
        let outdated = self.outdated();
        let there = session.table::<SiteConnection>().find_all("id", texts(&outdated)).await;
        let there = there.map_err(ApiError::from_store)?;
        let others = there.iter().filter(|connection| connection.vpn_service_id != id).count();
        Ok(self.of_tunnels(others < outdated.len()))
    }

    fn outdated(&self) -> BTreeSet<SiteConnectionId> {
        self.applied.as_ref().map(|applied| applied.outdated.clone()).unwrap_or_default()
    }

    fn of_tunnels(self, is_outdated: bool) -> Progress {
        let failure = self.applied.as_ref().and_then(|applied| applied.failure.as_ref());
        let failure = failure.map(|failure| failure.text.clone());
        let pending = failure.or_else(|| is_outdated.then(|| REPLACING.to_owned()));
        self.progress(pending)
    }

    fn progress(self, pending: Option<String>) -> Progress {
        let pending = self.missing.or(pending);
        Progress {
            applied: pending.is_none(),
            pending,
            generation: self.generation,
            applied_generation: self.applied.map(|applied| applied.generation),
        }
    }
}
