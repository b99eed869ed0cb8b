//! Subnets.

use std::collections::BTreeSet;
use std::net::IpAddr;

use adit_api::network::subnet::{Create, MOST_HOST_ROUTES, MOST_NAMESERVERS, SCHEMA, Update, View};
use adit_api::{ApiError, Schema};
use adit_model::port::{FixedIp, OWNER_DHCP, OWNER_FLOATING_IP, OWNER_ROUTER_INTERFACE};
use adit_model::router::Route;
use adit_model::subnet::{
    AllocationPool, EUI64_PREFIX, PoolError, check_pools, default_gateway, default_pools,
};
use adit_model::{Cidr, Network, NetworkId, Port, ProjectId, Subnet, SubnetId};
use adit_store::{Filter, Listing, Stored};
use ipnet::IpNet;
use serde_json::Value;
use uuid::Uuid;

use super::allocation::Holder;
use super::network::Networks;
use super::{interface, network, standard};
use crate::resource::{self, Context, FromStore, Resource};
use crate::vpn::protection;

pub(crate) struct Subnets;

impl Resource for Subnets {
    type Record = Subnet;
    type Create = Create;
    type Update = Update;
    type View = View;
    const SCHEMA: &'static Schema = &SCHEMA;

    fn not_found(id: &str) -> ApiError {
        ApiError::SubnetNotFound { id: id.to_owned() }
    }

    fn owner(subnet: &Subnet) -> &ProjectId {
        &subnet.project_id
    }

    /// The owner of the network may change its subnets too.
    async fn permit(cx: Context<'_>, action: &'static str, subnet: &Subnet) -> Result<(), ApiError> {
        if cx.caller.may_change(&subnet.project_id) {
            return Ok(());
        }
        let network = resource::find::<Networks>(cx, &subnet.network_id.to_string()).await?;
        cx.caller.require_change(&network.project_id, action, SCHEMA.rule)
    }

    /// A subnet's network, which is always the same, comes before it.
    async fn lock_first(cx: Context<'_>, id: &str, _: Option<&Update>) -> Result<(), ApiError> {
        let subnet = cx.session.table::<Subnet>().find(id).await.map_err(ApiError::from_store)?;
        match subnet {
            Some(subnet) => {
                cx.session.table::<Network>().hold(subnet.network_id).await.map_err(ApiError::from_store)
            }
            None => Ok(()),
        }
    }

    async fn create(cx: Context<'_>, create: Create) -> Result<Stored<Subnet>, ApiError> {
        let network = resource::find::<Networks>(cx, &create.network_id).await?;
        cx.caller.require_change(&network.project_id, "create", SCHEMA.rule)?;
        // Two subnets that are made at the same moment must not overlap.
        let network = cx.session.table::<Network>().lock(network.id).await.map_err(ApiError::from_store)?;
        let network = network.ok_or_else(|| Networks::not_found(&create.network_id))?;
        let cidr = requested_cidr(&create)?;
        let gateway_ip = create.gateway_ip.unwrap_or_else(|| Some(default_gateway(cidr)));
        let allocation_pools = if create.allocation_pools.is_empty() {
            default_pools(cidr, gateway_ip)
        } else {
            create.allocation_pools
        };
        let subnet = Subnet {
            id: SubnetId::new(Uuid::new_v4()),
            project_id: create.project_id,
            name: create.name,
            description: create.description,
            network_id: network.id,
            cidr,
            gateway_ip,
            allocation_pools,
            dns_nameservers: create.dns_nameservers,
            host_routes: create.host_routes,
            enable_dhcp: create.enable_dhcp,
            ipv6_ra_mode: create.ipv6_ra_mode,
            ipv6_address_mode: create.ipv6_address_mode,
            service_types: create.service_types,
        };
        if create.gateway_ip.is_none() && gateway_ip.is_some_and(|gateway| is_reserved(cidr, gateway)) {
            if subnet.enable_dhcp {
                check_for_dhcp(cidr)?;
            }
            return Err(ApiError::IpamValueInvalid {
                reason: format!(
                    "Gateway IP {} cannot be the network or broadcast IP address {cidr}",
                    default_gateway(cidr)
                ),
            });
        }
        check(&subnet, "new subnet")?;
        refuse_overlap(cx, &subnet).await?;
        let subnet = cx.session.table().insert(subnet).await.map_err(ApiError::from_store)?;
        address_hosts(cx, &subnet).await?;
        network::revise(cx, subnet.network_id).await?;
        Ok(subnet)
    }

