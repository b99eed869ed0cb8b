//! The agent: makes one node match its router documents.
//!
//! Enter at [`Agent::start`]. The agent follows the server, runs one task per router that fetches, plans, applies and
//! reports, and leaves everything in place when it ends: charon keeps the tunnels up, and the next agent finds the
//! routers as they are. Only when the node itself goes down are they taken off first ([`Agent::leave`]). Nothing is touched
//! that this agent did not name and note in its state directory.
//!
//! [`host`] is apart from that: it plugs hosts for trials into a node's networks. The agent only tells the server which
//! of them it sees.

mod backoff;
mod check;
mod client;
pub mod config;
pub mod host;
mod names;
mod report;
mod router;
mod segment;
mod supervisor;
mod sync;
pub mod vpn;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use adit_api::agent::AgentHello;
use adit_api::transport::TransportError;
use adit_ike::charon;
use adit_linux::link::{self, LinkWatch};
use adit_linux::{Netlink, privilege, xfrm};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use uuid::Uuid;

use crate::check::Teller;
use crate::client::Client;
pub use crate::config::{AgentConfig, AgentKey, DataPlane, DataPlaneChoice, PhysicalNetworks};
use crate::report::Reports;
use crate::router::Node;

/// Why an agent cannot start on this node.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The node does not let us.
    #[error("this node cannot host routers")]
    Node(#[source] adit_linux::Error),
    /// Nothing here could exchange keys.
    #[error("this node cannot carry tunnels")]
    Daemon(#[source] charon::NotInstalled),
    /// The configuration asks for what the kernel does not have.
    #[error(
        "`data_plane = \"kernel\"` is set, and this kernel has no ESP: use `auto` or `userspace`, or load the module `esp4`"
    )]
    NoKernelEsp,
    /// The configuration names an interface that there cannot be.
    #[error(
        "`physical_networks` maps `{network}` to `{interface}`, and no interface can be called that: a name has at most \
         {longest} octets, and no spaces, `/` or `:` in it",
        longest = link::LONGEST_NAME
    )]
    InterfaceName {
        /// The physical network.
        network: String,
        /// What it is mapped to.
        interface: String,
    },
    /// The state directory is unusable.
    #[error("cannot use the state directory {}", .path.display())]
    StateDir {
        /// Which part of it.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No HTTP client.
    #[error("cannot make an HTTP client")]
    Http(#[source] TransportError),
}

/// How long the server may take to hear that the routers are away. It may be on its way down, too.
const LAST_WORD_LIMIT: Duration = Duration::from_secs(5);

/// A running agent. Dropping it stops it; routers stay as they are.
#[derive(Debug)]
pub struct Agent {
    tasks: JoinSet<()>,
    data_plane: DataPlane,
    reports: Reports,
    leave: oneshot::Sender<oneshot::Sender<()>>,
}

impl Agent {
    /// Checks what can be checked on this node, and starts. The server need not answer yet. Needs a tokio runtime,
    /// whose threads are in the network namespace of the node.
    ///
    /// # Errors
    /// What an operator has to change on the node or in the configuration.
    pub async fn start(config: AgentConfig) -> Result<Self, AgentError> {
        check_interfaces(&config.physical_networks)?;
        privilege::check().and_then(|()| privilege::allow_many_files()).map_err(AgentError::Node)?;
        charon::installed().map_err(AgentError::Daemon)?;
        let routers = config::routers_dir(&config.state_dir);
        router::make_private_dir(&routers)
            .map_err(|source| AgentError::StateDir { path: routers.clone(), source })?;
        let data_plane = config.data_plane.resolve()?;
        let netlink = Netlink::here().map_err(AgentError::Node)?;
        router::sweep(&netlink).await;

        let client = Client::new(&config).map_err(AgentError::Http)?;
        let incarnation = Uuid::new_v4();
        let hello = AgentHello {
            host: config.host.clone(),
            availability_zone: config.availability_zone.clone(),
            data_plane: data_plane.as_str().to_owned(),
            physical_networks: config.physical_networks.keys().cloned().collect(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            incarnation: Some(incarnation),
        };
        let (identity, known) = watch::channel(None);
        let (news, heard) = mpsc::channel(16);
        let unknown = Arc::new(Notify::new());
        let teller = Teller::new(client.clone(), known.clone());
        let (reports, reporting) = Reports::new(client.clone(), incarnation, known, unknown.clone());
        let (hosts, changes) =
            (Netlink::here().map_err(AgentError::Node)?, LinkWatch::here().map_err(AgentError::Node)?);
        let mut tasks = JoinSet::new();
        tasks.spawn(reporting);
        tasks.spawn(host::watch::run(hosts, changes, reports.clone()));
        tasks.spawn(sync::run(client, hello, identity, unknown, news));
        let (leave, asked_to_leave) = oneshot::channel();
        let node = Arc::new(Node::new(config, data_plane, netlink, reports.clone()));
        tasks.spawn(supervisor::run(node, teller, heard, asked_to_leave));
        Ok(Self { tasks, data_plane, reports, leave })
    }

    /// Who carries the packets on this node.
    pub const fn data_plane(&self) -> DataPlane {
        self.data_plane
    }

    /// Stops, and leaves namespaces, firewalls and tunnels as they are.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }

    /// Takes all routers off the node, which is about to go down, and stops. Peers are told, interfaces go before
    /// namespaces, so that nothing leaves in clear, and what has to be kept apart after the start of the node stays written
    /// down. What fails is logged; it takes little more than a minute at most.
    pub async fn leave(mut self) {
        let (left, all_left) = oneshot::channel();
        if self.leave.send(left).is_ok() && all_left.await.is_ok() {
            let told = timeout(LAST_WORD_LIMIT, self.reports.heard()).await;
            if told.is_err() {
                tracing::warn!("the server has not heard that the routers have left their node");
            }
        }
        self.tasks.shutdown().await;
    }
}

/// One that is not there yet may come; the routers that need it say that it is missing.
fn check_interfaces(physical_networks: &PhysicalNetworks) -> Result<(), AgentError> {
    match physical_networks.iter().find(|(_, interface)| !link::is_name(interface)) {
        None => Ok(()),
        Some((network, interface)) => {
            Err(AgentError::InterfaceName { network: network.clone(), interface: interface.clone() })
        }
    }
}

impl DataPlaneChoice {
    /// Who carries the packets on this node, now that it was chosen so.
    ///
    /// # Errors
    /// [`AgentError::NoKernelEsp`]; [`AgentError::Node`] when the kernel cannot be asked.
    pub fn resolve(self) -> Result<DataPlane, AgentError> {
        let has_esp = || xfrm::esp_in_kernel().map_err(AgentError::Node);
        let data_plane = match self {
            Self::Userspace => DataPlane::Userspace,
            Self::Kernel if !has_esp()? => return Err(AgentError::NoKernelEsp),
            Self::Kernel => DataPlane::Kernel,
            Self::Auto if has_esp()? => DataPlane::Kernel,
            Self::Auto => DataPlane::Userspace,
        };
        tracing::info!(%data_plane, choice = ?self, "data plane chosen");
        Ok(data_plane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_there_cannot_be_is_named_with_its_setting() {
        for (interface, want) in [
            ("br-ext", ""),
            (
                "enp129s0f1np1.4000",
                "`physical_networks` maps `public` to `enp129s0f1np1.4000`, and no interface can be called that: a name \
                 has at most 15 octets, and no spaces, `/` or `:` in it",
            ),
        ] {
            let networks = PhysicalNetworks::from([(String::from("public"), String::from(interface))]);
            let said = check_interfaces(&networks).map_or_else(|error| error.to_string(), |()| String::new());
            assert_eq!(said, want, "{interface}");
        }
    }
}
