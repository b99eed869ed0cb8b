//! Opening the database, and transactions on it.

use std::path::Path;
use std::time::Duration;

use jiff::{Timestamp, Unit};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, IsolationLevel,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;

use crate::migration::Migrator;
use crate::{Error, Record, Result, SealingKey, Table};

/// An open database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    connection: DatabaseConnection,
    key: SealingKey,
}

/// One transaction, at one point in time. What it wrote is kept only by [`Session::commit`].
#[derive(Debug)]
pub struct Session {
    pub(crate) transaction: DatabaseTransaction,
    pub(crate) key: SealingKey,
    pub(crate) now: Timestamp,
}

/// How long a statement waits for another writer of the same SQLite file.
const BUSY: Duration = Duration::from_secs(10);

impl Store {
    /// Opens `url`: `sqlite:///var/lib/adit/adit.db` or `postgres://user:password@host/database`. A SQLite file is
    /// made when there is none.
    ///
    /// # Errors
    /// [`Error::Open`].
    pub async fn connect(url: &str, key: SealingKey) -> Result<Self> {
        let mut options = ConnectOptions::new(url);
        options.sqlx_logging(false).connect_timeout(BUSY).acquire_timeout(BUSY).max_connections(8);
        options.map_sqlx_sqlite_opts(|options| {
            // FULL makes an acknowledged write survive a power cut too, not only the end of this process.
            options
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(BUSY)
        });
        let open = |source| Error::Open { url: without_credentials(url), source };
        let connection = Database::connect(options).await.map_err(open)?;
        Ok(Self { connection, key })
    }

    /// The URL of a SQLite file.
    pub fn sqlite_url(path: &Path) -> String {
        format!("sqlite://{}", path.display())
    }

    /// Applies the migrations that are missing; may be repeated.
    ///
    /// # Errors
    /// [`Error::Newer`] for a database that this program is too old for, [`Error::Statement`].
    pub async fn migrate(&self) -> Result<()> {
        self.refuse_newer().await?;
        Migrator::up(&self.connection, None).await.map_err(Error::statement("migrate the database"))
    }

    /// Names of the migrations that are missing.
    ///
    /// # Errors
    /// As [`Self::migrate`].
    pub async fn pending_migrations(&self) -> Result<Vec<String>> {
        self.refuse_newer().await?;
        let doing = Error::statement("read the database's version");
        let pending = Migrator::get_pending_migrations(&self.connection).await.map_err(doing)?;
        Ok(pending.iter().map(|migration| migration.name().to_owned()).collect())
    }

    async fn refuse_newer(&self) -> Result<()> {
        let doing = Error::statement("read the database's version");
        let applied = Migrator::get_migration_models(&self.connection).await.map_err(doing)?;
        let known = Migrator::migrations();
        match applied.into_iter().find(|row| known.iter().all(|migration| migration.name() != row.version)) {
            Some(row) => Err(Error::Newer { migration: row.version }),
            None => Ok(()),
        }
    }

    /// A transaction that only reads. All that it reads is of one moment.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn read(&self) -> Result<Session> {
        self.session(SqliteTransactionMode::Deferred, IsolationLevel::RepeatableRead).await
    }

    /// A transaction that writes. On SQLite it waits here for the writers before it, so that it never has to give up
    /// in the middle.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn write(&self) -> Result<Session> {
        self.session(SqliteTransactionMode::Immediate, IsolationLevel::ReadCommitted).await
    }

    /// SQLite has modes, and one isolation level; PostgreSQL has levels.
    async fn session(&self, mode: SqliteTransactionMode, level: IsolationLevel) -> Result<Session> {
        let is_sqlite = self.connection.get_database_backend() == DbBackend::Sqlite;
        let options = TransactionOptions {
            isolation_level: (!is_sqlite).then_some(level),
            sqlite_transaction_mode: is_sqlite.then_some(mode),
            ..TransactionOptions::default()
        };
        let transaction = self
            .connection
            .begin_with_options(options)
            .await
            .map_err(Error::statement("begin a transaction"))?;
        // Columns hold microseconds: what is returned after a write equals what is read later.
        let now = Timestamp::now().round(Unit::Microsecond).expect("a moment of now is far from the limits");
        Ok(Session { transaction, key: self.key.clone(), now })
    }

    /// Closes all connections; SQLite then tidies up its files.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn close(self) -> Result<()> {
        self.connection.close().await.map_err(Error::statement("close the database"))
    }
}

impl Session {
    /// The rows of one kind of resource.
    pub fn table<R: Record>(&self) -> Table<'_, R> {
        Table::new(self)
    }

    /// The moment at which the transaction began: what it writes is dated so.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Keeps what was written. When this returns, it survives the end of everything.
    ///
    /// # Errors
    /// [`Error::Statement`]; nothing was written then.
    pub async fn commit(self) -> Result<()> {
        self.transaction.commit().await.map_err(Error::statement("commit a transaction"))
    }
}

fn without_credentials(url: &str) -> String {
    match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
        Some((scheme, rest)) => format!("{scheme}://{rest}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_credentials;

    #[test]
    fn an_error_does_not_show_the_password() {
        assert_eq!(without_credentials("postgres://a:b@c@host/db"), "postgres://host/db");
        assert_eq!(without_credentials("sqlite:///var/lib/adit/adit.db"), "sqlite:///var/lib/adit/adit.db");
    }
}
