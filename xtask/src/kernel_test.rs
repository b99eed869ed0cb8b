//! `cargo xtask kernel-test`: tests with IPsec in the kernel, which the kernel of the machine at hand may not have, nor
//! let us load. So other kernels are booted, as guests: they see the files of this machine, and what they write is gone
//! when they end.

mod guest;
mod qemu;
mod uml;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, bail, ensure};

use crate::packages::{self, Package};
use crate::test::{Skips, Told, Verdict, pass_on};
use crate::{tool, unpacked};
use guest::{Guest, Machine};
use qemu::Qemu;
use uml::Uml;

/// A test program, the guest that it runs in, and the packages that this takes.
struct Suite {
    /// What is tested, for people.
    what: &'static str,
    /// The same for names of files.
    name: &'static str,
    /// The program's name.
    program: &'static str,
    /// Its source.
    source: &'static str,
    /// Which of its tests.
    part: Part,
    packages: &'static [Package],
    machine: fn() -> Result<Box<dyn Machine>>,
    /// Daemons that it has for peers.
    peers: &'static [unpacked::Daemon],
    /// So many tests at once: they wait more than they compute. QEMU makes every instruction of its guest slow.
    tests_at_once: u32,
}

/// Tests of a program, by what their names begin with.
#[derive(Clone, Copy)]
enum Part {
    All,
    Only(&'static str),
    Except(&'static str),
}

/// Tests of the program `vpn` that need a NAT between namespaces, which User Mode Linux has not got.
const THROUGH_NAT: &str = "nat::";

/// The longest first, since several run at once.
static SUITES: [Suite; 4] = [
    Suite {
        what: "tunnels by the kernel's IPsec",
        name: "tunnels",
        program: "vpn",
        source: "crates/agent/tests/vpn/main.rs",
        part: Part::Except(THROUGH_NAT),
        packages: packages::FOR_UML,
        machine: || Ok(Box::new(Uml::installed()?)),
        peers: &[],
        tests_at_once: 4,
    },
    Suite {
        what: "peers that are not Adit",
        name: "foreign",
        program: "foreign",
        source: "crates/agent/tests/foreign/main.rs",
        part: Part::All,
        packages: packages::FOR_UML,
        machine: || Ok(Box::new(Uml::installed()?)),
        peers: &[unpacked::STARTER, unpacked::LIBRESWAN],
        tests_at_once: 4,
    },
    Suite {
        what: "tunnels through a NAT by the kernel's IPsec",
        name: "nat",
        program: "vpn",
        source: "crates/agent/tests/vpn/main.rs",
        part: Part::Only(THROUGH_NAT),
        packages: packages::FOR_QEMU,
        machine: || Ok(Box::new(Qemu::installed()?)),
        peers: &[],
        tests_at_once: 2,
    },
    Suite {
        what: "routers with the kernel's IPsec",
        name: "routers",
        program: "node",
        source: "crates/agent/tests/node/main.rs",
        part: Part::All,
        packages: packages::FOR_QEMU,
        machine: || Ok(Box::new(Qemu::installed()?)),
        peers: &[],
        tests_at_once: 2,
    },
];

/// What stands around the output of the tests in all that the guest prints.
const BEGIN: &str = "adit: the programs begin";
const END: &str = "adit: the programs have ended";
/// Runs those of the tests whose names contain one of the filters, or all.
pub(crate) fn run(filters: &[OsString]) -> Result<ExitCode> {
    packages::install(&[packages::FOR_DEMO, packages::FOR_UML, packages::FOR_QEMU])?;
    let mut skips = Skips::default();
    let outcome = run_suites(filters, &mut skips);
    skips.say();
    match outcome? {
        Outcome { failed: true, .. } => Ok(ExitCode::FAILURE),
        Outcome { ran: 0, .. } => bail!("no test has such a name"),
        Outcome { .. } => Ok(ExitCode::SUCCESS),
    }
}

/// The same as a part of all tests: where a guest cannot be had, that is said and no failure. Whether they passed.
pub(crate) fn run_as_part(filters: &[OsString], skips: &mut Skips) -> Result<bool> {
    Ok(!run_suites(filters, skips)?.failed)
}

#[derive(Default)]
struct Outcome {
    ran: usize,
    failed: bool,
}

/// A suite that can be run.
struct Job {
    suite: &'static Suite,
    machine: Box<dyn Machine>,
    program: PathBuf,
    filters: Vec<String>,
    /// The variables that say where its peers are.
    peers: Vec<(&'static str, PathBuf)>,
}

fn run_suites(filters: &[OsString], skips: &mut Skips) -> Result<Outcome> {
    let jobs = jobs(filters, skips)?;
    let ran = jobs.len();
    // A guest has one processor.
    let at_once = thread::available_parallelism().map_or(1, NonZero::get).min(ran);
    let queue = Mutex::new(jobs.into_iter());
    let next = || queue.lock().expect("nobody panics with it").next();
    let work = || {
        let (mut failed, mut skips) = (false, Skips::default());
        while let Some(job) = next() {
            let passed = job.run(&mut skips);
            if let Err(error) = &passed {
                eprintln!("xtask: {}: {error:#}", job.suite.what);
            }
            failed |= !passed.unwrap_or(false);
        }
        (failed, skips)
    };
    let mut failed = false;
    thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let (has_failed, said) = worker.join().expect("running a suite does not panic");
            failed |= has_failed;
            skips.append(said);
        }
    });
    Ok(Outcome { ran, failed })
}

