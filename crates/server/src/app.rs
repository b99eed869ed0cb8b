//! What every request shares.

use std::fmt;
use std::sync::Arc;

use adit_store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::ServerConfig;

/// The server's state. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Shared>);

struct Shared {
    store: Store,
    config: ServerConfig,
    agent_key: String,
    /// Sees a new value after each commit that agents may care about.
    commits: watch::Sender<u64>,
    watches_end: CancellationToken,
    identity: crate::identity::Memory,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("App")
    }
}

impl App {
    /// A server over `store`. Agents must present `agent_key`.
    pub fn new(store: Store, config: ServerConfig, agent_key: String) -> Self {
        Self(Arc::new(Shared {
            store,
            config,
            agent_key,
            commits: watch::Sender::new(0),
            watches_end: CancellationToken::new(),
            identity: crate::identity::Memory::default(),
        }))
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The settings.
    pub fn config(&self) -> &ServerConfig {
        &self.0.config
    }

    /// What of tokens and passwords stays in memory.
    pub(crate) fn identity(&self) -> &crate::identity::Memory {
        &self.0.identity
    }

    pub(crate) fn agent_key(&self) -> &str {
        &self.0.agent_key
    }

    /// Answers the agents that wait, for the server is about to stop.
    pub(crate) fn stop_watching(&self) {
        self.0.watches_end.cancel();
    }

    /// When agents shall not wait any longer.
    pub(crate) fn watches_end(&self) -> &CancellationToken {
        &self.0.watches_end
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
