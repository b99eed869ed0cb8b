//! The VPN of one router: its charon made to match, its tunnels set up and watched.
//!
//! [`Vpn`] is a handle; one task per router owns everything behind it (`driver`). What must change is worked out by
//! pure functions: what to load (`plan`), and over what charon lists (`sas`) what to ask for, what to close (`closing`,
//! `crossed`) and what to report (`status`). What charon logs says why a tunnel is down (`faults`) and which peers are about
//! to ask for one (`calls`). Which packets are too large for a tunnel is the kernel's to say, by routes (`mtu`).
//!
//! A change is made before it breaks anything: charon gets the new configuration, the new SAs are negotiated beside the
//! old ones, and the old ones are closed once the new ones stand, or after a while in which the peer did not agree.

mod calls;
mod closing;
mod crossed;
mod daemon;
mod driver;
#[cfg(test)]
mod examples;
mod faults;
mod mtu;
mod observations;
mod outdated;
mod pace;
mod plan;
mod sas;
mod silence;
mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use adit_api::agent::StatusReport;
use adit_model::router_document::ConnectionSpec;
use adit_model::security_association::Observation;
use adit_model::{Reason, ReasonCode, RouterId, SiteConnectionId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::config::DataPlane;

/// Where a router's charon is to run.
#[derive(Clone, Debug)]
pub struct VpnSetup {
    /// The router.
    pub router_id: RouterId,
    /// The file of its network namespace, such as `/run/netns/qrouter-ID`.
    pub namespace: PathBuf,
    /// A folder of the router's own.
    pub run_dir: PathBuf,
    /// What carries the packets.
    pub data_plane: DataPlane,
}

/// What is true of a router's VPN at this moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VpnState {
    /// Whether charon runs and answers.
    pub daemon_running: bool,
    /// Every connection that was applied last.
    pub connections: BTreeMap<SiteConnectionId, StatusReport>,
    /// The SAs of each of them that charon has been asked for.
    pub observations: BTreeMap<SiteConnectionId, Observation>,
    /// Connections that have SAs of what they were before, or live by them, also such as were not applied any more.
    pub outdated: BTreeSet<SiteConnectionId>,
}

/// The VPN of one router. Dropping it stops steering and leaves charon, with all its tunnels, running.
#[derive(Debug)]
pub struct Vpn {
    messages: mpsc::Sender<Message>,
    state: watch::Receiver<VpnState>,
    owner: JoinHandle<()>,
}

enum Message {
    Apply { connections: Vec<ConnectionSpec>, done: oneshot::Sender<Result<(), Reason>> },
    Remove { done: oneshot::Sender<()> },
}

impl Vpn {
    /// Starts the owner task. It adopts a running charon, if there is one, and starts none yet.
    pub fn new(setup: VpnSetup) -> Self {
        let (messages, receiver) = mpsc::channel(1);
        let (sender, state) = watch::channel(VpnState::default());
        let owner = tokio::spawn(driver::run(setup, receiver, sender));
        Self { messages, state, owner }
    }

    /// Makes charon match: starts it where there are connections, loads and unloads what changed. Tunnels are set up in
    /// the background; this returns when charon knows of them. Without connections charon is stopped.
    ///
    /// # Errors
    /// Why charon could not be told. It is tried again in the background.
    pub async fn apply(&self, connections: &[ConnectionSpec]) -> Result<(), Reason> {
        let (done, answer) = oneshot::channel();
        let message = Message::Apply { connections: connections.to_vec(), done };
        let ended =
            || Reason::new(ReasonCode::DaemonDown, "the task that steers the router's IKE daemon has ended");
        self.messages.send(message).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }

    /// The current truth; it changes with every event of charon's.
    pub fn observe(&self) -> watch::Receiver<VpnState> {
        self.state.clone()
    }

    /// Stops charon and removes its files: the router is going away. Works when nothing was ever started.
    pub async fn remove(self) {
        let (done, answer) = oneshot::channel();
        if self.messages.send(Message::Remove { done }).await.is_ok() {
            let _ = answer.await;
        }
        // The task returns right after its answer.
        let _ = self.owner.await;
    }
}
