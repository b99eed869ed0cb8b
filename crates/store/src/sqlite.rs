//! Transactions on SQLite: many that read at the same time, and writers one after another.
//!
//! SQLite has one writer at a time, and what makes a commit durable takes longer than all the rest of it. So writers that
//! come while another one writes share a commit: each works in a savepoint of one transaction, and is told that it is
//! done when that transaction is on the disk. One that fails takes back its own savepoint and nothing else.
//!
//! sqlx's pool is not used here: it pings a connection before and after each use, which is a conversation with
//! another thread each time, about a connection that cannot be lost.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::{FutureExt, TryStreamExt};
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions, Connection, Executor, SqliteConnection};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, Values};
use sea_query_sqlx::SqlxValues;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

use crate::{Error, Result};

#[cfg(test)]
mod tests;

/// How many read at the same time.
const READERS: usize = 8;
/// How many writers share a commit at most: the first of them waits for the work of all others.
const MOST_TOGETHER: usize = 32;
/// How many statements a connection keeps prepared: more than the program has, but for lists of ids, which make a new
/// one for each length.
const PREPARED: usize = 256;
/// The longest statement that is kept prepared, in octets: a list of a thousand ids is ten times as long, hardly comes
/// again with the same length, and stays in memory with all that SQLite made of it.
const LONGEST_PREPARED: usize = 8 * 1024;
/// How many rows its thread reads ahead, so that a long list does not go to and fro.
const READ_AHEAD: usize = 512;

/// The connections to a file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    options: SqliteConnectOptions,
    busy: Duration,
    readers: Arc<Readers>,
    writer: Arc<Mutex<Writer>>,
    waiting: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Readers {
    permits: Arc<Semaphore>,
    /// The one that was used last comes first: what it has in memory is the newest.
    free: std::sync::Mutex<Vec<SqliteConnection>>,
}

/// The connection that writes. Whoever holds it has its turn.
#[derive(Debug, Default)]
struct Writer {
    /// `None` until it is used, and after it failed.
    connection: Option<SqliteConnection>,
    /// Those who are done but for the commit. While there is one of them, there is an open transaction, and a task that
    /// waits for a turn to commit it.
    group: Vec<oneshot::Sender<Outcome>>,
    /// Whether the last member of the group was given up: its savepoint must go before anything else is done.
    has_remains: bool,
}

/// The right to write.
type Turn = OwnedMutexGuard<Writer>;

/// Of a commit that several may share.
type Outcome = std::result::Result<(), DbErr>;

/// A transaction that is under way.
#[derive(Debug)]
pub(crate) enum Transaction {
    Read(Reading),
    Write(Writing),
}

#[derive(Debug)]
pub(crate) struct Reading {
    /// Taken by [`Drop`].
    connection: Mutex<Option<SqliteConnection>>,
    readers: Arc<Readers>,
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
pub(crate) struct Writing {
    /// Taken by whoever ends the transaction.
    writer: Mutex<Option<Turn>>,
    lock: Arc<Mutex<Writer>>,
    waiting: Arc<AtomicUsize>,
    /// Whether others before it share its transaction.
    in_group: bool,
}

impl Sqlite {
    pub(crate) fn new(options: SqliteConnectOptions, busy: Duration) -> Self {
        let options = options.statement_cache_capacity(PREPARED).row_buffer_size(READ_AHEAD);
        Self {
            options,
            busy,
            readers: Arc::new(Readers {
                permits: Arc::new(Semaphore::new(READERS)),
                free: std::sync::Mutex::default(),
            }),
            writer: Arc::default(),
            waiting: Arc::default(),
        }
    }

