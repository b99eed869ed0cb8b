//! Service profiles: `/v2.0/service_profiles`.

use adit_model::{ServiceProfile, ServiceProfileId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::flavor::long_text;
use crate::attribute::{Attribute, Bulk, Dialect, Initial, Kind, Schema, ValueError, text};
use crate::shape::Shape;

/// The declaration.
pub static SCHEMA: Schema = Schema {
    singular: "service_profile",
    plural: "service_profiles",
    path: "service_profiles",
    rule: "service_profile",
    dialect: Dialect::Core,
    bulk: Bulk::Refused,
    attributes: &[
        Attribute::id(),
        Attribute::new("description", Kind::Other(long_text))
            .shaped(Shape::Text)
            .optional(Initial::Text(""))
            .mutable()
            .filter(),
        Attribute::new("driver", Kind::Other(long_text))
            .shaped(Shape::Text)
            .optional(Initial::Text(""))
            .mutable()
            .filter()
            .sort(),
        Attribute::new("enabled", Kind::Bool).optional(Initial::Bool(true)).mutable().filter().sort(),
        Attribute::new("metainfo", Kind::Other(metainfo))
            .shaped(Shape::Text)
            .optional(Initial::Text(""))
            .mutable()
            .filter(),
    ],
};

fn metainfo(value: &Value) -> Result<Value, ValueError> {
    text(value, 4096)
}

/// A checked POST.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Create {
    pub description: String,
    pub driver: String,
    pub enabled: bool,
    pub metainfo: String,
}

/// A checked PUT.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Update {
    pub description: Option<String>,
    pub driver: Option<String>,
    pub enabled: Option<bool>,
    pub metainfo: Option<String>,
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct View {
    pub id: ServiceProfileId,
    pub description: String,
    pub driver: String,
    pub enabled: bool,
    pub metainfo: String,
}

impl From<ServiceProfile> for View {
    fn from(profile: ServiceProfile) -> Self {
        let ServiceProfile { id, description, driver, enabled, metainfo } = profile;
        Self { id, description, driver, enabled, metainfo }
    }
}
