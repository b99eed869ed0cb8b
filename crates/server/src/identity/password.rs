//! Passwords: Argon2id, away from the threads that serve requests, and never too many at a time.
//!
//! Whoever asks for many hashes at once waits for itself: at most [`AT_A_TIME`] of one asker's are computed or in the
//! queue of all, so that somebody else has no more than those before its own. Nobody knows who strangers are, and they may
//! be anybody's machines: all of them together have no more in the queue of all than one user has. Among themselves, those
//! of one address, or of an IPv6 /48, count as one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use adit_api::identity::IdentityError;
use adit_model::identity::{Password, PasswordHash};
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash as Phc, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use rand::RngCore;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::throttle::around;

/// The first choice of the OWASP password storage cheat sheet: 19 MiB, two passes, one lane.
const PARAMS: Params = match Params::new(19_456, 2, 1, Some(32)) {
    Ok(params) => params,
    Err(_) => panic!("the parameters are within Argon2's limits"),
};

/// What an unknown user's password is compared with, so that it takes the same time: a hash of nobody's password with
/// [`PARAMS`].
const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$QncCt7wnhEHcIiZEmQJwBA$CXqVt/F2Cr6lDhzob6b+6c5YaUQi8XktvbjXVQgoEaU";

/// How many hashes are computed at the same time: they bound the server's memory.
const AT_A_TIME: usize = 2;
/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// Computes hashes.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    /// Those of all strangers together.
    strangers: Arc<Semaphore>,
    /// Those of each that has hashes computed or waits for some.
    askers: Arc<Mutex<HashMap<Asker, Weak<Semaphore>>>>,
}

/// For whom a hash is computed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Asker {
    /// A user that has shown who it is: now, or at the address from where it asks.
    User(String),
    /// Somebody at this address.
    Stranger(IpAddr),
}

impl Asker {
    /// Somebody at this address, of which many may have the same network.
    pub(crate) fn stranger(address: IpAddr) -> Self {
        Self::Stranger(around(address))
    }
}

/// A password could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Too many others are being hashed.
    #[error("too many passwords are being hashed")]
    Busy,
    /// The thread that computed it is gone.
    #[error("the computation of a password's hash was cut short")]
    Lost(#[source] tokio::task::JoinError),
    /// Argon2 does not take it.
    #[error("a password's hash could not be computed")]
    Argon2(#[source] argon2::Error),
    /// A stored hash is not in PHC format.
    #[error("a password's hash could not be read or written")]
    Format(#[source] argon2::password_hash::phc::Error),
    /// A stored hash was not made by Argon2.
    #[error("a password's hash has parameters that Argon2 does not know")]
    Parameters(#[source] argon2::password_hash::Error),
}

impl From<HashError> for IdentityError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Lost(_) | HashError::Argon2(_) | HashError::Format(_) | HashError::Parameters(_) => {
                Self::internal(error)
            }
        }
    }
}

impl Default for Passwords {
    fn default() -> Self {
        let turns = || Arc::new(Semaphore::new(AT_A_TIME));
        Self { turns: turns(), strangers: turns(), askers: Arc::default() }
    }
}

impl Passwords {
    /// Hashes a new password, for the user who asks.
    ///
    /// # Errors
    /// [`HashError`].
    pub(crate) async fn hash(&self, user: &str, password: Password) -> Result<PasswordHash, HashError> {
        self.in_turn(Asker::User(user.to_owned()), move || {
            let mut salt = [0; Salt::RECOMMENDED_LENGTH];
            rand::rng().fill_bytes(&mut salt);
            let hash = Phc {
                algorithm: Algorithm::Argon2id.ident(),
                version: Some(Version::V0x13.into()),
                params: ParamsString::try_from(&PARAMS).expect("the parameters are three numbers"),
                salt: Some(Salt::new(&salt).map_err(HashError::Format)?),
                hash: Some(argon2id(&PARAMS, &password, &salt)?),
            };
            Ok(PasswordHash::new(hash.to_string()))
        })
        .await
    }

