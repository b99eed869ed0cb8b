//! What a resource of the Networking API consists of: one declaration each, from which everything else is read.

use adit_model::text::is_printable;
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::network::fixed_ip;
use crate::python;
use crate::shape::Shape;

/// A resource: its words and its attributes.
#[derive(Debug)]
pub struct Schema {
    /// Key of one object in a body, as `ikepolicy`.
    pub singular: &'static str,
    /// Key of a list in a body, as `ikepolicies`.
    pub plural: &'static str,
    /// Path of the collection below `/v2.0/`, as `vpn/ikepolicies`.
    pub path: &'static str,
    /// Word of the policy rules, as in `rule:create_ikepolicy`.
    pub rule: &'static str,
    /// Which of the reference's two dialects of body errors applies.
    pub dialect: Dialect,
    /// What becomes of a body with the plural key.
    pub bulk: Bulk,
    /// In the order in which they are checked.
    pub attributes: &'static [Attribute],
}

/// The reference words its complaints about malformed bodies in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Networks, subnets, ports, routers ...
    Core,
    /// The resources of the VPN extension.
    Vpn,
}

/// What becomes of a POST with the plural key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bulk {
    /// All objects are made, or none.
    Accepted,
    /// Refused as what it is.
    Refused,
    /// Not even understood: the reference forms these plurals wrongly.
    Unknown,
}

/// One attribute of a resource.
#[derive(Debug)]
pub struct Attribute {
    /// As in bodies and filters.
    pub name: &'static str,
    /// What a value must be.
    pub kind: Kind,
    /// Whether a POST may or must have it.
    pub post: Post,
    /// Whether a PUT may have it.
    pub put: bool,
    /// Column to filter by, if it is a filter.
    pub filter: Option<&'static str>,
    /// Another name that clients filter by, and that is none anywhere else.
    pub filter_alias: Option<&'static str>,
    /// Whether lists can be sorted by it; by the same column.
    pub sort: bool,
    /// Whether the answer to a POST or PUT has the numbers inside it as the client wrote them, say as text.
    pub echoed: bool,
    /// Whether only administrators see it.
    pub admin_sees: bool,
    /// Whether only administrators may set it to anything but its default.
    pub admin_sets: bool,
    /// Whether managers of the owning project may set what otherwise only administrators may.
    pub manager_sets: bool,
    /// Whether the cloud's other services may set what otherwise only administrators may.
    pub service_sets: bool,
    /// Its form in documents, where the kind does not tell.
    pub shape: Option<Shape>,
}

/// Whether a POST may or must have an attribute.
#[derive(Clone, Copy, Debug)]
pub enum Post {
    /// The server decides.
    Refused,
    /// The client decides.
    Required,
    /// The client may decide.
    Optional(Initial),
}

