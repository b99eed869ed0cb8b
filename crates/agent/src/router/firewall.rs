//! The one nftables table of a router: address translation, and the fence that keeps protected traffic from leaving in
//! clear.
//!
//! What must hold at all times, whatever charon does: no packet between a connection's local and peer networks leaves
//! or enters by the external interface without IPsec. With userspace ESP protected packets go by `ipsec0` and never by
//! the external interface; when charon dies that device and its routes vanish, and the default route would take the
//! packets. With ESP in the kernel they do leave by the external interface, but with a policy attached.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use adit_linux::conntrack::Connection;
use adit_linux::nft::{Chain, ChainKind, Hook, Table};
use adit_model::router_document::{
    ConnectionSpec, FloatingIpSpec, GatewayInterface, Interface, RouterDocument,
};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use crate::config::DataPlane;
use crate::names;

/// Our table's name.
pub(crate) const TABLE: &str = "adit";
/// MTU of the device that charon's userspace ESP makes.
const USERSPACE_MTU: u32 = 1400;
/// What ESP takes from a packet at most: outer IPv6 header, UDP, SPI and sequence number, IV, padding, ICV.
const ESP_OVERHEAD: u32 = 40 + 8 + 8 + 16 + 17 + 32;

/// The addresses that are nobody's in particular: RFC 1918, RFC 4193.
const PRIVATE: [Ipv4Net; 3] = [
    Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 8),
    Ipv4Net::new_assert(Ipv4Addr::new(172, 16, 0, 0), 12),
    Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 0, 0), 16),
];
const PRIVATE_V6: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7);

/// Networks of one IP version whose traffic with each other is a tunnel's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Protected {
    /// On our side; disjoint and in order.
    local: Vec<IpNet>,
    /// On the peer's side; disjoint and in order.
    peer: Vec<IpNet>,
    /// Largest packet inside the tunnel, in octets; 0 for what the gateway finds right.
    mtu: u32,
}

/// What a document's connections protect, switched on or not: a tunnel that is off leaks nothing either.
pub(crate) fn protected(connections: &[ConnectionSpec]) -> BTreeSet<Protected> {
    let of = |one: &ConnectionSpec| {
        between_all(&one.local_networks, &one.peer_networks, one.mtu).collect::<Vec<_>>()
    };
    connections.iter().flat_map(of).collect()
}

/// By IP version, if both sides have it.
fn between_all(local: &[IpNet], peer: &[IpNet], mtu: u32) -> impl Iterator<Item = Protected> {
    [is_ipv4, is_ipv6].into_iter().filter_map(move |is_wanted: fn(&IpNet) -> bool| {
        let side = |networks: &[IpNet]| disjoint(&networks.iter().copied().filter(is_wanted).collect());
        let (local, peer) = (side(local), side(peer));
        (!local.is_empty() && !peer.is_empty()).then_some(Protected { local, peer, mtu })
    })
}

/// What connections may have protected of which nothing is known any more: whatever the router's networks say to private
/// addresses, but for those of the external network itself.
pub(crate) fn private(document: &RouterDocument) -> BTreeSet<Protected> {
    let networks = |interface: &Interface| interface.addresses.iter().map(IpNet::trunc).collect::<Vec<_>>();
    let inside: Vec<_> = document.interfaces.iter().flat_map(networks).collect();
    let outside: Vec<_> = document.gateway.iter().flat_map(|gateway| networks(&gateway.interface)).collect();
    let private = PRIVATE.into_iter().map(IpNet::from).chain([IpNet::from(PRIVATE_V6)]).collect();
    let elsewhere = outside.iter().fold(private, |rest: Vec<_>, hole| {
        rest.into_iter().flat_map(|network| without(network, hole)).collect()
    });
    between_all(&inside, &elsewhere, 0).collect()
}

/// What is left of a network without a part of it.
fn without(network: IpNet, hole: &IpNet) -> Vec<IpNet> {
    if hole.contains(&network) {
        return Vec::new();
    }
    if !network.contains(hole) {
        return vec![network];
    }
    let halves = network.subnets(network.prefix_len() + 1).into_iter().flatten();
    halves.flat_map(|half| without(half, hole)).collect()
}

/// The same, said by few rules: a packet is compared with one after the other, and a router may have hundreds of
/// connections. All networks that the same local networks reach are one set, which the kernel searches at once.
fn joined(protected: &BTreeSet<Protected>) -> Vec<Protected> {
    let mut peers: BTreeMap<(&[IpNet], u32), Vec<IpNet>> = BTreeMap::new();
    for Protected { local, peer, mtu } in protected {
        peers.entry((local, *mtu)).or_default().extend(peer);
    }
    let join = |((local, mtu), peers): ((&[IpNet], u32), Vec<IpNet>)| Protected {
        local: local.to_vec(),
        peer: disjoint(&peers),
        mtu,
    };
    peers.into_iter().map(join).collect()
}

