//! From the octets of a request to checked attributes, in the reference's order of checks.

use serde_json::{Map, Value};

use crate::attribute::{Attribute, Bulk, Dialect, Post, Schema};
use crate::error::ApiError;

/// Whose request it is, as far as attributes depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The project of the token.
    pub project_id: &'a str,
    /// Whether it has the role `admin`.
    pub is_admin: bool,
    /// Whether it has the role `manager`.
    pub is_manager: bool,
    /// Whether it has the role `service`.
    pub is_service: bool,
}

impl Sender<'_> {
    /// Whether the sender may set what `attribute` says that few may.
    fn may_set(self, attribute: &Attribute) -> bool {
        !attribute.admin_sets
            || self.is_admin
            || (attribute.manager_sets && self.is_manager)
            || (attribute.service_sets && self.is_service)
    }
}

/// Reads the body of a POST: every attribute checked, defaults filled in, `project_id` set.
///
/// # Errors
/// The first thing that the reference would complain about.
pub fn parse_create(
    schema: &Schema,
    body: &[u8],
    sender: Sender<'_>,
) -> Result<Map<String, Value>, ApiError> {
    let outer = outer(schema, body, Method::Post)?;
    check_create(schema, &inner(schema, outer)?, sender)
}

/// What a POST asks for.
#[derive(Debug)]
pub enum Creation {
    /// One object: the singular key.
    One(Map<String, Value>),
    /// All of these or none: the plural key, which wins.
    Many(Vec<Map<String, Value>>),
}

/// As [`parse_create`], where several objects may be made at once.
///
/// # Errors
/// As [`parse_create`]; of several objects, for the first that is wrong.
pub fn parse_creation(schema: &Schema, body: &[u8], sender: Sender<'_>) -> Result<Creation, ApiError> {
    let mut outer = outer(schema, body, Method::Post)?;
    let Some(many) = outer.remove(schema.plural).filter(|_| schema.bulk == Bulk::Accepted) else {
        return Ok(Creation::One(check_create(schema, &inner(schema, outer)?, sender)?));
    };
    let many = match many {
        Value::Array(many) if !many.is_empty() => many,
        Value::Array(_) | Value::Null => return Err(ApiError::bad_request("Resources required")),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            return Err(ApiError::bad_request("Body contains invalid data"));
        }
    };
    let check = |one: Value| {
        // Each may have the singular key around it, as if it came alone.
        let object = match one {
            Value::Object(one) if one.contains_key(schema.singular) => inner(schema, one)?,
            Value::Object(one) => one,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(invalid_data(schema));
            }
        };
        check_create(schema, &object, sender)
    };
    Ok(Creation::Many(many.into_iter().map(check).collect::<Result<_, _>>()?))
}

fn check_create(
    schema: &Schema,
    object: &Map<String, Value>,
    sender: Sender<'_>,
) -> Result<Map<String, Value>, ApiError> {
    let project_id = project(object, sender)?;
    refuse_unknown(schema, object)?;
    for attribute in schema.attributes {
        let given = object.contains_key(attribute.name);
        match attribute.post {
            Post::Refused if given => {
                return Err(ApiError::bad_request(format!(
                    "Attribute '{}' not allowed in POST",
                    attribute.name
                )));
            }
            Post::Required if !given => {
                return Err(ApiError::bad_request(format!(
                    "Failed to parse request. Required attribute '{}' not specified",
                    attribute.name
                )));
            }
            Post::Refused | Post::Required | Post::Optional(_) => {}
        }
    }
    let mut checked = check_values(schema, object)?;
    for attribute in schema.attributes {
        let Post::Optional(initial) = attribute.post else { continue };
        let initial = initial.value();
        if !sender.may_set(attribute)
            && checked.get(attribute.name).is_some_and(|value| Some(value) != initial.as_ref())
        {
            return Err(forbidden_attribute(schema, "create", attribute.name));
        }
        if let Some(initial) = initial
            && !checked.contains_key(attribute.name)
        {
            checked.insert(attribute.name.to_owned(), initial);
        }
    }
    if schema.attribute("project_id").is_some() {
        checked.insert("project_id".to_owned(), Value::String(project_id));
    }
    Ok(checked)
}

/// Reads the body of a PUT: the attributes that it has, checked.
///
/// # Errors
/// The first thing that the reference would complain about.
pub fn parse_update(schema: &Schema, body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let object = inner(schema, outer(schema, body, Method::Put)?)?;
    if object.contains_key("project_id") || object.contains_key("tenant_id") {
        return Err(ApiError::bad_request("Cannot update read-only attribute tenant_id"));
    }
    refuse_unknown(schema, &object)?;
    for attribute in schema.attributes {
        if !attribute.put && object.contains_key(attribute.name) {
            return Err(ApiError::bad_request(format!(
                "Cannot update read-only attribute {}",
                attribute.name
            )));
        }
    }
    check_values(schema, &object)
}

