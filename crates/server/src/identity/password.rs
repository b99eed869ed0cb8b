//! Passwords: Argon2id, away from the threads that serve requests, and never too many at a time.
//!
//! Whoever asks for many hashes at once waits for itself: at most [`AT_A_TIME`] of one owner's are computed or in the
//! queue of all, so that somebody else has no more than those before its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use adit_api::identity::IdentityError;
use adit_model::identity::{Password, PasswordHash};
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash as Phc, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use rand::RngCore;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

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
    /// Those of each owner that has hashes computed or waits for some.
    owners: Arc<Mutex<HashMap<String, Weak<Semaphore>>>>,
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
        Self { turns: Arc::new(Semaphore::new(AT_A_TIME)), owners: Arc::default() }
    }
}

impl Passwords {
    /// Hashes a new password, for whoever asks.
    ///
    /// # Errors
    /// [`HashError`].
    pub(crate) async fn hash(&self, owner: &str, password: Password) -> Result<PasswordHash, HashError> {
        self.in_turn(owner, move || {
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

    /// Whether the password is the one that was hashed. It takes as long, and fails, when there is no hash. The owner is
    /// who it would let in.
    ///
    /// # Errors
    /// [`HashError`].
    pub(crate) async fn verify(
        &self,
        owner: &str,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<bool, HashError> {
        self.in_turn(owner, move || {
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
        owner: &str,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let patience_ends = Instant::now() + PATIENCE;
        let turn_of = async |turns: Arc<Semaphore>| -> Result<OwnedSemaphorePermit, HashError> {
            let turn = timeout_at(patience_ends, turns.acquire_owned()).await;
            turn.ok().and_then(Result::ok).ok_or(HashError::Busy)
        };
        // Both give turns in the order in which they were asked.
        let own_turn = turn_of(self.turns_of(owner)).await?;
        let turn = turn_of(Arc::clone(&self.turns)).await?;
        // The turn goes along: it ends with the work, also when nobody waits for the result any more.
        let computed = tokio::task::spawn_blocking(move || {
            let result = work();
            drop((turn, own_turn));
            result
        });
        computed.await.map_err(HashError::Lost)?
    }

    /// The turns of one owner, which are forgotten when nobody has or wants one.
    fn turns_of(&self, owner: &str) -> Arc<Semaphore> {
        // The map is whole after each statement, so a panic elsewhere does not spoil it.
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turns) = owners.get(owner).and_then(Weak::upgrade) {
            return turns;
        }
        owners.retain(|_, turns| turns.strong_count() > 0);
        let turns = Arc::new(Semaphore::new(AT_A_TIME));
        owners.insert(owner.to_owned(), Arc::downgrade(&turns));
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

    /// How many of an owner's hashes are computed or in the queue of all.
    pub(super) fn waiting(&self, owner: &str) -> usize {
        AT_A_TIME - self.turns_of(owner).available_permits()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_another_is_not() {
        let passwords = Passwords::default();
        let hash = passwords.hash("anna", Password::new("hunter2")).await.unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_str());
        for (password, known) in [("hunter2", true), ("hunter3", false), ("", false)] {
            let got = passwords.verify("anna", Password::new(password), Some(hash.clone())).await.unwrap();
            assert_eq!(got, known, "{password}");
        }
        assert!(!passwords.verify("anna", Password::new("hunter2"), None).await.unwrap());
    }

    /// One who asks for a hundred hashes keeps nobody else waiting for more than the few that are under way.
    #[tokio::test]
    async fn one_owners_flood_is_its_own_wait() {
        let passwords = Passwords::default();
        let done = Arc::new(AtomicUsize::new(0));
        // Nothing that the flood wants ends before it is told to.
        let (gate, closed) = std::sync::mpsc::channel::<()>();
        let closed = Arc::new(Mutex::new(closed));
        let mut flood = JoinSet::new();
        for _ in 0..100 {
            let (passwords, done, closed) = (passwords.clone(), Arc::clone(&done), Arc::clone(&closed));
            flood.spawn(async move {
                let work = move || {
                    closed.lock().unwrap().recv().unwrap();
                    done.fetch_add(1, Ordering::Relaxed);
                    Ok(())
                };
                passwords.in_turn("mallory", work).await
            });
        }
        // All of the flood stands in its queue.
        while passwords.owners.lock().unwrap().get("mallory").is_none_or(|turns| turns.strong_count() < 100) {
            tokio::task::yield_now().await;
        }
        let others = ["anna", "bert"].map(|owner| {
            let (passwords, done) = (passwords.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                passwords.in_turn(owner, move || Ok(done.load(Ordering::Relaxed))).await.unwrap()
            })
        });
        tokio::task::yield_now().await;
        for _ in 0..100 {
            gate.send(()).unwrap();
        }
        for before in others {
            let before = before.await.unwrap();
            assert!(before <= 2 * AT_A_TIME, "{before} of the flood came before");
        }
        flood.join_all().await;
        assert_eq!(done.load(Ordering::Relaxed), 100);
        passwords.turns_of("anna");
        assert_eq!(passwords.owners.lock().unwrap().len(), 1, "who wants nothing is forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends() {
        let passwords = Passwords::default();
        let _turns = Arc::clone(&passwords.turns).acquire_many_owned(2).await.unwrap();
        let busy = passwords.in_turn("anna", || Ok(())).await;
        assert!(matches!(busy, Err(HashError::Busy)), "{busy:?}");
    }

    #[test]
    fn the_decoy_takes_as_long_as_a_real_hash() {
        let decoy = Phc::new(DECOY).unwrap();
        assert_eq!(Params::try_from(&decoy).unwrap(), PARAMS);
        assert_eq!(decoy.salt.unwrap().len(), Salt::RECOMMENDED_LENGTH);
    }
}
