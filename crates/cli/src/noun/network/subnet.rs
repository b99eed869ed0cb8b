//! `subnet`.

use super::common::*;
use super::{NETWORK, ROUTE};
use crate::error::Result;
use crate::grammar::draft::Draft;
use crate::grammar::{ALL, Column, Fixed, Key, Kind, Noun, Opt, Verb};
use crate::output::cell::View;

const POOL: &[Key] = &[Key::text("start", "start").required(), Key::text("end", "end").required()];

/// Subnets.
pub(crate) static SUBNET: Noun = Noun {
    words: &["subnet"],
    one: "subnet",
    said: "subnet",
    many: "subnets",
    path: "subnets",
    singular: "subnet",
    plural: "subnets",
    columns: &[
        Column::list("id", "ID"),
        Column::list("name", "Name"),
        Column::list("network_id", "Network"),
        Column::list("cidr", "Subnet"),
        Column::list_long("project_id", "Project"),
        Column::list_long("enable_dhcp", "DHCP"),
        Column::list_long("dns_nameservers", "Name Servers").view(View::InOrder),
        Column::list_long("allocation_pools", "Allocation Pools").view(View::Pools),
        Column::list_long("host_routes", "Host Routes").view(View::Routes),
        Column::list_long("ip_version", "IP Version"),
        Column::list_long("gateway_ip", "Gateway"),
        Column::list_long("service_types", "Service Types").view(View::List),
        Column::list_long("tags", "Tags").view(View::List),
        Column::shown("created_at"),
        Column::shown("description"),
        Column::shown("dns_publish_fixed_ip"),
        Column::shown("ipv6_address_mode"),
        Column::shown("ipv6_ra_mode"),
        Column::shown("revision_number"),
        Column::shown("router:external"),
        Column::shown("segment_id"),
        Column::shown("subnetpool_id"),
        Column::shown("updated_at"),
    ],
    options: &[
        Opt::argument("name", Kind::Text("name"), "Name of the subnet"),
        NEW_NAME,
        DESCRIPTION,
        Opt::create("network", Kind::Id("network_id", &NETWORK), "Network of the subnet (name or ID)")
            .required(),
        Opt::create("subnet-range", Kind::Text("cidr"), "Addresses of the subnet, as a CIDR").required(),
        Opt::create(
            "ip-version",
            Kind::Number("ip_version"),
            "Version of IP, 4 or 6; as the addresses are when not given",
        ),
        Opt::create(
            "ipv6-ra-mode",
            Kind::Text("ipv6_ra_mode"),
            "How routers advertise it: slaac, dhcpv6-stateful or dhcpv6-stateless",
        ),
        Opt::create(
            "ipv6-address-mode",
            Kind::Text("ipv6_address_mode"),
            "How addresses are made: slaac, dhcpv6-stateful or dhcpv6-stateless",
        ),
        Opt::both("gateway", Kind::Text("gateway_ip"), "Address of the gateway, `auto` or `none`"),
        Opt::both("dhcp", Kind::Is("enable_dhcp", Fixed::True), "Hand out addresses by DHCP").group("dhcp"),
        Opt::both("no-dhcp", Kind::Is("enable_dhcp", Fixed::False), "Hand out no addresses").group("dhcp"),
        Opt::both(
            "allocation-pool",
            Kind::MoreMaps("allocation_pools", POOL),
            "Addresses to give to ports; may be repeated",
        ),
        Opt::set("no-allocation-pool", Kind::Clear("allocation_pools"), "Take all pools away first"),
        Opt::both("dns-nameserver", Kind::More("dns_nameservers"), "DNS server; may be repeated"),
        Opt::set("no-dns-nameservers", Kind::Clear("dns_nameservers"), "Take all DNS servers away first"),
        Opt::both("host-route", Kind::MoreMaps("host_routes", ROUTE), "Route for hosts; may be repeated"),
        Opt::set("no-host-route", Kind::Clear("host_routes"), "Take all routes away first"),
        Opt::both(
            "service-type",
            Kind::More("service_types"),
            "Owners of ports that it is for; may be repeated",
        ),
        PROJECT,
        TAG,
        NO_TAG,
        Opt::unset(
            "allocation-pool",
            Kind::MoreMaps("allocation_pools", POOL),
            "Pool to take away; may be repeated",
        ),
        Opt::unset(
            "dns-nameserver",
            Kind::More("dns_nameservers"),
            "DNS server to take away; may be repeated",
        ),
        Opt::unset("host-route", Kind::MoreMaps("host_routes", ROUTE), "Route to take away; may be repeated"),
        Opt::unset(
            "service-type",
            Kind::More("service_types"),
            "Owner of ports to take away; may be repeated",
        ),
        Opt::unset("gateway", Kind::Is("gateway_ip", Fixed::Null), "Take the gateway away"),
        UNSET_TAG,
        ALL_TAG,
        NAMED,
        OF_PROJECT,
        Opt::filter("network", Kind::Id("network_id", &NETWORK), "Those of this network (name or ID)"),
        Opt::filter("ip-version", Kind::Number("ip_version"), "Those of this version of IP"),
        Opt::filter("dhcp", Kind::Is("enable_dhcp", Fixed::True), "Those with DHCP").group("dhcp"),
        Opt::filter("no-dhcp", Kind::Is("enable_dhcp", Fixed::False), "Those without DHCP").group("dhcp"),
        Opt::filter("gateway", Kind::Text("gateway_ip"), "Those with this gateway"),
        Opt::filter("subnet-range", Kind::Text("cidr"), "Those with these addresses"),
        WITH_TAGS,
        WITH_ANY_TAGS,
        WITHOUT_TAGS,
    ],
    verbs: ALL,
    shape,
    ..Noun::PLAIN
};

fn shape(draft: &mut Draft) -> Result<()> {
    if draft.verb == Verb::List {
        return Ok(());
    }
    match draft.attributes.get("gateway_ip").and_then(|gateway| gateway.as_str()) {
        Some("auto") => {
            draft.remove("gateway_ip");
        }
        Some("none") => draft.put("gateway_ip", serde_json::Value::Null),
        _ => {}
    }
    if draft.verb == Verb::Create && !draft.has("ip_version") {
        let cidr = draft.attributes.get("cidr").and_then(|cidr| cidr.as_str());
        let version = if cidr.is_some_and(|cidr| cidr.contains(':')) { 6 } else { 4 };
        draft.put("ip_version", version);
    }
    Ok(())
}
