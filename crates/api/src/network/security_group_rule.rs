//! Rules of security groups: `/v2.0/security-group-rules`.

use std::net::IpAddr;

use adit_model::security_group::{
    Direction, EtherType, Protocol, Remote, SecurityGroupRule, Traffic, TrafficError,
};
use adit_model::{Cidr, ProjectId, SecurityGroupId, SecurityGroupRuleId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::standard::{self, Standard};
use crate::attribute::{Attribute, Bulk, Dialect, Initial, Kind, Schema, ValueError, parse_number};
use crate::error::ApiError;
use crate::python;
use crate::shape::Shape;

/// The declaration. A rule is never changed.
pub static SCHEMA: Schema = Schema {
    singular: "security_group_rule",
    plural: "security_group_rules",
    path: "security-group-rules",
    rule: "security_group_rule",
    dialect: Dialect::Core,
    bulk: Bulk::Accepted,
    attributes: &[
        Attribute::id(),
        Attribute::project(),
        Attribute::new("description", Kind::ShortText).optional(Initial::Text("")).filter(),
        Attribute::new("security_group_id", Kind::Uuid).required().filter().sort(),
        Attribute::new("direction", Kind::Word(Direction::WORDS)).required().filter().sort(),
        Attribute::new("ethertype", Kind::Other(ethertype))
            .shaped(Shape::Word(EtherType::WORDS))
            .optional(Initial::Text("IPv4"))
            .filter()
            .sort(),
        Attribute::new("protocol", Kind::Other(protocol))
            .shaped(Shape::OPTIONAL_TEXT)
            .optional(Initial::Null)
            .filter()
            .sort(),
        Attribute::new("port_range_min", Kind::Other(port))
            .shaped(Shape::OPTIONAL_NUMBER)
            .optional(Initial::Null)
            .filter()
            .sort(),
        Attribute::new("port_range_max", Kind::Other(port))
            .shaped(Shape::OPTIONAL_NUMBER)
            .optional(Initial::Null)
            .filter()
            .sort(),
        Attribute::new("remote_ip_prefix", Kind::Other(prefix))
            .shaped(Shape::OPTIONAL_TEXT)
            .optional(Initial::Null)
            .filter()
            .sort(),
        // Whatever its form: what is no id is not found.
        Attribute::new("remote_group_id", Kind::Other(optional_text))
            .shaped(Shape::OPTIONAL_TEXT)
            .optional(Initial::Null)
            .filter()
            .sort(),
        Attribute::new("remote_address_group_id", Kind::Other(optional_text))
            .shaped(Shape::OPTIONAL_TEXT)
            .optional(Initial::Null),
        Attribute::new("normalized_cidr", Kind::Text).shaped(Shape::OPTIONAL_TEXT),
        Attribute::new("belongs_to_default_sg", Kind::Bool).filter(),
        standard::CREATED_AT,
        standard::UPDATED_AT,
        standard::REVISION_NUMBER,
    ],
};

/// What a group says about each of its rules.
pub(super) const SHAPE: Shape = Shape::Object(&[
    ("id", Shape::UUID),
    ("project_id", Shape::Text),
    ("tenant_id", Shape::Text),
    ("security_group_id", Shape::UUID),
    ("description", Shape::Text),
    ("direction", Shape::Word(Direction::WORDS)),
    ("ethertype", Shape::Word(EtherType::WORDS)),
    ("protocol", Shape::OPTIONAL_TEXT),
    ("port_range_min", Shape::OPTIONAL_NUMBER),
    ("port_range_max", Shape::OPTIONAL_NUMBER),
    ("remote_ip_prefix", Shape::OPTIONAL_TEXT),
    ("normalized_cidr", Shape::OPTIONAL_TEXT),
    ("remote_group_id", Shape::OPTIONAL_UUID),
    ("remote_address_group_id", Shape::OPTIONAL_TEXT),
    ("belongs_to_default_sg", Shape::Flag),
    ("created_at", Shape::Formatted("date-time")),
    ("updated_at", Shape::Formatted("date-time")),
    ("revision_number", Shape::Number),
]);

fn optional_text(value: &Value) -> Result<Value, ValueError> {
    if value.is_null() { Ok(Value::Null) } else { Kind::ShortText.check(value) }
}

/// An IP version in whatever case; `null` stands for the usual one.
fn ethertype(value: &Value) -> Result<Value, ValueError> {
    if value.is_null() {
        return Ok(Value::from(EtherType::Ipv4.as_str()));
    }
    let text = python::display(value);
    match EtherType::WORDS.iter().find(|word| word.eq_ignore_ascii_case(&text)) {
        Some(word) => Ok(Value::from(*word)),
        None => {
            let allowed = python::repr(&Value::from(EtherType::WORDS.to_vec()));
            Err(ValueError::Answer(ApiError::SecurityGroupRuleInvalidEtherType { ethertype: text, allowed }))
        }
    }
}

/// A name in lower case or a number, as text; `null` stands for all protocols.
fn protocol(value: &Value) -> Result<Value, ValueError> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let text = python::display(value);
    text.parse::<Protocol>().map(|protocol| Value::from(protocol.as_str())).map_err(|_| {
        let names: Vec<Value> =
            std::iter::once(Value::Null).chain(Protocol::names().map(Value::from)).collect();
        let allowed = python::repr(&Value::Array(names));
        ValueError::Answer(ApiError::SecurityGroupRuleInvalidProtocol { protocol: text, allowed })
    })
}

