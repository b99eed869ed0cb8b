//! Service providers: who does VPN and routing, and the drivers that service profiles may name.

use adit_api::ApiError;
use adit_api::network::service_provider::{SCHEMA, View};
use adit_model::flavor::ServiceType;
use serde_json::Value;

use crate::App;
use crate::caller::Caller;
use crate::listed::{self, Identity, Request};

/// What a service profile may have as its driver: our own word, and the name by which the reference calls its driver
/// for the same, so that an operator's scripts go on working.
const DRIVERS: [(&str, ServiceType); 4] = [
    ("strongswan", ServiceType::Vpn),
    ("neutron_vpnaas.services.vpn.service_drivers.ipsec.IPsecVPNDriver", ServiceType::Vpn),
    ("single_node", ServiceType::L3Router),
    ("neutron.services.l3_router.service_providers.single_node.SingleNodeDriver", ServiceType::L3Router),
];

/// The service that a driver provides; `None` when there is no such driver.
pub(super) fn provided_by(driver: &str) -> Option<ServiceType> {
    DRIVERS.iter().find(|(name, _)| *name == driver).map(|(_, service_type)| *service_type)
}

/// `GET /service-providers`. Who may not read sees none.
pub(crate) fn list(app: &App, caller: &Caller, request: Request<'_>) -> Result<Value, ApiError> {
    let vpn = View {
        service_type: ServiceType::Vpn.as_str(),
        name: app.config().vpn.provider().to_owned(),
        default: true,
    };
    // As in the reference, where a router without a flavor is made by its one provider all the same.
    let router =
        View { service_type: ServiceType::L3Router.as_str(), name: "single_node".to_owned(), default: false };
    let views = if caller.may_read() { vec![vpn, router] } else { Vec::new() };
    listed::answer(
        &SCHEMA,
        &views,
        Identity { key: "name", unknown: |_| ApiError::HTTPNotFound },
        request,
        caller,
    )
}