    async fn update(
        cx: Context<'_>,
        mut subnet: Stored<Subnet>,
        update: Update,
    ) -> Result<Stored<Subnet>, ApiError> {
        let Update {
            name,
            description,
            gateway_ip,
            allocation_pools,
            dns_nameservers,
            host_routes,
            enable_dhcp,
            service_types,
        } = update;
        let before = subnet.record.clone();
        let unchanged = before.clone();
        subnet.name = name.unwrap_or(unchanged.name);
        subnet.description = description.unwrap_or(unchanged.description);
        subnet.gateway_ip = gateway_ip.unwrap_or(unchanged.gateway_ip);
        subnet.allocation_pools = match allocation_pools {
            Some(pools) if pools.is_empty() => default_pools(subnet.cidr, subnet.gateway_ip),
            Some(pools) => pools,
            None => unchanged.allocation_pools,
        };
        subnet.dns_nameservers = dns_nameservers.unwrap_or(unchanged.dns_nameservers);
        subnet.host_routes = host_routes.unwrap_or(unchanged.host_routes);
        subnet.enable_dhcp = enable_dhcp.unwrap_or(unchanged.enable_dhcp);
        subnet.service_types = service_types.unwrap_or(unchanged.service_types);
        if subnet.record == before {
            return Ok(subnet);
        }
        let ports = cx.session.table::<Port>().on_subnet(subnet.id).await.map_err(ApiError::from_store)?;
        if subnet.gateway_ip != before.gateway_ip {
            refuse_gateway_in_use(&before, &ports)?;
        }
        check(&subnet, &subnet.id.to_string())?;
        cx.session.table().update(&mut subnet).await.map_err(ApiError::from_store)?;
        network::revise(cx, subnet.network_id).await?;
        if subnet.gateway_ip != before.gateway_ip {
            interface::touch_routers(cx, &ports);
        }
        Ok(subnet)
    }

    async fn delete(cx: Context<'_>, subnet: Stored<Subnet>) -> Result<(), ApiError> {
        let ports = cx.session.table::<Port>().on_subnet(subnet.id).await.map_err(ApiError::from_store)?;
        let ports = cx.session.table().relock(ports).await.map_err(ApiError::from_store)?;
        let leaves = |port: &Port| port.device_owner == OWNER_DHCP || is_automatic_only(port, &subnet);
        if ports.iter().any(|port| !leaves(port)) {
            return Err(ApiError::SubnetInUse {
                id: subnet.id.to_string(),
                reason: "One or more ports have an IP allocation from this subnet".to_owned(),
            });
        }
        protection::subnet_may_go(cx, subnet.id).await?;
        for mut port in ports {
            port.fixed_ips.retain(|fixed_ip| fixed_ip.subnet_id != subnet.id);
            cx.session.table().update(&mut port).await.map_err(ApiError::from_store)?;
        }
        cx.session.table::<Subnet>().delete(subnet.id).await.map_err(ApiError::from_store)?;
        network::revise(cx, subnet.network_id).await
    }

    async fn views(cx: Context<'_>, subnets: Vec<Stored<Subnet>>) -> Result<Vec<View>, ApiError> {
        let ids = subnets.iter().map(|subnet| subnet.network_id.to_string()).collect();
        let filters = vec![Filter { column: "external", values: vec![Value::from(true)] }];
        let listing = Listing { filters, ..Listing::default() };
        let networks = cx.session.table::<Network>().list_among("id", ids, &listing).await;
        let external: BTreeSet<NetworkId> =
            networks.map_err(ApiError::from_store)?.iter().map(|network| network.id).collect();
        let view = |subnet: Stored<Subnet>| {
            let standard = standard(&subnet);
            let is_external = external.contains(&subnet.network_id);
            View::new(subnet.record, is_external, standard)
        };
        Ok(subnets.into_iter().map(view).collect())
    }
}

