//! The gateway of a router: its port on an external network.

use adit_api::ApiError;
use adit_api::network::fixed_ip::FixedIpRequest;
use adit_api::network::router::GatewayRequest;
use adit_model::port::{Binding, FixedIp, OWNER_ROUTER_GATEWAY};
use adit_model::router::Gateway;
use adit_model::{Network, Port, PortId, ProjectId, Router, RouterId, Subnet};
use adit_store::{Listing, Stored};
use uuid::Uuid;

use super::allocation::{self, Addresses, Holder};
use super::floating_ip;
use super::interface::{self, bad};
use super::network::Networks;
use crate::resource::{self, Context, FromStore};
use crate::vpn::protection;

/// Makes a router's gateway what `request` says. The router is changed, yet not written; the port that is returned
/// carries the gateway no longer, and is to go once the router is written.
///
/// # Errors
/// Whatever is wrong with the network or the addresses, [`ApiError::RouterInUse`] while VPN services need the gateway.
pub(super) async fn set(
    cx: Context<'_>,
    router: &mut Router,
    request: &GatewayRequest,
) -> Result<Option<PortId>, ApiError> {
    let old = router.gateway.clone();
    let Some(network) = &request.network_id else {
        if let Some(old) = &old {
            floating_ip::gateway_may_go(cx, router.id, old.network_id).await?;
            protection::gateway_may_go(cx, router.id).await?;
        }
        router.gateway = None;
        return match old {
            None => Ok(None),
            Some(gateway) => retire(cx, &gateway).await.map(Some),
        };
    };
    // It stays external as long as the gateway comes to be.
    let network = resource::lock::<Networks>(cx, network).await?;
    if !network.external {
        return Err(bad(format!("Network {} is not an external network", network.id)));
    }
    let enable_snat = request.enable_snat.unwrap_or(true);
    let requests = request.external_fixed_ips.as_deref();
    let (port_id, retired) = match old {
        Some(gateway) if gateway.network_id == network.id => {
            readdress(cx, gateway.port_id, requests).await?;
            (gateway.port_id, None)
        }
        Some(gateway) => {
            floating_ip::gateway_may_go(cx, router.id, gateway.network_id).await?;
            protection::gateway_may_go(cx, router.id).await?;
            let port_id = plug(cx, router.id, &network, requests).await?;
            (port_id, Some(retire(cx, &gateway).await?))
        }
        None => (plug(cx, router.id, &network, requests).await?, None),
    };
    router.gateway = Some(Gateway { network_id: network.id, port_id, enable_snat });
    Ok(retired)
}

/// The port of a gateway that goes. It is locked before the router is written, which comes last.
async fn retire(cx: Context<'_>, gateway: &Gateway) -> Result<PortId, ApiError> {
    cx.session.table::<Port>().hold(gateway.port_id).await.map_err(ApiError::from_store)?;
    Ok(gateway.port_id)
}

/// Makes a port for the router on its external network. It belongs to no project, so that tenants do not see it.
async fn plug(
    cx: Context<'_>,
    router: RouterId,
    network: &Network,
    requests: Option<&[FixedIpRequest]>,
) -> Result<PortId, ApiError> {
    let attached = interface::subnets(cx, &interface::of_router(cx, router).await?).await?;
    for subnet in subnets_of(cx, network).await? {
        interface::refuse_overlap(&subnet, &attached)?;
    }
    let mac_address = allocation::mac_address(cx, network.id, None).await?;
    let holder = Holder { network: network.id, mac_address, device_owner: OWNER_ROUTER_GATEWAY };
    let port = Port {
        id: PortId::new(Uuid::new_v4()),
        project_id: ProjectId::new(""),
        name: String::new(),
        description: String::new(),
        network_id: network.id,
        mac_address,
        fixed_ips: addresses(cx, Addresses::anew(cx, holder, &[]).await?, requests).await?,
        device_id: router.to_string(),
        device_owner: OWNER_ROUTER_GATEWAY.to_owned(),
        admin_state_up: true,
        port_security_enabled: false,
        wired: false,
        allowed_address_pairs: Vec::new(),
        extra_dhcp_opts: Vec::new(),
        security_groups: Vec::new(),
        binding: Binding::default(),
    };
    let port = cx.session.table().insert(port).await.map_err(ApiError::from_store)?;
    Ok(port.id)
}

/// Gives the gateway's port the addresses that are asked for; without any it keeps its own, and gets one of each IP
/// version that the network has gained since.
async fn readdress(
    cx: Context<'_>,
    port: PortId,
    requests: Option<&[FixedIpRequest]>,
) -> Result<(), ApiError> {
    let port: Option<Stored<Port>> = cx.session.table().lock(port).await.map_err(ApiError::from_store)?;
    let mut port = port.ok_or_else(|| ApiError::internal("a router's gateway has no port"))?;
    let free = match requests {
        None => Addresses::more(cx, Holder::of(&port), &port.fixed_ips).await?,
        Some(_) => Addresses::anew(cx, Holder::of(&port), &port.fixed_ips).await?,
    };
    let fixed_ips = addresses(cx, free, requests).await?;
    if fixed_ips != port.fixed_ips {
        port.fixed_ips = fixed_ips;
        cx.session.table().update(&mut port).await.map_err(ApiError::from_store)?;
    }
    Ok(())
}

async fn addresses(
    cx: Context<'_>,
    mut addresses: Addresses<'_>,
    requests: Option<&[FixedIpRequest]>,
) -> Result<Vec<FixedIp>, ApiError> {
    match requests {
        None | Some([]) => addresses.automatic().await?,
        Some(requests) => {
            for request in requests {
                addresses.requested(request).await?;
            }
        }
    }
    let given = addresses.given();
    for fixed_ip in &given {
        let subnet: Option<Stored<Subnet>> =
            cx.session.table().find(fixed_ip.subnet_id).await.map_err(ApiError::from_store)?;
        if subnet.is_some_and(|subnet| subnet.gateway_ip == Some(fixed_ip.ip_address)) {
            return Err(bad(format!("External IP {} is the same as the gateway IP", fixed_ip.ip_address)));
        }
    }
    Ok(given)
}

async fn subnets_of(cx: Context<'_>, network: &Network) -> Result<Vec<Stored<Subnet>>, ApiError> {
    cx.session.table().list(&Listing::of("network_id", network.id)).await.map_err(ApiError::from_store)
}
