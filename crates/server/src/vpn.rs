//! The VPN resources: policies, services, endpoint groups, site connections.

pub(crate) mod check;
pub(crate) mod crypto;
pub(crate) mod diagnostics;
mod endpoint_group;
mod ike_policy;
mod ipsec_policy;
pub(crate) mod peer_config;
pub(crate) mod protection;
mod selectors;
mod site_connection;
mod vpn_service;

pub(crate) use endpoint_group::EndpointGroups;
pub(crate) use ike_policy::IkePolicies;
pub(crate) use ipsec_policy::IpsecPolicies;
pub(crate) use site_connection::SiteConnections;
pub(crate) use vpn_service::VpnServices;
