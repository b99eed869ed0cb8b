//! Tables, drawn exactly as the `openstack` command draws them.

use std::io::IsTerminal;

use unicode_width::UnicodeWidthStr;

use super::cell::Cell;
use super::options::Options;
use super::visible;

/// Columns are not made narrower than this, of lists and of one object.
const NARROWEST_OF_LIST: usize = 8;
const NARROWEST_OF_ONE: usize = 16;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Align {
    Left,
    Right,
    Center,
}

pub(super) fn list(columns: &[&str], rows: &[Vec<&Cell>], options: &Options) -> String {
    if rows.is_empty() && !options.print_empty {
        return "\n".to_owned();
    }
    let align = |index: usize| match rows.first() {
        None => Align::Center,
        Some(row) if row[index].is_number() => Align::Right,
        Some(_) => Align::Left,
    };
    let columns =
        columns.iter().enumerate().map(|(index, name)| ((*name).to_owned(), align(index))).collect();
    let rows = rows.iter().map(|row| row.iter().map(|cell| clean(&cell.human())).collect()).collect();
    Table { columns, broken: Vec::new(), rows }.fit(options, NARROWEST_OF_LIST).draw()
}

pub(super) fn one(fields: &[(&str, &Cell)], options: &Options) -> String {
    let columns = vec![("Field".to_owned(), Align::Left), ("Value".to_owned(), Align::Left)];
    let rows = fields.iter().map(|(name, cell)| vec![(*name).to_owned(), clean(&cell.human())]).collect();
    Table { columns, broken: Vec::new(), rows }.fit(options, NARROWEST_OF_ONE).draw()
}

struct Table {
    columns: Vec<(String, Align)>,
    /// The widths of columns whose cells are broken.
    broken: Vec<(usize, usize)>,
    /// Cells, which may have several lines.
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Lets the widest columns share what room is left for them.
    fn fit(mut self, options: &Options, narrowest: usize) -> Self {
        let Some(room) = room(options) else { return self };
        let widths = self.widths();
        let count = widths.len();
        if widths.iter().sum::<usize>() + 3 * count < room {
            return self;
        }
        let usable = room.saturating_sub(1 + 3 * count);
        let fair = usable / count;
        let wide: Vec<usize> = (0..count).filter(|index| widths[*index] > fair).collect();
        let Some((last, others)) = wide.split_last() else { return self };
        let narrow: usize = widths.iter().filter(|width| **width <= fair).sum();
        let mut left = usable.saturating_sub(narrow);
        let share = left / wide.len();
        for index in others {
            self.wrap(*index, share.max(narrowest));
            left = left.saturating_sub(share);
        }
        self.wrap(*last, left.max(narrowest));
        self
    }

    /// Breaks the cells of a column. Its head is never broken, and makes the room that it needs; cells that are narrower
    /// than the limit take no more room than they need.
    fn wrap(&mut self, index: usize, limit: usize) {
        let needed = self.rows.iter().map(|row| width_of_cell(&row[index])).max().unwrap_or(0);
        let limit = limit.min(needed).max(width(&self.columns[index].0));
        self.broken.push((index, limit));
        for row in &mut self.rows {
            let lines: Vec<String> = row[index].split('\n').flat_map(|line| wrapped(line, limit)).collect();
            row[index] = lines.join("\n");
        }
    }

    fn widths(&self) -> Vec<usize> {
        let head = self.columns.iter().map(|(name, _)| width(name));
        head.enumerate()
            .map(|(index, head)| {
                let needed =
                    self.rows.iter().map(|row| width_of_cell(&row[index])).max().unwrap_or(0).max(head);
                // A column that was broken keeps the room that it was given, though its lines may be shorter.
                let given = self.broken.iter().find(|(broken, _)| *broken == index);
                given.map_or(needed, |(_, given)| needed.max(*given))
            })
            .collect()
    }

    fn draw(&self) -> String {
        let widths = self.widths();
        let rule = widths.iter().map(|width| "-".repeat(width + 2)).collect::<Vec<_>>().join("+");
        let rule = format!("+{rule}+\n");
        let line = |cells: &[&str]| {
            let cells = cells.iter().zip(&widths).zip(&self.columns);
            let cells =
                cells.map(|((cell, width), (_, align))| format!(" {} ", justified(cell, *width, *align)));
            format!("|{}|\n", cells.collect::<Vec<_>>().join("|"))
        };
        let head: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        let mut text = format!("{rule}{}{rule}", line(&head));
        for row in &self.rows {
            let cells: Vec<Vec<&str>> = row.iter().map(|cell| cell.split('\n').collect()).collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(1);
            for at in 0..height {
                let cells: Vec<&str> =
                    cells.iter().map(|lines| lines.get(at).copied().unwrap_or("")).collect();
                text.push_str(&line(&cells));
            }
        }
        text.push_str(&rule);
        text
    }
}

/// How many characters a table may be wide; `None` where that does not count.
fn room(options: &Options) -> Option<usize> {
    if options.max_width > 0 {
        return Some(options.max_width);
    }
    if !(options.fit_width || std::io::stdout().is_terminal()) {
        return None;
    }
    terminal_width()
}

/// The width of the terminal that is printed to.
fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| width.0.into())
}

fn width(text: &str) -> usize {
    text.width()
}