/// The network of a new subnet.
fn requested_cidr(create: &Create) -> Result<IpNet, ApiError> {
    let refused =
        |reason: &str| ApiError::BadRequest { resource: "subnets".to_owned(), reason: reason.to_owned() };
    if create.cidr.is_some() && create.prefixlen.is_some() {
        return Err(refused("cidr and prefixlen must not be supplied together"));
    }
    if let Some(id) = &create.subnetpool_id {
        return Err(ApiError::SubnetPoolNotFound { id: id.clone() });
    }
    let cidr =
        create.cidr.ok_or_else(|| refused("a subnetpool must be specified in the absence of a cidr"))?;
    if cidr.ip_version() != create.ip_version {
        return Err(invalid(format!("cidr '{cidr}' does not match the ip_version '{}'", create.ip_version)));
    }
    Ok(cidr.network())
}

/// Everything that a subnet must be on its own; `shown` is how messages name it.
fn check(subnet: &Subnet, shown: &str) -> Result<(), ApiError> {
    check_versions(subnet)?;
    check_modes(subnet)?;
    if subnet.enable_dhcp {
        check_for_dhcp(subnet.cidr)?;
    }
    if subnet.gateway_ip.is_some_and(|gateway| is_reserved(subnet.cidr, gateway)) {
        return Err(invalid("Gateway is not valid on subnet"));
    }
    if subnet.dns_nameservers.len() > MOST_NAMESERVERS {
        return Err(ApiError::DNSNameServersExhausted {
            subnet: shown.to_owned(),
            most: MOST_NAMESERVERS.to_string(),
        });
    }
    if subnet.host_routes.len() > MOST_HOST_ROUTES {
        return Err(ApiError::HostRoutesExhausted {
            subnet: shown.to_owned(),
            most: MOST_HOST_ROUTES.to_string(),
        });
    }
    check_pools(subnet.cidr, subnet.gateway_ip, &subnet.allocation_pools)
        .map_err(|error| pool_error(subnet.cidr, error))
}

fn check_versions(subnet: &Subnet) -> Result<(), ApiError> {
    let version = Cidr::from(subnet.cidr).ip_version();
    let fits = |address: IpAddr| address.is_ipv4() == subnet.cidr.addr().is_ipv4();
    let refused = |what: &str, value: String| {
        Err(invalid(format!("{what} '{value}' does not match the ip_version '{version}'")))
    };
    if let Some(gateway) = subnet.gateway_ip.filter(|gateway| !fits(*gateway)) {
        return refused("gateway_ip", gateway.to_string());
    }
    if let Some(nameserver) = subnet.dns_nameservers.iter().find(|address| !fits(**address)) {
        return refused("dns_nameserver", nameserver.to_string());
    }
    for Route { destination, nexthop } in &subnet.host_routes {
        if !fits(*nexthop) {
            return refused("nexthop", nexthop.to_string());
        }
        if destination.ip_version() != version {
            return refused("destination", destination.to_string());
        }
    }
    Ok(())
}

/// How hosts learn their addresses must fit together.
fn check_modes(subnet: &Subnet) -> Result<(), ApiError> {
    let modes = [("ipv6_ra_mode", subnet.ipv6_ra_mode), ("ipv6_address_mode", subnet.ipv6_address_mode)];
    let Some((given, _)) = modes.iter().find(|(_, mode)| mode.is_some()) else { return Ok(()) };
    if subnet.cidr.addr().is_ipv4() {
        return Err(invalid(format!("{given} is not valid when ip_version is 4")));
    }
    if !subnet.enable_dhcp {
        return Err(invalid(
            "ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False",
        ));
    }
    if let (Some(ra), Some(address)) = (subnet.ipv6_ra_mode, subnet.ipv6_address_mode)
        && ra != address
    {
        return Err(invalid(format!(
            "ipv6_ra_mode set to '{ra}' with ipv6_address_mode set to '{address}' is not valid. If both attributes are set, they must be the same value"
        )));
    }
    if subnet.is_automatic() && subnet.cidr.prefix_len() != EUI64_PREFIX {
        return Err(invalid(format!(
            "Invalid CIDR {} for IPv6 address mode. Hosts form EUI-64 addresses, which requires the prefix to be /64",
            subnet.cidr
        )));
    }
    Ok(())
}

fn check_for_dhcp(cidr: IpNet) -> Result<(), ApiError> {
    let longest = if cidr.addr().is_ipv4() { 30 } else { 126 };
    let first = cidr.network();
    if cidr.prefix_len() > longest {
        return Err(invalid("Subnet has a prefix length that is incompatible with DHCP service enabled"));
    }
    if first.is_multicast() {
        return Err(invalid("Multicast IP subnet is not supported if enable_dhcp is True"));
    }
    if first.is_loopback() {
        return Err(invalid("Loopback IP subnet is not supported if enable_dhcp is True"));
    }
    if first.is_unspecified() {
        return Err(invalid(format!(
            "First IP '{first}' of network is not supported if enable_dhcp is True."
        )));
    }
    Ok(())
}

