//! What is there of a router on this node.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use adit_linux::sysctl::{self, Sysctls};
use adit_linux::{Link, Namespace, Netlink, nft};
use ipnet::IpNet;

use super::ROUTE_PROTOCOL;
use super::firewall::TABLE;

/// A router as it is. Reading it changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Observed {
    /// Those interfaces of the node that may matter to the router.
    pub(super) node: BTreeMap<String, Link>,
    /// Interfaces of the router.
    pub(super) links: BTreeMap<String, Link>,
    /// Addresses of the router's interfaces, by interface.
    pub(super) addresses: BTreeMap<String, BTreeSet<IpNet>>,
    /// Our routes: gateways by destination.
    pub(super) routes: BTreeMap<IpNet, BTreeSet<IpAddr>>,
    /// Settings that differ from what a router needs, with the values that it needs.
    pub(super) sysctls: Sysctls,
    /// The firewall in force, as far as it can be told apart from others.
    pub(super) rules: nft::Rules,
}

impl Observed {
    /// Reads everything anew; of the node, the interfaces of these names.
    pub(super) async fn read(
        node: &Netlink,
        names: &BTreeSet<String>,
        namespace: &Namespace,
        inside: &Netlink,
    ) -> adit_linux::Result<Self> {
        let links = inside.links().await?;
        let mut by_index = inside.addresses().await?;
        let addresses = links
            .values()
            .filter_map(|link| Some((link.name.clone(), by_index.remove(&link.index)?)))
            .collect();
        // A thread in a namespace costs more than what it does there.
        let (sysctls, rules) =
            namespace.run(|| (sysctl::differing_here(&wanted_sysctls()), nft::rules_here(TABLE)))?;
        Ok(Self {
            node: node.links_named(names).await?,
            links,
            addresses,
            routes: inside.routes(ROUTE_PROTOCOL).await?,
            sysctls: sysctls?,
            rules: rules?,
        })
    }
}

/// What a router needs of its kernel.
fn wanted_sysctls() -> Sysctls {
    [
        ("net/ipv4/ip_forward", "1"),
        // A router answers for an address on the interface that has it, and speaks with the address of that interface.
        ("net/ipv4/conf/all/arp_ignore", "1"),
        ("net/ipv4/conf/all/arp_announce", "2"),
        // The kernel announces addresses when an interface goes up.
        ("net/ipv4/conf/all/arp_notify", "1"),
        // Packets of a tunnel arrive by `ipsec0` though the route to their source may be another: RFC 3704, 2.4.
        ("net/ipv4/conf/all/rp_filter", "0"),
        ("net/ipv4/conf/default/rp_filter", "0"),
        ("net/ipv4/conf/all/accept_redirects", "0"),
        ("net/ipv4/conf/default/accept_redirects", "0"),
        ("net/ipv4/conf/all/send_redirects", "0"),
        ("net/ipv4/conf/default/send_redirects", "0"),
        // When the first address of a subnet goes, the others stay.
        ("net/ipv4/conf/all/promote_secondaries", "1"),
        ("net/ipv6/conf/all/forwarding", "1"),
        ("net/ipv6/conf/default/forwarding", "1"),
        ("net/ipv6/conf/all/accept_ra", "0"),
        ("net/ipv6/conf/default/accept_ra", "0"),
        // The API gave the address to one port only: it is usable at once.
        ("net/ipv6/conf/all/accept_dad", "0"),
        ("net/ipv6/conf/default/accept_dad", "0"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}
