//! Waiting longer after each failure, and never all at the same time.

use std::time::Duration;

/// Pauses that double from the first to the longest, each shortened by a random part of at most half.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    pause: Duration,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, pause: first }
    }

    /// How long to wait after this failure.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = self.longest.min(pause * 2);
        pause.mul_f64(rand::random_range(0.5..=1.0))
    }

    /// To be called after a success.
    pub(crate) const fn reset(&mut self) {
        self.pause = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(350));
        for whole in [100, 200, 350, 350] {
            let pause = backoff.next().as_millis();
            assert!((whole / 2..=whole).contains(&pause), "{pause} of {whole}");
        }
        backoff.reset();
        assert!(backoff.next().as_millis() <= 100);
    }
}
