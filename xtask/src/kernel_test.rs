//! `cargo xtask kernel-test`: the tunnels' tests with IPsec in the kernel, which the kernel of the machine at hand may
//! not have, nor let us load. User Mode Linux is a kernel as an ordinary program: it sees the files of this machine, and
//! what it writes is gone when it ends.

mod guest;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use crate::test::{Skips, pass_on};
use crate::{packages, tool};
use guest::Guest;

/// The test programs that look at what carries the packets, by name and source.
const SUITES: [(&str, &str); 1] = [("vpn", "crates/agent/tests/vpn/main.rs")];
/// What stands around the output of the tests in all that the guest prints.
const BEGIN: &str = "adit: the programs begin";
const END: &str = "adit: the programs have ended";
/// So many tests at once: they wait more than they compute, and the guest has one processor.
const TESTS_AT_ONCE: u32 = 4;

/// Runs those of the tests whose names contain one of the filters, or all.
pub(crate) fn run(filters: &[OsString]) -> Result<ExitCode> {
    packages::install(&[packages::FOR_DEMO, packages::FOR_KERNEL_TEST])?;
    guest::installed()?;
    let mut skips = Skips::default();
    let passed = run_in_guest(filters, &mut skips)?;
    skips.say();
    match passed {
        Some(true) => Ok(ExitCode::SUCCESS),
        Some(false) => Ok(ExitCode::FAILURE),
        None => bail!("no test has such a name"),
    }
}

/// The same as a part of all tests: where the guest cannot be had, that is said and no failure. Whether they passed.
pub(crate) fn run_as_part(filters: &[OsString], skips: &mut Skips) -> Result<bool> {
    if let Err(error) = packages::install(&[packages::FOR_KERNEL_TEST]).and_then(|()| guest::installed()) {
        skips.add(&format!("tunnels by the kernel's IPsec: {error:#}"));
        return Ok(true);
    }
    Ok(run_in_guest(filters, skips)?.unwrap_or(true))
}

/// Whether all tests passed; `None` when there was none to run.
fn run_in_guest(filters: &[OsString], skips: &mut Skips) -> Result<Option<bool>> {
    let filters: Vec<_> = filters.iter().map(|filter| filter.to_string_lossy().into_owned()).collect();
    let programs: Vec<_> = programs()?.into_iter().filter(|program| has_tests(program, &filters)).collect();
    if programs.is_empty() {
        return Ok(None);
    }
    let lines: Vec<_> = programs.iter().map(|program| command_line(program, &filters)).collect();
    let log_path = tool::target_dir()?.join("kernel-test.log");
    let mut log = File::create(&log_path).with_context(|| format!("cannot write {}", log_path.display()))?;
    eprintln!(
        "Running the tunnels' tests in User Mode Linux; all that it prints is in {}",
        log_path.display()
    );

    let mut guest = Guest::start(&lines)?;
    let mut said = guest.output().map(|line| {
        let line = line?.trim_end_matches('\r').to_owned();
        writeln!(log, "{line}")?;
        Ok(line)
    });
    let tests = (&mut said)
        .skip_while(|line| line.as_ref().is_ok_and(|line| line != BEGIN))
        .skip(1)
        .take_while(|line| line.as_ref().is_ok_and(|line| line != END));
    pass_on(tests, &mut io::stdout(), skips)?;
    // Until the guest is off.
    said.collect::<io::Result<Vec<_>>>().context("cannot read what the guest prints")?;
    let status = guest.wait().with_context(|| format!("see {}", log_path.display()))?;
    Ok(Some(status == 0))
}

/// Builds the test programs, and says where they are.
fn programs() -> Result<Vec<PathBuf>> {
    let mut build = tool::cargo();
    // Of the whole workspace, since cargo would build what they depend on anew with the features of a part of it.
    build.args(["test", "--workspace", "--locked", "--no-run", "--message-format=json-render-diagnostics"]);
    build.args(SUITES.map(|(name, _)| format!("--test={name}")));
    let output = build.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("the tests cannot be built ({})", output.status);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let artifacts: Vec<Artifact> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let program = |(name, source): (&str, &str)| {
        let source = tool::root().join(source);
        let built = artifacts.iter().filter(|artifact| artifact.target.src_path == source);
        let program = built.filter_map(|artifact| artifact.executable.clone()).next();
        program.with_context(|| format!("cargo does not say where the test program `{name}` is"))
    };
    SUITES.into_iter().map(program).collect()
}

/// What cargo tells of something that it has built, as far as we ask.
#[derive(serde::Deserialize)]
struct Artifact {
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(serde::Deserialize)]
struct Target {
    src_path: PathBuf,
}

fn has_tests(program: &Path, filters: &[String]) -> bool {
    let list = tool::output(Command::new(program).args(["--list", "--format=terse"]).args(filters));
    // What cannot be asked is run, and then says why.
    list.is_none_or(|list| list.lines().any(|line| line.ends_with(": test")))
}

/// How to run a test program, for a shell.
fn command_line(program: &Path, filters: &[String]) -> String {
    let program = quoted(&program.to_string_lossy());
    let filters: String = filters.iter().map(|filter| format!(" {}", quoted(filter))).collect();
    format!(
        "XTASK_DATA_PLANE=kernel {program} --color=never --show-output --test-threads={TESTS_AT_ONCE}{filters}"
    )
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::command_line;

    #[test]
    fn a_command_line_means_the_same_to_a_shell() {
        let line = command_line(Path::new("/it's here/vpn"), &["a b".to_owned(), "$HOME".to_owned()]);
        assert_eq!(
            line,
            r"XTASK_DATA_PLANE=kernel '/it'\''s here/vpn' --color=never --show-output --test-threads=4 'a b' '$HOME'"
        );
    }
}
