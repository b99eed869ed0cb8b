//! Networks as devices write them.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

/// The mask of an IPv4 network as a device wants it, `mask` being told the netmask.
fn masked(network: &IpNet, mask: impl Fn(Ipv4Addr) -> Ipv4Addr) -> Option<String> {
    match network {
        IpNet::V4(network) => Some(format!("{} {}", network.network(), mask(network.netmask()))),
        IpNet::V6(_) => None,
    }
}

/// `10.1.0.0 255.255.255.0`; `None` for IPv6.
pub(crate) fn with_netmask(network: &IpNet) -> Option<String> {
    masked(network, |mask| mask)
}

/// `10.1.0.0 0.0.0.255`; `None` for IPv6.
pub(crate) fn with_wildcard(network: &IpNet) -> Option<String> {
    masked(network, |mask| Ipv4Addr::from_bits(!mask.to_bits()))
}

/// `10.1.0.0/24,10.2.0.0/24`, with whatever stands between them.
pub(crate) fn joined(networks: &[IpNet], separator: &str) -> String {
    networks.iter().map(IpNet::to_string).collect::<Vec<_>>().join(separator)
}

/// 4 or 6.
pub(crate) const fn version(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 4,
        IpAddr::V6(_) => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_those_of_the_prefix() {
        for (network, netmask, wildcard) in [
            ("10.1.0.0/24", "10.1.0.0 255.255.255.0", "10.1.0.0 0.0.0.255"),
            ("10.1.64.0/18", "10.1.64.0 255.255.192.0", "10.1.64.0 0.0.63.255"),
            ("192.0.2.1/32", "192.0.2.1 255.255.255.255", "192.0.2.1 0.0.0.0"),
            ("0.0.0.0/0", "0.0.0.0 0.0.0.0", "0.0.0.0 255.255.255.255"),
        ] {
            let parsed = network.parse().unwrap();
            assert_eq!(with_netmask(&parsed).unwrap(), netmask, "{network}");
            assert_eq!(with_wildcard(&parsed).unwrap(), wildcard, "{network}");
        }
        assert_eq!(with_netmask(&"2001:db8::/64".parse().unwrap()), None);
    }
}
