//! Passwords: Argon2id, away from the threads that serve requests, and never too many at a time.

use std::sync::Arc;
use std::time::Duration;

use adit_api::identity::IdentityError;
use adit_model::identity::{Password, PasswordHash};
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash as Phc, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use rand::RngCore;
use tokio::sync::Semaphore;
use tokio::time::timeout;

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
        Self { turns: Arc::new(Semaphore::new(AT_A_TIME)) }
    }
}

impl Passwords {
    /// Hashes a new password.
    ///
    /// # Errors
    /// [`HashError`].
    pub(crate) async fn hash(&self, password: Password) -> Result<PasswordHash, HashError> {
        self.in_turn(move || {
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
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<bool, HashError> {
        self.in_turn(move || {
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
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let turn = timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(HashError::Busy) };
        // The turn goes along: it ends with the work, also when nobody waits for the result any more.
        let computed = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        });
        computed.await.map_err(HashError::Lost)?
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
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_another_is_not() {
        let passwords = Passwords::default();
        let hash = passwords.hash(Password::new("hunter2")).await.unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_str());
        for (password, known) in [("hunter2", true), ("hunter3", false), ("", false)] {
            let got = passwords.verify(Password::new(password), Some(hash.clone())).await.unwrap();
            assert_eq!(got, known, "{password}");
        }
        assert!(!passwords.verify(Password::new("hunter2"), None).await.unwrap());
    }

    #[test]
    fn the_decoy_takes_as_long_as_a_real_hash() {
        let decoy = Phc::new(DECOY).unwrap();
        assert_eq!(Params::try_from(&decoy).unwrap(), PARAMS);
        assert_eq!(decoy.salt.unwrap().len(), Salt::RECOMMENDED_LENGTH);
    }
}
