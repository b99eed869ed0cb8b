//! The core resources of the Networking API: networks, subnets, ports, routers, and what goes with them.

pub mod agent;
pub mod availability;
pub mod fixed_ip;
pub mod flavor;
pub mod floating_ip;
#[expect(clippy::module_inception, reason = "the API's own word for both the service and its first resource")]
pub mod network;
pub mod port;
pub mod quota;
pub mod route;
pub mod router;
pub mod security_group;
pub mod security_group_rule;
pub mod service_profile;
pub mod service_provider;
pub mod standard;
pub mod subnet;
pub mod tag;
mod value;
