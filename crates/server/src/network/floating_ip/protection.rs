//! What floating IPs need must not be pulled away under them: the checks that other resources make, and what they take
//! floating IPs along with.

use adit_api::ApiError;
use adit_model::floating_ip::{Association, FloatingIpStatus};
use adit_model::{FloatingIp, NetworkId, Port, Router, RouterId, Subnet};
use adit_store::{Listing, Stored};

use super::{association, remove};
use crate::resource::{Context, FromStore};

/// Refuses to take the gateway from a router that translates floating IPs, or the router itself.
///
/// # Errors
/// [`ApiError::RouterExternalGatewayInUseByFloatingIp`].
pub(in crate::network) async fn gateway_may_go(
    cx: Context<'_>,
    router: RouterId,
    network: NetworkId,
) -> Result<(), ApiError> {
    match of_router(cx, router).await?.as_slice() {
        [] => Ok(()),
        [..] => Err(ApiError::RouterExternalGatewayInUseByFloatingIp {
            id: router.to_string(),
            network: network.to_string(),
        }),
    }
}

/// Refuses to take a subnet from a router that translates floating IPs to addresses of it.
///
/// # Errors
/// [`ApiError::RouterInterfaceInUseByFloatingIP`].
pub(in crate::network) async fn interface_may_go(
    cx: Context<'_>,
    router: &Router,
    subnet: &Subnet,
) -> Result<(), ApiError> {
    let needs_it = |floating_ip: &Stored<FloatingIp>| {
        let fixed_ip = floating_ip.association.map(|association| association.fixed_ip);
        fixed_ip.is_some_and(|address| subnet.cidr.contains(&std::net::IpAddr::V4(address)))
    };
    if of_router(cx, router.id).await?.iter().any(needs_it) {
        return Err(ApiError::RouterInterfaceInUseByFloatingIP {
            id: router.id.to_string(),
            subnet: subnet.id.to_string(),
        });
    }
    Ok(())
}

/// Refuses to take an address from a port that a floating IP stands for.
///
/// # Errors
/// [`ApiError::BadRequest`].
pub(in crate::network) async fn port_keeps_addresses(cx: Context<'_>, port: &Port) -> Result<(), ApiError> {
    let has = |address| port.fixed_ips.iter().any(|fixed_ip| fixed_ip.ip_address == address);
    let associations = of_port(cx, port).await?;
    let mut fixed_ips = associations.iter().filter_map(|floating_ip| floating_ip.association);
    if fixed_ips.all(|association| has(std::net::IpAddr::V4(association.fixed_ip))) {
        return Ok(());
    }
    Err(ApiError::BadRequest {
        resource: "port".to_owned(),
        reason: format!(
            "Cannot update the fixed_ips of the port {}, because its original fixed_ip has been associated to a floating ip",
            port.id
        ),
    })
}

/// Frees the floating IPs that stand for a port that goes.
pub(in crate::network) async fn port_goes(cx: Context<'_>, port: &Port) -> Result<(), ApiError> {
    free(cx, of_port(cx, port).await?).await
}

/// Frees the floating IPs that stand for addresses of a port that it has no longer.
pub(in crate::network) async fn addresses_go(cx: Context<'_>, port: &Port) -> Result<(), ApiError> {
    let is_left = |association: Association| {
        let address = std::net::IpAddr::V4(association.fixed_ip);
        port.fixed_ips.iter().any(|fixed_ip| fixed_ip.ip_address == address)
    };
    let mut floating_ips = of_port(cx, port).await?;
    floating_ips.retain(|floating_ip| !floating_ip.association.is_some_and(is_left));
    free(cx, floating_ips).await
}

async fn free(cx: Context<'_>, floating_ips: Vec<Stored<FloatingIp>>) -> Result<(), ApiError> {
    let mut freed = Vec::new();
    for mut floating_ip in floating_ips {
        freed.push(floating_ip.association.take());
        floating_ip.status = FloatingIpStatus::Down;
        cx.session.table().update(&mut floating_ip).await.map_err(ApiError::from_store)?;
    }
    association::touch(cx, freed);
    Ok(())
}

/// The floating IPs of an external network that stand for nothing, locked.
pub(in crate::network) async fn unassociated(
    cx: Context<'_>,
    network: NetworkId,
) -> Result<Vec<Stored<FloatingIp>>, ApiError> {
    let mut floating_ips = list(cx, Listing::of("network_id", network)).await?;
    floating_ips.retain(|floating_ip| floating_ip.association.is_none());
    let mut floating_ips = relocked(cx, floating_ips).await?;
    floating_ips.retain(|floating_ip| floating_ip.association.is_none());
    Ok(floating_ips)
}

/// Removes the floating IPs of a network that goes.
pub(in crate::network) async fn network_goes(
    cx: Context<'_>,
    floating_ips: Vec<Stored<FloatingIp>>,
) -> Result<(), ApiError> {
    for floating_ip in floating_ips {
        remove(cx, &floating_ip).await?;
    }
    Ok(())
}

async fn of_router(cx: Context<'_>, router: RouterId) -> Result<Vec<Stored<FloatingIp>>, ApiError> {
    list(cx, Listing::of("router_id", router)).await
}

/// Locked: none of them is associated otherwise, or removed, before this session ends.
async fn of_port(cx: Context<'_>, port: &Port) -> Result<Vec<Stored<FloatingIp>>, ApiError> {
    let stands_for_it = |association: Association| association.port_id == port.id;
    let mut locked = relocked(cx, list(cx, Listing::of("port_id", port.id)).await?).await?;
    locked.retain(|floating_ip| floating_ip.association.is_some_and(stands_for_it));
    Ok(locked)
}

/// Floating IPs as they are now: somebody may have changed them since they were listed, and nobody does from here on.
async fn relocked(
    cx: Context<'_>,
    floating_ips: Vec<Stored<FloatingIp>>,
) -> Result<Vec<Stored<FloatingIp>>, ApiError> {
    cx.session.table().relock(floating_ips).await.map_err(ApiError::from_store)
}

async fn list(cx: Context<'_>, listing: Listing) -> Result<Vec<Stored<FloatingIp>>, ApiError> {
    cx.session.table::<FloatingIp>().list(&listing).await.map_err(ApiError::from_store)
}
