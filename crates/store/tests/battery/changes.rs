//! The change log that wakes agents.

use std::collections::BTreeSet;

use adit_model::{AgentId, Router, RouterId};
use adit_store::changes::News;
use adit_store::{Listing, Store};
use sea_orm::{ConnectionTrait, Statement};

use crate::database::{Database, ensure};
use crate::sample::{self, id};

pub(crate) async fn each_agent_hears_of_its_own_routers_in_order(database: Database) -> Database {
    let store = database.store().await;
    assigned(&store, &[(1, 1), (2, 1), (3, 2)]).await;
    for router in [1, 2, 3, 1] {
        touch(&store, router).await;
    }
    assert_eq!(news(&store, 1, 0).await, since(4, &[1, 2]), "each router once");
    assert_eq!(news(&store, 1, 1).await, since(4, &[1, 2]));
    assert_eq!(news(&store, 1, 2).await, since(4, &[1]));
    assert_eq!(news(&store, 1, 4).await, since(4, &[]));
    assert_eq!(news(&store, 2, 0).await, since(4, &[3]));
    assert_eq!(news(&store, 9, 0).await, since(4, &[]));
    // A router that has moved away is announced to the agent that had it.
    let session = store.write().await.unwrap();
    session.table::<Router>().assign(id(1), Some(id(1)), Some(id(2))).await.unwrap();
    session.announce(id(1), id(1));
    session.touch(id(1));
    session.touch(id(1));
    session.commit().await.unwrap();
    assert_eq!(store.read().await.unwrap().revision().await.unwrap(), 6);
    assert_eq!(news(&store, 1, 4).await, since(6, &[1]));
    assert_eq!(news(&store, 2, 4).await, since(6, &[1]));
    let session = store.read().await.unwrap();
    let router = session.table::<Router>().find(id::<RouterId>(1)).await.unwrap().unwrap();
    assert_eq!(router.generation, 3, "each commit with a touch is a generation, an announcement is none");
    database
}

pub(crate) async fn a_change_without_a_commit_is_no_news(database: Database) -> Database {
    let store = database.store().await;
    assigned(&store, &[(1, 1)]).await;
    let session = store.write().await.unwrap();
    session.touch(id(1));
    drop(session);
    assert_eq!(news(&store, 1, 0).await, since(0, &[]));
    // Nor is a router that nobody has.
    let session = store.write().await.unwrap();
    session.table::<Router>().insert(sample::router(7)).await.unwrap();
    session.touch(id(7));
    session.touch(id(8));
    session.commit().await.unwrap();
    assert_eq!(news(&store, 1, 0).await, since(0, &[]));
    database
}

pub(crate) async fn what_the_log_cannot_know_is_unknown(database: Database) -> Database {
    let store = database.store().await;
    assigned(&store, &[(1, 1)]).await;
    assert_eq!(news(&store, 1, 1).await, News::Unknown, "of the future: of another database");
    assert_eq!(news(&store, 1, u64::MAX).await, News::Unknown);
    let session = store.write().await.unwrap();
    for number in 0..10_000 {
        let router = format!("{number:08x}-0000-4000-8000-000000000000").parse().unwrap();
        session.announce(router, id(9));
    }
    session.announce(id(1), id(1));
    session.commit().await.unwrap();
    assert_eq!(news(&store, 1, 0).await, News::Unknown, "the log is kept short");
    assert_eq!(news(&store, 1, 1).await, since(10_001, &[1]));
    let News::Since { routers, .. } = news(&store, 9, 1).await else {
        panic!("the log reaches back that far")
    };
    assert!(routers.len() >= 9_999, "{}", routers.len());
    database
}

/// On PostgreSQL transactions write side by side; the log must not show a revision before the ones below it.
pub(crate) async fn revisions_are_never_seen_out_of_order(database: Database) -> Database {
    const WRITERS: u8 = 6;
    let store = database.store().await;
    let routers: Vec<(u8, u8)> = (1..=WRITERS).map(|router| (router, 1)).collect();
    assigned(&store, &routers).await;
    let writers: Vec<_> = (1..=WRITERS)
        .map(|router| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..10 {
                    touch(&store, router).await;
                }
            })
        })
        .collect();
    let mut looks = Vec::new();
    let mut after = 0;
    while after < u64::from(WRITERS) * 10 {
        let session = store.read().await.unwrap();
        let News::Since { revision, routers } = session.news(id(1), after).await.unwrap() else {
            panic!("the log reaches back that far")
        };
        looks.push((after..revision, routers));
        after = revision;
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let raw = database.raw().await;
    let all = Statement::from_string(raw.get_database_backend(), "SELECT revision, router_id FROM changes");
    let written = raw.query_all_raw(all).await.unwrap();
    assert_eq!(written.len(), usize::from(WRITERS) * 10);
    for row in written {
        let revision: i64 = row.try_get("", "revision").unwrap();
        let revision = revision.unsigned_abs();
        let router: RouterId = row.try_get::<String>("", "router_id").unwrap().parse().unwrap();
        let (_, named) = looks.iter().find(|(seen, _)| seen.contains(&(revision - 1))).unwrap();
        assert!(named.contains(&router), "revision {revision} of {router} was not seen");
    }
    let session = store.read().await.unwrap();
    let generations = session.table::<Router>().list(&Listing::default()).await.unwrap();
    assert!(generations.iter().all(|router| router.generation == 10), "{generations:?}");
    database
}

/// Makes routers, each with its agent.
async fn assigned(store: &Store, routers: &[(u8, u8)]) {
    let session = store.write().await.unwrap();
    for (router, agent) in routers {
        ensure(&session, sample::agent(*agent)).await;
        session.table::<Router>().insert(sample::router(*router)).await.unwrap();
        assert!(session.table::<Router>().assign(id(*router), None, Some(id(*agent))).await.unwrap());
    }
    session.commit().await.unwrap();
}

async fn touch(store: &Store, router: u8) {
    let session = store.write().await.unwrap();
    session.touch(id(router));
    session.commit().await.unwrap();
}

async fn news(store: &Store, agent: u8, after: u64) -> News {
    store.read().await.unwrap().news(id::<AgentId>(agent), after).await.unwrap()
}

fn since(revision: u64, routers: &[u8]) -> News {
    News::Since {
        revision,
        routers: routers.iter().map(|router| id(*router)).collect::<BTreeSet<RouterId>>(),
    }
}
