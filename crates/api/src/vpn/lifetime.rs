//! The `lifetime` object of both kinds of policy.

use adit_model::algorithm::LifetimeSecs;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::attribute::{ValueError, parse_number};
use crate::python;
use crate::shape::Shape;

/// What it looks like.
pub(super) const SHAPE: Shape =
    Shape::Object(&[("units", Shape::Word(&["seconds"])), ("value", Shape::Number)]);

/// A lifetime as bodies show it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Lifetime {
    units: &'static str,
    value: u32,
}

impl From<LifetimeSecs> for Lifetime {
    fn from(lifetime: LifetimeSecs) -> Self {
        Self { units: "seconds", value: lifetime.get() }
    }
}

/// A lifetime as requests have it; what is left out stays as it is.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct LifetimeChange {
    #[serde(default, deserialize_with = "whole")]
    value: Option<LifetimeSecs>,
}

impl LifetimeChange {
    /// The lifetime after the change.
    pub fn or(self, unchanged: LifetimeSecs) -> LifetimeSecs {
        self.value.unwrap_or(unchanged)
    }
}

/// Checks a `lifetime`: an object of `units` (only `seconds`) and `value` (at least 60), both optional.
pub(super) fn check(value: &Value) -> Result<Value, ValueError> {
    let object = match value {
        Value::Null => &Map::new(),
        Value::Object(object) => object,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(ValueError::Invalid(format!("'{}' is not a dictionary", python::display(value))));
        }
    };
    refuse_keys(object, &["units", "value"])?;
    let mut checked = Map::new();
    if let Some(units) = object.get("units") {
        if units != "seconds" {
            return Err(ValueError::Invalid(format!("{} is not in valid_values", python::display(units))));
        }
        checked.insert("units".to_owned(), units.clone());
    }
    if let Some(value) = object.get("value") {
        let refused = |what: String| Err(ValueError::Invalid(format!("'{}' {what}", python::display(value))));
        let Some(secs) = parse_number(value) else { return refused("is not an integer".to_owned()) };
        if secs < i64::from(LifetimeSecs::MIN) {
            return refused(format!("is too small - must be at least '{}'", LifetimeSecs::MIN));
        }
        if u32::try_from(secs).is_err() {
            return refused(format!("is too large - must be no larger than '{}'", u32::MAX));
        }
        checked.insert("value".to_owned(), as_written(value, secs));
    }
    Ok(Value::Object(checked))
}

/// A number as the client wrote it, for the answer; `true` becomes the 1 that it stands for.
pub(super) fn as_written(value: &Value, number: i64) -> Value {
    if value.is_boolean() { Value::from(number) } else { value.clone() }
}

/// Reads a whole number out of what clients write for one: a number, its fraction cut off, or a text.
pub(super) fn whole<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<u32>,
{
    let value = Value::deserialize(deserializer)?;
    let number = parse_number(&value).and_then(|number| u32::try_from(number).ok());
    let number = number.and_then(|number| T::try_from(number).ok());
    number.map(Some).ok_or_else(|| D::Error::custom(format!("{value} is not a number of seconds")))
}

/// Refuses keys that an object may not have.
pub(super) fn refuse_keys(object: &Map<String, Value>, known: &[&str]) -> Result<(), ValueError> {
    let unknown: Vec<&str> = object.keys().map(String::as_str).filter(|key| !known.contains(key)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(ValueError::Invalid(format!("Unexpected keys supplied: {}", unknown.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_kept_is_a_whole_number() {
        for (given, want) in
            [(json!({"value": "2000"}), 2000), (json!({"value": 60.9}), 60), (json!({}), 3600)]
        {
            let change: LifetimeChange = serde_json::from_value(given.clone()).unwrap();
            assert_eq!(change.or(LifetimeSecs::DEFAULT).get(), want, "{given}");
        }
    }

    #[test]
    fn a_lifetime_is_at_least_a_minute_of_seconds() {
        for (value, want) in [
            (json!(null), "{}"),
            (json!({}), "{}"),
            (json!({"value": "2000"}), r#"{"value":"2000"}"#),
            (json!({"value": 60.9}), r#"{"value":60.9}"#),
            (json!({"value": true}), "'True' is too small - must be at least '60'"),
            (json!({"value": null}), "'None' is not an integer"),
            (json!({"units": null}), "None is not in valid_values"),
            (
                json!({"value": 5_000_000_000_i64}),
                "'5000000000' is too large - must be no larger than '4294967295'",
            ),
            (json!({"units": "seconds", "value": 60}), r#"{"units":"seconds","value":60}"#),
            (json!({"value": 59}), "'59' is too small - must be at least '60'"),
            (json!({"value": "x"}), "'x' is not an integer"),
            (json!({"units": "kilobytes"}), "kilobytes is not in valid_values"),
            (json!({"foo": 1}), "Unexpected keys supplied: foo"),
            (json!(60), "'60' is not a dictionary"),
        ] {
            let got = match check(&value) {
                Ok(value) => value.to_string(),
                Err(ValueError::Invalid(reason) | ValueError::Conversion(reason)) => reason,
                Err(ValueError::Answer(error)) => error.to_string(),
            };
            assert_eq!(got, want, "{value}");
        }
    }
}
