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
    address: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        let state = tempfile::tempdir().unwrap();
        let (process, address) = run(&state, "127.0.0.1:0");
        Self { process, state, address }
    }

    /// Where it listens: address and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Kills it.
    pub(crate) fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again where it was, with what it knew.
    pub(crate) fn restart(&mut self) {
        self.stop();
        (self.process, _) = run(&self.state, &self.address);
    }

    /// A file of the state directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.state.path().join(name)
    }

    /// The file with the clouds `adit` and `adit-admin`.
    pub(crate) fn clouds(&self) -> PathBuf {
        self.file("clouds.yaml")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts a server; its process, and its address.
fn run(state: &TempDir, listen: &str) -> (Child, String) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_adit"))
        .args(["server", "--listen", listen, "--state-dir"])
        .arg(state.path())
        .env("ADIT_CONFIG", none_of_the_machines(state))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut said = Vec::new();
    let address = log.by_ref().find_map(|line| {
        let address = line.split_once("up address=").map(|(_, address)| address.trim().to_owned());
        said.push(line);
        address
    });
    let Some(address) = address else { panic!("the server does not start: {said:?}") };
    thread::spawn(move || log.for_each(|line| eprintln!("{line}")));
    (process, address)
}

/// An empty configuration: the machine's own must not change what is tested.
fn none_of_the_machines(state: &TempDir) -> PathBuf {
    let file = state.path().join("adit.toml");
    std::fs::write(&file, "").unwrap();
    file
}
