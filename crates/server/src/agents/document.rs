//! Building the router document: everything one router needs on its node, resolved.

use std::net::IpAddr;

use adit_api::ApiError;
use adit_model::endpoint_group::Endpoints;
use adit_model::port::{OWNER_ROUTER_INTERFACE, Port};
use adit_model::router_document::{
    ConnectionSpec, FloatingIpSpec, GatewayInterface, Interface, RouterDocument, ServiceSpec,
};
use adit_model::site_connection::{Selectors, SiteConnection};
use adit_model::{
    Cidr, EndpointGroup, EndpointGroupId, FloatingIp, IkePolicy, IpsecPolicy, Network, Router, RouterId,
    Subnet, SubnetId, VpnService,
};
use adit_store::{Listing, Record, Session, Stored};
use ipnet::IpNet;

use crate::resource::FromStore;

/// The document of a router; `None` when there is no such router any more.
///
/// # Errors
/// [`ApiError::Internal`], also for references that lead nowhere: the database does not let them come about.
pub(crate) async fn build(session: &Session, router: RouterId) -> Result<Option<RouterDocument>, ApiError> {
    let Some(router) = session.table::<Router>().find(router).await.map_err(ApiError::from_store)? else {
        return Ok(None);
    };
    let gateway = gateway(session, &router).await?;
    let (services, connections) = vpn(session, &router, gateway.as_ref()).await?;
    Ok(Some(RouterDocument {
        id: router.id,
        name: router.name.clone(),
        project_id: router.project_id.clone(),
        generation: router.generation,
        admin_state_up: router.admin_state_up,
        interfaces: interfaces(session, router.id).await?,
        gateway,
        routes: router.routes.clone(),
        floating_ips: floating_ips(session, router.id).await?,
        services,
        connections,
    }))
}

async fn interfaces(session: &Session, router: RouterId) -> Result<Vec<Interface>, ApiError> {
    let listing = Listing::of("device_id", router).and("device_owner", OWNER_ROUTER_INTERFACE);
    let mut interfaces = Vec::new();
    for port in session.table::<Port>().list(&listing).await.map_err(ApiError::from_store)? {
        interfaces.push(interface(session, &port).await?);
    }
    Ok(interfaces)
}

async fn interface(session: &Session, port: &Port) -> Result<Interface, ApiError> {
    let network: Stored<Network> = get(session, port.network_id).await?;
    let mut addresses = Vec::with_capacity(port.fixed_ips.len());
    for fixed_ip in &port.fixed_ips {
        let subnet: Stored<Subnet> = get(session, fixed_ip.subnet_id).await?;
        addresses.push(IpNet::new_assert(fixed_ip.ip_address, subnet.cidr.prefix_len()));
    }
    Ok(Interface {
        port_id: port.id,
        network_id: port.network_id,
        physical: network.record.physical,
        mac_address: port.mac_address,
        mtu: network.record.mtu,
        addresses,
        admin_state_up: port.admin_state_up,
    })
}

async fn gateway(session: &Session, router: &Router) -> Result<Option<GatewayInterface>, ApiError> {
    let Some(gateway) = &router.gateway else { return Ok(None) };
    let port: Stored<Port> = get(session, gateway.port_id).await?;
    let mut next_hops: Vec<IpAddr> = Vec::new();
    for fixed_ip in &port.fixed_ips {
        let subnet: Stored<Subnet> = get(session, fixed_ip.subnet_id).await?;
        let has_one = |hop: IpAddr| next_hops.iter().any(|known| known.is_ipv4() == hop.is_ipv4());
        if let Some(hop) = subnet.gateway_ip.filter(|hop| !has_one(*hop)) {
            next_hops.push(hop);
        }
    }
    let interface = interface(session, &port).await?;
    Ok(Some(GatewayInterface { interface, next_hops, enable_snat: gateway.enable_snat }))
}

async fn floating_ips(session: &Session, router: RouterId) -> Result<Vec<FloatingIpSpec>, ApiError> {
    let listing = Listing::of("router_id", router);
    let floating_ips = session.table::<FloatingIp>().list(&listing).await.map_err(ApiError::from_store)?;
    let spec = |floating_ip: Stored<FloatingIp>| {
        let fixed_ip = floating_ip.association?.fixed_ip;
        Some(FloatingIpSpec { id: floating_ip.id, address: floating_ip.address, fixed_ip })
    };
    Ok(floating_ips.into_iter().filter_map(spec).collect())
}