/// Whether an address of the network can be nobody's gateway: IPv4's first and last.
fn is_reserved(cidr: IpNet, gateway: IpAddr) -> bool {
    cidr.addr().is_ipv4() && (gateway == cidr.network() || gateway == cidr.broadcast())
}

fn pool_error(cidr: IpNet, error: PoolError) -> ApiError {
    let shown = |pool: AllocationPool| format!("{}-{}", pool.start, pool.end);
    match error {
        PoolError::Reversed(AllocationPool { start, end }) => {
            ApiError::InvalidAllocationPool { start: start.to_string(), end: end.to_string() }
        }
        PoolError::Outside(pool) => {
            ApiError::OutOfBoundsAllocationPool { pool: shown(pool), cidr: cidr.to_string() }
        }
        PoolError::Overlap(first, second) => ApiError::OverlappingAllocationPools {
            pools: format!("{} {}", shown(first), shown(second)),
            cidr: cidr.to_string(),
        },
        PoolError::Gateway(gateway, pool) => {
            ApiError::GatewayConflictWithAllocationPools { gateway: gateway.to_string(), pool: shown(pool) }
        }
    }
}

async fn refuse_overlap(cx: Context<'_>, subnet: &Subnet) -> Result<(), ApiError> {
    let others = cx.session.table::<Subnet>().list(&Listing::of("network_id", subnet.network_id)).await;
    let cidr = Cidr::from(subnet.cidr);
    if others.map_err(ApiError::from_store)?.iter().any(|other| cidr.overlaps(Cidr::from(other.cidr))) {
        return Err(invalid(format!(
            "Requested subnet with cidr: {cidr} for network: {} overlaps with another subnet",
            subnet.network_id
        )));
    }
    Ok(())
}

/// Gives the hosts that are there already the addresses that they make themselves on a new subnet.
async fn address_hosts(cx: Context<'_>, subnet: &Subnet) -> Result<(), ApiError> {
    if !subnet.is_automatic() {
        return Ok(());
    }
    let ports = cx.session.table::<Port>().list(&Listing::of("network_id", subnet.network_id)).await;
    let ports = cx.session.table().relock(ports.map_err(ApiError::from_store)?).await;
    for mut port in ports.map_err(ApiError::from_store)? {
        let is_host = !port.is_router_port() && port.device_owner != OWNER_FLOATING_IP;
        let address = Holder::of(&port).automatic_address(subnet).filter(|_| is_host);
        if let Some(ip_address) = address {
            port.fixed_ips.push(FixedIp { subnet_id: subnet.id, ip_address });
            cx.session.table().update(&mut port).await.map_err(ApiError::from_store)?;
        }
    }
    Ok(())
}

/// Whether all that a host has of a subnet is the address that it makes itself.
fn is_automatic_only(port: &Port, subnet: &Subnet) -> bool {
    let automatic = Holder::of(port).automatic_address(subnet);
    let mut of_subnet = port.fixed_ips.iter().filter(|fixed_ip| fixed_ip.subnet_id == subnet.id);
    !port.is_router_port() && of_subnet.all(|fixed_ip| Some(fixed_ip.ip_address) == automatic)
}

/// Refuses to change a gateway address that a router has.
fn refuse_gateway_in_use(subnet: &Subnet, ports: &[Stored<Port>]) -> Result<(), ApiError> {
    let Some(gateway) = subnet.gateway_ip else { return Ok(()) };
    let has_it = |port: &&Stored<Port>| {
        port.device_owner == OWNER_ROUTER_INTERFACE
            && port.fixed_ips.iter().any(|fixed_ip| fixed_ip.ip_address == gateway)
    };
    match ports.iter().find(has_it) {
        None => Ok(()),
        Some(port) => {
            Err(ApiError::GatewayIpInUse { gateway: gateway.to_string(), port: port.id.to_string() })
        }
    }
}

fn invalid(reason: impl Into<String>) -> ApiError {
    ApiError::InvalidInput { reason: reason.into() }
}
