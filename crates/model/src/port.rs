//! Ports: places on a network, with a MAC address and IP addresses.

use std::net::IpAddr;

use crate::{MacAddress, NetworkId, PortId, ProjectId, SubnetId};

/// The owner of a router's interface to a subnet.
pub const OWNER_ROUTER_INTERFACE: &str = "network:router_interface";
/// The owner of a router's interface to its external network.
pub const OWNER_ROUTER_GATEWAY: &str = "network:router_gateway";

/// A port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its identity.
    pub id: PortId,
    /// Its owner; empty for ports that the service made for itself.
    pub project_id: ProjectId,
    /// Not unique.
    pub name: String,
    /// Free text.
    pub description: String,
    /// The network that it is on.
    pub network_id: NetworkId,
    /// Unique on its network.
    pub mac_address: MacAddress,
    /// Its addresses, each of one subnet of the network.
    pub fixed_ips: Vec<FixedIp>,
    /// What uses it: the id of a router, a host ...
    pub device_id: String,
    /// What kind of thing uses it.
    pub device_owner: String,
    /// A router's port that is down is not plugged.
    pub admin_state_up: bool,
    /// Stored, not enforced.
    pub port_security_enabled: bool,
    /// Whether an agent has wired it.
    pub wired: bool,
}

/// An address of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FixedIp {
    /// The subnet that the address belongs to.
    pub subnet_id: SubnetId,
    /// The address.
    pub ip_address: IpAddr,
}

impl Port {
    /// Whether the service made this port for a router, so that only the router's own calls may remove it.
    pub fn is_router_port(&self) -> bool {
        self.device_owner == OWNER_ROUTER_INTERFACE || self.device_owner == OWNER_ROUTER_GATEWAY
    }
}
