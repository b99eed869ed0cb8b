//! Networks: `/v2.0/networks`.

use adit_model::network::{Network, NetworkType};
use adit_model::{NetworkId, ProjectId, SubnetId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::standard::{self, Standard};
use super::value;
use crate::attribute::{Attribute, Bulk, Dialect, Initial, Kind, Schema, ValueError};
use crate::shape::Shape;
use crate::vpn::site_connection::present;

/// The declaration.
pub static SCHEMA: Schema = Schema {
    singular: "network",
    plural: "networks",
    path: "networks",
    rule: "network",
    dialect: Dialect::Core,
    bulk: Bulk::Accepted,
    attributes: &[
        Attribute::id(),
        Attribute::project(),
        Attribute::named(),
        Attribute::described(),
        Attribute::admin_state(),
        Attribute::new("status", Kind::Text).filter(),
        Attribute::new("subnets", Kind::Text).shaped(Shape::TEXTS),
        Attribute::new("shared", Kind::Bool).optional(Initial::Bool(false)).mutable().filter().admin_sets(),
        Attribute::new("router:external", Kind::Bool)
            .optional(Initial::Bool(false))
            .mutable()
            .filter_by("external")
            .admin_sets(),
        provider("provider:network_type", Kind::Other(network_type), "network_type"),
        provider("provider:physical_network", Kind::Other(physical_network), "physical_network"),
        provider("provider:segmentation_id", Kind::OptionalNumber, "segmentation_id"),
        Attribute::new("mtu", Kind::Size).optional(Initial::Number(0)).mutable().filter().sort(),
        Attribute::new("port_security_enabled", Kind::Bool).optional(Initial::Bool(true)).mutable(),
        Attribute::new("dns_domain", Kind::Other(value::dns_domain)).optional(Initial::Text("")).mutable(),
        Attribute::new("is_default", Kind::Bool).optional(Initial::Bool(false)).mutable().admin_sets(),
        Attribute::new("availability_zone_hints", Kind::Other(value::texts))
            .shaped(Shape::TEXTS)
            .optional(Initial::List),
        Attribute::new("availability_zones", Kind::Text).shaped(Shape::TEXTS),
        Attribute::new("ipv4_address_scope", Kind::Text).shaped(Shape::OPTIONAL_TEXT),
        Attribute::new("ipv6_address_scope", Kind::Text).shaped(Shape::OPTIONAL_TEXT),
        standard::CREATED_AT,
        standard::UPDATED_AT,
        standard::REVISION_NUMBER,
        standard::TAGS,
    ],
};

/// What only administrators see and set: how a network is realised.
const fn provider(name: &'static str, kind: Kind, column: &'static str) -> Attribute {
    Attribute::new(name, kind).optional(Initial::Null).mutable().filter_by(column).admin_sees().admin_sets()
}

fn network_type(value: &Value) -> Result<Value, ValueError> {
    if value.is_null() { Ok(Value::Null) } else { Kind::Word(NetworkType::WORDS).check(value) }
}

fn physical_network(value: &Value) -> Result<Value, ValueError> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let checked = Kind::Name.check(value)?;
    let name = checked.as_str().unwrap_or_default();
    if name.chars().count() > MAX_PHYSICAL_NETWORK {
        return Err(ValueError::Invalid(format!(
            "'{name}' exceeds maximum length of {MAX_PHYSICAL_NETWORK}"
        )));
    }
    Ok(checked)
}

/// Longest name of a physical network, in characters.
const MAX_PHYSICAL_NETWORK: usize = 64;

/// A checked POST.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Create {
    pub project_id: ProjectId,
    pub name: String,
    pub description: String,
    pub admin_state_up: bool,
    pub shared: bool,
    #[serde(rename = "router:external")]
    pub external: bool,
    #[serde(rename = "provider:network_type")]
    pub network_type: Option<NetworkType>,
    #[serde(rename = "provider:physical_network")]
    pub physical_network: Option<String>,
    #[serde(rename = "provider:segmentation_id")]
    pub segmentation_id: Option<i64>,
    pub mtu: u32,
    pub port_security_enabled: bool,
    pub dns_domain: String,
    pub is_default: bool,
    pub availability_zone_hints: Vec<String>,
}

/// A checked PUT.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Update {
    pub name: Option<String>,
    pub description: Option<String>,
    pub admin_state_up: Option<bool>,
    pub shared: Option<bool>,
    #[serde(rename = "router:external")]
    pub external: Option<bool>,
    #[serde(rename = "provider:network_type", default, deserialize_with = "present")]
    pub network_type: Option<Option<NetworkType>>,
    #[serde(rename = "provider:physical_network", default, deserialize_with = "present")]
    pub physical_network: Option<Option<String>>,
    #[serde(rename = "provider:segmentation_id", default, deserialize_with = "present")]
    pub segmentation_id: Option<Option<i64>>,
    pub mtu: Option<u32>,
    pub port_security_enabled: Option<bool>,
    pub dns_domain: Option<String>,
    pub is_default: Option<bool>,
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct View {
    pub id: NetworkId,
    pub name: String,
    pub project_id: ProjectId,
    pub admin_state_up: bool,
    pub mtu: u32,
    pub status: &'static str,
    pub subnets: Vec<SubnetId>,
    pub shared: bool,
    pub port_security_enabled: bool,
    pub dns_domain: String,
    #[serde(rename = "router:external")]
    pub external: bool,
    pub is_default: bool,
    pub availability_zone_hints: Vec<String>,
    pub availability_zones: Vec<String>,
    pub ipv4_address_scope: Option<()>,
    pub ipv6_address_scope: Option<()>,
    pub description: String,
    #[serde(rename = "provider:network_type")]
    pub network_type: NetworkType,
    #[serde(rename = "provider:physical_network")]
    pub physical_network: Option<String>,
    #[serde(rename = "provider:segmentation_id")]
    pub segmentation_id: Option<u16>,
    #[serde(flatten)]
    pub standard: Standard,
}

impl View {
    /// A network with its subnets, and the zones that it reaches.
    pub fn new(
        network: Network,
        subnets: Vec<SubnetId>,
        availability_zones: Vec<String>,
        standard: Standard,
    ) -> Self {
        let network_type = network.network_type();
        let Network {
            id,
            project_id,
            name,
            description,
            admin_state_up,
            shared,
            external,
            physical,
            mtu,
            port_security_enabled,
            dns_domain,
            is_default,
            availability_zone_hints,
        } = network;
        let (physical_network, segmentation_id) = match physical {
            Some(physical) => (Some(physical.name), physical.vlan),
            None => (None, None),
        };
        Self {
            id,
            name,
            project_id,
            admin_state_up,
            mtu,
            status: "ACTIVE",
            subnets,
            shared,
            port_security_enabled,
            dns_domain,
            external,
            is_default,
            availability_zone_hints,
            availability_zones,
            ipv4_address_scope: None,
            ipv6_address_scope: None,
            description,
            network_type,
            physical_network,
            segmentation_id,
            standard,
        }
    }
}
