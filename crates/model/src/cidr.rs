//! IP networks as users write them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

/// An IP network as its owner wrote it: `10.1.0.5/24` is accepted, shown again as written, and means `10.1.0.0/24` to a
/// gateway (Networking API: endpoint groups, `peer_cidrs`). IPv6 is shown in its canonical spelling (RFC 5952).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cidr(IpNet);

/// A text that is not an IP network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{input}` is not an IP network: an address, a slash and a prefix length were expected, as in `10.1.0.0/24`"
)]
pub struct CidrError {
    input: String,
}

impl Cidr {
    /// The network that a traffic selector covers, host bits cleared.
    pub fn network(self) -> IpNet {
        self.0.trunc()
    }

    /// The address as written, host bits kept.
    pub fn address(self) -> IpAddr {
        self.0.addr()
    }

    /// Bits of the network part.
    pub fn prefix_len(self) -> u8 {
        self.0.prefix_len()
    }

    /// 4 or 6.
    pub fn ip_version(self) -> u8 {
        match self.0 {
            IpNet::V4(_) => 4,
            IpNet::V6(_) => 6,
        }
    }

    /// Whether the two networks share an address.
    pub fn overlaps(self, other: Self) -> bool {
        let (left, right) = (self.network(), other.network());
        left.contains(&right) || right.contains(&left)
    }
}

impl From<IpNet> for Cidr {
    fn from(net: IpNet) -> Self {
        Self(net)
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(input: &str) -> Result<Self, CidrError> {
        let error = || CidrError { input: input.to_owned() };
        let (address, _) = input.split_once('/').ok_or_else(error)?;
        let net = match address.parse::<IpAddr>().map_err(|_| error())? {
            IpAddr::V4(_) => {
                let net = input.parse::<Ipv4Net>().map_err(|_| error())?;
                // There is one way to write it: neither `/08` nor `/255.0.0.0`.
                Some(net).filter(|net| net.to_string() == input).map(IpNet::V4).ok_or_else(error)?
            }
            IpAddr::V6(_) => IpNet::V6(input.parse::<Ipv6Net>().map_err(|_| error())?),
        };
        Ok(Self(net))
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl TryFrom<String> for Cidr {
    type Error = CidrError;

    fn try_from(input: String) -> Result<Self, CidrError> {
        input.parse()
    }
}

impl From<Cidr> for String {
    fn from(cidr: Cidr) -> Self {
        cidr.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Cidr;
    use proptest::prelude::*;

    #[test]
    fn a_cidr_keeps_what_was_written_and_knows_its_network() {
        for (input, want) in [
            ("10.1.0.0/24", "10.1.0.0/24"),
            ("10.1.0.5/24", "10.1.0.0/24"),
            ("2001:db8::1/64", "2001:db8::/64"),
        ] {
            let cidr: Cidr = input.parse().unwrap();
            assert_eq!((cidr.to_string().as_str(), cidr.network().to_string().as_str()), (input, want));
        }
        for input in [
            "10.1.0.0/33",
            "10.0.0.0/08",
            "10.0.0.0/255.0.0.0",
            "010.0.0.0/8",
            "10.1/16",
            "10.1.0.0",
            " 10.1.0.0/24",
            "10.1.0.0/24\n",
            "2001:db8::/129",
            "x/8",
            "",
        ] {
            assert!(input.parse::<Cidr>().is_err(), "input {input:?}");
        }
    }

    #[test]
    fn overlap_is_sharing_an_address() {
        for (left, right, want) in [
            ("10.1.0.0/24", "10.1.0.128/25", true),
            ("10.1.0.128/25", "10.1.0.0/24", true),
            ("10.1.0.0/24", "10.1.1.0/24", false),
            ("10.1.0.9/24", "10.1.0.1/24", true),
            ("0.0.0.0/0", "2001:db8::/64", false),
        ] {
            let overlaps = left.parse::<Cidr>().unwrap().overlaps(right.parse().unwrap());
            assert_eq!(overlaps, want, "{left} {right}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic_and_what_it_accepts_is_shown_again(input in "[0-9a-f:./]{0,24}") {
            if let Ok(cidr) = input.parse::<Cidr>() {
                prop_assert_eq!(cidr.to_string().parse::<Cidr>().unwrap(), cidr);
            }
        }
    }
}