/// What an attribute is that a POST leaves out.
#[derive(Clone, Copy, Debug)]
pub enum Initial {
    /// Decided later, from other things.
    Absent,
    /// `null`.
    Null,
    /// A text.
    Text(&'static str),
    /// A word that the operator's configuration chooses; this one, when it says nothing.
    Configured(&'static str),
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(u32),
    /// `[]`.
    List,
    /// `{}`.
    Object,
}

/// What a value must be. `check` turns a given value into the one that is kept.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Any text.
    Text,
    /// A text of at most 255 characters.
    ShortText,
    /// A printable text of at most 255 characters without blanks at its ends.
    Name,
    /// A UUID.
    Uuid,
    /// A UUID or `null`.
    OptionalUuid,
    /// `true`, `false`, and what the reference takes for them.
    Bool,
    /// A whole number, also as text.
    Number,
    /// A whole number that is not negative.
    Size,
    /// A whole number or `null`.
    OptionalNumber,
    /// One of these numbers.
    Choice(&'static [i64]),
    /// One of these words.
    Word(&'static [&'static str]),
    /// Addresses of a port. As a filter: `subnet_id=ID` or `ip_address=ADDRESS`.
    FixedIps,
    /// Checked by a function.
    Other(fn(&Value) -> Result<Value, ValueError>),
}

/// Why a value was refused.
#[derive(Debug)]
pub enum ValueError {
    /// It is not what the attribute must be.
    Invalid(String),
    /// It could not be turned into what the attribute must be.
    Conversion(String),
    /// The reference has an answer of its own for this.
    Answer(ApiError),
}

impl ValueError {
    /// The answer for the attribute `name`.
    pub fn at(self, name: &str) -> ApiError {
        match self {
            Self::Invalid(reason) => {
                ApiError::bad_request(format!("Invalid input for {name}. Reason: {reason}."))
            }
            Self::Conversion(reason) => ApiError::InvalidInput { reason },
            Self::Answer(error) => error,
        }
    }
}

impl Attribute {
    /// An attribute that only the server sets: neither filter nor sort key yet.
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            post: Post::Refused,
            put: false,
            filter: None,
            filter_alias: None,
            sort: false,
            echoed: false,
            admin_sees: false,
            admin_sets: false,
            manager_sets: false,
            service_sets: false,
            shape: None,
        }
    }

    /// A POST must have it.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.post = Post::Required;
        self
    }

    /// A POST may have it.
    #[must_use]
    pub const fn optional(mut self, initial: Initial) -> Self {
        self.post = Post::Optional(initial);
        self
    }

    /// A PUT may have it.
    #[must_use]
    pub const fn mutable(mut self) -> Self {
        self.put = true;
        self
    }

    /// Lists can be filtered by it; its column has the same name.
    #[must_use]
    pub const fn filter(mut self) -> Self {
        self.filter = Some(self.name);
        self
    }

    /// Lists can be filtered by it; its column is called otherwise.
    #[must_use]
    pub const fn filter_by(mut self, column: &'static str) -> Self {
        self.filter = Some(column);
        self
    }

    /// Lists can be filtered by it under another name too.
    #[must_use]
    pub const fn filter_alias(mut self, name: &'static str) -> Self {
        self.filter_alias = Some(name);
        self
    }

    /// The answer to a POST or PUT repeats the numbers inside it as the client wrote them.
    #[must_use]
    pub const fn echoed(mut self) -> Self {
        self.echoed = true;
        self
    }

    /// Lists can be sorted by it.
    #[must_use]
    pub const fn sort(mut self) -> Self {
        self.sort = true;
        self
    }

    /// Only administrators see it.
    #[must_use]
    pub const fn admin_sees(mut self) -> Self {
        self.admin_sees = true;
        self
    }

    /// Only administrators set it.
    #[must_use]
    pub const fn admin_sets(mut self) -> Self {
        self.admin_sets = true;
        self
    }

    /// Only administrators see and set it.
    #[must_use]
    pub const fn admin(self) -> Self {
        self.admin_sees().admin_sets()
    }

    /// Managers of the owning project set it too.
    #[must_use]
    pub const fn manager_sets(mut self) -> Self {
        self.manager_sets = true;
        self
    }

    /// The cloud's other services set it too.
    #[must_use]
    pub const fn service_sets(mut self) -> Self {
        self.service_sets = true;
        self
    }

    /// Its form in documents, where the kind does not tell.
    #[must_use]
    pub const fn shaped(mut self, shape: Shape) -> Self {
        self.shape = Some(shape);
        self
    }

    /// Its form in documents.
    pub fn shape(&self) -> Shape {
        self.shape.unwrap_or_else(|| self.kind.shape())
    }

    /// `id`.
    pub const fn id() -> Self {
        Self::new("id", Kind::Uuid).filter().sort()
    }

    /// `project_id`, which stands for its older synonym `tenant_id` too.
    pub const fn project() -> Self {
        Self::new("project_id", Kind::ShortText).optional(Initial::Absent).filter().sort()
    }

    /// `name`.
    pub const fn named() -> Self {
        Self::new("name", Kind::Name).optional(Initial::Text("")).mutable().filter().sort()
    }

    /// `description`.
    pub const fn described() -> Self {
        Self::new("description", Kind::ShortText).optional(Initial::Text("")).mutable().filter()
    }

    /// `admin_state_up`.
    pub const fn admin_state() -> Self {
        Self::new("admin_state_up", Kind::Bool).optional(Initial::Bool(true)).mutable().filter()
    }
}

impl Schema {
    /// The attribute that a client calls `name`.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        let name = if name == "tenant_id" { "project_id" } else { name };
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// Whether objects can be tagged: then lists can be filtered by tags, and there are calls for them.
    pub fn has_tags(&self) -> bool {
        self.attribute("tags").is_some()
    }

    /// Whether objects count their revisions, so that a change can be made to depend on one.
    pub fn has_revisions(&self) -> bool {
        self.attribute("revision_number").is_some()
    }

