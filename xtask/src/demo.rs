//! `cargo xtask demo`.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::{apparmor, packages, tool};

/// Becomes `adit demo`; returns only when that fails.
pub(crate) fn run(arguments: &[OsString]) -> Result<ExitCode> {
    packages::install(&[packages::FOR_DEMO])?;
    apparmor::admit()?;
    tool::run(tool::cargo().args(["build", "--release", "--locked", "--package", "adit"]))?;
    let adit = tool::target_dir()?.join("release/adit");
    let Some(mut demo) = tool::as_root(&adit.to_string_lossy()) else {
        bail!("network namespaces need root: run this as root, or install sudo");
    };
    Err(demo.arg("demo").args(arguments).exec()).with_context(|| format!("cannot run {}", adit.display()))
}
