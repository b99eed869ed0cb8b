//! Tokens that Keystone has found valid, for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::TokenDigest;
use super::subject::Subject;

/// How many tokens are kept: about 1 KiB each.
const MOST: usize = 4096;

/// What tokens say. Tokens that were found not to be valid are not kept: a revoked one never comes back, but one that
/// Keystone does not know yet does.
#[derive(Debug)]
pub(super) struct Cache {
    kept_for: SignedDuration,
    entries: Mutex<HashMap<TokenDigest, Entry>>,
}

#[derive(Debug)]
struct Entry {
    subject: Arc<Subject>,
    asked_at: Timestamp,
}

impl Cache {
    /// Keeps what it is told for so many seconds; nothing when that is 0.
    pub(super) fn new(kept_for_secs: u32) -> Self {
        Self { kept_for: SignedDuration::from_secs(kept_for_secs.into()), entries: Mutex::default() }
    }

    /// What the token says, also when it has expired since.
    pub(super) fn get(&self, digest: &TokenDigest, now: Timestamp) -> Option<Arc<Subject>> {
        let entries = self.lock();
        let entry = entries.get(digest).filter(|entry| self.is_fresh(entry, now))?;
        Some(Arc::clone(&entry.subject))
    }

    /// Remembers what Keystone said when it was asked at that time.
    pub(super) fn remember(&self, digest: TokenDigest, subject: &Arc<Subject>, asked_at: Timestamp) {
        if self.kept_for.is_zero() {
            return;
        }
        let mut entries = self.lock();
        if entries.len() >= MOST {
            entries.retain(|_, entry| self.is_fresh(entry, asked_at));
        }
        if entries.len() >= MOST {
            let oldest = entries.iter().min_by_key(|(_, entry)| entry.asked_at).map(|(digest, _)| *digest);
            oldest.and_then(|digest| entries.remove(&digest));
        }
        entries.insert(digest, Entry { subject: Arc::clone(subject), asked_at });
    }

    /// A clock that was set back makes entries of the future, which are not believed either.
    fn is_fresh(&self, entry: &Entry, now: Timestamp) -> bool {
        let age = now.duration_since(entry.asked_at);
        !age.is_negative() && age < self.kept_for
    }

    /// The map is whole after each statement, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, HashMap<TokenDigest, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(number: usize) -> TokenDigest {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        digest
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    #[test]
    fn an_entry_is_kept_for_its_time_and_not_believed_before_it() {
        let subject = Arc::new(Subject::example());
        for (kept_for, now, want) in
            [(300, 0, true), (300, 299, true), (300, 300, false), (300, -1, false), (0, 0, false)]
        {
            let cache = Cache::new(kept_for);
            cache.remember(digest(1), &subject, at(0));
            assert_eq!(
                cache.get(&digest(1), at(now)).is_some(),
                want,
                "kept for {kept_for} s, after {now} s"
            );
        }
    }

    #[test]
    fn the_oldest_makes_room() {
        let (cache, subject) = (Cache::new(300), Arc::new(Subject::example()));
        cache.remember(digest(0), &subject, at(0));
        for number in 1..=MOST {
            cache.remember(digest(number), &subject, at(1));
        }
        assert_eq!(cache.lock().len(), MOST);
        assert!(cache.get(&digest(0), at(2)).is_none());
        assert!(cache.get(&digest(MOST), at(2)).is_some());
        cache.remember(digest(MOST + 1), &subject, at(301));
        assert_eq!(cache.lock().len(), 1, "what is too old goes first");
    }
}