/// Puts the numbers of a checked body into the answer to it as the client wrote them: a lifetime that was given as text
/// comes back as text, once. Stored it is a number, and everybody reads a number from then on.
pub fn echo(schema: &Schema, checked: &Map<String, Value>, answer: &mut Value) {
    for attribute in schema.attributes.iter().filter(|attribute| attribute.echoed) {
        let given = checked.get(attribute.name).and_then(Value::as_object);
        let shown = answer.get_mut(attribute.name).and_then(Value::as_object_mut);
        let (Some(given), Some(shown)) = (given, shown) else { continue };
        for (key, value) in given {
            shown.insert(key.clone(), value.clone());
        }
    }
}

/// Whether a checked PUT has attributes that only administrators set, from somebody who is none.
pub fn needs_permission(schema: &Schema, checked: &Map<String, Value>, sender: Sender<'_>) -> bool {
    schema
        .attributes
        .iter()
        .any(|attribute| !sender.may_set(attribute) && checked.contains_key(attribute.name))
}

/// Refuses attributes of a checked PUT that the sender may not set, unless they are what the object, as administrators
/// see it, has already: clients send back what they were shown. The object must be known to be visible first: a
/// refusal tells that it is there.
///
/// # Errors
/// [`ApiError::PolicyNotAuthorized`].
pub fn permit_update(
    schema: &Schema,
    checked: &Map<String, Value>,
    current: &Map<String, Value>,
    sender: Sender<'_>,
) -> Result<(), ApiError> {
    let is_forbidden = |attribute: &&Attribute| {
        let given = checked.get(attribute.name);
        !sender.may_set(attribute) && given.is_some() && given != current.get(attribute.name)
    };
    match schema.attributes.iter().find(is_forbidden) {
        Some(attribute) => Err(forbidden_attribute(schema, "update", attribute.name)),
        None => Ok(()),
    }
}

/// The refusal of an attribute that the sender may not set.
pub fn forbidden_attribute(schema: &Schema, action: &str, attribute: &str) -> ApiError {
    forbidden_parts(schema, action, attribute, &[])
}

/// As [`forbidden_attribute`], of one that has parts, each with a rule: those that were given.
pub fn forbidden_parts(schema: &Schema, action: &str, attribute: &str, parts: &[&str]) -> ApiError {
    let rule = format!("rule:{action}_{}", schema.rule);
    let whole = format!("{rule}:{attribute}");
    let parts: Vec<String> = parts.iter().map(|part| format!("{whole}:{part}")).collect();
    let rules = if parts.is_empty() { whole } else { format!("({whole} and ({}))", parts.join(" and ")) };
    ApiError::PolicyNotAuthorized { rule: format!("({rule} and {rules})") }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Post,
    Put,
}

/// The body, an object with a key for what it is about.
fn outer(schema: &Schema, body: &[u8], method: Method) -> Result<Map<String, Value>, ApiError> {
    let required = || ApiError::bad_request("Resource body required");
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(match (method, schema.dialect) {
            (Method::Put, _) => {
                ApiError::BadRequest { resource: "body".to_owned(), reason: "Invalid format: b''".to_owned() }
            }
            (Method::Post, Dialect::Core) => missing(schema),
            (Method::Post, Dialect::Vpn) => required(),
        });
    }
    let parsed = serde_json::from_slice(body).map_err(|_| match schema.dialect {
        Dialect::Core => ApiError::bad_request("Body contains invalid data"),
        Dialect::Vpn => ApiError::MalformedRequestBody { reason: "Cannot understand JSON".to_owned() },
    })?;
    let Value::Object(outer) = parsed else {
        return Err(ApiError::bad_request("Body contains invalid data"));
    };
    if outer.is_empty() {
        return Err(if method == Method::Post && schema.dialect == Dialect::Core {
            missing(schema)
        } else {
            required()
        });
    }
    let is_refused = match schema.bulk {
        Bulk::Accepted => method == Method::Put,
        Bulk::Refused => true,
        Bulk::Unknown => false,
    };
    if is_refused && outer.contains_key(schema.plural) {
        return Err(ApiError::bad_request("Bulk operation not supported"));
    }
    Ok(outer)
}

/// The one object that a body is about.
fn inner(schema: &Schema, mut outer: Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    match outer.remove(schema.singular) {
        None | Some(Value::Null) => Err(missing(schema)),
        Some(Value::Object(object)) => Ok(object),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(invalid_data(schema))
        }
    }
}

fn missing(schema: &Schema) -> ApiError {
    ApiError::bad_request(format!("Unable to find '{}' in request body", schema.singular))
}

fn invalid_data(schema: &Schema) -> ApiError {
    ApiError::bad_request(format!("Object '{}' contains invalid data", schema.singular))
}

/// The project that the new object will belong to.
fn project(object: &Map<String, Value>, sender: Sender<'_>) -> Result<String, ApiError> {
    let (project, tenant) = (object.get("project_id"), object.get("tenant_id"));
    let given = match (project, tenant) {
        (None, None) => return Ok(sender.project_id.to_owned()),
        (Some(project), Some(tenant)) if project != tenant => {
            return Err(ApiError::bad_request("'project_id' and 'tenant_id' do not match"));
        }
        (Some(given), _) | (None, Some(given)) => given,
    };
    let given = crate::attribute::Kind::ShortText.check(given).map_err(|error| error.at("tenant_id"))?;
    let given = given.as_str().unwrap_or_default();
    if given != sender.project_id && !sender.is_admin {
        return Err(ApiError::bad_request(
            "Specifying 'project_id' other than the authenticated project in request is not allowed for the current user.",
        ));
    }
    Ok(given.to_owned())
}

