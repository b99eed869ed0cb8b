//! Guessing is slow: after some failures, logins of the same user from the same address, and all logins from one address,
//! have to wait.
//!
//! | what is counted | free failures | then one attempt each | one failure is forgotten each |
//! |---|---|---|---|
//! | a user at an address | 5 | 1 s, doubled per failure up to 8 s | 60 s |
//! | an address | 20 | 50 ms, doubled per failure up to 250 ms | 10 s |
//!
//! An address counts twice: for users that were right there lately, and for all others. So whoever tries names at an
//! address that many share - behind a NAT, say - does not slow those who work there.
//!
//! Somebody who mistypes a password a few times notices nothing. Somebody who guesses gets about 10,000 tries a day at a
//! user from an address, and 4 a second in all. Nobody is locked out: a user's failures at one address count there
//! alone, so that an attacker cannot keep the user from logging in elsewhere. At the attacker's own address the user has to
//! wait for seconds, and shares its turns with the attacker for as long as that one goes on. The right password makes a user's failures at the address forgotten; those of the address
//! stay, since an attacker may have a password of its own.
//!
//! An attempt that would wait for longer than [`PATIENCE`] is refused as if the password were wrong, which clients know what to
//! do with. What is remembered is bounded ([`MOST`]), and is lost at a restart.

mod gate;

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use adit_api::identity::IdentityError;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use gate::{Gate, Limits};

/// How long an attempt waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many users at addresses, and how many addresses, are remembered: about 1 MiB in all.
const MOST: usize = 8192;
/// How long a user is known at an address where it was right.
const KNOWN_FOR: Duration = Duration::from_hours(30 * 24);

const AT_ADDRESS: Limits = Limits {
    free: 5,
    first: Duration::from_secs(1),
    most: Duration::from_secs(8),
    forgets: Duration::from_secs(60),
};
const ADDRESS: Limits = Limits {
    free: 20,
    first: Duration::from_millis(50),
    most: Duration::from_millis(250),
    forgets: Duration::from_secs(10),
};

/// Who failed how often lately.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    gates: Mutex<Gates>,
    /// Names become numbers that nobody can foresee, so that long ones take no room.
    hasher: RandomState,
    /// Told whenever an attempt ends, for that may make room for another.
    ended: Notify,
}

#[derive(Debug, Default)]
struct Gates {
    at_address: HashMap<u64, Gate>,
    addresses: HashMap<Lane, Gate>,
    /// Users at addresses, and when they were right there last.
    known: HashMap<u64, Instant>,
}

/// An address, and whether it is about users that are known there.
type Lane = (u64, bool);

/// An attempt that may go on. One that is dropped without a verdict has failed: whoever hangs up saves nothing.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    throttle: &'a Throttle,
    at_address: u64,
    address: Lane,
    verdict: Verdict,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was right.
    Right,
    /// It was wrong.
    Wrong,
    /// Nobody knows: the server was busy, or failed.
    Unknown,
}

/// What an attempt has to wait for.
enum Turn {
    Now,
    At(Instant),
    /// For others to end.
    Later,
}

