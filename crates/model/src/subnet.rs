//! Subnets: the IP networks on a network, and the arithmetic of their addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::router::Route;
use crate::{MacAddress, NetworkId, ProjectId, SubnetId};

crate::vocabulary! {
    /// How hosts of an IPv6 subnet learn their addresses.
    Ipv6Mode {
        /// They make them themselves, from router advertisements.
        Slaac = "slaac",
        /// DHCP gives them.
        Dhcpv6Stateful = "dhcpv6-stateful",
        /// They make them themselves, and DHCP tells the rest.
        Dhcpv6Stateless = "dhcpv6-stateless",
    }
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// Its identity.
    pub id: SubnetId,
    /// Its owner.
    pub project_id: ProjectId,
    /// Not unique.
    pub name: String,
    /// Free text.
    pub description: String,
    /// The network that it is on.
    pub network_id: NetworkId,
    /// Host bits cleared.
    pub cidr: IpNet,
    /// The router's address by convention.
    pub gateway_ip: Option<IpAddr>,
    /// Where ports get their addresses from.
    pub allocation_pools: Vec<AllocationPool>,
    /// For hosts; in order of preference.
    pub dns_nameservers: Vec<IpAddr>,
    /// For hosts.
    pub host_routes: Vec<Route>,
    /// Stored; Adit serves no DHCP.
    pub enable_dhcp: bool,
    /// What routers shall advertise; stored, Adit's routers advertise nothing.
    pub ipv6_ra_mode: Option<Ipv6Mode>,
    /// How ports get their addresses.
    pub ipv6_address_mode: Option<Ipv6Mode>,
    /// The owners of devices whose ports get addresses of it unasked; empty for all.
    pub service_types: Vec<String>,
}

/// A range of addresses, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AllocationPool {
    /// The first address.
    pub start: IpAddr,
    /// The last address.
    pub end: IpAddr,
}

/// Why pools do not fit a subnet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The ends are swapped or of different IP versions.
    #[error("pool {}-{} is reversed", .0.start, .0.end)]
    Reversed(AllocationPool),
    /// An end is not an address of the subnet.
    #[error("pool {}-{} is outside the subnet", .0.start, .0.end)]
    Outside(AllocationPool),
    /// Two pools share addresses.
    #[error("pools {}-{} and {}-{} overlap", .0.start, .0.end, .1.start, .1.end)]
    Overlap(AllocationPool, AllocationPool),
    /// The gateway's address could be given to a port.
    #[error("gateway {} is inside pool {}-{}", .0, .1.start, .1.end)]
    Gateway(IpAddr, AllocationPool),
}

impl Ipv6Mode {
    /// Whether hosts make their addresses themselves.
    pub const fn is_automatic(self) -> bool {
        match self {
            Self::Slaac | Self::Dhcpv6Stateless => true,
            Self::Dhcpv6Stateful => false,
        }
    }
}

impl Subnet {
    /// Whether a host's address follows from its Ethernet address.
    pub fn is_automatic(&self) -> bool {
        let modes = [self.ipv6_ra_mode, self.ipv6_address_mode];
        modes.into_iter().flatten().any(Ipv6Mode::is_automatic)
    }

    /// The address that a host with this Ethernet address makes itself (RFC 4291, appendix A); `None` on subnets where
    /// hosts do not.
    pub fn automatic_address(&self, mac: MacAddress) -> Option<IpAddr> {
        let IpNet::V6(net) = self.cidr else { return None };
        if !self.is_automatic() || net.prefix_len() != EUI64_PREFIX {
            return None;
        }
        let [a, b, c, d, e, f] = mac.octets();
        let interface = u64::from_be_bytes([a ^ 2, b, c, 0xff, 0xfe, d, e, f]);
        Some(IpAddr::V6(Ipv6Addr::from_bits(net.network().to_bits() | u128::from(interface))))
    }
}

/// Bits of the network part where hosts make their addresses themselves.
pub const EUI64_PREFIX: u8 = 64;

impl AllocationPool {
    /// Whether the address is in the pool.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.start <= address && address <= self.end && self.start.is_ipv4() == address.is_ipv4()
    }
}

/// The gateway that a subnet has when its owner does not say: the first address for IPv4, the network's own for IPv6.
pub fn default_gateway(cidr: IpNet) -> IpAddr {
    match cidr {
        IpNet::V4(net) => IpAddr::V4(Ipv4Addr::from_bits(u32::from(net.network()).saturating_add(1))),
        IpNet::V6(net) => IpAddr::V6(net.network()),
    }
}

