//! The `lifetime` object of both kinds of policy.

use adit_model::algorithm::LifetimeSecs;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::attribute::{ValueError, parse_number};
use crate::python;

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
        let Ok(secs) = u32::try_from(secs) else {
            return refused(format!("is too large - must be no larger than '{}'", u32::MAX));
        };
        checked.insert("value".to_owned(), Value::from(secs));
    }
    Ok(Value::Object(checked))
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
    fn a_lifetime_is_at_least_a_minute_of_seconds() {
        for (value, want) in [
            (json!(null), "{}"),
            (json!({}), "{}"),
            (json!({"value": "2000"}), r#"{"value":2000}"#),
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