/// The widest of a cell's lines.
fn width_of_cell(cell: &str) -> usize {
    cell.split('\n').map(width).max().unwrap_or(0)
}

/// What a cell cannot show: returns, tabs, whose width depends on where they stand, and what a terminal would obey.
fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', " ");
    if !text.contains('\t') {
        return visible(&text);
    }
    let expand = |line: &str| {
        let mut expanded = String::new();
        for c in line.chars() {
            if c == '\t' {
                let at = expanded.chars().count();
                expanded.push_str(&" ".repeat(8 - at % 8));
            } else {
                expanded.push(c);
            }
        }
        expanded
    };
    visible(&text.split('\n').map(expand).collect::<Vec<_>>().join("\n"))
}

fn justified(text: &str, to: usize, align: Align) -> String {
    let left_over = to.saturating_sub(width(text));
    let before = match align {
        Align::Left => 0,
        Align::Right => left_over,
        Align::Center => left_over / 2 + (left_over & to & 1),
    };
    format!("{}{text}{}", " ".repeat(before), " ".repeat(left_over - before))
}

/// A line in lines of this width, broken at spaces and after hyphens, and within words that are longer than a line.
fn wrapped(line: &str, limit: usize) -> Vec<String> {
    if width(line) <= limit {
        return vec![line.to_owned()];
    }
    let mut pieces = pieces(line);
    pieces.reverse();
    let mut lines: Vec<String> = Vec::new();
    while let Some(piece) = pieces.last() {
        if piece.trim().is_empty() && !lines.is_empty() {
            pieces.pop();
            if pieces.is_empty() {
                break;
            }
        }
        let mut current = String::new();
        while let Some(piece) = pieces.last()
            && !is_wider(piece, limit.saturating_sub(width(&current)))
        {
            current.push_str(piece);
            pieces.pop();
        }
        if let Some(piece) = pieces.pop_if(|piece| is_wider(piece, limit)) {
            let (head, tail) = split(&piece, limit.saturating_sub(width(&current)));
            current.push_str(head);
            pieces.push(tail.to_owned());
        }
        let current = current.trim_end();
        if !current.is_empty() {
            lines.push(current.to_owned());
        }
    }
    lines
}

/// Spaces, words, and parts of words that end in a hyphen between letters.
fn pieces(line: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let chars: Vec<char> = line.chars().collect();
    let is_letter = |at: usize| chars.get(at).is_some_and(|c| c.is_alphabetic() || *c == '_');
    for (at, c) in chars.iter().enumerate() {
        let changes = piece.chars().next_back().is_some_and(|last| last.is_whitespace() != c.is_whitespace());
        if changes {
            pieces.push(std::mem::take(&mut piece));
        }
        piece.push(*c);
        let is_hyphen = *c == '-' && at > 1 && is_letter(at - 1) && is_letter(at - 2);
        if is_hyphen && is_letter(at + 1) && is_letter(at + 2) {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// Whether a text is wider than this. Of one that is much longer only the beginning is looked at.
fn is_wider(text: &str, limit: usize) -> bool {
    let long = text.char_indices().nth(16 * (limit + 1)).map(|(at, _)| at);
    long.is_some_and(|end| width(&text[..end]) > limit) || width(text) > limit
}

/// As much of a word as fits, and after a hyphen where one is in it.
fn split(piece: &str, room: usize) -> (&str, &str) {
    let mut end = 0;
    let mut used = 0;
    for (at, c) in piece.char_indices() {
        used += width(c.encode_utf8(&mut [0; 4]));
        if used > room {
            break;
        }
        end = at + c.len_utf8();
    }
    let hyphen = piece[..end].rfind('-').filter(|at| piece[..*at].contains(|c| c != '-'));
    piece.split_at(hyphen.map_or(end, |at| at + 1))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{clean, width, wrapped};

    #[test]
    fn long_words_are_broken_where_a_line_is_full() {
        for (line, want) in [
            ("aaaaaaaa bbbbbbbbbbbbbbbbbbbb", &["aaaaaaaa", "bbbbbbbbb", "bbbbbbbbb", "bb"][..]),
            ("aaaaaaa bbbbbbbbbbbbbbbbbbbb", &["aaaaaaa b", "bbbbbbbbb", "bbbbbbbbb", "b"]),
            ("aaaaaaaaa bbbbbbbbbbbb cc", &["aaaaaaaaa", "bbbbbbbbb", "bbb cc"]),
            ("aa-bb ccccccccccccccc-dddddd e", &["aa-bb ccc", "ccccccccc", "ccc-", "dddddd e"]),
            ("日本語ネットワーク", &["日本語ネ", "ットワー", "ク"]),
        ] {
            assert_eq!(wrapped(line, 9), want, "{line}");
            assert!(wrapped(line, 9).iter().all(|line| width(line) <= 9), "{line}");
        }
    }

    #[test]
    fn what_is_very_long_is_broken_at_once() {
        let begun = Instant::now();
        let lines = wrapped(&"x".repeat(200_000), 50);
        assert_eq!(lines.len(), 4000);
        assert!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());
    }

    #[test]
    fn a_cell_has_no_orders_for_a_terminal() {
        assert_eq!(clean("a\tb\r\nc\rd\u{1b}[31m"), "a       b\nc d\\x1b[31m");
    }
}
