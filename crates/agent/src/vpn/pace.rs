//! When to try next.

use std::time::Duration;

use tokio::time::Instant;

/// The longest pause between two attempts, for a tunnel or for a daemon.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// So much earlier than the other end the one with the lower address begins: more than a negotiation takes.
const HEAD_START: Duration = Duration::from_millis(100);
/// The same where there is no hurry, since something carries packets: more than it takes the one that goes first to come back
/// after a refusal.
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

    /// The first attempt is due when the other end has had the time for its own. Where both ends are told of a tunnel at
    /// the same moment, they would make it twice otherwise.
    pub(super) fn after_head_start() -> Self {
        Self { attempts: 0, next: Some(Instant::now() + HEAD_START) }
    }

    /// The same for a tunnel that is to be replaced over IKEv1, where two attempts must not cross.
    pub(super) fn after_long_head_start() -> Self {
        Self { attempts: 0, next: Some(Instant::now() + LONG_HEAD_START) }
    }

    /// The first attempt is due in a moment, another one at either end of a tunnel that both ends lost.
    pub(super) fn soon() -> Self {
        let pause = Duration::from_millis(rand::random_range(50..500));
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
        let soon = Self::soon().next;
        self.next = match self.next {
            Some(next) => soon.map(|soon| soon.min(next)),
            None => soon,
        };
    }

    /// No more attempts for now; those before still count.
    pub(super) fn pause(&mut self) {
        self.next = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
