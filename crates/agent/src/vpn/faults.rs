//! What was last seen to go wrong with each connection, heard from charon's log.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use adit_ike::charon::LogLine;
use adit_ike::{Connection, Fault};
use adit_model::{Reason, SiteConnectionId};
use tokio::time::Instant;

/// Of so many IKE SAs it is remembered who called. Lines about an SA come after its end, too.
const REMEMBERED: usize = 1000;
/// For so long a finding of our own outweighs a peer's refusal: longer than the longest pause between two attempts.
const FINDING_HOLDS: Duration = Duration::from_secs(120);

/// Faults, and what it takes to say whose they are.
#[derive(Debug, Default)]
pub(super) struct Faults {
    noted: BTreeMap<SiteConnectionId, Noted>,
    /// Peers of IKE SAs in which we are the responder: charon learns late which connection such an SA is for.
    peers: BTreeMap<u32, IpAddr>,
    established: BTreeMap<u32, ()>,
}

#[derive(Debug, PartialEq, Eq)]
struct Noted {
    fault: Fault,
    ike_id: Option<u32>,
    at: Instant,
}

impl Faults {
    /// Takes in a line. `connections` are those that a fault could be about.
    pub(super) fn hear<'a>(
        &mut self,
        line: &LogLine,
        now: Instant,
        connections: impl Iterator<Item = &'a Connection>,
    ) {
        if let Some(id) = line.ike_id {
            if let Some(peer) = caller(&line.text) {
                self.peers.insert(id, peer);
                limit(&mut self.peers);
            }
            if line.text.starts_with("IKE_SA ") && line.text.contains(" established between ") {
                self.established.insert(id, ());
                limit(&mut self.established);
            }
        }
        let ike_established = line.ike_id.is_some_and(|id| self.established.contains_key(&id));
        let Some(fault) = Fault::of_line(&line.text, ike_established) else { return };
        let peer = line.ike_id.and_then(|id| self.peers.get(&id).copied()).or_else(|| uninvited(&line.text));
        for connection in connections {
            let is_meant = match &line.connection {
                Some(name) => connection.name() == *name,
                None => peer == Some(connection.peer()),
            };
            if is_meant {
                self.note(connection.id(), Noted { fault: fault.clone(), ike_id: line.ike_id, at: now });
            }
        }
    }

    /// The reason behind a connection that is down.
    pub(super) fn reason(&self, connection: &Connection) -> Option<Reason> {
        let noted = self.noted.get(&connection.id())?;
        Some(noted.fault.reason(connection.fault_context()))
    }

    /// Forgets what went wrong before it went well.
    pub(super) fn clear(&mut self, id: SiteConnectionId) {
        self.noted.remove(&id);
    }

    /// Forgets the IKE SAs of a daemon that is no more.
    pub(super) fn forget_sas(&mut self) {
        self.peers.clear();
        self.established.clear();
    }

    fn note(&mut self, id: SiteConnectionId, noted: Noted) {
        if !self.noted.get(&id).is_some_and(|before| noted.follows_from(before)) {
            self.noted.insert(id, noted);
        }
    }
}

impl Noted {
    /// Whether `before` is the better explanation, and this a consequence of it.
    fn follows_from(&self, before: &Self) -> bool {
        match self.fault {
            // Within one attempt, a peer that does not like what it got falls silent.
            Fault::NoAnswer { .. } | Fault::GaveUp => {
                before.fault.is_specific() && before.ike_id == self.ike_id
            }
            // A peer that closes what never was up does so for the cause that was heard before.
            Fault::ClosedByPeer => before.fault.is_specific(),
            // What we found out by the peer's own attempts says more than its refusals of ours.
            Fault::Refused => {
                before.is_finding() && self.at.saturating_duration_since(before.at) < FINDING_HOLDS
            }
            Fault::Unreachable(_)
            | Fault::WrongKey
            | Fault::WrongIdentity(_)
            | Fault::IkeProposalRefused
            | Fault::IkeProposalUnacceptable
            | Fault::NoConfiguration
            | Fault::ChildProposalRefused
            | Fault::SelectorsRefused
            | Fault::NotInstalled
            | Fault::NoRoute => false,
        }
    }

    fn is_finding(&self) -> bool {
        matches!(self.fault, Fault::WrongKey | Fault::WrongIdentity(_))
    }
}

/// Forgets the oldest: charon counts its IKE SAs.
fn limit<T>(by_ike_id: &mut BTreeMap<u32, T>) {
    while by_ike_id.len() > REMEMBERED {
        by_ike_id.pop_first();
    }
}

/// A of `A is initiating a Main Mode IKE_SA`.
fn caller(text: &str) -> Option<IpAddr> {
    let (address, _) = text.split_once(" is initiating a")?;
    address.parse().ok()
}

/// B of `no IKE config found for A...B, sending NO_PROPOSAL_CHOSEN`.
fn uninvited(text: &str) -> Option<IpAddr> {
    let (_, rest) = text.split_once("no IKE config found for ")?;
    let (_, rest) = rest.split_once("...")?;
    rest.split(',').next()?.parse().ok()
}

#[cfg(test)]
mod tests;
