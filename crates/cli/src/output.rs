//! What commands print: one shape of rows and columns, drawn in the formats that people and scripts know.

pub(crate) mod cell;
pub(crate) mod csv;
pub(crate) mod json;
pub(crate) mod options;
pub(crate) mod shell;
mod stream;
pub(crate) mod table;
pub(crate) mod yaml;

use std::io::{ErrorKind, Write};

use crate::error::{Error, Result};
use cell::Cell;
use options::{Format, Options, normalized};

/// What a command has found out.
#[derive(Debug)]
pub(crate) enum Report {
    /// Nothing to print.
    Nothing,
    /// Rows under columns.
    List {
        /// The head.
        columns: Vec<String>,
        /// The rows, each with a cell for each column.
        rows: Vec<Vec<Cell>>,
    },
    /// One object.
    One(Vec<(String, Cell)>),
    /// One object that was made, which is told above a table.
    Made {
        /// What is told.
        head: String,
        /// The object.
        fields: Vec<(String, Cell)>,
    },
    /// What was found, in sentences, and whether it is as it should be.
    Verdict {
        /// The sentences.
        text: String,
        /// Whether all is well.
        is_good: bool,
    },
    /// Rows under columns, what they come to, and whether that is as it should be.
    Findings {
        /// The head.
        columns: Vec<String>,
        /// The rows, each with a cell for each column.
        rows: Vec<Vec<Cell>>,
        /// What they come to, in a sentence: below a table; beside other formats, for the person at the terminal.
        text: String,
        /// Whether all is well.
        is_good: bool,
    },
    /// Lines as they are.
    Text(String),
}

impl Report {
    /// Whether what was found is as it should be.
    pub(crate) fn is_good(&self) -> bool {
        match self {
            Self::Verdict { is_good, .. } | Self::Findings { is_good, .. } => *is_good,
            Self::Nothing | Self::List { .. } | Self::One(_) | Self::Made { .. } | Self::Text(_) => true,
        }
    }
}

/// Prints a report. A reader that went away ends the program quietly.
pub(crate) fn print(report: Report, options: &Options) -> Result<()> {
    write(&render(report, options)?).map(|_| ())
}

/// Writes to standard output; whether anybody still reads it.
pub(crate) fn write(text: &str) -> Result<bool> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        result => Ok(result.map(|()| true)?),
    }
}

/// The report as it is printed.
pub(crate) fn render(report: Report, options: &Options) -> Result<String> {
    match report {
        Report::Nothing => Ok(String::new()),
        Report::Text(text) => Ok(text),
        Report::Verdict { text, .. } => Ok(visible(&text)),
        Report::List { columns, rows } => drawn(&columns, rows, options, list),
        Report::Findings { columns, rows, text, .. } => {
            let list = drawn(&columns, rows, options, list)?;
            if options.format == Format::Table {
                return Ok(format!("{list}{text}\n"));
            }
            crate::say(&text);
            Ok(list)
        }
        Report::Made { head, fields } => {
            let object = render(Report::One(fields), options)?;
            Ok(if options.format == Format::Table { format!("{head}\n{object}") } else { object })
        }
        Report::One(fields) => {
            let names: Vec<String> = fields.iter().map(|(name, _)| name.clone()).collect();
            let chosen = choose(&names, &options.columns)?;
            let fields: Vec<(&str, &Cell)> =
                chosen.iter().map(|index| (fields[*index].0.as_str(), &fields[*index].1)).collect();
            Ok(one(&fields, options))
        }
    }
}

/// Rows that come after others.
pub(crate) fn render_more(columns: &[String], rows: Vec<Vec<Cell>>, options: &Options) -> Result<String> {
    drawn(columns, rows, options, stream::more)
}

/// Rows as lines, of which more may come. The widths of the columns are kept from one time to the next.
pub(crate) fn render_lines(
    columns: &[String],
    rows: Vec<Vec<Cell>>,
    options: &Options,
    widths: &mut Vec<usize>,
) -> Result<String> {
    drawn(columns, rows, options, |columns, rows, options| stream::lines(columns, rows, options, widths))
}

