//! A machine of its own for the commands of the book: namespaces in which `/etc`, `/run` and `/var/lib` are its own, with the
//! office at the other end of its interface `eth1`. It goes, with all that runs on it, when the value goes.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::blocks::{Block, How, Step};
use super::compare::is_shown;
use crate::repository;

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(120);
/// What the machine's shell says when it is ready, and after each command, before the exit status.
const DONE: &str = "adit-book-done ";

const START: &str = include_str!("machine.sh");

pub(crate) struct Machine {
    process: Child,
    answers: Receiver<String>,
    /// Where commands and what they print are handed over.
    folder: TempDir,
    number: usize,
}

impl Machine {
    /// The machine, with nothing of Adit on it but the program. `None`, said aloud, where there can be none.
    pub(crate) fn start() -> Option<Self> {
        if let Some(why) = lacking() {
            eprintln!("SKIPPED: the commands of the book: {why}");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        bring_programs(folder.path());
        let mut process = Command::new("unshare")
            .args([
                "--mount",
                "--net",
                "--pid",
                "--uts",
                "--fork",
                "--kill-child",
                "--mount-proc",
                "bash",
                "-c",
                START,
                "bash",
            ])
            .arg(folder.path())
            .env_clear()
            .env(
                "PATH",
                format!("{}:{}", folder.path().join("bin").display(), std::env::var("PATH").unwrap()),
            )
            .env("HOME", folder.path())
            .env("LANG", "C.UTF-8")
            .env("ADIT_TEST_SOURCE", repository(""))
            .envs(std::env::var_os("XTASK_OPENSTACK_10").map(|python| ("ADIT_TEST_PYTHON", python)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = lines_of(process.stdout.take().unwrap());
        let machine = Self { process, answers, folder, number: 0 };
        assert_eq!(machine.status(), 0, "the machine does not start");
        Some(machine)
    }

    /// Runs a command as it stands in the book; panics when it does not do what is shown there.
    pub(crate) fn run(&mut self, block: &Block, step: &Step) {
        let Block { place, how, .. } = block;
        let stays = match how {
            How::Ignored(_) => return,
            How::Here | How::Office => false,
            How::Stays => step.is_last,
        };
        self.number += 1;
        let (script, output) = (self.file("sh"), self.file("out"));
        fs::write(&script, format!("{}\n", step.command)).unwrap();
        // There already for whoever looks before the command begins.
        fs::write(&output, "").unwrap();
        let (script, shown_at) = (script.display(), output.display());
        let start = if *how == How::Office { format!("office {script}") } else { format!(". {script}") };
        let end = if stays { "& status=0" } else { "; status=$?" };
        // The status of the command before is there for the one that asks for it.
        let line = format!("(exit $status); {start} < /dev/null > {shown_at} 2>&1 {end}; echo {DONE}$status");
        writeln!(self.process.stdin.as_mut().unwrap(), "{line}").unwrap();
        let status = self.status();
        let told =
            || format!("{place}: `{}` (exit status {status}) printed:\n{}", step.command, text(&output));
        assert!(status == 0 || step.may_fail, "{}", told());
        if stays {
            self.wait_for(&step.shown, &output, &told);
        } else if !step.shown.is_empty() {
            let shown = step.shown.join("\n");
            assert!(is_shown(&step.shown, &text(&output)), "{}\nwhich is shown as:\n{shown}", told());
        }
    }

    /// Waits until a command that goes on has printed what is shown, among other things.
    fn wait_for(&self, shown: &[String], output: &Path, told: &dyn Fn() -> String) {
        let mut shown = shown.to_vec();
        shown.push("…".to_owned());
        let tail =
            Command::new("tail").args(["--follow", "--lines=+1"]).arg(output).stdout(Stdio::piped()).spawn();
        let mut tail = tail.unwrap();
        let lines = lines_of(tail.stdout.take().unwrap());
        let mut printed = String::new();
        while !is_shown(&shown, &printed) {
            let line = lines.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("{}", told()));
            printed.push_str(&line);
            printed.push('\n');
        }
        tail.kill().unwrap();
        tail.wait().unwrap();
    }

    fn file(&self, suffix: &str) -> PathBuf {
        self.folder.path().join(format!("{}.{suffix}", self.number))
    }

    fn status(&self) -> i32 {
        loop {
            let line = self.answers.recv_timeout(LIMIT).expect("the command ends in time");
            if let Some(status) = line.strip_prefix(DONE) {
                return status.parse().unwrap();
            }
            eprintln!("{line}");
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // All that runs there goes with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `adit`, and an `openstack` that is the unmodified client, if there is one.
fn bring_programs(folder: &Path) {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let bin = folder.join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(env!("CARGO_BIN_EXE_adit"), bin.join("adit")).unwrap();
    let openstack = if std::env::var_os("XTASK_OPENSTACK_10").is_some() {
        include_str!("openstack.py")
    } else {
        eprintln!(
            "SKIPPED: the unmodified client in the book: XTASK_OPENSTACK_10 names no Python; adit runs what it knows"
        );
        include_str!("openstack.sh")
    };
    let file = bin.join("openstack");
    fs::write(&file, openstack).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Why this machine can have no other.
fn lacking() -> Option<String> {
    if !nix::unistd::geteuid().is_root() {
        return Some("only root can make the machine for them".to_owned());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &str| std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    let missing = ["unshare", "nsenter", "ip", "nft", "charon-systemd", "swanctl", "ping", "curl"]
        .into_iter()
        .find(|one| !is_there(one));
    missing.map(|program| format!("`{program}` is not installed"))
}

/// What a program prints, line by line.
fn lines_of(output: ChildStdout) -> Receiver<String> {
    let (sender, lines) = channel();
    let output = BufReader::new(output);
    thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    lines
}

fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}
