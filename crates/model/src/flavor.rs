//! Flavors: kinds of a service that a user can choose between, and the service profiles that say what does the work.

use crate::{FlavorId, ServiceProfileId};

crate::vocabulary! {
    /// A service that has flavors and providers.
    ServiceType {
        /// VPN services.
        Vpn = "VPN",
        /// Routers.
        L3Router = "L3_ROUTER_NAT",
    }
}

/// A flavor of a service. The administrator's; everybody sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flavor {
    /// Its identity.
    pub id: FlavorId,
    /// Not unique.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Of which service it is a flavor.
    pub service_type: ServiceType,
    /// Whether something new may have it.
    pub enabled: bool,
    /// What can do the work, in the order in which it was bound; the first is taken.
    pub service_profiles: Vec<ServiceProfileId>,
}

/// What does the work behind a flavor. The administrator's, and nobody else sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceProfile {
    /// Its identity.
    pub id: ServiceProfileId,
    /// Free text.
    pub description: String,
    /// The driver; may be empty when there is `metainfo`.
    pub driver: String,
    /// Whether something new may use it.
    pub enabled: bool,
    /// Free text for the driver.
    pub metainfo: String,
}
