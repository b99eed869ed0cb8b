//! Floating IPs: `/v2.0/floatingips`, and the networks to take them from: `/v2.0/floatingip_pools`.

use std::net::{IpAddr, Ipv4Addr};

use adit_model::floating_ip::{FloatingIp, FloatingIpStatus};
use adit_model::{FloatingIpId, NetworkId, Port, PortId, ProjectId, RouterId, SubnetId};
use serde::{Deserialize, Serialize};

use super::standard::{self, Standard};
use super::value::optional_address;
use crate::attribute::{Attribute, Bulk, Dialect, Initial, Kind, Schema};
use crate::shape::Shape;
use crate::vpn::site_connection::present;

/// What an answer says about the port of a floating IP.
const PORT_DETAILS: Shape = Shape::Object(&[
    ("name", Shape::Text),
    ("network_id", Shape::UUID),
    ("mac_address", Shape::Text),
    ("admin_state_up", Shape::Flag),
    ("status", Shape::Text),
    ("device_id", Shape::Text),
    ("device_owner", Shape::Text),
]);

/// The declaration.
pub static SCHEMA: Schema = Schema {
    singular: "floatingip",
    plural: "floatingips",
    path: "floatingips",
    rule: "floatingip",
    dialect: Dialect::Core,
    bulk: Bulk::Refused,
    attributes: &[
        Attribute::id(),
        Attribute::project(),
        Attribute::described(),
        Attribute::new("floating_network_id", Kind::Uuid).required().filter_by("network_id").sort(),
        Attribute::new("floating_ip_address", Kind::Other(optional_address))
            .shaped(Shape::OPTIONAL_TEXT)
            .optional(Initial::Null)
            .filter_by("address")
            .sort()
            .admin_sets()
            .manager_sets(),
        Attribute::new("subnet_id", Kind::OptionalUuid).optional(Initial::Null),
        Attribute::new("port_id", Kind::OptionalUuid).optional(Initial::Null).mutable().filter(),
        Attribute::new("fixed_ip_address", Kind::Other(optional_address))
            .shaped(Shape::OPTIONAL_TEXT)
            .optional(Initial::Null)
            .mutable()
            .filter_by("fixed_ip")
            .sort(),
        Attribute::new("router_id", Kind::Uuid).shaped(Shape::OPTIONAL_UUID).filter().sort(),
        Attribute::new("status", Kind::Text).filter(),
        Attribute::new("port_details", Kind::Text).shaped(Shape::Nullable(&PORT_DETAILS)),
        standard::CREATED_AT,
        standard::UPDATED_AT,
        standard::REVISION_NUMBER,
        standard::TAGS,
    ],
};

/// A checked POST.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Create {
    pub project_id: ProjectId,
    pub description: String,
    pub floating_network_id: String,
    pub floating_ip_address: Option<IpAddr>,
    pub subnet_id: Option<String>,
    pub port_id: Option<String>,
    pub fixed_ip_address: Option<IpAddr>,
}

/// A checked PUT.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Update {
    pub description: Option<String>,
    /// `Some(None)` dissociates.
    #[serde(default, deserialize_with = "present")]
    pub port_id: Option<Option<String>>,
    pub fixed_ip_address: Option<IpAddr>,
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct View {
    pub id: FloatingIpId,
    pub project_id: ProjectId,
    pub floating_ip_address: Ipv4Addr,
    pub floating_network_id: NetworkId,
    pub router_id: Option<RouterId>,
    pub port_id: Option<PortId>,
    pub fixed_ip_address: Option<Ipv4Addr>,
    pub status: FloatingIpStatus,
    pub description: String,
    pub port_details: Option<PortDetails>,
    #[serde(flatten)]
    pub standard: Standard,
}

/// The port that a floating IP stands for.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the attributes of a port")]
pub struct PortDetails {
    pub name: String,
    pub network_id: NetworkId,
    pub mac_address: String,
    pub admin_state_up: bool,
    pub status: &'static str,
    pub device_id: String,
    pub device_owner: String,
}

impl PortDetails {
    /// What is told of a port.
    pub fn new(port: &Port) -> Self {
        Self {
            name: port.name.clone(),
            network_id: port.network_id,
            mac_address: port.mac_address.to_string(),
            admin_state_up: port.admin_state_up,
            status: port.status(),
            device_id: port.device_id.clone(),
            device_owner: port.device_owner.clone(),
        }
    }
}

impl View {
    /// A floating IP, with what is told of its port.
    pub fn new(floating_ip: FloatingIp, port_details: Option<PortDetails>, standard: Standard) -> Self {
        let FloatingIp {
            id,
            project_id,
            description,
            network_id,
            address,
            own_port_id: _,
            association,
            status,
        } = floating_ip;
        Self {
            id,
            project_id,
            floating_ip_address: address,
            floating_network_id: network_id,
            router_id: association.map(|association| association.router_id),
            port_id: association.map(|association| association.port_id),
            fixed_ip_address: association.map(|association| association.fixed_ip),
            status,
            description,
            port_details,
            standard,
        }
    }
}

/// The declaration of the pools: subnets that floating IPs are taken from.
pub static POOL_SCHEMA: Schema = Schema {
    singular: "floatingip_pool",
    plural: "floatingip_pools",
    path: "floatingip_pools",
    rule: "floatingip_pool",
    dialect: Dialect::Core,
    bulk: Bulk::Refused,
    attributes: &[
        Attribute::new("subnet_id", Kind::Uuid).filter(),
        Attribute::new("subnet_name", Kind::Text).filter(),
        Attribute::new("project_id", Kind::Text).filter(),
        Attribute::new("network_id", Kind::Uuid).filter(),
        Attribute::new("cidr", Kind::Text).filter(),
    ],
};

/// A pool.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct PoolView {
    pub subnet_id: SubnetId,
    pub subnet_name: String,
    pub project_id: ProjectId,
    pub network_id: NetworkId,
    pub cidr: String,
}
