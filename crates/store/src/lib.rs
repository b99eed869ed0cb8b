//! The database: one implementation over SQLite and PostgreSQL.
//!
//! [`Store::connect`] opens it, [`Store::migrate`] brings it to the newest schema. All reading and writing goes through
//! a [`Session`]: one transaction, with one point in time, that keeps what it wrote only when it is committed.
//! `session.table::<IkePolicy>()` finds, lists, inserts, updates and deletes any resource; queries that only one
//! resource needs stand beside its [`Record`]. [`changes`] is the log that wakes agents: a session that touches a router
//! appends to it in the same transaction.
//!
//! The store decides nothing: permissions and rules belong to whoever calls it. Entities never leave this crate.

#![expect(
    unreachable_pub,
    reason = "sea-orm derives want the parts of an entity to be public within their module"
)]

mod applied;
pub mod changes;
mod checks;
mod error;
mod history;
mod listing;
mod lock;
mod migration;
mod quotas;
mod record;
mod report_order;
mod sealed;
mod session;
mod sqlite;
mod table;
mod tags;
mod transaction;

pub use applied::Applied;
pub use checks::{CHECKS_KEPT, Check};
pub use error::Error;
pub use history::StatusChange;
pub use listing::{Filter, Listing, Page};
pub use quotas::Limits;
pub use record::agent::Agent;
pub use record::application_credential::ApplicationCredential;
pub use record::role_assignment::RoleAssignmentFilter;
pub use record::token::{Token, TokenDigest};
pub use record::{Record, Stored};
pub use report_order::Turn;
pub use sealed::SealingKey;
pub use session::{Session, Store};
pub use table::Table;

/// Result of anything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
