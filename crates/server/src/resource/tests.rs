use std::task::Waker;
use std::time::Duration;

use adit_model::RouterId;
use adit_store::{SealingKey, Store};
use tokio::time::timeout;
use uuid::Uuid;

use super::{App, commit};
use crate::ServerConfig;

/// The database finishes what it has begun, and agents hear of it, though nobody waits for the answer.
#[tokio::test]
async fn a_client_that_hangs_up_leaves_no_agent_asleep() {
    let folder = tempfile::tempdir().unwrap();
    let url = Store::sqlite_url(&folder.path().join("adit.db"));
    let store = Store::connect(&url, SealingKey::generate()).await.unwrap();
    store.migrate().await.unwrap();
    let app = App::new(store, ServerConfig::default(), "key".to_owned());
    for _ in 0..10 {
        let mut commits = app.commits();
        let session = app.store().write().await.unwrap();
        session.touch(RouterId::new(Uuid::new_v4()));
        // Looked at once, which begins it, and given up.
        let mut commit = Box::pin(commit(&app, session));
        assert!(commit.as_mut().poll(&mut std::task::Context::from_waker(Waker::noop())).is_pending());
        drop(commit);
        let woken = timeout(Duration::from_secs(5), commits.changed()).await;
        woken.expect("agents are woken").unwrap();
    }
}
