//! The two sides of the journey, with the names and networks that its document gives them.

use std::fmt;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

/// A side, which is a machine and a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

impl Side {
    pub(crate) const ALL: [Self; 2] = [Self::Left, Self::Right];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }

    /// What the tunnel protects.
    pub(crate) const fn subnet(self) -> Ipv4Net {
        match self {
            Self::Left => Ipv4Net::new_assert(Ipv4Addr::new(10, 1, 0, 0), 24),
            Self::Right => Ipv4Net::new_assert(Ipv4Addr::new(10, 2, 0, 0), 24),
        }
    }

    pub(crate) const fn gateway(self) -> Ipv4Addr {
        match self {
            Self::Left => Ipv4Addr::new(10, 1, 0, 1),
            Self::Right => Ipv4Addr::new(10, 2, 0, 1),
        }
    }

    /// The network by which the region is on the internet (RFC 5737: for documentation).
    pub(crate) const fn external_subnet(self) -> Ipv4Net {
        match self {
            Self::Left => Ipv4Net::new_assert(Ipv4Addr::new(198, 51, 100, 0), 24),
            Self::Right => Ipv4Net::new_assert(Ipv4Addr::new(203, 0, 113, 0), 24),
        }
    }

    pub(crate) const fn external_gateway(self) -> Ipv4Addr {
        match self {
            Self::Left => Ipv4Addr::new(198, 51, 100, 1),
            Self::Right => Ipv4Addr::new(203, 0, 113, 1),
        }
    }

    pub(crate) const fn vpn_service(self) -> &'static str {
        match self {
            Self::Left => "vpn",
            Self::Right => "vpn2",
        }
    }

    pub(crate) const fn site_connection(self) -> &'static str {
        match self {
            Self::Left => "conn",
            Self::Right => "conn2",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