    /// The attribute and the column that a client filters by as `name`.
    pub fn filter(&self, name: &str) -> Option<(&'static Attribute, &'static str)> {
        let alias = || self.attributes.iter().find(|attribute| attribute.filter_alias == Some(name));
        let attribute = self.attribute(name).or_else(alias)?;
        Some((attribute, attribute.filter?))
    }

    /// Removes what only administrators see.
    pub fn hide_from_members(&self, object: &mut Map<String, Value>) {
        for attribute in self.attributes.iter().filter(|attribute| attribute.admin_sees) {
            object.shift_remove(attribute.name);
        }
    }
}

impl Initial {
    /// As a JSON value; `None` for what is decided later.
    pub fn value(self) -> Option<Value> {
        match self {
            Self::Absent | Self::Configured(_) => None,
            Self::Null => Some(Value::Null),
            Self::Text(text) => Some(json!(text)),
            Self::Bool(flag) => Some(json!(flag)),
            Self::Number(number) => Some(json!(number)),
            Self::List => Some(json!([])),
            Self::Object => Some(json!({})),
        }
    }
}

impl Kind {
    /// What such values look like.
    pub fn shape(self) -> Shape {
        match self {
            Self::Text | Self::ShortText | Self::Name => Shape::Text,
            Self::Uuid => Shape::UUID,
            Self::OptionalUuid => Shape::OPTIONAL_UUID,
            Self::Bool => Shape::Flag,
            Self::Number | Self::Size => Shape::Number,
            Self::OptionalNumber => Shape::OPTIONAL_NUMBER,
            Self::Choice(numbers) => Shape::Choice(numbers),
            Self::Word(words) => Shape::Word(words),
            Self::FixedIps => Shape::FIXED_IPS,
            Self::Other(_) => Shape::Any,
        }
    }

    /// Checks a value and turns it into the one to keep.
    ///
    /// # Errors
    /// In the reference's words.
    pub fn check(self, value: &Value) -> Result<Value, ValueError> {
        match self {
            Self::Text => text(value, usize::MAX),
            Self::ShortText => text(value, MAX_TEXT),
            Self::Name => name(value),
            Self::Uuid => uuid(value),
            Self::OptionalUuid if value.is_null() => Ok(Value::Null),
            Self::OptionalUuid => uuid(value),
            Self::Bool => boolean(value),
            Self::Number => number(value),
            Self::Size => size(value),
            Self::OptionalNumber if value.is_null() => Ok(Value::Null),
            Self::OptionalNumber => number(value),
            Self::Choice(numbers) => choice(numbers, value),
            Self::FixedIps => fixed_ip::check(value),
            Self::Word(words) => word(words, value),
            Self::Other(check) => check(value),
        }
    }
}

/// Longest text of a column, in characters.
const MAX_TEXT: usize = 255;

/// A text of at most `most` characters.
pub(crate) fn text(value: &Value, most: usize) -> Result<Value, ValueError> {
    let Value::String(text) = value else {
        return Err(ValueError::Invalid(format!("'{}' is not a valid string", python::display(value))));
    };
    if text.chars().count() > most {
        return Err(ValueError::Invalid(format!("'{text}' exceeds maximum length of {most}")));
    }
    // PostgreSQL keeps no NUL.
    if text.contains('\0') {
        return Err(ValueError::Invalid(format!("'{text}' is not a valid string")));
    }
    Ok(value.clone())
}

fn name(value: &Value) -> Result<Value, ValueError> {
    let checked = text(value, MAX_TEXT)?;
    let name = checked.as_str().unwrap_or_default();
    if name.trim() != name || !name.chars().all(is_printable) {
        return Err(ValueError::Invalid(format!("'{name}' is not a valid string")));
    }
    Ok(checked)
}

/// Whether `text` has the form of a UUID: hyphens are optional, upper case and braces pass, as in the reference. The
/// look-up is textual, so only the canonical form is ever found.
pub fn is_uuid_like(text: &str) -> bool {
    let digits: String =
        text.replace("urn:", "").replace("uuid:", "").trim_matches(['{', '}']).replace('-', "");
    digits.len() == 32 && digits.chars().all(|c| c.is_ascii_hexdigit())
}

fn uuid(value: &Value) -> Result<Value, ValueError> {
    match value.as_str() {
        Some(text) if is_uuid_like(text) => Ok(value.clone()),
        _ => Err(ValueError::Invalid(format!("'{}' is not a valid UUID", python::display(value)))),
    }
}

