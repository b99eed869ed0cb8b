//! Schemathesis reads `/openapi.json` and sends a running server what it allows, and what it does not, for a while. No
//! answer may be a failure of the server's, and every answer has the form that is described.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and skips aloud")]

#[path = "../support/mod.rs"]
mod support;

use std::process::Command;

use support::server::Server;

/// Sends what is described under the tags for so many seconds, as the user of a cloud.
fn fuzz(cloud: &str, seconds: u32, tags: &[&str]) {
    let Ok(python) = std::env::var("XTASK_SCHEMATHESIS") else {
        eprintln!("SKIPPED: schemathesis, whose Python environment `cargo xtask test` makes");
        return;
    };
    let server = Server::start();
    let scratch = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients/fuzz.py");
    let output = Command::new("timeout")
        .arg((seconds * 4 + 60).to_string())
        .args([&python, script])
        .arg(server.clouds())
        .args([cloud, &seconds.to_string()])
        .args(tags)
        .current_dir(scratch.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{failed}");
    assert!(said.contains("No issues found"), "{said}\n{failed}");
}

#[test]
fn the_administrator_finds_no_failure_in_networking() {
    fuzz("adit-admin", 40, &["Networking"]);
}

/// Not by the administrator, who could take away its own rights.
#[test]
fn a_member_finds_no_failure_in_the_other_apis() {
    fuzz("adit", 20, &["Identity", "Agent"]);
}
