//! Security groups: named sets of rules about what ports may send and receive. Adit keeps them and does not enforce them.

mod protocol;

use std::net::IpAddr;

use crate::{Cidr, ProjectId, SecurityGroupId, SecurityGroupRuleId};

pub use protocol::{Protocol, UnknownProtocol};

/// The name of the group that every project has; no other group may be called so.
pub const DEFAULT_NAME: &str = "default";

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroup {
    /// Its identity.
    pub id: SecurityGroupId,
    /// Its owner.
    pub project_id: ProjectId,
    /// As people call it.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Whether answers are let through because of what they answer.
    pub stateful: bool,
    /// Whether it is the one of its project for ports that name none.
    pub is_default: bool,
}

crate::vocabulary! {
    /// Which packets of a port a rule is about.
    Direction {
        /// Those that it receives.
        Ingress = "ingress",
        /// Those that it sends.
        Egress = "egress",
    }
}

crate::vocabulary! {
    /// The IP version of packets that a rule is about.
    EtherType {
        /// IPv4.
        Ipv4 = "IPv4",
        /// IPv6.
        Ipv6 = "IPv6",
    }
}

/// A rule of a security group: packets that are let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroupRule {
    /// Its identity.
    pub id: SecurityGroupRuleId,
    /// Its owner, who is the group's.
    pub project_id: ProjectId,
    /// The group that it is of.
    pub security_group_id: SecurityGroupId,
    /// Free text.
    pub description: String,
    /// Which packets.
    pub traffic: Traffic,
}

/// Which packets a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Sent or received.
    pub direction: Direction,
    /// IP version.
    pub ethertype: EtherType,
    /// What is inside; `None` for everything.
    pub protocol: Option<Protocol>,
    /// First port, or the ICMP type.
    pub port_range_min: Option<u16>,
    /// Last port, or the ICMP code.
    pub port_range_max: Option<u16>,
    /// Whom they come from or go to.
    pub remote: Remote,
}

/// The other side of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remote {
    /// Anybody.
    Any,
    /// Whoever has an address of a network, host bits as they were written.
    Prefix(Cidr),
    /// The ports of a group.
    Group(SecurityGroupId),
}

/// Why a rule makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrafficError {
    /// Ports of no protocol.
    #[error("ports need a protocol")]
    PortsWithoutProtocol,
    /// Port 0 of a protocol that has ports.
    #[error("there is no port 0")]
    PortZero,
    /// A range that ends before it begins, or has one end only.
    #[error("the first port must not be after the last")]
    PortRange,
    /// An ICMP type or code that does not fit an octet (RFC 792).
    #[error("{value} is no ICMP type or code")]
    IcmpValue {
        /// Whether it is the code.
        is_code: bool,
        /// What was given.
        value: u16,
    },
    /// An ICMP code without the type that it is a code of.
    #[error("the ICMP code {code} needs a type")]
    IcmpCodeWithoutType {
        /// What was given.
        code: u16,
    },
    /// Ports of a protocol that has none.
    #[error("the protocol {number} has no ports")]
    ProtocolWithoutPorts {
        /// Its number.
        number: u8,
    },
    /// A network of the other IP version.
    #[error("{0} is of the other IP version")]
    PrefixVersion(Cidr),
    /// A protocol of the other IP version.
    #[error("{0} is of the other IP version")]
    ProtocolVersion(Protocol),
}

impl Traffic {
    /// Everything in one direction.
    pub const fn all(direction: Direction, ethertype: EtherType, remote: Remote) -> Self {
        Self { direction, ethertype, protocol: None, port_range_min: None, port_range_max: None, remote }
    }

