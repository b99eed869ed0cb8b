//! Guessing is slow: after some failures, logins of the same user from the same address, and all logins from one address,
//! have to wait.
//!
//! | what is counted | free failures | then one attempt each | one failure is forgotten each |
//! |---|---|---|---|
//! | a user at an address | 5 | 1 s, doubled per failure up to 8 s | 60 s |
//! | an address | 20 | 50 ms, doubled per failure up to 250 ms | 10 s |
//! | a user in an IPv6 /48 | 20 | 250 ms, doubled per failure up to 2 s | 15 s |
//! | an IPv6 /48 | 80 | 12.5 ms, doubled per failure up to 62.5 ms | 2.5 s |
//!
//! An IPv6 /64 is one address: whoever has one of its addresses has all of them. Many have a /48, which therefore
//! counts too, as four addresses. An application credential is a user of its own in the lines about users.
//!
//! Users that were right at an address lately are known there. Strangers are counted as above, all together. A user that
//! is known is counted by itself, with all of its application credentials and as an address of its own, and no /48 is:
//! so whoever tries names at an address that many share - behind a NAT, say - does not slow those who work there, and
//! these do not slow one another.
//!
//! Somebody who mistypes a password a few times notices nothing. A stranger who guesses gets about 10,000 tries a day at a
//! user from an address, and 4 a second at all of them; four times as many from a /48. Failures lock nobody out: those of
//! a user at one address count there alone, so that an attacker cannot keep the user from logging in elsewhere. At the
//! attacker's own address, and for strangers in the same /48, the user has to wait for seconds, and shares its turns with
//! the attacker for as long as that one goes on. The right password makes a user's failures there forgotten; those of the
//! address stay, since an attacker may have a password of its own.
//!
//! An attempt that would wait for longer than [`PATIENCE`] is refused as if the password were wrong, which clients know
//! what to do with. What is remembered is bounded ([`MOST`]), and is lost at a restart.

mod gate;
mod known;

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use adit_api::identity::IdentityError;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use gate::{Gates, Limits};
use known::{Known, Place};

/// How long an attempt waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many of each kind are remembered, of users at addresses, of addresses and so on: about 2 MiB in all.
const MOST: usize = 8192;

const AT_ADDRESS: Limits = Limits {
    free: 5,
    first: Duration::from_secs(1),
    most: Duration::from_secs(8),
    forgets: Duration::from_secs(60),
    forgives: true,
};
const ADDRESS: Limits = Limits {
    free: 20,
    first: Duration::from_millis(50),
    most: Duration::from_millis(250),
    forgets: Duration::from_secs(10),
    forgives: false,
};
/// As four addresses.
const AROUND_ADDRESS: Limits = Limits {
    free: 20,
    first: Duration::from_millis(250),
    most: Duration::from_secs(2),
    forgets: Duration::from_secs(15),
    forgives: true,
};
const BLOCK: Limits = Limits {
    free: 80,
    first: Duration::from_micros(12_500),
    most: Duration::from_micros(62_500),
    forgets: Duration::from_millis(2_500),
    forgives: false,
};

/// Who failed how often lately.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    counted: Mutex<Counted>,
    /// Names become numbers that nobody can foresee, so that long ones take no room.
    hasher: RandomState,
    /// Told whenever an attempt ends, for that may make room for another.
    ended: Notify,
}

#[derive(Debug)]
struct Counted {
    at_address: Gates,
    address: Gates,
    around_address: Gates,
    block: Gates,
    known: Known,
}

/// By what an attempt is counted.
#[derive(Clone, Copy, Debug)]
struct Keys {
    at_address: u64,
    /// Of all strangers at the address, or of one user that is known there.
    address: u64,
    /// Of a stranger, the same for what is around its address.
    around: Option<(u64, u64)>,
}

/// An attempt that may go on. One that is dropped without a verdict has failed: whoever hangs up saves nothing.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    throttle: &'a Throttle,
    keys: Keys,
    place: Place,
    is_known: bool,
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

impl Turn {
    /// What has to be waited for when it is for both.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Now, Self::Now) => Self::Now,
            (Self::At(one), Self::At(other)) => Self::At(one.max(other)),
            (Self::At(time), Self::Now | Self::Later) | (Self::Now | Self::Later, Self::At(time)) => {
                Self::At(time)
            }
            (Self::Later, Self::Now | Self::Later) | (Self::Now, Self::Later) => Self::Later,
        }
    }
}

