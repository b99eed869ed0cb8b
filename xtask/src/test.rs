//! `cargo xtask test`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::thread;

use anyhow::{Context, Result};

use crate::postgres::Cluster;
use crate::{apparmor, kernel_test, packages, python, tool, unpacked};

/// What tests need of PyPI: the variable that tells them the Python of an environment, and the environment's
/// requirements.
const ENVIRONMENTS: [(&str, &str); 8] = [
    ("XTASK_OPENSTACK_10", "tests/clients/openstackclient-10.txt"),
    ("XTASK_OPENSTACK_7", "tests/clients/openstackclient-7.txt"),
    ("XTASK_OPENSTACK_3", "tests/clients/openstackclient-3.txt"),
    ("XTASK_NEUTRON_9", "tests/clients/neutronclient-9.txt"),
    ("XTASK_OPENSTACKSDK", "tests/clients/openstacksdk-4.txt"),
    ("XTASK_KEYSTONE", "tests/clients/keystone.txt"),
    ("XTASK_SCHEMATHESIS", "tests/clients/schemathesis-4.txt"),
    ("XTASK_TEMPEST", "tests/clients/tempest.txt"),
];

/// How many tests run at once, for the tests. Those with daemons wait more than they compute.
const TEST_THREADS: &str = "RUST_TEST_THREADS";

/// Runs every test whose name contains one of the filters, or every test.
pub(crate) fn run(filters: &[OsString]) -> Result<ExitCode> {
    packages::install(&[packages::FOR_DEMO, packages::FOR_TESTS])?;
    apparmor::admit()?;
    let mut skips = Skips::default();
    let mut tests = tool::cargo();
    tests.args(["test", "--workspace", "--locked", "--no-fail-fast", "--", "--show-output"]).args(filters);
    for (variable, requirements, environment) in environments_and_tests() {
        match environment {
            Ok(programs) => drop(tests.env(variable, programs.join("python"))),
            Err(error) => skips.add(&format!("what {requirements} asks for: {error:#}")),
        }
    }
    match unpacked::STARTER.root() {
        Ok(root) => drop(tests.env(unpacked::STARTER.variable, root)),
        Err(error) => skips.add(&format!("a peer with the old starter: {error:#}")),
    }
    let cluster = Cluster::start();
    match &cluster {
        Ok(cluster) => drop(tests.env("XTASK_POSTGRES", cluster.url())),
        Err(error) => skips.add(&format!("PostgreSQL: {error:#}")),
    }
    // The other one is the guest's.
    tests.env("XTASK_DATA_PLANE", "userspace");
    if std::env::var_os(TEST_THREADS).is_none() {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        tests.env(TEST_THREADS, (2 * processors).to_string());
    }
    let mut running =
        tests.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot run cargo")?;
    let output = running.stdout.take().expect("it was piped above");
    pass_on(BufReader::new(output).lines(), &mut io::stdout(), &mut skips)?;
    let status = running.wait().context("cannot wait for cargo")?;
    drop(cluster);
    let kernel = kernel_test::run_as_part(filters, &mut skips);
    skips.say();
    Ok(if kernel? { tool::exit_code(status) } else { ExitCode::FAILURE })
}

/// Makes the environments while cargo compiles the tests: one waits for the network, the other for the processor. What
/// does not compile says so again, and as the result, when the tests are run.
fn environments_and_tests() -> Vec<(&'static str, &'static str, Result<PathBuf>)> {
    thread::scope(|scope| {
        let making = scope.spawn(|| {
            ENVIRONMENTS
                .map(|(variable, requirements)| (variable, requirements, python::environment(requirements)))
        });
        let arguments = ["test", "--workspace", "--locked", "--no-run"];
        let _ = tool::status(tool::cargo().args(arguments));
        making.join().expect("making environments does not panic").into()
    })
}

/// What was skipped: the reason, and how often.
#[derive(Debug, Default)]
pub(crate) struct Skips(BTreeMap<String, usize>);

impl Skips {
    pub(crate) fn add(&mut self, reason: &str) {
        *self.0.entry(reason.trim().to_owned()).or_default() += 1;
    }

    /// Takes over those of `others`.
    pub(crate) fn append(&mut self, others: Self) {
        for (reason, times) in others.0 {
            *self.0.entry(reason).or_default() += times;
        }
    }

    pub(crate) fn say(&self) {
        if self.0.is_empty() {
            eprintln!("Nothing was skipped.");
        }
        for (reason, times) in &self.0 {
            let times = if *times == 1 { String::new() } else { format!(" ({times} times)") };
            eprintln!("SKIPPED: {reason}{times}");
        }
    }
}

/// Passes on what tests print, but of tests that passed only why they skipped something: `--show-output` shows all
/// that they printed, between `successes:` and the list of their names.
pub(crate) fn pass_on(
    output: impl Iterator<Item = io::Result<String>>,
    shown: &mut impl Write,
    skips: &mut Skips,
) -> Result<()> {
    let mut of_success = false;
    for line in output {
        let line = line.context("cannot read what the tests print")?;
        if let Some((_, reason)) = line.split_once("SKIPPED: ") {
            skips.add(reason);
        }
        match line.as_str() {
            "successes:" => of_success = true,
            "failures:" => of_success = false,
            line if line.starts_with("test result: ") => of_success = false,
            _ => {}
        }
        if !of_success {
            writeln!(shown, "{line}").context("cannot print")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::BufRead;

    use super::{Skips, pass_on};

    #[test]
    fn only_the_skips_of_tests_that_passed_are_told() {
        let output = "test a ... ok\n\nsuccesses:\n\n---- a stdout ----\nSKIPPED: no root\nSKIPPED: no root\n\n\
                      successes:\n    a\n\ntest result: ok. 1 passed\n";
        let (mut shown, mut skips) = (Vec::new(), Skips::default());
        pass_on(output.as_bytes().lines(), &mut shown, &mut skips).unwrap();
        assert_eq!(String::from_utf8(shown).unwrap(), "test a ... ok\n\ntest result: ok. 1 passed\n");
        assert_eq!(skips.0.into_iter().collect::<Vec<_>>(), [("no root".to_owned(), 2)]);
    }
}
