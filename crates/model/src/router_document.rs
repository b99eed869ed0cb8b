//! The router document: everything one router needs on its node, complete and resolved, so that an agent never has to
//! ask a second question. It is what travels from server to agent.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::ike_policy::IkeParameters;
use crate::ipsec_policy::IpsecParameters;
use crate::network::PhysicalNetwork;
use crate::router::Route;
use crate::site_connection::{Dpd, Initiator};
use crate::{
    CheckId, FloatingIpId, MacAddress, NetworkId, PortId, ProjectId, Psk, RouterId, SiteConnectionId,
    VpnServiceId,
};

/// What a node must make true of one router.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RouterDocument {
    /// The router.
    pub id: RouterId,
    /// Its name, for logs.
    pub name: String,
    /// Its owner.
    pub project_id: ProjectId,
    /// Grows with each change; a report names the one that it speaks of.
    pub generation: u64,
    /// A router that is down is taken off the node, whatever else the document says.
    pub admin_state_up: bool,
    /// Interfaces to internal subnets.
    pub interfaces: Vec<Interface>,
    /// The interface to the external network.
    pub gateway: Option<GatewayInterface>,
    /// Static routes beside the default ones.
    pub routes: Vec<Route>,
    /// The floating IPs that the router translates. A server of before knows of none.
    #[serde(default)]
    pub floating_ips: Vec<FloatingIpSpec>,
    /// The VPN services on the router, whether or not they have connections.
    pub services: Vec<ServiceSpec>,
    /// All site connections of all those services.
    pub connections: Vec<ConnectionSpec>,
    /// Checks of them that somebody waits for. A server of before knows of none.
    #[serde(default)]
    pub checks: Vec<CheckSpec>,
}

/// A router's place on a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// The port; interface names come from it.
    pub port_id: PortId,
    /// The network, and by it the bridge on the node.
    pub network_id: NetworkId,
    /// What the network is joined to outside the node.
    pub physical: Option<PhysicalNetwork>,
    /// The port's own.
    pub mac_address: MacAddress,
    /// Of the network, in octets.
    pub mtu: u32,
    /// The port's addresses with the prefix lengths of their subnets.
    pub addresses: Vec<IpNet>,
    /// An interface that is down is not plugged.
    pub admin_state_up: bool,
}

/// A router's place on its external network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayInterface {
    /// Where it is plugged and what addresses it has.
    pub interface: Interface,
    /// Next hops of the default routes, at most one per IP version.
    pub next_hops: Vec<IpAddr>,
    /// Whether IPv4 packets of internal hosts leave with the gateway's first IPv4 address.
    pub enable_snat: bool,
}

/// A floating IP, as far as a node needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloatingIpSpec {
    /// The floating IP.
    pub id: FloatingIpId,
    /// The address outside.
    pub address: Ipv4Addr,
    /// The address inside that it stands for.
    pub fixed_ip: Ipv4Addr,
}

/// A VPN service, as far as a node needs to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSpec {
    /// The service.
    pub id: VpnServiceId,
    /// Down takes all its connections down.
    pub admin_state_up: bool,
}

/// A check that is to be done once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckSpec {
    /// The check.
    pub id: CheckId,
    /// Of which connection.
    pub connection_id: SiteConnectionId,
    /// Whom to ask for an answer through the tunnel; `None` for the first host of each network of the peer.
    pub target: Option<IpAddr>,
}

/// A site connection with all that it refers to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConnectionSpec {
    /// The site connection.
    pub id: SiteConnectionId,
    /// Its service.
    pub service_id: VpnServiceId,
    /// Whether it and its service may be up.
    pub admin_state_up: bool,
    /// How to make the IKE SA.
    pub ike: IkeParameters,
    /// How to make the CHILD_SAs.
    pub ipsec: IpsecParameters,
    /// Our end: the router's external address of the peer's IP version; `None` when it has none.
    pub local_address: Option<IpAddr>,
    /// Our identity; empty means `local_address`.
    pub local_id: String,
    /// The peer's IP address or host name.
    pub peer_address: String,
    /// The identity that the peer must prove.
    pub peer_id: String,
    /// Networks on our side, host bits cleared.
    pub local_networks: Vec<IpNet>,
    /// Networks on the peer's side, host bits cleared.
    pub peer_networks: Vec<IpNet>,
    /// Who may start.
    pub initiator: Initiator,
    /// Dead peer detection.
    pub dpd: Dpd,
    /// Largest packet inside the tunnel, in octets; 0 leaves it to the gateway.
    pub mtu: u32,
    /// The shared secret.
    #[serde(serialize_with = "crate::secret::serialize_exposed")]
    pub psk: Psk,
}
