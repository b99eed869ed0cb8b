//! Reading JSON objects, with the reference's complaints.

use serde_json::{Map, Value};

use super::IdentityError;
use crate::python;

/// Keys whose values are shown to nobody, not even to whoever sent them.
const SECRETS: [&str; 3] = ["password", "original_password", "secret"];

/// The body of a request: a JSON object.
pub(super) fn parse(body: &[u8]) -> Result<Value, IdentityError> {
    match serde_json::from_slice(body) {
        Ok(object @ Value::Object(_)) => Ok(object),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | Err(_) => {
            Err(IdentityError::Expecting { what: "valid JSON".to_owned(), place: "request body".to_owned() })
        }
    }
}

/// An object of a request, with the name that it has there.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    name: &'a str,
    map: Option<&'a Map<String, Value>>,
}

impl<'a> Fields<'a> {
    /// The whole body.
    pub(super) fn of_body(body: &'a Value) -> Self {
        Self { name: "request body", map: body.as_object() }
    }

    /// The object inside the body's envelope; an absent one is like an empty one.
    pub(super) fn enveloped(body: &'a Value, name: &'a str) -> Result<Self, IdentityError> {
        Ok(Self::of_body(body).optional_object(name)?.unwrap_or(Self { name, map: None }))
    }

    fn get(self, key: &str) -> Option<&'a Value> {
        self.map?.get(key)
    }

    pub(super) fn has(self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The refusal of a request that lacks `what` here.
    pub(super) fn expecting(self, what: &str) -> IdentityError {
        IdentityError::Expecting { what: what.to_owned(), place: self.name.to_owned() }
    }

    /// The refusal of the value at `key`.
    pub(super) fn invalid(self, key: &str, reason: impl FnOnce(&str) -> String) -> IdentityError {
        let value = shown(key, self.get(key).unwrap_or(&Value::Null));
        IdentityError::Invalid { field: key.to_owned(), reason: reason(&value), value }
    }

    pub(super) fn optional_object(self, key: &'a str) -> Result<Option<Self>, IdentityError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Self { name: key, map: Some(map) })),
            Some(_) => Err(self.wrong_type(key, "object")),
        }
    }

    /// An object that an authentication cannot do without.
    pub(super) fn object(self, key: &'a str) -> Result<Self, IdentityError> {
        self.optional_object(key)?.ok_or_else(|| self.expecting(key))
    }

    /// A text; `None` when it is absent. Without NUL, which PostgreSQL cannot keep.
    pub(super) fn text(self, key: &str) -> Result<Option<&'a str>, IdentityError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) if text.contains('\0') => {
                Err(self.invalid(key, |value| format!("{value} contains a NUL character")))
            }
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong_type(key, "string")),
        }
    }

    /// A text that may be taken away by null; the outer `None` when it is absent.
    pub(super) fn nullable_text(self, key: &str) -> Result<Option<Option<String>>, IdentityError> {
        match self.get(key) {
            Some(Value::Null) => Ok(Some(None)),
            _ => Ok(self.text(key)?.map(|text| Some(text.to_owned()))),
        }
    }

    /// As [`Self::nullable_text`], of at most `most` characters.
    pub(super) fn short_text(self, key: &str, most: usize) -> Result<Option<Option<String>>, IdentityError> {
        let text = self.nullable_text(key)?;
        match text.as_ref().and_then(Option::as_ref) {
            Some(text) if text.chars().count() > most => {
                Err(self.invalid(key, |value| format!("{value} is too long")))
            }
            _ => Ok(text),
        }
    }

    /// A name: at most `most` characters, and at least one that can be seen.
    pub(super) fn optional_name(self, most: usize) -> Result<Option<String>, IdentityError> {
        self.optional_word("name", most)
    }

    /// As [`Self::optional_name`], of something new.
    pub(super) fn name(self, most: usize) -> Result<String, IdentityError> {
        self.optional_name(most)?.ok_or_else(|| self.missing("name"))
    }

    pub(super) fn flag(self, key: &str) -> Result<Option<bool>, IdentityError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.wrong_type(key, "boolean")),
        }
    }

    /// A flag among the `options`, whose other keys are refused: nothing that was promised is forgotten. The outer
    /// `None` when nothing is said about it.
    pub(super) fn option(self, known: Option<&str>) -> Result<Option<bool>, IdentityError> {
        let Some(options) = self.optional_object("options")? else { return Ok(None) };
        for (key, value) in options.map.into_iter().flatten() {
            if Some(key.as_str()) != known && !matches!(value, Value::Null | Value::Bool(false)) {
                let reason = |_: &str| format!("the option '{key}' is not supported");
                return Err(self.invalid("options", reason));
            }
        }
        match known.and_then(|known| options.get(known)) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => options.flag(known.unwrap_or_default()),
        }
    }

    /// What cannot be changed: the value must be `kept` if it is there at all.
    pub(super) fn unchanged(self, key: &str, what: &str, kept: &str) -> Result<(), IdentityError> {
        match self.get(key) {
            None => Ok(()),
            Some(Value::String(text)) if text == kept => Ok(()),
            Some(_) => Err(IdentityError::Unacceptable { message: format!("Cannot change {what} ID") }),
        }
    }

    /// As [`Self::flag`], where null is like nothing.
    pub(super) fn nullable_flag(self, key: &str) -> Result<Option<bool>, IdentityError> {
        if self.get(key).is_some_and(Value::is_null) { Ok(None) } else { self.flag(key) }
    }

    /// A text that says something, of at most `most` characters.
    pub(super) fn optional_word(self, key: &str, most: usize) -> Result<Option<String>, IdentityError> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        if text.is_empty() {
            return Err(self.invalid(key, |value| format!("{value} should be non-empty")));
        }
        if text.chars().count() > most {
            return Err(self.invalid(key, |value| format!("{value} is too long")));
        }
        if text.trim().is_empty() {
            return Err(self.invalid(key, |value| format!("{value} does not match '[\\\\S]+'")));
        }
        Ok(Some(text.to_owned()))
    }

    /// A list of objects; an absent one and null are like an empty one.
    pub(super) fn objects(self, key: &'a str) -> Result<Vec<Self>, IdentityError> {
        let items = match self.get(key) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(self.wrong_type(key, "array")),
        };
        let object = |item: &'a Value| match item {
            Value::Object(map) => Ok(Self { name: key, map: Some(map) }),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                let reason = |_: &str| format!("{} is not of type 'object'", python::repr(&masked(item)));
                Err(self.invalid(key, reason))
            }
        };
        items.iter().map(object).collect()
    }

    /// A list of texts.
    pub(super) fn texts(self, key: &str) -> Result<Option<Vec<String>>, IdentityError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let Value::Array(items) = value else { return Err(self.wrong_type(key, "array")) };
        let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
        texts.collect::<Option<_>>().map(Some).ok_or_else(|| self.wrong_type(key, "array"))
    }

    /// The refusal of a resource without the required `key`.
    pub(super) fn missing(self, key: &str) -> IdentityError {
        let value = self.map.map_or_else(|| "{}".to_owned(), |map| shown("", &Value::Object(map.clone())));
        let reason = format!("'{key}' is a required property");
        IdentityError::Invalid { field: self.name.to_owned(), value, reason }
    }

    fn wrong_type(self, key: &str, wanted: &str) -> IdentityError {
        self.invalid(key, |value| format!("{value} is not of type '{wanted}'"))
    }
}

/// A value as Python prints it, without secrets.
fn shown(key: &str, value: &Value) -> String {
    if SECRETS.contains(&key) {
        return "'***'".to_owned();
    }
    python::repr(&masked(value))
}

fn masked(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let hide = |(key, value): (&String, &Value)| {
                let value = if SECRETS.contains(&key.as_str()) { Value::from("***") } else { masked(value) };
                (key.clone(), value)
            };
            Value::Object(map.iter().map(hide).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(masked).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
