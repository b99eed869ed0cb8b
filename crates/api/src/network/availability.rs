//! How many addresses are left: `/v2.0/network-ip-availabilities`; and resources that Adit has none of.

use adit_model::{NetworkId, ProjectId, SubnetId};
use serde::Serialize;

use crate::attribute::{Attribute, Bulk, Dialect, Kind, Schema};

/// The declaration.
pub static SCHEMA: Schema = Schema {
    singular: "network_ip_availability",
    plural: "network_ip_availabilities",
    path: "network-ip-availabilities",
    rule: "network_ip_availability",
    dialect: Dialect::Core,
    bulk: Bulk::Refused,
    attributes: &[
        Attribute::new("network_id", Kind::Uuid).filter().sort(),
        Attribute::new("network_name", Kind::Text).filter().sort(),
        Attribute::new("project_id", Kind::Text).filter().sort(),
        Attribute::new("total_ips", Kind::Text),
        Attribute::new("used_ips", Kind::Text),
        Attribute::new("subnet_ip_availability", Kind::Text),
        // Of the subnets: the others do not count then.
        Attribute::new("ip_version", Kind::Choice(&[4, 6])).filter(),
    ],
};

/// The addresses of a network as they are shown.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the API's own words")]
pub struct View {
    pub network_id: NetworkId,
    pub network_name: String,
    pub project_id: ProjectId,
    /// In the pools of all subnets.
    pub total_ips: u64,
    pub used_ips: u64,
    pub subnet_ip_availability: Vec<SubnetView>,
}

/// The addresses of a subnet as they are shown.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the API's own words")]
pub struct SubnetView {
    pub subnet_id: SubnetId,
    pub subnet_name: String,
    pub ip_version: u8,
    pub cidr: String,
    pub total_ips: u64,
    pub used_ips: u64,
}

/// Address scopes.
pub static ADDRESS_SCOPES: Schema = absent("address_scope", "address_scopes", "address-scopes", NAMED);
/// Subnet pools.
pub static SUBNET_POOLS: Schema = absent("subnetpool", "subnetpools", "subnetpools", POOL);
/// RBAC policies.
pub static RBAC_POLICIES: Schema = absent("rbac_policy", "rbac_policies", "rbac-policies", POLICY);

const NAMED: &[Attribute] = &[
    Attribute::id(),
    Attribute::project(),
    Attribute::named(),
    Attribute::new("shared", Kind::Bool).filter(),
    Attribute::new("ip_version", Kind::Choice(&[4, 6])).filter(),
];

const POOL: &[Attribute] = &[
    Attribute::id(),
    Attribute::project(),
    Attribute::named(),
    Attribute::described(),
    Attribute::new("shared", Kind::Bool).filter(),
    Attribute::new("is_default", Kind::Bool).filter(),
    Attribute::new("ip_version", Kind::Choice(&[4, 6])).filter(),
    Attribute::new("address_scope_id", Kind::Text).filter(),
    Attribute::new("default_prefixlen", Kind::Number).filter(),
    Attribute::new("min_prefixlen", Kind::Number).filter(),
    Attribute::new("max_prefixlen", Kind::Number).filter(),
];

const POLICY: &[Attribute] = &[
    Attribute::id(),
    Attribute::project(),
    Attribute::new("object_type", Kind::Text).filter(),
    Attribute::new("object_id", Kind::Text).filter(),
    Attribute::new("action", Kind::Text).filter(),
    Attribute::new("target_tenant", Kind::Text).filter(),
    Attribute::new("target_project", Kind::Text).filter(),
];

const fn absent(
    singular: &'static str,
    plural: &'static str,
    path: &'static str,
    attributes: &'static [Attribute],
) -> Schema {
    Schema { singular, plural, path, rule: singular, dialect: Dialect::Core, bulk: Bulk::Refused, attributes }
}
