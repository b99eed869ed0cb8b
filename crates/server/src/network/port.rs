//! Ports.

use adit_api::network::port::{Create, SCHEMA, Update, View};
use adit_api::{ApiError, Schema, body};
use adit_model::port::{FixedIp, OWNER_ROUTER_GATEWAY, OWNER_ROUTER_INTERFACE};
use adit_model::{Network, Port, PortId, ProjectId};
use adit_store::{Stored, Table};
use uuid::Uuid;

use super::allocation::{self, Addresses};
use super::network::Networks;
use super::{interface, standard};
use crate::resource::{self, Context, FromStore, Resource};

/// The owner of the address of a floating IP.
const OWNER_FLOATING_IP: &str = "network:floatingip";
/// What owners begin with that stand for parts of the network itself.
const OWNER_NETWORK: &str = "network:";

pub(crate) struct Ports;

impl Resource for Ports {
    type Record = Port;
    type Create = Create;
    type Update = Update;
    type View = View;
    const SCHEMA: &'static Schema = &SCHEMA;

    fn not_found(id: &str) -> ApiError {
        ApiError::PortNotFound { id: id.to_owned() }
    }

    fn owner(port: &Port) -> &ProjectId {
        &port.project_id
    }

    /// The owner of the network may delete any port on it, but change only its own.
    async fn permit(cx: Context<'_>, action: &'static str, port: &Port) -> Result<(), ApiError> {
        if action == "delete" && owns_network(cx, port).await? {
            return Ok(());
        }
        cx.caller.require_change(&port.project_id, action, SCHEMA.rule)
    }

    async fn create(cx: Context<'_>, create: Create) -> Result<Stored<Port>, ApiError> {
        let network = resource::find::<Networks>(cx, &create.network_id).await?;
        let owns_network = cx.caller.may_change(&network.project_id);
        if !network.shared {
            cx.caller.require_change(&network.project_id, "create", SCHEMA.rule)?;
        }
        if !owns_network {
            refuse_owners_attributes(&create)?;
        }
        refuse_service_owner(&create.device_owner)?;
        let port_security_enabled = create
            .port_security_enabled
            .unwrap_or(network.port_security_enabled && !create.device_owner.starts_with(OWNER_NETWORK));
        refuse_security_groups(&create.security_groups, port_security_enabled)?;
        let mac_address = allocation::mac_address(cx, network.id, create.mac_address).await?;
        let mut addresses = Addresses::anew(cx, network.id, &[]).await?;
        match &create.fixed_ips {
            None => addresses.automatic().await?,
            Some(requests) => {
                for request in requests {
                    addresses.requested(request).await?;
                }
            }
        }
        let port = Port {
            id: PortId::new(Uuid::new_v4()),
            project_id: create.project_id,
            name: create.name,
            description: create.description,
            network_id: network.id,
            mac_address,
            fixed_ips: addresses.given(),
            device_id: create.device_id,
            device_owner: create.device_owner,
            admin_state_up: create.admin_state_up,
            port_security_enabled,
            wired: false,
        };
        cx.session.table().insert(port).await.map_err(ApiError::from_store)
    }

    async fn update(
        cx: Context<'_>,
        mut port: Stored<Port>,
        update: Update,
    ) -> Result<Stored<Port>, ApiError> {
        permit_update(cx, &port, &update).await?;
        let Update {
            name,
            description,
            admin_state_up,
            mac_address,
            fixed_ips,
            device_id,
            device_owner,
            security_groups,
            port_security_enabled,
        } = update;
        let before = port.record.clone();
        let unchanged = before.clone();
        port.name = name.unwrap_or(unchanged.name);
        port.description = description.unwrap_or(unchanged.description);
        port.admin_state_up = admin_state_up.unwrap_or(unchanged.admin_state_up);
        port.device_id = device_id.unwrap_or(unchanged.device_id);
        port.device_owner = device_owner.unwrap_or(unchanged.device_owner);
        port.port_security_enabled = port_security_enabled.unwrap_or(unchanged.port_security_enabled);
        refuse_security_groups(&security_groups.unwrap_or_default(), port.port_security_enabled)?;
        refuse_other_device(&before, &port)?;
        if let Some(mac) = mac_address.filter(|mac| *mac != before.mac_address) {
            port.mac_address = allocation::mac_address(cx, port.network_id, Some(mac)).await?;
        }
        if let Some(requests) = fixed_ips {
            let mut addresses = Addresses::anew(cx, port.network_id, &before.fixed_ips).await?;
            for request in &requests {
                addresses.requested(request).await?;
            }
            port.fixed_ips = addresses.given();
        }
        if port.record == before {
            return Ok(port);
        }
        if before.is_router_port() && sorted(&port.fixed_ips) != sorted(&before.fixed_ips) {
            return Err(ApiError::BadRequest {
                resource: "ports".to_owned(),
                reason: format!("IP updates for port {} are not allowed", port.id),
            });
        }
        cx.session.table().update(&mut port).await.map_err(ApiError::from_store)?;
        interface::touch_routers(cx, std::slice::from_ref(&port)).await?;
        Ok(port)
    }

