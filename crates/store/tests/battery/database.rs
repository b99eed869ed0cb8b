//! Databases for tests: a file, or a database of its own in the cluster that `XTASK_POSTGRES` names.

use std::fmt::Debug;
use std::future::Future;

use adit_model::SiteConnection;
use adit_store::{Record, SealingKey, Session, Store, Stored};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use tempfile::TempDir;

use crate::sample;

/// A database that nobody else uses, empty but for its schema.
pub(crate) struct Database {
    pub(crate) url: String,
    pub(crate) key: SealingKey,
    place: Place,
}

enum Place {
    Sqlite { _dir: TempDir },
    Postgres { cluster: String, name: String },
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = Store::sqlite_url(&dir.path().join("adit.db"));
        Self { url, key: SealingKey::generate(), place: Place::Sqlite { _dir: dir } }
    }

    /// `None`, and it says so, where there is no PostgreSQL.
    pub(crate) async fn postgres(test: &str) -> Option<Self> {
        let Ok(cluster) = std::env::var("XTASK_POSTGRES") else {
            eprintln!("SKIPPED: the store's tests on PostgreSQL: XTASK_POSTGRES names no cluster");
            return None;
        };
        // A name has at most 63 octets.
        let name: String = format!("adit_{test}").chars().take(63).collect();
        let connection = sea_orm::Database::connect(&cluster).await.unwrap();
        connection.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
        connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        connection.close().await.unwrap();
        let (before, after) =
            cluster.rsplit_once("/postgres").expect("the URL names the database `postgres`");
        let url = format!("{before}/{name}{after}");
        Some(Self { url, key: SealingKey::generate(), place: Place::Postgres { cluster, name } })
    }

    /// Runs a test on it. A database in a cluster stays when the test fails.
    pub(crate) async fn run<F: Future<Output = Self>>(self, test: impl FnOnce(Self) -> F) {
        self.store().await.migrate().await.unwrap();
        if let Place::Postgres { cluster, name } = test(self).await.place {
            let connection = sea_orm::Database::connect(&cluster).await.unwrap();
            connection.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
        }
    }

    /// Opens it.
    pub(crate) async fn store(&self) -> Store {
        Store::connect(&self.url, self.key.clone()).await.unwrap()
    }

    /// Opens it without the store, to see or do what the store does not.
    pub(crate) async fn raw(&self) -> DatabaseConnection {
        sea_orm::Database::connect(&self.url).await.unwrap()
    }
}

/// Inserts one record, and keeps it.
pub(crate) async fn insert<R: Record>(store: &Store, record: R) -> Stored<R> {
    let session = store.write().await.unwrap();
    let stored = session.table::<R>().insert(record).await.unwrap();
    session.commit().await.unwrap();
    stored
}

/// Inserts the site connection number 1, with all that it refers to.
pub(crate) async fn insert_connection(store: &Store) -> Stored<SiteConnection> {
    insert(store, sample::network(1)).await;
    insert(store, sample::subnet(1)).await;
    insert(store, sample::router(1)).await;
    insert(store, sample::vpn_service(1)).await;
    insert(store, sample::ike_policy(1)).await;
    insert(store, sample::ipsec_policy(1)).await;
    insert(store, sample::site_connection(1)).await
}

/// Inserts one record that others may have made already.
pub(crate) async fn ensure<R: Record>(session: &Session, record: R) {
    if session.table::<R>().find(record.id()).await.unwrap().is_none() {
        session.table::<R>().insert(record).await.unwrap();
    }
}

/// Asserts that two values look the same: records with secrets cannot be compared.
#[track_caller]
pub(crate) fn assert_same(got: &impl Debug, want: &impl Debug) {
    assert_eq!(format!("{got:#?}"), format!("{want:#?}"));
}
