//! Who shares whose fate, seen from the statements' side: a table of numbers, and writers in an order that is not left
//! to chance.

use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::FutureExt;
use sea_orm::sqlx::Connection;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::{LONGEST_PREPARED, MOST_TOGETHER, Outcome, Reading, Sqlite, Transaction};

/// A database with a table `numbers`, and one whose rows must name one of them when a transaction ends.
struct File {
    sqlite: Sqlite,
    _dir: TempDir,
}

impl File {
    async fn make() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(dir.path().join("numbers.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true);
        let file = Self { sqlite: Sqlite::new(options, Duration::from_secs(10)), _dir: dir };
        let writing = file.write().await;
        writing.execute_unprepared("CREATE TABLE numbers (number INTEGER PRIMARY KEY)").await.unwrap();
        let references = "number INTEGER REFERENCES numbers DEFERRABLE INITIALLY DEFERRED";
        writing.execute_unprepared(&format!("CREATE TABLE mentions ({references})")).await.unwrap();
        writing.commit().await.unwrap();
        file
    }

    async fn write(&self) -> Transaction {
        Transaction::Write(self.sqlite.write().await.unwrap())
    }

    /// What is committed.
    async fn numbers(&self) -> Vec<i64> {
        let reading = Transaction::Read(self.sqlite.read().await.unwrap());
        numbers(&reading).await
    }

    /// Joins the queue of those who want to write.
    fn queue(&self) -> Queued<'_> {
        let mut queued: Queued<'_> =
            Box::pin(async { Transaction::Write(self.sqlite.write().await.unwrap()) });
        assert!((&mut queued).now_or_never().is_none(), "one turn at a time");
        queued
    }

    /// One who wrote `number` and waits for the commit that it shares with those who were in the queue at that moment:
    /// the first of them, who has its turn now, and so many more.
    async fn group<const MORE: usize>(
        &self,
        number: i64,
    ) -> (JoinHandle<Outcome>, Transaction, [Queued<'_>; MORE]) {
        let first = self.write().await;
        insert(&first, number).await.unwrap();
        let second = self.queue();
        let more = std::array::from_fn(|_| self.queue());
        let commit = tokio::spawn(first.commit());
        let second = second.await;
        assert!(!commit.is_finished(), "there is another one to share the commit with");
        (commit, second, more)
    }
}

/// A writer before its turn.
type Queued<'a> = Pin<Box<dyn Future<Output = Transaction> + 'a>>;

async fn insert(transaction: &Transaction, number: i64) -> Result<(), DbErr> {
    let sql = "INSERT INTO numbers VALUES ($1)";
    let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, [number.into()]);
    transaction.execute_raw(statement).await.map(drop)
}

async fn numbers(transaction: &Transaction) -> Vec<i64> {
    let statement =
        Statement::from_string(DbBackend::Sqlite, "SELECT number FROM numbers ORDER BY number".to_owned());
    let rows = transaction.query_all_raw(statement).await.unwrap();
    rows.into_iter().map(|row| row.try_get("", "number").unwrap()).collect()
}

#[tokio::test]
async fn a_lone_writer_waits_for_nobody() {
    let file = File::make().await;
    for number in 0..3 {
        let writing = file.write().await;
        insert(&writing, number).await.unwrap();
        assert!(file.numbers().await.iter().all(|seen| *seen < number), "not before the commit");
        writing.commit().await.unwrap();
        assert!(file.numbers().await.contains(&number), "and at once after it");
    }
}

#[tokio::test]
async fn members_of_a_group_are_done_together() {
    let file = File::make().await;
    let (first_commit, second, [third, fourth]) = file.group(1).await;
    assert_eq!(numbers(&second).await, [1], "a writer sees what those before it wrote");
    assert!(file.numbers().await.is_empty(), "a reader does not, before it is durable");
    insert(&second, 2).await.unwrap();
    let second_commit = tokio::spawn(second.commit());
    let third = third.await;
    assert_eq!(numbers(&third).await, [1, 2]);
    insert(&third, 3).await.unwrap();
    assert!(file.numbers().await.is_empty());
    assert!(!first_commit.is_finished() && !second_commit.is_finished());
    drop(fourth);
    third.commit().await.unwrap();
    assert_eq!(file.numbers().await, [1, 2, 3]);
    first_commit.await.unwrap().unwrap();
    second_commit.await.unwrap().unwrap();
}

