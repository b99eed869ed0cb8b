//! The VPN extension's resources.

pub mod check;
pub mod diagnostics;
pub mod endpoint_group;
pub mod ike_policy;
pub mod ipsec_policy;
pub mod lifetime;
pub mod peer_config;
pub mod site_connection;
pub mod vpn_service;
