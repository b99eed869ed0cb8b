//! `application credential`, and the access rules that such credentials have.

use super::PLAIN;
use crate::grammar::{Column, Fixed, Kind, Noun, Opt, Verb};
use crate::output::cell::View;

const WHOSE: Opt =
    Opt::filter("user", Kind::Whose, "User whose they are, rather than one's own (name or ID)");
const WHOSE_DOMAIN: Opt = Opt::filter("user-domain", Kind::Within, "Domain of that user (name or ID)");

/// Application credentials.
pub(crate) static APPLICATION_CREDENTIAL: Noun = Noun {
    words: &["application", "credential"],
    one: "application credential",
    said: "application credential",
    many: "application credentials",
    path: "users/{user}/application_credentials",
    singular: "application_credential",
    plural: "application_credentials",
    columns: &[
        Column::both("id", "ID"),
        Column::both("name", "Name"),
        Column::both("description", "Description"),
        Column::both("project_id", "Project ID"),
        Column::both("roles", "Roles").view(View::Names),
        Column::both("unrestricted", "Unrestricted"),
        Column::both("access_rules", "Access Rules"),
        Column::both("expires_at", "Expires At"),
        // Told once, to whom it was made for.
        Column::both("secret", "Secret").if_sent().unlisted(),
    ],
    options: &[
        Opt::argument("name", Kind::Text("name"), "Name of the application credential"),
        Opt::create(
            "secret",
            Kind::Password("secret"),
            "Secret, which others may see here; `-` reads it from standard input, and the server makes one up otherwise",
        ),
        Opt::create(
            "role",
            Kind::Roles("roles"),
            "Role that it has (name or ID), of one's own, rather than all of them; may be repeated",
        ),
        Opt::create("expiration", Kind::Text("expires_at"), "Until when it is good: YYYY-mm-ddTHH:MM:SS"),
        Opt::create("description", Kind::Text("description"), "Description"),
        Opt::create(
            "unrestricted",
            Kind::Is("unrestricted", Fixed::True),
            "Let it make and delete other application credentials, which is dangerous",
        )
        .group("may"),
        Opt::create(
            "restricted",
            Kind::Is("unrestricted", Fixed::False),
            "Let it make and delete none, as it is anyway",
        )
        .group("may"),
        Opt::create(
            "access-rules",
            Kind::Json("access_rules"),
            "What it is good for: a JSON list of `method`, `path` and `service`, or a file with one",
        ),
        WHOSE,
        WHOSE_DOMAIN,
    ],
    verbs: &[Verb::Create, Verb::Delete, Verb::List, Verb::Show],
    in_order: true,
    ..PLAIN
};

/// Access rules.
pub(crate) static ACCESS_RULE: Noun = Noun {
    words: &["access", "rule"],
    one: "access rule",
    said: "access rule",
    many: "access rules",
    path: "users/{user}/access_rules",
    singular: "access_rule",
    plural: "access_rules",
    columns: &[
        Column::both("id", "ID"),
        Column::both("service", "Service").only_listed(),
        Column::both("method", "Method"),
        Column::both("path", "Path"),
        Column::both("service", "Service").unlisted(),
    ],
    options: &[WHOSE, WHOSE_DOMAIN],
    verbs: &[Verb::Delete, Verb::List, Verb::Show],
    called_by: "",
    in_order: true,
    ..PLAIN
};
