//! Who may do what to ports. More depends on whose the network is than for other resources: a guest on a network of
//! others takes what it is given.

use adit_api::network::fixed_ip::FixedIpRequest;
use adit_api::network::port::{Create, SCHEMA, Update};
use adit_api::{ApiError, body};
use adit_model::port::{OWNER_FLOATING_IP, OWNER_NETWORK, OWNER_ROUTER_GATEWAY, OWNER_ROUTER_INTERFACE};
use adit_model::{Network, Port};

use crate::resource::{Context, FromStore};

/// What owners begin with that stand for machines, whose ports only the compute service takes away.
const MACHINES: [&str; 2] = ["compute:", "baremetal:"];

/// The owner of the network may delete any port on it, but change only its own. The cloud's other services may do
/// either.
///
/// # Errors
/// [`ApiError::PolicyNotAuthorized`].
pub(super) async fn permit(cx: Context<'_>, action: &'static str, port: &Port) -> Result<(), ApiError> {
    if cx.caller.is_service() {
        return Ok(());
    }
    if action != "delete" {
        return cx.caller.require_change(&port.project_id, action, SCHEMA.rule);
    }
    let is_machine = MACHINES.iter().any(|machine| port.device_owner.starts_with(machine));
    if is_machine {
        return cx.caller.require_admin(action, SCHEMA.rule);
    }
    if owns_network(cx, port).await? {
        return Ok(());
    }
    cx.caller.require_change(&port.project_id, action, SCHEMA.rule)
}

/// Whether the caller may make this port on this network.
///
/// # Errors
/// [`ApiError::PolicyNotAuthorized`], [`ApiError::BadRequest`] for owners that only the service itself may be.
pub(super) fn permit_create(cx: Context<'_>, network: &Network, create: &Create) -> Result<(), ApiError> {
    if !network.shared && !cx.caller.is_service() {
        cx.caller.require_change(&network.project_id, "create", SCHEMA.rule)?;
    }
    if !cx.caller.may_change(&network.project_id) && !cx.caller.is_service() {
        refuse_owners_attributes(create)?;
    }
    refuse_service_owner(&create.device_owner)
}

/// Whether the caller, who may change this port, may change it so.
///
/// # Errors
/// As [`permit_create`].
pub(super) async fn permit_update(cx: Context<'_>, port: &Port, update: &Update) -> Result<(), ApiError> {
    let refused = |attribute| Err(body::forbidden_attribute(&SCHEMA, "update", attribute));
    let new_owner = update.device_owner.as_ref().filter(|owner| **owner != port.device_owner);
    if let Some(owner) = new_owner {
        refuse_service_owner(owner)?;
    }
    let owns_network = owns_network(cx, port).await?;
    let may_set_mac = cx.caller.is_admin() || (owns_network && cx.caller.has_role("manager"));
    if update.mac_address.is_some_and(|mac| mac != port.mac_address) && !may_set_mac {
        return refused("mac_address");
    }
    if owns_network {
        return Ok(());
    }
    if let Some(requests) = &update.fixed_ips {
        return Err(body::forbidden_parts(&SCHEMA, "update", "fixed_ips", &parts(requests)));
    }
    if update.port_security_enabled.is_some() {
        return refused("port_security_enabled");
    }
    if update.allowed_address_pairs.is_some() {
        return refused("allowed_address_pairs");
    }
    if new_owner.is_some_and(|owner| owner.starts_with(OWNER_NETWORK)) {
        return refused("device_owner");
    }
    Ok(())
}

/// Whether the caller may change the network that the port is on, or acts for whoever may.
async fn owns_network(cx: Context<'_>, port: &Port) -> Result<bool, ApiError> {
    let network = cx.session.table::<Network>().find(port.network_id).await.map_err(ApiError::from_store)?;
    let owns = network.is_some_and(|network| cx.caller.may_change(&network.project_id));
    Ok(owns || cx.caller.is_service())
}

/// Refuses what only the owner of the network may choose for a new port on it.
fn refuse_owners_attributes(create: &Create) -> Result<(), ApiError> {
    let chosen = [
        ("device_owner", create.device_owner.starts_with(OWNER_NETWORK)),
        ("mac_address", create.mac_address.is_some()),
        ("port_security_enabled", create.port_security_enabled.is_some()),
        ("allowed_address_pairs", !create.allowed_address_pairs.is_empty()),
    ];
    if let Some((attribute, _)) = chosen.iter().find(|(_, is_chosen)| *is_chosen) {
        return Err(body::forbidden_attribute(&SCHEMA, "create", attribute));
    }
    let requests = create.fixed_ips.as_deref().unwrap_or_default();
    if requests.iter().any(|request| request.ip_address.is_some()) {
        return Err(body::forbidden_parts(&SCHEMA, "create", "fixed_ips", &parts(requests)));
    }
    Ok(())
}

/// The parts of addresses that a request has.
fn parts(requests: &[FixedIpRequest]) -> Vec<&'static str> {
    let given = [
        ("subnet_id", requests.iter().any(|request| request.subnet_id.is_some())),
        ("ip_address", requests.iter().any(|request| request.ip_address.is_some())),
    ];
    given.into_iter().filter(|(_, is_given)| *is_given).map(|(part, _)| part).collect()
}

/// Refuses an owner that only the service itself may be. The reference lets a port pass for an interface of a router
/// that knows nothing of it.
fn refuse_service_owner(owner: &str) -> Result<(), ApiError> {
    if ![OWNER_ROUTER_INTERFACE, OWNER_ROUTER_GATEWAY, OWNER_FLOATING_IP].contains(&owner) {
        return Ok(());
    }
    Err(ApiError::BadRequest {
        resource: "port".to_owned(),
        reason: format!("device owner {owner} is set by the service alone"),
    })
}
