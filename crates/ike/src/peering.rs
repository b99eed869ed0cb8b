//! What one IKE SA stands for: all site connections between two gateways that the peer could not tell apart.
//!
//! A responder learns from an IKE exchange the addresses, the identities and the proposal, and picks one of its
//! connections by them; the CHILD_SAs of everything between the same two ends are then looked for in that connection.
//! So charon is given one connection, a peering, for all of them.

use std::collections::BTreeMap;

use adit_model::SiteConnectionId;
use adit_model::site_connection::{Dpd, DpdAction};
use sha2::{Digest, Sha256};

use crate::connection::{Connection, Lifetime};
use crate::message::Section;

/// What the names of peerings begin with. Those of earlier versions' connections are bare site connection ids.
const PREFIX: &str = "peering-";
/// Octets of a digest that are enough to tell apart what one router has.
const NAME_OCTETS: usize = 8;

/// Site connections that share an IKE SA, as charon is told of them. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peering {
    name: String,
    message: Section,
    children: Section,
    members: Vec<SiteConnectionId>,
}

/// What a site connection asks of its IKE SA.
#[derive(Clone, Debug)]
pub(crate) struct IkeTerms {
    /// What the peer gets to see, and what is the same for all connections.
    pub(crate) wire: Section,
    /// When the IKE SA is gone at the latest, in seconds.
    pub(crate) lifetime: u32,
    /// How the peer is watched.
    pub(crate) dpd: Dpd,
}

impl Peering {
    /// Sorts connections into peerings. Each connection is in exactly one.
    pub fn group<'a>(connections: impl IntoIterator<Item = &'a Connection>) -> Vec<Self> {
        let mut groups: BTreeMap<String, Vec<&Connection>> = BTreeMap::new();
        for connection in connections {
            // The debug form quotes every text, so that no two messages look the same.
            groups.entry(format!("{:?}", connection.terms().wire)).or_default().push(connection);
        }
        groups.values().filter_map(|group| Self::of(group)).collect()
    }

    fn of(group: &[&Connection]) -> Option<Self> {
        let message = group.first()?.terms().message(group);
        let children = group.iter().flat_map(|connection| connection.children());
        Some(Self {
            name: format!("{PREFIX}{}", short_digest(&message)),
            children: children
                .fold(Section::new(), |all, child| all.with(&child.name, child.message.clone())),
            message,
            members: group.iter().map(|connection| connection.id()).collect(),
        })
    }

    /// What charon calls it. It changes with everything that an IKE SA is made of, and with nothing else: SAs of another
    /// name were negotiated for something else.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its site connections, in their order.
    pub fn members(&self) -> &[SiteConnectionId] {
        &self.members
    }

    /// The message of command `load-conn`. Loading it again with other children leaves the SAs of all others alone.
    pub fn load_conn(&self) -> Section {
        let message = self.message.clone().with("children", self.children.clone());
        Section::new().with(&self.name, message)
    }
}

impl IkeTerms {
    /// One IKE SA has one lifetime and one way to watch the peer. Where the connections ask for different ones, the
    /// shortest lifetime and the earliest alarm serve them all.
    fn message(&self, group: &[&Connection]) -> Section {
        let all = || group.iter().map(|connection| connection.terms());
        let lifetime = Lifetime::new(all().map(|terms| terms.lifetime).min().unwrap_or(self.lifetime));
        let watching = || all().map(|terms| terms.dpd).filter(|dpd| dpd.action != DpdAction::Disabled);
        self.wire
            .clone()
            // The timeout has a meaning in IKEv1 only: in IKEv2 a question is a request like any other, and the daemon's
            // retransmission decides. A delay of 0 asks nothing.
            .with("dpd_delay", watching().map(|dpd| dpd.interval).min().unwrap_or(0))
            .with("dpd_timeout", watching().map(|dpd| dpd.timeout).min().unwrap_or(0))
            .with("rekey_time", lifetime.rekey)
            // Reauthentication in IKEv2 would tear the CHILD_SAs down; IKEv1 rekeys by a new main mode anyway.
            .with("reauth_time", 0_u32)
            .with("over_time", lifetime.margin)
            .with("rand_time", lifetime.spread)
    }
}

/// Some hexadecimal digits that are the same for the same message, in every version of Adit that renders it alike.
pub(crate) fn short_digest(message: &Section) -> String {
    let digest = Sha256::digest(format!("{message:?}"));
    digest.iter().take(NAME_OCTETS).map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests;
