//! The VPN resources over HTTP: what they answer, and everything that they refuse.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod compatibility;
mod connection_rules;
mod contract;
mod cost;
mod crypto;
mod endpoint_group;
mod exchanges;
mod extension;
mod flavor;
mod paging;
mod peer_config;
mod policy;
mod protection;
mod request;
mod site_connection;
mod tempest;
mod visibility;
mod vpn_service;
mod world;
