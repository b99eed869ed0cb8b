//! Floating IPs: addresses of external networks, and what they stand for.

mod association;
mod protection;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use adit_api::network::fixed_ip::FixedIpRequest;
use adit_api::network::floating_ip::{Create, POOL_SCHEMA, PoolView, PortDetails, SCHEMA, Update, View};
use adit_api::{ApiError, Schema};
use adit_model::floating_ip::FloatingIpStatus;
use adit_model::port::{Binding, FixedIp, OWNER_FLOATING_IP};
use adit_model::{FloatingIp, FloatingIpId, Network, Port, PortId, ProjectId, Subnet};
use adit_store::{Filter, Listing, Stored};
use serde_json::Value;
use uuid::Uuid;

pub(super) use self::protection::{
    addresses_go, gateway_may_go, interface_may_go, network_goes, port_goes, port_keeps_addresses,
    unassociated,
};
use super::allocation::{self, Addresses, Holder};
use super::network::Networks;
use super::port::Ports;
use super::standard;
use crate::App;
use crate::caller::Caller;
use crate::listed::{self, Identity, Request};
use crate::resource::{self, Context, FromStore, Resource, replace};

pub(crate) struct FloatingIps;

impl Resource for FloatingIps {
    type Record = FloatingIp;
    type Create = Create;
    type Update = Update;
    type View = View;
    const SCHEMA: &'static Schema = &SCHEMA;

    fn not_found(id: &str) -> ApiError {
        ApiError::FloatingIPNotFound { id: id.to_owned() }
    }

    fn owner(floating_ip: &FloatingIp) -> &ProjectId {
        &floating_ip.project_id
    }

    async fn permit_create(cx: Context<'_>, create: &Create) -> Result<(), ApiError> {
        resource::find::<Networks>(cx, &create.floating_network_id).await?;
        if let Some(port) = &create.port_id {
            resource::find::<Ports>(cx, port).await?;
        }
        Ok(())
    }

    /// What it is to stand for comes before it: whoever takes a port or an interface away frees the floating IP then.
    async fn lock_first(cx: Context<'_>, id: &str, update: Option<&Update>) -> Result<(), ApiError> {
        let Some(Update { port_id: Some(Some(port)), fixed_ip_address, description: _ }) = update else {
            return Ok(());
        };
        let floating_ip = cx.session.table::<FloatingIp>().find(id).await.map_err(ApiError::from_store)?;
        let Some(floating_ip) = floating_ip else { return Ok(()) };
        let network = floating_ip.network_id.to_string();
        association::lock_router(cx, port, *fixed_ip_address, &network).await?;
        cx.session.table::<Port>().hold(port).await.map_err(ApiError::from_store)
    }

    async fn create(cx: Context<'_>, create: Create) -> Result<Stored<FloatingIp>, ApiError> {
        if let (false, Some(port)) = (cx.session.writes_alone(), &create.port_id) {
            association::lock_router(cx, port, create.fixed_ip_address, &create.floating_network_id).await?;
        }
        // It stays external as long as the floating IP comes to be.
        let network = resource::lock::<Networks>(cx, &create.floating_network_id).await?;
        if !network.external {
            return Err(bad(format!("Network {} is not a valid external network", network.id)));
        }
        if create.port_id.is_none() && create.fixed_ip_address.is_some() {
            return Err(without_port());
        }
        let id = FloatingIpId::new(Uuid::new_v4());
        let (own_port_id, address) = reserve(cx, id, &network, &create).await?;
        let mut floating_ip = FloatingIp {
            id,
            project_id: create.project_id,
            description: create.description,
            network_id: network.id,
            address,
            own_port_id,
            association: None,
            status: FloatingIpStatus::Down,
        };
        if let Some(port) = &create.port_id {
            let association = association::find(cx, &floating_ip, port, create.fixed_ip_address).await?;
            floating_ip.association = Some(association);
        }
        let stored = cx.session.table().insert(floating_ip).await.map_err(ApiError::from_store)?;
        association::touch(cx, [stored.association]);
        Ok(stored)
    }

    async fn update(
        cx: Context<'_>,
        mut floating_ip: Stored<FloatingIp>,
        update: Update,
    ) -> Result<Stored<FloatingIp>, ApiError> {
        let Update { description, port_id, fixed_ip_address } = update;
        let before = floating_ip.record.clone();
        replace(&mut floating_ip.description, description);
        match (port_id, fixed_ip_address) {
            (None | Some(None), Some(_)) => return Err(without_port()),
            // The reference dissociates here when the request has no attribute at all.
            (None, None) => {}
            (Some(None), None) => floating_ip.association = None,
            (Some(Some(port)), fixed_ip) => {
                let association = association::find(cx, &floating_ip, &port, fixed_ip).await?;
                floating_ip.association = Some(association);
            }
        }
        if floating_ip.record == before {
            return Ok(floating_ip);
        }
        let moved = floating_ip.association != before.association;
        if moved {
            floating_ip.status = FloatingIpStatus::Down;
        }
        cx.session.table().update(&mut floating_ip).await.map_err(ApiError::from_store)?;
        if moved {
            association::touch(cx, [before.association, floating_ip.association]);
        }
        Ok(floating_ip)
    }

    async fn delete(cx: Context<'_>, floating_ip: Stored<FloatingIp>) -> Result<(), ApiError> {
        remove(cx, &floating_ip).await?;
        association::touch(cx, [floating_ip.association]);
        Ok(())
    }

