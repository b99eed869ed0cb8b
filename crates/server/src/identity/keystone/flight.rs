//! Many want to know the same thing: one asks, and all hear the answer.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::OnceCell;

/// Questions that are being asked, each with whoever waits for its answer. An answer is heard by those who wait for it,
/// and kept by nobody.
pub(super) struct Flights<K, V>(Mutex<HashMap<K, Weak<OnceCell<V>>>>);

impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K, V> fmt::Debug for Flights<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flights")
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Flights<K, V> {
    /// The answer: of whoever asks already, or else by asking. When the one who asks goes away, another of those who
    /// wait asks in its place.
    pub(super) async fn join<F: Future<Output = V>>(&self, key: K, ask: impl FnOnce() -> F) -> V {
        let flight = self.board(key);
        flight.get_or_init(ask).await.clone()
    }

    fn board(&self, key: K) -> Arc<OnceCell<V>> {
        let mut flights = self.lock();
        let under_way = flights.get(&key).and_then(Weak::upgrade);
        // One that has arrived is old news to whoever comes now.
        if let Some(flight) = under_way.filter(|flight| !flight.initialized()) {
            return flight;
        }
        flights.retain(|_, flight| flight.strong_count() > 0);
        let flight = Arc::new(OnceCell::new());
        flights.insert(key, Arc::downgrade(&flight));
        flight
    }

    /// The map is whole after each statement, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Weak<OnceCell<V>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn those_who_come_meanwhile_share_an_answer_and_those_who_come_later_ask_again() {
        let (flights, asked) = (Flights::default(), AtomicUsize::new(0));
        let ask = || async {
            tokio::task::yield_now().await;
            asked.fetch_add(1, Ordering::Relaxed)
        };
        let (a, b, other) =
            tokio::join!(flights.join("a", ask), flights.join("a", ask), flights.join("b", ask));
        assert!(a == b && a != other, "{a} {b} {other}");
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        assert_eq!(flights.join("a", ask).await, 2);
        assert_eq!(flights.lock().len(), 1, "what has landed is forgotten");
    }

    #[tokio::test]
    async fn another_asks_when_the_one_who_asked_goes_away() {
        let flights = Flights::<_, u8>::default();
        let mut first = Box::pin(flights.join((), std::future::pending));
        let mut second = Box::pin(flights.join((), || async { 7 }));
        assert!(poll_once(&mut first).is_pending());
        assert!(poll_once(&mut second).is_pending());
        drop(first);
        assert_eq!(second.await, 7);
    }

    fn poll_once<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
        std::pin::Pin::new(future).poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
    }
}
