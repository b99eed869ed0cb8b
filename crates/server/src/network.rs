//! Networks, subnets, ports and routers: what VPN services stand on; and what else clients ask of the network side.

pub(crate) mod agent;
mod allocation;
pub(crate) mod availability;
pub(crate) mod flavor;
pub(crate) mod floating_ip;
mod gateway;
mod interface;
#[expect(clippy::module_inception, reason = "the API's own word for both the service and its first resource")]
mod network;
mod port;
mod router;
pub(crate) mod scheduling;
mod security_group;
mod service_profile;
pub(crate) mod service_provider;
mod subnet;
mod zone;

use adit_api::network::standard::Standard;
use adit_store::Stored;
pub(crate) use flavor::Flavors;
pub(crate) use floating_ip::FloatingIps;
pub(crate) use network::Networks;
pub(crate) use port::Ports;
pub(crate) use router::Routers;
pub(crate) use security_group::{SecurityGroupRules, SecurityGroups};
pub(crate) use service_profile::ServiceProfiles;
pub(crate) use subnet::Subnets;

/// The part of an answer that says how old an object is.
fn standard<R>(stored: &Stored<R>) -> Standard {
    let time = |time: jiff::Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    Standard {
        tags: stored.tags.clone(),
        created_at: time(stored.created_at),
        updated_at: time(stored.updated_at),
        revision_number: stored.revision_number,
    }
}
