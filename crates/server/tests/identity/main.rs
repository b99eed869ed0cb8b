//! The Identity API over HTTP: what it answers, and everything that it refuses.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access_rule;
mod application_credential;
mod assignment;
mod authentication;
mod bootstrap;
mod catalog;
#[path = "../common/mod.rs"]
mod common;
mod discovery;
mod domain;
mod endpoint;
mod permission;
mod project;
mod region;
mod requests;
mod role;
mod scope;
mod secrecy;
mod service;
mod support;
mod throttle;
mod token;
mod user;
