//! Security groups: `/v2.0/security-groups`.

use adit_model::security_group::{DEFAULT_NAME, SecurityGroup};
use adit_model::{ProjectId, SecurityGroupId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::security_group_rule;
use super::standard::{self, Standard};
use crate::attribute::{Attribute, Bulk, Dialect, Initial, Kind, Schema, ValueError};
use crate::error::ApiError;
use crate::shape::Shape;

/// The declaration.
pub static SCHEMA: Schema = Schema {
    singular: "security_group",
    plural: "security_groups",
    path: "security-groups",
    rule: "security_group",
    dialect: Dialect::Core,
    bulk: Bulk::Accepted,
    attributes: &[
        Attribute::id(),
        Attribute::project(),
        Attribute::new("name", Kind::Other(name))
            .shaped(Shape::Text)
            .optional(Initial::Text(""))
            .mutable()
            .filter()
            .sort(),
        Attribute::described(),
        Attribute::new("stateful", Kind::Bool).optional(Initial::Bool(true)).mutable().filter(),
        Attribute::new("shared", Kind::Bool).filter(),
        Attribute::new("security_group_rules", Kind::Text).shaped(Shape::List(&security_group_rule::SHAPE)),
        standard::CREATED_AT,
        standard::UPDATED_AT,
        standard::REVISION_NUMBER,
        standard::TAGS,
    ],
};

/// A name other than that of the group that every project has already.
fn name(value: &Value) -> Result<Value, ValueError> {
    let checked = Kind::Name.check(value)?;
    if checked == DEFAULT_NAME {
        return Err(ValueError::Answer(ApiError::SecurityGroupDefaultAlreadyExists));
    }
    Ok(checked)
}

/// A checked POST.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Create {
    pub project_id: ProjectId,
    pub name: String,
    pub description: String,
    pub stateful: bool,
}

/// A checked PUT.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Update {
    pub name: Option<String>,
    pub description: Option<String>,
    pub stateful: Option<bool>,
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct View {
    pub id: SecurityGroupId,
    pub name: String,
    pub stateful: bool,
    pub project_id: ProjectId,
    pub description: String,
    pub shared: bool,
    pub security_group_rules: Vec<Value>,
    #[serde(flatten)]
    pub standard: Standard,
}

impl View {
    /// A group with its rules, each as it is shown alone.
    pub fn new(
        group: SecurityGroup,
        rules: Vec<security_group_rule::View>,
        standard: Standard,
    ) -> Result<Self, ApiError> {
        let SecurityGroup { id, project_id, name, description, stateful, is_default: _ } = group;
        let shown = |rule| crate::view::object(&security_group_rule::SCHEMA, &rule, false, &[]);
        let security_group_rules = rules.into_iter().map(shown).collect::<Result<_, _>>()?;
        Ok(Self {
            id,
            name,
            stateful,
            project_id,
            description,
            shared: false,
            security_group_rules,
            standard,
        })
    }
}
