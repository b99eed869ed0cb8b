//! One boot of a guest: its folder, its process, its end.

use std::fs;
use std::io::{self, BufRead, BufReader, PipeReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::tool;

/// What a guest runs once its root is ready.
const RUN: &str = include_str!("run.sh");
/// How long a guest may take for everything, in seconds; usually it takes two or three minutes.
const LIMIT_SECS: u32 = 900;
/// How long each program may take in it: that one is named then, while the limit above just ends the guest.
const PROGRAM_LIMIT_SECS: u32 = 800;
/// A guest's memory, of which it takes what it needs.
pub(super) const MEMORY_MIB: u64 = 1024;
/// Folders of guests, and then the id of the process that made them.
const PREFIX: &str = "adit-kernel-test-";

/// A way to run another kernel on the files of this machine.
pub(super) trait Machine: Send + Sync {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// The folder that has its modules below `VERSION`.
    fn modules(&self) -> PathBuf;

    /// The command that boots it, with what else it needs in the folder that it shares. The first process has to mount
    /// the share at `/run/share` of a root that may be written, and run `run.sh` there.
    fn boot(&self, share: &Path) -> Result<Command>;

    /// How an environment variable gets to the guest's first process.
    fn pass(&self, command: &mut Command, assignments: &[String]);
}

/// A guest that runs. Dropping it ends it and removes its files.
#[derive(Debug)]
pub(super) struct Guest {
    // Dropped before the share.
    process: Running,
    share: Share,
    output: Option<PipeReader>,
}

impl Guest {
    /// Boots one to run `programs`, each a line for a shell. No other guest has its `name` at the same time.
    pub(super) fn start(machine: &dyn Machine, name: &str, programs: &[String]) -> Result<Self> {
        sweep();
        let share = Share::new(name)?;
        share.write("programs", &(programs.join("\n") + "\n"))?;
        share.write("run.sh", RUN)?;
        symlink(machine.modules(), share.0.join("modules")).context("cannot make a link")?;

        let (output, input) = io::pipe().context("cannot make a pipe")?;
        let mut boot = machine.boot(&share.0)?;
        machine.pass(
            &mut boot,
            &[format!("XTASK_SHARE={}", share.0.display()), format!("XTASK_LIMIT={PROGRAM_LIMIT_SECS}")],
        );
        let mut command = bounded(&boot);
        command.stdin(Stdio::null()).stdout(input.try_clone().context("cannot make a pipe")?).stderr(input);
        let process = command.spawn().with_context(|| format!("cannot run {}", machine.name()))?;
        Ok(Self { process: Running(process), share, output: Some(output) })
    }

    /// What it prints, line by line, until it is off.
    pub(super) fn output(&mut self) -> impl Iterator<Item = io::Result<String>> + use<> {
        let lines = self.output.take().into_iter().flat_map(|output| BufReader::new(output).split(b'\n'));
        lines.map(|line| Ok(String::from_utf8_lossy(&line?).trim_end_matches('\r').to_owned()))
    }

    /// Waits until it is off. The worst of the programs' exit statuses.
    pub(super) fn wait(mut self) -> Result<u8> {
        let ended = self.process.0.wait().context("cannot wait for the guest")?;
        let status = fs::read_to_string(self.share.0.join("status")).ok();
        match status.as_deref().map(str::trim).map(str::parse) {
            Some(Ok(status)) => Ok(status),
            _ => bail!("the guest ended ({ended}) without a result; it may take {LIMIT_SECS} s"),
        }
    }
}

#[derive(Debug)]
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            // `timeout` passes the signal on to the guest, which a kill would not give it time to.
            let _ = tool::status(Command::new("kill").arg(self.0.id().to_string()));
            let _ = self.0.wait();
        }
    }
}

/// The folder that host and guest share.
#[derive(Debug)]
struct Share(PathBuf);

impl Share {
    fn new(guest: &str) -> Result<Self> {
        let dir = std::env::temp_dir().join(format!("{PREFIX}{}-{guest}", std::process::id()));
        fs::create_dir(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        Ok(Self(dir))
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.0.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// Writes a file that may be run.
pub(super) fn write_program(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    tool::run(Command::new("chmod").arg("755").arg(path))
}

/// The same command under a clock of its own, which also ends it when we end, however that happens: its processes are in
/// a group, since a guest that is killed alone may leave some of them behind.
fn bounded(command: &Command) -> Command {
    let mut bounded = Command::new("setpriv");
    bounded.args(["--pdeathsig=TERM", "timeout", "--signal=KILL"]).arg(LIMIT_SECS.to_string());
    bounded.arg(command.get_program()).args(command.get_args());
    for (variable, value) in command.get_envs() {
        match value {
            Some(value) => bounded.env(variable, value),
            None => bounded.env_remove(variable),
        };
    }
    bounded
}

/// Removes what earlier runs left that were killed.
fn sweep() {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
        if owner.is_some_and(|id| !Path::new("/proc").join(id.to_string()).exists()) {
            remove(&entry.path());
        }
    }
}

fn remove(dir: &Path) {
    if let Err(error) = fs::remove_dir_all(dir) {
        eprintln!("xtask: cannot remove {}: {error}", dir.display());
    }
}
