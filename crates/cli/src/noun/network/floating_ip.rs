//! `floating ip`.

use serde_json::Value;

use super::common::*;
use super::{NETWORK, PORT, ROUTER, SUBNET};
use crate::grammar::{ALL, Column, Fixed, Kind, Noun, Opt, Settled};
use crate::output::cell::View;
use crate::session::Object;

/// Floating IPs.
pub(crate) static FLOATING_IP: Noun = Noun {
    words: &["floating", "ip"],
    one: "floating IP",
    said: "floating IP",
    many: "floating IPs",
    path: "floatingips",
    singular: "floatingip",
    plural: "floatingips",
    columns: &[
        Column::list("id", "ID"),
        Column::list("floating_ip_address", "Floating IP Address"),
        Column::list("fixed_ip_address", "Fixed IP Address"),
        Column::list("port_id", "Port"),
        Column::list("floating_network_id", "Floating Network"),
        Column::list("project_id", "Project"),
        Column::list_long("router_id", "Router"),
        Column::list_long("status", "Status"),
        Column::list_long("description", "Description"),
        Column::list_long("tags", "Tags").view(View::List),
        Column::list_long("dns_name", "DNS Name"),
        Column::list_long("dns_domain", "DNS Domain"),
        Column::shown("floating_ip_address").labelled("name"),
        Column::shown("created_at"),
        Column::shown("port_details").view(View::Dict),
        Column::shown("qos_policy_id"),
        Column::shown("revision_number"),
        Column::shown("subnet_id"),
        Column::shown("updated_at"),
    ],
    options: &[
        Opt::argument("network", Kind::Id("floating_network_id", &NETWORK), "External network (name or ID)"),
        Opt::create("subnet", Kind::Id("subnet_id", &SUBNET), "Subnet of the address (name or ID)"),
        Opt::create("floating-ip-address", Kind::Text("floating_ip_address"), "Address to have"),
        Opt::both("port", Kind::Id("port_id", &PORT), "Port that it leads to (name or ID)"),
        Opt::both("fixed-ip-address", Kind::Text("fixed_ip_address"), "Address of that port"),
        Opt::both("description", Kind::Text("description"), "Description"),
        Opt::create("dns-name", Kind::Text("dns_name"), "DNS name"),
        Opt::create("dns-domain", Kind::Text("dns_domain"), "DNS domain"),
        PROJECT,
        TAG,
        NO_TAG,
        Opt::unset("port", Kind::Is("port_id", Fixed::Null), "Let it lead nowhere"),
        UNSET_TAG,
        ALL_TAG,
        OF_PROJECT,
        Opt::filter(
            "network",
            Kind::Id("floating_network_id", &NETWORK),
            "Those of this network (name or ID)",
        ),
        Opt::filter("port", Kind::Id("port_id", &PORT), "Those that lead to this port (name or ID)"),
        Opt::filter("router", Kind::Id("router_id", &ROUTER), "Those of this router (name or ID)"),
        Opt::filter("fixed-ip-address", Kind::Text("fixed_ip_address"), "Those that lead to this address"),
        Opt::filter("floating-ip-address", Kind::Text("floating_ip_address"), "The one with this address"),
        Opt::filter("status", Kind::Text("status"), "Those of this status"),
        WITH_TAGS,
        WITH_ANY_TAGS,
        WITHOUT_TAGS,
    ],
    verbs: ALL,
    called_by: "floating_ip_address",
    settled: Some(settled),
    ..Noun::PLAIN
};

/// One that leads nowhere is `DOWN`, and is all that was asked for.
fn settled(floating_ip: &Object, _: Option<&str>) -> Settled {
    let leads_nowhere = floating_ip.get("port_id").is_none_or(Value::is_null);
    match floating_ip.get("status").and_then(Value::as_str) {
        Some("ACTIVE") => Settled::Yes,
        Some("DOWN") if leads_nowhere => Settled::Yes,
        Some("ERROR") => Settled::Failed,
        _ => Settled::No,
    }
}
