//! The far end of a site connection: the same connection as the device there has it.

use std::net::IpAddr;

use adit_model::SiteConnectionId;
use adit_model::algorithm::{EncapsulationMode, IkeVersion, TransformProtocol};
use adit_model::ike_identity::Identity;
use adit_model::ike_policy::IkeParameters;
use adit_model::ipsec_policy::IpsecParameters;
use adit_model::proposal;
use adit_model::router_document::ConnectionSpec;
use adit_model::site_connection::{Dpd, DpdAction, Initiator};
use ipnet::IpNet;

use crate::Refused;

/// The far end: `here` is the device that is to be configured.
#[derive(Clone, Debug)]
pub struct Site {
    pub(crate) id: SiteConnectionId,
    /// Of the connection; any text.
    pub(crate) name: String,
    pub(crate) here: End,
    pub(crate) cloud: End,
    pub(crate) ike: IkeParameters,
    pub(crate) ipsec: IpsecParameters,
    pub(crate) start: Start,
    pub(crate) dpd: Dpd,
    /// Largest packet inside the tunnel at the cloud's end, in octets; 0 when that is left to the gateway.
    pub(crate) mtu: u32,
}

/// One end.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) address: IpAddr,
    pub(crate) identity: Identity,
    pub(crate) networks: Vec<IpNet>,
}

/// When the device starts the key exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// When it has a packet; the cloud may start as well.
    WhenNeeded,
    /// At once, and again whenever the tunnel is gone: the cloud only answers.
    AtOnce,
}

/// What a device does about a peer that is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenDead {
    /// It does not look.
    Ignore,
    /// It forgets the SAs.
    Clear,
    /// It forgets them and starts again when it has a packet.
    Hold,
    /// It starts again at once.
    Restart,
}

impl Site {
    /// Turns a connection around.
    ///
    /// # Errors
    /// What is missing of the connection, and what no device could do.
    pub fn mirror(name: &str, spec: &ConnectionSpec) -> Result<Self, Refused> {
        let ConnectionSpec {
            id,
            service_id: _,
            admin_state_up: _,
            ike,
            ipsec,
            local_address,
            local_id,
            peer_address,
            peer_id,
            local_networks,
            peer_networks,
            initiator,
            dpd,
            mtu,
            psk: _,
        } = spec;
        let peer: IpAddr = peer_address.parse().map_err(|_| {
            Refused::new(format!("peer_address `{peer_address}` is no IP address: set one that is"))
        })?;
        let version = if peer.is_ipv4() { 4 } else { 6 };
        let local = local_address.filter(|local| local.is_ipv4() == peer.is_ipv4()).ok_or_else(|| {
            Refused::new(format!(
                "the router has no external IPv{version} address that the peer could be told: set an external gateway \
                 that has one"
            ))
        })?;
        let site = Self {
            id: *id,
            name: name.to_owned(),
            here: End::new("peer_id", peer, peer_id, peer_networks)?,
            cloud: End::new("local_id", local, local_id, local_networks)?,
            ike: ike.clone(),
            ipsec: ipsec.clone(),
            start: match initiator {
                Initiator::BiDirectional => Start::WhenNeeded,
                Initiator::ResponseOnly => Start::AtOnce,
            },
            dpd: *dpd,
            mtu: *mtu,
        };
        site.check()?;
        Ok(site)
    }

    /// Refuses what no gateway does, so no device may be told to.
    fn check(&self) -> Result<(), Refused> {
        if self.here.networks.is_empty() || self.cloud.networks.is_empty() {
            return Err(Refused::new("the connection has no network on one of its sides: give it one"));
        }
        if self.ipsec.transform_protocol == TransformProtocol::AhEsp {
            return Err(Refused::new(
                "transform_protocol ah-esp of the IPsec policy is done by no gateway: use esp, or ah alone",
            ));
        }
        if let Some(text) = proposal::beyond_ikev1(&self.ike, &self.ipsec) {
            return Err(Refused::new(text));
        }
        let is_between_gateways = [&self.here, &self.cloud].into_iter().all(End::is_its_own_network);
        if self.ipsec.encapsulation_mode == EncapsulationMode::Transport && !is_between_gateways {
            return Err(Refused::new(
                "encapsulation_mode transport of the IPsec policy joins the two gateways alone, and no networks behind \
                 them: use tunnel",
            ));
        }
        Ok(())
    }

    /// A name for what belongs to the connection on a device: 13 letters, digits and hyphens.
    pub(crate) fn label(&self) -> String {
        let id = self.id.to_string();
        format!("adit-{}", id.get(..8).unwrap_or(&id))
    }

    /// Each network here with each one at the cloud.
    pub(crate) fn pairs(&self) -> Vec<(IpNet, IpNet)> {
        let with_all = |here: &IpNet| self.cloud.networks.iter().map(move |cloud| (*here, *cloud)).collect();
        self.here.networks.iter().flat_map(|here| -> Vec<_> { with_all(here) }).collect()
    }

    /// The networks of each CHILD_SA, here and at the cloud. In IKEv1 each has one on either side (RFC 2409, 5.5).
    pub(crate) fn children(&self) -> Vec<(Vec<IpNet>, Vec<IpNet>)> {
        match self.ike.version {
            IkeVersion::V1 => {
                self.pairs().into_iter().map(|(here, cloud)| (vec![here], vec![cloud])).collect()
            }
            IkeVersion::V2 => vec![(self.here.networks.clone(), self.cloud.networks.clone())],
        }
    }

    /// What the device does about a dead peer, which is what the cloud does, unless one of them has to begin.
    pub(crate) fn when_dead(&self) -> WhenDead {
        match (self.dpd.action, self.start) {
            (DpdAction::Disabled, _) => WhenDead::Ignore,
            (_, Start::AtOnce) | (DpdAction::Restart | DpdAction::RestartByPeer, Start::WhenNeeded) => {
                WhenDead::Restart
            }
            (DpdAction::Hold, Start::WhenNeeded) => WhenDead::Hold,
            (DpdAction::Clear, Start::WhenNeeded) => WhenDead::Clear,
        }
    }

    /// The cipher of the CHILD_SAs authenticates by itself.
    pub(crate) fn child_is_aead(&self) -> bool {
        proposal::child_cipher(&self.ipsec).is_some_and(|cipher| cipher.is_aead())
    }

    /// Whether an IPv6 address or network is anywhere in it.
    pub(crate) fn has_ipv6(&self) -> bool {
        [&self.here, &self.cloud]
            .into_iter()
            .any(|end| end.address.is_ipv6() || end.networks.iter().any(|network| network.addr().is_ipv6()))
    }
}

impl End {
    fn new(attribute: &str, address: IpAddr, identity: &str, networks: &[IpNet]) -> Result<Self, Refused> {
        let identity = if identity.is_empty() {
            Identity::Address(address)
        } else {
            identity.parse().map_err(|error| Refused::new(format!("{attribute}: {error}")))?
        };
        Ok(Self { address, identity, networks: networks.to_vec() })
    }

    fn is_its_own_network(&self) -> bool {
        self.networks == [IpNet::from(self.address)]
    }

    /// Whether it proves to be its own address, which is what a device does that is told nothing else.
    pub(crate) fn is_its_own_identity(&self) -> bool {
        self.identity == Identity::Address(self.address)
    }
}
