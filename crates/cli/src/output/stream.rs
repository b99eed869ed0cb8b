//! Rows that come one after the other, for as long as somebody watches.

use unicode_width::UnicodeWidthStr;

use super::cell::Cell;
use super::options::{Format, Options};
use super::{csv, json, list};

/// Rows after the first ones. What has a head had it then; a table is drawn as one of its own.
pub(super) fn more(columns: &[&str], rows: &[Vec<&Cell>], options: &Options) -> String {
    match options.format {
        Format::Csv => csv::rows(rows, options.quote),
        Format::Table | Format::Json | Format::Yaml | Format::Value | Format::Shell => {
            list(columns, rows, options)
        }
    }
}

/// A line for each row, also in a table and in JSON. The widths of columns are kept from one time to the next; there are
/// none before the first.
pub(super) fn lines(
    columns: &[&str],
    rows: &[Vec<&Cell>],
    options: &Options,
    widths: &mut Vec<usize>,
) -> String {
    let is_first = widths.is_empty();
    if is_first {
        *widths = columns.iter().map(|name| name.width()).collect();
    }
    match options.format {
        Format::Table => aligned(is_first.then_some(columns), rows, widths),
        Format::Json => {
            let object = |row: &Vec<&Cell>| {
                let fields: Vec<(&str, &Cell)> = columns.iter().copied().zip(row.iter().copied()).collect();
                json::one(&fields, true)
            };
            rows.iter().map(object).collect()
        }
        Format::Csv if is_first => csv::list(columns, rows, options.quote),
        // An empty list would be all that there is.
        Format::Yaml if rows.is_empty() => String::new(),
        Format::Csv | Format::Yaml | Format::Value | Format::Shell => more(columns, rows, options),
    }
}

fn aligned(head: Option<&[&str]>, rows: &[Vec<&Cell>], widths: &mut [usize]) -> String {
    let head = head.map(|columns| columns.iter().map(|name| (*name).to_owned()).collect());
    let rows = rows.iter().map(|row| row.iter().map(|cell| cell.human().replace('\n', " ")).collect());
    let rows: Vec<Vec<String>> = head.into_iter().chain(rows).collect();
    for (index, width) in widths.iter_mut().enumerate() {
        *width = rows.iter().map(|row| row[index].width()).fold(*width, usize::max);
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths.iter()) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - cell.width() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Cell, Format, Options, lines, more};

    #[test]
    fn rows_go_on_without_a_second_head() {
        let (one, two) = ([Cell::plain("a"), Cell::plain(1)], [Cell::plain("longer"), Cell::plain(2)]);
        let row = |cells: &'static [Cell; 2]| cells.iter().collect::<Vec<_>>();
        let (one, two) = (Box::leak(Box::new(one)), Box::leak(Box::new(two)));
        for (format, first, then) in [
            (Format::Table, "Name  Number\na     1\n", "longer  2\n"),
            (Format::Json, "{\"Name\": \"a\", \"Number\": 1}\n", "{\"Name\": \"longer\", \"Number\": 2}\n"),
            (Format::Csv, "\"Name\",\"Number\"\n\"a\",1\n", "\"longer\",2\n"),
            (Format::Value, "a 1\n", "longer 2\n"),
            (Format::Yaml, "- Name: a\n  Number: 1\n", "- Name: longer\n  Number: 2\n"),
        ] {
            let options = Options { format, ..Options::default() };
            let columns = ["Name", "Number"];
            let mut widths = Vec::new();
            assert_eq!(lines(&columns, &[row(one)], &options, &mut widths), first, "{format:?}");
            assert_eq!(lines(&columns, &[row(two)], &options, &mut widths), then, "{format:?}");
            if !matches!(format, Format::Table | Format::Json) {
                assert_eq!(more(&columns, &[row(two)], &options), then, "{format:?}");
            }
        }
    }
}
