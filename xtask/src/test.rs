//! `cargo xtask test`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
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

/// The test programs whose tests have daemons negotiate, and processors of others to share.
const WITH_DAEMONS: [&str; 3] = ["vpn", "foreign", "node"];
/// When more tests fail, it is no accident.
const MOST_AGAIN: usize = 5;

/// How many tests run at once, for the tests. Those with daemons wait more than they compute.
const TEST_THREADS: &str = "RUST_TEST_THREADS";

/// Runs every test whose name contains one of the filters, or every test.
pub(crate) fn run(filters: &[OsString]) -> Result<ExitCode> {
    packages::install(&[packages::FOR_DEMO, packages::FOR_TESTS])?;
    apparmor::admit()?;
    let mut skips = Skips::default();
    let mut variables = Variables::new();
    for (variable, requirements, environment) in environments_and_tests() {
        match environment {
            Ok(programs) => variables.push((variable, programs.join("python").into())),
            Err(error) => skips.add(&format!("what {requirements} asks for: {error:#}")),
        }
    }
    match unpacked::STARTER.root() {
        Ok(root) => variables.push((unpacked::STARTER.variable, root.into())),
        Err(error) => skips.add(&format!("a peer with the old starter: {error:#}")),
    }
    let cluster = Cluster::start();
    match &cluster {
        Ok(cluster) => variables.push(("XTASK_POSTGRES", cluster.url().into())),
        Err(error) => skips.add(&format!("PostgreSQL: {error:#}")),
    }
    // The other one is the guest's.
    variables.push(("XTASK_DATA_PLANE", "userspace".into()));
    let tests_at_once = std::env::var_os(TEST_THREADS).unwrap_or_else(|| {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        (2 * processors).to_string().into()
    });
    let first = Tests { programs: &[], tests_at_once: &tests_at_once, variables: &variables }
        .run(filters, &mut skips)?;
    let passed = first.passed || pass_alone(&first, &variables, &mut skips)?;
    drop(cluster);
    let kernel = kernel_test::run_as_part(filters, &mut skips);
    skips.say();
    Ok(if kernel? && passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What tests find in their environment.
type Variables = Vec<(&'static str, OsString)>;

/// Test programs, and how to run them.
struct Tests<'a> {
    /// By their names, or none for all that there are.
    programs: &'a [&'a str],
    tests_at_once: &'a OsStr,
    variables: &'a Variables,
}

impl Tests<'_> {
    fn command(&self) -> Command {
        let mut tests = tool::cargo();
        tests.args(["test", "--workspace", "--locked", "--no-fail-fast"]);
        tests.args(self.programs.iter().map(|program| format!("--test={program}")));
        tests.envs(self.variables.iter().map(|(name, value)| (name, value)));
        tests.env(TEST_THREADS, self.tests_at_once).arg("--");
        tests
    }

    fn run<S: AsRef<OsStr>>(&self, filters: &[S], skips: &mut Skips) -> Result<Verdict> {
        let mut tests = self.command();
        tests.arg("--show-output").args(filters).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut running = tests.spawn().context("cannot run cargo")?;
        let output = running.stdout.take().expect("it was piped above");
        let mut told = Told::default();
        let lines =
            BufReader::new(output).lines().inspect(|line| line.iter().for_each(|line| told.hear(line)));
        pass_on(lines, &mut io::stdout(), skips)?;
        let status = running.wait().context("cannot wait for cargo")?;
        Ok(told.verdict(status.success()))
    }
}

/// Runs tests that failed beside all the others once more, one after the other, and says so aloud, if they are few and all of
/// them have daemons negotiate: these do not get their turn in time on a machine that is busy with other things. Returns
/// whether all of them passed.
fn pass_alone(first: &Verdict, variables: &Variables, skips: &mut Skips) -> Result<bool> {
    let Some(failed) = first.again() else { return Ok(false) };
    let tests = Tests { programs: &WITH_DAEMONS, tests_at_once: OsStr::new("1"), variables };
    let names = kernel_test::names()?;
    if !failed.iter().all(|name| names.contains(name)) {
        return Ok(false);
    }
    eprintln!("xtask: failed beside the others, and are run once more alone: {}", failed.join(", "));
    let exact = std::iter::once("--exact").chain(failed.iter().map(String::as_str));
    Ok(tests.run(&exact.collect::<Vec<_>>(), skips)?.passed)
}

/// What became of tests.
pub(crate) struct Verdict {
    pub(crate) passed: bool,
    /// The names of those that failed, if that is all that went wrong.
    failed: Vec<String>,
}

impl Verdict {
    /// The tests that may be run once more, alone: all that failed, if they are few.
    pub(crate) fn again(&self) -> Option<&[String]> {
        (!self.failed.is_empty() && self.failed.len() <= MOST_AGAIN).then_some(&self.failed)
    }
}

/// What test programs tell of their tests, line by line.
#[derive(Default)]
pub(crate) struct Told {
    /// The names of tests that failed.
    failed: Vec<String>,
    /// How many programs have begun.
    begun: usize,
    /// How many of them have come to their end.
    ended: usize,
}

impl Told {
    pub(crate) fn hear(&mut self, line: &str) {
        self.failed.extend(failed_test(line).map(str::to_owned));
        let begins = line.starts_with("running ") && line.trim_end_matches('s').ends_with(" test");
        self.begun += usize::from(begins);
        self.ended += usize::from(line.starts_with("test result: "));
    }

    /// A program that ended before its last test has more to answer for than the tests that it named.
    pub(crate) fn verdict(self, passed: bool) -> Verdict {
        Verdict { passed, failed: if self.begun == self.ended { self.failed } else { Vec::new() } }
    }
}

/// NAME of `test NAME ... FAILED`.
fn failed_test(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")
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

    use super::{Skips, Told, failed_test, pass_on};

    #[test]
    fn tests_that_failed_are_known_by_their_names() {
        for (line, want) in [
            ("test sharing::one_ikev1 ... FAILED", Some("sharing::one_ikev1")),
            ("test sharing::one_ikev1 ... ok", None),
            ("test result: FAILED. 45 passed; 2 failed; 0 ignored", None),
            ("the test of it ... FAILED", None),
        ] {
            assert_eq!(failed_test(line), want, "{line}");
        }
    }

    #[test]
    fn few_failures_of_programs_that_came_to_their_end_are_looked_at_once_more() {
        let failed =
            |count| (0..count).map(|number| format!("test t{number} ... FAILED\n")).collect::<String>();
        let end = "test result: FAILED. 0 passed\n";
        for (what, output, passed, again) in [
            ("all is well", format!("running 1 test\ntest a ... ok\n{end}"), true, None),
            ("one", format!("running 1 test\n{}{end}", failed(1)), false, Some(1)),
            ("a few", format!("running 9 tests\n{}{end}running 0 tests\n{end}", failed(5)), false, Some(5)),
            ("many", format!("running 9 tests\n{}{end}", failed(6)), false, None),
            ("a crash", format!("running 9 tests\n{}", failed(1)), false, None),
            ("not a test", format!("running 0 tests\n{end}"), false, None),
        ] {
            let mut told = Told::default();
            output.lines().for_each(|line| told.hear(line));
            let verdict = told.verdict(passed);
            assert_eq!((verdict.passed, verdict.again().map(<[_]>::len)), (passed, again), "{what}");
        }
    }

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
