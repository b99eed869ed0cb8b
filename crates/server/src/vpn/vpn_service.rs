//! VPN services.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use adit_api::vpn::vpn_service::{Create, SCHEMA, Update, View};
use adit_api::{ApiError, Schema};
use adit_model::flavor::ServiceType;
use adit_model::port::OWNER_ROUTER_INTERFACE;
use adit_model::{
    Port, ProjectId, Router, RouterId, SiteConnection, Status, Subnet, SubnetId, VpnService, VpnServiceId,
};
use adit_store::{Listing, Session, Stored};
use uuid::Uuid;

use crate::network::flavor;
use crate::resource::{Context, FromStore, Resource, replace};

pub(crate) struct VpnServices;

impl Resource for VpnServices {
    type Record = VpnService;
    type Create = Create;
    type Update = Update;
    type View = View;
    const SCHEMA: &'static Schema = &SCHEMA;

    fn not_found(id: &str) -> ApiError {
        ApiError::VPNServiceNotFound { id: id.to_owned() }
    }

    fn owner(service: &VpnService) -> &ProjectId {
        &service.project_id
    }

    async fn create(cx: Context<'_>, create: Create) -> Result<Stored<VpnService>, ApiError> {
        let flavor_id = match &create.flavor_id {
            Some(id) => Some(flavor::chosen(cx, id, ServiceType::Vpn).await?),
            None => None,
        };
        // Its gateway and its interfaces stay until the service is there.
        let router = cx.session.table::<Router>().lock_in(&create.router_id, &cx.caller.visible()).await;
        let router = router.map_err(ApiError::from_store)?;
        let router = router.ok_or_else(|| ApiError::RouterNotFound { id: create.router_id.clone() })?;
        if router.gateway.is_none() {
            return Err(ApiError::RouterIsNotExternal { id: create.router_id });
        }
        let subnet_id = match &create.subnet_id {
            Some(subnet) => Some(attached_subnet(cx.session, router.id, subnet).await?.id),
            None => None,
        };
        let (external_v4_ip, external_v6_ip) = external_addresses(cx.session, &router).await?;
        let service = VpnService {
            id: VpnServiceId::new(Uuid::new_v4()),
            project_id: create.project_id,
            name: create.name,
            description: create.description,
            router_id: router.id,
            subnet_id,
            flavor_id,
            admin_state_up: create.admin_state_up,
            external_v4_ip,
            external_v6_ip,
            status: Status::PendingCreate,
            reason: None,
        };
        let service = cx.session.table().insert(service).await.map_err(ApiError::from_store)?;
        cx.session.touch(router.id);
        Ok(service)
    }

    async fn update(
        cx: Context<'_>,
        mut service: Stored<VpnService>,
        update: Update,
    ) -> Result<Stored<VpnService>, ApiError> {
        let Update { name, description, admin_state_up } = update;
        let before = service.record.clone();
        replace(&mut service.name, name);
        replace(&mut service.description, description);
        replace(&mut service.admin_state_up, admin_state_up);
        if service.record == before {
            return Ok(service);
        }
        cx.session.table().update(&mut service).await.map_err(ApiError::from_store)?;
        if service.admin_state_up != before.admin_state_up {
            cx.session.touch(service.router_id);
        }
        Ok(service)
    }

    async fn delete(cx: Context<'_>, service: Stored<VpnService>) -> Result<(), ApiError> {
        let users =
            cx.session.table::<SiteConnection>().count(&Listing::of("vpn_service_id", service.id)).await;
        if users.map_err(ApiError::from_store)? > 0 {
            return Err(ApiError::VPNServiceInUse { id: service.id.to_string() });
        }
        cx.session.table::<VpnService>().delete(service.id).await.map_err(ApiError::from_store)?;
        cx.session.touch(service.router_id);
        Ok(())
    }

    async fn views(_: Context<'_>, services: Vec<Stored<VpnService>>) -> Result<Vec<View>, ApiError> {
        Ok(services.into_iter().map(|service| service.record.into()).collect())
    }
}

/// The first IPv4 and the first IPv6 address of a router's gateway.
pub(super) async fn external_addresses(
    session: &Session,
    router: &Router,
) -> Result<(Option<Ipv4Addr>, Option<Ipv6Addr>), ApiError> {
    let Some(gateway) = &router.gateway else { return Ok((None, None)) };
    let port = session.table::<Port>().find(gateway.port_id).await.map_err(ApiError::from_store)?;
    let addresses: Vec<IpAddr> =
        port.iter().flat_map(|port| &port.fixed_ips).map(|fixed_ip| fixed_ip.ip_address).collect();
    let v4 = addresses.iter().find_map(|address| if let IpAddr::V4(v4) = address { Some(*v4) } else { None });
    let v6 = addresses.iter().find_map(|address| if let IpAddr::V6(v6) = address { Some(*v6) } else { None });
    Ok((v4, v6))
}

/// A subnet that the router has an interface to.
///
/// # Errors
/// [`ApiError::SubnetIsNotConnectedToRouter`], also when there is no such subnet.
pub(super) async fn attached_subnet(
    session: &Session,
    router: RouterId,
    id: &str,
) -> Result<Stored<Subnet>, ApiError> {
    let subnet_id = id.parse().map_err(|_| unattached(id, router))?;
    attached_subnets(session, router, &[subnet_id]).await?.pop().ok_or_else(|| unattached(id, router))
}

/// Subnets that the router has interfaces to, in this order.
///
/// # Errors
/// [`ApiError::SubnetIsNotConnectedToRouter`] for the first that is not one.
pub(super) async fn attached_subnets(
    session: &Session,
    router: RouterId,
    ids: &[SubnetId],
) -> Result<Vec<Stored<Subnet>>, ApiError> {
    let found = session.table::<Subnet>().find_all("id", ids.iter().map(ToString::to_string).collect()).await;
    let found: BTreeMap<SubnetId, Stored<Subnet>> =
        found.map_err(ApiError::from_store)?.into_iter().map(|subnet| (subnet.id, subnet)).collect();
    let interfaces = Listing::of("device_id", router).and("device_owner", OWNER_ROUTER_INTERFACE);
    let ports = session.table::<Port>().list(&interfaces).await.map_err(ApiError::from_store)?;
    let attached: BTreeSet<SubnetId> =
        ports.iter().flat_map(|port| &port.fixed_ips).map(|fixed_ip| fixed_ip.subnet_id).collect();
    let subnet = |id: &SubnetId| found.get(id).filter(|_| attached.contains(id)).cloned();
    ids.iter().map(|id| subnet(id).ok_or_else(|| unattached(&id.to_string(), router))).collect()
}

fn unattached(subnet: &str, router: RouterId) -> ApiError {
    ApiError::SubnetIsNotConnectedToRouter { subnet_id: subnet.to_owned(), router_id: router.to_string() }
}
