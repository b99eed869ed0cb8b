//! What can only be looked at: extensions, providers, zones.

use crate::grammar::{Column, Kind, Noun, Opt, Verb};
use crate::output::cell::View;

const OF_NETWORK: Opt =
    Opt::filter("network", Kind::Anyway, "Those of the network service, as there are no others here");

/// Extensions of the Networking API.
pub(crate) static EXTENSION: Noun = Noun {
    words: &["extension"],
    one: "extension",
    said: "extension",
    many: "extensions",
    path: "extensions",
    singular: "extension",
    plural: "extensions",
    columns: &[
        Column::list("name", "Name"),
        Column::list("alias", "Alias"),
        Column::list("description", "Description"),
        Column::list_long("namespace", "Namespace").only_listed(),
        Column::list_long("updated", "Updated At").labelled("updated_at"),
        Column::list_long("links", "Links").only_listed().view(View::Dicts),
    ],
    options: &[OF_NETWORK],
    verbs: &[Verb::List, Verb::Show],
    called_by: "",
    ..Noun::PLAIN
};

/// Who provides services.
pub(crate) static SERVICE_PROVIDER: Noun = Noun {
    words: &["network", "service", "provider"],
    one: "service provider",
    said: "service provider",
    many: "service providers",
    path: "service-providers",
    singular: "service_provider",
    plural: "service_providers",
    columns: &[
        Column::list("service_type", "Service Type"),
        Column::list("name", "Name"),
        Column::list("default", "Default"),
    ],
    verbs: &[Verb::List],
    ..Noun::PLAIN
};

/// Availability zones.
pub(crate) static AVAILABILITY_ZONE: Noun = Noun {
    words: &["availability", "zone"],
    one: "availability zone",
    said: "availability zone",
    many: "availability zones",
    path: "availability_zones",
    singular: "availability_zone",
    plural: "availability_zones",
    columns: &[
        Column::list("name", "Zone Name"),
        Column::list("state", "Zone Status"),
        Column::list_long("resource", "Zone Resource"),
    ],
    options: &[OF_NETWORK],
    verbs: &[Verb::List],
    ..Noun::PLAIN
};