    /// Begins to read. All that is read is of one moment.
    pub(crate) async fn read(&self) -> Result<Reading> {
        let permit = timeout(self.busy, Arc::clone(&self.readers.permits).acquire_owned()).await;
        let Ok(Ok(permit)) = permit else { return Err(contended()) };
        let free = self.readers.free().pop();
        let mut connection = match free {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        send(&mut connection, "BEGIN");
        let connection = Mutex::new(Some(connection));
        Ok(Reading { connection, readers: Arc::clone(&self.readers), _permit: permit })
    }

    /// Begins to write, when those are done who came before.
    pub(crate) async fn write(&self) -> Result<Writing> {
        let waiting = Waiting::new(&self.waiting);
        let turn = timeout(self.busy, Arc::clone(&self.writer).lock_owned()).await;
        let mut writer = turn.map_err(|_| contended())?;
        drop(waiting);
        if self.readers.permits.is_closed() {
            return Err(begin_error(is_over()));
        }
        if writer.has_remains {
            // In a task of its own, since half of it must not be done.
            let tidying = tokio::spawn(async move {
                writer.remove_remains().await;
                writer
            });
            writer = tidying.await.map_err(|_| begin_error(is_over()))?;
        }
        if writer.connection.is_none() {
            writer.connection = Some(self.connect().await?);
        }
        // From here on the transaction is taken back unless it is committed, also when nobody waits for it any more.
        let mut writing = Writing {
            in_group: !writer.group.is_empty(),
            writer: Mutex::new(Some(writer)),
            lock: Arc::clone(&self.writer),
            waiting: Arc::clone(&self.waiting),
        };
        if let Err(error) = writing.begin().await {
            if let Some(mut writer) = writing.writer.get_mut().take() {
                // Whatever is wrong with the connection, the next writer shall not have it.
                writer.fail(&error).await;
                writer.connection = None;
            }
            return Err(begin_error(error));
        }
        Ok(writing)
    }

    /// Closes the connections that nobody uses, and the writer's when its turn comes.
    pub(crate) async fn close(&self) -> Outcome {
        self.readers.permits.close();
        let free = std::mem::take(&mut *self.readers.free());
        for connection in free {
            connection.close().await.map_err(exec_error)?;
        }
        let mut writer = self.writer.lock().await;
        writer.remove_remains().await;
        if !writer.group.is_empty() {
            // Its members are told how it went.
            let _ = writer.commit().await;
        }
        match writer.connection.take() {
            Some(connection) => connection.close().await.map_err(exec_error),
            None => Ok(()),
        }
    }

    async fn connect(&self) -> Result<SqliteConnection> {
        let connection = self.options.connect().await.map_err(query_error);
        connection.map_err(Error::statement("open another connection"))
    }
}

impl Readers {
    /// The list is whole after each statement, so a panic elsewhere does not spoil it.
    fn free(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.get_mut().take() else { return };
        if send(&mut connection, "ROLLBACK") {
            self.readers.free().push(connection);
        }
    }
}

impl Writing {
    async fn begin(&mut self) -> Outcome {
        let writer = self.writer.get_mut().as_mut().ok_or_else(is_over)?;
        match &mut writer.connection {
            Some(connection) if self.in_group => {
                send(connection, "SAVEPOINT one");
                Ok(())
            }
            // Another process may be in the way.
            Some(_) | None => writer.run("BEGIN IMMEDIATE").await,
        }
    }

    /// Makes everything durable that was written in this transaction, and in those that share its commit. Takes as long as
    /// it takes: how long to wait for it is the caller's business.
    pub(crate) async fn commit(mut self) -> Outcome {
        if !self.in_group && self.waiting.load(Ordering::Relaxed) == 0 {
            let mut turn = self.writer.lock().await;
            let outcome = turn.as_mut().ok_or_else(is_over)?.commit().await;
            if outcome.is_ok() {
                // Otherwise it is taken back.
                drop(turn.take());
            }
            return outcome;
        }
        // Others depend on what happens from now on, so it happens though nobody may wait for it any more.
        let writer = self.writer.get_mut().take().ok_or_else(is_over)?;
        let (lock, waiting, in_group) = (Arc::clone(&self.lock), Arc::clone(&self.waiting), self.in_group);
        let committing = tokio::spawn(commit_together(writer, lock, waiting, in_group));
        committing.await.unwrap_or_else(|_| Err(is_over()))
    }
}

/// Commits at once when nobody waits for a turn, and otherwise lets those have it who wait now. Whoever of the group gets
/// the next turn after them commits for all.
async fn commit_together(
    mut writer: Turn,
    lock: Arc<Mutex<Writer>>,
    waiting: Arc<AtomicUsize>,
    in_group: bool,
) -> Outcome {
    if waiting.load(Ordering::Relaxed) == 0 || writer.group.len() + 1 >= MOST_TOGETHER {
        // This ends the savepoint too.
        return writer.commit().await;
    }
    if in_group && let Err(error) = writer.run("RELEASE one").await {
        // There is no such savepoint any more: the whole transaction is gone, with what the others wrote.
        writer.fail(&error).await;
        return Err(error);
    }
    let (sender, mut told) = oneshot::channel();
    writer.group.push(sender);
    drop(writer);
    tokio::select! {
        biased;
        outcome = &mut told => return outcome.unwrap_or_else(|_| Err(is_over())),
        mut writer = lock.lock_owned() => {
            // Unless somebody of the group has just done it. Everybody in the group is told how it went, this one too.
            writer.remove_remains().await;
            if !writer.group.is_empty() {
                let _ = writer.commit().await;
            }
        }
    }
    told.await.unwrap_or_else(|_| Err(is_over()))
}

impl Drop for Writing {
    /// Takes back what was not committed.
    fn drop(&mut self) {
        let Some(writer) = self.writer.get_mut() else { return };
        if self.in_group {
            // By whoever has the next turn. It must be waited for, since all of the group fails when this does.
            writer.has_remains = true;
        } else if let Some(connection) = &mut writer.connection {
            send(connection, "ROLLBACK");
        }
    }
}

impl Writer {
    async fn run(&mut self, text: &'static str) -> Outcome {
        let connection = self.connection.as_mut().ok_or_else(is_over)?;
        sqlx::query(text).execute(connection).await.map(drop).map_err(exec_error)
    }