#[tokio::test]
async fn who_comes_later_is_in_the_next_group() {
    let file = File::make().await;
    let (first_commit, second, []) = file.group(1).await;
    insert(&second, 2).await.unwrap();
    let third = file.queue();
    let second_commit = tokio::spawn(second.commit());
    let third = third.await;
    assert_eq!(file.numbers().await, [1, 2], "the first does not wait for the third");
    first_commit.await.unwrap().unwrap();
    second_commit.await.unwrap().unwrap();
    drop(third);
}

#[tokio::test]
async fn who_is_given_up_takes_nothing_of_others_along() {
    let file = File::make().await;
    let (first_commit, second, []) = file.group(1).await;
    insert(&second, 2).await.unwrap();
    insert(&second, 2).await.unwrap_err();
    drop(second);
    // Nobody else writes, and still the first is done.
    first_commit.await.unwrap().unwrap();
    assert_eq!(file.numbers().await, [1]);

    // Or others do, before and after the one that is given up.
    let (first_commit, second, [third, fourth]) = file.group(3).await;
    insert(&second, 4).await.unwrap();
    let second_commit = tokio::spawn(second.commit());
    let third = third.await;
    insert(&third, 5).await.unwrap();
    drop(third);
    let fourth = fourth.await;
    assert_eq!(numbers(&fourth).await, [1, 3, 4]);
    insert(&fourth, 6).await.unwrap();
    fourth.commit().await.unwrap();
    first_commit.await.unwrap().unwrap();
    second_commit.await.unwrap().unwrap();
    assert_eq!(file.numbers().await, [1, 3, 4, 6]);
}

#[tokio::test]
async fn a_writer_may_vanish_at_any_moment() {
    let file = File::make().await;
    // While it waits for its turn, and while a statement of it is under way.
    let (first_commit, second, [third]) = file.group(1).await;
    drop(third);
    let _ = insert(&second, 2).now_or_never();
    drop(second);
    first_commit.await.unwrap().unwrap();
    assert_eq!(file.numbers().await, [1]);

    // While it commits alone: then all of it is there, or nothing.
    let writing = file.write().await;
    insert(&writing, 3).await.unwrap();
    insert(&writing, 4).await.unwrap();
    let _ = writing.commit().now_or_never();
    let kept = numbers(&file.write().await).await;
    assert!(kept == [1] || kept == [1, 3, 4], "{kept:?}");

    // While it begins, and has to take back first what one before it left.
    let (first_commit, second, [mut third]) = file.group(5).await;
    insert(&second, 6).await.unwrap();
    drop(second);
    assert!((&mut third).now_or_never().is_none());
    drop(third);
    first_commit.await.unwrap().unwrap();
    assert_eq!(file.numbers().await, [kept, vec![5]].concat());
}

#[tokio::test]
async fn who_stops_waiting_for_a_shared_commit_is_committed_all_the_same() {
    let file = File::make().await;
    let first = file.write().await;
    insert(&first, 1).await.unwrap();
    let second = file.queue();
    let mut commit = Box::pin(first.commit());
    assert!((&mut commit).now_or_never().is_none());
    let second = second.await;
    drop(commit);
    insert(&second, 2).await.unwrap();
    drop(second);
    // The next turn comes after that of the first, who is gone.
    drop(file.write().await);
    assert_eq!(file.numbers().await, [1]);
}

#[tokio::test]
async fn a_commit_that_fails_fails_for_all_of_the_group() {
    let file = File::make().await;
    let (first_commit, second, [third]) = file.group(1).await;
    second.execute_unprepared("INSERT INTO mentions VALUES (7)").await.unwrap();
    let second_commit = tokio::spawn(second.commit());
    let third = third.await;
    insert(&third, 3).await.unwrap();
    let reason = third.commit().await.unwrap_err().to_string();
    assert!(reason.contains("FOREIGN KEY"), "{reason}");
    for commit in [first_commit, second_commit] {
        assert_eq!(commit.await.unwrap().unwrap_err().to_string(), reason);
    }
    assert!(file.numbers().await.is_empty());
    writes_on(&file).await;
}

