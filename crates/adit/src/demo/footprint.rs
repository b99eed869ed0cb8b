//! What a demo leaves on the machine while it runs, all of it known by the demo's number.
//!
//! Clearing up remembers nothing: it goes by names, marks and files, so that it works at any moment, from another
//! process, and twice.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use adit_ike::Backend;
use adit_ike::charon::{Config, Process};
use adit_linux::{Namespace, Netlink};
use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Command;

use super::side::Side;
use super::until;
use crate::state::StateDir;

/// Where demos keep their files. Socket paths below it stay short, and only root gets there.
const HOME: &str = "/run/adit-demo";
/// In the environment of each process that a demo starts.
const MARK: &str = "DEMO_OF_ADIT";
/// In the environment of each charon: its configuration file, below the state directory of a region.
const CHARON_MARK: &str = "STRONGSWAN_CONF";
/// How long processes may take to end, before they are killed.
const END_LIMIT: Duration = Duration::from_secs(10);

/// A demo's number, and what follows from it.
pub(crate) struct Footprint {
    id: u32,
    root: PathBuf,
    /// Held as long as the demo runs: who can take it knows that the demo is gone.
    _lock: StateDir,
}

/// Removes what demos left that were killed, and returns their numbers.
///
/// # Errors
/// When something stays.
pub(crate) async fn sweep() -> Result<Vec<u32>> {
    let mut swept = Vec::new();
    for id in entries(Path::new(HOME))?.iter().filter_map(|name| name.parse().ok()) {
        let root = Path::new(HOME).join(format!("{id}"));
        // One that cannot be held belongs to a demo that runs.
        let Ok(lock) = StateDir::hold(&root) else { continue };
        Footprint { id, root, _lock: lock }.clear().await?;
        swept.push(id);
    }
    Ok(swept)
}

impl Footprint {
    /// Takes a number that no other demo has.
    ///
    /// # Errors
    /// When the files cannot be made.
    pub(crate) fn claim() -> Result<Self> {
        let own = std::process::id();
        // A folder with a number is never without its lock, or another demo would take it for a dead one's.
        let new = Path::new(HOME).join(format!("new-{own}"));
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(HOME)
            .with_context(|| format!("cannot make {HOME}"))?;
        let lock = StateDir::hold(&new)?;
        for id in own..own.saturating_add(100) {
            let root = Path::new(HOME).join(format!("{id}"));
            match fs::rename(&new, &root) {
                Ok(()) => return Ok(Self { id, root, _lock: lock }),
                Err(error)
                    if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => {}
                Err(error) => return Err(error).with_context(|| format!("cannot make {}", root.display())),
            }
        }
        bail!("too many demos run on this machine; their files are in {HOME}");
    }

    pub(crate) const fn id(&self) -> u32 {
        self.id
    }

    /// A file of the demo.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn state_dir(&self, side: Side) -> PathBuf {
        self.root.join(side.as_str())
    }

    /// The namespace that is a machine.
    pub(crate) fn machine(&self, side: Side) -> String {
        format!("adit-demo-{}-{side}", self.id)
    }

    /// The namespace between the machines.
    pub(crate) fn internet(&self) -> String {
        format!("adit-demo-{}-internet", self.id)
    }

    /// The namespace that is a host in a tenant's network.
    pub(crate) fn host(&self, side: Side) -> String {
        format!("{side}-host-{}", self.id)
    }

    /// The alias of interfaces outside of all these namespaces.
    pub(crate) fn link_alias(&self) -> String {
        format!("adit-demo-{}", self.id)
    }

    /// A command whose process is the demo's: in a group of its own, so that Ctrl-C at the terminal reaches the demo
    /// alone, and without the settings that the person at the terminal has for other regions.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let is_foreign = |name: &str| {
            name.starts_with("OS_") || (name.starts_with("ADIT_") && name != "ADIT_AGENT__DATA_PLANE")
        };
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(is_foreign) {
                command.env_remove(name);
            }
        }
        command.env(MARK, &self.root).env("LC_ALL", "C").stdin(std::process::Stdio::null()).process_group(0);
        command
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
        // First the agents, which would start their daemons again.
        note(end_processes(|variable| variable == ours).await);
        note(end_processes(|variable| variable.starts_with(&charons)).await);
        for side in Side::ALL {
            note(self.clear_routers(side));
        }
        for side in Side::ALL {
            note(Namespace::delete(&self.host(side)).map_err(Into::into));
        }
        note(self.clear_links().await);
        for name in Side::ALL.map(|side| self.machine(side)).into_iter().chain([self.internet()]) {
            note(Namespace::delete(&name).map_err(Into::into));
        }
        if failures.is_empty() {
            match fs::remove_dir_all(&self.root) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    failures.push(format!("{}: {error}", self.root.display()));
                }
                _ => {}
            }
            // Others may be there.
            let _ = fs::remove_dir(HOME);
        }
        if !failures.is_empty() {
            bail!("the demo could not remove everything: {}", failures.join("; "));
        }
        Ok(())
    }

    /// A region leaves its routers in place when it ends; what they are stands in its state directory.
    fn clear_routers(&self, side: Side) -> Result<()> {
        let routers = self.state_dir(side).join("routers");
        for id in entries(&routers)? {
            Namespace::delete(&format!("qrouter-{id}"))?;
            // The backend does not matter to files.
            Process::remove_files(&Config { run_dir: routers.join(&id), backend: Backend::Userspace })?;
        }
        Ok(())
    }

    async fn clear_links(&self) -> Result<()> {
        let netlink = Netlink::here()?;
        let alias = self.link_alias();
        for link in netlink.links().await?.values().filter(|link| link.alias.as_deref() == Some(&alias)) {
            netlink.delete_link(&link.name).await?;
        }
        Ok(())
    }
}

/// Ends the processes that have such a variable in their environment.
async fn end_processes(is_ours: impl Fn(&[u8]) -> bool) -> Result<()> {
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        for pid in processes(&is_ours)? {
            // Gone since the look at it is fine.
            let _ = kill(pid, signal);
        }
        let gone = until("the end of its processes", END_LIMIT, async || {
            Ok(processes(&is_ours)?.is_empty().then_some(()))
        });
        if gone.await.is_ok() {
            return Ok(());
        }
    }
    let left: Vec<String> = processes(&is_ours)?.iter().map(ToString::to_string).collect();
    bail!("these processes do not end: {}", left.join(", "))
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

fn entries(folder: &Path) -> Result<BTreeSet<String>> {
    let unreadable = || format!("cannot read {}", folder.display());
    let found = match fs::read_dir(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(error).with_context(unreadable),
    };
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
    };
    found.map(name).collect::<Result<_, _>>().with_context(unreadable)
}
