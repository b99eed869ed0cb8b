//! What is in the database, to see whether a request left something.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, Database as Connector, DatabaseConnection, DbBackend, Statement};

use super::common::Server;

/// A look into a server's database, past the server.
pub(crate) struct Database(DatabaseConnection);

/// Its tables and their rows.
pub(crate) type Contents = BTreeMap<String, BTreeSet<String>>;

/// What is written though no resource changes: tokens are used up and purged, and the log tells of what is gone.
const RESTLESS: [&str; 3] = ["tokens", "changes", "change_head"];

impl Database {
    pub(crate) async fn of(server: &Server) -> Self {
        Self(Connector::connect(server.database()).await.unwrap())
    }

    async fn texts(&self, sql: &str) -> Vec<String> {
        let rows = self.0.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
        rows.into_iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    async fn tables(&self) -> Vec<String> {
        let mut tables = self
            .texts("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            .await;
        tables.retain(|table| !RESTLESS.contains(&table.as_str()));
        tables
    }

    async fn columns(&self, table: &str) -> Vec<String> {
        self.texts(&format!("SELECT name FROM pragma_table_info('{table}')")).await
    }

    /// The ids of all rows of all tables that have ids: what is there, however often it was changed.
    pub(crate) async fn ids(&self) -> Contents {
        let mut ids = Contents::new();
        for table in self.tables().await {
            if self.columns(&table).await.iter().any(|column| column == "id") {
                let rows = self.texts(&format!("SELECT quote(id) FROM \"{table}\"")).await;
                ids.insert(table, rows.into_iter().collect());
            }
        }
        ids
    }
}
