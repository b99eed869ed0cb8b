//! YAML in blocks, with sorted keys. What a reader could take for something else than text is quoted.

use serde_json::Value;

use super::cell::Cell;

/// Where long texts are broken.
const WIDTH: usize = 80;

pub(super) fn list(columns: &[&str], rows: &[Vec<&Cell>]) -> String {
    let mut text = String::new();
    for row in rows {
        let entries = columns.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), cell.value().clone()));
        item(&Value::Object(entries.collect()), 0, &mut text);
    }
    if text.is_empty() { "[]\n".to_owned() } else { text }
}

pub(super) fn one(fields: &[(&str, &Cell)]) -> String {
    let mut text = String::new();
    for (name, cell) in fields {
        entry(name, cell.value(), 0, &mut text);
    }
    text
}

fn entry(key: &str, value: &Value, depth: usize, text: &mut String) {
    text.push_str(&scalar(key));
    text.push(':');
    match value {
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            for value in items {
                text.push_str(&"  ".repeat(depth));
                item(value, depth, text);
            }
        }
        Value::Object(map) if !map.is_empty() => {
            text.push('\n');
            text.push_str(&"  ".repeat(depth + 1));
            block(map, depth + 1, text);
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => {
            text.push(' ');
            folded(value, depth, text);
        }
    }
}

/// An item of a list that stands at this depth.
fn item(value: &Value, depth: usize, text: &mut String) {
    text.push_str("- ");
    match value {
        Value::Array(items) if !items.is_empty() => {
            for (at, value) in items.iter().enumerate() {
                if at > 0 {
                    text.push_str(&"  ".repeat(depth + 1));
                }
                item(value, depth + 1, text);
            }
        }
        Value::Object(map) if !map.is_empty() => block(map, depth + 1, text),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => flat(value, text),
    }
}

/// The entries of a map, whose first line is indented already.
fn block(map: &serde_json::Map<String, Value>, depth: usize, text: &mut String) {
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    for (at, (key, value)) in entries.into_iter().enumerate() {
        if at > 0 {
            text.push_str(&"  ".repeat(depth));
        }
        entry(key, value, depth, text);
    }
}

/// A value of an entry. Long texts go on in the next line, at spaces beyond the eightieth column.
fn folded(value: &Value, depth: usize, text: &mut String) {
    let line = text.rfind('\n').map_or(0, |at| at + 1);
    let before = text.len() - line;
    let mut flat_text = String::new();
    flat(value, &mut flat_text);
    let is_text = value.is_string() && !flat_text.starts_with('"');
    if !is_text || before + flat_text.len() <= WIDTH {
        text.push_str(&flat_text);
        return;
    }
    let quotes = usize::from(flat_text.starts_with('\''));
    let (octets, mut column) = (flat_text.as_bytes(), before);
    let last = octets.len().saturating_sub(2 + quotes);
    for (at, c) in flat_text.char_indices() {
        let is_inner = at > quotes && at < last;
        let is_single = c == ' ' && is_inner && octets[at - 1] != b' ' && octets[at + 1] != b' ';
        if is_single && column > WIDTH {
            text.push('\n');
            text.push_str(&"  ".repeat(depth + 1));
            column = 2 * (depth + 1);
        } else {
            text.push(c);
            column += 1;
        }
    }
}

fn flat(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::String(string) => text.push_str(&scalar(string)),
        Value::Array(_) => text.push_str("[]"),
        Value::Object(_) => text.push_str("{}"),
        Value::Bool(_) | Value::Number(_) => text.push_str(&value.to_string()),
    }
    text.push('\n');
}

