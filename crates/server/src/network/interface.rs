//! The interfaces of routers: ports on the subnets that a router joins.

use std::collections::BTreeSet;

use adit_api::ApiError;
use adit_api::network::fixed_ip::FixedIpRequest;
use adit_api::network::router::{InterfaceRequest, InterfaceView};
use adit_model::port::{Binding, OWNER_ROUTER_INTERFACE};
use adit_model::{Cidr, Network, Port, PortId, ProjectId, Router, RouterId, Subnet, SubnetId};
use adit_store::{Listing, Stored};
use uuid::Uuid;

use super::allocation::{self, Addresses, Holder};
use super::floating_ip;
use super::port::Ports;
use super::subnet::Subnets;
use crate::quota;
use crate::resource::{self, Context, FromStore, Resource};
use crate::vpn::protection;

/// `add_router_interface`.
pub(super) async fn add(
    cx: Context<'_>,
    mut router: Stored<Router>,
    request: InterfaceRequest,
) -> Result<InterfaceView, ApiError> {
    let (port, subnets) = match request {
        InterfaceRequest::Both { .. } => return Err(bad("Cannot specify both subnet-id and port-id")),
        InterfaceRequest::Subnet(id) => add_subnet(cx, &router, &id).await?,
        InterfaceRequest::Port(id) => adopt(cx, &router, &id).await?,
    };
    changed(cx, &mut router).await?;
    Ok(view(&router, &port, subnets))
}

/// `remove_router_interface`.
pub(super) async fn remove(
    cx: Context<'_>,
    mut router: Stored<Router>,
    request: InterfaceRequest,
) -> Result<InterfaceView, ApiError> {
    let (port, leaving) = interface_to_remove(cx, &router, request).await?;
    let mut port = locked(cx, port).await?;
    for subnet in &leaving {
        refuse_needed(cx, &router, *subnet).await?;
    }
    let ports = cx.session.table::<Port>();
    port.fixed_ips.retain(|fixed_ip| !leaving.contains(&fixed_ip.subnet_id));
    // Another router may translate to the interface's own address.
    floating_ip::addresses_go(cx, &port).await?;
    if port.fixed_ips.is_empty() {
        ports.delete(port.id).await.map_err(ApiError::from_store)?;
    } else {
        ports.update(&mut port).await.map_err(ApiError::from_store)?;
    }
    changed(cx, &mut router).await?;
    Ok(view(&router, &port, leaving))
}

/// The interfaces of a router, without its gateway.
pub(super) async fn of_router(cx: Context<'_>, router: RouterId) -> Result<Vec<Stored<Port>>, ApiError> {
    let interfaces = Listing::of("device_id", router).and("device_owner", OWNER_ROUTER_INTERFACE);
    cx.session.table().list(&interfaces).await.map_err(ApiError::from_store)
}

/// The ports of a router: its interfaces and its gateway.
pub(super) async fn ports(cx: Context<'_>, router: &Router) -> Result<Vec<Stored<Port>>, ApiError> {
    let mut ports = of_router(cx, router.id).await?;
    if let Some(gateway) = &router.gateway {
        let port = cx.session.table().find(gateway.port_id).await.map_err(ApiError::from_store)?;
        ports.extend(port);
    }
    Ok(ports)
}

/// The subnets that ports have addresses of.
pub(super) async fn subnets(
    cx: Context<'_>,
    ports: &[Stored<Port>],
) -> Result<Vec<Stored<Subnet>>, ApiError> {
    let ids: BTreeSet<SubnetId> =
        ports.iter().flat_map(|port| &port.fixed_ips).map(|fixed_ip| fixed_ip.subnet_id).collect();
    let mut subnets = Vec::with_capacity(ids.len());
    for id in ids {
        subnets.extend(cx.session.table().find(id).await.map_err(ApiError::from_store)?);
    }
    Ok(subnets)
}

/// Refuses a subnet that a router cannot tell from one that it has.
pub(super) fn refuse_overlap(new: &Subnet, attached: &[Stored<Subnet>]) -> Result<(), ApiError> {
    if attached.iter().any(|subnet| subnet.id == new.id) {
        return Err(bad(format!("Router already has a port on subnet {}", new.id)));
    }
    let overlaps = |other: &&Stored<Subnet>| Cidr::from(other.cidr).overlaps(Cidr::from(new.cidr));
    match attached.iter().find(overlaps) {
        None => Ok(()),
        Some(other) => Err(bad(format!(
            "Cidr {} of subnet {} overlaps with cidr {} of subnet {}",
            new.cidr, new.id, other.cidr, other.id
        ))),
    }
}

