//! What can go wrong with a database.

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr, sqlx};

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database could not be opened.
    #[error("cannot open the database `{url}`")]
    Open {
        /// Where it is, without credentials.
        url: String,
        /// Why not.
        #[source]
        source: DbErr,
    },
    /// A statement failed.
    #[error("cannot {doing}")]
    Statement {
        /// As in "cannot list networks".
        doing: String,
        /// Why not.
        #[source]
        source: DbErr,
    },
    /// A row that must be unique is not: somebody else was faster.
    #[error("cannot {doing}: a row that must be unique is there already")]
    Duplicate {
        /// As in "cannot insert a port".
        doing: String,
        /// Which constraint.
        #[source]
        source: DbErr,
    },
    /// A row that others refer to was to be deleted, or a row refers to one that is gone.
    #[error("cannot {doing}: rows refer to each other")]
    Referenced {
        /// As in "cannot delete a network".
        doing: String,
        /// Which constraint.
        #[source]
        source: DbErr,
    },
    /// Another transaction and this one could not both go on, and this one was taken back as a whole. Doing it once more
    /// helps.
    #[error("cannot {doing}: another transaction was in the way")]
    Collision {
        /// As in "update a router".
        doing: String,
        /// What the database said; `None` when it was found out by looking.
        #[source]
        source: Option<DbErr>,
    },
    /// Others held what the statement needs for too long. Trying again helps, later.
    #[error("cannot {doing}: others are in the way")]
    Contended {
        /// As in "begin a transaction".
        doing: String,
        /// What the database said; `None` when it was not even asked.
        #[source]
        source: Option<DbErr>,
    },
    /// The database took longer than a statement may take; or the connection to it was lost, or took too long in coming,
    /// since the database cannot be reached or all connections were in use. Nothing was written.
    #[error("cannot {doing}: the database does not answer in time")]
    Unanswered {
        /// As in "list networks".
        doing: String,
        /// Why not.
        #[source]
        source: DbErr,
    },
    /// Nobody knows whether a transaction was kept: the database did not say, or not in time. It may still be kept.
    #[error("it is not known whether a transaction was committed")]
    OutcomeUnknown {
        /// Why there was no answer; `None` when it took too long.
        #[source]
        source: Option<DbErr>,
    },
    /// The row that was to be changed is gone.
    #[error("cannot {doing}: the row is gone")]
    Vanished {
        /// As in "cannot update a network".
        doing: String,
    },
    /// A row holds what this program never wrote.
    #[error("the {noun} `{id}` in the database has an impossible {what}")]
    Corrupt {
        /// As in "network".
        noun: &'static str,
        /// Which one.
        id: String,
        /// Which part of it.
        what: &'static str,
    },
    /// The marker of a page is not an object of the list.
    #[error("there is no object `{marker}` to continue the list after")]
    UnknownMarker {
        /// As asked for.
        marker: String,
    },
    /// Another, newer program has been here.
    #[error(
        "the database was made by a newer Adit (it has the migration `{migration}`): start that version, or restore a backup from before the upgrade"
    )]
    Newer {
        /// The first that this program does not know.
        migration: String,
    },
    /// The key file cannot be used.
    #[error("the key file `{path}` is unusable: {why}")]
    KeyFile {
        /// Which file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A secret could not be opened with the key at hand.
    #[error(
        "a secret in the database was sealed with another key: use the key file that belongs to this database"
    )]
    Sealed,
}

impl Error {
    /// For `map_err`: names what was being done, and tells constraints from other faults.
    pub(crate) fn statement(doing: impl Into<String>) -> impl FnOnce(DbErr) -> Self {
        let doing = doing.into();
        move |source| match source.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Self::Duplicate { doing, source },
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => Self::Referenced { doing, source },
            _ if is_restricted(&source) => Self::Referenced { doing, source },
            _ if has_code(&source, &COLLISIONS) => Self::Collision { doing, source: Some(source) },
            _ if is_contended(&source) => Self::Contended { doing, source: Some(source) },
            _ if is_unanswered(&source) => Self::Unanswered { doing, source },
            _ => Self::Statement { doing, source },
        }
    }

    /// For `map_err` of a commit: what the database says has not happened; that it says nothing tells nothing.
    pub(crate) fn commit(source: DbErr) -> Self {
        match code(&source) {
            Some(code) if !is_lost(&code) => Self::statement("commit a transaction")(source),
            Some(_) | None => Self::OutcomeUnknown { source: Some(source) },
        }
    }

    /// Whether the same once more may well succeed, or be refused for a reason that can be told: somebody else was at it
    /// at the same moment.
    pub fn is_collision(&self) -> bool {
        match self {
            Self::Collision { .. }
            | Self::Duplicate { .. }
            | Self::Referenced { .. }
            | Self::Vanished { .. } => true,
            Self::Open { .. }
            | Self::Statement { .. }
            | Self::Contended { .. }
            | Self::Unanswered { .. }
            | Self::OutcomeUnknown { .. }
            | Self::Corrupt { .. }
            | Self::UnknownMarker { .. }
            | Self::Newer { .. }
            | Self::KeyFile { .. }
            | Self::Sealed => false,
        }
    }
}

/// PostgreSQL's serialization_failure and deadlock_detected.
const COLLISIONS: [&str; 2] = ["40001", "40P01"];

/// Whether an `ON DELETE RESTRICT` stood in the way. It has codes of its own, which sea-orm does not know: SQLite does
/// it by a trigger (SQLITE_CONSTRAINT_TRIGGER), and PostgreSQL from version 18 on says restrict_violation.
fn is_restricted(error: &DbErr) -> bool {
    has_code(error, &["1811", "23001"])
}

/// Whether others were in the way for too long: SQLITE_BUSY and its kinds; PostgreSQL's lock_not_available.
fn is_contended(error: &DbErr) -> bool {
    has_code(error, &["5", "261", "517", "55P03"])
}

/// PostgreSQL's query_canceled and idle_in_transaction_session_timeout: whatever the transaction did is taken back then.
const TOO_LATE: [&str; 2] = ["57014", "25P03"];

/// Whether the database gave no answer: PostgreSQL would not wait any longer, the connection was lost, or there was none in
/// time. A PostgreSQL that is down looks like one whose connections are all in use: both are waited for.
fn is_unanswered(error: &DbErr) -> bool {
    let is_broken = if let DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error)) = error
    {
        matches!(error.as_ref(), sqlx::Error::Io(_))
    } else {
        matches!(
            error,
            DbErr::Conn(RuntimeErr::SqlxError(_)) | DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
        )
    };
    is_broken || has_code(error, &TOO_LATE) || code(error).is_some_and(|code| is_lost(&code))
}

/// PostgreSQL's errors of the connection, and of a server that is going down.
fn is_lost(code: &str) -> bool {
    code.starts_with("08") || code.starts_with("57P")
}

fn has_code(error: &DbErr, codes: &[&str]) -> bool {
    code(error).is_some_and(|code| codes.contains(&code.as_str()))
}

fn code(error: &DbErr) -> Option<String> {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    error.as_database_error()?.code().map(Into::into)
}
