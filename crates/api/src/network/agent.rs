//! Agents and availability zones: `/v2.0/agents`, `/v2.0/availability_zones`.

use adit_model::AgentId;
use serde::Serialize;
use serde_json::Value;

use crate::attribute::{Attribute, Bulk, Dialect, Kind, Schema};

/// The declaration of agents.
pub static SCHEMA: Schema = Schema {
    singular: "agent",
    plural: "agents",
    path: "agents",
    rule: "agent",
    dialect: Dialect::Core,
    bulk: Bulk::Refused,
    attributes: &[
        Attribute::new("id", Kind::Uuid).filter(),
        Attribute::new("agent_type", Kind::Text).filter(),
        Attribute::new("binary", Kind::Text).filter(),
        Attribute::new("topic", Kind::Text).filter(),
        Attribute::new("host", Kind::Text).filter(),
        Attribute::new("admin_state_up", Kind::Bool).filter(),
        Attribute::new("description", Kind::Text).filter(),
        Attribute::new("availability_zone", Kind::Text).filter(),
        Attribute::new("alive", Kind::Bool).filter(),
    ],
};

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
