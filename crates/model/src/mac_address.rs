//! Ethernet addresses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An Ethernet address, shown in lower case with colons.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MacAddress([u8; 6]);

/// A text that is not an Ethernet address of a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{input}` is not a MAC address: six pairs of hexadecimal digits were expected, as in `fa:16:3e:00:00:01`"
)]
pub struct MacAddressError {
    input: String,
}

impl MacAddress {
    /// An address below the prefix `fa:16:3e` that ports get, with `low` as its other half.
    pub const fn generated(low: [u8; 3]) -> Self {
        Self([0xfa, 0x16, 0x3e, low[0], low[1], low[2]])
    }

    /// The six octets.
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }
}

/// Accepts colons or dashes; refuses what cannot be a host's address: all zero, and groups (broadcast).
impl FromStr for MacAddress {
    type Err = MacAddressError;

    fn from_str(input: &str) -> Result<Self, MacAddressError> {
        let error = || MacAddressError { input: input.to_owned() };
        let mut octets = [0; 6];
        let mut parts = input.split([':', '-']);
        for octet in &mut octets {
            let part = parts.next().filter(|part| part.len() == 2).ok_or_else(error)?;
            *octet = u8::from_str_radix(part, 16).map_err(|_| error())?;
        }
        if parts.next().is_some() || octets == [0; 6] || octets[0] & 1 == 1 {
            return Err(error());
        }
        Ok(Self(octets))
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for MacAddress {
    type Error = MacAddressError;

    fn try_from(input: String) -> Result<Self, MacAddressError> {
        input.parse()
    }
}

impl From<MacAddress> for String {
    fn from(mac: MacAddress) -> Self {
        mac.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::MacAddress;

    #[test]
    fn a_mac_address_is_six_octets_of_one_host() {
        for (input, want) in [
            ("fa:16:3e:bf:1b:62", Some("fa:16:3e:bf:1b:62")),
            ("FA-16-3E-BF-1B-62", Some("fa:16:3e:bf:1b:62")),
            ("fa:16:3e:bf:1b", None),
            ("fa:16:3e:bf:1b:62:00", None),
            ("fa:16:3e:bf:1b:6", None),
            ("00:00:00:00:00:00", None),
            ("ff:ff:ff:ff:ff:ff", None),
        ] {
            assert_eq!(
                input.parse::<MacAddress>().ok().map(|mac| mac.to_string()).as_deref(),
                want,
                "input {input}"
            );
        }
    }
}
