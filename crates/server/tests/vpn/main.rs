//! The VPN resources over HTTP: the journey, and everything that it can get wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
mod journey;
mod protection;
mod site_connection;
mod support;
mod updates;
mod visibility;
mod vpn_service;
