//! Security associations as charon lists them.

use std::net::IpAddr;

use ipnet::IpNet;

use super::observed::{ChildDetails, IkeDetails};
use crate::connection::Pair;
use crate::message::Section;

/// charon's names for the tasks that make a CHILD_SA, in IKEv2 and IKEv1.
const CHILD_TASKS: [&str; 2] = ["CHILD_CREATE", "QUICK_MODE"];

/// An IKE SA and its CHILD_SAs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IkeSa {
    /// The connection that it belongs to; `None` while a responder does not know yet.
    pub name: Option<String>,
    /// charon's number for it.
    pub id: u32,
    /// Where it stands.
    pub state: IkeState,
    /// Whether we started it.
    pub initiator: bool,
    /// SPI of the end that started it, the same at both ends.
    pub initiator_spi: u64,
    /// SPI of the other end; 0 until it has answered.
    pub responder_spi: u64,
    /// Where the peer is.
    pub peer: Option<IpAddr>,
    /// Seconds since it came up; 0 before.
    pub age_secs: u64,
    /// Whether CHILD_SAs are still to be negotiated in it: they are made one after another.
    pub is_busy: bool,
    /// What runs in it.
    pub children: Vec<ChildSa>,
    /// What only people want to know.
    pub details: IkeDetails,
}

/// A pair of SAs that carries packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildSa {
    /// The child of a connection that it belongs to.
    pub name: String,
    /// charon's number for it.
    pub id: u32,
    /// Where it stands.
    pub state: ChildState,
    /// Seconds since it was made.
    pub age_secs: u64,
    /// SPI of packets to us.
    pub spi_in: u32,
    /// SPI of packets to the peer.
    pub spi_out: u32,
    /// Networks of our side. Ranges that are no network, which Adit never asks for, are left out.
    pub local: Vec<IpNet>,
    /// Networks of the peer's side.
    pub peer: Vec<IpNet>,
    /// What only people want to know.
    pub details: ChildDetails,
}

/// The life of an IKE SA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IkeState {
    /// Not up yet.
    Connecting,
    /// Up, and the latest of its line.
    Established,
    /// Up, with a successor that is being made or has taken over.
    Replaced,
    /// On its way out, or in a state that this version of Adit does not know.
    Closing,
}

/// The life of a CHILD_SA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildState {
    /// Not up yet.
    Connecting,
    /// Carries packets.
    Installed,
    /// Still accepts packets; its successor has taken over.
    Replaced,
    /// On its way out, or in a state that this version of Adit does not know.
    Closing,
}

impl IkeSa {
    /// Reads an event of command `list-sas`: a section per IKE SA, by the name of its connection.
    pub(super) fn list(message: &Section) -> Vec<Self> {
        message.sections().filter_map(|(name, sa)| Self::read(name, sa)).collect()
    }

    fn read(name: &str, sa: &Section) -> Option<Self> {
        let spi = |key| u64::from_str_radix(sa.text(key).unwrap_or("0"), 16).unwrap_or(0);
        let children = sa.section("child-sas");
        Some(Self {
            name: (name != super::events::UNNAMED).then(|| name.to_owned()),
            id: sa.number("uniqueid")?,
            state: IkeState::read(sa.text("state").unwrap_or_default()),
            initiator: sa.is_yes("initiator"),
            initiator_spi: spi("initiator-spi"),
            responder_spi: spi("responder-spi"),
            peer: sa.number("remote-host"),
            age_secs: sa.number("established").unwrap_or_default(),
            is_busy: ["tasks-queued", "tasks-active"]
                .into_iter()
                .flat_map(|key| sa.list(key))
                .any(|task| CHILD_TASKS.contains(&task.as_str())),
            children: children.into_iter().flat_map(Section::sections).filter_map(ChildSa::read).collect(),
            details: IkeDetails::read(sa),
        })
    }

    /// Whether its CHILD_SAs can carry packets. An IKEv1 peer is authenticated anew by an IKE SA that has them from its
    /// first moment on.
    pub fn is_up(&self) -> bool {
        match self.state {
            IkeState::Established | IkeState::Replaced => true,
            IkeState::Connecting => self.children.iter().any(|child| child.state == ChildState::Installed),
            IkeState::Closing => false,
        }
    }
}

impl ChildSa {
    fn read((key, sa): (&str, &Section)) -> Option<Self> {
        let spi = |key| u32::from_str_radix(sa.text(key).unwrap_or("0"), 16).unwrap_or(0);
        let networks = |key| sa.list(key).iter().filter_map(|text| network(text)).collect();
        Some(Self {
            name: sa.text("name").unwrap_or(key).to_owned(),
            id: sa.number("uniqueid")?,
            state: ChildState::read(sa.text("state").unwrap_or_default()),
            age_secs: sa.number("install-time").unwrap_or_default(),
            spi_in: spi("spi-in"),
            spi_out: spi("spi-out"),
            local: networks("local-ts"),
            peer: networks("remote-ts"),
            details: ChildDetails::read(sa),
        })
    }

    /// Whether packets between these networks pass through it.
    pub fn covers(&self, (local, peer): &Pair) -> bool {
        self.state == ChildState::Installed
            && self.local.iter().any(|network| network.contains(local))
            && self.peer.iter().any(|network| network.contains(peer))
    }
}

impl IkeState {
    fn read(word: &str) -> Self {
        match word {
            "CREATED" | "CONNECTING" => Self::Connecting,
            "ESTABLISHED" | "PASSIVE" => Self::Established,
            "REKEYING" | "REKEYED" => Self::Replaced,
            _ => Self::Closing,
        }
    }
}

impl ChildState {
    fn read(word: &str) -> Self {
        match word {
            "CREATED" | "ROUTED" | "INSTALLING" | "RETRYING" => Self::Connecting,
            // A CHILD_SA that is being rekeyed or moved carries packets all the while.
            "INSTALLED" | "UPDATING" | "REKEYING" => Self::Installed,
            "REKEYED" => Self::Replaced,
            _ => Self::Closing,
        }
    }
}

/// A network, or a network with a protocol behind it, as `10.1.0.0/24[tcp]`; the latter is no network of ours.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok()
}