impl Throttle {
    /// Waits until somebody may try a secret. `who` is the user, or whatever else has a secret; `owner` is the user whom it
    /// lets in.
    ///
    /// # Errors
    /// [`IdentityError::Unauthorized`] after too many failures, [`IdentityError::Busy`] when too many try at the same time.
    pub(crate) async fn admit(
        &self,
        (who, owner): (&impl Hash, &str),
        address: IpAddr,
    ) -> Result<Attempt<'_>, IdentityError> {
        let place = (self.hasher.hash_one(owner), self.hasher.hash_one(block(address)));
        let patience_ends = Instant::now() + PATIENCE;
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            // Before the look, so that nothing that ends after it is missed.
            ended.as_mut().enable();
            let now = Instant::now();
            let (turn, keys, is_known) = {
                let mut counted = self.lock();
                let is_known = counted.known.is_at(place, now);
                let keys = self.keys(who, address, is_known.then_some(owner));
                (counted.enter(keys, now), keys, is_known)
            };
            match turn {
                Turn::Now => {
                    return Ok(Attempt { throttle: self, keys, place, is_known, verdict: Verdict::Wrong });
                }
                Turn::At(time) if time > patience_ends => return Err(IdentityError::Unauthorized),
                Turn::Later if now >= patience_ends => return Err(IdentityError::Busy),
                Turn::At(time) => drop(timeout_at(time, ended).await),
                Turn::Later => drop(timeout_at(patience_ends, ended).await),
            }
        }
    }

    fn keys(&self, who: &impl Hash, address: IpAddr, known: Option<&str>) -> Keys {
        let here = block(address);
        let around = Some(around(address)).filter(|around| known.is_none() && around.is_ipv6());
        Keys {
            at_address: self.hasher.hash_one((who, here)),
            address: self.hasher.hash_one((known, here)),
            around: around.map(|around| (self.hasher.hash_one((who, around)), self.hasher.hash_one(around))),
        }
    }

    /// What is counted is whole after each statement, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Counted {
    fn default() -> Self {
        Self {
            at_address: Gates::new(AT_ADDRESS),
            address: Gates::new(ADDRESS),
            around_address: Gates::new(AROUND_ADDRESS),
            block: Gates::new(BLOCK),
            known: Known::default(),
        }
    }
}

impl Counted {
    /// Lets an attempt in by all of its gates, or by none.
    fn enter(&mut self, keys: Keys, now: Instant) -> Turn {
        let turn = self.gates(keys).map(|(gates, key)| gates.turn(key, now)).fold(Turn::Now, Turn::and);
        if let Turn::Now = turn {
            self.gates(keys).for_each(|(gates, key)| gates.enter(key));
        }
        turn
    }

    fn gates(&mut self, keys: Keys) -> impl Iterator<Item = (&mut Gates, u64)> {
        let (around_address, block) = keys.around.unzip();
        let all = [
            (&mut self.at_address, Some(keys.at_address)),
            (&mut self.address, Some(keys.address)),
            (&mut self.around_address, around_address),
            (&mut self.block, block),
        ];
        all.into_iter().filter_map(|(gates, key)| Some((gates, key?)))
    }
}

/// Whoever has one address of an IPv6 /64 has all of them.
fn block(address: IpAddr) -> IpAddr {
    prefix(address, 64)
}

/// What many have who have that address: an IPv6 /48.
pub(super) fn around(address: IpAddr) -> IpAddr {
    prefix(address, 48)
}

/// The network of an IPv6 address; an IPv4 address.
fn prefix(address: IpAddr, length: u32) -> IpAddr {
    match address.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !(u128::MAX >> length))),
    }
}

impl Attempt<'_> {
    /// Tells what became of it.
    pub(crate) fn end(mut self, verdict: Verdict) {
        self.verdict = verdict;
    }

    /// Whether the user was right at the address lately, when it was admitted.
    pub(crate) fn is_known(&self) -> bool {
        self.is_known
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut counted = self.throttle.lock();
        if self.verdict == Verdict::Right {
            counted.known.add(self.place, now);
        }
        counted.gates(self.keys).for_each(|(gates, key)| gates.leave(key, self.verdict, now));
        drop(counted);
        self.throttle.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
