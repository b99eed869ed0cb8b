//! `vpn endpoint group`.

use crate::grammar::{ALL, Column, Fixed, Kind, Noun, Opt};

/// Endpoint groups.
pub(crate) static ENDPOINT_GROUP: Noun = Noun {
    words: &["vpn", "endpoint", "group"],
    one: "endpoint group",
    said: "endpoint group",
    many: "endpoint groups",
    path: "vpn/endpoint-groups",
    singular: "endpoint_group",
    plural: "endpoint_groups",
    columns: &[
        Column::both("id", "ID"),
        Column::both("name", "Name"),
        Column::both("type", "Type"),
        Column::both("endpoints", "Endpoints"),
        Column::long("description", "Description"),
        Column::long("project_id", "Project"),
    ],
    options: &[
        Opt::argument("name", Kind::Text("name"), "Name of the endpoint group"),
        Opt::set("name", Kind::Text("name"), "New name"),
        Opt::create("type", Kind::Word("type", &["subnet", "cidr"]), "What it is made of").required(),
        Opt::create(
            "value",
            Kind::Endpoints("endpoints"),
            "Subnet (name or ID) or CIDR, as the type says; may be repeated",
        )
        .required(),
        Opt::both("description", Kind::Text("description"), "Description"),
        Opt::unset("description", Kind::Is("description", Fixed::EmptyText), "Take the description away"),
        Opt::create("project", Kind::Project("project_id"), "Project of the endpoint group (name or ID)"),
    ],
    verbs: ALL,
    ..Noun::PLAIN
};
