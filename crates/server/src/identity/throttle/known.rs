//! Where users were right lately.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::MOST;

/// How long a user is known at an address where it was right.
pub(super) const KNOWN_FOR: Duration = Duration::from_hours(30 * 24);
/// At how many addresses a user is known, so that one who goes from address to address does not make all others forgotten.
pub(super) const MOST_OF_A_USER: usize = 32;

/// A user, and an address.
pub(super) type Place = (u64, u64);

/// Users at addresses, and when they were right there last.
#[derive(Debug, Default)]
pub(super) struct Known(HashMap<Place, Instant>);

impl Known {
    pub(super) fn is_at(&self, place: Place, now: Instant) -> bool {
        self.0.get(&place).is_some_and(|right| now.saturating_duration_since(*right) < KNOWN_FOR)
    }

    /// Remembers a user at an address, in the place of whoever was right longest ago: the user elsewhere, when it is known at
    /// many addresses already, or anybody.
    pub(super) fn add(&mut self, place: Place, now: Instant) {
        if !self.0.contains_key(&place) {
            let theirs = self.0.keys().filter(|(user, _)| *user == place.0).count();
            if theirs >= MOST_OF_A_USER {
                self.forget_oldest(|(user, _)| *user == place.0);
            } else if self.0.len() >= MOST {
                self.forget_oldest(|_| true);
            }
        }
        self.0.insert(place, now);
    }

    fn forget_oldest(&mut self, among: impl Fn(&Place) -> bool) {
        let oldest = self.0.iter().filter(|(place, _)| among(place)).min_by_key(|(_, right)| **right);
        let oldest = oldest.map(|(place, _)| *place);
        oldest.and_then(|oldest| self.0.remove(&oldest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_bounded_for_all_and_for_each() {
        let mut known = Known::default();
        let start = Instant::now();
        let at = |millis: usize| start + Duration::from_millis(u64::try_from(millis).unwrap());
        known.add((1, 0), at(0));
        for address in 1..=MOST_OF_A_USER {
            known.add((2, u64::try_from(address).unwrap()), at(address));
        }
        known.add((2, 99), at(99));
        let now = at(100);
        assert!(known.is_at((1, 0), now), "somebody else stays");
        assert!(!known.is_at((2, 1), now) && known.is_at((2, 2), now) && known.is_at((2, 99), now));
        for user in 100..100 + MOST {
            known.add((u64::try_from(user).unwrap(), 0), at(user));
        }
        assert_eq!(known.0.len(), MOST);
        assert!(!known.is_at((1, 0), now) && known.is_at((100, 0), now), "the oldest go");
        assert!(!known.is_at((100, 0), at(100) + KNOWN_FOR), "it was too long ago");
    }
}
