//! Adit's own token, without which Keystone tells nothing.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::config::ServicePassword;
use super::connection::{Connection, Failure, Refusal};
use super::flight::Flights;

/// How long before its end a token is renewed.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// How long Keystone is left alone after it refused Adit's own user: it locks out who tries again and again.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// A token, and where it is good for asking.
pub(super) struct Own {
    /// The token's text.
    pub(super) text: String,
    /// Base of the Identity API, ending in `/v3`.
    pub(super) endpoint: String,
    /// How long it is good for, from when it was asked for.
    pub(super) lifetime: SignedDuration,
}

/// Gets the token when it is first needed, and renews it in time.
#[derive(Debug)]
pub(super) struct OwnToken {
    password: ServicePassword,
    state: Mutex<State>,
    requests: Flights<(), Result<Arc<Own>, Failure>>,
}

#[derive(Debug)]
enum State {
    Absent,
    Held { own: Arc<Own>, renew_at: Timestamp },
    Refused { failure: Failure, at: Timestamp },
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Own(for {})", self.endpoint)
    }
}

impl OwnToken {
    /// Not there yet.
    pub(super) fn new(password: ServicePassword) -> Self {
        Self { password, state: Mutex::new(State::Absent), requests: Flights::default() }
    }

    /// The token that is good now.
    pub(super) async fn get(&self, connection: &Connection, now: Timestamp) -> Result<Arc<Own>, Failure> {
        match &*self.lock() {
            State::Held { own, renew_at } if now < *renew_at => return Ok(Arc::clone(own)),
            State::Refused { failure, at } if is_within_pause(*at, now) => return Err(failure.clone()),
            State::Absent | State::Held { .. } | State::Refused { .. } => {}
        }
        self.requests.join((), || self.request(connection, now)).await
    }

    /// Drops a token that Keystone refuses, unless it has been renewed already.
    pub(super) fn forget(&self, refused: &Arc<Own>) {
        let mut state = self.lock();
        if matches!(&*state, State::Held { own, .. } if Arc::ptr_eq(own, refused)) {
            *state = State::Absent;
        }
    }

    async fn request(&self, connection: &Connection, now: Timestamp) -> Result<Arc<Own>, Failure> {
        match connection.authenticate(&self.password).await {
            Ok(own) => {
                let own = Arc::new(own);
                // One that lives shorter than the margin is renewed for each use.
                let renew_at = now.saturating_add(own.lifetime - MARGIN).unwrap_or(now);
                *self.lock() = State::Held { own: Arc::clone(&own), renew_at };
                Ok(own)
            }
            Err(Refusal::Credentials(failure)) => {
                *self.lock() = State::Refused { failure: failure.clone(), at: now };
                Err(failure)
            }
            Err(Refusal::Other(failure)) => Err(failure),
        }
    }

    /// The state is whole after each statement, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_within_pause(at: Timestamp, now: Timestamp) -> bool {
    let passed = now.duration_since(at);
    !passed.is_negative() && passed < PAUSE
}
