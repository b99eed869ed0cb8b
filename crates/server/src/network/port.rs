//! Ports.

mod permission;

use adit_api::network::port::{AddressPairRequest, Create, SCHEMA, Update, View, merge_dhcp_options};
use adit_api::{ApiError, Schema};
use adit_model::port::{AddressPair, Binding, FixedIp, OWNER_NETWORK};
use adit_model::{MacAddress, Network, Port, PortId, ProjectId, SecurityGroupId, Subnet};
use adit_store::{Stored, Table};
use uuid::Uuid;

use super::allocation::{self, Addresses, Holder};
use super::network::Networks;
use super::{floating_ip, interface, security_group, standard};
use crate::resource::{self, Context, FromStore, Resource, replace};

pub(crate) struct Ports;

impl Resource for Ports {
    type Record = Port;
    type Create = Create;
    type Update = Update;
    type View = View;
    const SCHEMA: &'static Schema = &SCHEMA;
    const SERVICE_READS: bool = true;
    const SERVICE_CREATES: bool = true;

    fn not_found(id: &str) -> ApiError {
        ApiError::PortNotFound { id: id.to_owned() }
    }

    fn owner(port: &Port) -> &ProjectId {
        &port.project_id
    }

    async fn permit(cx: Context<'_>, action: &'static str, port: &Port) -> Result<(), ApiError> {
        permission::permit(cx, action, port).await
    }

    /// A port's network, which is always the same, comes before it: addresses are given away there.
    async fn lock_first(cx: Context<'_>, id: &str, _: Option<&Update>) -> Result<(), ApiError> {
        let port = cx.session.table::<Port>().find(id).await.map_err(ApiError::from_store)?;
        match port {
            Some(port) => {
                cx.session.table::<Network>().hold(port.network_id).await.map_err(ApiError::from_store)
            }
            None => Ok(()),
        }
    }

