//! What was last seen to go wrong with each connection, heard from charon's log.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use adit_ike::charon::{ChildSa, LogLine};
use adit_ike::{Child, Connection, Fault};
use adit_model::{Reason, SiteConnectionId};
use tokio::time::Instant;

use super::sas::{Sas, Tunnel};

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
    /// The CHILD_SA that we asked for last in an IKE SA. charon asks for one after another.
    asked: BTreeMap<u32, SiteConnectionId>,
}

/// A connection that a fault could be about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listener<'a> {
    pub(super) tunnel: Tunnel<'a>,
    /// Whether it has all that it wants.
    pub(super) is_settled: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct Noted {
    fault: Fault,
    ike_id: Option<u32>,
    at: Instant,
}

impl Faults {
    /// Takes in a line. `listeners` are those that a fault could be about, and `sas` what was listed last. Returns whether
    /// it is about a fault of any of them.
    pub(super) fn hear<'a>(
        &mut self,
        line: &LogLine,
        now: Instant,
        sas: &Sas,
        listeners: impl Iterator<Item = Listener<'a>>,
    ) -> bool {
        if let Some(id) = line.ike_id {
            self.remember(id, &line.text);
        }
        let ike_established = line.ike_id.is_some_and(|id| self.is_established(id, sas));
        let Some(fault) = Fault::of_line(&line.text, ike_established) else { return false };
        let peer = line.ike_id.and_then(|id| self.peers.get(&id).copied()).or_else(|| uninvited(&line.text));
        let owner = self.owner(line, &fault, sas);
        if owner.is_none() && closed_child(&line.text).is_some() {
            // It was gone before.
            return false;
        }
        let mut is_noted = false;
        for Listener { tunnel, is_settled } in listeners {
            let id = tunnel.connection.id();
            let is_meant = match (&line.connection, owner) {
                (_, Some(owner)) => owner == id,
                (Some(name), None) => tunnel.peering == name || has_child_in(sas, id, line.ike_id),
                (None, None) => peer == Some(tunnel.connection.peer()),
            };
            // Whoever calls the peer too has one attempt of two given up, and knows more by its own.
            let is_meant = is_meant && !(fault == Fault::Abandoned && tunnel.connection.initiates());
            // What befalls another CHILD_SA of the same IKE SA is nothing to one that is well.
            if is_meant && !(is_settled && owner.is_none() && fault.is_of_child()) {
                self.note(id, Noted { fault: fault.clone(), ike_id: line.ike_id, at: now });
                is_noted = true;
            }
        }
        is_noted
    }

    fn remember(&mut self, id: u32, text: &str) {
        if let Some(peer) = caller(text) {
            self.peers.insert(id, peer);
            limit(&mut self.peers);
        }
        if text.starts_with("IKE_SA ") && text.contains(" established between ") {
            self.established.insert(id, ());
            limit(&mut self.established);
        }
        if let Some(owner) = asked_for(text) {
            self.asked.insert(id, owner);
            limit(&mut self.asked);
        }
    }

    /// The log is ahead of the list, and the list knows what came up before this agent listened.
    fn is_established(&self, id: u32, sas: &Sas) -> bool {
        self.established.contains_key(&id) || sas.list().iter().any(|ike| ike.id == id && ike.is_up())
    }

    /// The one connection that a line is about, as far as it says so.
    fn owner(&self, line: &LogLine, fault: &Fault, sas: &Sas) -> Option<SiteConnectionId> {
        if let Some(spi) = closed_child(&line.text) {
            let children = || sas.list().iter().flat_map(|ike| &ike.children);
            let is_it = |child: &&ChildSa| child.spi_out == spi || child.spi_in == spi;
            return Child::owner(&children().find(is_it)?.name);
        }
        // Only a refusal of what we asked for is about that.
        let is_answer = line.text.starts_with("received ") && line.text.contains(" no CHILD_SA built");
        (is_answer && fault.is_of_child()).then(|| self.asked.get(&line.ike_id?).copied()).flatten()
    }

    /// The reason behind a connection that is down.
    pub(super) fn reason(&self, connection: &Connection) -> Option<Reason> {
        let noted = self.noted.get(&connection.id())?;
        Some(noted.fault.reason(connection.fault_context()))
    }

    /// The peer of an IKE SA has not answered for as long as the connection waits.
    pub(super) fn give_up(&mut self, id: SiteConnectionId, ike_id: u32, at: Instant) {
        self.note(id, Noted { fault: Fault::Vanished, ike_id: Some(ike_id), at });
    }

    /// Forgets what went wrong before it went well.
    pub(super) fn clear(&mut self, id: SiteConnectionId) {
        self.noted.remove(&id);
    }

    /// Forgets the IKE SAs of a daemon that is no more.
    pub(super) fn forget_sas(&mut self) {
        self.peers.clear();
        self.established.clear();
        self.asked.clear();
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
            // Within one attempt, a peer that does not like what it got falls silent. One that has vanished stays so.
            Fault::NoAnswer { .. } | Fault::GaveUp | Fault::Abandoned => {
                before.fault == Fault::Vanished || before.fault.is_specific() && before.ike_id == self.ike_id
            }
            Fault::ProofUnanswered => before.fault.is_specific() && before.ike_id == self.ike_id,
            // A peer that closes what never was up does so for the cause that was heard before.
            Fault::ClosedByPeer => before.fault.is_specific(),
            // What we found out by the peer's own attempts says more than its refusals of ours.
            Fault::Refused => {
                before.is_finding() && self.at.saturating_duration_since(before.at) < FINDING_HOLDS
            }
            Fault::Vanished
            | Fault::Unreachable(_)
            | Fault::WrongKey
            | Fault::Unread
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
pub(super) fn caller(text: &str) -> Option<IpAddr> {
    let (address, _) = text.split_once(" is initiating a")?;
    address.parse().ok()
}

/// The owner of X of `establishing CHILD_SA X{3} reqid 1`.
fn asked_for(text: &str) -> Option<SiteConnectionId> {
    let (name, _) = text.strip_prefix("establishing CHILD_SA ")?.split_once('{')?;
    Child::owner(name)
}

/// N of `received DELETE for ESP CHILD_SA with SPI N`.
fn closed_child(text: &str) -> Option<u32> {
    let (_, spi) = text.strip_prefix("received DELETE for ")?.split_once(" CHILD_SA with SPI ")?;
    u32::from_str_radix(spi.trim(), 16).ok()
}

fn has_child_in(sas: &Sas, id: SiteConnectionId, ike_id: Option<u32>) -> bool {
    sas.of_connection(id).any(|(ike, _)| Some(ike.id) == ike_id)
}

/// B of `no IKE config found for A...B, sending NO_PROPOSAL_CHOSEN`.
fn uninvited(text: &str) -> Option<IpAddr> {
    let (_, rest) = text.split_once("no IKE config found for ")?;
    let (_, rest) = rest.split_once("...")?;
    rest.split(',').next()?.parse().ok()
}

#[cfg(test)]
mod tests;
