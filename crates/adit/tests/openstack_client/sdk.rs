//! openstacksdk, as programs use it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::server::Server;

const VARIABLE: &str = "XTASK_OPENSTACKSDK";
/// How many answers the program compares at least: it has not ended early.
const COMPARED: usize = 250;

#[test]
fn openstacksdk_gets_what_it_asks_for() {
    let Some(python) = python() else { return };
    let server = Server::start();
    let output = run(&python, &server.clouds());
    let (said, complaints) = texts(&output);
    assert!(output.status.success(), "{said}{complaints}");
    let compared = said.split_whitespace().next().and_then(|count| count.parse().ok());
    assert!(compared >= Some(COMPARED), "{said}");
}

/// The twin: the administrator is a member only.
#[test]
fn openstacksdk_notices_what_is_wrong() {
    let Some(python) = python() else { return };
    let server = Server::start();
    let clouds = std::fs::read_to_string(server.clouds()).unwrap();
    let (head, member) = clouds.split_once("  adit:\n").expect("the member's cloud is last");
    assert!(head.starts_with("clouds:\n  adit-admin:\n"), "{head}");
    let file = server.clouds().with_file_name("wrong.yaml");
    std::fs::write(&file, format!("clouds:\n  adit:\n{member}  adit-admin:\n{member}")).unwrap();
    let output = run(&python, &file);
    let (said, complaints) = texts(&output);
    assert!(!output.status.success(), "{said}");
    assert!(complaints.contains("disallowed by policy"), "{complaints}");
}

fn python() -> Option<PathBuf> {
    let python = std::env::var_os(VARIABLE).map(PathBuf::from);
    if python.is_none() {
        eprintln!("SKIPPED: tests with openstacksdk: {VARIABLE} names no Python");
    }
    python
}

fn run(python: &Path, clouds: &Path) -> Output {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/sdk.py");
    let mut command = Command::new(python);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OS_")) {
        command.env_remove(name);
    }
    command
        .arg(program)
        .env_remove("PYTHONDONTWRITEBYTECODE")
        .env("OS_CLIENT_CONFIG_FILE", clouds)
        .output()
        .unwrap()
}

fn texts(output: &Output) -> (String, String) {
    let text = |octets| String::from_utf8_lossy(octets).into_owned();
    (text(&output.stdout), text(&output.stderr))
}
