//! The VPN resources: policies, services, endpoint groups, site connections.

mod ike_policy;
mod site_connection;

pub(crate) use ike_policy::IkePolicies;
