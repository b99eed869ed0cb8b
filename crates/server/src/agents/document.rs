//! Building the router document: everything one router needs on its node, resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::net::IpAddr;
use std::slice;

use adit_api::ApiError;
use adit_model::endpoint_group::Endpoints;
use adit_model::port::{OWNER_ROUTER_INTERFACE, Port};
use adit_model::router_document::{
    CheckSpec, ConnectionSpec, FloatingIpSpec, GatewayInterface, Interface, RouterDocument, ServiceSpec,
};
use adit_model::site_connection::{Selectors, SiteConnection};
use adit_model::{
    EndpointGroup, FloatingIp, IkePolicy, IpsecPolicy, Network, Router, RouterId, Subnet, SubnetId,
    VpnService,
};
use adit_store::{Check, Listing, Record, Session, Stored};
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
    let floating_ips = floating_ips(session, router.id).await?;
    let (mut parts, connections) = Parts::load(session, &router).await?;
    let gateway = parts.gateway(&router)?;
    let interfaces = parts.interfaces.iter().map(|port| parts.interface(port)).collect::<Result<_, _>>()?;
    let checks = checks(session, &connections).await?;
    let connections = connections
        .into_iter()
        .map(|connection| parts.connection(connection.record, gateway.as_ref()))
        .collect::<Result<_, _>>()?;
    let service =
        |service: Stored<VpnService>| ServiceSpec { id: service.id, admin_state_up: service.admin_state_up };
    Ok(Some(RouterDocument {
        id: router.id,
        name: router.name.clone(),
        project_id: router.project_id.clone(),
        generation: router.generation,
        admin_state_up: router.admin_state_up,
        interfaces,
        gateway,
        routes: router.routes.clone(),
        floating_ips,
        services: std::mem::take(&mut parts.services).into_iter().map(service).collect(),
        connections,
        checks,
    }))
}

/// What is asked of the gateway beside.
async fn checks(
    session: &Session,
    connections: &[Stored<SiteConnection>],
) -> Result<Vec<CheckSpec>, ApiError> {
    let ids = connections.iter().map(|connection| connection.id).collect();
    let open = session.table::<SiteConnection>().open_checks(ids).await.map_err(ApiError::from_store)?;
    let spec = |check: Check| CheckSpec {
        id: check.id,
        connection_id: check.site_connection_id,
        target: check.target,
    };
    Ok(open.into_iter().map(spec).collect())
}

/// What a site connection is told of in the document of its router.
///
/// # Errors
/// As [`build`].
pub(crate) async fn of_connection(
    session: &Session,
    connection: Stored<SiteConnection>,
) -> Result<ConnectionSpec, ApiError> {
    let service = found::<VpnService>(session, connection.vpn_service_id).await?;
    let router = found::<Router>(session, service.router_id).await?;
    let parts = Parts::around(session, &router, vec![service], slice::from_ref(&connection)).await?;
    parts.connection(connection.record, parts.gateway(&router)?.as_ref())
}

