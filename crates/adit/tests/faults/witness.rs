//! What hosts and the internet see: echo requests without an answer, and packets that left in clear.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use adit_linux::Namespace;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::world::until;

/// Echo requests, one each 20 ms, until they are stopped.
pub(crate) struct Pings {
    ping: Process,
    answered: Lines,
}

/// Packets to or from the hosts' networks on the internet segment.
pub(crate) struct PlainPackets {
    tcpdump: Process,
    seen: Lines,
    said: JoinHandle<String>,
}

impl Pings {
    pub(crate) async fn start(from: &Namespace, to: &str) -> Self {
        let mut ping = Process::start(from, Command::new("ping").args(["-n", "-i", "0.02", to]));
        let answered = Lines::read(ping.0.stdout.take().unwrap());
        let pings = Self { ping, answered };
        pings.go_on(5).await;
        pings
    }

    /// Waits for so many more answers.
    pub(crate) async fn go_on(&self, count: usize) {
        let wanted = self.answers().len() + count;
        until("answers to echo requests", async || self.answers().len() >= wanted).await;
    }

    /// Stops, and returns how many were sent and those without an answer.
    pub(crate) async fn stop(mut self) -> (u32, Vec<u32>) {
        self.go_on(5).await;
        self.ping.stop();
        let answers = self.answers();
        // A request that is on its way right now is none that was lost.
        let sent = answers.last().copied().unwrap_or_default();
        (sent, (1..=sent).filter(|number| !answers.contains(number)).collect())
    }

    fn answers(&self) -> BTreeSet<u32> {
        let number = |line: &String| line.split_once("icmp_seq=")?.1.split(' ').next()?.parse().ok();
        self.answered.all().iter().filter(|line| line.contains("bytes from")).filter_map(number).collect()
    }
}

impl PlainPackets {
    /// Starts to look. When this returns, none escapes it.
    pub(crate) fn watch(internet: &Namespace) -> Self {
        let mut command = Command::new("tcpdump");
        command.args(["-i", "any", "-n", "-l", "--immediate-mode", "net 10.1.0.0/16 or net 10.2.0.0/16"]);
        let mut tcpdump = Process::start(internet, &mut command);
        let seen = Lines::read(tcpdump.0.stdout.take().unwrap());
        let mut stderr = BufReader::new(tcpdump.0.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("listening on") {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "`tcpdump` does not capture");
        }
        let said = thread::spawn(move || {
            let mut said = String::new();
            stderr.read_to_string(&mut said).unwrap();
            said
        });
        Self { tcpdump, seen, said }
    }

    /// What was seen so far.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.all()
    }

    /// Ends it, and returns all that was seen.
    pub(crate) fn stop(mut self) -> Vec<String> {
        self.tcpdump.stop();
        let said = self.said.join().unwrap();
        assert!(said.contains("\n0 packets dropped by kernel"), "{said}");
        self.seen.ended()
    }
}

/// Sends a few echo requests, and returns how many were answered.
pub(crate) fn ping(from: &Namespace, to: &str, count: u32) -> usize {
    let mut command = Command::new("ping");
    command.args(["-n", "-i", "0.02", "-W", "0.2", "-c", &count.to_string(), to]).stderr(Stdio::null());
    let output = from.run(|| command.output()).unwrap().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().filter(|line| line.contains("bytes from")).count()
}

/// A program in a namespace; killed when it is dropped.
struct Process(Child);

impl Process {
    fn start(namespace: &Namespace, command: &mut Command) -> Self {
        command.env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(namespace.run(|| command.spawn()).unwrap().unwrap())
    }

    fn stop(&mut self) {
        kill(Pid::from_raw(self.0.id().cast_signed()), Signal::SIGINT).unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The lines that a program has written so far.
struct Lines {
    lines: Arc<Mutex<Vec<String>>>,
    reader: JoinHandle<()>,
}

impl Lines {
    fn read(output: impl Read + Send + 'static) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let into = lines.clone();
        let reader = thread::spawn(move || {
            // `tcpdump` ends with an empty one.
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.filter(|line| !line.is_empty()).for_each(|line| into.lock().unwrap().push(line));
        });
        Self { lines, reader }
    }

    fn all(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// All of a program that has ended.
    fn ended(self) -> Vec<String> {
        self.reader.join().unwrap();
        self.lines.lock().unwrap().clone()
    }
}
