//! What a bench leaves on the machine while it runs, all of it known by the bench's number. Clearing up remembers
//! nothing, so that it works for a bench that was killed, too.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use adit_ike::Backend;
use adit_ike::charon::{Config, Process};
use adit_linux::{Namespace, Netlink, VethPeer};
use anyhow::{Context, Result, bail};
use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Command;

use crate::{peer, until};

/// The node's interface on the segment that the peer is on, too.
pub(crate) const UPLINK: &str = "ext";
/// In the environment of each process that a bench starts.
const MARK: &str = "BENCH_OF_ADIT";
/// In the environment of each charon: its configuration file, below the bench's folder.
const CHARON_MARK: &str = "STRONGSWAN_CONF";
/// How long processes may take to end once they are killed.
const END_LIMIT: Duration = Duration::from_secs(60);
/// How many lines of a log are shown when something went wrong.
const LOG_LINES: usize = 6;

/// A bench's number, and what follows from it.
#[derive(Debug)]
pub(crate) struct Footprint {
    id: u32,
    root: PathBuf,
    /// Held as long as the bench runs: who can take it knows that the bench is gone.
    _lock: Flock<File>,
}

/// Removes what benches left that were killed.
///
/// # Errors
/// When something stays.
pub(crate) async fn sweep() -> Result<()> {
    for name in entries(&home()?)? {
        let Ok(id) = name.parse() else { continue };
        // One that cannot be held belongs to a bench that runs.
        if let Some(left) = Footprint::hold(id)? {
            eprintln!("removing what bench {id} left behind");
            left.clear().await?;
        }
    }
    Ok(())
}

impl Footprint {
    /// Takes the number of this process.
    ///
    /// # Errors
    /// When the files cannot be made.
    pub(crate) fn claim() -> Result<Self> {
        let id = std::process::id();
        Self::hold(id)?.with_context(|| format!("another bench has the number {id}"))
    }

