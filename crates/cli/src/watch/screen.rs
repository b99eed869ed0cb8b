//! A picture on a terminal that is drawn over when it has changed.
//!
//! The terminal stays as it is otherwise, in no mode of its own, so that nothing has to be put in order at the end.

use terminal_size::{Height, Width, terminal_size_of};
use unicode_width::UnicodeWidthStr;

use crate::error::Result;
use crate::output::options::Options;
use crate::output::{self, Report};

/// What a terminal has when it does not say.
const USUAL: (usize, usize) = (80, 24);

/// What was drawn last.
#[derive(Default)]
pub(super) struct Screen {
    text: Option<String>,
    /// How many lines of the terminal it takes, with what was noted below.
    lines: usize,
    is_noted: bool,
}

impl Screen {
    /// Draws what is another picture than before; whether anybody sees it.
    pub(super) fn draw(&mut self, report: Report, options: &Options) -> Result<bool> {
        let text = output::render(report, options)?;
        if !self.is_noted && self.text.as_ref() == Some(&text) {
            return Ok(true);
        }
        let (columns, rows) = size();
        let shown = fitting(&text, columns, rows);
        // Up to the first line of the last picture, and clear from there on.
        let over = if self.lines == 0 { String::new() } else { format!("\x1b[{}F\x1b[J", self.lines) };
        self.lines = height(&shown, columns);
        self.text = Some(text);
        self.is_noted = false;
        output::write(&format!("{over}{shown}"))
    }

    /// Remembers that something was said below the picture, which goes with the next one.
    pub(super) fn noted(&mut self, text: &str) {
        self.lines += height(&format!("{text}\n"), size().0);
        self.is_noted = true;
    }
}

fn size() -> (usize, usize) {
    terminal_size_of(std::io::stdout())
        .map_or(USUAL, |(Width(columns), Height(rows))| (columns.max(1).into(), rows.max(2).into()))
}

/// How many lines of a terminal a text takes.
fn height(text: &str, columns: usize) -> usize {
    text.lines().map(|line| line.width().div_ceil(columns).max(1)).sum()
}

/// The text, or its beginning where the terminal has fewer rows: what has left it at the top cannot be drawn over.
fn fitting(text: &str, columns: usize, rows: usize) -> String {
    // One row is the cursor's.
    let room = rows.saturating_sub(1);
    if height(text, columns) <= room {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut taken = 0;
    let mut lines = text.lines();
    for line in lines.by_ref() {
        taken += height(line, columns).max(1);
        // Another one says what is left out.
        if taken >= room {
            break;
        }
        shown.push_str(line);
        shown.push('\n');
    }
    shown.push_str(&format!("({} more lines than the terminal has)\n", lines.count() + 1));
    shown
}

#[cfg(test)]
mod tests {
    use super::{fitting, height};

    #[test]
    fn lines_that_are_too_long_take_several() {
        for (text, columns, want) in [
            ("", 10, 0),
            ("\n", 10, 1),
            ("0123456789\n", 10, 1),
            ("0123456789a\n\nb\n", 10, 4),
            // Wide letters.
            ("日本日本日本\n", 10, 2),
        ] {
            assert_eq!(height(text, columns), want, "{text:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        for (text, rows, want) in [
            ("a\nb\nc\n", 4, "a\nb\nc\n"),
            ("a\nb\nc\n", 3, "a\n(2 more lines than the terminal has)\n"),
            ("a\nb\nc\n", 2, "(3 more lines than the terminal has)\n"),
        ] {
            assert_eq!(fitting(text, 80, rows), want, "{text:?} in {rows}");
            assert!(height(want, 80) < rows, "{want:?}");
        }
    }
}
