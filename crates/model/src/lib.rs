//! The domain of Adit: its types and its rules.
//!
//! Everything here is synchronous and pure: no I/O, no clock, no randomness but what a caller hands in. A value of one
//! of these types is already checked, so whoever takes a [`Cidr`] or an [`IkePolicy`] has nothing left to verify.
//!
//! Start at [`router_document`]: the complete description of one router that a gateway node is told to match, and
//! at [`status`]: what it tells back. Field names are the field's own; Neutron's spellings live in the API crate.

pub mod algorithm;
pub mod check;
mod cidr;
pub mod endpoint_group;
pub mod flavor;
pub mod floating_ip;
mod id;
pub mod identity;
pub mod ike_identity;
pub mod ike_policy;
pub mod ipsec_policy;
pub mod mac_address;
pub mod network;
pub mod port;
pub mod proposal;
pub mod router;
pub mod router_document;
mod secret;
pub mod security_association;
pub mod security_group;
pub mod site_connection;
pub mod status;
pub mod subnet;
pub mod text;
pub mod vpn_service;

pub use cidr::{Cidr, CidrError};
pub use endpoint_group::EndpointGroup;
pub use flavor::{Flavor, ServiceProfile};
pub use floating_ip::FloatingIp;
pub use id::{
    AgentId, CheckId, DomainId, EndpointGroupId, FlavorId, FloatingIpId, IdError, IkePolicyId, IpsecPolicyId,
    NetworkId, PortId, ProjectId, RoleId, RouterId, SecurityGroupId, SecurityGroupRuleId, ServiceProfileId,
    SiteConnectionId, SubnetId, UserId, VpnServiceId,
};
pub use ike_policy::IkePolicy;
pub use ipsec_policy::IpsecPolicy;
pub use mac_address::MacAddress;
pub use network::Network;
pub use port::Port;
pub use router::Router;
pub use router_document::RouterDocument;
pub use secret::Psk;
pub use security_group::{SecurityGroup, SecurityGroupRule};
pub use site_connection::SiteConnection;
pub use status::{Reason, ReasonCode, Status};
pub use subnet::Subnet;
pub use vpn_service::VpnService;