fn disjoint(networks: &Vec<IpNet>) -> Vec<IpNet> {
    let mut disjoint = IpNet::aggregate(networks);
    disjoint.sort();
    disjoint
}

/// The table for a router that protects `protected`.
pub(crate) fn table(
    document: &RouterDocument,
    protected: &BTreeSet<Protected>,
    data_plane: DataPlane,
) -> Table {
    let gateway = plugged_gateway(document);
    let outer_mtu = gateway.map_or(1500, |gateway| gateway.interface.mtu);
    let protected = joined(protected);
    let chain = |name, kind, hook, priority, rules| Chain { name, kind, hook, priority, rules };
    let each =
        |rules: &dyn Fn(&Protected) -> Vec<String>| protected.iter().flat_map(rules).collect::<Vec<_>>();

    // Connections that were open before the tunnel came would otherwise go on being translated inside it.
    let untracked =
        each(&|pair| vec![format!("{} notrack", pair.outbound()), format!("{} notrack", pair.inbound())]);
    let clamped = each(&|pair| {
        let size = pair.segment_size(data_plane, outer_mtu);
        [pair.outbound(), pair.inbound()]
            .map(|direction| {
                format!("{direction} tcp flags & (syn | rst) == syn tcp option maxseg size set {size}")
            })
            .to_vec()
    });
    let leaving = each(&|pair| pair.fence_out(data_plane).into());
    let entering = each(&|pair| vec![pair.fence_in(data_plane)]);
    let mut translated = each(&|pair| vec![format!("{} accept", pair.outbound())]);
    translated
        .extend(gateway.into_iter().flat_map(|gateway| source_translation(gateway, &document.floating_ips)));
    let arriving: Vec<_> =
        gateway.and_then(|_| destination_translation(&document.floating_ips)).into_iter().collect();

    Table {
        name: TABLE.to_owned(),
        chains: vec![
            chain("untracked_arriving", ChainKind::Filter, Hook::Prerouting, -300, untracked.clone()),
            chain("untracked_own", ChainKind::Filter, Hook::Output, -300, untracked),
            chain("segment_size", ChainKind::Filter, Hook::Forward, -150, clamped),
            chain(
                "fence_forward",
                ChainKind::Filter,
                Hook::Forward,
                0,
                [leaving.clone(), entering.clone()].concat(),
            ),
            chain("fence_output", ChainKind::Filter, Hook::Output, 0, leaving),
            chain("fence_input", ChainKind::Filter, Hook::Input, 0, entering),
            chain("destination_nat", ChainKind::Nat, Hook::Prerouting, -100, arriving.clone()),
            chain("destination_nat_own", ChainKind::Nat, Hook::Output, -100, arriving),
            chain("source_nat", ChainKind::Nat, Hook::Postrouting, 100, translated),
        ],
    }
}

impl Protected {
    /// Whether both are about the same networks.
    pub(crate) fn is_between_those_of(&self, other: &Self) -> bool {
        (&self.local, &self.peer) == (&other.local, &other.peer)
    }

    fn outbound(&self) -> String {
        between(&self.local, &self.peer)
    }

    fn inbound(&self) -> String {
        between(&self.peer, &self.local)
    }

    /// What came out of the tunnel must not leave either: while the network that it is for is not plugged, the default
    /// route would take it.
    fn fence_out(&self, data_plane: DataPlane) -> [String; 2] {
        let unprotected = match data_plane {
            DataPlane::Kernel => " rt ipsec missing",
            DataPlane::Userspace => "",
        };
        [self.outbound(), self.inbound()]
            .map(|direction| format!("oifname \"{}*\" {direction}{unprotected} drop", names::GATEWAY_PREFIX))
    }

    fn fence_in(&self, data_plane: DataPlane) -> String {
        let unprotected = match data_plane {
            DataPlane::Kernel => " meta ipsec missing",
            DataPlane::Userspace => "",
        };
        format!("iifname \"{}*\" {}{unprotected} drop", names::GATEWAY_PREFIX, self.inbound())
    }

