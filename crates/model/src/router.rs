//! Routers: what joins subnets with each other and with an external network.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{AgentId, Cidr, FlavorId, NetworkId, PortId, ProjectId, RouterId};

/// A router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Router {
    /// Its identity.
    pub id: RouterId,
    /// Its owner.
    pub project_id: ProjectId,
    /// Not unique.
    pub name: String,
    /// Free text.
    pub description: String,
    /// A router that is down is on no node.
    pub admin_state_up: bool,
    /// Its way out.
    pub gateway: Option<Gateway>,
    /// Static routes.
    pub routes: Vec<Route>,
    /// The zones whose agents may host it; empty for all.
    pub availability_zone_hints: Vec<String>,
    /// What its creator chose.
    pub flavor_id: Option<FlavorId>,
    /// The agent that hosts it.
    pub agent_id: Option<AgentId>,
    /// Grows with each change of what its agent must do.
    pub generation: u64,
}

/// A router's way out: a port on an external network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// The external network.
    pub network_id: NetworkId,
    /// The port that carries the addresses.
    pub port_id: PortId,
    /// Whether internal IPv4 hosts are seen outside by the router's address.
    pub enable_snat: bool,
}

/// A static route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Route {
    /// Where to.
    pub destination: Cidr,
    /// By whom; on a subnet of the router.
    pub nexthop: IpAddr,
}
