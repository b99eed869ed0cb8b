//! How large packets in a tunnel may be, where a connection asks for less than fits: larger ones are fragmented, or
//! answered with an ICMP message that says how large they may be. TCP needs none of this, since the firewall has its
//! segments fit. Pure.
//!
//! charon's own routes have no such limit, and it replaces them as it likes. So packets from each network of ours look in a
//! table of our own before they look in charon's, and what is not in there goes on as if there were none: who has asked
//! for nothing is not concerned. The routes lead where a tunnel's packets go anyhow, so whether one is up or down, they
//! neither open nor close a way: with ESP in userspace by charon's device, with which they vanish; with ESP in the kernel
//! by the external interface, where IPsec takes the lower one of its own limit and the route's, and the fence takes what
//! IPsec does not.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::iter::successors;
use std::net::IpAddr;

use adit_linux::rule::{Rule, TableRoutes, Way};
use adit_model::router_document::ConnectionSpec;
use ipnet::IpNet;

/// The rule for charon's table has this priority; ours come before it, those for smaller networks first.
const PRIORITY_OF_CHARON: u32 = 220;
/// The first of our tables.
const FIRST_TABLE: u32 = 17_300;

/// The interface by which a connection's packets leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Device {
    /// Its number.
    pub(super) index: u32,
    /// Its own, in octets.
    pub(super) mtu: u32,
}

/// By network of ours, the ways to networks of peers.
pub(super) type Limits = BTreeMap<IpNet, BTreeMap<IpNet, Way>>;

/// One change. Doing it twice does no harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    DeleteRule(Rule),
    SetRoute { table: u32, destination: IpNet, way: Way },
    AddRule(Rule),
    DeleteRoute { table: u32, destination: IpNet },
}

/// What these connections ask for. Where several are for the same packets, the lowest holds. What the router is connected to
/// itself is not concerned, also where it is part of a peer's networks.
pub(super) fn limits<'a>(
    connections: impl IntoIterator<Item = &'a ConnectionSpec>,
    device_of: impl Fn(&ConnectionSpec) -> Option<Device>,
    connected: &BTreeSet<IpNet>,
) -> Limits {
    let mut asked = Asked::new();
    for connection in connections.into_iter().filter(|connection| connection.admin_state_up) {
        let Some(device) = device_of(connection) else { continue };
        if connection.mtu != 0 && connection.mtu < device.mtu {
            ask(&mut asked, connection, device.index);
        }
    }
    let table = |local: &IpNet| (*local, ways(&asked, local, connected));
    asked.keys().map(table).collect()
}

/// By network of ours and network of a peer: the MTU and the interface.
type Asked = BTreeMap<IpNet, BTreeMap<IpNet, (u32, u32)>>;

fn ask(asked: &mut Asked, connection: &ConnectionSpec, index: u32) {
    for local in connection.local_networks.iter().map(IpNet::trunc) {
        let is_same_version = |peer: &IpNet| peer.addr().is_ipv4() == local.addr().is_ipv4();
        for peer in connection.peer_networks.iter().map(IpNet::trunc).filter(is_same_version) {
            if is_for_esp(connection, &local, &peer) {
                continue;
            }
            let (mtu, by) = asked.entry(local).or_default().entry(peer).or_insert((u32::MAX, index));
            if connection.mtu < *mtu {
                (*mtu, *by) = (connection.mtu, index);
            }
        }
    }
}

/// Whether the tunnel's own packets would go this way too: they are larger than what is in them.
fn is_for_esp(connection: &ConnectionSpec, local: &IpNet, peer: &IpNet) -> bool {
    let comes_from_us = connection.local_address.is_none_or(|address| local.contains(&address));
    let goes_to_peer =
        connection.peer_address.parse::<IpAddr>().map_or(true, |address| peer.contains(&address));
    comes_from_us && goes_to_peer
}

/// The ways of packets from `local`: what larger networks of ours ask for is meant for it too, and what is asked for of
/// larger networks of peers as well.
fn ways(asked: &Asked, local: &IpNet, connected: &BTreeSet<IpNet>) -> BTreeMap<IpNet, Way> {
    let mut lowest = BTreeMap::<IpNet, (u32, u32)>::new();
    for (peer, limit) in containing(local).filter_map(|local| asked.get(&local)).flatten() {
        let known = lowest.entry(*peer).or_insert(*limit);
        *known = (*known).min(*limit);
    }
    let limit_of = |peer: &IpNet| containing(peer).filter_map(|peer| lowest.get(&peer)).min().copied();
    let limited = lowest.keys().filter_map(|peer| {
        let (mtu, index) = limit_of(peer)?;
        Some((*peer, Way::Interface { index, mtu }))
    });
    let spared = connected.iter().map(IpNet::trunc).filter(|network| limit_of(network).is_some());
    limited.chain(spared.map(|network| (network, Way::Elsewhere))).collect()
}

/// The network itself, and all that contain it.
fn containing(network: &IpNet) -> impl Iterator<Item = IpNet> {
    successors(Some(*network), IpNet::supernet)
}

/// What takes the rules and routes of ours that there are to those that are wanted. A network keeps its table.
pub(super) fn plan(wanted: &Limits, rules: &BTreeSet<Rule>, routes: &TableRoutes) -> Vec<Step> {
    let mut tables = BTreeMap::<IpNet, u32>::new();
    let mut superfluous = Vec::new();
    for rule in rules {
        let is_right = wanted.contains_key(&rule.source) && rule.priority == priority(&rule.source);
        let is_free =
            !tables.contains_key(&rule.source) && !tables.values().any(|table| *table == rule.table);
        if is_right && is_free && rule.table >= FIRST_TABLE {
            tables.insert(rule.source, rule.table);
        } else {
            superfluous.push(Step::DeleteRule(rule.clone()));
        }
    }
    let in_use: BTreeSet<u32> = rules.iter().map(|rule| rule.table).collect();
    let mut free = (FIRST_TABLE..).filter(|table| !in_use.contains(table));
    let mut added = Vec::new();
    for source in wanted.keys().filter(|source| !tables.contains_key(source)).copied().collect::<Vec<_>>() {
        let Some(table) = free.next() else { break };
        tables.insert(source, table);
        added.push(Step::AddRule(Rule { source, priority: priority(&source), table }));
    }
    let wanted: TableRoutes = tables
        .iter()
        .flat_map(|(local, table)| wanted[local].iter().map(|(peer, way)| ((*table, *peer), *way)))
        .collect();
    let set = wanted.iter().filter(|(key, way)| routes.get(key) != Some(way));
    let set = set.map(|((table, destination), way)| Step::SetRoute {
        table: *table,
        destination: *destination,
        way: *way,
    });
    let gone = routes.keys().filter(|key| key.0 >= FIRST_TABLE && !wanted.contains_key(key));
    let gone =
        gone.map(|(table, destination)| Step::DeleteRoute { table: *table, destination: *destination });
    superfluous.into_iter().chain(set).chain(added).chain(gone).collect()
}

fn priority(source: &IpNet) -> u32 {
    PRIORITY_OF_CHARON - 1 - u32::from(source.prefix_len())
}