/// The pools that a subnet has when its owner does not say: every host address but the gateway's.
pub fn default_pools(cidr: IpNet, gateway: Option<IpAddr>) -> Vec<AllocationPool> {
    let (first, last) = host_range(cidr);
    let Some(gateway) = gateway.map(to_bits).filter(|gateway| (first..=last).contains(gateway)) else {
        return pool(cidr, first, last).into_iter().collect();
    };
    let below = gateway.checked_sub(1).and_then(|last| pool(cidr, first, last));
    let above = gateway.checked_add(1).and_then(|first| pool(cidr, first, last));
    below.into_iter().chain(above).collect()
}

/// Checks pools that an owner gave.
///
/// # Errors
/// The first thing that does not fit.
pub fn check_pools(cidr: IpNet, gateway: Option<IpAddr>, pools: &[AllocationPool]) -> Result<(), PoolError> {
    for pool in pools {
        if pool.start > pool.end || pool.start.is_ipv4() != pool.end.is_ipv4() {
            return Err(PoolError::Reversed(*pool));
        }
        let (first, last) = host_range(cidr);
        let inside = |address: IpAddr| cidr.contains(&address) && (first..=last).contains(&to_bits(address));
        if !inside(pool.start) || !inside(pool.end) {
            return Err(PoolError::Outside(*pool));
        }
    }
    for (at, pool) in pools.iter().enumerate() {
        if let Some(other) =
            pools[..at].iter().find(|other| pool.start <= other.end && other.start <= pool.end)
        {
            return Err(PoolError::Overlap(*other, *pool));
        }
    }
    if let Some(gateway) = gateway
        && let Some(pool) = pools.iter().find(|pool| pool.contains(gateway))
    {
        return Err(PoolError::Gateway(gateway, *pool));
    }
    Ok(())
}

/// Picks a free address: the first one at or after the `seed`-th of the pools, counted around. A random seed makes the
/// choice random, as the Networking API has it; `None` when all are taken.
pub fn pick_address(pools: &[AllocationPool], seed: u64, taken: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let sizes: Vec<u128> = pools.iter().map(|pool| to_bits(pool.end) - to_bits(pool.start)).collect();
    let total = sizes.iter().fold(0_u128, |sum, size| sum.saturating_add(size.saturating_add(1)));
    if total == 0 {
        return None;
    }
    let start = u128::from(seed) % total;
    let nth = |mut index: u128| {
        for (pool, size) in pools.iter().zip(&sizes) {
            if index <= *size {
                return Some(from_bits(pool.start.is_ipv4(), to_bits(pool.start) + index));
            }
            index -= size + 1;
        }
        None
    };
    // Each address that is taken is a port in memory, so the walk ends long before an IPv6 pool does.
    (0..total).filter_map(|step| nth((start + step) % total)).find(|address| !taken(*address))
}

/// The first and the last address that a host may have: without network and broadcast address where IPv4 has them.
fn host_range(cidr: IpNet) -> (u128, u128) {
    let (first, last) = (to_bits(cidr.network()), to_bits(cidr.broadcast()));
    match cidr {
        IpNet::V4(net) if net.prefix_len() < 31 => (first + 1, last - 1),
        IpNet::V4(_) => (first, last),
        IpNet::V6(net) if net.prefix_len() < 127 => (first + 1, last),
        IpNet::V6(_) => (first, last),
    }
}

fn pool(cidr: IpNet, first: u128, last: u128) -> Option<AllocationPool> {
    let is_v4 = matches!(cidr, IpNet::V4(_));
    let (lowest, highest) = host_range(cidr);
    let (first, last) = (first.max(lowest), last.min(highest));
    (first <= last).then(|| AllocationPool { start: from_bits(is_v4, first), end: from_bits(is_v4, last) })
}

