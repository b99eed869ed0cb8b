//! What VPN uses must not be pulled away under it: the checks that the network resources make before they go. They hold
//! since whoever begins to use a router or a subnet locks it first, as those do who ask here.

use adit_api::ApiError;
use adit_model::endpoint_group::Endpoints;
use adit_model::site_connection::Selectors;
use adit_model::{EndpointGroup, Router, RouterId, SiteConnection, SubnetId, VpnService, VpnServiceId};
use adit_store::{Listing, Stored};

use crate::resource::{Context, FromStore};

/// Refuses to take the gateway from a router with VPN services, or the router itself.
///
/// # Errors
/// [`ApiError::RouterInUse`].
pub(crate) async fn gateway_may_go(cx: Context<'_>, router: RouterId) -> Result<(), ApiError> {
    let services = services(cx, router).await?;
    let ids: Vec<String> = services.iter().map(|service| service.id.to_string()).collect();
    match ids.as_slice() {
        [] => Ok(()),
        [id] => Err(router_in_use(router, format!("is currently used by VPN service ({id})"))),
        ids => Err(router_in_use(router, format!("is currently used by VPN services ({})", ids.join(",")))),
    }
}

/// Refuses to take a subnet from a router when a VPN service or a site connection of the router needs it.
///
/// # Errors
/// [`ApiError::SubnetInUseByVPNService`], [`ApiError::SubnetInUseByIPsecSiteConnection`].
pub(crate) async fn interface_may_go(
    cx: Context<'_>,
    router: RouterId,
    subnet: SubnetId,
) -> Result<(), ApiError> {
    for service in services(cx, router).await? {
        if service.subnet_id == Some(subnet) {
            return Err(ApiError::SubnetInUseByVPNService {
                subnet_id: subnet.to_string(),
                id: service.id.to_string(),
            });
        }
        for connection in connections(cx, &service).await? {
            if uses_subnet(cx, &connection, subnet).await? {
                let id = connection.id.to_string();
                return Err(ApiError::SubnetInUseByIPsecSiteConnection { subnet_id: subnet.to_string(), id });
            }
        }
    }
    Ok(())
}

/// Refuses to delete a subnet that is a member of an endpoint group.
///
/// # Errors
/// [`ApiError::SubnetInUse`].
pub(crate) async fn subnet_may_go(cx: Context<'_>, subnet: SubnetId) -> Result<(), ApiError> {
    let group =
        cx.session.table::<EndpointGroup>().with_subnet(subnet).await.map_err(ApiError::from_store)?;
    match group {
        None => Ok(()),
        Some(group) => Err(ApiError::SubnetInUse {
            id: subnet.to_string(),
            reason: format!("Subnet {subnet} is used by endpoint group {group}"),
        }),
    }
}

/// Lets the VPN services of a router, which is locked, follow its gateway's addresses.
///
/// # Errors
/// [`ApiError::Internal`].
pub(crate) async fn gateway_changed(cx: Context<'_>, router: &Router) -> Result<(), ApiError> {
    let (v4, v6) = super::vpn_service::external_addresses(cx.session, router).await?;
    let mut services = services(cx, router.id).await?;
    services.retain(|service| (service.external_v4_ip, service.external_v6_ip) != (v4, v6));
    let mut ids: Vec<VpnServiceId> = services.iter().map(|service| service.id).collect();
    ids.sort_unstable();
    // Nothing else of them: somebody may be changing it.
    let table = cx.session.table::<VpnService>();
    table.set_external_addresses(&ids, v4, v6).await.map_err(ApiError::from_store)
}

async fn services(cx: Context<'_>, router: RouterId) -> Result<Vec<Stored<VpnService>>, ApiError> {
    cx.session.table().list(&Listing::of("router_id", router)).await.map_err(ApiError::from_store)
}

async fn connections(cx: Context<'_>, service: &VpnService) -> Result<Vec<Stored<SiteConnection>>, ApiError> {
    cx.session.table().list(&Listing::of("vpn_service_id", service.id)).await.map_err(ApiError::from_store)
}

async fn uses_subnet(
    cx: Context<'_>,
    connection: &SiteConnection,
    subnet: SubnetId,
) -> Result<bool, ApiError> {
    let Selectors::EndpointGroups { local, peer: _ } = &connection.selectors else { return Ok(false) };
    let group = cx.session.table::<EndpointGroup>().find(local).await.map_err(ApiError::from_store)?;
    Ok(group
        .is_some_and(|group| matches!(&group.endpoints, Endpoints::Subnets(ids) if ids.contains(&subnet))))
}

fn router_in_use(router: RouterId, reason: String) -> ApiError {
    ApiError::RouterInUse { id: router.to_string(), reason }
}
