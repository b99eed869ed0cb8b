//! Routers.

use std::collections::BTreeMap;

use adit_api::network::fixed_ip::FixedIpView;
use adit_api::network::route;
use adit_api::network::router::{
    Create, EXTRA_ROUTES, ExtraRoutes, GatewayRequest, InterfaceRequest, SCHEMA, Update, View,
};
use adit_api::{ApiError, Schema, body};
use adit_model::flavor::ServiceType;
use adit_model::router::Route;
use adit_model::{AgentId, Port, PortId, ProjectId, Router, RouterId};
use adit_store::Stored;
use serde_json::Value;
use uuid::Uuid;

use super::network::Networks;
use super::{flavor, floating_ip, gateway, interface, standard, zone};
use crate::agents::schedule::Turn;
use crate::quota;
use crate::resource::{self, Context, FromStore, Resource, replace};
use crate::vpn::protection;

pub(crate) struct Routers;

impl Resource for Routers {
    type Record = Router;
    type Create = Create;
    type Update = Update;
    type View = View;
    const SCHEMA: &'static Schema = &SCHEMA;
    const ACTIONS: &'static [&'static str] =
        &["add_router_interface", "remove_router_interface", "add_extraroutes", "remove_extraroutes"];

    fn not_found(id: &str) -> ApiError {
        ApiError::RouterNotFound { id: id.to_owned() }
    }

    fn owner(router: &Router) -> &ProjectId {
        &router.project_id
    }

    async fn permit_create(cx: Context<'_>, create: &Create) -> Result<(), ApiError> {
        let Some(gateway) = &create.external_gateway_info else { return Ok(()) };
        if let Some(network) = &gateway.network_id {
            resource::find::<Networks>(cx, network).await?;
        }
        permit_gateway(cx, gateway, "create")
    }

    async fn create(cx: Context<'_>, create: Create) -> Result<Stored<Router>, ApiError> {
        let turn = Turn::wait(cx.session).await?;
        let flavor_id = match &create.flavor_id {
            None => None,
            // Whatever is given must be there, and nothing is called nothing.
            Some(given) => {
                let id = given.as_str().unwrap_or("None");
                Some(flavor::chosen(cx, id, ServiceType::L3Router).await?)
            }
        };
        let request = create.external_gateway_info.unwrap_or_default();
        zone::check_hints(cx, &create.availability_zone_hints).await?;
        let mut router = Router {
            id: RouterId::new(Uuid::new_v4()),
            project_id: create.project_id,
            name: create.name,
            description: create.description,
            admin_state_up: create.admin_state_up,
            gateway: None,
            routes: Vec::new(),
            availability_zone_hints: create.availability_zone_hints,
            flavor_id,
            agent_id: None,
            generation: 0,
        };
        gateway::set(cx, &mut router, &request).await?;
        let id = router.id;
        cx.session.table().insert(router).await.map_err(ApiError::from_store)?;
        turn.place(id).await?;
        let router = cx.session.table().find(id).await.map_err(ApiError::from_store)?;
        router.ok_or_else(|| Self::not_found(&id.to_string()))
    }

    async fn update(
        cx: Context<'_>,
        mut router: Stored<Router>,
        update: Update,
    ) -> Result<Stored<Router>, ApiError> {
        let Update { name, description, admin_state_up, external_gateway_info, routes } = update;
        let before = router.record.clone();
        let before_ports = interface::ports(cx, &router).await?;
        replace(&mut router.name, name);
        replace(&mut router.description, description);
        replace(&mut router.admin_state_up, admin_state_up);
        let mut retired = None;
        if let Some(request) = &external_gateway_info {
            permit_gateway(cx, request, "update")?;
            retired = gateway::set(cx, &mut router, request).await?;
        }
        let ports = interface::ports(cx, &router).await?;
        match routes {
            Some(routes) => router.routes = check_routes(cx, &router, &ports, routes).await?,
            None if retired.is_some() => keep_connected_routes(cx, &mut router, &ports).await?,
            None => {}
        }
        let readdressed = addresses(&ports) != addresses(&before_ports);
        if router.record == before && !readdressed {
            return Ok(router);
        }
        if readdressed {
            protection::gateway_changed(cx, &router).await?;
        }
        // Last of all: whoever has something of the above may be about to write to this row too.
        cx.session.table().update(&mut router).await.map_err(ApiError::from_store)?;
        if let Some(port) = retired {
            cx.session.table::<Port>().delete(port).await.map_err(ApiError::from_store)?;
        }
        cx.session.touch(router.id);
        Ok(router)
    }

    async fn delete(cx: Context<'_>, router: Stored<Router>) -> Result<(), ApiError> {
        let interfaces = interface::of_router(cx, router.id).await?;
        if !interfaces.is_empty() {
            let mut ids: Vec<String> = interfaces.iter().map(|port| port.id.to_string()).collect();
            ids.sort_unstable();
            let reason = format!("has ports still attached: {}", ids.join(", "));
            return Err(ApiError::RouterInUse { id: router.id.to_string(), reason });
        }
        if let Some(gateway) = &router.gateway {
            floating_ip::gateway_may_go(cx, router.id, gateway.network_id).await?;
        }
        protection::gateway_may_go(cx, router.id).await?;
        if let Some(gateway) = &router.gateway {
            cx.session.table::<Port>().hold(gateway.port_id).await.map_err(ApiError::from_store)?;
        }
        // Whose it is now: agents come and go without the router's lock.
        let agent = cx.session.table::<Router>().remove(router.id).await.map_err(ApiError::from_store)?;
        if let Some(gateway) = &router.gateway {
            cx.session.table::<Port>().delete(gateway.port_id).await.map_err(ApiError::from_store)?;
        }
        if let Some(agent) = agent {
            cx.session.announce(router.id, agent);
        }
        Ok(())
    }

    async fn act(
        cx: Context<'_>,
        router: Stored<Router>,
        action: &str,
        request: &[u8],
    ) -> Result<Value, ApiError> {
        match action {
            "add_router_interface" => {
                let request = InterfaceRequest::parse(request)?;
                shown(interface::add(cx, router, request).await?)
            }
            "remove_router_interface" => {
                let request = InterfaceRequest::parse(request)?;
                shown(interface::remove(cx, router, request).await?)
            }
            "add_extraroutes" => {
                let added = extra_routes(request)?;
                let missing = added.into_iter().filter(|route| !router.routes.contains(route));
                let routes = router.routes.iter().cloned().chain(missing).collect();
                set_routes(cx, router, routes).await
            }
            "remove_extraroutes" => {
                let removed = extra_routes(request)?;
                let routes = router.routes.iter().filter(|route| !removed.contains(route)).cloned().collect();
                set_routes(cx, router, routes).await
            }
            _ => Err(ApiError::HTTPNotFound),
        }
    }

    async fn views(cx: Context<'_>, routers: Vec<Stored<Router>>) -> Result<Vec<View>, ApiError> {
        let mut addresses = gateway_addresses(cx, &routers).await?;
        let zones = zones(cx, &routers).await?;
        let view = |router: Stored<Router>| {
            let standard = standard(&router);
            let gateway_port = router.gateway.as_ref().map(|gateway| gateway.port_id);
            let fixed_ips = gateway_port.and_then(|port| addresses.remove(&port)).unwrap_or_default();
            let zone = router.agent_id.and_then(|agent| zones.get(&agent).cloned());
            View::new(router.record, fixed_ips, zone, standard)
        };
        Ok(routers.into_iter().map(view).collect())
    }
}

