//! Programs from PyPI - the OpenStack clients that the tests speak to the server with, and tools -, each in a Python
//! environment of its own with the versions of everything it needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context, Result};

use crate::tool;

/// Prints nothing, and fails on a Python that is too old for the clients or cannot make environments.
const CHECK: &str = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))";
/// Within an environment: the requirements that it was made from.
const MADE_FROM: &str = "made-from.txt";

/// The folder with the programs that a requirements file of this repository asks for. An environment that was made from
/// the same requirements is used again.
pub(crate) fn environment(requirements: &str) -> Result<PathBuf> {
    let requirements = tool::root().join(requirements);
    let wanted = fs::read_to_string(&requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let name = requirements.file_stem().context("requirements are a file")?;
    let dir = tool::target_dir()?.join("python").join(name);
    let made_from = dir.join(MADE_FROM);
    if fs::read_to_string(&made_from).is_ok_and(|made| made == wanted) {
        return Ok(dir.join("bin"));
    }
    eprintln!("Making a Python environment from {}", requirements.display());
    make(&dir, &requirements)?;
    fs::write(&made_from, wanted).with_context(|| format!("cannot write {}", made_from.display()))?;
    Ok(dir.join("bin"))
}

/// The requirements name everything, dependencies too, so nothing is looked up; and nothing is compiled but what is then
/// imported. Both save most of the time.
fn make(dir: &Path, requirements: &Path) -> Result<()> {
    let pip = pip()?;
    tool::run(python()?.args(["-m", "venv", "--clear", "--without-pip"]).arg(dir))?;
    tool::run(
        Command::new(pip)
            .args(["-m", "pip", "--python"])
            .arg(dir.join("bin/python"))
            .args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"])
            .arg("--requirement")
            .arg(requirements),
    )
}

/// The Python of an environment with nothing but pip, which fills all others: each would take seconds to get its own.
fn pip() -> Result<PathBuf> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let dir = tool::target_dir()?.join("python/pip");
    let program = dir.join("bin/python");
    let works = ["-m", "pip", "--version"];
    if tool::output(Command::new(&program).args(works)).is_none() {
        tool::run(python()?.args(["-m", "venv", "--clear"]).arg(&dir))?;
    }
    Ok(program)
}

/// The distribution's own Python first: others come and go.
fn python() -> Result<Command> {
    let candidates = ["/usr/bin/python3", "python3", "python3.13", "python3.12", "python3.11"];
    let usable = |program: &&str| tool::output(Command::new(program).args(["-c", CHECK])).is_some();
    let program = candidates.into_iter().find(usable).context(
        "no Python of version 3.11 or newer that can make environments: install it with its package `python3-venv`",
    )?;
    Ok(Command::new(program))
}
