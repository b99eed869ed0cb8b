//! What charon has been asked for. It lists an SA as before until the end of it, or its successor, is its turn, and would do
//! the same again for each time that it is asked.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
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

impl<T: Copy + Ord> Asked<T> {
    /// Those of `all` that it is time to ask for, which then count as asked for.
    pub(super) fn due(&mut self, all: impl IntoIterator<Item = T>, now: Instant) -> Vec<T> {
        self.0.retain(|_, asked| now.duration_since(*asked) < AGAIN);
        let mut due = Vec::new();
        for what in all {
            if let Entry::Vacant(place) = self.0.entry(what) {
                place.insert(now);
                due.push(what);
            }
        }
        due
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
            let due = asked.due([what], now + Duration::from_secs(secs));
            assert_eq!(!due.is_empty(), is_due, "{what} after {secs} s");
        }
        assert_eq!(asked.due([2, 3, 3], now + Duration::from_secs(31)), [3], "each once");
    }
}
