//! Endpoint groups: `/v2.0/vpn/endpoint-groups`.

use adit_model::endpoint_group::{EndpointGroup, EndpointType};
use adit_model::{EndpointGroupId, ProjectId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::attribute::{Attribute, Bulk, Dialect, Initial, Kind, Schema, ValueError};
use crate::shape::Shape;

/// The declaration.
pub static SCHEMA: Schema = Schema {
    singular: "endpoint_group",
    plural: "endpoint_groups",
    path: "vpn/endpoint-groups",
    rule: "endpoint_group",
    dialect: Dialect::Vpn,
    bulk: Bulk::Refused,
    attributes: &[
        Attribute::id(),
        Attribute::project(),
        Attribute::named(),
        Attribute::described(),
        // openstacksdk calls it `endpoint_type` when it filters.
        Attribute::new("type", Kind::Word(EndpointType::WORDS))
            .required()
            .filter_by("endpoint_type")
            .filter_alias("endpoint_type")
            .sort(),
        Attribute::new("endpoints", Kind::Other(check_endpoints))
            .shaped(Shape::TEXTS)
            .optional(Initial::List),
    ],
};

/// A scalar stands for a list of one, an object for the list of its keys, as in the reference.
fn check_endpoints(value: &Value) -> Result<Value, ValueError> {
    let items: Vec<Value> = match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.clone(),
        Value::Object(object) => object.keys().map(|key| Value::from(key.as_str())).collect(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![value.clone()],
    };
    items.iter().map(|item| Kind::ShortText.check(item)).collect::<Result<_, _>>().map(Value::Array)
}

/// A checked POST.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Create {
    pub project_id: ProjectId,
    pub name: String,
    pub description: String,
    #[serde(rename = "type")]
    pub endpoint_type: EndpointType,
    pub endpoints: Vec<String>,
}

/// A checked PUT.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Update {
    pub name: Option<String>,
    pub description: Option<String>,
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct View {
    pub id: EndpointGroupId,
    pub project_id: ProjectId,
    pub name: String,
    pub description: String,
    #[serde(rename = "type")]
    pub endpoint_type: EndpointType,
    pub endpoints: Vec<String>,
}

impl From<EndpointGroup> for View {
    fn from(group: EndpointGroup) -> Self {
        let EndpointGroup { id, project_id, name, description, endpoints } = group;
        let (endpoint_type, endpoints) = (endpoints.endpoint_type(), endpoints.texts());
        Self { id, project_id, name, description, endpoint_type, endpoints }
    }
}
