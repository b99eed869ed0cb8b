//! Opening the database, and transactions on it.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{Timestamp, Unit};
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, IsolationLevel,
    SqlxPostgresConnector, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use tokio::time::timeout;
use tracing::Instrument;

use crate::changes::Pending;
use crate::migration::Migrator;
use crate::sqlite::{self, Sqlite};
use crate::transaction::Transaction;
use crate::{Error, Record, Result, SealingKey, Table};

/// An open database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    connection: DatabaseConnection,
    /// Where sessions come from on SQLite; elsewhere from `connection`.
    sqlite: Option<Arc<Sqlite>>,
    key: SealingKey,
}

/// One transaction, at one point in time. What it wrote is kept only by [`Session::commit`].
#[derive(Debug)]
pub struct Session {
    pub(crate) transaction: Transaction,
    pub(crate) key: SealingKey,
    pub(crate) now: Timestamp,
    pending: Mutex<Pending>,
}

/// How long a transaction waits for others: for its turn, for a connection, for another writer of the same SQLite file.
const BUSY: Duration = Duration::from_secs(10);
/// How long whoever asks for a commit waits for it.
const COMMIT: Duration = Duration::from_secs(10);
/// What PostgreSQL does not wait for any longer: a lock that others hold, the end of a statement, and the next statement of
/// a transaction whose server has vanished without a word. A URL can say otherwise (`?options=-c lock_timeout=1s`).
const LIMITS: [(&str, &str); 3] =
    [("lock_timeout", "5s"), ("statement_timeout", "30s"), ("idle_in_transaction_session_timeout", "60s")];

impl Store {
    /// Opens `url`: `sqlite:///var/lib/adit/adit.db` or `postgres://user:password@host/database`. A SQLite file is
    /// made when there is none.
    ///
    /// # Errors
    /// [`Error::Open`].
    pub async fn connect(url: &str, key: SealingKey) -> Result<Self> {
        let mut options = ConnectOptions::new(url);
        options.sqlx_logging(false).connect_timeout(BUSY).acquire_timeout(BUSY).max_connections(8);
        options.map_sqlx_sqlite_opts(sqlite_options).map_sqlx_postgres_opts(postgres_options);
        let open = |source| Error::Open { url: without_credentials(url), source };
        let connection = Database::connect(options).await.map_err(open)?;
        let is_sqlite = connection.get_database_backend() == DbBackend::Sqlite;
        let sqlite = is_sqlite.then(|| {
            let options = connection.get_sqlite_connection_pool().connect_options();
            Arc::new(Sqlite::new((*options).clone(), BUSY))
        });
        Ok(Self { connection, sqlite, key })
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
        let doing = Error::statement("migrate the database");
        if self.sqlite.is_some() {
            return Migrator::up(&self.connection, None).await.map_err(doing);
        }
        // A step may take longer than a request may.
        let options = self.connection.get_postgres_connection_pool().connect_options();
        let options = PgConnectOptions::clone(&options).options(LIMITS.map(|(name, _)| (name, "0")));
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(BUSY).connect_lazy_with(options);
        let patient = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
        Migrator::up(&patient, None).await.map_err(doing)?;
        patient.close().await.map_err(Error::statement("close a connection"))
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
    /// [`Error::Contended`], [`Error::Statement`].
    pub async fn read(&self) -> Result<Session> {
        let transaction = match &self.sqlite {
            Some(sqlite) => Transaction::Sqlite(sqlite::Transaction::Read(sqlite.read().await?)),
            None => self.begin(IsolationLevel::RepeatableRead).await?,
        };
        Ok(self.session(transaction))
    }

    /// A transaction that writes. On SQLite it waits here for the writers before it, so that it never has to give up
    /// in the middle.
    ///
    /// # Errors
    /// [`Error::Contended`], [`Error::Statement`].
    pub async fn write(&self) -> Result<Session> {
        let transaction = match &self.sqlite {
            Some(sqlite) => Transaction::Sqlite(sqlite::Transaction::Write(sqlite.write().await?)),
            None => self.begin(IsolationLevel::ReadCommitted).await?,
        };
        Ok(self.session(transaction))
    }

    async fn begin(&self, level: IsolationLevel) -> Result<Transaction> {
        let options = TransactionOptions { isolation_level: Some(level), ..TransactionOptions::default() };
        let begun = self.connection.begin_with_options(options).await;
        begun.map(Transaction::Postgres).map_err(Error::statement("begin a transaction"))
    }

    fn session(&self, transaction: Transaction) -> Session {
        // Columns hold microseconds: what is returned after a write equals what is read later.
        let now = Timestamp::now().round(Unit::Microsecond).expect("a moment of now is far from the limits");
        Session { transaction, key: self.key.clone(), now, pending: Mutex::default() }
    }

    /// Closes all connections; SQLite then tidies up its files.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn close(self) -> Result<()> {
        let doing = || Error::statement("close the database");
        if let Some(sqlite) = &self.sqlite {
            sqlite.close().await.map_err(doing())?;
        }
        self.connection.close().await.map_err(doing())
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

    /// Whether nobody else writes until this session ends, as on SQLite. Then there is nothing to lock, and what was read
    /// once need not be read again.
    pub fn writes_alone(&self) -> bool {
        matches!(self.transaction, Transaction::Sqlite(_))
    }

    /// Waits until no other session has locked this name, and locks it until this one ends: for what is no row, or must be
    /// locked while others write to its row. Costs nothing where there is nothing to lock.
    ///
    /// # Errors
    /// [`Error::Collision`], [`Error::Contended`], [`Error::Statement`].
    pub async fn lock_name(&self, kind: &str, name: impl fmt::Display) -> Result<()> {
        if self.writes_alone() {
            return Ok(());
        }
        let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
        let values = [format!("{kind} {name}").into()];
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
        let doing = Error::statement(format!("lock a {kind}"));
        self.transaction.execute_raw(statement).await.map_err(doing)?;
        Ok(())
    }

    /// Keeps what was written. When this returns, it survives the end of everything.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it may have been written or not; with all others, nothing was.
    pub async fn commit(self) -> Result<()> {
        self.commit_then(|| ()).await
    }

    /// As [`Self::commit`], and calls `then` as soon as it is known how that went. A commit that was begun is brought to
    /// its end and followed by `then`, also when nobody waits for it any more.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub async fn commit_then(self, then: impl FnOnce() + Send + 'static) -> Result<()> {
        let committing = async move {
            let outcome = self.finish().await;
            then();
            outcome
        };
        match timeout(COMMIT, tokio::spawn(committing.in_current_span())).await {
            Ok(Ok(outcome)) => outcome,
            // The runtime ends; or it may still come to a good end, but every wait has a limit.
            Ok(Err(_)) | Err(_) => Err(Error::OutcomeUnknown { source: None }),
        }
    }