#[tokio::test]
async fn a_transaction_that_the_database_ends_by_itself_fails_for_all_of_the_group() {
    // As it does when the disk is full.
    const END: &str = "INSERT OR ROLLBACK INTO numbers VALUES (1)";
    let file = File::make().await;
    for (commits_nevertheless, others_wait) in [(false, false), (false, true), (true, false), (true, true)] {
        let case = (commits_nevertheless, others_wait);
        let (first_commit, second, [third]) = file.group(1).await;
        second.execute_unprepared(END).await.unwrap_err();
        // One that is not asked for leaves the queue.
        let third = Some(third).filter(|_| others_wait);
        if commits_nevertheless {
            second.commit().await.unwrap_err();
        } else {
            drop(second);
        }
        if let Some(third) = third {
            let third = third.await;
            assert!(numbers(&third).await.is_empty(), "{case:?}");
        }
        first_commit.await.unwrap().unwrap_err();
        assert!(file.numbers().await.is_empty(), "{case:?}");
    }
    writes_on(&file).await;
}

#[tokio::test]
async fn a_group_is_bounded() {
    let file = File::make().await;
    let (first_commit, mut turn, queue) = file.group::<MOST_TOGETHER>(0).await;
    let mut commits = vec![first_commit];
    for (number, next) in (1..).zip(queue) {
        assert!(file.numbers().await.is_empty() || commits.len() >= MOST_TOGETHER);
        insert(&turn, number).await.unwrap();
        commits.push(tokio::spawn(turn.commit()));
        turn = next.await;
    }
    assert_eq!(file.numbers().await.len(), MOST_TOGETHER);
    drop(turn);
    for commit in commits {
        commit.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_reader_sees_one_moment_and_gives_its_connection_back() {
    let file = File::make().await;
    let reading = Transaction::Read(file.sqlite.read().await.unwrap());
    assert!(numbers(&reading).await.is_empty());
    let writing = file.write().await;
    insert(&writing, 1).await.unwrap();
    writing.commit().await.unwrap();
    assert!(numbers(&reading).await.is_empty(), "the moment of its first look");
    drop(reading);
    for _ in 0..20 {
        // One that stops in the middle.
        let reading = Transaction::Read(file.sqlite.read().await.unwrap());
        let _ = numbers(&reading).now_or_never();
    }
    assert_eq!(file.numbers().await, [1]);
    assert_eq!(file.sqlite.readers.free().len(), 1, "all used the same connection");
}

#[tokio::test]
async fn long_statements_are_not_kept_prepared() {
    let file = File::make().await;
    let long = |number: usize| {
        let ids = vec![number.to_string(); LONGEST_PREPARED / 2].join(", ");
        format!("SELECT number FROM numbers WHERE number IN ({ids})")
    };
    assert!(file.numbers().await.is_empty());
    let reading = Transaction::Read(file.sqlite.read().await.unwrap());
    // The statement of `numbers`, BEGIN and ROLLBACK.
    let others = 3;
    for (sql, kept) in [
        (long(1), 0),
        (long(22), 0),
        ("SELECT number FROM numbers WHERE number IN (1)".to_owned(), 1),
        ("SELECT number FROM numbers WHERE number IN (1, 2)".to_owned(), 2),
        (long(333), 2),
    ] {
        let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql.as_str(), []);
        assert!(reading.query_all_raw(statement).await.unwrap().is_empty());
        // Counted when the next one begins.
        numbers(&reading).await;
        let Transaction::Read(Reading { connection, .. }) = &reading else { panic!("it reads") };
        let size = connection.lock().await.as_ref().unwrap().cached_statements_size();
        assert_eq!(size, kept + others, "{} octets", sql.len());
    }
}

#[tokio::test]
async fn a_closed_file_is_neither_read_nor_written() {
    let file = File::make().await;
    let (first_commit, second, [third]) = file.group(1).await;
    insert(&second, 2).await.unwrap();
    drop(third);
    let mut close = pin!(file.sqlite.close());
    assert!(close.as_mut().now_or_never().is_none());
    drop(second);
    close.await.unwrap();
    first_commit.await.unwrap().unwrap();
    file.sqlite.read().await.unwrap_err();
    file.sqlite.write().await.unwrap_err();
}

/// Asserts that nothing of a failure is left.
async fn writes_on(file: &File) {
    let (first_commit, second, []) = file.group(8).await;
    insert(&second, 9).await.unwrap();
    second.commit().await.unwrap();
    first_commit.await.unwrap().unwrap();
    assert_eq!(file.numbers().await, [8, 9]);
}