async fn vpn(
    session: &Session,
    router: &Router,
    gateway: Option<&GatewayInterface>,
) -> Result<(Vec<ServiceSpec>, Vec<ConnectionSpec>), ApiError> {
    let (mut services, mut connections) = (Vec::new(), Vec::new());
    let listing = Listing::of("router_id", router.id);
    for service in session.table::<VpnService>().list(&listing).await.map_err(ApiError::from_store)? {
        services.push(ServiceSpec { id: service.id, admin_state_up: service.admin_state_up });
        let listing = Listing::of("vpn_service_id", service.id);
        for stored in session.table::<SiteConnection>().list(&listing).await.map_err(ApiError::from_store)? {
            connections.push(connection(session, &service, stored.record, gateway).await?);
        }
    }
    Ok((services, connections))
}

async fn connection(
    session: &Session,
    service: &VpnService,
    connection: SiteConnection,
    gateway: Option<&GatewayInterface>,
) -> Result<ConnectionSpec, ApiError> {
    let ike: Stored<IkePolicy> = get(session, connection.ike_policy_id).await?;
    let ipsec: Stored<IpsecPolicy> = get(session, connection.ipsec_policy_id).await?;
    let (local_networks, peer_networks) = networks(session, service, &connection.selectors).await?;
    let SiteConnection {
        id,
        project_id: _,
        name: _,
        description: _,
        vpn_service_id,
        ike_policy_id: _,
        ipsec_policy_id: _,
        local_id,
        peer_address,
        peer_id,
        selectors: _,
        mtu,
        initiator,
        dpd,
        psk,
        admin_state_up,
        status: _,
        reason: _,
    } = connection;
    Ok(ConnectionSpec {
        id,
        service_id: vpn_service_id,
        admin_state_up: admin_state_up && service.admin_state_up,
        ike: ike.record.parameters,
        ipsec: ipsec.record.parameters,
        local_address: local_address(gateway, &peer_address),
        local_id,
        peer_address,
        peer_id,
        local_networks,
        peer_networks,
        initiator,
        dpd,
        mtu,
        psk,
    })
}

/// The gateway's first address of the peer's IP version.
fn local_address(gateway: Option<&GatewayInterface>, peer_address: &str) -> Option<IpAddr> {
    let peer_is_v6 = peer_address.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6());
    let addresses = gateway?.interface.addresses.iter().map(IpNet::addr);
    addresses.into_iter().find(|address| address.is_ipv6() == peer_is_v6)
}

async fn networks(
    session: &Session,
    service: &VpnService,
    selectors: &Selectors,
) -> Result<(Vec<IpNet>, Vec<IpNet>), ApiError> {
    match selectors {
        Selectors::ServiceSubnet { peer_cidrs } => {
            let ids: Vec<SubnetId> = service.subnet_id.into_iter().collect();
            Ok((subnets(session, &ids).await?, peer_cidrs.iter().map(|cidr| cidr.network()).collect()))
        }
        Selectors::EndpointGroups { local, peer } => {
            let (local, peer) = (group(session, *local).await?, group(session, *peer).await?);
            let (Endpoints::Subnets(local), Endpoints::Cidrs(peer)) = (local, peer) else {
                return Err(ApiError::internal("a site connection uses endpoint groups of other types"));
            };
            Ok((subnets(session, &local).await?, peer.into_iter().map(Cidr::network).collect()))
        }
    }
}

async fn group(session: &Session, id: EndpointGroupId) -> Result<Endpoints, ApiError> {
    let group: Stored<EndpointGroup> = get(session, id).await?;
    Ok(group.record.endpoints)
}

async fn subnets(session: &Session, ids: &[SubnetId]) -> Result<Vec<IpNet>, ApiError> {
    let mut networks = Vec::with_capacity(ids.len());
    for id in ids {
        let subnet: Stored<Subnet> = get(session, *id).await?;
        networks.push(subnet.cidr);
    }
    Ok(networks)
}

/// A row that another row refers to.
async fn get<R: Record>(session: &Session, id: impl std::fmt::Display) -> Result<Stored<R>, ApiError> {
    let text = id.to_string();
    let found = session.table::<R>().find(id).await.map_err(ApiError::from_store)?;
    found.ok_or_else(|| ApiError::internal(format!("the {} `{text}` is referred to but gone", R::NOUN)))
}
