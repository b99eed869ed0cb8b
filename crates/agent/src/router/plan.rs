//! What must change on the node for a router to match its document. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use adit_linux::nft::Table;
use adit_linux::sysctl::Sysctls;
use adit_linux::{Link, Route, route::default_destination};
use adit_model::router_document::{Interface, RouterDocument};
use adit_model::{MacAddress, PortId, Reason};
use ipnet::IpNet;

use super::firewall::Translations;
use super::observe::Observed;
use crate::config::PhysicalNetworks;
use crate::names;
use crate::segment::{Segment, Uplink};

/// One change. Doing it twice does no harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Put settings into force.
    SetSysctls(Sysctls),
    /// Replace the nftables table.
    ReplaceFirewall(Table),
    /// Delete connections that are translated in another way than this.
    DeleteStaleConnections(Translations),
    /// Take an interface off the router, with the tap that belongs to it.
    Unplug {
        /// Its name in the router.
        interface: String,
    },
    /// Have a network on this node.
    JoinNetwork(Segment),
    /// Make an interface, and plug it.
    Plug(Plug),
    /// Plug a tap that is there into the right bridge, and switch it on.
    Replug {
        /// The node's end.
        tap: String,
        /// Where it belongs.
        bridge: String,
    },
    /// Set an interface's Ethernet address.
    SetMac {
        /// Its name in the router.
        interface: String,
        /// As the document says.
        mac: MacAddress,
    },
    /// Set the MTU of both ends of a port.
    SetMtu {
        /// The router's end.
        interface: String,
        /// The node's end.
        tap: String,
        /// In octets.
        mtu: u32,
    },
    /// Give an interface exactly these addresses.
    SetAddresses {
        /// Its name in the router.
        interface: String,
        /// As the document says.
        addresses: BTreeSet<IpNet>,
        /// Whether to tell the neighbours, since the interface was up before: its Ethernet address.
        announce: Option<MacAddress>,
    },
    /// Switch an interface of the router on.
    SwitchOn {
        /// Its name in the router.
        interface: String,
    },
    /// Set a route.
    SetRoute(Route),
    /// Remove a route of ours.
    DeleteRoute(IpNet),
}

/// An interface that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plug {
    pub(super) interface: String,
    pub(super) tap: String,
    pub(super) bridge: String,
    pub(super) mac: MacAddress,
    pub(super) mtu: u32,
}

/// All that must change, in the order to do it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// What to do.
    pub(super) steps: Vec<Step>,
    /// What cannot be done on this node, by port.
    pub(super) blocked: BTreeMap<PortId, Reason>,
}

/// What a router needs that its document does not say.
pub(super) struct Surroundings<'a> {
    /// The node's mapping.
    pub(super) physical_networks: &'a PhysicalNetworks,
    /// The table that must be in force.
    pub(super) table: Table,
    /// Whether it is.
    pub(super) table_in_force: bool,
    /// How addresses are translated by that table, if it is not known to be as before.
    pub(super) translations: Option<Translations>,
}

impl Plan {
    /// The plan that takes `observed` to `document`; empty when they match.
    pub(super) fn new(
        document: &RouterDocument,
        observed: &Observed,
        surroundings: &Surroundings<'_>,
    ) -> Self {
        let mut plan = Self::default();
        if !observed.sysctls.is_empty() {
            plan.steps.push(Step::SetSysctls(observed.sysctls.clone()));
        }
        // Before anything can carry a packet.
        if !surroundings.table_in_force {
            plan.steps.push(Step::ReplaceFirewall(surroundings.table.clone()));
            plan.steps.extend(surroundings.translations.clone().map(Step::DeleteStaleConnections));
        }
        plan.switch_on("lo", observed);
        let wanted = interfaces(document);
        for interface in observed.links.keys() {
            if names::tap_of(interface).is_some() && !wanted.contains_key(interface) {
                plan.steps.push(Step::Unplug { interface: interface.clone() });
            }
        }
        for (name, interface) in &wanted {
            match Segment::new(
                interface.network_id,
                interface.physical.as_ref(),
                surroundings.physical_networks,
                &observed.node,
            ) {
                Ok(segment) => {
                    plan.interface(name, interface, addresses(document, interface), &segment, observed);
                }
                Err(reason) => {
                    plan.blocked.insert(interface.port_id, reason);
                }
            }
        }
        plan.routes(document, observed);
        plan
    }

    fn interface(
        &mut self,
        name: &str,
        wanted: &Interface,
        addresses: BTreeSet<IpNet>,
        segment: &Segment,
        observed: &Observed,
    ) {
        if !segment.is_joined(&observed.node) {
            self.once(Step::JoinNetwork(segment.clone()));
        }
        let tap = names::tap(wanted.port_id);
        let interface = name.to_owned();
        let mac = wanted.mac_address;
        let present = observed.links.get(name);
        match (present, observed.node.get(&tap)) {
            (Some(link), Some(tap)) => self.existing(wanted, link, tap, segment, observed),
            _ => self.steps.push(Step::Plug(Plug {
                interface: interface.clone(),
                tap,
                bridge: segment.bridge.clone(),
                mac,
                mtu: wanted.mtu,
            })),
        }
        if observed.addresses.get(name).cloned().unwrap_or_default() != addresses {
            let announce = present.filter(|link| link.up).map(|_| mac);
            self.steps.push(Step::SetAddresses { interface, addresses, announce });
        }
        // Last, because the kernel announces the addresses that are there by then.
        self.switch_on(name, observed);
    }

