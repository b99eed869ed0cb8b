//! What an agent has to be told.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use adit_model::RouterId;

/// Who carries the packets, as an operator may choose it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataPlaneChoice {
    /// The kernel where it has ESP, else charon itself.
    #[default]
    Auto,
    /// Kernel XFRM; an error where the kernel has no ESP.
    Kernel,
    /// ESP inside charon, over a TUN device.
    Userspace,
}

/// Who carries the packets on this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataPlane {
    /// Kernel XFRM.
    Kernel,
    /// ESP inside charon, over the TUN device `ipsec0`.
    Userspace,
}

impl DataPlane {
    /// The word for it in configuration, reports and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Userspace => "userspace",
        }
    }
}

impl fmt::Display for DataPlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The key by which an agent is known to its server. It shows in no log.
#[derive(Clone)]
pub struct AgentKey(String);

impl AgentKey {
    /// Wraps the key as the operator gave it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The key itself, for the `Authorization` header.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AgentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgentKey(redacted)")
    }
}

/// Physical networks by name: the interface or bridge of the node that joins each, in the network namespace that the
/// agent runs in.
pub type PhysicalNetworks = BTreeMap<String, String>;

/// Everything an agent has to be told.
#[derive(Clone, Debug)]
pub struct AgentConfig {
    /// Base of the server's URLs, such as `http://127.0.0.1:9696`.
    pub server_url: String,
    /// Proves to the server who is asking.
    pub key: AgentKey,
    /// Name of the node; the agent is known by it across restarts.
    pub host: String,
    /// Zone for schedulers.
    pub availability_zone: String,
    /// Where the agent keeps what it must find again: `routers/ROUTER/` below it marks each router that it made.
    pub state_dir: PathBuf,
    /// Who carries the packets.
    pub data_plane: DataPlaneChoice,
    /// What joins this node to the outside.
    pub physical_networks: PhysicalNetworks,
}

impl AgentConfig {
    /// The folder of one router. It is made before anything of the router is, and goes last, so it says which
    /// namespaces are this agent's.
    pub(crate) fn router_dir(&self, router: RouterId) -> PathBuf {
        routers_dir(&self.state_dir).join(router.to_string())
    }
}

/// The folder that has one folder per router.
pub(crate) fn routers_dir(state_dir: &Path) -> PathBuf {
    state_dir.join("routers")
}
