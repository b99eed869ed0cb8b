//! What holds for everything that the APIs have, read off `/openapi.json`: so that nothing is forgotten that is added
//! later.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod answers;
mod anything;
mod authorisation;
mod database;
mod description;
mod world;