    /// Checks that the parts fit each other.
    ///
    /// # Errors
    /// The first that does not, in the Networking API's order.
    pub fn check(&self) -> Result<(), TrafficError> {
        self.check_ports()?;
        if let Remote::Prefix(cidr) = self.remote
            && EtherType::of(cidr.address()) != self.ethertype
        {
            return Err(TrafficError::PrefixVersion(cidr));
        }
        match &self.protocol {
            Some(protocol) if self.ethertype == EtherType::Ipv4 && protocol.is_of_ipv6() => {
                Err(TrafficError::ProtocolVersion(protocol.clone()))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn check_ports(&self) -> Result<(), TrafficError> {
        let (min, max) = (self.port_range_min, self.port_range_max);
        if min.is_none() && max.is_none() {
            return Ok(());
        }
        let Some(protocol) = &self.protocol else { return Err(TrafficError::PortsWithoutProtocol) };
        if protocol.has_ports() {
            return match (min, max) {
                (Some(0), _) | (_, Some(0)) => Err(TrafficError::PortZero),
                (Some(min), Some(max)) if min <= max => Ok(()),
                _ => Err(TrafficError::PortRange),
            };
        }
        if !protocol.is_icmp() {
            return Err(TrafficError::ProtocolWithoutPorts { number: protocol.number() });
        }
        for (is_code, value) in [(false, min), (true, max)] {
            if let Some(value) = value.filter(|value| *value > u16::from(u8::MAX)) {
                return Err(TrafficError::IcmpValue { is_code, value });
            }
        }
        match (min, max) {
            (None, Some(code)) => Err(TrafficError::IcmpCodeWithoutType { code }),
            _ => Ok(()),
        }
    }

    /// Whether two rules let the same packets through, however they are written.
    pub fn is_same(&self, other: &Self) -> bool {
        let key = |traffic: &Self| {
            let number = traffic.protocol.as_ref().map(Protocol::number);
            (
                (traffic.direction, traffic.ethertype, number),
                (traffic.port_range_min, traffic.port_range_max),
                traffic.remote.key(),
            )
        };
        key(self) == key(other)
    }
}

impl Remote {
    /// Equal for remotes that mean the same: a network of all addresses is anybody.
    fn key(self) -> (Option<ipnet::IpNet>, Option<SecurityGroupId>) {
        match self {
            Self::Prefix(cidr) if cidr.prefix_len() > 0 => (Some(cidr.network()), None),
            Self::Any | Self::Prefix(_) => (None, None),
            Self::Group(id) => (None, Some(id)),
        }
    }
}

impl EtherType {
    /// The version of an address.
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traffic(ethertype: EtherType, protocol: &str, ports: (Option<u16>, Option<u16>)) -> Traffic {
        Traffic {
            direction: Direction::Ingress,
            ethertype,
            protocol: (!protocol.is_empty()).then(|| protocol.parse().unwrap()),
            port_range_min: ports.0,
            port_range_max: ports.1,
            remote: Remote::Any,
        }
    }

    #[test]
    fn the_parts_of_a_rule_fit_each_other() {
        use EtherType::{Ipv4, Ipv6};
        for (ethertype, protocol, ports, want) in [
            (Ipv4, "", (None, None), "ok"),
            (Ipv4, "tcp", (None, None), "ok"),
            (Ipv4, "tcp", (Some(80), Some(80)), "ok"),
            (Ipv4, "6", (Some(1), Some(65535)), "ok"),
            (Ipv4, "sctp", (Some(80), Some(81)), "ok"),
            (Ipv4, "icmp", (Some(8), Some(0)), "ok"),
            (Ipv4, "icmp", (Some(0), None), "ok"),
            (Ipv6, "ipv6-icmp", (Some(255), Some(255)), "ok"),
            (Ipv6, "58", (None, None), "ok"),
            (Ipv4, "", (Some(80), Some(80)), "ports need a protocol"),
            (Ipv4, "tcp", (Some(0), Some(80)), "there is no port 0"),
            (Ipv4, "tcp", (Some(80), None), "the first port must not be after the last"),
            (Ipv4, "udp", (None, Some(80)), "the first port must not be after the last"),
            (Ipv4, "udp", (Some(81), Some(80)), "the first port must not be after the last"),
            (Ipv4, "icmp", (Some(256), None), "256 is no ICMP type or code"),
            (Ipv4, "1", (Some(1), Some(256)), "256 is no ICMP type or code"),
            (Ipv4, "icmp", (None, Some(3)), "the ICMP code 3 needs a type"),
            (Ipv4, "esp", (Some(1), Some(2)), "the protocol 50 has no ports"),
            (Ipv4, "ipv6-icmp", (None, None), "ipv6-icmp is of the other IP version"),
            (Ipv4, "58", (None, None), "58 is of the other IP version"),
            (Ipv4, "ipv6-frag", (None, None), "ipv6-frag is of the other IP version"),
        ] {
            let got =
                traffic(ethertype, protocol, ports).check().map_or_else(|e| e.to_string(), |()| "ok".into());
            assert_eq!(got, want, "{ethertype} {protocol} {ports:?}");
        }
        let remote = Remote::Prefix("2001:db8::/64".parse().unwrap());
        let crossed = Traffic { remote, ..traffic(Ipv4, "", (None, None)) };
        assert_eq!(crossed.check().unwrap_err().to_string(), "2001:db8::/64 is of the other IP version");
    }

    #[test]
    fn rules_are_the_same_that_let_the_same_through() {
        let base = traffic(EtherType::Ipv4, "tcp", (Some(80), Some(80)));
        let with = |remote: &str| Traffic { remote: Remote::Prefix(remote.parse().unwrap()), ..base.clone() };
        for (one, other, want) in [
            (base.clone(), base.clone(), true),
            (base.clone(), traffic(EtherType::Ipv4, "6", (Some(80), Some(80))), true),
            (base.clone(), with("0.0.0.0/0"), true),
            (with("10.0.0.5/24"), with("10.0.0.0/24"), true),
            (with("10.0.0.0/24"), with("10.0.0.0/25"), false),
            (base.clone(), with("10.0.0.0/24"), false),
            (base.clone(), traffic(EtherType::Ipv4, "udp", (Some(80), Some(80))), false),
            (base.clone(), traffic(EtherType::Ipv6, "tcp", (Some(80), Some(80))), false),
            (base.clone(), Traffic { direction: Direction::Egress, ..base.clone() }, false),
            (base.clone(), traffic(EtherType::Ipv4, "tcp", (Some(80), Some(81))), false),
        ] {
            assert_eq!(one.is_same(&other), want, "{one:?} {other:?}");
        }
    }
}