/// A number of 16 bits, also as text, or `null`.
fn port(value: &Value) -> Result<Value, ValueError> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let is_whole = matches!(value, Value::String(_)) || value.is_i64();
    match parse_number(value).filter(|_| is_whole).map(u16::try_from) {
        Some(Ok(port)) => Ok(Value::from(port)),
        _ => {
            Err(ValueError::Answer(ApiError::SecurityGroupInvalidPortValue { port: python::display(value) }))
        }
    }
}

/// A network with its host bits, an address for a network of itself, or `null`.
fn prefix(value: &Value) -> Result<Value, ValueError> {
    if value.is_null() || *value == "" {
        return Ok(Value::Null);
    }
    let text = python::display(value);
    let single = || {
        let address: IpAddr = text.parse().ok()?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        format!("{address}/{bits}").parse().ok()
    };
    match text.parse::<Cidr>().ok().or_else(single) {
        Some(cidr) => Ok(Value::from(cidr.to_string())),
        None => Err(ValueError::Answer(ApiError::InvalidCIDR { input: text })),
    }
}

/// A checked POST.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Create {
    pub project_id: ProjectId,
    pub description: String,
    pub security_group_id: String,
    pub direction: Direction,
    pub ethertype: EtherType,
    pub protocol: Option<String>,
    pub port_range_min: Option<u16>,
    pub port_range_max: Option<u16>,
    pub remote_ip_prefix: Option<Cidr>,
    pub remote_group_id: Option<String>,
    pub remote_address_group_id: Option<String>,
}

impl Create {
    /// Which packets the rule is about, as far as that can be told without looking anything up; `Remote::Any` stands for
    /// a group too.
    ///
    /// # Errors
    /// What does not fit together.
    pub fn traffic(&self) -> Result<Traffic, ApiError> {
        let protocol = self.protocol.as_ref().and_then(|text| text.parse::<Protocol>().ok());
        let protocol = match self.ethertype {
            EtherType::Ipv4 => protocol,
            EtherType::Ipv6 => protocol.map(Protocol::in_ipv6),
        };
        let traffic = Traffic {
            direction: self.direction,
            ethertype: self.ethertype,
            protocol,
            port_range_min: self.port_range_min,
            port_range_max: self.port_range_max,
            remote: self.remote_ip_prefix.map_or(Remote::Any, Remote::Prefix),
        };
        traffic.check().map_err(|error| refusal(&traffic, &error))?;
        let remotes = [
            self.remote_ip_prefix.is_some(),
            self.remote_group_id.is_some(),
            self.remote_address_group_id.is_some(),
        ];
        if remotes.iter().filter(|is_given| **is_given).count() > 1 {
            return Err(ApiError::SecurityGroupMultipleRemoteEntites);
        }
        Ok(traffic)
    }
}

