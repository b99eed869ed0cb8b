//! Floating IPs: addresses of an external network that a router translates to and from an address of a port inside.

use std::net::Ipv4Addr;

use crate::{FloatingIpId, NetworkId, PortId, ProjectId, RouterId};

crate::vocabulary! {
    /// The API's word for the state of a floating IP.
    FloatingIpStatus {
        /// Its router translates it.
        Active = "ACTIVE",
        /// Nobody translates it: it is not associated, its router is switched off, or no agent has spoken of it yet.
        Down = "DOWN",
        /// Its router's node could not set the translation up.
        Error = "ERROR",
    }
}

/// A floating IP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FloatingIp {
    /// Its identity.
    pub id: FloatingIpId,
    /// Its owner.
    pub project_id: ProjectId,
    /// Free text.
    pub description: String,
    /// The external network that the address is of.
    pub network_id: NetworkId,
    /// The address as hosts outside see it.
    pub address: Ipv4Addr,
    /// The service's own port on the external network, which keeps the address from being given to others.
    pub own_port_id: PortId,
    /// What it stands for; `None` while it is only reserved.
    pub association: Option<Association>,
    /// What the router's agent said of it.
    pub status: FloatingIpStatus,
}

/// What a floating IP stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Association {
    /// The port inside.
    pub port_id: PortId,
    /// The address of that port.
    pub fixed_ip: Ipv4Addr,
    /// The router between that port and the external network.
    pub router_id: RouterId,
}