    async fn views(cx: Context<'_>, floating_ips: Vec<Stored<FloatingIp>>) -> Result<Vec<View>, ApiError> {
        let details = port_details(cx, &floating_ips).await?;
        let view = |floating_ip: Stored<FloatingIp>| {
            let standard = standard(&floating_ip);
            let port = floating_ip.association.and_then(|association| details.get(&association.port_id));
            View::new(floating_ip.record, port.cloned(), standard)
        };
        Ok(floating_ips.into_iter().map(view).collect())
    }
}

/// `GET /floatingip_pools`: the IPv4 subnets of external networks.
pub(crate) async fn pools(app: &App, caller: &Caller, request: Request<'_>) -> Result<Value, ApiError> {
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let external = Filter { column: "external", values: vec![Value::Bool(true)] };
    let networks =
        session.table::<Network>().list(&Listing { filters: vec![external], ..caller.visible() }).await;
    let networks = networks.map_err(ApiError::from_store)?;
    let ids = networks.iter().map(|network| network.id.to_string()).collect();
    let of_ipv4 = Filter { column: "ip_version", values: vec![Value::from(4)] };
    let listing = Listing { filters: vec![of_ipv4], ..Listing::default() };
    let subnets = session.table::<Subnet>().list_among("network_id", ids, &listing).await;
    let view = |subnet: Stored<Subnet>| {
        let Subnet { id, project_id, name, network_id, cidr, .. } = subnet.record;
        PoolView { subnet_id: id, subnet_name: name, project_id, network_id, cidr: cidr.to_string() }
    };
    let views: Vec<PoolView> = subnets.map_err(ApiError::from_store)?.into_iter().map(view).collect();
    let unknown = |id: &str| ApiError::SubnetNotFound { id: id.to_owned() };
    listed::answer(&POOL_SCHEMA, &views, Identity { key: "subnet_id", unknown }, request, caller)
}

/// Takes an address of the external network, and makes the port that holds it.
async fn reserve(
    cx: Context<'_>,
    id: FloatingIpId,
    network: &Network,
    create: &Create,
) -> Result<(PortId, Ipv4Addr), ApiError> {
    let mac_address = allocation::mac_address(cx, network.id, None).await?;
    let holder = Holder { network: network.id, mac_address, device_owner: OWNER_FLOATING_IP };
    let mut addresses = Addresses::anew(cx, holder, &[]).await?;
    if !addresses.subnets().any(is_ipv4) {
        return Err(bad(format!("Network {} does not contain any IPv4 subnet", network.id)));
    }
    match (&create.subnet_id, create.floating_ip_address) {
        (None, None) => addresses.automatic_ipv4().await?,
        (subnet_id, ip_address) => {
            let request = FixedIpRequest { subnet_id: subnet_id.clone(), ip_address };
            addresses.requested(&request).await?;
        }
    }
    let gateways: Vec<IpAddr> = addresses.subnets().filter_map(|subnet| subnet.gateway_ip).collect();
    let fixed_ips = addresses.given();
    let address = match fixed_ips.as_slice() {
        [fixed_ip] if gateways.contains(&fixed_ip.ip_address) => {
            return Err(bad(format!("External IP {} is the same as the gateway IP", fixed_ip.ip_address)));
        }
        [FixedIp { ip_address: IpAddr::V4(address), .. }] => *address,
        _ => return Err(bad("A floating IP must be an IPv4 address")),
    };
    let port = Port {
        id: PortId::new(Uuid::new_v4()),
        // Tenants do not see it, and it counts for nobody.
        project_id: ProjectId::new(""),
        name: String::new(),
        description: String::new(),
        network_id: network.id,
        mac_address,
        fixed_ips,
        device_id: id.to_string(),
        device_owner: OWNER_FLOATING_IP.to_owned(),
        admin_state_up: true,
        port_security_enabled: false,
        wired: false,
        allowed_address_pairs: Vec::new(),
        extra_dhcp_opts: Vec::new(),
        security_groups: Vec::new(),
        binding: Binding::default(),
    };
    let port = cx.session.table().insert(port).await.map_err(ApiError::from_store)?;
    Ok((port.id, address))
}

/// Takes a floating IP away, with the port that holds its address.
async fn remove(cx: Context<'_>, floating_ip: &FloatingIp) -> Result<(), ApiError> {
    cx.session.table::<FloatingIp>().delete(floating_ip.id).await.map_err(ApiError::from_store)?;
    cx.session.table::<Port>().delete(floating_ip.own_port_id).await.map_err(ApiError::from_store)
}

async fn port_details(
    cx: Context<'_>,
    floating_ips: &[Stored<FloatingIp>],
) -> Result<BTreeMap<PortId, PortDetails>, ApiError> {
    let associations = floating_ips.iter().filter_map(|floating_ip| floating_ip.association);
    let ids = associations.map(|association| association.port_id.to_string()).collect();
    let ports = cx.session.table::<Port>().find_all("id", ids).await;
    let ports = ports.map_err(ApiError::from_store)?;
    Ok(ports.iter().map(|port| (port.id, PortDetails::new(port))).collect())
}

fn is_ipv4(subnet: &Subnet) -> bool {
    subnet.cidr.addr().is_ipv4()
}

fn without_port() -> ApiError {
    bad("fixed_ip_address cannot be specified without a port_id")
}

/// The refusal of something that a floating IP cannot do.
fn bad(reason: impl Into<String>) -> ApiError {
    ApiError::BadRequest { resource: "floatingip".to_owned(), reason: reason.into() }
}
