//! VPN services: the presence of IPsec on a router.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::{FlavorId, ProjectId, Reason, RouterId, Status, SubnetId, VpnServiceId};

/// A VPN service of a project, on one router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpnService {
    /// Its identity.
    pub id: VpnServiceId,
    /// Its owner.
    pub project_id: ProjectId,
    /// Not unique.
    pub name: String,
    /// Free text.
    pub description: String,
    /// The router that carries its connections.
    pub router_id: RouterId,
    /// The one local subnet of all its connections; `None` when they use endpoint groups.
    pub subnet_id: Option<SubnetId>,
    /// What the user chose to do the work; `None` for the default.
    pub flavor_id: Option<FlavorId>,
    /// Whether its connections may be up.
    pub admin_state_up: bool,
    /// The router's first IPv4 gateway address.
    pub external_v4_ip: Option<Ipv4Addr>,
    /// The router's first IPv6 gateway address.
    pub external_v6_ip: Option<Ipv6Addr>,
    /// What the gateway last said.
    pub status: Status,
    /// Why it is not `ACTIVE`.
    pub reason: Option<Reason>,
}