impl Throttle {
    /// Waits until somebody may try a secret. `who` is the user, or whatever else has a secret.
    ///
    /// # Errors
    /// [`IdentityError::Unauthorized`] after too many failures, [`IdentityError::Busy`] when too many try at the same time.
    pub(crate) async fn admit(&self, who: &impl Hash, address: IpAddr) -> Result<Attempt<'_>, IdentityError> {
        let address = block(address);
        let (at_address, address) = (self.hasher.hash_one((who, address)), self.hasher.hash_one(address));
        let patience_ends = Instant::now() + PATIENCE;
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            // Before the look, so that nothing that ends after it is missed.
            ended.as_mut().enable();
            let now = Instant::now();
            let (turn, address) = {
                let mut gates = self.lock();
                let lane = (address, gates.is_known(at_address, now));
                (gates.enter(at_address, lane, now), lane)
            };
            match turn {
                Turn::Now => {
                    return Ok(Attempt { throttle: self, at_address, address, verdict: Verdict::Wrong });
                }
                Turn::At(time) if time > patience_ends => return Err(IdentityError::Unauthorized),
                Turn::Later if now >= patience_ends => return Err(IdentityError::Busy),
                Turn::At(time) => drop(timeout_at(time, ended).await),
                Turn::Later => drop(timeout_at(patience_ends, ended).await),
            }
        }
    }

    /// The maps are whole after each statement, so a panic elsewhere does not spoil them.
    fn lock(&self) -> MutexGuard<'_, Gates> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gates {
    /// Lets an attempt in by both gates, or by neither.
    fn enter(&mut self, at_address: u64, address: Lane, now: Instant) -> Turn {
        make_room(&mut self.at_address, at_address, &AT_ADDRESS, now);
        make_room(&mut self.addresses, address, &ADDRESS, now);
        let at_address = self.at_address.entry(at_address).or_insert_with(|| Gate::new(now));
        let address = self.addresses.entry(address).or_insert_with(|| Gate::new(now));
        match (at_address.turn(&AT_ADDRESS, now), address.turn(&ADDRESS, now)) {
            (Turn::Now, Turn::Now) => {
                at_address.enter();
                address.enter();
                Turn::Now
            }
            (Turn::At(one), Turn::At(other)) => Turn::At(one.max(other)),
            (Turn::At(time), Turn::Now | Turn::Later) | (Turn::Now | Turn::Later, Turn::At(time)) => {
                Turn::At(time)
            }
            (Turn::Later, Turn::Now | Turn::Later) | (Turn::Now, Turn::Later) => Turn::Later,
        }
    }

    /// Whether the user was right at the address lately.
    fn is_known(&self, at_address: u64, now: Instant) -> bool {
        self.known.get(&at_address).is_some_and(|right| now.saturating_duration_since(*right) < KNOWN_FOR)
    }

    /// Remembers that the user was right at the address, in the place of whoever was so longest ago.
    fn know(&mut self, at_address: u64, now: Instant) {
        if self.known.len() >= MOST && !self.known.contains_key(&at_address) {
            let oldest = self.known.iter().min_by_key(|(_, right)| **right).map(|(key, _)| *key);
            oldest.and_then(|oldest| self.known.remove(&oldest));
        }
        self.known.insert(at_address, now);
    }
}

/// Before another gate is added to as many as there may be: those go that stop nobody, and else the one that is nearest
/// to that.
fn make_room<K: Copy + Eq + Hash>(gates: &mut HashMap<K, Gate>, new: K, limits: &Limits, now: Instant) {
    if gates.len() < MOST || gates.contains_key(&new) {
        return;
    }
    gates.retain(|_, gate| gate.is_of_use(limits, now));
    if gates.len() >= MOST {
        let least = gates.iter().min_by_key(|(_, gate)| gate.weight(limits, now)).map(|(key, _)| *key);
        if let Some(least) = least {
            gates.remove(&least);
        }
    }
}

/// Whoever has one address of an IPv6 /64 has all of them.
fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

impl Attempt<'_> {
    /// Tells what became of it.
    pub(crate) fn end(mut self, verdict: Verdict) {
        self.verdict = verdict;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut gates = self.throttle.lock();
        if self.verdict == Verdict::Right {
            gates.know(self.at_address, now);
        }
        if let Some(gate) = gates.at_address.get_mut(&self.at_address) {
            gate.leave(self.verdict, &AT_ADDRESS, now);
            if self.verdict == Verdict::Right {
                gate.forgive();
            }
        }
        if let Some(gate) = gates.addresses.get_mut(&self.address) {
            gate.leave(self.verdict, &ADDRESS, now);
        }
        drop(gates);
        self.throttle.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
