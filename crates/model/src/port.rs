//! Ports: places on a network, with a MAC address and IP addresses.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Cidr, MacAddress, NetworkId, PortId, ProjectId, SecurityGroupId, SubnetId};

/// The owner of a router's interface to a subnet.
pub const OWNER_ROUTER_INTERFACE: &str = "network:router_interface";
/// The owner of a router's interface to its external network.
pub const OWNER_ROUTER_GATEWAY: &str = "network:router_gateway";
/// The owner of the port that holds the address of a floating IP.
pub const OWNER_FLOATING_IP: &str = "network:floatingip";

/// The owner of ports of DHCP servers. They go with their network, and leave their subnets without asking.
pub const OWNER_DHCP: &str = "network:dhcp";
/// What owners begin with that stand for parts of the network itself.
pub const OWNER_NETWORK: &str = "network:";

crate::vocabulary! {
    /// What a port is to be for the machine behind it.
    VnicType {
        /// A software interface.
        Normal = "normal",
        /// A virtual function of a network card.
        Direct = "direct",
        /// A macvtap interface.
        Macvtap = "macvtap",
        /// A machine without a hypervisor.
        Baremetal = "baremetal",
        /// A whole network card.
        DirectPhysical = "direct-physical",
        /// A virtio interface that hardware forwards.
        VirtioForwarder = "virtio-forwarder",
        /// A card with a processor of its own.
        SmartNic = "smart-nic",
        /// A vDPA device.
        Vdpa = "vdpa",
        /// A function of an accelerator.
        AcceleratorDirect = "accelerator-direct",
        /// A whole accelerator.
        AcceleratorDirectPhysical = "accelerator-direct-physical",
        /// A card that another machine manages.
        RemoteManaged = "remote-managed",
    }
}

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
    /// What else it may send as; stored, not enforced.
    pub allowed_address_pairs: Vec<AddressPair>,
    /// What DHCP shall tell it; stored, Adit serves no DHCP.
    pub extra_dhcp_opts: Vec<DhcpOption>,
    /// The groups whose rules hold for it, in the order of the request. They are not enforced.
    pub security_groups: Vec<SecurityGroupId>,
    /// Where it is plugged, and how.
    pub binding: Binding,
}

/// Addresses that a port may use beside its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressPair {
    /// With this Ethernet address.
    pub mac_address: MacAddress,
    /// From this address, or any of this network.
    pub ip_address: PairAddress,
}

/// An address or a network, shown as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PairAddress {
    /// One address.
    Host(IpAddr),
    /// All of a network.
    Network(Cidr),
}

/// Something that DHCP shall tell a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DhcpOption {
    /// As DHCP servers call it.
    pub opt_name: String,
    /// What to tell.
    pub opt_value: String,
    /// 4 or 6.
    pub ip_version: u8,
}

/// Where a port is plugged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// What it is to be for the machine behind it; stored.
    pub vnic_type: VnicType,
    /// The node that it is on, as somebody said; empty when nobody did.
    pub host_id: String,
    /// What somebody wants to tell the node; stored.
    pub profile: Map<String, Value>,
}

impl Default for Binding {
    fn default() -> Self {
        Self { vnic_type: VnicType::Normal, host_id: String::new(), profile: Map::new() }
    }
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

    /// Whether the service made this port, so that only the calls of what it was made for may change or remove it.
    pub fn is_service_port(&self) -> bool {
        self.is_router_port() || self.device_owner == OWNER_FLOATING_IP
    }

    /// The API's `status`: nobody wires the port of a floating IP.
    pub fn status(&self) -> &'static str {
        match (self.device_owner.as_str(), self.wired) {
            (OWNER_FLOATING_IP, _) => "N/A",
            (_, true) => "ACTIVE",
            (_, false) => "DOWN",
        }
    }
}
