//! Tokens in memory, so that a request normally costs no query.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use adit_store::TokenDigest;
use jiff::Timestamp;

use super::Bearer;

/// How long an entry is believed without asking the database again: another process may have changed it.
pub(super) const TRUSTED: Duration = Duration::from_secs(5);
/// How many tokens are kept: about 2 KiB each.
const MOST: usize = 2048;

/// Who bears which token.
#[derive(Debug, Default)]
pub(crate) struct TokenCache(Mutex<Tokens>);

#[derive(Debug, Default)]
struct Tokens {
    /// Grows when something is forgotten.
    era: Era,
    entries: HashMap<TokenDigest, Entry>,
}

#[derive(Debug)]
struct Entry {
    bearer: Arc<Bearer>,
    read_at: Instant,
}

/// A time in which nothing was forgotten. Whoever reads the database takes it before, so that what it read before
/// somebody else changed it is not remembered after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Era(u64);

impl TokenCache {
    /// The bearer of the token, if it is known, and otherwise the era to look it up in.
    pub(crate) fn get(&self, digest: TokenDigest, now: Timestamp) -> Result<Arc<Bearer>, Era> {
        let tokens = self.lock();
        match tokens.entries.get(&digest) {
            Some(Entry { bearer, read_at })
                if bearer.token.expires_at > now && read_at.elapsed() < TRUSTED =>
            {
                Ok(Arc::clone(bearer))
            }
            Some(_) | None => Err(tokens.era),
        }
    }

    /// Remembers what was read from the database in this era.
    pub(crate) fn remember(&self, bearer: &Arc<Bearer>, era: Era) {
        let mut tokens = self.lock();
        if tokens.era != era {
            return;
        }
        if tokens.entries.len() >= MOST {
            tokens.entries.retain(|_, entry| entry.read_at.elapsed() < TRUSTED);
        }
        if tokens.entries.len() >= MOST {
            tokens.entries.clear();
        }
        let entry = Entry { bearer: Arc::clone(bearer), read_at: Instant::now() };
        tokens.entries.insert(bearer.token.digest, entry);
    }

    /// Forgets everything: the database is asked again.
    pub(crate) fn forget_all(&self) {
        let mut tokens = self.lock();
        tokens.era = Era(tokens.era.0 + 1);
        tokens.entries.clear();
    }

    /// The map is whole after each statement, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, Tokens> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use adit_api::identity::token::{Named, NamedInDomain};
    use adit_model::UserId;
    use adit_store::Token;

    use super::*;

    fn bearer(number: u16) -> Arc<Bearer> {
        let mut octets = [0; 32];
        octets[..2].copy_from_slice(&number.to_be_bytes());
        let domain = Named { id: "default".to_owned(), name: "Default".to_owned() };
        Arc::new(Bearer {
            token: Token {
                digest: TokenDigest::new(octets),
                user_id: UserId::new("u"),
                scope: None,
                application_credential_id: None,
                methods: Vec::new(),
                audit_ids: Vec::new(),
                issued_at: Timestamp::from_second(1000).unwrap(),
                expires_at: Timestamp::from_second(2000).unwrap(),
            },
            user: NamedInDomain { id: "u".to_owned(), name: "u".to_owned(), domain },
            scope: None,
            credential: None,
        })
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn an_expired_token_is_not_known() {
        let (cache, bearer) = (TokenCache::default(), bearer(1));
        cache.remember(&bearer, Era::default());
        assert_eq!(cache.get(bearer.token.digest, at(1999)), Ok(Arc::clone(&bearer)));
        assert_eq!(cache.get(bearer.token.digest, at(2000)), Err(Era::default()));
    }

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let (cache, bearer) = (TokenCache::default(), bearer(1));
        let era = cache.get(bearer.token.digest, at(1500)).unwrap_err();
        cache.forget_all();
        cache.remember(&bearer, era);
        assert!(cache.get(bearer.token.digest, at(1500)).is_err());
    }

    #[test]
    fn the_cache_is_bounded() {
        let cache = TokenCache::default();
        for number in 0..5000 {
            cache.remember(&bearer(number), Era::default());
        }
        assert!(cache.lock().entries.len() <= MOST);
    }
}
