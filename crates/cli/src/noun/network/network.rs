//! `network`.

use super::common::*;
use crate::grammar::{ALL, Column, Fixed, Kind, Noun, Opt};
use crate::output::cell::View;

/// Networks.
pub(crate) static NETWORK: Noun = Noun {
    words: &["network"],
    one: "network",
    said: "network",
    many: "networks",
    path: "networks",
    singular: "network",
    plural: "networks",
    columns: &[
        Column::list("id", "ID"),
        Column::list("name", "Name"),
        Column::list_long("status", "Status"),
        Column::list_long("project_id", "Project"),
        Column::list_long("admin_state_up", "State").view(View::UpDown),
        Column::list_long("shared", "Shared"),
        Column::list("subnets", "Subnets").view(View::List),
        Column::list_long("provider:network_type", "Network Type"),
        Column::list_long("router:external", "Router Type").view(View::External),
        Column::list_long("availability_zones", "Availability Zones").view(View::List),
        Column::list_long("tags", "Tags").view(View::List),
        Column::shown("availability_zone_hints").view(View::List),
        Column::shown("created_at"),
        Column::shown("description"),
        Column::shown("dns_domain"),
        Column::shown("ipv4_address_scope"),
        Column::shown("ipv6_address_scope"),
        Column::shown("is_default"),
        Column::shown("vlan_qinq").labelled("is_vlan_qinq"),
        Column::shown("vlan_transparent").labelled("is_vlan_transparent"),
        Column::shown("mtu"),
        Column::shown("port_security_enabled"),
        Column::shown("provider:physical_network"),
        Column::shown("provider:segmentation_id"),
        Column::shown("pvlan"),
        Column::shown("qos_policy_id"),
        Column::shown("revision_number"),
        Column::shown("segments"),
        Column::shown("updated_at"),
    ],
    options: &[
        Opt::argument("name", Kind::Text("name"), "Name of the network"),
        NEW_NAME,
        DESCRIPTION,
        ENABLE,
        DISABLE,
        Opt::both("share", Kind::Is("shared", Fixed::True), "Let all projects use it").group("share"),
        Opt::both("no-share", Kind::Is("shared", Fixed::False), "Let its own project use it alone")
            .group("share"),
        Opt::both("mtu", Kind::Number("mtu"), "MTU of the network"),
        Opt::both("external", Kind::Is("router:external", Fixed::True), "Let routers have gateways on it")
            .group("external"),
        Opt::both(
            "internal",
            Kind::Is("router:external", Fixed::False),
            "Let no router have a gateway on it",
        )
        .group("external"),
        Opt::both(
            "default",
            Kind::Is("is_default", Fixed::True),
            "The external network to take where none is named",
        )
        .group("default"),
        Opt::both("no-default", Kind::Is("is_default", Fixed::False), "No longer that one").group("default"),
        Opt::both(
            "enable-port-security",
            Kind::Is("port_security_enabled", Fixed::True),
            "Let ports check addresses",
        )
        .group("security"),
        Opt::both(
            "disable-port-security",
            Kind::Is("port_security_enabled", Fixed::False),
            "Let ports check nothing",
        )
        .group("security"),
        Opt::both(
            "provider-network-type",
            Kind::Text("provider:network_type"),
            "How it is made: flat, vlan, local ...",
        ),
        Opt::both(
            "provider-physical-network",
            Kind::Text("provider:physical_network"),
            "Physical network that it is",
        ),
        Opt::both(
            "provider-segment",
            Kind::Number("provider:segmentation_id"),
            "VLAN of the physical network",
        ),
        Opt::both("dns-domain", Kind::Text("dns_domain"), "DNS domain"),
        Opt::create(
            "availability-zone-hint",
            Kind::Texts("availability_zone_hints"),
            "Availability zone; may be repeated",
        ),
        PROJECT,
        TAG,
        NO_TAG,
        UNSET_TAG,
        ALL_TAG,
        NAMED,
        OF_PROJECT,
        ENABLED,
        DISABLED,
        Opt::filter("external", Kind::Is("router:external", Fixed::True), "External networks")
            .group("external"),
        Opt::filter("internal", Kind::Is("router:external", Fixed::False), "Internal networks")
            .group("external"),
        Opt::filter("share", Kind::Is("shared", Fixed::True), "Those that all projects may use")
            .group("share"),
        Opt::filter("no-share", Kind::Is("shared", Fixed::False), "Those of one project alone")
            .group("share"),
        Opt::filter("status", Kind::Text("status"), "Those of this status"),
        Opt::filter("provider-network-type", Kind::Text("provider:network_type"), "Those that are made so"),
        Opt::filter(
            "provider-physical-network",
            Kind::Text("provider:physical_network"),
            "Those of this physical network",
        ),
        Opt::filter("provider-segment", Kind::Number("provider:segmentation_id"), "Those of this VLAN"),
        WITH_TAGS,
        WITH_ANY_TAGS,
        WITHOUT_TAGS,
    ],
    verbs: ALL,
    ..Noun::PLAIN
};
