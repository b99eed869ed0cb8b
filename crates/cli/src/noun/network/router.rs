//! `router`, its interfaces and its routes.

use adit_api::view::encode;
use clap::{Arg, ArgAction, ArgMatches, Command};
use reqwest::Method;
use serde_json::{Value, json};

use super::common::*;
use super::{FIXED_IP, FLAVOR, NETWORK, PORT, ROUTE, SUBNET};
use crate::act::{Act, Doing};
use crate::error::{Error, Result};
use crate::grammar::draft::{Draft, pairs};
use crate::grammar::{ALL, Column, Fixed, Kind, Noun, Opt, Settled};
use crate::names;
use crate::output::Report;
use crate::output::cell::View;
use crate::session::{Object, Service, Session};

/// Routers.
pub(crate) static ROUTER: Noun = Noun {
    words: &["router"],
    one: "router",
    said: "router",
    many: "routers",
    path: "routers",
    singular: "router",
    plural: "routers",
    columns: &[
        Column::list("id", "ID"),
        Column::list("name", "Name"),
        Column::list("status", "Status"),
        Column::list("admin_state_up", "State").view(View::UpDown),
        Column::list("distributed", "Distributed").if_sent(),
        Column::list("ha", "HA").if_sent(),
        Column::list("project_id", "Project"),
        Column::list_long("routes", "Routes").view(View::Routes),
        Column::list_long("external_gateway_info", "External gateway info").view(View::Json),
        Column::list_long("availability_zones", "Availability zones").view(View::List),
        Column::list_long("tags", "Tags").view(View::List),
        Column::shown("availability_zone_hints").view(View::List),
        Column::shown("created_at"),
        Column::shown("description"),
        Column::shown("enable_ndp_proxy"),
        Column::shown("flavor_id"),
        Column::shown("interfaces_info").view(View::Json).if_sent(),
        Column::shown("revision_number"),
        Column::shown("updated_at"),
    ],
    options: &[
        Opt::argument("name", Kind::Text("name"), "Name of the router"),
        NEW_NAME,
        DESCRIPTION,
        ENABLE,
        DISABLE,
        Opt::both(
            "external-gateway",
            Kind::Id(GATEWAY, &NETWORK),
            "External network of the gateway (name or ID)",
        ),
        Opt::both("fixed-ip", Kind::Maps(ADDRESSES, FIXED_IP), "Address of the gateway; may be repeated"),
        Opt::both(
            "enable-snat",
            Kind::Is(SNAT, Fixed::True),
            "Translate addresses of what leaves by the gateway",
        )
        .group("snat"),
        Opt::both("disable-snat", Kind::Is(SNAT, Fixed::False), "Translate no addresses").group("snat"),
        Opt::set("route", Kind::MoreMaps("routes", ROUTE), "Route to add; may be repeated"),
        Opt::set("no-route", Kind::Clear("routes"), "Take all routes away first"),
        Opt::create("flavor", Kind::Id("flavor_id", &FLAVOR), "Flavor (name or ID)"),
        Opt::create(
            "availability-zone-hint",
            Kind::Texts("availability_zone_hints"),
            "Availability zone; may be repeated",
        ),
        PROJECT,
        TAG,
        NO_TAG,
        Opt::unset("route", Kind::MoreMaps("routes", ROUTE), "Route to take away; may be repeated"),
        Opt::unset(
            "external-gateway",
            Kind::Is("external_gateway_info", Fixed::EmptyMap),
            "Take the gateway away",
        ),
        UNSET_TAG,
        ALL_TAG,
        NAMED,
        OF_PROJECT,
        ENABLED,
        DISABLED,
        WITH_TAGS,
        WITH_ANY_TAGS,
        WITHOUT_TAGS,
    ],
    verbs: ALL,
    shape,
    settled: Some(settled),
    also: Some(|session, router| Box::pin(with_interfaces(session, router))),
    ..Noun::PLAIN
};

/// A router that is switched off is `ACTIVE` as well.
fn settled(router: &Object, _: Option<&str>) -> Settled {
    match router.get("status").and_then(Value::as_str) {
        Some("ACTIVE") => Settled::Yes,
        Some("ERROR") => Settled::Failed,
        _ => Settled::No,
    }
}

/// Parts of the gateway, which `shape` puts together.
const GATEWAY: &str = "gateway network";
const ADDRESSES: &str = "gateway addresses";
const SNAT: &str = "gateway translates";

fn shape(draft: &mut Draft) -> Result<()> {
    let (addresses, snat) = (draft.remove(ADDRESSES), draft.remove(SNAT));
    let Some(network) = draft.remove(GATEWAY) else {
        if addresses.is_some() || snat.is_some() {
            return Err(Error::Usage(
                "`--fixed-ip`, `--enable-snat` and `--disable-snat` say more of a gateway: name its network with \
                 `--external-gateway`"
                    .to_owned(),
            ));
        }
        return Ok(());
    };
    let mut gateway = Object::new();
    gateway.insert("network_id".to_owned(), network);
    if let Some(snat) = snat {
        gateway.insert("enable_snat".to_owned(), snat);
    }
    if let Some(addresses) = addresses {
        gateway.insert("external_fixed_ips".to_owned(), addresses);
    }
    draft.put("external_gateway_info", gateway);
    Ok(())
}