    fn hold(id: u32) -> Result<Option<Self>> {
        let root = home()?.join(id.to_string());
        let unusable = || format!("cannot use {}", root.display());
        fs::create_dir_all(&root).with_context(unusable)?;
        let lock = File::create(root.join("lock")).with_context(unusable)?;
        match Flock::lock(lock, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Some(Self { id, root, _lock: lock })),
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, error)) => Err(error).with_context(unusable),
        }
    }

    /// A file of the bench.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The peer's namespace.
    pub(crate) fn peer(&self) -> String {
        format!("adit-bench-{}-peer", self.id)
    }

    fn node(&self) -> String {
        format!("adit-bench-{}-node", self.id)
    }

    /// Makes the node and the peer's machine, for so many connections of one router, on one segment. Returns the node.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(crate) async fn build(&self, connections: usize) -> Result<Namespace> {
        let node = Namespace::create(&self.node())?;
        let peer = Namespace::create(&self.peer())?;
        let (on_node, on_peer) = (Netlink::inside(&node)?, Netlink::inside(&peer)?);
        let far_end = VethPeer { name: UPLINK, namespace: &peer, mac: [2, 0, 0, 0, 0, 1] };
        on_node.add_veth(UPLINK, 1500, &far_end).await?;
        for netlink in [&on_node, &on_peer] {
            netlink.set_up("lo").await?;
            netlink.set_up(UPLINK).await?;
        }
        on_peer.set_addresses(UPLINK, &peer::interface_addresses(connections)?).await?;
        Ok(node)
    }

    /// A command whose process is the bench's, in a group of its own, so that Ctrl-C at the terminal reaches the bench
    /// alone. Its output goes into a log.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, log: &str) -> Result<Command> {
        let file = self.file(&format!("{log}.log"));
        let log = File::options().append(true).create(true).open(&file);
        let log = log.with_context(|| format!("cannot write {}", file.display()))?;
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("OS_") || name.starts_with("ADIT_")) {
                command.env_remove(name);
            }
        }
        command.env(MARK, &self.root).env("LC_ALL", "C").process_group(0);
        command.stdin(std::process::Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }

    /// The last lines of all logs.
    pub(crate) fn log_tails(&self) -> String {
        let mut text = String::new();
        for name in entries(&self.root).unwrap_or_default() {
            if !name.ends_with(".log") {
                continue;
            }
            let log = fs::read_to_string(self.file(&name)).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(LOG_LINES)..];
            text.push_str(&format!("{name} ends with:\n    {}\n", tail.join("\n    ")));
        }
        text
    }

    /// Removes everything. Goes on after a failure.
    ///
    /// # Errors
    /// All that could not be removed.
    pub(crate) async fn clear(&self) -> Result<()> {
        let mut failures = Vec::new();
        let mut note = |done: Result<()>| failures.extend(done.err().map(|error| format!("{error:#}")));
        let ours = format!("{MARK}={}", self.root.display()).into_bytes();
        let charons = format!("{CHARON_MARK}={}/", self.root.display()).into_bytes();
        // First the agent, which would start its daemons again.
        note(kill_processes(|variable| variable == ours).await);
        note(kill_processes(|variable| variable.starts_with(&charons)).await);
        note(self.clear_routers());
        note(Process::remove_files(&self.daemon(&self.file("peer"))).map_err(Into::into));
        for name in [self.node(), self.peer()] {
            note(Namespace::delete(&name).map_err(Into::into));
        }
        if failures.is_empty()
            && let Err(error) = fs::remove_dir_all(&self.root)
        {
            failures.push(format!("{}: {error}", self.root.display()));
        }
        if !failures.is_empty() {
            bail!("the bench could not remove everything: {}", failures.join("; "));
        }
        Ok(())
    }

    fn clear_routers(&self) -> Result<()> {
        let routers = self.file("agent").join("routers");
        for id in entries(&routers)? {
            Namespace::delete(&format!("qrouter-{id}"))?;
            Process::remove_files(&self.daemon(&routers.join(&id)))?;
        }
        Ok(())
    }

    /// The backend does not matter to files.
    #[expect(clippy::unused_self, reason = "only folders of the bench are meant")]
    fn daemon(&self, run_dir: &Path) -> Config {
        Config { run_dir: run_dir.to_owned(), backend: Backend::Userspace }
    }
}

/// The names in a folder; none if it is not there.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn entries(folder: &Path) -> Result<Vec<String>> {
    let unreadable = || format!("cannot read {}", folder.display());
    let found = match fs::read_dir(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(unreadable),
    };
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
    };
    found.map(name).collect::<Result<_, _>>().with_context(unreadable)
}

/// Where benches keep their files: in the target directory, which is on a real disk, unlike `/tmp` on many machines.
fn home() -> Result<PathBuf> {
    let this = std::env::current_exe().context("cannot tell where this program is")?;
    let target = this.ancestors().nth(2).context("this program is not in a target directory")?;
    Ok(target.join("bench-gateway"))
}

async fn kill_processes(is_ours: impl Fn(&[u8]) -> bool) -> Result<()> {
    until("the end of killed processes", Duration::from_millis(50), END_LIMIT, async || {
        let found = processes(&is_ours)?;
        for pid in &found {
            // Gone since the look at it is fine.
            let _ = kill(*pid, Signal::SIGKILL);
        }
        Ok(found.is_empty().then_some(()))
    })
    .await
}

fn processes(is_ours: &impl Fn(&[u8]) -> bool) -> Result<Vec<Pid>> {
    let mut found = Vec::new();
    for pid in entries(Path::new("/proc"))?.iter().filter_map(|name| name.parse().ok()) {
        // One that ended just now, or that is a zombie, has no environment.
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        if environment.split(|octet| *octet == 0).any(is_ours) {
            found.push(Pid::from_raw(pid));
        }
    }
    Ok(found)
}