/// Sorts rows, takes the columns that are wanted, and draws them.
fn drawn(
    columns: &[String],
    mut rows: Vec<Vec<Cell>>,
    options: &Options,
    draw: impl FnOnce(&[&str], &[Vec<&Cell>], &Options) -> String,
) -> Result<String> {
    sort(columns, &mut rows, options);
    let chosen = choose(columns, &options.columns)?;
    let columns: Vec<&str> = chosen.iter().map(|index| columns[*index].as_str()).collect();
    let rows: Vec<Vec<&Cell>> =
        rows.iter().map(|row| chosen.iter().map(|index| &row[*index]).collect()).collect();
    Ok(draw(&columns, &rows, options))
}

fn list(columns: &[&str], rows: &[Vec<&Cell>], options: &Options) -> String {
    match options.format {
        Format::Table => table::list(columns, rows, options),
        Format::Json => json::list(columns, rows, options.noindent),
        Format::Yaml => yaml::list(columns, rows),
        Format::Csv => csv::list(columns, rows, options.quote),
        Format::Value | Format::Shell => {
            let line =
                |row: &Vec<&Cell>| row.iter().map(|cell| cell.machine()).collect::<Vec<_>>().join(" ") + "\n";
            rows.iter().map(line).collect()
        }
    }
}

fn one(fields: &[(&str, &Cell)], options: &Options) -> String {
    match options.format {
        Format::Table => table::one(fields, options),
        Format::Json => json::one(fields, options.noindent),
        Format::Yaml => yaml::one(fields),
        Format::Shell => shell::one(fields, &options.prefix, &options.variables),
        Format::Value | Format::Csv => fields.iter().map(|(_, cell)| cell.machine() + "\n").collect(),
    }
}

/// A text with nothing in it that a terminal would obey, or that lets it look like another: what is in the names and the
/// messages of others is seen, and does nothing. Lines and tabs stay.
pub(crate) fn visible(text: &str) -> String {
    let is_hidden = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    };
    if !text.contains(is_hidden) {
        return text.to_owned();
    }
    let mut seen = String::new();
    for c in text.chars() {
        match c {
            c if !is_hidden(c) => seen.push(c),
            c if u32::from(c) < 0x100 => seen.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => seen.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
        }
    }
    seen
}

/// The columns that `-c` asks for, in the order in which they stand.
pub(crate) fn choose(columns: &[String], wanted: &[String]) -> Result<Vec<usize>> {
    if wanted.is_empty() {
        return Ok((0..columns.len()).collect());
    }
    let wanted_names: Vec<String> = wanted.iter().map(|name| normalized(name)).collect();
    let chosen: Vec<usize> =
        (0..columns.len()).filter(|index| wanted_names.contains(&normalized(&columns[*index]))).collect();
    if chosen.is_empty() {
        return Err(Error::Usage(format!(
            "there is no column {}: the columns are {}",
            wanted.join(", "),
            columns.join(", ")
        )));
    }
    Ok(chosen)
}

/// Sorts by the columns of `--sort-column`, the first of them first. A column that is not there is passed over.
fn sort(columns: &[String], rows: &mut [Vec<Cell>], options: &Options) {
    for name in options.sort_columns.iter().rev() {
        let by_name = columns.iter().position(|column| normalized(column) == normalized(name));
        let Some(index) = columns.iter().position(|column| column == name).or(by_name) else { continue };
        rows.sort_by(|a, b| {
            let order = a[index].compare(&b[index]);
            // As a reversed stable sort: what is equal keeps its order.
            if options.descending { order.reverse() } else { order }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_a_terminal_would_obey_is_seen() {
        for (text, want) in [
            ("plain\n\tüñ日本 👩‍👧", "plain\n\tüñ日本 👩‍👧"),
            ("\u{1b}[2Jx\u{7}", "\\x1b[2Jx\\x07"),
            ("a\u{85}b\u{7f}", "a\\x85b\\x7f"),
            ("\u{202e}olleh", "\\u{202e}olleh"),
        ] {
            assert_eq!(visible(text), want);
        }
    }
}