/// Only administrators choose addresses and translation.
fn permit_gateway(cx: Context<'_>, request: &GatewayRequest, action: &str) -> Result<(), ApiError> {
    if cx.caller.is_admin() { Ok(()) } else { request.require_no_admin_keys(action) }
}

fn shown(view: impl serde::Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(view).map_err(ApiError::internal)
}

fn extra_routes(request: &[u8]) -> Result<Vec<Route>, ApiError> {
    let checked = body::parse_update(&EXTRA_ROUTES, request)?;
    let ExtraRoutes { routes } =
        serde_json::from_value(Value::Object(checked)).map_err(ApiError::internal)?;
    Ok(routes)
}

async fn set_routes(cx: Context<'_>, router: Stored<Router>, routes: Vec<Route>) -> Result<Value, ApiError> {
    let update = Update {
        name: None,
        description: None,
        admin_state_up: None,
        external_gateway_info: None,
        routes: Some(routes),
    };
    let router = Routers::update(cx, router, update).await?;
    resource::show_one::<Routers>(cx, router, &[]).await
}

/// Checks that the router can reach every next hop.
async fn check_routes(
    cx: Context<'_>,
    router: &Router,
    ports: &[Stored<Port>],
    routes: Vec<Route>,
) -> Result<Vec<Route>, ApiError> {
    quota::admit_count(cx, &router.project_id, "router_route", routes.len()).await?;
    let subnets = interface::subnets(cx, ports).await?;
    let own = addresses(ports);
    let refused = |reason: &str| {
        Err(ApiError::InvalidRoutes { routes: route::shown(&routes), reason: reason.to_owned() })
    };
    for Route { destination, nexthop } in &routes {
        if !subnets.iter().any(|subnet| subnet.cidr.contains(nexthop)) {
            return refused("the nexthop is not connected with router");
        }
        if own.iter().any(|fixed_ip| fixed_ip.ip_address == *nexthop) {
            return refused("the nexthop is used by router");
        }
        if destination.address().is_ipv4() != nexthop.is_ipv4() {
            return refused("the nexthop is not of the IP version of the destination");
        }
    }
    Ok(routes)
}

/// Routes by way of a gateway go with it: nothing could follow them.
async fn keep_connected_routes(
    cx: Context<'_>,
    router: &mut Router,
    ports: &[Stored<Port>],
) -> Result<(), ApiError> {
    let subnets = interface::subnets(cx, ports).await?;
    router.routes.retain(|route| subnets.iter().any(|subnet| subnet.cidr.contains(&route.nexthop)));
    Ok(())
}

fn addresses(ports: &[Stored<Port>]) -> Vec<adit_model::port::FixedIp> {
    ports.iter().flat_map(|port| &port.fixed_ips).copied().collect()
}

async fn gateway_addresses(
    cx: Context<'_>,
    routers: &[Stored<Router>],
) -> Result<BTreeMap<PortId, Vec<FixedIpView>>, ApiError> {
    let gateways = routers.iter().filter_map(|router| router.gateway.as_ref());
    let ids = gateways.map(|gateway| gateway.port_id.to_string()).collect();
    let ports = cx.session.table::<Port>().find_all("id", ids).await;
    let shown =
        |port: Stored<Port>| (port.id, port.record.fixed_ips.into_iter().map(FixedIpView::from).collect());
    Ok(ports.map_err(ApiError::from_store)?.into_iter().map(shown).collect())
}

/// The zone of each agent, when any router has one.
async fn zones(cx: Context<'_>, routers: &[Stored<Router>]) -> Result<BTreeMap<AgentId, String>, ApiError> {
    if routers.iter().all(|router| router.agent_id.is_none()) {
        return Ok(BTreeMap::new());
    }
    zone::of_agents(cx).await
}
