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

/// Over IKEv1 a gateway with the higher address leaves it to the other one to ask again as long as that does, but not more
/// often in a row than this: it may be asking for something else.
const MOST_PUT_OFF: u32 = 8;
/// So soon it asks for the first time after the other one has.
const BETWEEN: Duration = Duration::from_millis(500);

/// Attempts at once, then after 1, 2, 4 ... seconds, give or take a fifth: gateways that lost the same peer at the same
/// moment do not come back to it in step.
#[derive(Debug, Default)]
pub(super) struct Pace {
    attempts: u32,
    next: Option<Instant>,
    /// How often the next attempt was put off.
    put_off: u32,
}

impl Pace {
    /// The first attempt is due.
    pub(super) fn now() -> Self {
        Self::after(Duration::ZERO)
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
        Self { attempts: 0, next: Some(Instant::now() + pause), put_off: 0 }
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
            *self = Self { attempts: 1, ..Self::now() };
        } else {
            self.again_after_pause();
        }
    }

    /// Another attempt, after a pause.
    pub(super) fn again_after_pause(&mut self) {
        let pause = self.pause();
        self.attempts = self.attempts.saturating_add(1);
        self.put_off = 0;
        self.next = Some(Instant::now() + pause.mul_f64(rand::random_range(0.8..1.2)));
    }

    /// Another attempt to bring a connection up, after a pause.
    pub(super) fn again_in_turn(&mut self, connection: &Connection) {
        if goes_last_over_v1(connection) {
            self.put_off = 0;
            self.next = Some(Instant::now() + self.longer_pause());
        } else {
            self.again_after_pause();
        }
    }

    /// The peer is asking over IKEv1 for what may be this connection. Where both ends ask at once and both refuse, charon's
    /// refusals wait at both ends for the end of what they asked themselves, and 21 s later the IKE SA is given up with all
    /// that runs in it. So the next attempt is put off: by the end that goes first for a moment, by the other one until
    /// after the next attempt of the peer's.
    pub(super) fn put_off(&mut self, connection: &Connection) {
        let (Some(next), now) = (self.next, Instant::now()) else { return };
        if !goes_last_over_v1(connection) {
            self.next = Some(next.max(now + 2 * BETWEEN));
        } else if self.put_off < MOST_PUT_OFF {
            self.put_off += 1;
            self.next =
                if self.attempts == 0 { Some(now + BETWEEN) } else { Some(now + self.longer_pause()) };
        }
    }

    /// After the other end has asked it asks again before this is over.
    fn longer_pause(&mut self) -> Duration {
        self.attempts = self.attempts.saturating_add(1);
        self.pause().mul_f64(1.5)
    }

    fn pause(&self) -> Duration {
        Duration::from_secs(1 << self.attempts.min(6)).min(LONGEST_PAUSE)
    }

    /// The next attempt is due in a moment, or before; those before still count.
    pub(super) fn hurry(&mut self) {
        let soon = Instant::now() + a_moment();
        self.next = Some(self.next.map_or(soon, |next| soon.min(next)));
    }

    /// No more attempts for now; those before still count.
    pub(super) fn stop(&mut self) {
        self.next = None;
    }
}

fn goes_last_over_v1(connection: &Connection) -> bool {
    connection.ike_version() == IkeVersion::V1 && !connection.goes_first()
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
    fn what_the_peer_asks_for_over_ikev1_is_not_asked_for_at_once() {
        let at = |local: &str| {
            connection_with(1, IkeVersion::V1, |spec| spec.local_address = Some(local.parse().unwrap()))
        };
        let (first, last) = (at("192.0.2.1"), at("192.0.2.3"));
        let pause =
            |pace: &Pace| pace.next().unwrap().duration_since(Instant::now()).as_millis().div_ceil(500);

        let mut pace = Pace::in_turn(&first);
        pace.put_off(&first);
        assert_eq!(pause(&pace), 2, "in units of half a second");
        pace.again_after_pause();
        pace.again_after_pause();
        pace.again_after_pause();
        let later = pace.next();
        pace.put_off(&first);
        assert_eq!(pace.next(), later, "that is late enough");

        let mut pace = Pace::in_turn(&last);
        pace.put_off(&last);
        assert_eq!(pause(&pace), 1);
        pace.again_in_turn(&last);
        assert_eq!(pause(&pace), 6);
        // Always half as long again as the pauses of the end that goes first.
        let pauses = [12, 24, 48, 96, 180, 180, 180, 180];
        for want in pauses {
            pace.put_off(&last);
            assert_eq!(pause(&pace), want);
        }
        let next = pace.next();
        pace.put_off(&last);
        assert_eq!(pace.next(), next, "it may ask for something else");
        pace.again_in_turn(&last);
        pace.put_off(&last);
        assert!(pace.next() > next);

        let mut pace = Pace::default();
        pace.put_off(&last);
        assert_eq!(pace.next(), None);
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
