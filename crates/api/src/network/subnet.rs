//! Subnets: `/v2.0/subnets`.

use std::collections::HashSet;
use std::net::IpAddr;

use adit_model::router::Route;
use adit_model::subnet::{AllocationPool, Ipv6Mode, Subnet};
use adit_model::{Cidr, NetworkId, ProjectId, SubnetId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::route;
use super::standard::{self, Standard};
use super::value::{items, optional_address, pair, parse_address, texts};
use crate::attribute::{Attribute, Bulk, Dialect, Initial, Kind, Schema, ValueError};
use crate::error::ApiError;
use crate::python;
use crate::shape::Shape;
use crate::vpn::site_connection::present;

/// Most nameservers of a subnet.
pub const MOST_NAMESERVERS: usize = 5;
/// Most host routes of a subnet.
pub const MOST_HOST_ROUTES: usize = 20;

/// The declaration.
pub static SCHEMA: Schema = Schema {
    singular: "subnet",
    plural: "subnets",
    path: "subnets",
    rule: "subnet",
    dialect: Dialect::Core,
    bulk: Bulk::Accepted,
    attributes: &[
        Attribute::id(),
        Attribute::project(),
        Attribute::named(),
        Attribute::described(),
        Attribute::new("network_id", Kind::Uuid).required().filter().sort(),
        Attribute::new("ip_version", Kind::Choice(&[4, 6])).required().filter().sort(),
        Attribute::new("cidr", Kind::Other(cidr))
            .shaped(Shape::OPTIONAL_TEXT)
            .optional(Initial::Null)
            .filter()
            .sort(),
        Attribute::new("gateway_ip", Kind::Other(optional_address))
            .shaped(Shape::OPTIONAL_TEXT)
            .optional(Initial::Absent)
            .mutable()
            .filter()
            .sort(),
        Attribute::new("allocation_pools", Kind::Other(pools)).optional(Initial::List).mutable(),
        Attribute::new("dns_nameservers", Kind::Other(nameservers))
            .shaped(Shape::AtMost(MOST_NAMESERVERS, &Shape::Text))
            .optional(Initial::List)
            .mutable(),
        Attribute::new("host_routes", Kind::Other(route::check))
            .shaped(Shape::AtMost(MOST_HOST_ROUTES, &Shape::ROUTE))
            .optional(Initial::List)
            .mutable(),
        Attribute::new("enable_dhcp", Kind::Bool).optional(Initial::Bool(true)).mutable().filter(),
        Attribute::new("ipv6_ra_mode", Kind::Other(ipv6_mode))
            .shaped(Shape::OPTIONAL_TEXT)
            .optional(Initial::Null)
            .filter(),
        Attribute::new("ipv6_address_mode", Kind::Other(ipv6_mode))
            .shaped(Shape::OPTIONAL_TEXT)
            .optional(Initial::Null)
            .filter(),
        Attribute::new("subnetpool_id", Kind::OptionalUuid).optional(Initial::Null).filter(),
        Attribute::new("prefixlen", Kind::Size).optional(Initial::Absent),
        Attribute::new("service_types", Kind::Other(service_types))
            .optional(Initial::List)
            .mutable()
            .admin_sets(),
        Attribute::new("router:external", Kind::Bool),
        standard::CREATED_AT,
        standard::UPDATED_AT,
        standard::REVISION_NUMBER,
        standard::TAGS,
    ],
};

/// Clears host bits; a bare address is a network of one. `null` is as good as nothing.
fn cidr(value: &Value) -> Result<Value, ValueError> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let refused = || ValueError::Conversion(format!("{} is not in a CIDR format", python::display(value)));
    let text = value.as_str().ok_or_else(refused)?;
    let cidr: Cidr = match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => format!("{address}/32").parse(),
        Ok(IpAddr::V6(address)) => format!("{address}/128").parse(),
        Err(_) => text.parse(),
    }
    .map_err(|_| refused())?;
    Ok(Value::from(cidr.network().to_string()))
}

fn pools(value: &Value) -> Result<Value, ValueError> {
    let mut checked = Vec::new();
    for item in items(value, "IP pool")? {
        let [start, end] = pair(item, ["start", "end"], "IP pool")?;
        checked.push(json!({"start": parse_address(start)?, "end": parse_address(end)?}));
    }
    Ok(Value::Array(checked))
}

