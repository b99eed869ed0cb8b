//! `allowed_address_pairs`: what a port may send as, beside its own addresses.

use adit_model::MacAddress;
use adit_model::port::{AddressPair, PairAddress};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::attribute::ValueError;
use crate::error::ApiError;
use crate::network::value::{invalid, mac_address, parse_address, parse_network};
use crate::python;
use crate::shape::Shape;

/// What pairs look like.
pub(in crate::network) const SHAPE: Shape =
    Shape::AtMost(MOST, &Shape::Object(&[("ip_address", Shape::Text), ("mac_address", Shape::Text)]));

/// Most pairs of a port.
const MOST: usize = 10;

/// A pair as it is asked for.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the API's own words")]
pub struct AddressPairRequest {
    pub ip_address: PairAddress,
    pub mac_address: Option<MacAddress>,
}

impl AddressPairRequest {
    /// The pair for a port with this Ethernet address.
    pub fn of(self, port: MacAddress) -> AddressPair {
        let Self { ip_address, mac_address } = self;
        AddressPair { mac_address: mac_address.unwrap_or(port), ip_address }
    }
}

/// Checks a list of pairs; `null` stands for an empty one.
pub(super) fn check(value: &Value) -> Result<Value, ValueError> {
    let pairs: &[Value] = match value {
        Value::Null => &[],
        Value::Array(pairs) => pairs,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            return Err(ValueError::Answer(ApiError::bad_request("Allowed address pairs must be a list.")));
        }
    };
    if pairs.len() > MOST {
        return Err(ValueError::Answer(ApiError::AllowedAddressPairExhausted { most: MOST.to_string() }));
    }
    let mut checked: Vec<Value> = Vec::new();
    for pair in pairs {
        let pair = check_one(pair)?;
        if checked.contains(&pair) {
            let shown = |key| python::display(pair.get(key).unwrap_or(&Value::Null));
            return Err(ValueError::Answer(ApiError::DuplicateAddressPairInRequest {
                mac: shown("mac_address"),
                address: shown("ip_address"),
            }));
        }
        checked.push(pair);
    }
    Ok(Value::Array(checked))
}

fn check_one(pair: &Value) -> Result<Value, ValueError> {
    let Value::Object(given) = pair else { return Err(invalid(pair, "is not a dictionary")) };
    let mut checked = Map::new();
    if let Some(mac) = given.get("mac_address") {
        checked.insert("mac_address".to_owned(), mac_address(mac)?);
    }
    let missing = || ValueError::Answer(ApiError::AllowedAddressPairsMissingIP);
    let address = given.get("ip_address").ok_or_else(missing)?;
    let is_network = address.as_str().is_some_and(|text| text.contains('/'));
    let address =
        if is_network { parse_network(address)?.to_string() } else { parse_address(address)?.to_string() };
    checked.insert("ip_address".to_owned(), Value::from(address));
    let mut unknown: Vec<&str> =
        given.keys().map(String::as_str).filter(|key| !checked.contains_key(*key)).collect();
    if unknown.is_empty() {
        return Ok(Value::Object(checked));
    }
    unknown.sort_unstable();
    let message = format!("Unrecognized attribute(s) '{}'", unknown.join(", "));
    Err(ValueError::Answer(ApiError::bad_request(message)))
}
