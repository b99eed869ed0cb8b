//! `role`.

use super::{DESCRIPTION, NEW_NAME, OF_DOMAIN, OR_SHOW, PLAIN};
use crate::grammar::{Column, Kind, Noun, Opt, Verb};

/// Roles.
pub(crate) static ROLE: Noun = Noun {
    words: &["role"],
    one: "role",
    said: "role",
    many: "roles",
    path: "roles",
    singular: "role",
    plural: "roles",
    columns: &[
        Column::list("id", "ID"),
        Column::list("name", "Name"),
        Column::shown("domain_id"),
        Column::shown("description"),
    ],
    options: &[
        Opt::argument("name", Kind::Text("name"), "Name of the role"),
        NEW_NAME,
        DESCRIPTION,
        OR_SHOW,
        OF_DOMAIN,
    ],
    verbs: &[Verb::Create, Verb::Delete, Verb::List, Verb::Set, Verb::Show],
    in_order: true,
    ..PLAIN
};
