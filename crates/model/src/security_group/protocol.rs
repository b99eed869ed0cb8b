//! Protocols inside of IP, by name or number (IANA, "Assigned Internet Protocol Numbers").

use std::fmt;
use std::str::FromStr;

/// A protocol as it was asked for: a name in lower case, or a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    word: String,
    number: u8,
}

/// A text that is neither the name nor the number of a protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no protocol")]
pub struct UnknownProtocol(String);

/// Names, with their numbers.
const NAMES: [(&str, u8); 25] = [
    ("ah", 51),
    ("dccp", 33),
    ("egp", 8),
    ("esp", 50),
    ("gre", 47),
    ("hopopt", 0),
    ("icmp", ICMP),
    ("icmpv6", ICMPV6),
    ("igmp", 2),
    ("ip", 0),
    ("ipip", 4),
    ("ipv6-encap", 41),
    ("ipv6-frag", 44),
    (ICMPV6_NAME, ICMPV6),
    ("ipv6-nonxt", 59),
    ("ipv6-opts", 60),
    ("ipv6-route", 43),
    ("ospf", 89),
    ("pgm", 113),
    ("rsvp", 46),
    ("sctp", 132),
    ("tcp", 6),
    ("udp", 17),
    ("udplite", 136),
    ("vrrp", 112),
];

const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
const ICMPV6_NAME: &str = "ipv6-icmp";
/// DCCP, SCTP, TCP, UDP, UDP-Lite.
const WITH_PORTS: [u8; 5] = [33, 132, 6, 17, 136];
/// Extension headers of IPv6 (RFC 8200, 4), and ICMPv6.
const OF_IPV6: [u8; 5] = [43, 44, ICMPV6, 59, 60];

impl Protocol {
    /// Every name.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// Its number.
    pub const fn number(&self) -> u8 {
        self.number
    }

    /// As it was asked for.
    pub fn as_str(&self) -> &str {
        &self.word
    }

    /// Whether it has ports.
    pub fn has_ports(&self) -> bool {
        WITH_PORTS.contains(&self.number)
    }

    /// Whether it is ICMP, of whatever version.
    pub const fn is_icmp(&self) -> bool {
        matches!(self.number, ICMP | ICMPV6)
    }

    /// Whether it is found in IPv6 only. Whole IPv6 packets inside of IPv4 have the number 41, so only the name tells.
    pub fn is_of_ipv6(&self) -> bool {
        OF_IPV6.contains(&self.number) || self.word == "ipv6-encap"
    }

    /// As it is called in IPv6: ICMP there is another protocol.
    #[must_use]
    pub fn in_ipv6(self) -> Self {
        match (self.number, self.word.parse::<u8>()) {
            (ICMP, Ok(_)) => Self { word: ICMPV6.to_string(), number: ICMPV6 },
            (ICMP, Err(_)) | (ICMPV6, Err(_)) => Self { word: ICMPV6_NAME.to_owned(), number: ICMPV6 },
            _ => self,
        }
    }
}

impl FromStr for Protocol {
    type Err = UnknownProtocol;

    fn from_str(input: &str) -> Result<Self, UnknownProtocol> {
        if let Ok(number) = input.trim().parse::<u8>() {
            return Ok(Self { word: number.to_string(), number });
        }
        let word = input.to_lowercase();
        match NAMES.iter().find(|(name, _)| *name == word) {
            Some((_, number)) => Ok(Self { word, number: *number }),
            None => Err(UnknownProtocol(input.to_owned())),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word)
    }
}

#[cfg(test)]
mod tests {
    use super::Protocol;

    #[test]
    fn a_protocol_is_a_name_or_a_number() {
        for (input, want) in [
            ("tcp", "tcp 6, in IPv6 tcp 6"),
            ("TCP", "tcp 6, in IPv6 tcp 6"),
            ("0", "0 0, in IPv6 0 0"),
            ("255", "255 255, in IPv6 255 255"),
            ("icmp", "icmp 1, in IPv6 ipv6-icmp 58"),
            ("icmpv6", "icmpv6 58, in IPv6 ipv6-icmp 58"),
            ("1", "1 1, in IPv6 58 58"),
            ("58", "58 58, in IPv6 58 58"),
            ("256", "`256` is no protocol"),
            ("-1", "`-1` is no protocol"),
            ("foo", "`foo` is no protocol"),
            ("", "`` is no protocol"),
        ] {
            let shown = |protocol: Protocol| {
                let six = protocol.clone().in_ipv6();
                format!("{protocol} {}, in IPv6 {six} {}", protocol.number(), six.number())
            };
            assert_eq!(
                input.parse().map_or_else(|e: super::UnknownProtocol| e.to_string(), shown),
                want,
                "{input}"
            );
        }
    }
}