    async fn create(cx: Context<'_>, create: Create) -> Result<Stored<Port>, ApiError> {
        let network = resource::lock::<Networks>(cx, &create.network_id).await?;
        permission::permit_create(cx, &network, &create)?;
        let port_security_enabled = create
            .port_security_enabled
            .unwrap_or(network.port_security_enabled && !create.device_owner.starts_with(OWNER_NETWORK));
        let default = security_group::ensure_default(cx, &create.project_id).await?;
        let security_groups = match &create.security_groups {
            Some(ids) => wanted_groups(cx, ids, port_security_enabled).await?,
            None => default.into_iter().filter(|_| port_security_enabled).collect(),
        };
        let mac_address = allocation::mac_address(cx, network.id, create.mac_address).await?;
        let allowed_address_pairs = pairs(create.allowed_address_pairs, mac_address);
        refuse_insecure_pairs(&allowed_address_pairs, port_security_enabled)?;
        let mut extra_dhcp_opts = Vec::new();
        merge_dhcp_options(&mut extra_dhcp_opts, create.extra_dhcp_opts);
        let holder = Holder { network: network.id, mac_address, device_owner: &create.device_owner };
        let mut addresses = Addresses::anew(cx, holder, &[]).await?;
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
            allowed_address_pairs,
            extra_dhcp_opts,
            security_groups,
            binding: Binding {
                vnic_type: create.binding_vnic_type,
                host_id: create.binding_host_id,
                profile: create.binding_profile,
            },
        };
        cx.session.table().insert(port).await.map_err(ApiError::from_store)
    }

    async fn update(
        cx: Context<'_>,
        mut port: Stored<Port>,
        mut update: Update,
    ) -> Result<Stored<Port>, ApiError> {
        permission::permit_update(cx, &port, &update).await?;
        let before = port.record.clone();
        let fixed_ips = update.fixed_ips.take();
        let mac_address = update.mac_address.take().filter(|mac| *mac != before.mac_address);
        let port_security_enabled = update.port_security_enabled.unwrap_or(before.port_security_enabled);
        if let Some(ids) = update.security_groups.take() {
            port.security_groups = wanted_groups(cx, &ids, port_security_enabled).await?;
        }
        if !port_security_enabled && !port.security_groups.is_empty() {
            return Err(ApiError::PortSecurityPortHasSecurityGroup);
        }
        take_over(&mut port, update);
        refuse_insecure_pairs(&port.allowed_address_pairs, port.port_security_enabled)?;
        refuse_other_device(&before, &port)?;
        if let Some(mac) = mac_address {
            port.mac_address = allocation::mac_address(cx, port.network_id, Some(mac)).await?;
        }
        if let Some(requests) = fixed_ips {
            let holder = port.record.clone();
            let mut addresses = Addresses::anew(cx, Holder::of(&holder), &before.fixed_ips).await?;
            for request in &requests {
                addresses.requested(request).await?;
            }
            port.fixed_ips = addresses.given();
        } else if mac_address.is_some() {
            follow_mac(cx, &before, &mut port).await?;
        }
        if port.record == before {
            return Ok(port);
        }
        if sorted(&port.fixed_ips) != sorted(&before.fixed_ips) {
            if before.is_service_port() {
                return Err(ApiError::BadRequest {
                    resource: "ports".to_owned(),
                    reason: format!("IP updates for port {} are not allowed", port.id),
                });
            }
            floating_ip::port_keeps_addresses(cx, &port).await?;
        }
        cx.session.table().update(&mut port).await.map_err(ApiError::from_store)?;
        interface::touch_routers(cx, std::slice::from_ref(&port));
        Ok(port)
    }

    async fn delete(cx: Context<'_>, port: Stored<Port>) -> Result<(), ApiError> {
        if port.is_service_port() {
            return Err(ApiError::ServicePortInUse {
                id: port.id.to_string(),
                owner: port.device_owner.clone(),
            });
        }
        floating_ip::port_goes(cx, &port).await?;
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

/// What a PUT changes without further ado.
fn take_over(port: &mut Port, update: Update) {
    let Update {
        name,
        description,
        admin_state_up,
        mac_address: _,
        fixed_ips: _,
        device_id,
        device_owner,
        security_groups: _,
        port_security_enabled,
        allowed_address_pairs,
        extra_dhcp_opts,
        binding_vnic_type,
        binding_host_id,
        binding_profile,
    } = update;
    let mac_address = port.mac_address;
    replace(&mut port.name, name);
    replace(&mut port.description, description);
    replace(&mut port.admin_state_up, admin_state_up);
    replace(&mut port.device_id, device_id);
    replace(&mut port.device_owner, device_owner);
    replace(&mut port.port_security_enabled, port_security_enabled);
    replace(&mut port.allowed_address_pairs, allowed_address_pairs.map(|wanted| pairs(wanted, mac_address)));
    merge_dhcp_options(&mut port.extra_dhcp_opts, extra_dhcp_opts.unwrap_or_default());
    replace(&mut port.binding.vnic_type, binding_vnic_type);
    replace(&mut port.binding.host_id, binding_host_id);
    replace(&mut port.binding.profile, binding_profile);
}

fn pairs(requests: Vec<AddressPairRequest>, mac: MacAddress) -> Vec<AddressPair> {
    requests.into_iter().map(|request| request.of(mac)).collect()
}

fn refuse_insecure_pairs(pairs: &[AddressPair], port_security_enabled: bool) -> Result<(), ApiError> {
    if pairs.is_empty() || port_security_enabled {
        return Ok(());
    }
    Err(ApiError::AddressPairAndPortSecurityRequired)
}

/// Lets the addresses that a host makes itself follow its Ethernet address.
async fn follow_mac(cx: Context<'_>, before: &Port, port: &mut Port) -> Result<(), ApiError> {
    let mut fixed_ips = port.fixed_ips.clone();
    for fixed_ip in &mut fixed_ips {
        let subnet = cx.session.table::<Subnet>().find(fixed_ip.subnet_id).await;
        let Some(subnet) = subnet.map_err(ApiError::from_store)? else { continue };
        if Holder::of(before).automatic_address(&subnet) != Some(fixed_ip.ip_address) {
            continue;
        }
        let Some(address) = Holder::of(port).automatic_address(&subnet) else { continue };
        let taken = cx.session.table::<Port>().addresses_of(subnet.id).await.map_err(ApiError::from_store)?;
        if taken.contains(&address) {
            return Err(ApiError::IpAddressAlreadyAllocated {
                address: address.to_string(),
                subnet: subnet.id.to_string(),
            });
        }
        fixed_ip.ip_address = address;
    }
    port.fixed_ips = fixed_ips;
    Ok(())
}

/// Refuses to take a port from the router or the floating IP that it was made for.
fn refuse_other_device(before: &Port, port: &Port) -> Result<(), ApiError> {
    let same = (&before.device_id, &before.device_owner) == (&port.device_id, &port.device_owner);
    if same || !before.is_service_port() {
        return Ok(());
    }
    let (id, device) = (before.id, &before.device_id);
    let reason = if before.is_router_port() {
        format!("port {id} belongs to router {device}, use the router's remove_router_interface")
    } else {
        format!("port {id} belongs to floating IP {device}")
    };
    Err(ApiError::BadRequest { resource: "port".to_owned(), reason })
}

/// The groups that a request wants for a port.
async fn wanted_groups(
    cx: Context<'_>,
    ids: &[String],
    port_security_enabled: bool,
) -> Result<Vec<SecurityGroupId>, ApiError> {
    if !ids.is_empty() && !port_security_enabled {
        return Err(ApiError::PortSecurityAndIPRequiredForSecurityGroups);
    }
    security_group::find_all(cx, ids).await
}

fn sorted(fixed_ips: &[FixedIp]) -> Vec<FixedIp> {
    let mut sorted = fixed_ips.to_vec();
    sorted.sort_unstable();
    sorted
}