/// Wakes the agents of all routers that have one of these ports.
pub(super) fn touch_routers(cx: Context<'_>, ports: &[Stored<Port>]) {
    let routers = ports.iter().filter(|port| port.is_router_port());
    let routers = routers.filter_map(|port| port.device_id.parse::<RouterId>().ok());
    for router in routers {
        cx.session.touch(router);
    }
}

/// The refusal of something that a router cannot do.
pub(super) fn bad(reason: impl Into<String>) -> ApiError {
    ApiError::BadRequest { resource: "router".to_owned(), reason: reason.into() }
}

/// Gives the router the gateway address of a subnet.
async fn add_subnet(
    cx: Context<'_>,
    router: &Router,
    id: &str,
) -> Result<(Stored<Port>, Vec<SubnetId>), ApiError> {
    let subnet = lock_network_of(cx, router, id).await?;
    if !cx.caller.may_change(&subnet.project_id) {
        return Err(bad(format!(
            "Cannot add interface to router because subnet {id} is not owned by project making the request"
        )));
    }
    let Some(gateway_ip) = subnet.gateway_ip else {
        return Err(bad("Subnet for router interface must have a gateway IP"));
    };
    let attached = ports(cx, router).await?;
    refuse_overlap(&subnet, &subnets(cx, &attached).await?)?;
    let request = FixedIpRequest { subnet_id: Some(id.to_owned()), ip_address: Some(gateway_ip) };
    // All IPv6 subnets of a network share one interface.
    let shared = attached.into_iter().find(|port| gateway_ip.is_ipv6() && is_v6_interface(port, &subnet));
    let port = match shared {
        Some(port) => {
            let mut port = locked(cx, port).await?;
            let mut addresses = Addresses::more(cx, Holder::of(&port), &port.fixed_ips).await?;
            addresses.requested(&request).await?;
            let fixed_ips = addresses.given();
            port.fixed_ips = fixed_ips;
            cx.session.table().update(&mut port).await.map_err(ApiError::from_store)?;
            port
        }
        None => {
            quota::admit::<Ports>(cx, &router.project_id, 1).await?;
            let mac_address = allocation::mac_address(cx, subnet.network_id, None).await?;
            let device_owner = OWNER_ROUTER_INTERFACE;
            let holder = Holder { network: subnet.network_id, mac_address, device_owner };
            let mut addresses = Addresses::anew(cx, holder, &[]).await?;
            addresses.requested(&request).await?;
            let port = Port {
                id: PortId::new(Uuid::new_v4()),
                project_id: router.project_id.clone(),
                name: String::new(),
                description: String::new(),
                network_id: subnet.network_id,
                mac_address,
                fixed_ips: addresses.given(),
                device_id: router.id.to_string(),
                device_owner: device_owner.to_owned(),
                admin_state_up: true,
                port_security_enabled: false,
                wired: false,
                allowed_address_pairs: Vec::new(),
                extra_dhcp_opts: Vec::new(),
                security_groups: Vec::new(),
                binding: Binding::default(),
            };
            cx.session.table().insert(port).await.map_err(ApiError::from_store)?
        }
    };
    Ok((port, vec![subnet.id]))
}

/// The subnet that a router is to join. Nobody changes it, or gives addresses of its network away, before the session
/// ends.
async fn lock_network_of(cx: Context<'_>, router: &Router, id: &str) -> Result<Stored<Subnet>, ApiError> {
    let subnet = resource::find::<Subnets>(cx, id).await?;
    if cx.session.writes_alone() {
        return Ok(subnet);
    }
    // Quotas come before networks, wherever they are counted.
    quota::hold::<Ports>(cx, &router.project_id).await?;
    cx.session.table::<Network>().hold(subnet.network_id).await.map_err(ApiError::from_store)?;
    resource::find::<Subnets>(cx, id).await
}

/// The port as it is now, locked.
async fn locked(cx: Context<'_>, port: Stored<Port>) -> Result<Stored<Port>, ApiError> {
    let id = port.id;
    let port = cx.session.table().relock(vec![port]).await.map_err(ApiError::from_store)?.pop();
    port.ok_or_else(|| Ports::not_found(&id.to_string()))
}

fn is_v6_interface(port: &Port, subnet: &Subnet) -> bool {
    port.device_owner == OWNER_ROUTER_INTERFACE
        && port.network_id == subnet.network_id
        && port.fixed_ips.iter().all(|fixed_ip| fixed_ip.ip_address.is_ipv6())
}