/// The suites that have such tests, with all that they take. What a guest cannot be had for is skipped.
fn jobs(filters: &[OsString], skips: &mut Skips) -> Result<Vec<Job>> {
    let filters: Vec<_> = filters.iter().map(|filter| filter.to_string_lossy().into_owned()).collect();
    let mut jobs = Vec::new();
    for (suite, program) in SUITES.iter().zip(programs()?) {
        let Some(filters) = suite.part.filters(tests(&program, &filters), &filters) else { continue };
        match packages::install(&[suite.packages]).and_then(|()| (suite.machine)()) {
            Ok(machine) => jobs.push(Job { suite, machine, program, filters, peers: peers(suite, skips) }),
            Err(error) => skips.add(&format!("{}: {error:#}", suite.what)),
        }
    }
    Ok(jobs)
}

impl Job {
    /// Whether all tests passed. A guest has one processor, and its clock jumps when the machine below is busy: the few
    /// tests that fail beside all the others are run once more, one after the other, which is said aloud.
    fn run(&self, skips: &mut Skips) -> Result<bool> {
        let Suite { what, tests_at_once, .. } = self.suite;
        let first = self.run_in_guest(&self.filters, *tests_at_once, "", skips)?;
        let Some(failed) = first.again() else { return Ok(first.passed) };
        let names = failed.join(", ");
        eprintln!("xtask: {what}: failed beside the others, and are run once more alone: {names}");
        let alone: Vec<String> =
            std::iter::once("--exact").map(str::to_owned).chain(failed.to_vec()).collect();
        Ok(self.run_in_guest(&alone, 1, "-alone", skips)?.passed)
    }

    fn run_in_guest(
        &self,
        filters: &[String],
        tests_at_once: u32,
        how: &str,
        skips: &mut Skips,
    ) -> Result<Verdict> {
        let Self { suite, machine, program, peers, .. } = self;
        let name = format!("{}-{}{how}", suite.name, machine.name());
        let log_path = tool::target_dir()?.join(format!("kernel-test-{name}.log"));
        let mut log =
            File::create(&log_path).with_context(|| format!("cannot write {}", log_path.display()))?;
        eprintln!(
            "Running tests of {} in a guest; all that it prints is in {}",
            suite.what,
            log_path.display()
        );

        let command = command_line(program, filters, peers, tests_at_once);
        let mut told = Told::default();
        let mut guest = Guest::start(machine.as_ref(), &name, &[command])?;
        let mut said = guest.output().map(|line| {
            let line = line?;
            writeln!(log, "{line}")?;
            told.hear(&line);
            Ok(line)
        });
        let tests = (&mut said)
            .skip_while(|line| line.as_ref().is_ok_and(|line| !line.ends_with(BEGIN)))
            .skip(1)
            .take_while(|line| line.as_ref().is_ok_and(|line| line != END));
        // Shown when the guest is off: guests that run at once would speak at once.
        let mut shown = Vec::new();
        let passed_on = pass_on(tests, &mut shown, skips);
        // Until the guest is off.
        let rest = said.collect::<io::Result<Vec<_>>>().context("cannot read what the guest prints");
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "Tests of {}:", suite.what)
            .and_then(|()| stdout.write_all(&shown))
            .context("cannot print")?;
        drop(stdout);
        passed_on?;
        rest?;
        let status = guest.wait().with_context(|| format!("see {}", log_path.display()))?;
        Ok(told.verdict(status == 0))
    }
}

