//! `vpn`: policies, services, endpoint groups and site connections.

mod diagnostics;
mod endpoint_group;
mod policy;
mod service;
mod site_connection;

pub(crate) use diagnostics::DIAGNOSTICS;
pub(crate) use endpoint_group::ENDPOINT_GROUP;
pub(crate) use policy::{IKE_POLICY, IPSEC_POLICY, LIFETIME};
pub(crate) use service::SERVICE;
pub(crate) use site_connection::{DPD, SITE_CONNECTION};
