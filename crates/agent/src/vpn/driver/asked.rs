//! What charon has been asked for. It lists an SA as before until the end of it, or its successor, is its turn, and would do
//! the same again for each time that it is asked.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// What charon lists as before after so long, it is asked for once more.
const AGAIN: Duration = Duration::from_secs(30);

/// When charon was asked for what.
#[derive(Debug)]
pub(super) struct Asked<T>(BTreeMap<T, Instant>);

impl<T> Default for Asked<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ord> Asked<T> {
    /// Whether it is time to ask for `what`, which then counts as asked for.
    pub(super) fn is_due(&mut self, what: T, now: Instant) -> bool {
        self.0.retain(|_, asked| now.duration_since(*asked) < AGAIN);
        let is_due = !self.0.contains_key(&what);
        if is_due {
            self.0.insert(what, now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_due_again_after_a_while() {
        let (mut asked, now) = (Asked::default(), Instant::now());
        for (what, secs, is_due) in
            [(1, 0, true), (1, 29, false), (2, 29, true), (1, 30, true), (2, 30, false)]
        {
            assert_eq!(asked.is_due(what, now + Duration::from_secs(secs)), is_due, "{what} after {secs} s");
        }
    }
}
