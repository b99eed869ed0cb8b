//! Our gateway and peers that are not Adit, configured by hand: strongSwan by `ipsec.conf` and by `swanctl.conf`, and
//! Libreswan.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and skips aloud")]

#[path = "../common/capture.rs"]
#[expect(dead_code, reason = "what arrives is looked at where routers are")]
mod capture;
mod ipsec_conf;
mod libreswan;
mod peer;
mod peer_config;
#[path = "../common/remains.rs"]
mod remains;
#[expect(dead_code, reason = "other suites have use for the rest")]
#[path = "../common/sites.rs"]
mod sites;
mod swanctl;
mod traffic;
mod trial;