fn to_bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn from_bits(is_v4: bool, bits: u128) -> IpAddr {
    match u32::try_from(bits) {
        Ok(bits) if is_v4 => IpAddr::V4(Ipv4Addr::from_bits(bits)),
        _ => IpAddr::V6(Ipv6Addr::from_bits(bits)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn show(pools: &[AllocationPool]) -> String {
        pools.iter().map(|pool| format!("{}-{}", pool.start, pool.end)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn pools_are_every_host_address_but_the_gateway() {
        for (cidr, gateway, want) in [
            ("10.1.0.0/24", Some("10.1.0.1"), "10.1.0.2-10.1.0.254"),
            ("10.1.0.0/24", Some("10.1.0.100"), "10.1.0.1-10.1.0.99 10.1.0.101-10.1.0.254"),
            ("10.1.0.0/24", Some("10.1.0.254"), "10.1.0.1-10.1.0.253"),
            ("10.1.0.0/24", Some("192.0.2.1"), "10.1.0.1-10.1.0.254"),
            ("10.1.0.0/24", None, "10.1.0.1-10.1.0.254"),
            ("10.1.0.0/31", None, "10.1.0.0-10.1.0.1"),
            ("10.1.0.0/30", Some("10.1.0.1"), "10.1.0.2-10.1.0.2"),
            ("2001:db8::/64", Some("2001:db8::"), "2001:db8::1-2001:db8::ffff:ffff:ffff:ffff"),
            ("2001:db8::/64", Some("2001:db8::1"), "2001:db8::2-2001:db8::ffff:ffff:ffff:ffff"),
        ] {
            let pools = default_pools(cidr.parse().unwrap(), gateway.map(|text| text.parse().unwrap()));
            assert_eq!(show(&pools), want, "{cidr} {gateway:?}");
        }
    }

    #[test]
    fn the_default_gateway_is_the_first_address() {
        assert_eq!(default_gateway("10.1.0.0/24".parse().unwrap()).to_string(), "10.1.0.1");
        assert_eq!(default_gateway("2001:db8::/64".parse().unwrap()).to_string(), "2001:db8::");
    }

    #[test]
    fn given_pools_must_fit() {
        let pool = |text: &str| {
            let (start, end) = text.split_once('-').unwrap();
            AllocationPool { start: start.parse().unwrap(), end: end.parse().unwrap() }
        };
        for (pools, gateway, want) in [
            (vec!["10.5.0.2-10.5.0.9", "10.5.0.20-10.5.0.30"], "10.5.0.1", "fine"),
            (vec!["10.5.0.20-10.5.0.5"], "10.5.0.1", "pool 10.5.0.20-10.5.0.5 is reversed"),
            (vec!["10.6.0.2-10.6.0.5"], "10.5.0.1", "pool 10.6.0.2-10.6.0.5 is outside the subnet"),
            (vec!["10.5.0.2-10.5.0.255"], "10.5.0.1", "pool 10.5.0.2-10.5.0.255 is outside the subnet"),
            (
                vec!["10.5.0.5-10.5.0.20", "10.5.0.15-10.5.0.30"],
                "10.5.0.1",
                "pools 10.5.0.5-10.5.0.20 and 10.5.0.15-10.5.0.30 overlap",
            ),
            (vec!["10.5.0.5-10.5.0.20"], "10.5.0.10", "gateway 10.5.0.10 is inside pool 10.5.0.5-10.5.0.20"),
        ] {
            let pools: Vec<_> = pools.into_iter().map(pool).collect();
            let got = check_pools("10.5.0.0/24".parse().unwrap(), Some(gateway.parse().unwrap()), &pools);
            assert_eq!(got.map_or_else(|e| e.to_string(), |()| "fine".to_owned()), want);
        }
    }

    #[test]
    fn hosts_make_their_own_addresses_where_the_subnet_says_so() {
        for (cidr, ra, address, want) in [
            ("fd00::/64", Some(Ipv6Mode::Slaac), None, Some("fd00::f816:3eff:fe00:1")),
            ("fd00::/64", None, Some(Ipv6Mode::Dhcpv6Stateless), Some("fd00::f816:3eff:fe00:1")),
            ("fd00::/64", Some(Ipv6Mode::Dhcpv6Stateful), Some(Ipv6Mode::Dhcpv6Stateful), None),
            ("fd00::/64", None, None, None),
        ] {
            let subnet = Subnet {
                id: SubnetId::new(uuid::Uuid::nil()),
                project_id: ProjectId::new("p"),
                name: String::new(),
                description: String::new(),
                network_id: NetworkId::new(uuid::Uuid::nil()),
                cidr: cidr.parse().unwrap(),
                gateway_ip: None,
                allocation_pools: Vec::new(),
                dns_nameservers: Vec::new(),
                host_routes: Vec::new(),
                enable_dhcp: true,
                ipv6_ra_mode: ra,
                ipv6_address_mode: address,
                service_types: Vec::new(),
            };
            let got = subnet.automatic_address(MacAddress::generated([0, 0, 1]));
            assert_eq!(got.map(|address| address.to_string()).as_deref(), want, "{cidr} {ra:?} {address:?}");
        }
    }

    proptest! {
        #[test]
        fn a_picked_address_is_free_and_in_a_pool_and_none_is_left_out(seed: u64, taken in 0_u32..=253) {
            let pools = default_pools("10.1.0.0/24".parse().unwrap(), Some("10.1.0.1".parse().unwrap()));
            let mut given = std::collections::BTreeSet::new();
            for _ in 0..taken {
                let address = pick_address(&pools, seed, |address| given.contains(&address)).unwrap();
                prop_assert!(pools.iter().any(|pool| pool.contains(address)));
                prop_assert!(given.insert(address));
            }
            let next = pick_address(&pools, seed, |address| given.contains(&address));
            prop_assert_eq!(next.is_none(), taken == 253);
        }
    }
}
