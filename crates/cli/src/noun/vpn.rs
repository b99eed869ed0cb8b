//! `vpn`: policies, services, endpoint groups and site connections.

mod check;
mod diagnostics;
mod endpoint_group;
mod extension;
mod peer_config;
mod policy;
mod service;
mod site_connection;

pub(crate) use check::CHECK;
pub(crate) use diagnostics::DIAGNOSTICS;
pub(crate) use endpoint_group::ENDPOINT_GROUP;
pub(crate) use peer_config::PEER_CONFIG;
pub(crate) use policy::{IKE_POLICY, IPSEC_POLICY, LIFETIME};
pub(crate) use service::SERVICE;
pub(crate) use site_connection::{DPD, SITE_CONNECTION};