/// Makes a port an interface of the router; it keeps its name and its addresses.
async fn adopt(
    cx: Context<'_>,
    router: &Router,
    id: &str,
) -> Result<(Stored<Port>, Vec<SubnetId>), ApiError> {
    if !cx.session.writes_alone() {
        // Its network before it: whoever takes a subnet or a network away looks there for the ports of routers.
        Ports::lock_first(cx, id, None).await?;
    }
    let mut port = resource::lock::<Ports>(cx, id).await?;
    Ports::permit(cx, "update", &port).await?;
    if !port.device_id.is_empty() {
        return Err(ApiError::PortInUse {
            id: id.to_owned(),
            network: port.network_id.to_string(),
            device: port.device_id.clone(),
        });
    }
    if port.fixed_ips.is_empty() {
        return Err(bad("Router port must have at least one fixed IP"));
    }
    if port.fixed_ips.iter().filter(|fixed_ip| fixed_ip.ip_address.is_ipv4()).count() > 1 {
        return Err(bad("Cannot have multiple IPv4 subnets on router port"));
    }
    let attached = subnets(cx, &ports(cx, router).await?).await?;
    let joined = subnets(cx, std::slice::from_ref(&port)).await?;
    for subnet in &joined {
        refuse_overlap(subnet, &attached)?;
    }
    port.device_id = router.id.to_string();
    port.device_owner = OWNER_ROUTER_INTERFACE.to_owned();
    cx.session.table().update(&mut port).await.map_err(ApiError::from_store)?;
    Ok((port, joined.iter().map(|subnet| subnet.id).collect()))
}

/// The interface that a request names, and the subnets that the router loses with it.
async fn interface_to_remove(
    cx: Context<'_>,
    router: &Router,
    request: InterfaceRequest,
) -> Result<(Stored<Port>, Vec<SubnetId>), ApiError> {
    let interfaces = of_router(cx, router.id).await?;
    let (port, subnet) = match request {
        InterfaceRequest::Subnet(subnet) => {
            let subnet = resource::find::<Subnets>(cx, &subnet).await?.id;
            let port = interfaces.into_iter().find(|port| has_subnet(port, subnet));
            let missing = || ApiError::RouterInterfaceNotFoundForSubnet {
                id: router.id.to_string(),
                subnet: subnet.to_string(),
            };
            return Ok((port.ok_or_else(missing)?, vec![subnet]));
        }
        InterfaceRequest::Port(port) => (port, None),
        InterfaceRequest::Both { subnet, port } => (port, Some(subnet)),
    };
    let missing = || ApiError::RouterInterfaceNotFound { id: router.id.to_string(), port: port.clone() };
    let port =
        interfaces.into_iter().find(|candidate| candidate.id.to_string() == port).ok_or_else(missing)?;
    let leaving: Vec<SubnetId> = port.fixed_ips.iter().map(|fixed_ip| fixed_ip.subnet_id).collect();
    match subnet {
        Some(subnet) if leaving.iter().all(|id| id.to_string() != subnet) => {
            Err(ApiError::SubnetMismatchForPort { port: port.id.to_string(), subnet })
        }
        Some(_) | None => Ok((port, leaving)),
    }
}

/// Refuses to take a subnet from a router that needs it.
async fn refuse_needed(cx: Context<'_>, router: &Router, subnet: SubnetId) -> Result<(), ApiError> {
    protection::interface_may_go(cx, router.id, subnet).await?;
    let stored = cx.session.table::<Subnet>().find(subnet).await.map_err(ApiError::from_store)?;
    let leads_through =
        |subnet: &Subnet| router.routes.iter().any(|route| subnet.cidr.contains(&route.nexthop));
    if let Some(subnet) = &stored {
        floating_ip::interface_may_go(cx, router, subnet).await?;
    }
    if stored.is_some_and(|subnet| leads_through(&subnet)) {
        return Err(ApiError::RouterInterfaceInUseByRoute {
            id: router.id.to_string(),
            subnet: subnet.to_string(),
        });
    }
    Ok(())
}

fn has_subnet(port: &Port, subnet: SubnetId) -> bool {
    port.fixed_ips.iter().any(|fixed_ip| fixed_ip.subnet_id == subnet)
}

/// A new revision of the router, and work for its agent.
async fn changed(cx: Context<'_>, router: &mut Stored<Router>) -> Result<(), ApiError> {
    cx.session.table().update(router).await.map_err(ApiError::from_store)?;
    cx.session.touch(router.id);
    Ok(())
}

fn view(router: &Router, port: &Port, subnet_ids: Vec<SubnetId>) -> InterfaceView {
    let project_id: ProjectId = router.project_id.clone();
    InterfaceView {
        id: router.id,
        tenant_id: project_id.clone(),
        project_id,
        port_id: port.id,
        network_id: port.network_id,
        subnet_id: subnet_ids.first().copied(),
        subnet_ids,
    }
}
