//! The `openstack` command.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// How long one command may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Which generation of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generation {
    /// python-openstackclient 10.x, which has the VPN commands itself.
    Ten,
    /// python-openstackclient 7.4.0, with python-neutronclient 11.6.0 for the VPN commands.
    Seven,
}

/// A client, as the demo user unless a command says otherwise.
pub(crate) struct Client {
    pub(crate) generation: Generation,
    process: Child,
    commands: ChildStdin,
    answers: Receiver<String>,
}

/// What a command printed.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) command: String,
    pub(crate) succeeded: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Generation {
    /// The variable that names the program.
    pub(crate) const fn variable(self) -> &'static str {
        match self {
            Self::Ten => "XTASK_OPENSTACK_10",
            Self::Seven => "XTASK_OPENSTACK_7",
        }
    }

    pub(crate) fn program(self) -> Option<PathBuf> {
        std::env::var_os(self.variable()).map(PathBuf::from)
    }
}

impl Client {
    /// Starts the client's Python, which imports it once and then runs each command in a process of its own.
    pub(crate) fn start(generation: Generation, program: &Path, clouds: &Path) -> Self {
        let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/driver.py");
        let mut python = Command::new(program.with_file_name("python"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OS_")) {
            python.env_remove(name);
        }
        let mut process = python
            .arg(driver)
            .env("OS_CLIENT_CONFIG_FILE", clouds)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = process.stdin.take().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (sender, answers) = channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { generation, process, commands, answers }
    }

    /// Runs a command as the demo user.
    pub(crate) fn run(&mut self, command: &str) -> Answer {
        self.run_as("adit", command)
    }

    /// Runs a command as the administrator.
    pub(crate) fn run_as_admin(&mut self, command: &str) -> Answer {
        self.run_as("adit-admin", command)
    }

    fn run_as(&mut self, cloud: &str, command: &str) -> Answer {
        let words = ["--os-cloud", cloud].into_iter().chain(command.split_whitespace());
        writeln!(self.commands, "{}", Value::from_iter(words)).unwrap();
        let line = self.answers.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("no end of `{command}`"));
        let answer: Value = serde_json::from_str(&line).unwrap();
        let text = |key: &str| answer[key].as_str().unwrap().to_owned();
        Answer {
            command: command.to_owned(),
            succeeded: answer["status"] == 0,
            stdout: text("stdout"),
            stderr: text("stderr"),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Answer {
    /// What it printed; panics when it failed.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert!(self.succeeded, "`{}` failed: {}{}", self.command, self.stderr, self.stdout);
        self.stdout
    }

    /// The rows of a table with the columns `Field` and `Value`.
    #[track_caller]
    pub(crate) fn fields(self) -> BTreeMap<String, String> {
        rows(&self.ok())
            .into_iter()
            .skip(1)
            .map(|row| <[String; 2]>::try_from(row).expect("two columns").into())
            .collect()
    }

    /// The rows of a list, without its head.
    #[track_caller]
    pub(crate) fn rows(self) -> Vec<Vec<String>> {
        rows(&self.ok()).into_iter().skip(1).collect()
    }

    /// The head of a list.
    #[track_caller]
    pub(crate) fn columns(self) -> String {
        rows(&self.ok()).swap_remove(0).join(", ")
    }

    /// Why it failed; panics when it did not.
    #[track_caller]
    pub(crate) fn refusal(self) -> String {
        assert!(!self.succeeded, "`{}` succeeded: {}", self.command, self.stdout);
        self.stderr.trim().to_owned()
    }
}

/// The cells of a table as the client draws it, head first.
pub(crate) fn rows(table: &str) -> Vec<Vec<String>> {
    table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|line| line.split(" | ").map(|cell| cell.trim().to_owned()).collect())
        .collect()
}