    fn existing(
        &mut self,
        wanted: &Interface,
        link: &Link,
        tap: &Link,
        segment: &Segment,
        observed: &Observed,
    ) {
        if link.mac != Some(wanted.mac_address.octets()) {
            self.steps.push(Step::SetMac { interface: link.name.clone(), mac: wanted.mac_address });
        }
        if link.mtu != wanted.mtu || tap.mtu != wanted.mtu {
            self.steps.push(Step::SetMtu {
                interface: link.name.clone(),
                tap: tap.name.clone(),
                mtu: wanted.mtu,
            });
        }
        let bridge = observed.node.get(&segment.bridge).map(|bridge| bridge.index);
        if bridge.is_none() || tap.master != bridge || !tap.up {
            self.steps.push(Step::Replug { tap: tap.name.clone(), bridge: segment.bridge.clone() });
        }
    }

    fn switch_on(&mut self, interface: &str, observed: &Observed) {
        if !observed.links.get(interface).is_some_and(|link| link.up) {
            self.steps.push(Step::SwitchOn { interface: interface.to_owned() });
        }
    }

    fn routes(&mut self, document: &RouterDocument, observed: &Observed) {
        let wanted = self.wanted_routes(document);
        for destination in observed.routes.keys().filter(|destination| !wanted.contains_key(destination)) {
            self.steps.push(Step::DeleteRoute(*destination));
        }
        for (destination, gateways) in wanted {
            if observed.routes.get(&destination) != Some(&gateways) {
                self.steps.push(Step::SetRoute(Route { destination, gateways }));
            }
        }
    }

    /// An extra route takes the place of a default route to the same destination. Default routes by a gateway that
    /// cannot be plugged are not tried.
    fn wanted_routes(&self, document: &RouterDocument) -> BTreeMap<IpNet, BTreeSet<IpAddr>> {
        let mut wanted = BTreeMap::<_, BTreeSet<_>>::new();
        for route in &document.routes {
            wanted.entry(route.destination.network()).or_default().insert(route.nexthop);
        }
        if let Some(gateway) = &document.gateway
            && gateway.interface.admin_state_up
            && !self.blocked.contains_key(&gateway.interface.port_id)
        {
            for next_hop in &gateway.next_hops {
                wanted.entry(default_destination(*next_hop)).or_insert_with(|| BTreeSet::from([*next_hop]));
            }
        }
        wanted
    }

    fn once(&mut self, step: Step) {
        if !self.steps.contains(&step) {
            self.steps.push(step);
        }
    }
}

/// The interfaces of the node that may matter to a document's plan, by name.
pub(super) fn node_interfaces(
    document: &RouterDocument,
    physical_networks: &PhysicalNetworks,
) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for interface in interfaces(document).values() {
        names.insert(names::tap(interface.port_id));
        names.extend(Segment::interfaces(
            interface.network_id,
            interface.physical.as_ref(),
            physical_networks,
        ));
    }
    names
}

/// The interfaces that a document wants to be plugged, by name.
pub(super) fn interfaces(document: &RouterDocument) -> BTreeMap<String, &Interface> {
    let internal =
        document.interfaces.iter().map(|interface| (names::internal(interface.port_id), interface));
    let gateway = document
        .gateway
        .iter()
        .map(|gateway| (names::gateway(gateway.interface.port_id), &gateway.interface));
    internal.chain(gateway).filter(|(_, interface)| interface.admin_state_up).collect()
}

/// The addresses of an interface. The gateway's has the floating IPs as well, so that the router answers for them.
pub(super) fn addresses(document: &RouterDocument, interface: &Interface) -> BTreeSet<IpNet> {
    let is_gateway =
        document.gateway.as_ref().is_some_and(|gateway| gateway.interface.port_id == interface.port_id);
    let floating_ips = document.floating_ips.iter().filter(|_| is_gateway);
    let own = interface.addresses.iter().copied();
    own.chain(floating_ips.map(|one| IpNet::from(IpAddr::V4(one.address)))).collect()
}

impl Step {
    /// The interface that is not in place if this fails.
    pub(super) fn interface(&self) -> Option<&str> {
        match self {
            Self::Plug(plug) => Some(&plug.interface),
            Self::SetMac { interface, .. }
            | Self::SetMtu { interface, .. }
            | Self::SetAddresses { interface, .. }
            | Self::SwitchOn { interface } => Some(interface),
            Self::SetSysctls(_)
            | Self::ReplaceFirewall(_)
            | Self::DeleteStaleConnections(_)
            | Self::Unplug { .. }
            | Self::JoinNetwork(_)
            | Self::Replug { .. }
            | Self::SetRoute(_)
            | Self::DeleteRoute(_) => None,
        }
    }

    /// The interfaces that this makes pass packets: on the node, and in the router.
    pub(super) fn plugged(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::JoinNetwork(segment) => (segment.uplink.as_ref().map(Uplink::port), None),
            Self::Plug(plug) => (Some(&plug.tap), Some(&plug.interface)),
            Self::Replug { tap, .. } => (Some(tap), None),
            Self::SwitchOn { interface } => (None, Some(interface)),
            Self::SetSysctls(_)
            | Self::ReplaceFirewall(_)
            | Self::DeleteStaleConnections(_)
            | Self::Unplug { .. }
            | Self::SetMac { .. }
            | Self::SetMtu { .. }
            | Self::SetAddresses { .. }
            | Self::SetRoute(_)
            | Self::DeleteRoute(_) => (None, None),
        }
    }
}
