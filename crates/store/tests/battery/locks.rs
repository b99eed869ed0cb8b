//! Those who want the same at the same time, where several write side by side.

use std::time::Duration;

use adit_model::{Network, NetworkId, Router, RouterId};
use adit_store::{Error, Store};
use sea_orm::ConnectionTrait;
use tokio::time::timeout;

use crate::database::{Database, insert};
use crate::sample::{self, id};

pub(crate) async fn what_is_locked_waits_and_what_is_shared_does_not(database: Database) -> Database {
    let store = database.store().await;
    insert(&store, sample::network(1)).await;
    insert(&store, sample::router(1)).await;
    let (network, router): (NetworkId, RouterId) = (id(1), id(1));
    let first = store.write().await.unwrap();
    first.table::<Network>().share(network).await.unwrap().unwrap();
    let second = store.write().await.unwrap();
    second.table::<Network>().share(network).await.unwrap().unwrap();
    drop(second);
    // Rows that refer to it are no change of it.
    let second = store.write().await.unwrap();
    second.table().insert(sample::subnet(1)).await.unwrap();
    drop(second);
    let locks = {
        let store = store.clone();
        tokio::spawn(async move {
            let session = store.write().await.unwrap();
            session.table::<Network>().lock(network).await.unwrap().unwrap().record.name
        })
    };
    waits(&database, 1).await;
    let mut changed = first.table::<Network>().find(network).await.unwrap().unwrap();
    changed.name = "changed".to_owned();
    first.table().update(&mut changed).await.unwrap();
    // A router is locked by its name: what its agent must do changes meanwhile.
    first.table::<Router>().lock(router).await.unwrap().unwrap();
    let second = store.write().await.unwrap();
    second.touch(router);
    second.commit().await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(locks.await.unwrap(), "changed", "it sees what it waited for");
    let found = store.read().await.unwrap().table::<Router>().find(router).await.unwrap().unwrap();
    assert_eq!(found.generation, 1);
    database
}

pub(crate) async fn nobody_waits_forever(database: Database) -> Database {
    let store = database.store().await;
    insert(&store, sample::network(1)).await;
    let holder = store.write().await.unwrap();
    holder.table::<Network>().lock(id::<NetworkId>(1)).await.unwrap().unwrap();
    holder.lock_name("thing", "1").await.unwrap();
    for (limit, is_expected) in [
        (
            "lock_timeout",
            (|error| matches!(error, Error::Contended { source: Some(_), .. })) as fn(&Error) -> bool,
        ),
        ("statement_timeout", |error| matches!(error, Error::Unanswered { .. })),
    ] {
        let impatient = with_options(&database, &format!("-c%20{limit}=50ms")).await;
        let session = impatient.write().await.unwrap();
        let error = session.table::<Network>().lock(id::<NetworkId>(1)).await.unwrap_err();
        assert!(is_expected(&error), "{limit}: {error:?}");
        drop(session);
        let session = impatient.write().await.unwrap();
        let error = session.lock_name("thing", "1").await.unwrap_err();
        assert!(is_expected(&error), "{limit}: {error:?}");
        session.lock_name("thing", "2").await.unwrap_err();
    }
    database
}

pub(crate) async fn one_of_two_who_wait_for_each_other_gives_up(database: Database) -> Database {
    let store = with_options(&database, "-c%20deadlock_timeout=20ms").await;
    insert(&store, sample::network(1)).await;
    insert(&store, sample::network(2)).await;
    let sessions = [(store.write().await.unwrap(), 1, 2), (store.write().await.unwrap(), 2, 1)];
    for (session, mine, _) in &sessions {
        session.table::<Network>().lock(id::<NetworkId>(*mine)).await.unwrap().unwrap();
    }
    let tasks = sessions.map(|(session, _, other)| {
        tokio::spawn(async move { session.table::<Network>().lock(id::<NetworkId>(other)).await.map(drop) })
    });
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes.sort_by_key(Result::is_err);
    let [Ok(()), Err(error)] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert!(matches!(error, Error::Collision { .. }) && error.is_collision(), "{error:?}");
    database
}

pub(crate) async fn a_commit_on_a_lost_connection_may_have_been_done(database: Database) -> Database {
    let store = database.store().await;
    let session = store.write().await.unwrap();
    session.table().insert(sample::network(1)).await.unwrap();
    cut_off(&database).await;
    let error = session.commit().await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { source: Some(_) }), "{error:?}");
    // Whoever loses it before knows that nothing was written. The next one gets another connection.
    let session = store.write().await.unwrap();
    cut_off(&database).await;
    let error = session.table().insert(sample::network(1)).await.unwrap_err();
    assert!(matches!(error, Error::Unanswered { .. }), "{error:?}");
    drop(session);
    insert(&store, sample::network(1)).await;
    database
}

/// Ends the connections on which a transaction waits for its next statement.
async fn cut_off(database: &Database) {
    let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
        WHERE state = 'idle in transaction' AND datname = current_database()";
    database.raw().await.execute_unprepared(end).await.unwrap();
}

/// Returns when so many wait for a lock.
async fn waits(database: &Database, count: i64) {
    let raw = database.raw().await;
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    let look = async {
        loop {
            let statement = sea_orm::Statement::from_string(raw.get_database_backend(), sql);
            let row = raw.query_one_raw(statement).await.unwrap().unwrap();
            if row.try_get_by_index::<i64>(0).unwrap() >= count {
                return;
            }
        }
    };
    timeout(Duration::from_secs(5), look).await.expect("somebody waits");
}

/// The same database, with other settings.
async fn with_options(database: &Database, options: &str) -> Store {
    let mark = if database.url.contains('?') { '&' } else { '?' };
    Store::connect(&format!("{}{mark}options={options}", database.url), database.key.clone()).await.unwrap()
}