/// A row that another one refers to.
async fn found<R: Record>(session: &Session, id: impl Display) -> Result<Stored<R>, ApiError> {
    let id = id.to_string();
    let found = session.table::<R>().find(&id).await.map_err(ApiError::from_store)?;
    found.ok_or_else(|| gone::<R>(&id))
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

/// What a document is put together from, read with as many statements for one connection as for a thousand.
struct Parts {
    interfaces: Vec<Stored<Port>>,
    gateway: Option<Stored<Port>>,
    services: Vec<Stored<VpnService>>,
    networks: Rows<Network>,
    subnets: Rows<Subnet>,
    groups: Rows<EndpointGroup>,
    ike_policies: Rows<IkePolicy>,
    ipsec_policies: Rows<IpsecPolicy>,
}

impl Parts {
    /// Reads them, and the connections that they belong to.
    async fn load(
        session: &Session,
        router: &Router,
    ) -> Result<(Self, Vec<Stored<SiteConnection>>), ApiError> {
        let services = Listing::of("router_id", router.id);
        let services = session.table::<VpnService>().list(&services).await.map_err(ApiError::from_store)?;
        let connections = connections(session, &services).await?;
        Ok((Self::around(session, router, services, &connections).await?, connections))
    }

    /// Reads what these connections of these services need.
    async fn around(
        session: &Session,
        router: &Router,
        services: Vec<Stored<VpnService>>,
        connections: &[Stored<SiteConnection>],
    ) -> Result<Self, ApiError> {
        let interfaces = Listing::of("device_id", router.id).and("device_owner", OWNER_ROUTER_INTERFACE);
        let interfaces = session.table::<Port>().list(&interfaces).await.map_err(ApiError::from_store)?;
        let gateway = match &router.gateway {
            None => None,
            Some(gateway) => session.table().find(gateway.port_id).await.map_err(ApiError::from_store)?,
        };
        let groups = Rows::load(session, groups_of(connections)).await?;
        let networks = texts(interfaces.iter().chain(&gateway).map(|port| port.network_id));
        let subnets = subnets_of(interfaces.iter().chain(&gateway), &services, &groups);
        let ike_policies = texts(connections.iter().map(|connection| connection.ike_policy_id));
        let ipsec_policies = texts(connections.iter().map(|connection| connection.ipsec_policy_id));
        Ok(Self {
            networks: Rows::load(session, networks).await?,
            subnets: Rows::load(session, subnets).await?,
            ike_policies: Rows::load(session, ike_policies).await?,
            ipsec_policies: Rows::load(session, ipsec_policies).await?,
            interfaces,
            gateway,
            services,
            groups,
        })
    }

    fn interface(&self, port: &Port) -> Result<Interface, ApiError> {
        let network = self.networks.get(port.network_id)?;
        let mut addresses = Vec::with_capacity(port.fixed_ips.len());
        for fixed_ip in &port.fixed_ips {
            let subnet = self.subnets.get(fixed_ip.subnet_id)?;
            addresses.push(IpNet::new_assert(fixed_ip.ip_address, subnet.cidr.prefix_len()));
        }
        Ok(Interface {
            port_id: port.id,
            network_id: port.network_id,
            physical: network.physical.clone(),
            mac_address: port.mac_address,
            mtu: network.mtu,
            addresses,
            admin_state_up: port.admin_state_up,
        })
    }

    fn gateway(&self, router: &Router) -> Result<Option<GatewayInterface>, ApiError> {
        let Some(gateway) = &router.gateway else { return Ok(None) };
        let port = self.gateway.as_ref().ok_or_else(|| gone::<Port>(&gateway.port_id.to_string()))?;
        let mut next_hops: Vec<IpAddr> = Vec::new();
        for fixed_ip in &port.fixed_ips {
            let subnet = self.subnets.get(fixed_ip.subnet_id)?;
            let has_one = |hop: IpAddr| next_hops.iter().any(|known| known.is_ipv4() == hop.is_ipv4());
            if let Some(hop) = subnet.gateway_ip.filter(|hop| !has_one(*hop)) {
                next_hops.push(hop);
            }
        }
        let interface = self.interface(port)?;
        Ok(Some(GatewayInterface { interface, next_hops, enable_snat: gateway.enable_snat }))
    }

    fn connection(
        &self,
        connection: SiteConnection,
        gateway: Option<&GatewayInterface>,
    ) -> Result<ConnectionSpec, ApiError> {
        let service = self.services.iter().find(|service| service.id == connection.vpn_service_id);
        let service = service.ok_or_else(|| gone::<VpnService>(&connection.vpn_service_id.to_string()))?;
        let ike = self.ike_policies.get(connection.ike_policy_id)?;
        let ipsec = self.ipsec_policies.get(connection.ipsec_policy_id)?;
        let (local_networks, peer_networks) = self.networks(service, &connection.selectors)?;
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
            ike: ike.parameters.clone(),
            ipsec: ipsec.parameters.clone(),
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

    fn networks(
        &self,
        service: &VpnService,
        selectors: &Selectors,
    ) -> Result<(Vec<IpNet>, Vec<IpNet>), ApiError> {
        match selectors {
            Selectors::ServiceSubnet { peer_cidrs } => {
                let local = self.cidrs(service.subnet_id.as_slice())?;
                Ok((local, peer_cidrs.iter().map(|cidr| cidr.network()).collect()))
            }
            Selectors::EndpointGroups { local, peer } => {
                let (local, peer) = (&self.groups.get(*local)?.endpoints, &self.groups.get(*peer)?.endpoints);
                let (Endpoints::Subnets(local), Endpoints::Cidrs(peer)) = (local, peer) else {
                    return Err(ApiError::internal("a site connection uses endpoint groups of other types"));
                };
                Ok((self.cidrs(local)?, peer.iter().map(|cidr| cidr.network()).collect()))
            }
        }
    }

    fn cidrs(&self, subnets: &[SubnetId]) -> Result<Vec<IpNet>, ApiError> {
        subnets.iter().map(|id| Ok(self.subnets.get(*id)?.cidr)).collect()
    }
}

/// The connections of services: service by service, the oldest first.
async fn connections(
    session: &Session,
    services: &[Stored<VpnService>],
) -> Result<Vec<Stored<SiteConnection>>, ApiError> {
    let of_services = texts(services.iter().map(|service| service.id));
    let found = session.table::<SiteConnection>().find_all("vpn_service_id", of_services).await;
    let mut connections = found.map_err(ApiError::from_store)?;
    let position = |connection: &SiteConnection| {
        services.iter().position(|service| service.id == connection.vpn_service_id)
    };
    connections.sort_by_cached_key(|one| (position(one), one.created_at, one.id.to_string()));
    Ok(connections)
}

/// The gateway's first address of the peer's IP version.
fn local_address(gateway: Option<&GatewayInterface>, peer_address: &str) -> Option<IpAddr> {
    let peer_is_v6 = peer_address.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6());
    let addresses = gateway?.interface.addresses.iter().map(IpNet::addr);
    addresses.into_iter().find(|address| address.is_ipv6() == peer_is_v6)
}

/// Rows that other rows refer to, by their ids.
struct Rows<R>(BTreeMap<String, Stored<R>>);

impl<R: Record> Rows<R> {
    async fn load(session: &Session, ids: BTreeSet<String>) -> Result<Self, ApiError> {
        let found = session.table::<R>().find_all("id", ids).await.map_err(ApiError::from_store)?;
        Ok(Self(found.into_iter().map(|stored| (stored.record.id(), stored)).collect()))
    }

    fn get(&self, id: impl Display) -> Result<&R, ApiError> {
        let id = id.to_string();
        self.0.get(&id).map(|stored| &stored.record).ok_or_else(|| gone::<R>(&id))
    }
}

/// Ids as the store looks for them.
pub(super) fn texts(ids: impl IntoIterator<Item: Display>) -> BTreeSet<String> {
    ids.into_iter().map(|id| id.to_string()).collect()
}

fn groups_of(connections: &[Stored<SiteConnection>]) -> BTreeSet<String> {
    let groups = connections.iter().flat_map(|connection| match &connection.selectors {
        Selectors::ServiceSubnet { .. } => [None, None],
        Selectors::EndpointGroups { local, peer } => [Some(*local), Some(*peer)],
    });
    texts(groups.flatten())
}

fn subnets_of<'a>(
    ports: impl Iterator<Item = &'a Stored<Port>>,
    services: &[Stored<VpnService>],
    groups: &Rows<EndpointGroup>,
) -> BTreeSet<String> {
    let of_ports = ports.flat_map(|port| &port.fixed_ips).map(|fixed_ip| fixed_ip.subnet_id);
    let of_services = services.iter().filter_map(|service| service.subnet_id);
    let of_groups = groups.0.values().flat_map(|group| match &group.endpoints {
        Endpoints::Subnets(subnets) => subnets.as_slice(),
        Endpoints::Cidrs(_) | Endpoints::Unused(..) => &[],
    });
    texts(of_ports.chain(of_services).chain(of_groups.copied()))
}

fn gone<R: Record>(id: &str) -> ApiError {
    ApiError::internal(format!("the {} `{id}` is referred to but gone", R::NOUN))
}
