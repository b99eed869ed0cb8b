//! Checks of values that several core resources share.

use std::collections::HashSet;
use std::net::IpAddr;

use adit_model::{Cidr, MacAddress};
use serde_json::{Map, Value};

use crate::attribute::{Kind, ValueError};
use crate::python;

pub(super) fn invalid(value: &Value, why: &str) -> ValueError {
    ValueError::Invalid(format!("'{}' {why}", python::display(value)))
}

pub(super) fn parse_address(value: &Value) -> Result<IpAddr, ValueError> {
    let address = value.as_str().and_then(|text| text.parse().ok());
    address.ok_or_else(|| invalid(value, "is not a valid IP address"))
}

/// An address or `null`.
pub(super) fn optional_address(value: &Value) -> Result<Value, ValueError> {
    if value.is_null() { Ok(Value::Null) } else { Ok(Value::from(parse_address(value)?.to_string())) }
}

/// A CIDR without host bits.
pub(super) fn parse_network(value: &Value) -> Result<Cidr, ValueError> {
    let cidr = value.as_str().and_then(|text| text.parse::<Cidr>().ok());
    cidr.filter(|cidr| cidr.network().addr() == cidr.address())
        .ok_or_else(|| invalid(value, "is not a valid CIDR"))
}

/// A MAC address, in lower case with colons.
pub(super) fn mac_address(value: &Value) -> Result<Value, ValueError> {
    let mac = value.as_str().and_then(|text| text.parse::<MacAddress>().ok());
    mac.map(|mac| Value::from(mac.to_string())).ok_or_else(|| invalid(value, "is not a valid MAC address"))
}

/// A list of short texts, each once; `null` stands for an empty one.
pub(super) fn texts(value: &Value) -> Result<Value, ValueError> {
    let items: &[Value] = match value {
        Value::Null => &[],
        Value::Array(items) => items,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            return Err(invalid(value, "is not a list"));
        }
    };
    let mut checked = Vec::new();
    let mut seen = HashSet::new();
    for item in items {
        let item = Kind::ShortText.check(item)?;
        if !seen.insert(item.clone()) {
            let shown = python::display(&item);
            return Err(ValueError::Invalid(format!("Duplicate items in the list: '{shown}'")));
        }
        checked.push(item);
    }
    Ok(Value::Array(checked))
}

/// The suffix of hosts' names: empty, or a domain with a dot at its end (RFC 1035, 2.3.1).
pub(super) fn dns_domain(value: &Value) -> Result<Value, ValueError> {
    let checked = Kind::ShortText.check(value)?;
    let domain = checked.as_str().unwrap_or_default();
    if domain.is_empty() {
        return Ok(checked);
    }
    let Some(labels) = domain.strip_suffix('.') else { return Err(invalid(value, "is not a FQDN")) };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let top_is_number = labels.rsplit('.').next().is_some_and(|top| top.chars().all(|c| c.is_ascii_digit()));
    if labels.split('.').all(is_label) && !(labels.contains('.') && top_is_number) {
        Ok(checked)
    } else {
        Err(invalid(value, "not a valid PQDN or FQDN"))
    }
}

/// The items of a list; `null` stands for an empty one.
pub(super) fn items<'a>(value: &'a Value, what: &str) -> Result<&'a [Value], ValueError> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Err(ValueError::Invalid(format!("Invalid data format for {what}: '{}'", python::display(value))))
        }
    }
}

/// An object with exactly these two keys.
pub(super) fn pair<'a>(value: &'a Value, keys: [&str; 2], what: &str) -> Result<[&'a Value; 2], ValueError> {
    let Value::Object(object) = value else {
        return Err(ValueError::Invalid(format!(
            "Invalid data format for {what}: '{}'",
            python::display(value)
        )));
    };
    match (object.get(keys[0]), object.get(keys[1]), object.len()) {
        (Some(first), Some(second), 2) => Ok([first, second]),
        _ => Err(wrong_keys(object, &keys)),
    }
}

/// The complaint about an object without the keys that it must have.
pub(super) fn wrong_keys(object: &Map<String, Value>, expected: &[&str]) -> ValueError {
    let set = |keys: Vec<&str>| {
        let keys: Vec<String> = keys.iter().map(|key| format!("'{key}'")).collect();
        format!("{{{}}}", keys.join(", "))
    };
    ValueError::Invalid(format!(
        "Validation of dictionary's keys failed. Expected keys: {} Provided keys: {}",
        set(expected.to_vec()),
        set(object.keys().map(String::as_str).collect())
    ))
}