    /// What TCP may put into one packet, so that the packet fits the tunnel. nft only ever makes it smaller.
    fn segment_size(&self, data_plane: DataPlane, outer_mtu: u32) -> u32 {
        let fits = match data_plane {
            DataPlane::Kernel => outer_mtu.saturating_sub(ESP_OVERHEAD),
            DataPlane::Userspace => USERSPACE_MTU,
        };
        let mtu = if self.mtu == 0 { fits } else { self.mtu.min(fits) };
        let headers = if self.local.iter().all(is_ipv6) { 60 } else { 40 };
        mtu.saturating_sub(headers).max(36)
    }
}

/// The gateway of a router that has one in use.
fn plugged_gateway(document: &RouterDocument) -> Option<&GatewayInterface> {
    document.gateway.as_ref().filter(|gateway| gateway.interface.admin_state_up)
}

/// A host with a floating IP leaves by the gateway with that, whether or not the router translates all the others; they
/// leave with the gateway's first IPv4 address. The router's own packets already have one of its addresses.
///
/// What an internal host sends to a floating IP is translated on both sides, so that the answer comes back by the router
/// and not straight.
fn source_translation(gateway: &GatewayInterface, floating_ips: &[FloatingIpSpec]) -> Vec<String> {
    let interface = names::gateway(gateway.interface.port_id);
    let own = ipv4_of(gateway);
    let hairpin = format!("ct status dnat iifname != \"{interface}\"");
    let mut rules = Vec::new();
    if !floating_ips.is_empty() {
        let outside = map(floating_ips.iter().map(|one| (one.fixed_ip, one.address)));
        let by_source = format!("snat ip to ip saddr map {outside}");
        rules.extend([format!("oifname \"{interface}\" {by_source}"), format!("{hairpin} {by_source}")]);
    }
    let Some(first) = own.first() else { return rules };
    if gateway.enable_snat {
        rules.push(format!("oifname \"{interface}\" ip saddr != {} snat ip to {first}", set(&own)));
    }
    if !floating_ips.is_empty() {
        rules.push(format!("{hairpin} snat ip to {first}"));
    }
    rules
}

/// What is for a floating IP is for the address inside that it stands for.
fn destination_translation(floating_ips: &[FloatingIpSpec]) -> Option<String> {
    let inside = map(floating_ips.iter().map(|one| (one.address, one.fixed_ip)));
    (!floating_ips.is_empty()).then(|| format!("dnat ip to ip daddr map {inside}"))
}

/// How a document wants addresses to be translated, to tell connections of before from those of now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Translations {
    /// Addresses of the gateway.
    own: BTreeSet<Ipv4Addr>,
    /// Addresses inside by floating IP.
    inside: BTreeMap<Ipv4Addr, Ipv4Addr>,
}

impl Translations {
    pub(crate) fn of(document: &RouterDocument) -> Self {
        let gateway = plugged_gateway(document);
        let floating_ips = document.floating_ips.iter().filter(|_| gateway.is_some());
        Self {
            own: gateway.map(ipv4_of).unwrap_or_default().into_iter().collect(),
            inside: floating_ips.map(|one| (one.address, one.fixed_ip)).collect(),
        }
    }

    /// Whether a connection is translated as it would not be any more.
    pub(crate) fn is_stale(&self, connection: &Connection) -> bool {
        let Connection { source, destination, translated_source, translated_destination } = connection;
        let arrives =
            translated_destination.is_none_or(|inside| self.inside.get(destination) == Some(&inside));
        let leaves = translated_source
            .is_none_or(|outside| self.own.contains(&outside) || self.inside.get(&outside) == Some(source));
        !(arrives && leaves)
    }
}

fn ipv4_of(gateway: &GatewayInterface) -> Vec<Ipv4Addr> {
    let addresses = gateway.interface.addresses.iter().map(IpNet::addr);
    addresses
        .filter_map(|address| match address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        })
        .collect()
}

fn map(pairs: impl Iterator<Item = (Ipv4Addr, Ipv4Addr)>) -> String {
    // In order, so that the same document is the same table.
    let pairs: BTreeMap<_, _> = pairs.collect();
    let pairs: Vec<_> = pairs.into_iter().map(|(from, to)| format!("{from} : {to}")).collect();
    format!("{{ {} }}", pairs.join(", "))
}

fn between(from: &[IpNet], to: &[IpNet]) -> String {
    let family = if from.iter().all(is_ipv6) { "ip6" } else { "ip" };
    format!("{family} saddr {} {family} daddr {}", set(from), set(to))
}

fn set(items: &[impl ToString]) -> String {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    format!("{{ {} }}", items.join(", "))
}

fn is_ipv4(network: &IpNet) -> bool {
    network.addr().is_ipv4()
}

fn is_ipv6(network: &IpNet) -> bool {
    network.addr().is_ipv6()
}
