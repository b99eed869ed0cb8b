//! Tempest, OpenStack's own tests of its services: those of networks, of VPN and of identity that apply, against the real
//! server. `tests/clients/tempest_run.py` names them, `tests/clients/tempest_skips.txt` those left out, and why.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and skips aloud")]

#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::server::Server;

const VARIABLE: &str = "XTASK_TEMPEST";
/// How many tests are run at least: what Tempest finds no longer, or leaves out itself, is missed.
const TESTS: usize = 256;

#[test]
fn what_tempest_tests() {
    let Some(python) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
        eprintln!("SKIPPED: Tempest: {VARIABLE} names no Python");
        return;
    };
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/tempest_run.py"))
        .arg(folder.path())
        .env_remove("PYTHONDONTWRITEBYTECODE")
        .env("OS_CLIENT_CONFIG_FILE", server.clouds())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let run = said.lines().last().and_then(|line| line.split_once(" tests run"));
    let run = run.and_then(|(count, _)| count.parse().ok());
    assert!(run >= Some(TESTS), "{said}");
    eprintln!("{said}");
}
