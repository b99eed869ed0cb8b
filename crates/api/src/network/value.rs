//! Checks of values that several core resources share.

use std::net::IpAddr;

use adit_model::{Cidr, MacAddress};
use serde_json::{Map, Value};

use crate::attribute::ValueError;
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

/// A list that Adit stores only when it is empty.
pub(super) fn empty_list(value: &Value) -> Result<Value, ValueError> {
    match value {
        Value::Null => Ok(Value::Array(Vec::new())),
        Value::Array(items) if items.is_empty() => Ok(value.clone()),
        Value::Array(_) => Err(invalid(value, "is not supported: only an empty list is")),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Err(invalid(value, "is not a list"))
        }
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
