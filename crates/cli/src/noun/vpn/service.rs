//! `vpn service`.

use adit_model::ReasonCode;

use crate::grammar::{ALL, Column, Fixed, Kind, Noun, Opt, Settled, as_switched};
use crate::noun::network::{FLAVOR, ROUTER, SUBNET};
use crate::session::Object;

/// VPN services.
pub(crate) static SERVICE: Noun = Noun {
    words: &["vpn", "service"],
    one: "VPN service",
    said: "vpn service",
    many: "VPN services",
    path: "vpn/vpnservices",
    singular: "vpnservice",
    plural: "vpnservices",
    columns: &[
        Column::both("id", "ID"),
        Column::both("name", "Name"),
        Column::both("router_id", "Router"),
        Column::both("subnet_id", "Subnet"),
        Column::both("flavor_id", "Flavor"),
        Column::both("admin_state_up", "State"),
        Column::both("status", "Status"),
        Column::long("description", "Description"),
        Column::long("project_id", "Project"),
        Column::long("external_v4_ip", "Ext v4 IP"),
        Column::long("external_v6_ip", "Ext v6 IP"),
    ],
    options: &[
        Opt::argument("name", Kind::Text("name"), "Name of the VPN service"),
        Opt::set("name", Kind::Text("name"), "New name"),
        Opt::create("router", Kind::Id("router_id", &ROUTER), "Router of the VPN service (name or ID)")
            .required(),
        Opt::both(
            "subnet",
            Kind::Id("subnet_id", &SUBNET),
            "Local subnet, where no endpoint groups are (name or ID)",
        ),
        Opt::both("flavor", Kind::Id("flavor_id", &FLAVOR), "Flavor (name or ID)"),
        Opt::both("description", Kind::Text("description"), "Description"),
        Opt::unset("description", Kind::Is("description", Fixed::EmptyText), "Take the description away"),
        Opt::both("enable", Kind::Is("admin_state_up", Fixed::True), "Switch it on").group("state"),
        Opt::both("disable", Kind::Is("admin_state_up", Fixed::False), "Switch it off").group("state"),
        Opt::create("project", Kind::Project("project_id"), "Project of the VPN service (name or ID)"),
    ],
    verbs: ALL,
    settled: Some(settled),
    ..Noun::PLAIN
};

/// A service without connections is not up, and is all that was asked for.
fn settled(service: &Object, reason: Option<&str>) -> Settled {
    if reason == Some(ReasonCode::NoConnections.as_str()) {
        return Settled::Yes;
    }
    as_switched(service, reason)
}
