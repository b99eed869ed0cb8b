//! A server that is measured.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::connection::{Connection, Request};
use crate::tool;

/// A fresh state directory; removed when it is dropped.
#[derive(Debug)]
pub(super) struct StateDir(PathBuf);

/// A running `adit server`; killed when it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    process: Child,
    address: SocketAddr,
    state: PathBuf,
}

impl StateDir {
    /// In the target directory, which is on a real disk, unlike `/tmp` on many machines.
    pub(super) fn make() -> Result<Self> {
        let path = tool::target_dir()?.join(format!("bench-{}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for StateDir {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("cannot remove {}: {error}", self.0.display());
        }
    }
}

impl Server {
    /// Starts a server; returns also how long it took until it answered.
    pub(super) fn start(state: &StateDir) -> Result<(Self, Duration)> {
        let start = Instant::now();
        let adit = tool::target_dir()?.join("release/adit");
        let mut process = Command::new(&adit)
            .args(["server", "--listen", "127.0.0.1:0", "--state-dir"])
            .arg(state.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", adit.display()))?;
        let log = process.stderr.take().context("the server has no standard error")?;
        let mut log = BufReader::new(log).lines();
        let address = loop {
            let Some(line) = log.next().transpose()? else { bail!("the server ended before it was up") };
            if let Some(address) = address(&line) {
                break address;
            }
        };
        let server = Self { process, address, state: state.path().to_owned() };
        server.connect("")?.ask(&Request::new("GET", "/healthz"))?;
        let took = start.elapsed();
        // Somebody has to read on, or the server stops at a full pipe. What it has to say while it is measured is for
        // whoever looks why it fails.
        std::thread::spawn(move || log.map_while(Result::ok).for_each(|line| eprintln!("adit: {line}")));
        Ok((server, took))
    }

    /// A new connection. `credentials` is a header.
    pub(super) fn connect(&self, credentials: &str) -> Result<Connection> {
        Connection::open(self.address, credentials)
    }

    /// A file of the state directory.
    pub(super) fn read(&self, file: &str) -> Result<String> {
        let path = self.state.join(file);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// CPU time that the process has used, in user and kernel mode.
    pub(super) fn cpu_time(&self) -> Result<Duration> {
        cpu_time(&format!("/proc/{}/stat", self.process.id()))
    }

    /// Its proportional share of memory (PSS), in KiB.
    pub(super) fn memory_kib(&self) -> Result<u64> {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.process.id()))
            .context("cannot read the memory of the server")?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let number = line.and_then(|line| line.trim().strip_suffix("kB"));
        number.and_then(|number| number.trim().parse().ok()).context("the server's memory cannot be told")
    }

    /// Ends it as an operator would.
    pub(super) fn stop(mut self) -> Result<()> {
        let id = self.process.id().to_string();
        tool::run(Command::new("kill").args(["-TERM", &id]))?;
        let status = self.process.wait().context("cannot wait for the server")?;
        if !status.success() {
            bail!("the server ended badly ({status})");
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads the address off the line that says that the server is up.
fn address(line: &str) -> Option<SocketAddr> {
    line.split_once("up address=")?.1.split_whitespace().next()?.parse().ok()
}

/// CPU time of this process.
pub(super) fn own_cpu_time() -> Result<Duration> {
    cpu_time("/proc/self/stat")
}

/// CPU time that all processes of the machine together have used, and how many processors there are.
pub(super) fn cpu_time_of_all() -> Result<(Duration, usize)> {
    let text = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
    let processors = text.lines().filter(|line| line.starts_with("cpu")).count().saturating_sub(1);
    let numbers = text.lines().next().unwrap_or_default().split_whitespace().skip(1);
    let numbers: Vec<u64> = numbers.filter_map(|number| number.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; the rest is counted in user already (proc(5)).
    let busy = numbers.iter().take(8).enumerate().filter(|(at, _)| !matches!(at, 3 | 4));
    Ok((ticks(busy.map(|(_, ticks)| *ticks).sum()), processors))
}

fn cpu_time(stat: &str) -> Result<Duration> {
    let text = fs::read_to_string(stat).with_context(|| format!("cannot read {stat}"))?;
    // The name of the program, in parentheses, may contain anything (proc(5)); utime and stime are fields 14 and 15.
    let (_, fields) = text.rsplit_once(')').with_context(|| format!("{stat} is odd"))?;
    let times = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
    Ok(ticks(times.sum()))
}

/// The kernel counts in hundredths of a second for programs, whatever it does inside.
fn ticks(count: u64) -> Duration {
    Duration::from_millis(count * 10)
}