fn refuse_unknown(schema: &Schema, object: &Map<String, Value>) -> Result<(), ApiError> {
    let mut unknown: Vec<&str> =
        object.keys().map(String::as_str).filter(|name| schema.attribute(name).is_none()).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    unknown.sort_unstable();
    Err(ApiError::bad_request(format!("Unrecognized attribute(s) '{}'", unknown.join(", "))))
}

fn check_values(schema: &Schema, object: &Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    let mut checked = Map::new();
    for attribute in schema.attributes {
        if attribute.name == "project_id" {
            continue;
        }
        let Some(value) = object.get(attribute.name) else { continue };
        let value = attribute.kind.check(value).map_err(|error| error.at(attribute.name))?;
        checked.insert(attribute.name.to_owned(), value);
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vpn::ike_policy::SCHEMA;

    const MEMBER: Sender<'static> =
        Sender { project_id: "p1", is_admin: false, is_manager: false, is_service: false };
    const ADMIN: Sender<'static> =
        Sender { project_id: "p0", is_admin: true, is_manager: true, is_service: true };

    #[test]
    fn a_post_is_checked_in_the_order_of_the_reference() {
        for (sender, body, want) in [
            (MEMBER, "", "HTTPBadRequest Resource body required"),
            (MEMBER, "{}", "HTTPBadRequest Resource body required"),
            (MEMBER, "{", "MalformedRequestBody Malformed request body: Cannot understand JSON."),
            (MEMBER, "\"x\"", "HTTPBadRequest Body contains invalid data"),
            (MEMBER, r#"{"ikepolicies": []}"#, "HTTPBadRequest Unable to find 'ikepolicy' in request body"),
            (MEMBER, r#"{"ikepolicy": null}"#, "HTTPBadRequest Unable to find 'ikepolicy' in request body"),
            (MEMBER, r#"{"ikepolicy": []}"#, "HTTPBadRequest Object 'ikepolicy' contains invalid data"),
            (
                MEMBER,
                r#"{"ikepolicy": {"foo": 1, "bar": 2, "pfs": "x"}}"#,
                "HTTPBadRequest Unrecognized attribute(s) 'bar, foo'",
            ),
            (
                MEMBER,
                r#"{"ikepolicy": {"id": "x", "pfs": "x"}}"#,
                "HTTPBadRequest Attribute 'id' not allowed in POST",
            ),
            (
                MEMBER,
                r#"{"ikepolicy": {"ike_version": "v3", "pfs": "x"}}"#,
                "HTTPBadRequest Invalid input for ike_version. Reason: v3 is not in valid_values.",
            ),
            (
                MEMBER,
                r#"{"ikepolicy": {"tenant_id": "p2", "foo": 1}}"#,
                "HTTPBadRequest Specifying 'project_id' other than the authenticated project in request is not allowed for the current user.",
            ),
            (
                ADMIN,
                r#"{"ikepolicy": {"tenant_id": "p2", "project_id": "p3"}}"#,
                "HTTPBadRequest 'project_id' and 'tenant_id' do not match",
            ),
            (
                ADMIN,
                r#"{"ikepolicy": {"tenant_id": null}}"#,
                "HTTPBadRequest Invalid input for tenant_id. Reason: 'None' is not a valid string.",
            ),
        ] {
            let error = parse_create(&SCHEMA, body.as_bytes(), sender).unwrap_err();
            assert_eq!(format!("{} {error}", error.kind()), want, "body {body}");
        }
    }

    #[test]
    fn fixed_defaults_are_filled_in_and_an_admin_may_name_the_owner() {
        let created =
            parse_create(&SCHEMA, br#"{"ikepolicy": {"name": "a", "tenant_id": "p2"}}"#, ADMIN).unwrap();
        assert_eq!(
            Value::Object(created),
            serde_json::json!({
            "name": "a", "description": "", "lifetime": {},
                "project_id": "p2",
            })
        );
    }

    #[test]
    fn a_put_changes_only_what_may_change() {
        for (body, want) in [
            ("", "BadRequest Bad body request: Invalid format: b''."),
            ("{}", "HTTPBadRequest Resource body required"),
            (r#"{"ikepolicy": {"id": "x"}}"#, "HTTPBadRequest Cannot update read-only attribute id"),
            (
                r#"{"ikepolicy": {"project_id": "p1"}}"#,
                "HTTPBadRequest Cannot update read-only attribute tenant_id",
            ),
        ] {
            let error = parse_update(&SCHEMA, body.as_bytes()).unwrap_err();
            assert_eq!(format!("{} {error}", error.kind()), want, "body {body}");
        }
        let updated = parse_update(&SCHEMA, br#"{"ikepolicy": {"pfs": "group14"}}"#).unwrap();
        assert_eq!(Value::Object(updated), serde_json::json!({"pfs": "group14"}));
    }
}