    async fn finish(self) -> Result<()> {
        self.append_changes().await?;
        self.transaction.commit().await.map_err(Error::commit)
    }

    /// It is whole after each statement, so a panic elsewhere does not spoil it.
    pub(crate) fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn postgres_options(options: PgConnectOptions) -> PgConnectOptions {
    let given = settings_in(options.get_options().unwrap_or_default());
    options.options(LIMITS.into_iter().filter(|(name, _)| !given.iter().any(|given| given == name)))
}

/// Names of the settings in a URL's `options`, which are a command line: `-c name=value`, `-cname=value` or
/// `--name=value`, in any case, and with `-` for `_`.
fn settings_in(options: &str) -> Vec<String> {
    let name = |word: &str| {
        let word = word.strip_prefix("--").or_else(|| word.strip_prefix("-c")).unwrap_or(word);
        word.split_once('=').map(|(name, _)| name.to_ascii_lowercase().replace('-', "_"))
    };
    options.split_ascii_whitespace().filter_map(name).collect()
}

fn sqlite_options(options: SqliteConnectOptions) -> SqliteConnectOptions {
    // FULL makes an acknowledged write survive a power cut too, not only the end of this process.
    options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
}

fn without_credentials(url: &str) -> String {
    match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
        Some((scheme, rest)) => format!("{scheme}://{rest}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sea_orm::sqlx::postgres::PgConnectOptions;

    use super::{Store, postgres_options, settings_in, without_credentials};
    use crate::SealingKey;

    #[tokio::test]
    async fn writers_that_wait_leave_room_for_readers_and_come_in_their_order() {
        let dir = tempfile::tempdir().unwrap();
        let url = Store::sqlite_url(&dir.path().join("adit.db"));
        let store = Store::connect(&url, SealingKey::generate()).await.unwrap();
        let first = store.write().await.unwrap();
        let (sender, mut order) = tokio::sync::mpsc::unbounded_channel();
        let mut waiting = tokio::task::JoinSet::new();
        for number in 0..20 {
            let (store, sender) = (store.clone(), sender.clone());
            waiting.spawn(async move {
                let session = store.write().await.unwrap();
                sender.send(number).unwrap();
                session.commit().await.unwrap();
            });
        }
        drop(sender);
        tokio::task::yield_now().await;
        tokio::time::timeout(Duration::from_secs(5), store.read()).await.unwrap().unwrap();
        first.commit().await.unwrap();
        for number in 0..20 {
            assert_eq!(order.recv().await, Some(number));
        }
        waiting.join_all().await;
    }

    #[test]
    fn a_url_says_otherwise_by_whole_names() {
        for (options, want) in [
            ("", vec![]),
            ("-c lock_timeout=1s", vec!["lock_timeout"]),
            ("-cdeadlock_timeout=20ms --Statement-Timeout=2s", vec!["deadlock_timeout", "statement_timeout"]),
            ("-c search_path=lock_timeout -c lock_timeout=5s", vec!["search_path", "lock_timeout"]),
        ] {
            assert_eq!(settings_in(options), want, "{options}");
        }
        let options = PgConnectOptions::new_without_pgpass().options([("deadlock_timeout", "20ms")]);
        let options = postgres_options(options).get_options().unwrap().to_owned();
        assert!(options.contains("-c lock_timeout=5s"), "{options}");
    }

    #[test]
    fn an_error_does_not_show_the_password() {
        assert_eq!(without_credentials("postgres://a:b@c@host/db"), "postgres://host/db");
        assert_eq!(without_credentials("sqlite:///var/lib/adit/adit.db"), "sqlite:///var/lib/adit/adit.db");
    }
}
