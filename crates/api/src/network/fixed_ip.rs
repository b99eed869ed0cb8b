//! Addresses of ports and gateways, as requests ask for them and answers show them.

use std::collections::HashSet;
use std::net::IpAddr;

use adit_model::SubnetId;
use adit_model::port::FixedIp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::value::{items, parse_address};
use crate::attribute::{Kind, ValueError};
use crate::python;

/// An address that a port is to have: this one, any of this subnet, or this one of this subnet.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the API's own words")]
pub struct FixedIpRequest {
    pub subnet_id: Option<String>,
    pub ip_address: Option<IpAddr>,
}

/// An address that a port has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the API's own words")]
pub struct FixedIpView {
    pub subnet_id: SubnetId,
    pub ip_address: IpAddr,
}

impl From<FixedIp> for FixedIpView {
    fn from(fixed_ip: FixedIp) -> Self {
        let FixedIp { subnet_id, ip_address } = fixed_ip;
        Self { subnet_id, ip_address }
    }
}

/// Checks a `fixed_ips`.
pub(crate) fn check(value: &Value) -> Result<Value, ValueError> {
    let invalid = |value| {
        ValueError::Invalid(format!("Invalid data format for fixed IP: '{}'", python::display(value)))
    };
    if value.is_null() {
        return Err(invalid(value));
    }
    let mut checked: Vec<Value> = Vec::new();
    let mut seen = HashSet::new();
    for item in items(value, "fixed IP")? {
        let Value::Object(object) = item else { return Err(invalid(item)) };
        let mut entry = Map::new();
        if let Some(subnet) = object.get("subnet_id") {
            entry.insert("subnet_id".to_owned(), Kind::OptionalUuid.check(subnet)?);
        }
        if let Some(address) = object.get("ip_address").filter(|address| !address.is_null()) {
            let address = Value::from(parse_address(address)?.to_string());
            if !seen.insert(address.clone()) {
                return Err(ValueError::Invalid(format!(
                    "Duplicate IP address '{}'",
                    python::display(&address)
                )));
            }
            entry.insert("ip_address".to_owned(), address);
        }
        checked.push(Value::Object(entry));
    }
    Ok(Value::Array(checked))
}
