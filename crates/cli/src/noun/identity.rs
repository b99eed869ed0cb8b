//! Projects, users, roles and domains; tokens and the catalog.

mod application_credential;
mod assignment;
mod catalog;
mod implied_role;
mod role;
mod token;
mod user;

pub(crate) use application_credential::{ACCESS_RULE, APPLICATION_CREDENTIAL};
pub(crate) use assignment::ASSIGNMENTS;
pub(crate) use catalog::{ENDPOINT, REGION, SERVICE};
pub(crate) use implied_role::IMPLIED_ROLES;
pub(crate) use role::ROLE;
pub(crate) use token::TOKENS;
pub(crate) use user::{PASSWORD, USER};

use crate::grammar::{ALL, Change, Column, Fixed, Kind, Noun, Opt, Verb};
use crate::output::cell::View;
use crate::session::Service;

/// What nouns of the Identity API have in common.
const PLAIN: Noun = Noun { service: Service::Identity, change: Change::Patch, ..Noun::PLAIN };

const NEW_NAME: Opt = Opt::set("name", Kind::Text("name"), "New name");
const DESCRIPTION: Opt = Opt::both("description", Kind::Text("description"), "Description");
const ENABLE: Opt = Opt::both("enable", Kind::Is("enabled", Fixed::True), "Switch it on").group("state");
const DISABLE: Opt = Opt::both("disable", Kind::Is("enabled", Fixed::False), "Switch it off").group("state");
const OR_SHOW: Opt =
    Opt::create("or-show", Kind::OrShow, "Show the one of that name, if there is one already");
const ENABLED: Opt =
    Opt::filter("enabled", Kind::Is("enabled", Fixed::True), "Those that are switched on").group("state");
const DISABLED: Opt =
    Opt::filter("disabled", Kind::Is("enabled", Fixed::False), "Those that are switched off").group("state");
const IN_DOMAIN: Opt = Opt::create("domain", Kind::Id("domain_id", &DOMAIN), "Domain (name or ID)");
const OF_DOMAIN: Opt =
    Opt::filter("domain", Kind::Id("domain_id", &DOMAIN), "Those of this domain (name or ID)");
const WITHIN: Opt = Opt::set("domain", Kind::Within, "Domain in which it is looked for (name or ID)").of(&[
    Verb::Delete,
    Verb::Set,
    Verb::Show,
]);

/// Domains.
pub(crate) static DOMAIN: Noun = Noun {
    words: &["domain"],
    one: "domain",
    said: "domain",
    many: "domains",
    path: "domains",
    singular: "domain",
    plural: "domains",
    columns: &[
        Column::list("id", "ID"),
        Column::list("name", "Name"),
        Column::list("enabled", "Enabled"),
        Column::list("description", "Description"),
        Column::shown("options"),
    ],
    options: &[
        Opt::argument("name", Kind::Text("name"), "Name of the domain"),
        NEW_NAME,
        DESCRIPTION,
        ENABLE,
        DISABLE,
        OR_SHOW,
        Opt::filter("name", Kind::Text("name"), "The one of this name"),
        ENABLED,
    ],
    verbs: &[Verb::Create, Verb::Delete, Verb::List, Verb::Set, Verb::Show],
    ..PLAIN
};

/// Projects.
pub(crate) static PROJECT: Noun = Noun {
    words: &["project"],
    one: "project",
    said: "project",
    many: "projects",
    path: "projects",
    singular: "project",
    plural: "projects",
    columns: &[
        Column::list("id", "ID"),
        Column::list("name", "Name"),
        Column::list_long("domain_id", "Domain ID"),
        Column::list_long("description", "Description"),
        Column::list_long("enabled", "Enabled"),
        Column::shown("is_domain"),
        Column::shown("options").view(View::Plain),
        Column::shown("parent_id"),
        Column::shown("tags"),
    ],
    options: &[
        Opt::argument("name", Kind::Text("name"), "Name of the project"),
        NEW_NAME,
        DESCRIPTION,
        ENABLE,
        DISABLE,
        OR_SHOW,
        IN_DOMAIN,
        Opt::create("parent", Kind::Id("parent_id", &PROJECT), "Project that it is part of (name or ID)"),
        Opt::create("tag", Kind::Texts("tags"), "Tag; may be repeated"),
        Opt::set("tag", Kind::Tags, "Tag to add; may be repeated"),
        Opt::set("clear-tags", Kind::NoTags, "Take all tags away first"),
        Opt::unset("tag", Kind::Tags, "Tag to take away; may be repeated"),
        WITHIN,
        OF_DOMAIN,
        Opt::filter("name", Kind::Text("name"), "Those of this name"),
        Opt::filter("my-projects", Kind::Own, "Those in which one may act oneself"),
        Opt::filter("tags", Kind::Text("tags"), "Those with all of these tags, separated by commas"),
        ENABLED,
        DISABLED,
    ],
    verbs: ALL,
    own: Some("auth/projects"),
    ..PLAIN
};
