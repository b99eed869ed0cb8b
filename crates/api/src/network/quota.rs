//! Quotas: `/v2.0/quotas`.

use serde_json::Value;

use super::value::invalid;
use crate::attribute::{Attribute, Bulk, Dialect, Kind, Schema, ValueError, parse_number};
use crate::python;

/// The declaration: a limit per kind of resource, and how to set them.
pub static SCHEMA: Schema = Schema {
    singular: "quota",
    plural: "quotas",
    path: "quotas",
    rule: "quota",
    dialect: Dialect::Core,
    bulk: Bulk::Refused,
    attributes: &[
        limit("network"),
        limit("subnet"),
        limit("subnetpool"),
        limit("port"),
        limit("router_route"),
        limit("router"),
        limit("floatingip"),
        limit("rbac_policy"),
        limit("security_group"),
        limit("security_group_rule"),
        limit("ikepolicy"),
        limit("ipsecpolicy"),
        limit("endpoint_group"),
        limit("vpnservice"),
        limit("ipsec_site_connection"),
        Attribute::new("check_limit", Kind::Bool).mutable(),
        Attribute::new("force", Kind::Bool).mutable(),
    ],
};

const fn limit(name: &'static str) -> Attribute {
    Attribute::new(name, Kind::Other(check)).mutable()
}

/// A limit: -1 for none, at most what a signed 32-bit number can be.
fn check(value: &Value) -> Result<Value, ValueError> {
    let not_a_number = || ValueError::Conversion(format!("'{}' is not an integer", python::display(value)));
    let limit = parse_number(value).ok_or_else(not_a_number)?;
    if limit < -1 {
        return Err(invalid(value, "is too small - must be at least '-1'"));
    }
    if limit > i64::from(i32::MAX) {
        return Err(invalid(value, &format!("is too large - must be no larger than '{}'", i32::MAX)));
    }
    Ok(Value::from(limit))
}