    async fn delete(cx: Context<'_>, port: Stored<Port>) -> Result<(), ApiError> {
        if port.is_router_port() || port.device_owner == OWNER_FLOATING_IP {
            return Err(ApiError::ServicePortInUse {
                id: port.id.to_string(),
                owner: port.device_owner.clone(),
            });
        }
        let ports: Table<'_, Port> = cx.session.table();
        ports.delete(port.id).await.map_err(ApiError::from_store)
    }

    async fn views(_: Context<'_>, ports: Vec<Stored<Port>>) -> Result<Vec<View>, ApiError> {
        let view = |port: Stored<Port>| {
            let standard = standard(&port);
            View::new(port.record, standard)
        };
        Ok(ports.into_iter().map(view).collect())
    }
}

/// Whether the caller may change the network that the port is on.
async fn owns_network(cx: Context<'_>, port: &Port) -> Result<bool, ApiError> {
    let network = cx.session.table::<Network>().find(port.network_id).await.map_err(ApiError::from_store)?;
    Ok(network.is_some_and(|network| cx.caller.may_change(&network.project_id)))
}

/// Refuses what only the owner of the network may choose for a new port on it.
fn refuse_owners_attributes(create: &Create) -> Result<(), ApiError> {
    let chosen = [
        ("device_owner", create.device_owner.starts_with(OWNER_NETWORK)),
        ("mac_address", create.mac_address.is_some()),
        ("port_security_enabled", create.port_security_enabled.is_some()),
    ];
    if let Some((attribute, _)) = chosen.iter().find(|(_, is_chosen)| *is_chosen) {
        return Err(body::forbidden_attribute(&SCHEMA, "create", attribute));
    }
    if create.fixed_ips.iter().flatten().any(|request| request.ip_address.is_some()) {
        let rule = "rule:create_port";
        return Err(ApiError::PolicyNotAuthorized {
            rule: format!("({rule} and ({rule}:fixed_ips and ({rule}:fixed_ips:ip_address)))"),
        });
    }
    Ok(())
}

/// Refuses changes that the owner of a port alone may not make.
async fn permit_update(cx: Context<'_>, port: &Port, update: &Update) -> Result<(), ApiError> {
    let refused = |attribute| Err(body::forbidden_attribute(&SCHEMA, "update", attribute));
    if update.mac_address.is_some() && !cx.caller.is_admin() {
        return refused("mac_address");
    }
    let new_owner = update.device_owner.as_ref().filter(|owner| **owner != port.device_owner);
    if let Some(owner) = new_owner {
        refuse_service_owner(owner)?;
    }
    if owns_network(cx, port).await? {
        return Ok(());
    }
    if update.fixed_ips.is_some() {
        return refused("fixed_ips");
    }
    if update.port_security_enabled.is_some() {
        return refused("port_security_enabled");
    }
    if new_owner.is_some_and(|owner| owner.starts_with(OWNER_NETWORK)) {
        return refused("device_owner");
    }
    Ok(())
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

/// Refuses to take a router's port from it other than by the router's own calls.
fn refuse_other_device(before: &Port, port: &Port) -> Result<(), ApiError> {
    let same = (&before.device_id, &before.device_owner) == (&port.device_id, &port.device_owner);
    if same || !before.is_router_port() {
        return Ok(());
    }
    Err(ApiError::BadRequest {
        resource: "port".to_owned(),
        reason: format!(
            "port {} belongs to router {}, use the router's remove_router_interface",
            before.id, before.device_id
        ),
    })
}

/// No security group exists as yet, so none can be used.
fn refuse_security_groups(groups: &[String], port_security_enabled: bool) -> Result<(), ApiError> {
    match groups.first() {
        None => Ok(()),
        Some(_) if !port_security_enabled => Err(ApiError::PortSecurityAndIPRequiredForSecurityGroups),
        Some(id) => Err(ApiError::SecurityGroupNotFound { id: id.clone() }),
    }
}

fn sorted(fixed_ips: &[FixedIp]) -> Vec<FixedIp> {
    let mut sorted = fixed_ips.to_vec();
    sorted.sort_unstable();
    sorted
}
