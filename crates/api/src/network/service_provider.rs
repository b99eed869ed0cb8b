//! Service providers: `/v2.0/service-providers`.

use serde::Serialize;

use crate::attribute::{Attribute, Bulk, Dialect, Kind, Schema};

/// The declaration.
pub static SCHEMA: Schema = Schema {
    singular: "service_provider",
    plural: "service_providers",
    path: "service-providers",
    rule: "service_provider",
    dialect: Dialect::Core,
    bulk: Bulk::Refused,
    attributes: &[
        Attribute::new("service_type", Kind::Text).filter(),
        Attribute::new("name", Kind::Text).filter(),
        Attribute::new("default", Kind::Bool).filter(),
    ],
};

/// A service provider as it is shown.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the API's own words")]
pub struct View {
    pub service_type: &'static str,
    pub name: String,
    pub default: bool,
}
