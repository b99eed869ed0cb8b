//! Networks, subnets, ports and routers over HTTP: what they answer, and everything that they refuse.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod agent;
mod extra_routes;
mod floating_ip;
mod gateway;
mod interface;
mod journey;
mod network;
mod odd;
mod port;
mod protection;
mod quota;
mod router;
mod security_group;
mod security_group_rule;
mod subnet;