/// The booleans that the reference takes.
pub fn parse_bool(value: &Value) -> Option<bool> {
    let text = match value {
        Value::Bool(flag) => return Some(*flag),
        Value::Number(number) if number.is_f64() => return None,
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.to_lowercase(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    match text.as_str() {
        "1" | "t" | "true" | "on" | "y" | "yes" => Some(true),
        "0" | "f" | "false" | "off" | "n" | "no" => Some(false),
        _ => None,
    }
}

fn boolean(value: &Value) -> Result<Value, ValueError> {
    parse_bool(value).map(Value::Bool).ok_or_else(|| {
        ValueError::Conversion(format!("'{}' cannot be converted to boolean", python::display(value)))
    })
}

/// The whole numbers that the reference takes: numbers (fractions cut off) and texts of digits.
pub fn parse_number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let cut = number.as_f64()?.trunc();
            #[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
            (cut.abs() < 9e15).then_some(cut as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(flag) => Some(i64::from(*flag)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn number(value: &Value) -> Result<Value, ValueError> {
    parse_number(value)
        .map(Value::from)
        .ok_or_else(|| ValueError::Conversion(format!("'{}' is not an integer", python::display(value))))
}

fn size(value: &Value) -> Result<Value, ValueError> {
    let number = number(value)?;
    match number.as_i64() {
        Some(size) if u32::try_from(size).is_ok() => Ok(number),
        Some(size) if size < 0 => Err(ValueError::Invalid(format!("'{size}' should be non-negative"))),
        _ => Err(ValueError::Invalid(format!("'{}' is too large", python::display(value)))),
    }
}

fn choice(numbers: &[i64], value: &Value) -> Result<Value, ValueError> {
    let number = number(value)?;
    match number.as_i64() {
        Some(one) if numbers.contains(&one) => Ok(number),
        _ => Err(ValueError::Invalid(format!("{} is not in valid_values", python::display(&number)))),
    }
}

fn word(words: &[&str], value: &Value) -> Result<Value, ValueError> {
    match value.as_str() {
        Some(text) if words.contains(&text) => Ok(value.clone()),
        _ => Err(ValueError::Invalid(format!("{} is not in valid_values", python::display(value)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: Kind, value: &Value) -> String {
        match kind.check(value) {
            Ok(value) => value.to_string(),
            Err(ValueError::Invalid(reason) | ValueError::Conversion(reason)) => reason,
            Err(ValueError::Answer(error)) => error.to_string(),
        }
    }

    #[test]
    fn values_are_checked_and_converted_as_the_reference_does() {
        let words = Kind::Word(&["v1", "v2"]);
        for (kind, value, want) in [
            (Kind::Name, json!("a"), "\"a\""),
            (Kind::Name, json!(" a"), "' a' is not a valid string"),
            (Kind::Name, json!("a\nb"), "'a\nb' is not a valid string"),
            (Kind::ShortText, json!("a\nb"), "\"a\\nb\""),
            (Kind::ShortText, json!("a\0b"), "'a\0b' is not a valid string"),
            (Kind::Name, json!(5), "'5' is not a valid string"),
            (Kind::Name, json!(null), "'None' is not a valid string"),
            (Kind::Uuid, json!("bad"), "'bad' is not a valid UUID"),
            (Kind::Uuid, json!(null), "'None' is not a valid UUID"),
            (Kind::OptionalUuid, json!(null), "null"),
            (Kind::Bool, json!("Yes"), "true"),
            (Kind::Bool, json!(0), "false"),
            (Kind::Bool, json!(2), "'2' cannot be converted to boolean"),
            (Kind::Bool, json!(1.0), "'1.0' cannot be converted to boolean"),
            (Kind::Bool, json!(null), "'None' cannot be converted to boolean"),
            (Kind::Size, json!("1400"), "1400"),
            (Kind::Size, json!(1500.7), "1500"),
            (Kind::Size, json!("abc"), "'abc' is not an integer"),
            (Kind::Size, json!(null), "'None' is not an integer"),
            (Kind::Size, json!(-1), "'-1' should be non-negative"),
            (words, json!("v3"), "v3 is not in valid_values"),
            (words, json!(5), "5 is not in valid_values"),
        ] {
            assert_eq!(shown(kind, &value), want, "{kind:?} {value}");
        }
    }

    #[test]
    fn a_long_text_is_refused() {
        let long = "a".repeat(256);
        assert_eq!(shown(Kind::ShortText, &json!(long)), format!("'{long}' exceeds maximum length of 255"));
        assert!(Kind::ShortText.check(&json!("ä".repeat(255))).is_ok());
    }
}
