//! When to try next.

use std::time::Duration;

use adit_ike::Connection;
use adit_model::algorithm::IkeVersion;
use tokio::time::Instant;

/// The longest pause between two attempts, for a tunnel or for a daemon.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// So much earlier than the other end the one with the lower address begins: more than a negotiation takes.
const HEAD_START: Duration = Duration::from_millis(100);
/// The same over IKEv1, where two attempts must not cross: more than it takes the one that goes first to ask again, or to come
/// back after a refusal.
const LONG_HEAD_START: Duration = Duration::from_secs(2);

/// Attempts at once, then after 1, 2, 4 ... seconds, give or take a fifth: gateways that lost the same peer at the same
/// moment do not come back to it in step.
#[derive(Debug, Default)]
pub(super) struct Pace {
    attempts: u32,
    next: Option<Instant>,
}

impl Pace {
    /// The first attempt is due.
    pub(super) fn now() -> Self {
        Self { attempts: 0, next: Some(Instant::now()) }
    }

    /// The first attempt is due at once at the end that goes first, and at the other one when that has had the time for its
    /// own. Where both ends are told of a tunnel at the same moment, they would make it twice otherwise.
    pub(super) fn in_turn(connection: &Connection) -> Self {
        match (connection.goes_first(), connection.ike_version()) {
            (true, _) => Self::now(),
            (false, IkeVersion::V1) => Self::after(LONG_HEAD_START),
            (false, IkeVersion::V2) => Self::after(HEAD_START),
        }
    }

    /// The first attempt is due in a moment, another one at either end of a tunnel that both ends lost.
    pub(super) fn soon(connection: &Connection) -> Self {
        match (connection.goes_first(), connection.ike_version()) {
            (false, IkeVersion::V1) => Self::after(LONG_HEAD_START),
            (_, IkeVersion::V1 | IkeVersion::V2) => Self::after(a_moment()),
        }
    }

    fn after(pause: Duration) -> Self {
        Self { attempts: 0, next: Some(Instant::now() + pause) }
    }

    /// When the next attempt is due; `None` for never.
    pub(super) const fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Whether an attempt is due.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.next.is_some_and(|next| next <= now)
    }

    /// Another attempt: at once if it is the first, else after a pause.
    pub(super) fn again(&mut self) {
        if self.attempts == 0 {
            *self = Self { attempts: 1, next: Some(Instant::now()) };
        } else {
            self.again_after_pause();
        }
    }

    /// Another attempt, after a pause.
    pub(super) fn again_after_pause(&mut self) {
        let pause = Duration::from_secs(1 << self.attempts.min(6)).min(LONGEST_PAUSE);
        self.attempts = self.attempts.saturating_add(1);
        self.next = Some(Instant::now() + pause.mul_f64(rand::random_range(0.8..1.2)));
    }

    /// The next attempt is due in a moment, or before; those before still count.
    pub(super) fn hurry(&mut self) {
        let soon = Instant::now() + a_moment();
        self.next = Some(self.next.map_or(soon, |next| soon.min(next)));
    }

    /// No more attempts for now; those before still count.
    pub(super) fn pause(&mut self) {
        self.next = None;
    }
}

/// Not the same one at both ends.
fn a_moment() -> Duration {
    Duration::from_millis(rand::random_range(50..500))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vpn::examples::connection_with;

    #[test]
    fn the_end_with_the_lower_address_goes_first() {
        let (v1, v2) = (IkeVersion::V1, IkeVersion::V2);
        for (local, version, at_least, at_most) in [
            ("192.0.2.1", v1, 0, 0),
            ("192.0.2.1", v2, 0, 0),
            ("192.0.2.3", v1, 2000, 2000),
            ("192.0.2.3", v2, 100, 100),
        ] {
            let connection =
                connection_with(1, version, |spec| spec.local_address = Some(local.parse().unwrap()));
            let before = Instant::now();
            let first = Pace::in_turn(&connection).next().unwrap();
            let range =
                before + Duration::from_millis(at_least)..=Instant::now() + Duration::from_millis(at_most);
            assert!(range.contains(&first), "{local}, {version}: {:?}", first - before);
            let again = Pace::soon(&connection).next().unwrap() - before;
            assert_eq!(again >= LONG_HEAD_START, at_least == 2000, "{local}, {version}: {again:?}");
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut pace = Pace::now();
        assert!(pace.is_due(Instant::now()));
        for secs in [1_u64, 2, 4, 8, 16, 32, 60, 60] {
            let before = Instant::now();
            pace.again_after_pause();
            let pause = pace.next().unwrap() - before;
            let wanted = Duration::from_secs(secs);
            assert!(
                (wanted.mul_f64(0.8)..wanted.mul_f64(1.21)).contains(&pause),
                "{pause:?} instead of {wanted:?}"
            );
        }
    }
}
