//! The REST API's contract.
pub mod agent;
