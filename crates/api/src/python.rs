//! Values as Python prints them. Clients, tests and people know the reference's messages, in which a refused value
//! stands as `str()` of it, so `null` is `None` and `true` is `True`.

use adit_model::text::is_printable;
use serde_json::Value;

/// `str(value)`: a text without quotes.
pub fn display(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => repr(value),
    }
}

/// `repr(value)`: a text in single quotes.
pub fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.contains('\'') && !text.contains('"') => format!("\"{}\"", escaped(text)),
        Value::String(text) => format!("'{}'", escaped(text).replace('\'', "\\'")),
        Value::Array(items) => format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("'{key}': {}", repr(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            c if is_printable(c) => escaped.push(c),
            c => escaped.push_str(&match u32::from(c) {
                code @ ..0x100 => format!("\\x{code:02x}"),
                code @ 0x100..0x1_0000 => format!("\\u{code:04x}"),
                code => format!("\\U{code:08x}"),
            }),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{display, repr};
    use serde_json::json;

    #[test]
    fn values_look_as_python_prints_them() {
        for (value, shown, represented) in [
            (json!(null), "None", "None"),
            (json!(true), "True", "True"),
            (json!(60.9), "60.9", "60.9"),
            (json!("a"), "a", "'a'"),
            (json!("it's"), "it's", "\"it's\""),
            (json!("a\nb\u{7}\\"), "a\nb\u{7}\\", "'a\\nb\\x07\\\\'"),
            (json!("\u{a0}\u{200b}\u{e0041}é"), "\u{a0}\u{200b}\u{e0041}é", "'\\xa0\\u200b\\U000e0041é'"),
            (json!(["a", 1]), "['a', 1]", "['a', 1]"),
            (
                json!({"units": "seconds", "value": 3600}),
                "{'units': 'seconds', 'value': 3600}",
                "{'units': 'seconds', 'value': 3600}",
            ),
        ] {
            assert_eq!((display(&value).as_str(), repr(&value).as_str()), (shown, represented), "{value}");
        }
    }
}
