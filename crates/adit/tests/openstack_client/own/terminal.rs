//! A terminal with a command of `adit` in it, by util-linux's `script`.

use std::io::{Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::{command, text};
use crate::support::server::Server;

/// A terminal of 24 lines with 120 columns.
pub(super) struct Terminal {
    script: Child,
    output: ChildStdout,
    shown: String,
}

impl Terminal {
    /// Starts a command as the demo user; `None`, said aloud, where there is no terminal to be had.
    pub(super) fn start(server: &Server, line: &str) -> Option<Self> {
        let program = env!("CARGO_BIN_EXE_adit");
        let mut script = Command::new("script");
        for (name, value) in command(server, "").get_envs() {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        let line = format!("stty rows 24 cols 120; exec {program} {line}");
        let script = script
            .args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut script) = script else {
            eprintln!("SKIPPED: what a terminal shows: there is no `script`");
            return None;
        };
        let output = script.stdout.take().unwrap();
        Some(Self { script, output, shown: String::new() })
    }

    /// Reads on until something is shown.
    #[track_caller]
    pub(super) fn until(&mut self, part: &str) {
        let mut octets = [0; 4096];
        while !self.shown.contains(part) {
            let count = self.output.read(&mut octets).unwrap();
            assert!(count > 0, "no {part:?} in {:?}", self.shown);
            self.shown.push_str(&text(&octets[..count]));
        }
    }

    /// Counts only what is shown from here on.
    pub(super) fn forget(&mut self) {
        self.shown.clear();
    }

    /// Presses keys.
    pub(super) fn press(&mut self, keys: &str) {
        self.script.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Presses Ctrl-C.
    pub(super) fn interrupt(&mut self) {
        self.press("\x03");
    }

    /// Answers questions, of which none shows what is typed.
    #[track_caller]
    pub(super) fn answer_unseen(&mut self, answers: &[(&str, &str)]) {
        for (question, keys) in answers {
            self.until(question);
            self.forget();
            self.press(keys);
            self.until("\n");
            assert_eq!(self.shown.split_inclusive('\n').next(), Some("\r\n"), "what is typed is shown");
        }
    }

    /// The exit status of the command.
    pub(super) fn ended(mut self) -> Option<i32> {
        self.script.wait().unwrap().code()
    }
}