    /// Whether the password is the one that was hashed. It takes as long, and fails, when there is no hash.
    ///
    /// # Errors
    /// [`HashError`].
    pub(crate) async fn verify(
        &self,
        asker: Asker,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<bool, HashError> {
        self.in_turn(asker, move || {
            let is_real = hash.is_some();
            let phc =
                Phc::new(hash.as_ref().map_or(DECOY, PasswordHash::as_str)).map_err(HashError::Format)?;
            let params = Params::try_from(&phc).map_err(HashError::Parameters)?;
            let salt = phc.salt.as_ref().map_or(&[][..], AsRef::as_ref);
            // `Output` compares in constant time.
            let is_equal = Some(argon2id(&params, &password, salt)?) == phc.hash;
            Ok(is_equal && is_real)
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        asker: Asker,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let patience_ends = Instant::now() + PATIENCE;
        let turn_of = async |turns: Arc<Semaphore>| -> Result<OwnedSemaphorePermit, HashError> {
            let turn = timeout_at(patience_ends, turns.acquire_owned()).await;
            turn.ok().and_then(Result::ok).ok_or(HashError::Busy)
        };
        // All give turns in the order in which they were asked.
        let own_turn = turn_of(self.turns_of(&asker)).await?;
        let strangers_turn = match asker {
            Asker::User(_) => None,
            Asker::Stranger(_) => Some(turn_of(Arc::clone(&self.strangers)).await?),
        };
        let turn = turn_of(Arc::clone(&self.turns)).await?;
        // The turns go along: they end with the work, also when nobody waits for the result any more.
        let computed = tokio::task::spawn_blocking(move || {
            let result = work();
            drop((turn, strangers_turn, own_turn));
            result
        });
        computed.await.map_err(HashError::Lost)?
    }

    /// The turns of one asker, which are forgotten when nobody has or wants one.
    fn turns_of(&self, asker: &Asker) -> Arc<Semaphore> {
        // The map is whole after each statement, so a panic elsewhere does not spoil it.
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turns) = askers.get(asker).and_then(Weak::upgrade) {
            return turns;
        }
        askers.retain(|_, turns| turns.strong_count() > 0);
        let turns = Arc::new(Semaphore::new(AT_A_TIME));
        askers.insert(asker.clone(), Arc::downgrade(&turns));
        turns
    }
}

/// Above this size, in KiB, glibc takes memory from the kernel and gives it back at once, whatever was freed before
/// (`DEFAULT_MMAP_THRESHOLD_MAX`). Below it, the 19 MiB would stay with the process.
const ALWAYS_MAPPED: usize = 33 * 1024;

fn argon2id(params: &Params, password: &Password, salt: &[u8]) -> Result<Output, HashError> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let blocks = params.block_count();
    // What is not touched is not there: only the blocks in use take memory.
    let mut memory = Vec::with_capacity(blocks.max(ALWAYS_MAPPED));
    memory.resize(blocks, Block::new());
    let mut octets = [0; Output::MAX_LENGTH];
    let out =
        &mut octets[..params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN).min(Output::MAX_LENGTH)];
    argon2
        .hash_password_into_with_memory(password.expose().as_bytes(), salt, out, &mut memory)
        .map_err(HashError::Argon2)?;
    Output::new(out).map_err(HashError::Format)
}

#[cfg(test)]
impl Passwords {
    /// All turns: nothing is computed until they are dropped.
    pub(super) async fn hold_all(&self) -> OwnedSemaphorePermit {
        let turns = u32::try_from(AT_A_TIME).unwrap();
        Arc::clone(&self.turns).acquire_many_owned(turns).await.unwrap()
    }

    /// How many of a user's hashes are computed or in the queue of all.
    pub(super) fn waiting(&self, user: &str) -> usize {
        self.waiting_for(&Asker::User(user.to_owned()))
    }

    /// The same of anybody, of strangers in the queue of all strangers.
    pub(super) fn waiting_for(&self, asker: &Asker) -> usize {
        AT_A_TIME - self.turns_of(asker).available_permits()
    }
}

#[cfg(test)]
mod tests;
