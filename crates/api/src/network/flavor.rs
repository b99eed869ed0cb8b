//! Flavors: `/v2.0/flavors`, and the service profiles bound to one: `/v2.0/flavors/{id}/service_profiles`.

use adit_model::flavor::{Flavor, ServiceType};
use adit_model::{FlavorId, ServiceProfileId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::attribute::{Attribute, Bulk, Dialect, Initial, Kind, Schema, ValueError, text};
use crate::shape::Shape;

/// The declaration.
pub static SCHEMA: Schema = Schema {
    singular: "flavor",
    plural: "flavors",
    path: "flavors",
    rule: "flavor",
    dialect: Dialect::Core,
    bulk: Bulk::Refused,
    attributes: &[
        Attribute::id(),
        Attribute::named(),
        Attribute::new("description", Kind::Other(long_text))
            .shaped(Shape::Text)
            .optional(Initial::Text(""))
            .mutable()
            .filter(),
        Attribute::new("service_type", Kind::ShortText).required().filter().sort(),
        Attribute::new("enabled", Kind::Bool).optional(Initial::Bool(true)).mutable().filter().sort(),
        Attribute::new("service_profiles", Kind::Text).shaped(Shape::List(&Shape::UUID)),
    ],
};

/// What a POST binds to a flavor.
pub static BINDING_SCHEMA: Schema = Schema {
    singular: "service_profile",
    plural: "service_profiles",
    path: "service_profiles",
    rule: "flavor_service_profile",
    dialect: Dialect::Core,
    bulk: Bulk::Refused,
    attributes: &[Attribute::new("id", Kind::Uuid).required()],
};

/// A description of a flavor or a service profile may be longer than others.
pub(super) fn long_text(value: &Value) -> Result<Value, ValueError> {
    text(value, 1024)
}

/// A checked POST.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Create {
    pub name: String,
    pub description: String,
    pub service_type: String,
    pub enabled: bool,
}

/// A checked PUT.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Update {
    pub name: Option<String>,
    pub description: Option<String>,
    pub enabled: Option<bool>,
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct View {
    pub id: FlavorId,
    pub name: String,
    pub description: String,
    pub service_type: ServiceType,
    pub enabled: bool,
    pub service_profiles: Vec<ServiceProfileId>,
}

impl From<Flavor> for View {
    fn from(flavor: Flavor) -> Self {
        let Flavor { id, name, description, service_type, enabled, service_profiles } = flavor;
        Self { id, name, description, service_type, enabled, service_profiles }
    }
}
