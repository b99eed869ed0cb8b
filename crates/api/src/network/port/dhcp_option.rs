//! `extra_dhcp_opts`: what DHCP shall tell the host behind a port. A PUT changes the options that it names: one without
//! a value goes, the others stay.

use std::collections::HashSet;

use adit_model::port::DhcpOption;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::attribute::{Kind, ValueError};
use crate::network::value::{invalid, items, wrong_keys};

/// An option as it is asked for.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the API's own words")]
pub struct DhcpOptionRequest {
    pub opt_name: String,
    /// `None` to have it no more.
    pub opt_value: Option<String>,
    pub ip_version: u8,
}

/// The options that a port has after a request.
pub fn merge(options: &mut Vec<DhcpOption>, requests: Vec<DhcpOptionRequest>) {
    for DhcpOptionRequest { opt_name, opt_value, ip_version } in requests {
        let is_same = |option: &DhcpOption| option.opt_name == opt_name && option.ip_version == ip_version;
        match (opt_value, options.iter().position(is_same)) {
            (None, _) => options.retain(|option| !is_same(option)),
            (Some(opt_value), Some(at)) => options[at].opt_value = opt_value,
            (Some(opt_value), None) => options.push(DhcpOption { opt_name, opt_value, ip_version }),
        }
    }
}

/// Checks a list of options; `null` stands for an empty one.
pub(super) fn check(value: &Value) -> Result<Value, ValueError> {
    let mut checked: Vec<Value> = Vec::new();
    let mut seen = HashSet::new();
    for option in items(value, "extra DHCP option")? {
        let Value::Object(given) = option else { return Err(invalid(option, "is not a dictionary")) };
        let option = check_one(given)?;
        if !seen.insert(["opt_name", "ip_version"].map(|key| option.get(key).cloned())) {
            let name = option.get("opt_name").and_then(Value::as_str).unwrap_or_default();
            return Err(ValueError::Invalid(format!("Duplicate items in the list: '{name}'")));
        }
        checked.push(option);
    }
    Ok(Value::Array(checked))
}

const KEYS: [&str; 3] = ["opt_name", "opt_value", "ip_version"];

fn check_one(given: &Map<String, Value>) -> Result<Value, ValueError> {
    let unknown: Vec<&str> = given.keys().map(String::as_str).filter(|key| !KEYS.contains(key)).collect();
    if !unknown.is_empty() {
        return Err(ValueError::Invalid(format!("Unexpected keys supplied: {}", unknown.join(", "))));
    }
    let (Some(name), Some(value)) = (given.get("opt_name"), given.get("opt_value")) else {
        return Err(wrong_keys(given, &["opt_name", "opt_value"]));
    };
    let value = if value.is_null() { Value::Null } else { not_empty(value)? };
    let version = given.get("ip_version").map_or(Ok(Value::from(4)), |v| Kind::Choice(&[4, 6]).check(v))?;
    Ok(json!({"opt_name": not_empty(name)?, "opt_value": value, "ip_version": version}))
}

fn not_empty(value: &Value) -> Result<Value, ValueError> {
    let checked = Kind::ShortText.check(value)?;
    let is_blank = checked.as_str().is_none_or(|text| text.trim().is_empty());
    if is_blank { Err(invalid(value, "is not a valid string")) } else { Ok(checked) }
}
