//! VPN services: `/v2.0/vpn/vpnservices`.

use std::net::{Ipv4Addr, Ipv6Addr};

use adit_model::{FlavorId, ProjectId, RouterId, Status, SubnetId, VpnService, VpnServiceId};
use serde::{Deserialize, Serialize};

use crate::attribute::{Attribute, Bulk, Dialect, Initial, Kind, Schema};
use crate::shape::Shape;

/// The declaration.
pub static SCHEMA: Schema = Schema {
    singular: "vpnservice",
    plural: "vpnservices",
    path: "vpn/vpnservices",
    rule: "vpnservice",
    dialect: Dialect::Vpn,
    bulk: Bulk::Refused,
    attributes: &[
        Attribute::id(),
        Attribute::project(),
        Attribute::named(),
        Attribute::described(),
        Attribute::new("subnet_id", Kind::OptionalUuid).optional(Initial::Null).filter(),
        Attribute::new("router_id", Kind::Uuid).required().filter().sort(),
        Attribute::admin_state(),
        Attribute::new("external_v4_ip", Kind::Text).shaped(Shape::OPTIONAL_TEXT).filter(),
        Attribute::new("external_v6_ip", Kind::Text).shaped(Shape::OPTIONAL_TEXT).filter(),
        Attribute::new("status", Kind::Text).filter(),
        Attribute::new("flavor_id", Kind::OptionalUuid).optional(Initial::Null).filter(),
    ],
};

/// A checked POST.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Create {
    pub project_id: ProjectId,
    pub name: String,
    pub description: String,
    pub subnet_id: Option<String>,
    pub router_id: String,
    pub admin_state_up: bool,
    pub flavor_id: Option<String>,
}

/// A checked PUT.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Update {
    pub name: Option<String>,
    pub description: Option<String>,
    pub admin_state_up: Option<bool>,
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct View {
    pub id: VpnServiceId,
    pub name: String,
    pub description: String,
    pub project_id: ProjectId,
    pub subnet_id: Option<SubnetId>,
    pub router_id: RouterId,
    pub flavor_id: Option<FlavorId>,
    pub admin_state_up: bool,
    pub external_v4_ip: Option<Ipv4Addr>,
    pub external_v6_ip: Option<Ipv6Addr>,
    pub status: Status,
}

impl From<VpnService> for View {
    fn from(service: VpnService) -> Self {
        let VpnService {
            id,
            project_id,
            name,
            description,
            router_id,
            subnet_id,
            flavor_id,
            admin_state_up,
            external_v4_ip,
            external_v6_ip,
            status,
            reason: _,
        } = service;
        Self {
            id,
            project_id,
            name,
            description,
            subnet_id,
            router_id,
            flavor_id,
            admin_state_up,
            external_v4_ip,
            external_v6_ip,
            status,
        }
    }
}
