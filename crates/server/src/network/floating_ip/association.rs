//! What a floating IP stands for: finding the address inside, and the router on the way to it.

use std::net::{IpAddr, Ipv4Addr};

use adit_api::ApiError;
use adit_model::floating_ip::Association;
use adit_model::port::{FixedIp, OWNER_ROUTER_INTERFACE};
use adit_model::{FloatingIp, NetworkId, Port, Router, RouterId, Subnet, SubnetId};
use adit_store::{Listing, Stored};

use super::bad;
use crate::network::port::Ports;
use crate::resource::{self, Context, FromStore, Resource};

/// What `floating_ip` comes to stand for: `fixed_ip` of the port, or the port's only IPv4 address.
///
/// # Errors
/// Whatever is wrong with the port or the address, [`ApiError::FloatingIPPortAlreadyAssociated`],
/// [`ApiError::ExternalGatewayForFloatingIPNotFound`].
pub(super) async fn find(
    cx: Context<'_>,
    floating_ip: &FloatingIp,
    port: &str,
    fixed_ip: Option<IpAddr>,
) -> Result<Association, ApiError> {
    let wanted = port;
    let port = resource::find::<Ports>(cx, wanted).await?;
    if port.project_id != floating_ip.project_id && !cx.caller.is_admin() {
        return Err(bad(format!("Port {} is owned by a different project", port.id)));
    }
    // Nobody takes the port's address away before this session ends.
    let port = cx.session.table::<Port>().lock(port.id).await.map_err(ApiError::from_store)?;
    let port = port.ok_or_else(|| Ports::not_found(wanted))?;
    let (subnet_id, fixed_ip) = address(&port, fixed_ip)?;
    refuse_second(cx, floating_ip, &port, fixed_ip).await?;
    let unreachable = || ApiError::ExternalGatewayForFloatingIPNotFound {
        network: floating_ip.network_id.to_string(),
        subnet: subnet_id.to_string(),
        port: port.id.to_string(),
    };
    let router = router(cx, subnet_id, floating_ip.network_id).await?.ok_or_else(unreachable)?;
    let association = Association { port_id: port.id, fixed_ip, router_id: router };
    if cx.session.writes_alone() {
        return Ok(association);
    }
    // Whoever takes the interface or the gateway away has the router locked, and looks for floating IPs then.
    cx.session.table::<Router>().hold(router).await.map_err(ApiError::from_store)?;
    match self::router(cx, subnet_id, floating_ip.network_id).await? {
        Some(still) if still == router => Ok(association),
        // Another one is on the way now, and that is not the one that is locked.
        Some(_) => Err(ApiError::Collision(None)),
        None => Err(unreachable()),
    }
}

/// Wakes the agents of the routers that translate, or translated.
pub(super) fn touch(cx: Context<'_>, associations: impl IntoIterator<Item = Option<Association>>) {
    for association in associations.into_iter().flatten() {
        cx.session.touch(association.router_id);
    }
}

/// Locks the router that [`find`] will most likely find, if any, before anything else is locked. What is wrong with the
/// request is told there.
pub(super) async fn lock_router(
    cx: Context<'_>,
    port: &str,
    fixed_ip: Option<IpAddr>,
    external: &str,
) -> Result<(), ApiError> {
    let port = cx.session.table::<Port>().find(port).await.map_err(ApiError::from_store)?;
    let subnet = port.and_then(|port| address(&port, fixed_ip).ok()).map(|(subnet, _)| subnet);
    let (Some(subnet), Ok(external)) = (subnet, external.parse()) else { return Ok(()) };
    match router(cx, subnet, external).await? {
        Some(router) => cx.session.table::<Router>().hold(router).await.map_err(ApiError::from_store),
        None => Ok(()),
    }
}

/// The wanted address of a port with the subnet that it is of, or the only one.
fn address(port: &Port, wanted: Option<IpAddr>) -> Result<(SubnetId, Ipv4Addr), ApiError> {
    let mut addresses =
        port.fixed_ips.iter().filter_map(|FixedIp { subnet_id, ip_address }| match ip_address {
            IpAddr::V4(address) => Some((*subnet_id, *address)),
            IpAddr::V6(_) => None,
        });
    match wanted {
        Some(IpAddr::V6(wanted)) => {
            Err(bad(format!("Cannot bind a floating IP to {wanted}, since that is not an IPv4 address")))
        }
        Some(IpAddr::V4(wanted)) => addresses
            .find(|(_, address)| *address == wanted)
            .ok_or_else(|| bad(format!("Port {} does not have fixed ip {wanted}", port.id))),
        None => match (addresses.next(), addresses.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(bad(format!(
                "Cannot add floating IP to port {} that has no fixed IPv4 addresses",
                port.id
            ))),
            (Some(_), Some(_)) => Err(bad(format!(
                "Port {} has multiple fixed IPv4 addresses.  Must provide a specific IPv4 address when assigning a floating IP",
                port.id
            ))),
        },
    }
}

/// Refuses a second address of the same external network for one address inside.
async fn refuse_second(
    cx: Context<'_>,
    floating_ip: &FloatingIp,
    port: &Port,
    fixed_ip: Ipv4Addr,
) -> Result<(), ApiError> {
    let same =
        Listing::of("port_id", port.id).and("fixed_ip", fixed_ip).and("network_id", floating_ip.network_id);
    let others = cx.session.table::<FloatingIp>().list(&same).await.map_err(ApiError::from_store)?;
    if others.iter().all(|other| other.id == floating_ip.id) {
        return Ok(());
    }
    Err(ApiError::FloatingIPPortAlreadyAssociated {
        id: floating_ip.id.to_string(),
        address: floating_ip.address.to_string(),
        port: port.id.to_string(),
        fixed_ip: fixed_ip.to_string(),
        network: floating_ip.network_id.to_string(),
    })
}

/// A router with an interface on the subnet and its gateway on the external network. One that has the subnet's gateway
/// address is taken before others: it is where hosts send their answers.
async fn router(
    cx: Context<'_>,
    subnet: SubnetId,
    external: NetworkId,
) -> Result<Option<RouterId>, ApiError> {
    let subnet: Option<Stored<Subnet>> =
        cx.session.table().find(subnet).await.map_err(ApiError::from_store)?;
    let Some(subnet) = subnet else { return Ok(None) };
    let ports = cx.session.table::<Port>().on_subnet(subnet.id).await.map_err(ApiError::from_store)?;
    let mut any = None;
    for port in ports.iter().filter(|port| port.device_owner == OWNER_ROUTER_INTERFACE) {
        let router =
            cx.session.table::<Router>().find(&port.device_id).await.map_err(ApiError::from_store)?;
        let Some(router) = router
            .filter(|router| router.gateway.as_ref().is_some_and(|gateway| gateway.network_id == external))
        else {
            continue;
        };
        if port.fixed_ips.iter().any(|fixed_ip| Some(fixed_ip.ip_address) == subnet.gateway_ip) {
            return Ok(Some(router.id));
        }
        any = any.or(Some(router.id));
    }
    Ok(any)
}
