//! The one nftables table of a router: address translation, and the fence that keeps protected traffic from leaving in
//! clear.
//!
//! What must hold at all times, whatever charon does: no packet between a connection's local and peer networks leaves
//! or enters by the external interface without IPsec. With userspace ESP protected packets go by `ipsec0` and never by
//! the external interface; when charon dies that device and its routes vanish, and the default route would take the
//! packets. With ESP in the kernel they do leave by the external interface, but with a policy attached.

use std::collections::BTreeSet;

use adit_linux::nft::{Chain, ChainKind, Hook, Table};
use adit_model::router_document::{ConnectionSpec, GatewayInterface, RouterDocument};
use ipnet::IpNet;

use crate::config::DataPlane;
use crate::names;

/// Our table's name.
pub(crate) const TABLE: &str = "adit";
/// MTU of the device that charon's userspace ESP makes.
const USERSPACE_MTU: u32 = 1400;
/// What ESP takes from a packet at most: outer IPv6 header, UDP, SPI and sequence number, IV, padding, ICV.
const ESP_OVERHEAD: u32 = 40 + 8 + 8 + 16 + 17 + 32;

/// Networks of one IP version whose traffic with each other is a tunnel's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    let mut protected = BTreeSet::new();
    for connection in connections {
        for is_wanted in [is_ipv4, is_ipv6] {
            let side = |networks: &[IpNet]| {
                let networks = networks.iter().copied().filter(is_wanted).collect();
                let mut disjoint = IpNet::aggregate(&networks);
                disjoint.sort();
                disjoint
            };
            let (local, peer) = (side(&connection.local_networks), side(&connection.peer_networks));
            if !local.is_empty() && !peer.is_empty() {
                protected.insert(Protected { local, peer, mtu: connection.mtu });
            }
        }
    }
    protected
}

/// The table for a router that protects `protected`.
pub(crate) fn table(
    document: &RouterDocument,
    protected: &BTreeSet<Protected>,
    data_plane: DataPlane,
) -> Table {
    let gateway = document.gateway.as_ref().filter(|gateway| gateway.interface.admin_state_up);
    let outer_mtu = gateway.map_or(1500, |gateway| gateway.interface.mtu);
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
    let leaving = each(&|pair| vec![pair.fence_out(data_plane)]);
    let entering = each(&|pair| vec![pair.fence_in(data_plane)]);
    let mut translated = each(&|pair| vec![format!("{} accept", pair.outbound())]);
    translated.extend(gateway.and_then(source_translation));

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
            chain("source_nat", ChainKind::Nat, Hook::Postrouting, 100, translated),
        ],
    }
}

impl Protected {
    fn outbound(&self) -> String {
        between(&self.local, &self.peer)
    }

    fn inbound(&self) -> String {
        between(&self.peer, &self.local)
    }

    fn fence_out(&self, data_plane: DataPlane) -> String {
        let unprotected = match data_plane {
            DataPlane::Kernel => " rt ipsec missing",
            DataPlane::Userspace => "",
        };
        format!("oifname \"{}*\" {}{unprotected} drop", names::GATEWAY_PREFIX, self.outbound())
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

/// Internal hosts leave by the gateway with its first IPv4 address. The router's own packets already have one of its
/// addresses.
fn source_translation(gateway: &GatewayInterface) -> Option<String> {
    if !gateway.enable_snat {
        return None;
    }
    let own: Vec<_> =
        gateway.interface.addresses.iter().filter(|address| is_ipv4(address)).map(IpNet::addr).collect();
    let first = own.first()?;
    let interface = names::gateway(gateway.interface.port_id);
    Some(format!("oifname \"{interface}\" ip saddr != {} snat ip to {first}", set(&own)))
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
