//! What is in the database, to see whether a request wrote something.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, Database as Connector, DatabaseConnection, DbBackend, Statement};

use super::common::Server;

/// A look into a server's database, past the server.
pub(crate) struct Database {
    connection: DatabaseConnection,
    /// Tables, with the names of their columns.
    tables: Vec<(String, Vec<String>)>,
}

/// Its tables and their rows.
pub(crate) type Contents = BTreeMap<String, BTreeSet<String>>;

/// What is written though no resource changes: tokens are used up and purged, and the log tells of what is gone.
const RESTLESS: [&str; 3] = ["tokens", "changes", "change_head"];

impl Database {
    pub(crate) async fn of(server: &Server) -> Self {
        let connection = Connector::connect(server.database()).await.unwrap();
        let mut database = Self { connection, tables: Vec::new() };
        let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        for name in database.texts(names).await {
            if !RESTLESS.contains(&name.as_str()) {
                let columns = database.texts(&format!("SELECT name FROM pragma_table_info('{name}')")).await;
                database.tables.push((name, columns));
            }
        }
        database
    }

    async fn texts(&self, sql: &str) -> Vec<String> {
        let statement = Statement::from_string(DbBackend::Sqlite, sql);
        let rows = self.connection.query_all_raw(statement).await.unwrap();
        rows.into_iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    /// All rows of all tables.
    pub(crate) async fn contents(&self) -> Contents {
        let mut contents = Contents::new();
        for (table, columns) in &self.tables {
            let columns: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
            let rows = self.texts(&format!("SELECT {} FROM \"{table}\"", columns.join(" || ',' || "))).await;
            contents.insert(table.clone(), rows.into_iter().collect());
        }
        contents
    }

    /// The ids of all rows of all tables that have ids: what is there, however often it was changed.
    pub(crate) async fn ids(&self) -> Contents {
        let mut ids = Contents::new();
        for (table, columns) in &self.tables {
            if columns.iter().any(|column| column == "id") {
                let rows = self.texts(&format!("SELECT quote(id) FROM \"{table}\"")).await;
                ids.insert(table.clone(), rows.into_iter().collect());
            }
        }
        ids
    }
}
