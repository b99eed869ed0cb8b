//! The REST API's contract: what clients send, what they get back, and what goes wrong on the way.
//!
//! Each resource of the Networking API is declared once, as a [`Schema`]: a table of its attributes
//! with type, default and who may do what. Bodies, filters, sorting and answers are all read off that table, by
//! [`body`], [`query`] and [`view`]; the typed requests and answers beside each table are what the server works with.
//! [`error::ApiError`] is the one list of everything that an answer may refuse. [`agent`] is the other protocol: what
//! agents and servers say to each other.
//!
//! Nothing here does I/O, but for `client` and `transport` behind the feature `client`.

pub mod agent;
pub mod attribute;
pub mod body;
#[cfg(feature = "client")]
pub mod client;
pub mod error;
pub mod extension;
pub mod identity;
pub mod network;
pub mod python;
pub mod query;
pub mod shape;
#[cfg(feature = "client")]
pub mod transport;
pub mod view;
pub mod vpn;

pub use attribute::Schema;
pub use error::ApiError;
