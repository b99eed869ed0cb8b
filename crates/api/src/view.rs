//! From an object to the answer: hiding what the caller may not see, choosing fields, wrapping, page links.

use adit_model::ProjectId;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::attribute::Schema;
use crate::error::ApiError;

/// One object as the caller may see it. `tenant_id` is added beside `project_id`, with the same value.
///
/// # Errors
/// [`ApiError::Internal`] for an answer that is no JSON object.
pub fn object(
    schema: &Schema,
    view: &impl Serialize,
    is_admin: bool,
    fields: &[String],
) -> Result<Value, ApiError> {
    let Value::Object(mut object) = serde_json::to_value(view).map_err(ApiError::internal)? else {
        return Err(ApiError::internal("an answer is not a JSON object"));
    };
    if let Some(project) = object.get("project_id").cloned() {
        object.insert("tenant_id".to_owned(), project);
    }
    if !is_admin {
        schema.hide_from_members(&mut object);
    }
    if !fields.is_empty() {
        object.retain(|name, _| fields.iter().any(|field| field == name));
    }
    Ok(Value::Object(object))
}

/// `{singular: object}`.
pub fn wrap_one(schema: &Schema, object: Value) -> Value {
    let mut body = Map::new();
    body.insert(schema.singular.to_owned(), object);
    Value::Object(body)
}

/// `{plural: objects}`, and the links of the page if it is one.
pub fn wrap_list(schema: &Schema, objects: Vec<Value>, links: Option<Vec<Value>>) -> Value {
    let mut body = Map::new();
    body.insert(schema.plural.to_owned(), Value::Array(objects));
    if let Some(links) = links {
        body.insert(format!("{}_links", schema.plural), Value::Array(links));
    }
    Value::Object(body)
}

/// One object of a list, and whose it is.
#[derive(Debug, Serialize)]
pub struct Listed<V> {
    /// What is shown of it.
    #[serde(flatten)]
    pub view: V,
    /// Its project, where objects have one: the other name of the view's `project_id`.
    #[serde(rename = "tenant_id", skip_serializing_if = "Option::is_none")]
    pub owner: Option<ProjectId>,
}

/// The whole text of a list: `{plural: objects}`, and the links of the page if it is one. Where nothing is hidden or
/// chosen, objects are written as they are: making a JSON value of each first is most of what a long list would cost.
///
/// # Errors
/// [`ApiError::Internal`], as [`object`].
pub fn list_text<V: Serialize>(
    schema: &Schema,
    objects: &[Listed<V>],
    is_admin: bool,
    fields: &[String],
    links: Option<Vec<Value>>,
) -> Result<Vec<u8>, ApiError> {
    let is_whole = fields.is_empty() && (is_admin || schema.attributes.iter().all(|one| !one.admin_sees));
    let mut text = format!("{{\"{}\":[", schema.plural).into_bytes();
    for (position, listed) in objects.iter().enumerate() {
        if position > 0 {
            text.push(b',');
        }
        if is_whole {
            serde_json::to_writer(&mut text, listed).map_err(ApiError::internal)?;
        } else {
            let object = object(schema, &listed.view, is_admin, fields)?;
            serde_json::to_writer(&mut text, &object).map_err(ApiError::internal)?;
        }
    }
    text.push(b']');
    if let Some(links) = links {
        text.extend(format!(",\"{}_links\":{}", schema.plural, Value::Array(links)).into_bytes());
    }
    text.push(b'}');
    Ok(text)
}

/// The links of a page: `next` unless the page is short, and `previous`, which the first page has too.
pub fn page_links(
    url: &str,
    pairs: &[(String, String)],
    ids: &[String],
    limit: u64,
    reverse: bool,
) -> Vec<Value> {
    let is_full = u64::try_from(ids.len()).is_ok_and(|count| count >= limit);
    let mut links = Vec::new();
    if is_full || reverse {
        links.push(json!({"rel": "next", "href": page_url(url, pairs, ids.last(), false)}));
    }
    if is_full || !reverse {
        links.push(json!({"rel": "previous", "href": page_url(url, pairs, ids.first(), true)}));
    }
    links
}

fn page_url(url: &str, pairs: &[(String, String)], marker: Option<&String>, reverse: bool) -> String {
    let kept = pairs.iter().filter(|(name, _)| name != "marker" && name != "page_reverse");
    let mut query: Vec<String> =
        kept.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    query.extend(marker.map(|id| format!("marker={}", encode(id))));
    if reverse {
        query.push("page_reverse=True".to_owned());
    }
    format!("{url}?{}", query.join("&"))
}

/// Percent-encodes what is not unreserved (RFC 3986, 2.3).
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            encoded.push(char::from(octet));
        } else {
            encoded.push_str(&format!("%{octet:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::page_links;

    #[test]
    fn the_first_page_has_both_links_and_a_short_one_no_next() {
        let pairs =
            [("limit", "2"), ("fields", "name"), ("fields", "id")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let ids = ["A".to_owned(), "B".to_owned()];
        let shown = |ids: &[String]| {
            let links = page_links("http://host/v2.0/vpn/ikepolicies", &pairs, ids, 2, false);
            links.iter().map(|link| format!("{} {}", link["rel"], link["href"])).collect::<Vec<_>>()
        };
        assert_eq!(
            shown(&ids),
            [
                r#""next" "http://host/v2.0/vpn/ikepolicies?limit=2&fields=name&fields=id&marker=B""#,
                r#""previous" "http://host/v2.0/vpn/ikepolicies?limit=2&fields=name&fields=id&marker=A&page_reverse=True""#,
            ]
        );
        assert_eq!(
            shown(&ids[..1]),
            [
                r#""previous" "http://host/v2.0/vpn/ikepolicies?limit=2&fields=name&fields=id&marker=A&page_reverse=True""#
            ]
        );
    }
}