fn refusal(traffic: &Traffic, error: &TrafficError) -> ApiError {
    let ethertype = || traffic.ethertype.to_string();
    match error {
        TrafficError::PortsWithoutProtocol => ApiError::SecurityGroupProtocolRequiredWithPorts,
        TrafficError::PortZero => ApiError::SecurityGroupInvalidPortValue { port: "0".to_owned() },
        TrafficError::PortRange => ApiError::SecurityGroupInvalidPortRange,
        TrafficError::IcmpValue { is_code, value } => {
            let (field, attribute) =
                if *is_code { ("code", "port_range_max") } else { ("type", "port_range_min") };
            ApiError::SecurityGroupInvalidIcmpValue {
                field: field.to_owned(),
                attribute: attribute.to_owned(),
                value: value.to_string(),
            }
        }
        TrafficError::IcmpCodeWithoutType { code } => {
            ApiError::SecurityGroupMissingIcmpType { code: code.to_string() }
        }
        TrafficError::ProtocolWithoutPorts { number } => {
            ApiError::SecurityGroupInvalidProtocolForPort { protocol: number.to_string() }
        }
        TrafficError::PrefixVersion(cidr) => {
            ApiError::SecurityGroupRuleParameterConflict { ethertype: ethertype(), cidr: cidr.to_string() }
        }
        TrafficError::ProtocolVersion(protocol) => ApiError::SecurityGroupEthertypeConflictWithProtocol {
            ethertype: ethertype(),
            protocol: protocol.to_string(),
        },
    }
}

/// A checked PUT, which can have nothing.
#[derive(Debug, Deserialize)]
pub struct Update {}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct View {
    pub id: SecurityGroupRuleId,
    pub project_id: ProjectId,
    pub security_group_id: SecurityGroupId,
    pub ethertype: EtherType,
    pub direction: Direction,
    pub protocol: Option<String>,
    pub port_range_min: Option<u16>,
    pub port_range_max: Option<u16>,
    pub remote_ip_prefix: Option<Cidr>,
    pub remote_address_group_id: Option<String>,
    pub normalized_cidr: Option<String>,
    pub remote_group_id: Option<SecurityGroupId>,
    pub description: String,
    pub belongs_to_default_sg: bool,
    #[serde(flatten)]
    pub age: Age,
}

/// How old a rule is; rules have no tags.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "as in `Standard`")]
pub struct Age {
    pub created_at: String,
    pub updated_at: String,
    pub revision_number: i64,
}

impl View {
    /// A rule, and whether its group is its project's default.
    pub fn new(rule: SecurityGroupRule, belongs_to_default_sg: bool, standard: Standard) -> Self {
        let SecurityGroupRule { id, project_id, security_group_id, description, traffic } = rule;
        let Traffic { direction, ethertype, protocol, port_range_min, port_range_max, remote } = traffic;
        let (remote_ip_prefix, remote_group_id) = match remote {
            Remote::Any => (None, None),
            Remote::Prefix(cidr) => (Some(cidr), None),
            Remote::Group(group) => (None, Some(group)),
        };
        let Standard { tags: _, created_at, updated_at, revision_number } = standard;
        Self {
            id,
            project_id,
            security_group_id,
            ethertype,
            direction,
            protocol: protocol.map(|protocol| protocol.to_string()),
            port_range_min,
            port_range_max,
            remote_ip_prefix,
            remote_address_group_id: None,
            normalized_cidr: remote_ip_prefix.map(|cidr| cidr.network().to_string()),
            remote_group_id,
            description,
            belongs_to_default_sg,
            age: Age { created_at, updated_at, revision_number },
        }
    }
}
