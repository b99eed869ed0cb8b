//! Agents and availability zones: `/v2.0/agents`, `/v2.0/availability_zones`.

use adit_model::AgentId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ApiError;
use crate::attribute::{Attribute, Bulk, Dialect, Kind, Schema, ValueError};
use crate::vpn::site_connection::present;

/// The declaration of agents.
pub static SCHEMA: Schema = Schema {
    singular: "agent",
    plural: "agents",
    path: "agents",
    rule: "agent",
    dialect: Dialect::Core,
    bulk: Bulk::Refused,
    attributes: &[
        Attribute::new("id", Kind::Uuid).filter().sort(),
        Attribute::new("agent_type", Kind::Text).filter().sort(),
        Attribute::new("binary", Kind::Text).filter().sort(),
        Attribute::new("topic", Kind::Text).filter().sort(),
        Attribute::new("host", Kind::Text).filter().sort(),
        Attribute::new("admin_state_up", Kind::Bool).mutable().filter(),
        Attribute::new("description", Kind::Other(description)).mutable().filter(),
        Attribute::new("availability_zone", Kind::Text).filter().sort(),
        Attribute::new("alive", Kind::Bool).filter(),
        Attribute::new("created_at", Kind::Text),
        Attribute::new("started_at", Kind::Text),
        Attribute::new("heartbeat_timestamp", Kind::Text),
        Attribute::new("resources_synced", Kind::Text),
        Attribute::new("configurations", Kind::Text),
    ],
};

fn description(value: &Value) -> Result<Value, ValueError> {
    if value.is_null() { Ok(Value::Null) } else { Kind::ShortText.check(value) }
}

/// A checked PUT.
#[derive(Debug, Deserialize)]
pub struct Update {
    /// An agent that is down gets no new routers.
    pub admin_state_up: Option<bool>,
    /// Free text, or none.
    #[serde(default, deserialize_with = "present")]
    pub description: Option<Option<String>>,
}

/// The body that gives an agent a router, which has no envelope.
///
/// # Errors
/// [`ApiError::HTTPBadRequest`]; [`ApiError::RouterNotFound`] for what is the name of none.
pub fn parse_router_id(body: &[u8]) -> Result<String, ApiError> {
    let parsed: Value =
        serde_json::from_slice(body).map_err(|_| ApiError::bad_request("Body contains invalid data"))?;
    match parsed.get("router_id") {
        // No database keeps a NUL.
        Some(Value::String(id)) if id.contains('\0') => Err(ApiError::RouterNotFound { id: id.clone() }),
        Some(Value::String(id)) => Ok(id.clone()),
        _ => Err(ApiError::bad_request("Unable to find 'router_id' in request body")),
    }
}

/// An agent as it is shown.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the API's own words")]
pub struct View {
    pub id: AgentId,
    pub agent_type: &'static str,
    pub binary: &'static str,
    pub topic: &'static str,
    pub host: String,
    pub admin_state_up: bool,
    /// As `2026-11-21 05:23:22`.
    pub created_at: String,
    pub started_at: String,
    pub heartbeat_timestamp: String,
    pub description: Option<String>,
    pub resources_synced: Option<()>,
    pub availability_zone: String,
    pub alive: bool,
    pub configurations: Value,
}

/// The declaration of availability zones.
pub static ZONE_SCHEMA: Schema = Schema {
    singular: "availability_zone",
    plural: "availability_zones",
    path: "availability_zones",
    rule: "availability_zone",
    dialect: Dialect::Core,
    bulk: Bulk::Refused,
    attributes: &[
        Attribute::new("name", Kind::Text).filter(),
        Attribute::new("resource", Kind::Text).filter(),
        Attribute::new("state", Kind::Text).filter(),
    ],
};

/// An availability zone as it is shown.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the API's own words")]
pub struct ZoneView {
    pub name: String,
    pub resource: &'static str,
    pub state: &'static str,
}
