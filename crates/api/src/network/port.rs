//! Ports: `/v2.0/ports`.

use adit_model::port::Port;
use adit_model::{MacAddress, NetworkId, PortId, ProjectId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fixed_ip::{FixedIpRequest, FixedIpView};
use super::standard::{self, Standard};
use super::value::{empty_list, items, mac_address};
use crate::attribute::{Attribute, Bulk, Dialect, Initial, Kind, Schema, ValueError};

/// The declaration.
pub static SCHEMA: Schema = Schema {
    singular: "port",
    plural: "ports",
    path: "ports",
    rule: "port",
    dialect: Dialect::Core,
    bulk: Bulk::Refused,
    attributes: &[
        Attribute::id(),
        Attribute::project(),
        Attribute::named(),
        Attribute::described(),
        Attribute::new("network_id", Kind::Uuid).required().filter().sort(),
        Attribute::admin_state(),
        Attribute::new("status", Kind::Text).filter(),
        Attribute::new("mac_address", Kind::Other(mac_address))
            .optional(Initial::Absent)
            .mutable()
            .filter()
            .sort(),
        Attribute::new("fixed_ips", Kind::FixedIps).optional(Initial::Absent).mutable().filter(),
        Attribute::new("device_id", Kind::ShortText).optional(Initial::Text("")).mutable().filter().sort(),
        Attribute::new("device_owner", Kind::ShortText).optional(Initial::Text("")).mutable().filter().sort(),
        Attribute::new("security_groups", Kind::Other(security_groups)).optional(Initial::List).mutable(),
        Attribute::new("port_security_enabled", Kind::Bool).optional(Initial::Absent).mutable(),
        Attribute::new("allowed_address_pairs", Kind::Other(empty_list)).optional(Initial::List).mutable(),
        Attribute::new("extra_dhcp_opts", Kind::Other(empty_list)).optional(Initial::List).mutable(),
        Attribute::new("binding:vnic_type", Kind::Word(&["normal"]))
            .optional(Initial::Text("normal"))
            .mutable(),
        Attribute::new("binding:host_id", Kind::Text).admin_sees(),
        Attribute::new("binding:profile", Kind::Text).admin_sees(),
        Attribute::new("binding:vif_type", Kind::Text).admin_sees(),
        Attribute::new("binding:vif_details", Kind::Text).admin_sees(),
        standard::CREATED_AT,
        standard::UPDATED_AT,
        standard::REVISION_NUMBER,
        // The reference takes tags in the POST of a port, and forgets them.
        Attribute::new("tags", Kind::Other(|tags| Ok(tags.clone()))).optional(Initial::Absent),
    ],
};

fn security_groups(value: &Value) -> Result<Value, ValueError> {
    let ids = items(value, "security group")?;
    ids.iter().map(|id| Kind::Uuid.check(id)).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

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
    pub security_groups: Vec<String>,
    pub port_security_enabled: Option<bool>,
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
    pub security_groups: [(); 0],
    #[serde(rename = "binding:vnic_type")]
    pub binding_vnic_type: &'static str,
    #[serde(rename = "binding:host_id")]
    pub binding_host_id: &'static str,
    #[serde(rename = "binding:profile")]
    pub binding_profile: Map<String, Value>,
    #[serde(rename = "binding:vif_type")]
    pub binding_vif_type: &'static str,
    #[serde(rename = "binding:vif_details")]
    pub binding_vif_details: Map<String, Value>,
    pub allowed_address_pairs: [(); 0],
    pub extra_dhcp_opts: [(); 0],
    pub description: String,
    #[serde(flatten)]
    pub standard: Standard,
}

impl View {
    /// A port.
    pub fn new(port: Port, standard: Standard) -> Self {
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
        } = port;
        Self {
            id,
            name,
            network_id,
            project_id,
            mac_address,
            admin_state_up,
            status: if wired { "ACTIVE" } else { "DOWN" },
            device_id,
            device_owner,
            fixed_ips: fixed_ips.into_iter().map(FixedIpView::from).collect(),
            port_security_enabled,
            security_groups: [],
            binding_vnic_type: "normal",
            binding_host_id: "",
            binding_profile: Map::new(),
            binding_vif_type: "unbound",
            binding_vif_details: Map::new(),
            allowed_address_pairs: [],
            extra_dhcp_opts: [],
            description,
            standard,
        }
    }
}
