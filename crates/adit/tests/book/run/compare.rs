//! Whether what was printed is what a chapter shows.

/// Stands for anything.
const ANYTHING: &str = "…";

/// Whether these lines are shown so.
pub(crate) fn is_shown(shown: &[String], printed: &str) -> bool {
    let shown: Vec<String> = shown.iter().map(|line| narrow(line)).collect();
    let printed: Vec<String> = printed.trim_end().lines().map(narrow).collect();
    lines(&shown, &printed)
}

fn lines(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first == ANYTHING => {
            (0..=printed.len()).any(|skipped| lines(rest, &printed[skipped..]))
        }
        Some((first, rest)) => {
            printed.split_first().is_some_and(|(line, others)| fits(first, line) && lines(rest, others))
        }
    }
}

fn fits(shown: &str, printed: &str) -> bool {
    let Some((before, after)) = shown.split_once(ANYTHING) else { return shown == printed };
    let Some(rest) = printed.strip_prefix(before) else { return false };
    let starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    starts.into_iter().any(|at| fits(after, &rest[at..]))
}

/// A line in which it does not matter how wide a column is.
fn narrow(line: &str) -> String {
    let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if !words.starts_with("+-") {
        return words;
    }
    words.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

#[test]
fn what_is_shown_is_compared() {
    for (shown, printed, want) in [
        ("a", "a\n", true),
        ("a", "b\n", false),
        ("a", "a\nb\n", false),
        ("a\n…", "a\nb\nc", true),
        ("a\n…\nc", "a\nb\nb\nc", true),
        ("a\n…\nd", "a\nb\nb\nc", false),
        ("x … y", "x 1 2 y", true),
        ("x … y", "x 1 2 z", false),
        ("since ….", "since 2026-11-22T05:16:23Z.", true),
        (
            "+----+\n| ID |\n+----+\n| … |\n+----+",
            "+--------+\n| ID     |\n+--------+\n| 123456 |\n+--------+",
            true,
        ),
        ("+----+---+", "+---------+", false),
    ] {
        let shown: Vec<String> = shown.lines().map(str::to_owned).collect();
        assert_eq!(is_shown(&shown, printed), want, "{shown:?} {printed:?}");
    }
}
