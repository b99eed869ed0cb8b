//! Tags: `/v2.0/{collection}/{id}/tags`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::ApiError;
use crate::attribute::{Kind, ValueError};
use crate::python;

/// How many tags an object has at most.
pub const MOST: usize = 50;

/// A list of tags as a body holds it: texts of at most 255 characters, each once.
///
/// # Errors
/// In the reference's words.
pub(super) fn check(value: &Value) -> Result<Value, ValueError> {
    let Value::Array(tags) = value else {
        return Err(ValueError::Invalid(format!("'{}' is not a list", python::display(value))));
    };
    let mut seen = BTreeSet::new();
    for tag in tags {
        Kind::ShortText.check(tag)?;
        if !seen.insert(tag.as_str()) {
            let shown: Vec<String> = tags.iter().map(python::display).collect();
            return Err(ValueError::Invalid(format!("Duplicate items in the list: '{}'", shown.join(", "))));
        }
    }
    Ok(value.clone())
}

/// One tag as a path names it.
///
/// # Errors
/// [`ApiError::InvalidInput`].
pub fn check_one(tag: &str) -> Result<(), ApiError> {
    Kind::ShortText.check(&Value::from(tag)).map(drop).map_err(refusal)
}

/// The body of a `PUT` or `POST` of tags: `{"tags": [...]}`.
///
/// # Errors
/// [`ApiError::InvalidInput`].
pub fn parse(body: &[u8]) -> Result<BTreeSet<String>, ApiError> {
    let no_tags = || ApiError::InvalidInput { reason: "Invalid tags body".to_owned() };
    let parsed: Value = serde_json::from_slice(body).map_err(|_| no_tags())?;
    let tags = check(parsed.get("tags").ok_or_else(no_tags)?).map_err(refusal)?;
    serde_json::from_value(tags).map_err(ApiError::internal)
}

fn refusal(error: ValueError) -> ApiError {
    match error {
        ValueError::Invalid(reason) | ValueError::Conversion(reason) => ApiError::InvalidInput { reason },
        ValueError::Answer(answer) => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_body_of_tags_is_a_list_of_texts() {
        let long = format!(r#"{{"tags": ["{}"]}}"#, "a".repeat(256));
        for (body, want) in [
            (r#"{"tags": ["b", "a", ""]}"#, r#"{"", "a", "b"}"#),
            (r#"{"tags": []}"#, "{}"),
            ("", "Invalid input for operation: Invalid tags body."),
            ("[]", "Invalid input for operation: Invalid tags body."),
            (r#"{"tag": []}"#, "Invalid input for operation: Invalid tags body."),
            (r#"{"tags": "x"}"#, "Invalid input for operation: 'x' is not a list."),
            (r#"{"tags": null}"#, "Invalid input for operation: 'None' is not a list."),
            (r#"{"tags": [1]}"#, "Invalid input for operation: '1' is not a valid string."),
            (r#"{"tags": ["a", "a"]}"#, "Invalid input for operation: Duplicate items in the list: 'a, a'."),
            (long.as_str(), "exceeds maximum length of 255."),
        ] {
            let got = parse(body.as_bytes()).map_or_else(|e| e.to_string(), |tags| format!("{tags:?}"));
            assert!(got.ends_with(want), "{body}: {got}");
        }
    }
}
