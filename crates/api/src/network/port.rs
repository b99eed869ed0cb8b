//! Ports: `/v2.0/ports`.

mod address_pair;
mod dhcp_option;

use std::collections::HashSet;

use adit_model::port::{AddressPair, Binding, DhcpOption, Port, VnicType};
use adit_model::{MacAddress, NetworkId, PortId, ProjectId, SecurityGroupId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fixed_ip::{FixedIpRequest, FixedIpView};
use super::standard::{self, Standard};
use super::value::{self, items, mac_address};
use crate::attribute::{Attribute, Bulk, Dialect, Initial, Kind, Schema, ValueError};
use crate::shape::Shape;
pub use address_pair::AddressPairRequest;
pub use dhcp_option::DhcpOptionRequest;
pub use dhcp_option::merge as merge_dhcp_options;

/// The declaration.
pub static SCHEMA: Schema = Schema {
    singular: "port",
    plural: "ports",
    path: "ports",
    rule: "port",
    dialect: Dialect::Core,
    bulk: Bulk::Accepted,
    attributes: &[
        Attribute::id(),
        Attribute::project(),
        Attribute::named(),
        Attribute::described(),
        Attribute::new("network_id", Kind::Uuid).required().filter().sort(),
        Attribute::admin_state(),
        Attribute::new("status", Kind::Text).filter(),
        Attribute::new("mac_address", Kind::Other(mac_address))
            .shaped(Shape::Text)
            .optional(Initial::Absent)
            .mutable()
            .filter()
            .sort(),
        Attribute::new("fixed_ips", Kind::FixedIps).optional(Initial::Absent).mutable().filter(),
        Attribute::new("device_id", Kind::ShortText).optional(Initial::Text("")).mutable().filter().sort(),
        Attribute::new("device_owner", Kind::ShortText).optional(Initial::Text("")).mutable().filter().sort(),
        Attribute::new("security_groups", Kind::Other(security_groups))
            .shaped(Shape::TEXTS)
            .optional(Initial::Absent)
            .mutable()
            .filter(),
        Attribute::new("port_security_enabled", Kind::Bool).optional(Initial::Absent).mutable(),
        Attribute::new("allowed_address_pairs", Kind::Other(address_pair::check))
            .shaped(address_pair::SHAPE)
            .optional(Initial::List)
            .mutable(),
        Attribute::new("extra_dhcp_opts", Kind::Other(dhcp_option::check)).optional(Initial::List).mutable(),
        Attribute::new("binding:vnic_type", Kind::Word(VnicType::WORDS))
            .optional(Initial::Text("normal"))
            .mutable(),
        Attribute::new("binding:host_id", Kind::Other(host_id))
            .optional(Initial::Text(""))
            .mutable()
            .filter_by("binding_host_id")
            .admin(),
        Attribute::new("binding:profile", Kind::Other(profile))
            .optional(Initial::Object)
            .mutable()
            .admin()
            .service_sets(),
        Attribute::new("binding:vif_type", Kind::Text).admin_sees(),
        Attribute::new("binding:vif_details", Kind::Text).shaped(Shape::Object(&[])).admin_sees(),
        standard::CREATED_AT,
        standard::UPDATED_AT,
        standard::REVISION_NUMBER,
        standard::TAGS.optional(Initial::Absent),
    ],
};

fn security_groups(value: &Value) -> Result<Value, ValueError> {
    let ids = items(value, "security group")?.iter().map(|id| Kind::Uuid.check(id));
    let mut ids = ids.collect::<Result<Vec<_>, _>>()?;
    // To be in a group twice is to be in it.
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    Ok(Value::Array(ids))
}

/// A node's name; `null` stands for none.
fn host_id(value: &Value) -> Result<Value, ValueError> {
    if value.is_null() { Ok(Value::from("")) } else { Kind::ShortText.check(value) }
}

/// An object; `null` stands for an empty one.
fn profile(value: &Value) -> Result<Value, ValueError> {
    match value {
        Value::Null => Ok(Value::Object(Map::new())),
        Value::Object(_) => match value.to_string() {
            // PostgreSQL keeps no NUL, in whatever part.
            text if text.contains("\\u0000") => Err(value::invalid(value, "is not a dictionary")),
            text if text.len() > MOST_PROFILE => {
                Err(value::invalid(value, &format!("exceeds maximum length of {MOST_PROFILE}")))
            }
            _ => Ok(value.clone()),
        },
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(value::invalid(value, "is not a dictionary"))
        }
    }
}

