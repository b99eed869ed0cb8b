//! `network agent`.

use crate::grammar::{Column, Fixed, Kind, Noun, Opt, Verb};
use crate::output::cell::View;

/// Agents of the network service.
pub(crate) static AGENT: Noun = Noun {
    words: &["network", "agent"],
    one: "network agent",
    said: "network agent",
    many: "network agents",
    path: "agents",
    singular: "agent",
    plural: "agents",
    columns: &[
        Column::list("id", "ID"),
        Column::list("agent_type", "Agent Type"),
        Column::list("host", "Host"),
        Column::list("availability_zone", "Availability Zone"),
        Column::list("alive", "Alive").view(View::Alive),
        Column::list("admin_state_up", "State").view(View::UpDown),
        Column::list("binary", "Binary"),
        Column::shown("configurations").labelled("configuration").view(View::Dict),
        Column::shown("created_at"),
        Column::shown("description"),
        Column::shown("ha_chassis_priority"),
        Column::shown("ha_state"),
        Column::shown("heartbeat_timestamp").labelled("last_heartbeat_at"),
        Column::shown("resources_synced"),
        Column::shown("started_at"),
        Column::shown("topic"),
    ],
    options: &[
        Opt::set("description", Kind::Text("description"), "Description"),
        Opt::set("enable", Kind::Is("admin_state_up", Fixed::True), "Let it have routers").group("state"),
        Opt::set("disable", Kind::Is("admin_state_up", Fixed::False), "Let it have no new routers")
            .group("state"),
        Opt::filter("agent-type", Kind::Text("agent_type"), "Those of this type, as the column has it"),
        Opt::filter("host", Kind::Text("host"), "Those on this node"),
    ],
    verbs: &[Verb::Delete, Verb::List, Verb::Set, Verb::Show],
    called_by: "",
    ..Noun::PLAIN
};
