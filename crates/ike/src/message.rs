//! VICI messages as plain values: rendered first, compared in tests, sent second.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A named list of values, in the order in which they are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section(Vec<(String, Value)>);

/// What stands behind a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// Several texts.
    List(Vec<String>),
    /// More keys.
    Section(Section),
}

impl Section {
    /// An empty section.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a key; for building a message in one expression.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.push((key.into(), value.into()));
        self
    }

    /// How many octets it takes on the way to charon (VICI protocol: a type, a length and a text per key, and a length and
    /// a text per value).
    pub fn encoded_len(&self) -> usize {
        let value_len = |value: &Value| match value {
            Value::Text(text) => 2 + text.len(),
            Value::List(list) => 1 + list.iter().map(|item| 3 + item.len()).sum::<usize>(),
            Value::Section(section) => 1 + section.encoded_len(),
        };
        self.iter().map(|(key, value)| 2 + key.len() + value_len(value)).sum()
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The sections inside, by their keys.
    pub fn sections(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.iter().filter_map(|(key, value)| match value {
            Value::Section(section) => Some((key, section)),
            Value::Text(_) | Value::List(_) => None,
        })
    }

    /// The text behind `key`.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Value::Text(text) => Some(text),
            Value::List(_) | Value::Section(_) => None,
        }
    }

    /// The number behind `key`.
    pub fn number<T: std::str::FromStr>(&self, key: &str) -> Option<T> {
        self.text(key)?.parse().ok()
    }

    /// Whether `key` says `yes`.
    pub fn is_yes(&self, key: &str) -> bool {
        self.text(key) == Some("yes")
    }

    /// The texts behind `key`; none where the key is missing.
    pub fn list(&self, key: &str) -> &[String] {
        match self.get(key) {
            Some(Value::List(list)) => list,
            Some(Value::Text(_) | Value::Section(_)) | None => &[],
        }
    }

    /// The section behind `key`.
    pub fn section(&self, key: &str) -> Option<&Self> {
        self.sections().find(|(name, _)| *name == key).map(|(_, section)| section)
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    fn fmt_indented(&self, f: &mut fmt::Formatter<'_>, indent: usize) -> fmt::Result {
        for (key, value) in self.iter() {
            write!(f, "{:indent$}{key}", "")?;
            match value {
                Value::Text(text) => writeln!(f, " = {text}")?,
                Value::List(list) => writeln!(f, " = [{}]", list.join(", "))?,
                Value::Section(section) => {
                    writeln!(f, " {{")?;
                    section.fmt_indented(f, indent + 2)?;
                    writeln!(f, "{:indent$}}}", "")?;
                }
            }
        }
        Ok(())
    }
}

/// As `swanctl.conf` would have it.
impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_indented(f, 0)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Text(number.to_string())
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Text(number.to_string())
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Text(if yes { "yes" } else { "no" }.to_owned())
    }
}

impl From<Vec<String>> for Value {
    fn from(list: Vec<String>) -> Self {
        Self::List(list)
    }
}

impl From<Section> for Value {
    fn from(section: Section) -> Self {
        Self::Section(section)
    }
}

impl Serialize for Section {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.iter() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => list.serialize(serializer),
            Self::Section(section) => section.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Section {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Section;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a VICI section")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Section, A::Error> {
                let mut section = Section::new();
                while let Some(entry) = map.next_entry()? {
                    section.0.push(entry);
                }
                Ok(section)
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a VICI text, list or section")
            }

            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(Value::Text(text.to_owned()))
            }

            // What a peer sends may be no UTF-8 and still end in a log line or an identity.
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
                Ok(Value::Text(String::from_utf8_lossy(bytes).into_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
                let mut list = Vec::new();
                while let Some(Value::Text(text)) = seq.next_element()? {
                    list.push(text);
                }
                Ok(Value::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
                let mut section = Section::new();
                while let Some(entry) = map.next_entry()? {
                    section.0.push(entry);
                }
                Ok(Value::Section(section))
            }
        }
        deserializer.deserialize_any(Any)
    }
}
