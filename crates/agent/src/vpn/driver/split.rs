//! IKEv2 peers that take one pair of networks at a time. RFC 7296, 2.9 lets a responder narrow what it is asked for, and
//! some know one network on each side only, as in IKEv1; others refuse. Then each pair gets a CHILD_SA of its own.
//!
//! Two ends that are changed one after the other look the same for a moment, so nothing is split at once.

use std::net::IpAddr;
use std::time::Duration;

use adit_ike::charon::ChildState;
use adit_ike::{Backend, Child, Connection, MOST_CHILDREN};
use adit_model::ReasonCode;
use adit_model::router_document::ConnectionSpec;
use tokio::time::Instant;

use super::Driver;
use super::wanted::{Goal, Run, Wanted};
use crate::vpn::faults::Faults;
use crate::vpn::sas::{Sas, Tunnel};

/// How long a peer may take only a part, or nothing, of all networks together.
const PATIENCE: Duration = Duration::from_secs(5);
/// More CHILD_SAs are not made of one: charon has its limits, and others share them.
const MOST_PAIRS: usize = 256;

/// What a peer does not take as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Split {
    /// The name of the CHILD_SA of all networks.
    child: String,
    peer: IpAddr,
}

/// What `spec` is to be made of: one CHILD_SA, or one for each pair, if the peer is known not to take one, or if that is
/// how another agent left it.
pub(super) fn laid_out(
    spec: &ConnectionSpec,
    peer: IpAddr,
    backend: Backend,
    split: Option<&Split>,
    sas: &Sas,
) -> Result<Connection, adit_model::Reason> {
    let together = Connection::new(spec, peer, backend)?;
    let Some(child) = together.child_of_all() else { return Ok(together) };
    let per_pair = Connection::per_pair(spec, peer, backend)?;
    let is_known = split.is_some_and(|split| split.child == child.name && split.peer == peer);
    let kinds = || sas.of_connection(spec.id).map(|(_, child)| Child::kind(&child.name));
    let is_split = kinds()
        .any(|kind| per_pair.children().iter().any(|child| Child::kind(&child.name) == kind))
        && kinds().all(|kind| kind != Child::kind(&child.name));
    Ok(if is_known || is_split { per_pair } else { together })
}

impl Wanted {
    /// Notes since when the peer has not taken all networks together; forgets it when it does.
    pub(super) fn watch_selectors(&mut self, sas: &Sas, faults: &Faults) {
        let is_unsuitable = self.tunnel().is_some_and(|tunnel| is_unsuitable(tunnel, sas, faults));
        let since = self.progress.unsuitable_since;
        self.progress.unsuitable_since = is_unsuitable.then(|| since.unwrap_or_else(Instant::now));
    }

    /// When it is to be split.
    pub(super) fn split_at(&self) -> Option<Instant> {
        Some(self.progress.unsuitable_since? + PATIENCE)
    }
}

/// Whether we ask for all networks in one CHILD_SA, and the peer refuses, or gives only some of them.
fn is_unsuitable(tunnel: Tunnel<'_>, sas: &Sas, faults: &Faults) -> bool {
    let connection = tunnel.connection;
    let Some(child) = connection.child_of_all().filter(|child| child.pairs.len() <= MOST_PAIRS) else {
        return false;
    };
    if !connection.initiates() || tunnel.unsettled_pairs(sas).is_empty() {
        return false;
    }
    let is_refused =
        faults.reason(connection).is_some_and(|reason| reason.code == ReasonCode::SelectorsRefused);
    let mut installed = sas.of_child(tunnel, child).filter(|(ike, _)| ike.is_up());
    is_refused || installed.any(|(_, child)| child.state == ChildState::Installed)
}

impl Driver {
    /// Gives each pair of networks a CHILD_SA of its own where the peer has not taken all together for too long. Returns
    /// whether there was such a connection.
    pub(super) fn split_what_is_due(&mut self, now: Instant) -> bool {
        let due: Vec<_> = self
            .wanted
            .iter()
            .filter(|(_, wanted)| wanted.split_at().is_some_and(|at| at <= now))
            .map(|(id, _)| *id)
            .collect();
        let mut is_split = false;
        for id in &due {
            if let Some(wanted) = self.wanted.get_mut(id) {
                wanted.progress.unsuitable_since = None;
            }
            let Some(Wanted { goal: Goal::Run(run), .. }) = self.wanted.get(id) else { continue };
            let Some(child) = run.connection.child_of_all() else { continue };
            let others = self.children_in(&run.peering);
            let (pairs, peer) = (child.pairs.len(), run.connection.peer());
            if others + pairs > MOST_CHILDREN {
                tracing::debug!(
                    router_id = %self.setup.router_id, connection_id = %id, pairs,
                    "the peer does not take all networks in one CHILD_SA, and there is no room for more"
                );
                continue;
            }
            let split = Split { child: child.name.clone(), peer };
            tracing::info!(
                router_id = %self.setup.router_id, connection_id = %id,
                "the peer does not take all networks in one CHILD_SA: each pair gets its own"
            );
            let backend = super::daemon::backend(self.setup.data_plane);
            let Some(wanted) = self.wanted.get_mut(id) else { continue };
            if let Ok(connection) = Connection::per_pair(&wanted.spec, split.peer, backend) {
                wanted.goal = Goal::Run(Box::new(Run { connection, peering: String::new() }));
                wanted.progress.split = Some(split);
                is_split = true;
            }
        }
        is_split
    }

    fn children_in(&self, peering: &str) -> usize {
        let tunnels = self.wanted.values().filter_map(Wanted::tunnel);
        tunnels.filter(|it| it.peering == peering).map(|it| it.connection.children().len()).sum()
    }
}
