//! One transaction on either database.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use crate::sqlite;

/// What a session works with. Every statement of the program passes here.
#[derive(Debug)]
pub(crate) enum Transaction {
    Postgres(DatabaseTransaction),
    Sqlite(sqlite::Transaction),
}

impl Transaction {
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Postgres(transaction) => transaction.commit().await,
            Self::Sqlite(transaction) => transaction.commit().await,
        }
    }

    /// Hands over the rows that a statement finds, one after another: those of a long list are not kept, and on SQLite
    /// they are read while others are found.
    pub(crate) async fn each(
        &self,
        statement: Statement,
        take: impl FnMut(QueryResult) + Send,
    ) -> Result<(), DbErr> {
        match self {
            Self::Postgres(_) => {
                self.query_all_raw(statement).await?.into_iter().for_each(take);
                Ok(())
            }
            Self::Sqlite(transaction) => {
                trace(&statement.sql);
                transaction.each(statement, take).await
            }
        }
    }
}

/// Tells whoever looks how many statements a request costs, and which; never their values.
fn trace(sql: &str) {
    tracing::trace!(target: "adit_store::statement", sql, "statement");
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Postgres(_) => DbBackend::Postgres,
            Self::Sqlite(_) => DbBackend::Sqlite,
        }
    }

    /// Both do: SQLite comes with this program, and is a new one.
    fn support_returning(&self) -> bool {
        true
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        trace(&statement.sql);
        match self {
            Self::Postgres(transaction) => transaction.execute_raw(statement).await,
            Self::Sqlite(transaction) => transaction.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        trace(sql);
        match self {
            Self::Postgres(transaction) => transaction.execute_unprepared(sql).await,
            Self::Sqlite(transaction) => transaction.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        trace(&statement.sql);
        match self {
            Self::Postgres(transaction) => transaction.query_one_raw(statement).await,
            Self::Sqlite(transaction) => transaction.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        trace(&statement.sql);
        match self {
            Self::Postgres(transaction) => transaction.query_all_raw(statement).await,
            Self::Sqlite(transaction) => transaction.query_all_raw(statement).await,
        }
    }
}
