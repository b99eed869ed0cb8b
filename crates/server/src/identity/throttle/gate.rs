use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::{MOST, Turn, Verdict};

/// When a gate closes, and for how long.
#[derive(Debug)]
pub(super) struct Limits {
    /// Failures that cost nothing.
    pub(super) free: u32,
    /// What the next one costs; each further one twice as much.
    pub(super) first: Duration,
    /// The highest price.
    pub(super) most: Duration,
    /// How long it takes until one failure is forgotten.
    pub(super) forgets: Duration,
    /// Whether the right secret makes all of them forgotten.
    pub(super) forgives: bool,
}

/// What is known about those who try to get in by one way.
#[derive(Debug)]
struct Gate {
    failures: u32,
    /// Attempts that are under way.
    inside: u32,
    /// As of when `failures` counts.
    as_of: Instant,
    opens: Instant,
}

impl Gate {
    fn new(now: Instant) -> Self {
        Self { failures: 0, inside: 0, as_of: now, opens: now }
    }

    /// Whether one more may try. As long as failures are free, as many may try at the same time as are still free; then
    /// one after the other.
    fn turn(&mut self, limits: &Limits, now: Instant) -> Turn {
        self.forget(limits, now);
        if self.failures.saturating_add(self.inside) < limits.free {
            return Turn::Now;
        }
        if self.failures >= limits.free && self.opens > now {
            return Turn::At(self.opens);
        }
        if self.inside > 0 { Turn::Later } else { Turn::Now }
    }

    fn enter(&mut self) {
        self.inside += 1;
    }

    fn leave(&mut self, verdict: Verdict, limits: &Limits, now: Instant) {
        self.forget(limits, now);
        self.inside = self.inside.saturating_sub(1);
        match verdict {
            Verdict::Right if limits.forgives => self.failures = 0,
            Verdict::Right | Verdict::Unknown => {}
            Verdict::Wrong => {
                self.failures = self.failures.saturating_add(1);
                if let Some(dear) = self.failures.checked_sub(limits.free) {
                    let price = limits.first.saturating_mul(1 << dear.min(16)).min(limits.most);
                    self.opens = now + price;
                }
            }
        }
    }

    /// Whether it would make a difference to forget it.
    fn is_of_use(&self, limits: &Limits, now: Instant) -> bool {
        self.weight(limits, now) > 0
    }

    /// Failures that are not forgotten yet, and attempts that are under way.
    fn weight(&self, limits: &Limits, now: Instant) -> u32 {
        self.failures.saturating_sub(self.forgotten(limits, now)).saturating_add(self.inside)
    }

    fn forget(&mut self, limits: &Limits, now: Instant) {
        let forgotten = self.forgotten(limits, now);
        self.failures = self.failures.saturating_sub(forgotten);
        self.as_of = if self.failures == 0 { now } else { self.as_of + limits.forgets * forgotten };
    }

    fn forgotten(&self, limits: &Limits, now: Instant) -> u32 {
        let times = now.saturating_duration_since(self.as_of).as_nanos() / limits.forgets.as_nanos();
        u32::try_from(times).unwrap_or(u32::MAX).min(self.failures)
    }
}

/// Gates of one kind.
#[derive(Debug)]
pub(super) struct Gates {
    limits: Limits,
    by_key: HashMap<u64, Gate>,
}

impl Gates {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, by_key: HashMap::new() }
    }

    /// Whether one more may try at one of them, which is made if it is not there.
    pub(super) fn turn(&mut self, key: u64, now: Instant) -> Turn {
        self.make_room(key, now);
        self.by_key.entry(key).or_insert_with(|| Gate::new(now)).turn(&self.limits, now)
    }

    pub(super) fn enter(&mut self, key: u64) {
        if let Some(gate) = self.by_key.get_mut(&key) {
            gate.enter();
        }
    }

    pub(super) fn leave(&mut self, key: u64, verdict: Verdict, now: Instant) {
        if let Some(gate) = self.by_key.get_mut(&key) {
            gate.leave(verdict, &self.limits, now);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Before another gate is added to as many as there may be: those go that stop nobody, and else the one that is nearest
    /// to that.
    fn make_room(&mut self, new: u64, now: Instant) {
        let Self { limits, by_key } = self;
        if by_key.len() < MOST || by_key.contains_key(&new) {
            return;
        }
        by_key.retain(|_, gate| gate.is_of_use(limits, now));
        if by_key.len() >= MOST {
            let least = by_key.iter().min_by_key(|(_, gate)| gate.weight(limits, now)).map(|(key, _)| *key);
            least.and_then(|least| by_key.remove(&least));
        }
    }
}
