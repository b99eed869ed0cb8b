//! What the catalog is made of: `service`, `endpoint` and `region`.

use serde_json::Value;

use super::{DESCRIPTION, DISABLE, ENABLE, PLAIN};
use crate::error::Result;
use crate::grammar::{Column, Kind, Noun, Opt, Verb};
use crate::names;
use crate::session::{Object, Session};

const VERBS: &[Verb] = &[Verb::Create, Verb::Delete, Verb::List, Verb::Set, Verb::Show];
const INTERFACES: &[&str] = &["admin", "public", "internal"];

/// Regions.
pub(crate) static REGION: Noun = Noun {
    words: &["region"],
    one: "region",
    said: "region",
    many: "regions",
    path: "regions",
    singular: "region",
    plural: "regions",
    columns: &[
        Column::list("id", "Region").labelled("region"),
        Column::list("parent_region_id", "Parent Region").only_listed(),
        Column::list("description", "Description"),
        Column::shown("parent_region_id").labelled("parent_region"),
    ],
    options: &[
        Opt::argument("region", Kind::Text("id"), "ID of the region"),
        Opt::both("parent-region", Kind::Text("parent_region_id"), "Region that it is part of (ID)"),
        DESCRIPTION,
        Opt::filter("parent-region", Kind::Text("parent_region_id"), "Those that are part of this one (ID)"),
    ],
    verbs: VERBS,
    called_by: "",
    in_order: true,
    ..PLAIN
};

/// Services.
pub(crate) static SERVICE: Noun = Noun {
    words: &["service"],
    one: "service",
    said: "service",
    many: "services",
    path: "services",
    singular: "service",
    plural: "services",
    columns: &[
        Column::list("id", "ID"),
        Column::list("name", "Name"),
        Column::list("type", "Type"),
        Column::list_long("description", "Description").only_listed(),
        Column::list_long("enabled", "Enabled"),
        Column::shown("description"),
    ],
    options: &[
        Opt::argument("type", Kind::Text("type"), "Type of the service: network, image and so on"),
        Opt::set("type", Kind::Text("type"), "New type"),
        Opt::both("name", Kind::Text("name"), "Name of the service"),
        DESCRIPTION,
        ENABLE,
        DISABLE,
    ],
    verbs: VERBS,
    or_called_by: "type",
    in_order: true,
    ..PLAIN
};

/// Endpoints.
pub(crate) static ENDPOINT: Noun = Noun {
    words: &["endpoint"],
    one: "endpoint",
    said: "endpoint",
    many: "endpoints",
    path: "endpoints",
    singular: "endpoint",
    plural: "endpoints",
    columns: &[
        Column::list("enabled", "Enabled").unlisted(),
        Column::list("id", "ID"),
        Column::list("interface", "Interface").unlisted(),
        Column::list("region_id", "Region").labelled("region"),
        Column::shown("region_id"),
        Column::shown("service_id"),
        Column::shown("url"),
        Column::list(SERVICE_NAME, "Service Name").labelled("service_name"),
        Column::list(SERVICE_TYPE, "Service Type").labelled("service_type"),
        Column::list("enabled", "Enabled").only_listed(),
        Column::list("interface", "Interface").only_listed(),
        Column::list("url", "URL").only_listed(),
    ],
    options: &[
        Opt::argument("service", Kind::Id("service_id", &SERVICE), "Service (type, name or ID)"),
        Opt::argument("interface", Kind::Word("interface", INTERFACES), "Whom it is for"),
        Opt::argument("url", Kind::Text("url"), "URL"),
        Opt::set("service", Kind::Id("service_id", &SERVICE), "Service (type, name or ID)"),
        Opt::set("interface", Kind::Word("interface", INTERFACES), "Whom it is for"),
        Opt::set("url", Kind::Text("url"), "URL"),
        Opt::both("region", Kind::Id("region_id", &REGION), "Region (ID)"),
        ENABLE,
        DISABLE,
        Opt::filter("service", Kind::Id("service_id", &SERVICE), "Those of this service (type, name or ID)"),
        Opt::filter("interface", Kind::Word("interface", INTERFACES), "Those that are for these"),
        Opt::filter("region", Kind::Id("region_id", &REGION), "Those in this region (ID)"),
    ],
    verbs: VERBS,
    called_by: "",
    in_order: true,
    filled: Some(|session, endpoints| Box::pin(with_services(session, endpoints))),
    ..PLAIN
};

/// What an endpoint does not have itself.
const SERVICE_NAME: &str = "service name";
const SERVICE_TYPE: &str = "service type";

/// The endpoints with names and types of their services.
async fn with_services(session: &Session, mut endpoints: Vec<Object>) -> Result<Vec<Object>> {
    if endpoints.is_empty() {
        return Ok(endpoints);
    }
    let services = names::list(session, &SERVICE, &[]).await?;
    for endpoint in &mut endpoints {
        let service = services.iter().find(|service| service.get("id") == endpoint.get("service_id"));
        let of = |key: &str| service.and_then(|service| service.get(key)).cloned().unwrap_or_default();
        let (name, kind): (Value, Value) = (of("name"), of("type"));
        endpoint.insert(SERVICE_NAME.to_owned(), name);
        endpoint.insert(SERVICE_TYPE.to_owned(), kind);
    }
    Ok(endpoints)
}