    /// Commits for the whole group.
    async fn commit(&mut self) -> Outcome {
        let outcome = self.run("COMMIT").await;
        match &outcome {
            Ok(()) => self.tell(&outcome),
            Err(error) => self.fail(error).await,
        }
        outcome
    }

    /// Takes back what the last member of the group did, if it was given up.
    async fn remove_remains(&mut self) {
        if !self.has_remains {
            return;
        }
        let mut outcome = self.run("ROLLBACK TO one").await;
        if outcome.is_ok() {
            outcome = self.run("RELEASE one").await;
        }
        if let Err(error) = outcome {
            self.fail(&error).await;
        }
        self.has_remains = false;
    }

    /// Takes the whole transaction back.
    async fn fail(&mut self, error: &DbErr) {
        // There may be none any more: SQLite ends it by itself when the disk fails.
        let _ = self.run("ROLLBACK").await;
        self.tell(&Err(error.clone()));
    }

    fn tell(&mut self, outcome: &Outcome) {
        for member in self.group.drain(..) {
            // Whoever is gone does not care.
            let _ = member.send(outcome.clone());
        }
    }
}

/// Sends a statement off without waiting for its end, which costs a conversation with another thread: what is sent
/// later comes after it. For what cannot fail where it is sent: a BEGIN outside of a transaction, which takes no lock yet,
/// and a SAVEPOINT or ROLLBACK within one. (Where SQLite has ended a transaction by itself, there is nothing to roll
/// back.)
///
/// Returns whether the connection is still there.
fn send(connection: &mut SqliteConnection, text: &'static str) -> bool {
    match sqlx::query(text).execute(connection).now_or_never() {
        // The first poll has put it into the queue of the connection's thread. There is room: whoever has a connection
        // waits for each statement before it sends another one, so few can be in the queue when one is given up.
        None | Some(Ok(_)) => true,
        // Nobody takes anything out of that queue any more.
        Some(Err(_)) => false,
    }
}

/// Counts those who wait for a turn.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A statement, on whatever connection a transaction has.
macro_rules! on_connection {
    ($transaction:expr, $error:expr, |$connection:ident| $work:expr) => {
        match $transaction {
            Transaction::Read(reading) => {
                let mut guard = reading.connection.lock().await;
                let $connection = guard.as_mut().ok_or_else(is_over)?;
                $work.await.map_err($error)
            }
            Transaction::Write(writing) => {
                let mut guard = writing.writer.lock().await;
                let turn = guard.as_mut().ok_or_else(is_over)?;
                let $connection = turn.connection.as_mut().ok_or_else(is_over)?;
                $work.await.map_err($error)
            }
        }
    };
}

impl Transaction {
    pub(crate) async fn commit(self) -> Outcome {
        match self {
            // There is nothing to keep.
            Self::Read(_) => Ok(()),
            Self::Write(writing) => writing.commit().await,
        }
    }

    /// Hands over each row that a statement finds, while the connection's thread looks for those that follow.
    pub(crate) async fn each(&self, statement: Statement, mut take: impl FnMut(QueryResult)) -> Outcome {
        on_connection!(self, query_error, |connection| {
            connection.fetch(query(statement)).try_for_each(|row| {
                take(QueryResult::from(row));
                std::future::ready(Ok(()))
            })
        })
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let result = on_connection!(self, exec_error, |connection| connection.execute(query(statement)));
        result.map(ExecResult::from)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let sql = AssertSqlSafe(sql.to_owned());
        on_connection!(self, exec_error, |connection| connection.execute(sql)).map(ExecResult::from)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let row = on_connection!(self, query_error, |connection| connection.fetch_optional(query(statement)));
        Ok(row?.map(QueryResult::from))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let rows = on_connection!(self, query_error, |connection| connection.fetch_all(query(statement)));
        Ok(rows?.into_iter().map(QueryResult::from).collect())
    }
}

fn query(statement: Statement) -> Query<'static, sqlx::Sqlite, SqlxValues> {
    let values = statement.values.unwrap_or_else(|| Values(Vec::new()));
    let is_kept = statement.sql.len() <= LONGEST_PREPARED;
    sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values)).persistent(is_kept)
}

fn exec_error(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
}

fn query_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}

/// Nobody uses a transaction after its end, so nobody sees this, unless the program is about to end.
fn is_over() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal("the transaction is over".to_owned()))
}

fn begin_error(error: DbErr) -> Error {
    Error::statement("begin a transaction")(error)
}

fn contended() -> Error {
    Error::Contended { doing: "begin a transaction".to_owned(), source: None }
}