fn nameservers(value: &Value) -> Result<Value, ValueError> {
    let mut checked = Vec::new();
    let mut seen = HashSet::new();
    for item in items(value, "nameserver")? {
        let shown = python::display(item);
        let refused = |_| {
            ValueError::Invalid(format!(
                "'{shown}' is not a valid nameserver. '{shown}' is not a valid IP address"
            ))
        };
        let address = Value::from(parse_address(item).map_err(refused)?.to_string());
        if !seen.insert(address.clone()) {
            return Err(ValueError::Invalid(format!("Duplicate nameserver '{shown}'")));
        }
        checked.push(address);
    }
    Ok(Value::Array(checked))
}

fn ipv6_mode(value: &Value) -> Result<Value, ValueError> {
    if value.is_null() { Ok(Value::Null) } else { Kind::Word(Ipv6Mode::WORDS).check(value) }
}

/// What owners of devices begin with.
const DEVICE_OWNER_PREFIXES: [&str; 5] = ["network:", "compute:", "neutron:", "baremetal:", "trunk:"];

fn service_types(value: &Value) -> Result<Value, ValueError> {
    let checked = texts(value)?;
    let texts = checked.as_array().into_iter().flatten().filter_map(Value::as_str);
    let is_owner = |text: &str| DEVICE_OWNER_PREFIXES.iter().any(|prefix| text.starts_with(prefix));
    match texts.into_iter().find(|text| !is_owner(text)) {
        None => Ok(checked),
        Some(other) => {
            Err(ValueError::Answer(ApiError::InvalidSubnetServiceType { service_type: other.to_owned() }))
        }
    }
}

/// A checked POST.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Create {
    pub project_id: ProjectId,
    pub name: String,
    pub description: String,
    pub network_id: String,
    pub ip_version: u8,
    pub cidr: Option<Cidr>,
    /// The outer `None`: not in the request. The inner one: `null`.
    #[serde(default, deserialize_with = "present")]
    pub gateway_ip: Option<Option<IpAddr>>,
    /// Empty for the automatic ones.
    pub allocation_pools: Vec<AllocationPool>,
    pub dns_nameservers: Vec<IpAddr>,
    pub host_routes: Vec<Route>,
    pub enable_dhcp: bool,
    pub ipv6_ra_mode: Option<Ipv6Mode>,
    pub ipv6_address_mode: Option<Ipv6Mode>,
    pub service_types: Vec<String>,
    pub subnetpool_id: Option<String>,
    pub prefixlen: Option<u32>,
}

/// A checked PUT.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Update {
    pub name: Option<String>,
    pub description: Option<String>,
    /// The outer `None`: not in the request. The inner one: `null`.
    #[serde(default, deserialize_with = "present")]
    pub gateway_ip: Option<Option<IpAddr>>,
    pub allocation_pools: Option<Vec<AllocationPool>>,
    pub dns_nameservers: Option<Vec<IpAddr>>,
    pub host_routes: Option<Vec<Route>>,
    pub enable_dhcp: Option<bool>,
    pub service_types: Option<Vec<String>>,
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct View {
    pub id: SubnetId,
    pub name: String,
    pub project_id: ProjectId,
    pub network_id: NetworkId,
    pub ip_version: u8,
    pub subnetpool_id: Option<()>,
    pub enable_dhcp: bool,
    pub ipv6_ra_mode: Option<Ipv6Mode>,
    pub ipv6_address_mode: Option<Ipv6Mode>,
    pub gateway_ip: Option<IpAddr>,
    pub cidr: String,
    pub allocation_pools: Vec<AllocationPool>,
    pub host_routes: Vec<Route>,
    pub dns_nameservers: Vec<IpAddr>,
    pub description: String,
    #[serde(rename = "router:external")]
    pub external: bool,
    pub service_types: Vec<String>,
    #[serde(flatten)]
    pub standard: Standard,
}

impl View {
    /// A subnet of a network that is external or not.
    pub fn new(subnet: Subnet, external: bool, standard: Standard) -> Self {
        let Subnet {
            id,
            project_id,
            name,
            description,
            network_id,
            cidr,
            gateway_ip,
            allocation_pools,
            dns_nameservers,
            host_routes,
            enable_dhcp,
            ipv6_ra_mode,
            ipv6_address_mode,
            service_types,
        } = subnet;
        Self {
            id,
            name,
            project_id,
            network_id,
            ip_version: Cidr::from(cidr).ip_version(),
            subnetpool_id: None,
            enable_dhcp,
            ipv6_ra_mode,
            ipv6_address_mode,
            gateway_ip,
            cidr: cidr.to_string(),
            allocation_pools,
            host_routes,
            dns_nameservers,
            description,
            external,
            service_types,
            standard,
        }
    }
}
