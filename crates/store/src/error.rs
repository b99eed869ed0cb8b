//! What can go wrong with a database.

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr};

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
    /// Others held what the statement needs for too long, or it and another waited for each other. Trying again helps.
    #[error("cannot {doing}: others are in the way")]
    Contended {
        /// As in "begin a transaction".
        doing: String,
        /// What the database said; `None` when it was not even asked.
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
            _ if is_contended(&source) => Self::Contended { doing, source: Some(source) },
            _ => Self::Statement { doing, source },
        }
    }
}

/// Whether an `ON DELETE RESTRICT` stood in the way. It has codes of its own, which sea-orm does not know: SQLite does
/// it by a trigger (SQLITE_CONSTRAINT_TRIGGER), and PostgreSQL from version 18 on says restrict_violation.
fn is_restricted(error: &DbErr) -> bool {
    matches!(code(error).as_deref(), Some("1811" | "23001"))
}

/// Whether another transaction was in the way: SQLITE_BUSY and its kinds; PostgreSQL's serialization_failure,
/// deadlock_detected and lock_not_available; or no connection was free in time.
fn is_contended(error: &DbErr) -> bool {
    matches!(error, DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))
        || matches!(code(error).as_deref(), Some("5" | "261" | "517" | "40001" | "40P01" | "55P03"))
}

fn code(error: &DbErr) -> Option<String> {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    error.as_database_error()?.code().map(Into::into)
}
