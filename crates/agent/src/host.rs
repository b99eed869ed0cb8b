//! Hosts for trials: a namespace with one interface on a network of this node.

pub(crate) mod watch;

use std::collections::BTreeSet;
use std::net::IpAddr;

use adit_linux::route::default_destination;
use adit_linux::{Namespace, Netlink, Route, VethPeer, privilege};
use adit_model::network::PhysicalNetwork;
use adit_model::{MacAddress, NetworkId, PortId, Reason};
use ipnet::IpNet;

use crate::config::PhysicalNetworks;
use crate::segment::{self, Segment, without_ipv6};

/// The host's interface.
const INTERFACE: &str = "eth0";
/// What tells our hosts from other namespaces: the alias of the interface.
const MARK: &str = "adit host";
/// What begins the alias of the node's end; the port's id follows.
const PORT_MARK: &str = "adit host port ";
/// Marks the host's default route.
const ROUTE_PROTOCOL: u8 = 173;

/// What a host should be.
#[derive(Clone, Debug)]
pub struct HostSpec {
    /// Name of the namespace.
    pub name: String,
    /// The port that it is.
    pub port: PortId,
    /// The network that it is plugged into.
    pub network: NetworkId,
    /// What that network is joined to outside the node.
    pub physical: Option<PhysicalNetwork>,
    /// The port's Ethernet address.
    pub mac: MacAddress,
    /// The network's, in octets.
    pub mtu: u32,
    /// The port's addresses with the prefix lengths of their subnets.
    pub addresses: Vec<IpNet>,
    /// The way out.
    pub default_gateway: Option<IpAddr>,
}

/// Why a host could not be made or removed.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The name is taken.
    #[error("the namespace `{0}` exists already: take another name, or remove it first")]
    Exists(String),
    /// There is none.
    #[error("there is no host `{0}`")]
    NotFound(String),
    /// Somebody else's.
    #[error("the namespace `{0}` was not made by `host add`, so it is left alone")]
    NotOurs(String),
    /// The network cannot be on this node.
    #[error("{}", .0.text)]
    Network(Reason),
    /// The node does not let us.
    #[error(transparent)]
    Node(#[from] adit_linux::Error),
}

/// Makes a host, on the node that the calling process is in. If that fails nothing is left of it.
///
/// # Errors
/// [`HostError::Exists`] for any namespace of that name, whoever made it.
pub async fn add(spec: &HostSpec, physical_networks: &PhysicalNetworks) -> Result<(), HostError> {
    privilege::check()?;
    if Namespace::open(&spec.name)?.is_some() {
        return Err(HostError::Exists(spec.name.clone()));
    }
    let node = Netlink::here()?;
    let segment = Segment::new(spec.network, spec.physical.as_ref(), physical_networks, &node.links().await?)
        .map_err(HostError::Network)?;
    let made = plug(spec, &node, &segment).await;
    if made.is_err() {
        node.delete_link(&tap(spec.mac)).await?;
        Namespace::delete(&spec.name)?;
        segment::release(&node, &segment.bridge).await?;
    }
    Ok(made?)
}

/// Removes a host that [`add`] made.
///
/// # Errors
/// [`HostError::NotFound`], [`HostError::NotOurs`].
pub async fn del(name: &str) -> Result<(), HostError> {
    privilege::check()?;
    let namespace = Namespace::open(name)?.ok_or_else(|| HostError::NotFound(name.to_owned()))?;
    let inside = Netlink::inside(&namespace)?;
    let interface = inside.link(INTERFACE).await?;
    let Some(interface) = interface.filter(|link| link.alias.as_deref() == Some(MARK)) else {
        return Err(HostError::NotOurs(name.to_owned()));
    };
    let node = Netlink::here()?;
    let links = node.links().await?;
    let tap = interface.mac.and_then(|mac| links.get(&tap_of_octets(mac)));
    let bridge = links.values().find(|link| Some(link.index) == tap.and_then(|tap| tap.master));
    inside.delete_link(INTERFACE).await?;
    Namespace::delete(name)?;
    if let Some(bridge) = bridge {
        segment::release(&node, &bridge.name).await?;
    }
    Ok(())
}

async fn plug(spec: &HostSpec, node: &Netlink, segment: &Segment) -> adit_linux::Result<()> {
    let namespace = Namespace::create(&spec.name)?;
    let inside = Netlink::inside(&namespace)?;
    let tap = tap(spec.mac);
    let peer = VethPeer { name: INTERFACE, namespace: &namespace, mac: spec.mac.octets() };
    node.add_veth(&tap, spec.mtu, &peer).await?;
    inside.set_alias(INTERFACE, MARK).await?;
    node.set_alias(&tap, &format!("{PORT_MARK}{}", spec.port)).await?;
    without_ipv6(&tap)?;
    // A router that leaves may take the bridge away between these two.
    segment.join(node).await?;
    if node.plug(&tap, &segment.bridge).await.is_err() {
        segment.join(node).await?;
        node.plug(&tap, &segment.bridge).await?;
    }
    node.set_up(&tap).await?;
    inside.set_up("lo").await?;
    let addresses: BTreeSet<_> = spec.addresses.iter().copied().collect();
    inside.set_addresses(INTERFACE, &addresses).await?;
    inside.set_up(INTERFACE).await?;
    if let Some(gateway) = spec.default_gateway {
        let route = Route { destination: default_destination(gateway), gateways: BTreeSet::from([gateway]) };
        inside.replace_route(&route, ROUTE_PROTOCOL).await?;
    }
    node.settle(&BTreeSet::from([tap])).await?;
    inside.settle(&BTreeSet::from([INTERFACE.to_owned()])).await
}

/// The node's end. Its name comes from the Ethernet address, by which [`del`] finds it again.
fn tap(mac: MacAddress) -> String {
    tap_of_octets(mac.octets())
}

fn tap_of_octets(octets: [u8; 6]) -> String {
    let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("tap{digits}")
}