fn scalar(string: &str) -> String {
    if string.chars().any(|c| !(' '..='~').contains(&c)) {
        let mut text = String::new();
        super::json::string(string, &mut text);
        return text;
    }
    const FIRST: [char; 17] =
        [' ', '#', ',', '[', ']', '{', '}', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`'];
    let first_alone =
        string.starts_with(['?', ':', '-']) && string[1..].chars().next().is_none_or(|c| c == ' ');
    let is_special = string.is_empty()
        || first_alone
        || string.starts_with(FIRST)
        || string.starts_with("---")
        || string.starts_with("...")
        || string.ends_with([' ', ':'])
        || string.contains(": ")
        || string.contains(" #")
        || means_something_else(string);
    if is_special { format!("'{}'", string.replace('\'', "''")) } else { string.to_owned() }
}

/// Whether a reader of YAML 1.1 takes a plain text for a truth value, nothing, a number or a time.
fn means_something_else(string: &str) -> bool {
    const WORDS: [&str; 10] = ["yes", "no", "true", "false", "on", "off", "null", "~", "=", "<<"];
    let lower = string.to_lowercase();
    let is_one_case = string == lower || string == string.to_uppercase() || {
        let mut chars = string.chars();
        chars.next().is_some_and(|c| c.is_uppercase()) && chars.as_str() == &lower[1..]
    };
    (WORDS.contains(&lower.as_str()) && is_one_case) || is_number(string) || is_time(string)
}

fn is_number(string: &str) -> bool {
    let unsigned = string.strip_prefix(['-', '+']).unwrap_or(string);
    let all = |text: &str, digits: &str| !text.is_empty() && text.chars().all(|c| digits.contains(c));
    if [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(&unsigned) {
        return true;
    }
    if let Some(binary) = unsigned.strip_prefix("0b") {
        return all(binary, "01_");
    }
    if let Some(hexadecimal) = unsigned.strip_prefix("0x") {
        return all(hexadecimal, "0123456789abcdefABCDEF_");
    }
    if unsigned.len() > 1 && unsigned.starts_with('0') && all(&unsigned[1..], "01234567_") {
        return true;
    }
    if unsigned.contains(':') {
        // Sexagesimal, as 1:30.
        let mut parts = unsigned.split(':');
        let first = parts.next().unwrap_or_default();
        let last = unsigned.rsplit(':').next().unwrap_or_default();
        let is_digit = |c: char| c.is_ascii_digit();
        let sixty = |part: &str| {
            let part = if std::ptr::eq(part, last) { part.split('.').next().unwrap_or(part) } else { part };
            matches!(part.len(), 1 | 2) && part.chars().all(is_digit) && (part.len() == 1 || part < "6")
        };
        let is_float = last.contains('.');
        let first_fits = all(first, "0123456789_") && (is_float || (!first.starts_with(['0', '_'])));
        return first_fits && parts.all(sixty);
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let exponent_fits =
        exponent.is_none_or(|exponent| exponent.starts_with(['-', '+']) && all(&exponent[1..], "0123456789"));
    match mantissa.split_once('.') {
        Some((whole, part)) => {
            let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '_');
            let begins = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
            exponent_fits
                && digits(whole)
                && digits(part)
                && (begins(whole) || (whole.is_empty() && begins(part) && unsigned.len() == string.len()))
        }
        None => {
            exponent.is_none()
                && all(unsigned, "0123456789_")
                && (unsigned == "0" || !unsigned.starts_with(['0', '_']))
        }
    }
}

fn is_time(string: &str) -> bool {
    let octets = string.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        octets.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let is_date = digits(0..4) && octets.get(4) == Some(&b'-');
    if !is_date {
        return false;
    }
    let rest = &string[5..];
    let (date, time) = match rest.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (rest, None),
    };
    let is_digits = |text: &str, longest: usize| {
        (1..=longest).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit())
    };
    let Some((month, day)) = date.split_once('-') else { return false };
    let Some(time) = time else {
        return month.len() == 2 && day.len() == 2 && is_digits(month, 2) && is_digits(day, 2);
    };
    let clock = time.trim_start().split(['Z', '+', '-', ' ', '.']).next().unwrap_or_default();
    let mut parts = clock.split(':');
    let hour = parts.next().is_some_and(|hour| is_digits(hour, 2));
    let rest: Vec<&str> = parts.collect();
    is_digits(month, 2)
        && is_digits(day, 2)
        && hour
        && rest.len() == 2
        && rest.iter().all(|part| part.len() == 2 && is_digits(part, 2))
}

#[cfg(test)]
mod tests {
    use super::scalar;

    #[test]
    fn what_could_be_taken_for_something_else_is_quoted() {
        for (text, want) in [
            ("ike", "ike"),
            ("", "''"),
            ("no", "'no'"),
            ("No", "'No'"),
            ("nO", "nO"),
            ("10.1.0.0/24", "10.1.0.0/24"),
            ("192.0.2.9", "192.0.2.9"),
            ("1.5", "'1.5'"),
            ("3600", "'3600'"),
            ("007", "'007'"),
            ("08", "08"),
            ("1:30", "'1:30'"),
            ("fa:16:3e:00:00:01", "fa:16:3e:00:00:01"),
            ("2026-11-22T01:02:03Z", "'2026-11-22T01:02:03Z'"),
            ("2026-11-22", "'2026-11-22'"),
            ("2001:db8::/64", "2001:db8::/64"),
            ("a: b", "'a: b'"),
            ("it's", "it's"),
            ("'tis", "'''tis'"),
            ("- x", "'- x'"),
            ("-x", "-x"),
            ("Ä", "\"\\u00c4\""),
            ("~", "'~'"),
        ] {
            assert_eq!(scalar(text), want, "{text}");
        }
    }
}