/// Builds the test programs, and says where they are.
fn programs() -> Result<Vec<PathBuf>> {
    let mut build = tool::cargo();
    // Of the whole workspace, since cargo would build what they depend on anew with the features of a part of it.
    build.args(["test", "--workspace", "--locked", "--no-run", "--message-format=json-render-diagnostics"]);
    build.args(SUITES.iter().map(|suite| format!("--test={}", suite.program)));
    let output = build.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("cannot run cargo")?;
    ensure!(output.status.success(), "the tests cannot be built ({})", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    let artifacts: Vec<Artifact> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let program = |suite: &Suite| {
        let source = tool::root().join(suite.source);
        let built = artifacts.iter().filter(|artifact| artifact.target.src_path == source);
        let program = built.filter_map(|artifact| artifact.executable.clone()).next();
        program.with_context(|| format!("cargo does not say where the test program `{}` is", suite.program))
    };
    SUITES.iter().map(program).collect()
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

/// The names of the tests of all suites.
pub(crate) fn names() -> Result<Vec<String>> {
    Ok(programs()?.iter().filter_map(|program| tests(program, &[])).flatten().collect())
}

/// Those of its tests whose names contain one of the filters, or all; `None` if it cannot be asked.
fn tests(program: &Path, filters: &[String]) -> Option<Vec<String>> {
    let list = tool::output(Command::new(program).args(["--list", "--format=terse"]).args(filters))?;
    Some(list.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

impl Part {
    /// The arguments of a test program that mean these `tests`, as far as they belong here; `None` if none does. What
    /// cannot be asked for its tests is run by the filters, and then says why.
    fn filters(self, tests: Option<Vec<String>>, filters: &[String]) -> Option<Vec<String>> {
        let is_here = |name: &String| match self {
            Self::All => true,
            Self::Only(beginning) => name.starts_with(beginning),
            Self::Except(beginning) => !name.starts_with(beginning),
        };
        let Some(tests) = tests else { return Some(filters.to_vec()) };
        let tests: Vec<String> = tests.into_iter().filter(is_here).collect();
        if tests.is_empty() {
            return None;
        }
        Some(match self {
            Self::All => filters.to_vec(),
            Self::Only(_) => std::iter::once("--exact".to_owned()).chain(tests).collect(),
            Self::Except(beginning) => {
                filters.iter().cloned().chain(["--skip".to_owned(), beginning.to_owned()]).collect()
            }
        })
    }
}

/// The daemons of a suite that can be had: the variable that says where each is.
fn peers(suite: &Suite, skips: &mut Skips) -> Vec<(&'static str, PathBuf)> {
    let mut found = Vec::new();
    for daemon in suite.peers {
        match daemon.root() {
            Ok(root) => found.push((daemon.variable, root)),
            Err(error) => skips.add(&format!("{}: {error:#}", suite.what)),
        }
    }
    found
}

/// How to run a test program, for a shell.
fn command_line(program: &Path, filters: &[String], peers: &[(&str, PathBuf)], tests_at_once: u32) -> String {
    let program = quoted(&program.to_string_lossy());
    let filters: String = filters.iter().map(|filter| format!(" {}", quoted(filter))).collect();
    let peers: String = peers
        .iter()
        .map(|(variable, root)| format!("{variable}={} ", quoted(&root.to_string_lossy())))
        .collect();
    format!(
        "{peers}XTASK_DATA_PLANE=kernel {program} --color=never --show-output --test-threads={tests_at_once}{filters}"
    )
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Part, command_line};

    #[test]
    fn a_command_line_means_the_same_to_a_shell() {
        let line = command_line(
            Path::new("/it's here/vpn"),
            &["a b".to_owned(), "$HOME".to_owned()],
            &[("ROOT", "/a b".into())],
            4,
        );
        assert_eq!(
            line,
            r"ROOT='/a b' XTASK_DATA_PLANE=kernel '/it'\''s here/vpn' --color=never --show-output --test-threads=4 'a b' '$HOME'"
        );
    }

    #[test]
    fn a_part_has_those_of_its_tests_that_are_meant() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        for (part, tests, filters, want) in [
            (Part::All, &["a::up", "nat::up"][..], &[][..], Some(&[][..])),
            (Part::All, &["nat::up"], &["up"], Some(&["up"])),
            (Part::All, &[], &["gone"], None),
            (Part::Only("nat::"), &["a::up", "nat::up"], &["up"], Some(&["--exact", "nat::up"])),
            (Part::Only("nat::"), &["a::nat::up"], &["nat::"], None),
            (Part::Except("nat::"), &["a::up", "nat::up"], &["up"], Some(&["up", "--skip", "nat::"])),
            (Part::Except("nat::"), &["nat::up"], &["nat::"], None),
        ] {
            let got = part.filters(Some(words(tests)), &words(filters));
            assert_eq!(got, want.map(words), "{tests:?} by {filters:?}");
        }
        assert_eq!(Part::Only("nat::").filters(None, &words(&["up"])), Some(words(&["up"])));
    }
}
