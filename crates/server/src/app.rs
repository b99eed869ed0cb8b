//! What every request shares.

use std::fmt;
use std::sync::Arc;

use adit_store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::{IdentityConfig, IdentityProvider};
use crate::identity::keystone::Keystone;
use crate::identity::keystone::config::KeystoneError;
use crate::{ServerConfig, identity};

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
    identity: identity::Memory,
    /// When it is in charge of identity.
    keystone: Option<Keystone>,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("App")
    }
}

impl App {
    /// A server over `store` with users of its own. Agents must present `agent_key`.
    pub fn new(store: Store, config: ServerConfig, agent_key: String) -> Self {
        Self::with_keystone(store, config, agent_key, None)
    }

    /// A server over `store` that knows its users as `identity` says.
    ///
    /// # Errors
    /// [`KeystoneError`]. Whether Keystone answers, the first request tells.
    pub fn with_identity(
        store: Store,
        config: ServerConfig,
        agent_key: String,
        identity: &IdentityConfig,
    ) -> Result<Self, KeystoneError> {
        let keystone = match identity.provider {
            IdentityProvider::Local => None,
            IdentityProvider::Keystone => {
                Some(Keystone::new(identity.keystone.clone(), Arc::new(jiff::Timestamp::now))?)
            }
        };
        Ok(Self::with_keystone(store, config, agent_key, keystone))
    }

    pub(crate) fn with_keystone(
        store: Store,
        config: ServerConfig,
        agent_key: String,
        keystone: Option<Keystone>,
    ) -> Self {
        Self(Arc::new(Shared {
            store,
            config,
            agent_key,
            commits: watch::Sender::new(0),
            watches_end: CancellationToken::new(),
            identity: identity::Memory::default(),
            keystone,
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
    pub(crate) fn identity(&self) -> &identity::Memory {
        &self.0.identity
    }

    /// The Keystone in whose hands identity is; `None` when it is Adit's own.
    pub(crate) fn keystone(&self) -> Option<&Keystone> {
        self.0.keystone.as_ref()
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
