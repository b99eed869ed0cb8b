//! The server of a test.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use tempfile::TempDir;

/// A running `adit server` with a state directory of its own. It needs no root.
pub(crate) struct Server {
    process: Child,
    state: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        let state = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_adit"))
            .args(["server", "--listen", "127.0.0.1:0", "--state-dir"])
            .arg(state.path())
            .env("ADIT_CONFIG", none_of_the_machines(&state))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut said = Vec::new();
        let is_up = log.by_ref().any(|line| {
            said.push(line);
            said.last().is_some_and(|line| line.contains("up address="))
        });
        assert!(is_up, "the server does not start: {said:?}");
        thread::spawn(move || log.for_each(|line| eprintln!("{line}")));
        Self { process, state }
    }

    /// The file with the clouds `adit` and `adit-admin`.
    pub(crate) fn clouds(&self) -> PathBuf {
        self.state.path().join("clouds.yaml")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// An empty configuration: the machine's own must not change what is tested.
fn none_of_the_machines(state: &TempDir) -> PathBuf {
    let file = state.path().join("adit.toml");
    std::fs::write(&file, "").unwrap();
    file
}
