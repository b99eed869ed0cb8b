//! JSON as Python writes it: what is not ASCII is escaped, and `--noindent` puts everything on one line.

use serde_json::Value;

use super::cell::Cell;

pub(super) fn list(columns: &[&str], rows: &[Vec<&Cell>], noindent: bool) -> String {
    let object = |row: &Vec<&Cell>| {
        let entries = columns.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), cell.value().clone()));
        Value::Object(entries.collect())
    };
    write(&Value::Array(rows.iter().map(object).collect()), noindent)
}

pub(super) fn one(fields: &[(&str, &Cell)], noindent: bool) -> String {
    let entries = fields.iter().map(|(name, cell)| ((*name).to_owned(), cell.value().clone()));
    write(&Value::Object(entries.collect()), noindent)
}

/// A value on one line.
pub(crate) fn line(value: &Value) -> String {
    let mut text = String::new();
    put(value, None, &mut text);
    text
}

fn write(value: &Value, noindent: bool) -> String {
    let mut text = String::new();
    put(value, (!noindent).then_some(0), &mut text);
    text.push('\n');
    text
}

/// Appends a value, at this depth of indentation.
fn put(value: &Value, depth: Option<usize>, text: &mut String) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                separate(at, depth, text);
                put(item, depth.map(|depth| depth + 1), text);
            }
            close(depth, text);
            text.push(']');
        }
        Value::Object(map) if !map.is_empty() => {
            text.push('{');
            for (at, (key, item)) in map.iter().enumerate() {
                separate(at, depth, text);
                string(key, text);
                text.push_str(": ");
                put(item, depth.map(|depth| depth + 1), text);
            }
            close(depth, text);
            text.push('}');
        }
        Value::String(string_) => string(string_, text),
        Value::Array(_) => text.push_str("[]"),
        Value::Object(_) => text.push_str("{}"),
        Value::Null | Value::Bool(_) | Value::Number(_) => text.push_str(&value.to_string()),
    }
}

fn separate(at: usize, depth: Option<usize>, text: &mut String) {
    match (at, depth) {
        (0, None) => {}
        (_, None) => text.push_str(", "),
        (at, Some(depth)) => {
            text.push_str(if at == 0 { "\n" } else { ",\n" });
            text.push_str(&"  ".repeat(depth + 1));
        }
    }
}

fn close(depth: Option<usize>, text: &mut String) {
    if let Some(depth) = depth {
        text.push('\n');
        text.push_str(&"  ".repeat(depth));
    }
}

/// A string in quotes, in ASCII.
pub(super) fn string(value: &str, text: &mut String) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    text.push('"');
}
