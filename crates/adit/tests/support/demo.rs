//! A running `adit demo`, as the tests of it, and those that need what it builds, hold it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long a demo may take, with a program that is not optimised and other demos beside it.
const LIMIT: Duration = Duration::from_secs(120);

/// A running demo. It is told to end, which clears everything up, when it is dropped: also by a test that fails.
pub(crate) struct Demo {
    child: Child,
    lines: mpsc::Receiver<String>,
    /// What it has told so far.
    pub(crate) story: String,
}

impl Demo {
    /// Starts `adit demo`.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_adit"));
        command.arg("demo").args(arguments).stdin(Stdio::null()).stderr(writer.try_clone().unwrap());
        let is_for_programs = arguments.contains(&"--json");
        command.stdout(if is_for_programs { Stdio::piped() } else { writer.into() });
        let child = command.spawn().unwrap();
        // It holds the writing ends; the story ends when the demo's own are the last and go.
        drop(command);
        let (sender, lines) = mpsc::channel();
        let reader = BufReader::new(reader);
        thread::spawn(move || reader.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines, story: String::new() }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Reads on until a line begins so; `false` when the demo ended before.
    pub(crate) fn wait_for(&mut self, beginning: &str) -> bool {
        let deadline = Instant::now() + LIMIT;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.story.push_str(&line);
                    self.story.push('\n');
                    if line.starts_with(beginning) {
                        return true;
                    }
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => return false,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("the demo takes too long:\n{}", self.story),
            }
        }
    }

    /// Waits for its end. Returns how it ended, and its result for programs.
    pub(crate) fn end(&mut self) -> (ExitStatus, String) {
        while self.wait_for("") {}
        let status = self.child.wait().unwrap();
        let mut rest = String::new();
        let stdout: Option<ChildStdout> = self.child.stdout.take();
        if let Some(mut stdout) = stdout {
            stdout.read_to_string(&mut rest).unwrap();
        }
        (status, rest)
    }

    /// Whether the demo has said that this machine is not made for it, which is passed on.
    pub(crate) fn is_impossible_here(&self) -> bool {
        let lacks = |line: &&str| {
            line.starts_with("adit: ") && (line.contains("only root") || line.contains("install"))
        };
        let reason = self.story.lines().find(lacks);
        if let Some(reason) = reason {
            eprintln!("SKIPPED: {reason}");
        }
        reason.is_some()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.signal(Signal::SIGTERM);
            let _ = self.child.wait();
        }
    }
}