/// The router with the addresses of its interfaces, the gateway's apart.
async fn with_interfaces(session: &Session, mut router: Object) -> Result<Object> {
    let id = names::id_of(&router);
    let ports = names::list(session, &PORT, &[("device_id", &id)]).await?;
    let mut interfaces = Vec::new();
    for port in &ports {
        if port.get("device_owner").and_then(Value::as_str) == Some("network:router_gateway") {
            continue;
        }
        for address in port.get("fixed_ips").and_then(Value::as_array).into_iter().flatten() {
            interfaces.push(json!({
                "port_id": port.get("id"),
                "ip_address": address["ip_address"],
                "subnet_id": address["subnet_id"],
            }));
        }
    }
    router.insert("interfaces_info".to_owned(), interfaces.into());
    Ok(router)
}

/// What attaches and detaches, and changes routes.
pub(crate) static ROUTER_ACTS: [Act; 6] = [
    Act {
        words: &["router", "add", "subnet"],
        about: "Attach a subnet to a router",
        shape: None,
        arguments: with_subnet,
        run: |session, matches| interface(session, matches, "add_router_interface", &SUBNET, "subnet_id"),
    },
    Act {
        words: &["router", "add", "port"],
        about: "Attach a port to a router",
        shape: None,
        arguments: with_port,
        run: |session, matches| interface(session, matches, "add_router_interface", &PORT, "port_id"),
    },
    Act {
        words: &["router", "add", "route"],
        about: "Add routes to a router",
        shape: None,
        arguments: with_routes,
        run: |session, matches| routes(session, matches, "add_extraroutes"),
    },
    Act {
        words: &["router", "remove", "subnet"],
        about: "Detach a subnet from a router",
        shape: None,
        arguments: with_subnet,
        run: |session, matches| interface(session, matches, "remove_router_interface", &SUBNET, "subnet_id"),
    },
    Act {
        words: &["router", "remove", "port"],
        about: "Detach a port from a router",
        shape: None,
        arguments: with_port,
        run: |session, matches| interface(session, matches, "remove_router_interface", &PORT, "port_id"),
    },
    Act {
        words: &["router", "remove", "route"],
        about: "Take routes away from a router",
        shape: None,
        arguments: with_routes,
        run: |session, matches| routes(session, matches, "remove_extraroutes"),
    },
];

fn router() -> Arg {
    Arg::new("router").required(true).value_name("ROUTER").help("Router (name or ID)")
}

fn with_subnet(command: Command) -> Command {
    command
        .arg(router())
        .arg(Arg::new("what").required(true).value_name("SUBNET").help("Subnet (name or ID)"))
}

fn with_port(command: Command) -> Command {
    command.arg(router()).arg(Arg::new("what").required(true).value_name("PORT").help("Port (name or ID)"))
}

fn with_routes(command: Command) -> Command {
    let route = Arg::new("route").long("route").action(ArgAction::Append).required(true);
    command
        .arg(router())
        .arg(route.value_name("destination=DESTINATION,gateway=GATEWAY").help("Route; may be repeated"))
}

fn text<'a>(matches: &'a ArgMatches, name: &str) -> &'a str {
    matches.get_one::<String>(name).map(String::as_str).unwrap_or_default()
}

fn interface<'a>(
    session: &'a Session,
    matches: &'a ArgMatches,
    action: &'static str,
    noun: &'static Noun,
    key: &'static str,
) -> Doing<'a> {
    Box::pin(async move {
        let what = names::id(session, noun, text(matches, "what")).await?;
        let router = names::id(session, &ROUTER, text(matches, "router")).await?;
        let path = format!("routers/{}/{action}", encode(&router));
        session.send(Service::Network, Method::PUT, &path, Some(&json!({key: what}))).await?;
        Ok(Report::Nothing)
    })
}

fn routes<'a>(session: &'a Session, matches: &'a ArgMatches, action: &'static str) -> Doing<'a> {
    Box::pin(async move {
        let mut routes = Vec::new();
        for route in matches.get_many::<String>("route").into_iter().flatten() {
            routes.push(pairs("route", route, ROUTE, session).await?);
        }
        let router = names::id(session, &ROUTER, text(matches, "router")).await?;
        let path = format!("routers/{}/{action}", encode(&router));
        let body = json!({"router": {"routes": routes}});
        session.send(Service::Network, Method::PUT, &path, Some(&body)).await?;
        Ok(Report::Nothing)
    })
}
