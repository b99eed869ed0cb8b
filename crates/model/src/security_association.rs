//! Security associations: what two gateways have agreed on, as the gateway of ours sees it. RFC 7296 has the words.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::algorithm::{EncapsulationMode, IkeVersion, TransformProtocol};

/// The SAs of a site connection at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The moment.
    pub observed_at: Timestamp,
    /// IKE SAs, each with those of its CHILD_SAs that are the connection's. While one is replaced there are two.
    pub ike_sas: Vec<IkeSa>,
}

crate::vocabulary! {
    /// The life of an IKE SA.
    IkeSaState {
        /// Not up yet.
        Connecting = "connecting",
        /// Up.
        Established = "established",
        /// Up, with a successor that is being made or has taken over.
        Replaced = "replaced",
        /// On its way out.
        Closing = "closing",
    }
}

crate::vocabulary! {
    /// The life of a CHILD_SA.
    ChildSaState {
        /// Not up yet.
        Connecting = "connecting",
        /// Carries packets.
        Installed = "installed",
        /// Still takes packets from the peer; its successor has taken over.
        Replaced = "replaced",
        /// On its way out.
        Closing = "closing",
    }
}

crate::vocabulary! {
    /// Who began a negotiation.
    Role {
        /// We did.
        Initiator = "initiator",
        /// The peer did.
        Responder = "responder",
    }
}

/// An IKE SA.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IkeSa {
    /// Where it stands.
    pub state: IkeSaState,
    /// Of the protocol.
    pub version: IkeVersion,
    /// Who began it.
    pub role: Role,
    /// 16 hexadecimal digits (RFC 7296, 3.1; the cookie of IKEv1); zeros until there is one.
    pub initiator_spi: String,
    /// As [`Self::initiator_spi`].
    pub responder_spi: String,
    /// Our end.
    pub local: Endpoint,
    /// The other end.
    pub peer: Endpoint,
    /// The algorithms that were agreed on, as `AES_CBC_128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1536`; empty until then.
    pub proposal: String,
    /// When it came up.
    pub established_at: Option<Timestamp>,
    /// When our end will make new keys for it.
    pub rekey_at: Option<Timestamp>,
    /// When our end will authenticate anew.
    pub reauthenticate_at: Option<Timestamp>,
    /// What runs in it.
    pub child_sas: Vec<ChildSa>,
}

/// One end of an IKE SA.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Where it is, as seen from here.
    pub address: Option<IpAddr>,
    /// Its UDP port: 500, or 4500 where there is NAT on the way.
    pub port: Option<u16>,
    /// The identity that it proved, or is to prove; empty while that is not known.
    pub identity: String,
    /// Whether it is behind NAT (RFC 7296, 2.23).
    pub behind_nat: bool,
}

/// A pair of SAs that carries packets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildSa {
    /// Where it stands.
    pub state: ChildSaState,
    /// ESP or AH.
    pub protocol: TransformProtocol,
    /// Tunnel or transport.
    pub mode: EncapsulationMode,
    /// Whether its packets travel in UDP (RFC 3948).
    pub udp_encapsulation: bool,
    /// Of packets to us: 8 hexadecimal digits.
    pub spi_in: String,
    /// Of packets to the peer.
    pub spi_out: String,
    /// Networks of our side.
    pub local_networks: Vec<IpNet>,
    /// Networks of the peer's side.
    pub peer_networks: Vec<IpNet>,
    /// The algorithms that were agreed on, as `AES_CBC_128/HMAC_SHA1_96`; empty until then.
    pub proposal: String,
    /// What came from the peer.
    #[serde(rename = "in")]
    pub received: Traffic,
    /// What went to the peer.
    #[serde(rename = "out")]
    pub sent: Traffic,
    /// When it came up.
    pub established_at: Option<Timestamp>,
    /// When our end will replace it.
    pub rekey_at: Option<Timestamp>,
    /// When it ends if nobody does.
    pub expires_at: Option<Timestamp>,
}

/// What an SA has carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Octets of the packets inside.
    pub bytes: u64,
    /// Packets.
    pub packets: u64,
}

impl Observation {
    /// Whether both have the same SAs in the same states: what they carried, and when, is left aside.
    pub fn is_alike(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.ike_sas.iter(), other.ike_sas.iter());
        ours.map(IkeSa::timeless).eq(theirs.map(IkeSa::timeless))
    }
}

impl IkeSa {
    fn timeless(&self) -> Self {
        Self {
            established_at: None,
            rekey_at: None,
            reauthenticate_at: None,
            child_sas: self.child_sas.iter().map(ChildSa::timeless).collect(),
            ..self.clone()
        }
    }
}

impl ChildSa {
    fn timeless(&self) -> Self {
        Self {
            received: Traffic::default(),
            sent: Traffic::default(),
            established_at: None,
            rekey_at: None,
            expires_at: None,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observation() -> Observation {
        let end = |address: &str| Endpoint {
            address: address.parse().ok(),
            port: Some(500),
            identity: address.to_owned(),
            behind_nat: false,
        };
        let child = ChildSa {
            state: ChildSaState::Installed,
            protocol: TransformProtocol::Esp,
            mode: EncapsulationMode::Tunnel,
            udp_encapsulation: false,
            spi_in: "c0000001".to_owned(),
            spi_out: "c0000002".to_owned(),
            local_networks: vec!["10.1.0.0/24".parse().unwrap()],
            peer_networks: vec!["10.2.0.0/24".parse().unwrap()],
            proposal: "AES_CBC_128/HMAC_SHA1_96".to_owned(),
            received: Traffic::default(),
            sent: Traffic::default(),
            established_at: Some(Timestamp::UNIX_EPOCH),
            rekey_at: None,
            expires_at: None,
        };
        let ike_sa = IkeSa {
            state: IkeSaState::Established,
            version: IkeVersion::V2,
            role: Role::Initiator,
            initiator_spi: "0123456789abcdef".to_owned(),
            responder_spi: "fedcba9876543210".to_owned(),
            local: end("203.0.113.1"),
            peer: end("203.0.113.2"),
            proposal: String::new(),
            established_at: Some(Timestamp::UNIX_EPOCH),
            rekey_at: None,
            reauthenticate_at: None,
            child_sas: vec![child],
        };
        Observation { observed_at: Timestamp::UNIX_EPOCH, ike_sas: vec![ike_sa] }
    }

    #[test]
    fn counters_and_clocks_make_no_other_observation_and_everything_else_does() {
        let alike: [fn(&mut Observation); 4] = [
            |it| it.observed_at = Timestamp::MAX,
            |it| it.ike_sas[0].rekey_at = Some(Timestamp::MAX),
            |it| it.ike_sas[0].child_sas[0].received.bytes = 84,
            |it| it.ike_sas[0].child_sas[0].expires_at = Some(Timestamp::MAX),
        ];
        for change in alike {
            let mut other = observation();
            change(&mut other);
            assert!(observation().is_alike(&other), "{other:?}");
        }
        let unlike: [fn(&mut Observation); 6] = [
            |it| it.ike_sas.clear(),
            |it| it.ike_sas[0].state = IkeSaState::Replaced,
            |it| it.ike_sas[0].peer.behind_nat = true,
            |it| it.ike_sas[0].child_sas.clear(),
            |it| it.ike_sas[0].child_sas[0].spi_in = "c0000003".to_owned(),
            |it| it.ike_sas[0].child_sas[0].peer_networks.clear(),
        ];
        for change in unlike {
            let mut other = observation();
            change(&mut other);
            assert!(!observation().is_alike(&other), "{other:?}");
        }
    }
}
