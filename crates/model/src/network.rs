//! Networks: layer-2 segments that subnets and ports live on.

use serde::{Deserialize, Serialize};

use crate::{NetworkId, ProjectId};

crate::vocabulary! {
    /// How a network is realised.
    NetworkType {
        /// A bridge on each node, joined to nothing.
        Local = "local",
        /// A physical network as it is.
        Flat = "flat",
        /// A VLAN of a physical network.
        Vlan = "vlan",
    }
}

/// What a network is joined to outside its node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PhysicalNetwork {
    /// The name that agents map to an interface.
    pub name: String,
    /// VLAN id, 1 to 4094; `None` for untagged frames.
    pub vlan: Option<u16>,
}

/// A network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its identity.
    pub id: NetworkId,
    /// Its owner.
    pub project_id: ProjectId,
    /// Not unique.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Stored; a network that is down is still plugged.
    pub admin_state_up: bool,
    /// Whether every project may use it.
    pub shared: bool,
    /// Whether routers may have their gateway on it.
    pub external: bool,
    /// What it is joined to; `None` for a bridge on the node alone.
    pub physical: Option<PhysicalNetwork>,
    /// Largest packet, in octets.
    pub mtu: u32,
    /// What ports get that do not say; stored, not enforced.
    pub port_security_enabled: bool,
    /// Suffix of its hosts' names, with a dot at the end, or empty; stored, Adit serves no DNS.
    pub dns_domain: String,
    /// Whether it is the external network for those who do not name one; of external networks at most one is.
    pub is_default: bool,
    /// Availability zones that its owner prefers; stored.
    pub availability_zone_hints: Vec<String>,
}

impl Network {
    /// The API's `provider:network_type`.
    pub fn network_type(&self) -> NetworkType {
        match &self.physical {
            None => NetworkType::Local,
            Some(PhysicalNetwork { vlan: None, .. }) => NetworkType::Flat,
            Some(PhysicalNetwork { vlan: Some(_), .. }) => NetworkType::Vlan,
        }
    }
}
