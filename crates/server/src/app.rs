//! What every request shares.

use std::sync::Arc;

use adit_store::Store;
use tokio::sync::watch;

use crate::ServerConfig;

/// The server's state. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    config: ServerConfig,
    agent_key: String,
    /// Sees a new value after each commit that agents may care about.
    commits: watch::Sender<u64>,
}

impl App {
    /// A server over `store`. Agents must present `agent_key`.
    pub fn new(store: Store, config: ServerConfig, agent_key: String) -> Self {
        Self(Arc::new(Shared { store, config, agent_key, commits: watch::Sender::new(0) }))
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The settings.
    pub fn config(&self) -> &ServerConfig {
        &self.0.config
    }

    pub(crate) fn agent_key(&self) -> &str {
        &self.0.agent_key
    }

    /// Lets the agents that wait look at the change log. Called after a commit; calling it in vain is harmless.
    pub(crate) fn wake(&self) {
        self.0.commits.send_modify(|count| *count += 1);
    }

    /// Sees each [`Self::wake`].
    pub(crate) fn commits(&self) -> watch::Receiver<u64> {
        self.0.commits.subscribe()
    }
}
