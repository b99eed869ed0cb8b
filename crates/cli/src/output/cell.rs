//! A value of a row: what programs get, and what people see.

use std::cmp::Ordering;

use adit_api::python;
use serde_json::Value;

/// How a value is shown to people. Programs always get the value itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// As Python prints it.
    Plain,
    /// A list, sorted and joined by commas.
    List,
    /// A list in its own order, joined by commas.
    InOrder,
    /// As Python prints it; what is absent is an empty text.
    Blank,
    /// As the `neutron` command prints it: nothing for what is absent, a line for each item of a list, JSON for maps.
    Raw,
    /// Maps, as `key='value'`, one a line.
    Dicts,
    /// A map, as `key='value'`.
    Dict,
    /// `UP` or `DOWN`.
    UpDown,
    /// `External` or `Internal`.
    External,
    /// JSON, as it was sent.
    Json,
    /// Ranges of addresses, as `first-last`.
    Pools,
    /// Routes, whose `nexthop` is called `gateway` as in the options.
    Routes,
    /// Whether an agent is heard of: `:-)` or `XXX`.
    Alive,
    /// The names of objects, joined by commas.
    Names,
    /// Rules of a security group, one a line, without what is empty or known.
    Rules,
    /// The endpoints of a catalog's service, one a line.
    Endpoints,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cell {
    value: Value,
    view: View,
    /// Whether there was none.
    is_absent: bool,
}

impl Cell {
    /// A value with its view. What is absent is what an empty one of its kind is.
    pub(crate) fn new(value: Value, view: View) -> Self {
        let is_absent = value.is_null();
        let value = match (view, value) {
            (View::Blank, Value::Null) => Value::String(String::new()),
            (View::List | View::InOrder | View::Dicts, Value::Null) => Value::Array(Vec::new()),
            (View::Dict, Value::Null) => Value::Object(serde_json::Map::new()),
            (_, value) => value,
        };
        Self { value, view, is_absent }
    }

    /// A value as Python prints it.
    pub(crate) fn plain(value: impl Into<Value>) -> Self {
        Self::new(value.into(), View::Plain)
    }

    /// The value itself, for formats that have types.
    pub(crate) fn value(&self) -> &Value {
        &self.value
    }

    /// Whether it stands at the right of its column.
    pub(crate) fn is_number(&self) -> bool {
        self.view == View::Plain && self.value.is_number()
    }

    /// Whether CSV leaves it without quotes: numbers, and what Python takes for one.
    pub(crate) fn is_numeric(&self) -> bool {
        self.view == View::Plain && (self.value.is_number() || self.value.is_boolean())
    }

    /// Whether it has no value at all.
    pub(crate) fn is_none(&self) -> bool {
        self.view == View::Plain && self.value.is_null()
    }

    /// As one text for programs.
    pub(crate) fn machine(&self) -> String {
        python::display(&self.value)
    }

    /// As people see it.
    pub(crate) fn human(&self) -> String {
        let value = &self.value;
        let items = || value.as_array().into_iter().flatten();
        match self.view {
            View::Dict if self.is_absent => "None".to_owned(),
            View::Plain | View::Blank => python::display(value),
            View::Raw => raw(value),
            View::InOrder => items().map(python::display).collect::<Vec<_>>().join(", "),
            View::List => {
                let mut texts: Vec<String> = items().map(python::display).collect();
                texts.sort_unstable();
                texts.join(", ")
            }
            View::Dicts => items().map(|item| dict(item, &[])).collect::<Vec<_>>().join("\n"),
            View::Routes => {
                items().map(|item| dict(item, &[("nexthop", "gateway")])).collect::<Vec<_>>().join("\n")
            }
            View::Dict => dict(value, &[]),
            View::UpDown => (if truth(value) { "UP" } else { "DOWN" }).to_owned(),
            View::External => (if truth(value) { "External" } else { "Internal" }).to_owned(),
            View::Alive => (if truth(value) { ":-)" } else { "XXX" }).to_owned(),
            View::Json => super::json::line(value),
            View::Pools => {
                let text = |pool: &Value, key: &str| python::display(&pool[key]);
                let pools = items().map(|pool| format!("{}-{}", text(pool, "start"), text(pool, "end")));
                pools.collect::<Vec<_>>().join(",")
            }
            View::Endpoints => endpoints(value),
            View::Names => {
                let mut names: Vec<String> = items().map(|item| python::display(&item["name"])).collect();
                names.sort_unstable();
                names.join(", ")
            }
            View::Rules => items().map(rule).collect::<Vec<_>>().join("\n"),
        }
    }

    /// Which of two comes first; what is absent comes last.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        match (&self.value, &other.value) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) => Ordering::Greater,
            (_, Value::Null) => Ordering::Less,
            (Value::Number(a), Value::Number(b)) => {
                a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal)
            }
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::String(a), Value::String(b)) => a.cmp(b),
            (a, b) => python::display(a).cmp(&python::display(b)),
        }
    }
}

/// A map as `key='value'`, sorted by key; maps in it have dotted keys.
fn dict(value: &Value, renamed: &[(&str, &str)]) -> String {
    let mut parts = Vec::new();
    collect(value, "", renamed, &mut parts);
    parts.join(", ")
}

fn collect(value: &Value, prefix: &str, renamed: &[(&str, &str)], parts: &mut Vec<String>) {
    let mut entries: Vec<(&str, &Value)> = value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| {
            let name = renamed.iter().find(|(old, _)| old == key).map_or(key.as_str(), |(_, new)| new);
            (name, value)
        })
        .collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    for (key, value) in entries {
        let key = if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(_) => collect(value, &key, renamed, parts),
            Value::Null => parts.push(format!("{key}=")),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                parts.push(format!("{key}='{}'", python::display(value)));
            }
        }
    }
}

/// A rule without what has no value, and without whose it is, which is known where it stands.
fn rule(value: &Value) -> String {
    let known = ["security_group_id", "tenant_id", "project_id"];
    let entries = value.as_object().into_iter().flatten();
    let told = entries.filter(|(key, value)| truth(value) && !known.contains(&key.as_str()));
    dict(&Value::Object(told.map(|(key, value)| (key.clone(), value.clone())).collect()), &[])
}

fn raw(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Array(items) => items.iter().map(raw).collect::<Vec<_>>().join("\n"),
        Value::Object(_) => super::json::line(value),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => python::display(value),
    }
}

fn endpoints(value: &Value) -> String {
    let mut text = String::new();
    for endpoint in value.as_array().into_iter().flatten() {
        let region =
            endpoint["region_id"].as_str().or_else(|| endpoint["region"].as_str()).unwrap_or("<none>");
        text.push_str(&format!(
            "{region}\n  {}: {}\n",
            python::display(&endpoint["interface"]),
            python::display(&endpoint["url"])
        ));
    }
    text
}

fn truth(value: &Value) -> bool {
    match value {
        Value::Bool(truth) => *truth,
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}
