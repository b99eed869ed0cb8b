//! What one IKE SA stands for: all site connections between two gateways that the peer could not tell apart.
//!
//! A responder learns from an IKE exchange the addresses, the identities and the proposal, and picks one of its
//! connections by them; the CHILD_SAs of everything between the same two ends are then looked for in that connection.
//! So charon is given one connection, a peering, for all of them.

use std::collections::BTreeMap;

use adit_model::algorithm::IkeVersion;
use adit_model::site_connection::{Dpd, DpdAction};
use adit_model::{Reason, ReasonCode, SiteConnectionId};
use sha2::{Digest, Sha256};

use crate::connection::{Connection, Lifetime};
use crate::message::Section;

/// What the names of peerings begin with. Those of earlier versions' connections are bare site connection ids.
const PREFIX: &str = "peering-";
/// Octets of a digest that are enough to tell apart what one router has.
const NAME_OCTETS: usize = 8;
/// charon discards a message that is longer, and closes the connection that brings one: 512 KiB, with a packet's header
/// and a command's name.
pub(crate) const LARGEST_MESSAGE: usize = 512 * 1024 - 100;
/// So many CHILD_SAs one peering may have, with room for some of them to be replaced: see [`Peering::MOST_LISTED`].
pub const MOST_CHILDREN: usize = 520;

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
    /// The IKE version, which the peer gets to see as well.
    pub(crate) version: IkeVersion,
    /// When the IKE SA is gone at the latest, in seconds.
    pub(crate) lifetime: u32,
    /// How the peer is watched.
    pub(crate) dpd: Dpd,
}

impl Peering {
    /// So many CHILD_SAs of one IKE SA charon can list: it writes up to 640 octets for each, all in one message, and discards
    /// a message that is too long, so that there would seem to be none.
    pub const MOST_LISTED: usize = 800;

    /// Sorts connections into peerings. Each connection is in exactly one.
    pub fn group<'a>(connections: impl IntoIterator<Item = &'a Connection>) -> Vec<Self> {
        let mut groups: BTreeMap<String, Vec<&Connection>> = BTreeMap::new();
        for connection in connections {
            groups.entry(connection.terms().key()).or_default().push(connection);
        }
        groups.values().filter_map(|group| Self::of(group)).collect()
    }

    /// Those of the connections, the first of a peering first, with which their peering would have more CHILD_SAs than
    /// charon can be told of, or could tell of, in one message; and why each of them cannot be had.
    pub fn overfull<'a>(
        connections: impl IntoIterator<Item = &'a Connection>,
    ) -> Vec<(SiteConnectionId, Reason)> {
        let mut loads: BTreeMap<String, Load> = BTreeMap::new();
        let mut left_out = Vec::new();
        for connection in connections {
            let terms = connection.terms();
            let load = loads.entry(terms.key()).or_insert_with(|| Load::of(terms));
            let with = load.with(connection);
            if with.is_fine() {
                *load = with;
            } else {
                left_out.push((connection.id(), too_much(connection)));
            }
        }
        left_out
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

/// How much charon is told of a peering.
#[derive(Clone, Copy)]
struct Load {
    octets: usize,
    children: usize,
}

impl Load {
    fn of(terms: &IkeTerms) -> Self {
        // As long as it can get, whatever the others ask for.
        let numbers = 6 * u32::MAX.to_string().len();
        Self { octets: terms.wire.encoded_len() + numbers + 300, children: 0 }
    }

    fn with(self, connection: &Connection) -> Self {
        let sections = connection
            .children()
            .iter()
            .map(|child| Section::new().with(&child.name, child.message.clone()).encoded_len());
        Self {
            octets: self.octets + sections.sum::<usize>(),
            children: self.children + connection.children().len(),
        }
    }

    const fn is_fine(self) -> bool {
        self.octets <= LARGEST_MESSAGE && self.children <= MOST_CHILDREN
    }
}

fn too_much(connection: &Connection) -> Reason {
    let (pairs, peer) =
        (connection.children().iter().map(|child| child.pairs.len()).sum::<usize>(), connection.peer());
    let text = format!(
        "its {pairs} pairs of networks, with those of the other connections to {peer}, are more than the IKE daemon takes for \
         one peer: join neighbouring networks to larger ones, or use IKEv2, which needs one SA for all pairs of a connection"
    );
    Reason::new(ReasonCode::UnsupportedByGateway, text)
}

impl IkeTerms {
    /// The same for connections that share a peering.
    fn key(&self) -> String {
        // The debug form quotes every text, so that no two messages look the same.
        format!("{:?}", self.wire)
    }

    /// One IKE SA has one lifetime and one way to watch the peer. Where the connections ask for different ones, the
    /// shortest lifetime and the earliest alarm serve them all.
    fn message(&self, group: &[&Connection]) -> Section {
        let all = || group.iter().map(|connection| connection.terms());
        let lifetime = Lifetime::new(all().map(|terms| terms.lifetime).min().unwrap_or(self.lifetime));
        let watching = || all().map(|terms| terms.dpd).filter(|dpd| dpd.action != DpdAction::Disabled);
        // A delay of 0 asks nothing.
        let message =
            self.wire.clone().with("dpd_delay", watching().map(|dpd| dpd.interval).min().unwrap_or(0));
        let message = match self.version {
            IkeVersion::V1 => {
                let timeout = watching().map(|dpd| dpd.timeout).min().unwrap_or(0);
                // charon takes two connections that differ by the timeout alone for the same, and would go on with the
                // IKE SA that has the old one. Of a PPK it knows nothing in IKEv1, but that another one is another
                // connection.
                message.with("dpd_timeout", timeout).with("ppk_id", format!("dpd-timeout-{timeout}"))
            }
            // A question is a request like any other, and the daemon's retransmission decides when it is given up.
            IkeVersion::V2 => message,
        };
        message
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