/// Longest binding profile, as JSON, in octets.
const MOST_PROFILE: usize = 4095;

/// A checked POST.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Create {
    pub project_id: ProjectId,
    pub name: String,
    pub description: String,
    pub network_id: String,
    pub admin_state_up: bool,
    pub mac_address: Option<MacAddress>,
    pub fixed_ips: Option<Vec<FixedIpRequest>>,
    pub device_id: String,
    pub device_owner: String,
    pub security_groups: Option<Vec<String>>,
    pub port_security_enabled: Option<bool>,
    pub allowed_address_pairs: Vec<AddressPairRequest>,
    pub extra_dhcp_opts: Vec<DhcpOptionRequest>,
    #[serde(rename = "binding:vnic_type")]
    pub binding_vnic_type: VnicType,
    #[serde(rename = "binding:host_id")]
    pub binding_host_id: String,
    #[serde(rename = "binding:profile")]
    pub binding_profile: Map<String, Value>,
}

/// A checked PUT.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Update {
    pub name: Option<String>,
    pub description: Option<String>,
    pub admin_state_up: Option<bool>,
    pub mac_address: Option<MacAddress>,
    pub fixed_ips: Option<Vec<FixedIpRequest>>,
    pub device_id: Option<String>,
    pub device_owner: Option<String>,
    pub security_groups: Option<Vec<String>>,
    pub port_security_enabled: Option<bool>,
    pub allowed_address_pairs: Option<Vec<AddressPairRequest>>,
    pub extra_dhcp_opts: Option<Vec<DhcpOptionRequest>>,
    #[serde(rename = "binding:vnic_type")]
    pub binding_vnic_type: Option<VnicType>,
    #[serde(rename = "binding:host_id")]
    pub binding_host_id: Option<String>,
    #[serde(rename = "binding:profile")]
    pub binding_profile: Option<Map<String, Value>>,
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct View {
    pub id: PortId,
    pub name: String,
    pub network_id: NetworkId,
    pub project_id: ProjectId,
    pub mac_address: MacAddress,
    pub admin_state_up: bool,
    pub status: &'static str,
    pub device_id: String,
    pub device_owner: String,
    pub fixed_ips: Vec<FixedIpView>,
    pub port_security_enabled: bool,
    pub security_groups: Vec<SecurityGroupId>,
    #[serde(rename = "binding:vnic_type")]
    pub binding_vnic_type: VnicType,
    #[serde(rename = "binding:host_id")]
    pub binding_host_id: String,
    #[serde(rename = "binding:profile")]
    pub binding_profile: Map<String, Value>,
    #[serde(rename = "binding:vif_type")]
    pub binding_vif_type: &'static str,
    #[serde(rename = "binding:vif_details")]
    pub binding_vif_details: Map<String, Value>,
    pub allowed_address_pairs: Vec<AddressPair>,
    pub extra_dhcp_opts: Vec<DhcpOption>,
    pub description: String,
    #[serde(flatten)]
    pub standard: Standard,
}

impl View {
    /// A port.
    pub fn new(port: Port, standard: Standard) -> Self {
        let status = port.status();
        let Port {
            id,
            project_id,
            name,
            description,
            network_id,
            mac_address,
            fixed_ips,
            device_id,
            device_owner,
            admin_state_up,
            port_security_enabled,
            wired,
            allowed_address_pairs,
            extra_dhcp_opts,
            security_groups,
            binding: Binding { vnic_type, host_id, profile },
        } = port;
        let vif_type = match (wired, host_id.as_str()) {
            (true, _) => "bridge",
            (false, "") => "unbound",
            (false, _) => "binding_failed",
        };
        Self {
            id,
            name,
            network_id,
            project_id,
            mac_address,
            admin_state_up,
            status,
            device_id,
            device_owner,
            fixed_ips: fixed_ips.into_iter().map(FixedIpView::from).collect(),
            port_security_enabled,
            security_groups,
            binding_vnic_type: vnic_type,
            binding_host_id: host_id,
            binding_profile: profile,
            binding_vif_type: vif_type,
            binding_vif_details: Map::new(),
            allowed_address_pairs,
            extra_dhcp_opts,
            description,
            standard,
        }
    }
}
