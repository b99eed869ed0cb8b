//! What has changed since the last time, for whoever reads from a pipe, and for events.

use adit_api::python;

use crate::error::Result;
use crate::output::cell::Cell;
use crate::output::options::{Options, normalized};
use crate::output::{self, Report};
use crate::say;

/// What was there the last time.
pub(super) struct Changes {
    what: What,
    last: Option<Last>,
    /// How wide the columns of lines are.
    widths: Vec<usize>,
}

enum What {
    /// Objects, which change and go.
    Rows,
    /// Events, newest first, which only come; the server forgets the oldest.
    Events,
}

enum Last {
    Rows(Vec<Row>),
    Text(String),
}

/// A row as it was printed, and what it is a row of.
#[derive(Clone, PartialEq)]
struct Row {
    of: Vec<Cell>,
    printed: Vec<Cell>,
}

impl Changes {
    pub(super) fn of_rows() -> Self {
        Self { what: What::Rows, last: None, widths: Vec::new() }
    }

    pub(super) fn of_events() -> Self {
        Self { what: What::Events, last: None, widths: Vec::new() }
    }

    /// Prints what is new; whether anybody reads it.
    pub(super) fn print(&mut self, report: Report, options: &Options) -> Result<bool> {
        let (columns, cells) = match report {
            Report::List { columns, rows } => (columns, rows),
            other @ (Report::Nothing
            | Report::One(_)
            | Report::Made { .. }
            | Report::Verdict { .. }
            | Report::Findings { .. }
            | Report::Text(_)) => return self.print_whole(other, options),
        };
        let chosen = output::choose(&columns, &options.columns)?;
        let key = columns.iter().position(|column| normalized(column) == "id");
        let row = |cells: &Vec<Cell>| Row {
            of: key.map_or_else(|| cells.clone(), |key| vec![cells[key].clone()]),
            printed: chosen.iter().map(|index| cells[*index].clone()).collect(),
        };
        let now: Vec<Row> = cells.iter().map(row).collect();
        let last = match self.last.take() {
            Some(Last::Rows(last)) => Some(last),
            Some(Last::Text(_)) | None => None,
        };
        let new = match self.what {
            What::Rows => changed(last.as_deref(), &now),
            What::Events => came(last.as_deref(), &now),
        };
        // Events that the server has forgotten since are still told from those to come.
        let is_first = last.is_none();
        let keeps_last = matches!(self.what, What::Events) && now.is_empty();
        self.last = Some(Last::Rows(if keeps_last { last.unwrap_or_default() } else { now }));
        if new.is_empty() && !is_first {
            return Ok(true);
        }
        let rows = new.into_iter().map(|index| cells[index].clone()).collect();
        let text = match self.what {
            What::Rows if is_first => output::render(Report::List { columns, rows }, options)?,
            What::Rows => output::render_more(&columns, rows, options)?,
            What::Events => output::render_lines(&columns, rows, options, &mut self.widths)?,
        };
        output::write(&text)
    }

    fn print_whole(&mut self, report: Report, options: &Options) -> Result<bool> {
        let text = output::render(report, options)?;
        if let Some(Last::Text(last)) = &self.last
            && *last == text
        {
            return Ok(true);
        }
        self.last = Some(Last::Text(text.clone()));
        output::write(&text)
    }
}

/// Which rows are new, or other than they were. What is gone is told apart: it has no row.
fn changed(last: Option<&[Row]>, now: &[Row]) -> Vec<usize> {
    let Some(last) = last else { return (0..now.len()).collect() };
    for gone in last.iter().filter(|row| now.iter().all(|other| other.of != row.of)) {
        let what: Vec<String> = gone.of.iter().map(|cell| python::display(cell.value())).collect();
        say(&format!("adit: no longer there: {}", what.join(" ")));
    }
    (0..now.len()).filter(|index| !last.contains(&now[*index])).collect()
}

/// Which events came since the last time, oldest first.
fn came(last: Option<&[Row]>, now: &[Row]) -> Vec<usize> {
    let newest = last.and_then(<[Row]>::first);
    let known = newest.and_then(|newest| now.iter().position(|row| row == newest));
    if newest.is_some() && known.is_none() && !now.is_empty() {
        say("adit: more happened than the server keeps: some events are missing here");
    }
    (0..known.unwrap_or(now.len())).rev().collect()
}

#[cfg(test)]
mod tests {
    use super::{Row, came, changed};
    use crate::output::cell::Cell;

    fn rows(texts: &[&str]) -> Vec<Row> {
        let row = |text: &&str| {
            let (of, printed) = text.split_once(' ').unwrap();
            Row { of: vec![Cell::plain(of)], printed: vec![Cell::plain(printed)] }
        };
        texts.iter().map(row).collect()
    }

    #[test]
    fn rows_are_printed_again_when_they_have_changed() {
        let last = rows(&["1 DOWN", "2 DOWN", "3 DOWN"]);
        for (now, want) in [
            (&["1 DOWN", "2 DOWN", "3 DOWN"][..], &[][..]),
            (&["2 DOWN", "1 DOWN", "3 DOWN"], &[]),
            (&["1 DOWN", "2 ACTIVE", "3 DOWN", "4 DOWN"], &[1, 3]),
            (&["3 DOWN"], &[]),
        ] {
            assert_eq!(changed(Some(&last), &rows(now)), want, "{now:?}");
            assert_eq!(changed(None, &rows(now)).len(), now.len());
        }
    }

    #[test]
    fn events_are_printed_once_and_the_oldest_first() {
        let last = rows(&["2 b", "1 a"]);
        for (now, want) in [
            (&["2 b", "1 a"][..], &[][..]),
            (&["4 d", "3 c", "2 b", "1 a"], &[1, 0]),
            // The server has forgotten the first.
            (&["3 c", "2 b"], &[0]),
            // It has forgotten all that was known.
            (&["5 e", "4 d"], &[1, 0]),
            (&[], &[]),
        ] {
            assert_eq!(came(Some(&last), &rows(now)), want, "{now:?}");
        }
        assert_eq!(came(None, &last), [1, 0]);
        assert_eq!(came(Some(&[]), &last), [1, 0]);
    }
}
