//! Comma-separated values, as Python's writer quotes them.

use super::cell::Cell;
use super::options::Quote;

pub(super) fn list(columns: &[&str], rows: &[Vec<&Cell>], quote: Quote) -> String {
    let head = columns.iter().map(|name| field(name, false, quote)).collect::<Vec<_>>().join(",");
    head + "\n" + &self::rows(rows, quote)
}

/// The rows without the head.
pub(super) fn rows(rows: &[Vec<&Cell>], quote: Quote) -> String {
    let line = |row: &Vec<&Cell>| {
        let fields = row.iter().map(|cell| {
            let text = if cell.is_none() { String::new() } else { cell.machine() };
            field(&text, cell.is_numeric(), quote)
        });
        fields.collect::<Vec<_>>().join(",") + "\n"
    };
    rows.iter().map(line).collect()
}

fn field(text: &str, is_numeric: bool, quote: Quote) -> String {
    let is_special = text.contains(['"', ',', '\n', '\r', '\\']);
    let quoted = match quote {
        Quote::All => true,
        Quote::Minimal => text.contains(['"', ',', '\n', '\r']),
        Quote::Nonnumeric => !is_numeric,
        Quote::None => false,
    };
    match (quoted, quote) {
        (true, _) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\"\"")),
        (false, Quote::None) if is_special => {
            text.chars().flat_map(|c| if "\",\n\r\\".contains(c) { vec!['\\', c] } else { vec![c] }).collect()
        }
        (false, _) => text.replace('\\', "\\\\"),
    }
}
