//! One boot of User Mode Linux: its folder, its process, its end.

use std::fs;
use std::io::{self, BufRead, BufReader, PipeReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::tool;

/// The kernel.
const PROGRAM: &str = "linux.uml";
/// The guest's first process.
const INIT: &str = include_str!("init.sh");
/// How long the guest may take for everything, in seconds; usually it takes two or three minutes.
const LIMIT_SECS: u32 = 900;
/// How long each program may take in it: that one is named then, while the limit above just ends the guest.
const PROGRAM_LIMIT_SECS: u32 = 800;
/// The guest's memory, of which it takes what it needs.
const MEMORY_MIB: u64 = 768;
/// Where its memory is, if there is room.
const SHARED_MEMORY: &str = "/dev/shm";
/// Folders of guests, and then the id of the process that made them.
const PREFIX: &str = "adit-kernel-test-";

/// Says what is missing for a guest, if anything is.
pub(super) fn installed() -> Result<()> {
    for (program, package) in [(PROGRAM, "user-mode-linux"), ("insmod", "kmod"), ("setpriv", "util-linux")] {
        let in_sbin = Path::new("/sbin").join(program).is_file();
        if !in_sbin && !tool::is_there(program) {
            bail!("`{program}` is missing: install the package {package}");
        }
    }
    Ok(())
}

/// A guest that runs. Dropping it ends it and removes its files.
#[derive(Debug)]
pub(super) struct Guest {
    share: Share,
    process: Child,
    output: Option<PipeReader>,
}

impl Guest {
    /// Boots one to run `programs`, each a line for a shell.
    pub(super) fn start(programs: &[String]) -> Result<Self> {
        sweep();
        let share = Share::new()?;
        let write = |name: &str, text: &str| {
            let path = share.0.join(name);
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
        };
        write("programs", &(programs.join("\n") + "\n"))?;
        write("init.sh", INIT)?;
        tool::run(Command::new("chmod").arg("755").arg(share.0.join("init.sh")))?;

        let (output, input) = io::pipe().context("cannot make a pipe")?;
        let mut command = command(&share.0);
        command.stdin(Stdio::null()).stdout(input.try_clone().context("cannot make a pipe")?).stderr(input);
        let process = command.spawn().with_context(|| format!("cannot run {PROGRAM}"))?;
        Ok(Self { share, process, output: Some(output) })
    }

    /// What it prints, line by line, until it is off.
    pub(super) fn output(&mut self) -> impl Iterator<Item = io::Result<String>> + use<> {
        self.output.take().into_iter().flat_map(|output| BufReader::new(output).lines())
    }

    /// Waits until it is off. The worst of the programs' exit statuses.
    pub(super) fn wait(mut self) -> Result<u8> {
        let ended = self.process.wait().context("cannot wait for the guest")?;
        let status = fs::read_to_string(self.share.0.join("status")).ok();
        match status.as_deref().map(str::trim).map(str::parse) {
            Some(Ok(status)) => Ok(status),
            _ => bail!("the guest ended ({ended}) without a result; it may take {LIMIT_SECS} s"),
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if matches!(self.process.try_wait(), Ok(None)) {
            // It passes the signal on to all that belongs to the guest, which a kill would not give it time to.
            let _ = tool::status(Command::new("kill").arg(self.process.id().to_string()));
            let _ = self.process.wait();
        }
    }
}

/// The folder that host and guest share.
#[derive(Debug)]
struct Share(PathBuf);

impl Share {
    fn new() -> Result<Self> {
        let dir = std::env::temp_dir().join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        Ok(Self(dir))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// The guest under a clock of its own, which also ends it when we end, however that happens: its processes are in a
/// group, and a guest that is killed alone leaves some of them behind.
fn command(share: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig=TERM", "timeout", "--signal=KILL"]).arg(LIMIT_SECS.to_string());
    command.arg(PROGRAM).args([
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        "quiet",
        "con=null",
        "con0=fd:0,fd:1",
    ]);
    command.arg(format!("mem={MEMORY_MIB}M"));
    command.arg(format!("init={}", share.join("init.sh").display()));
    command.arg(format!("uml_dir={}/", share.display()));
    // What the kernel does not know goes to the first process, as its environment.
    command.arg(format!("XTASK_SHARE={}", share.display()));
    command.arg(format!("XTASK_LIMIT={PROGRAM_LIMIT_SECS}"));
    for variable in ["TMPDIR", "TMP", "TEMP"] {
        command.env_remove(variable);
    }
    if !has_room(SHARED_MEMORY) {
        // Then it is in a file there, which is slower and works.
        command.env("TMPDIR", share);
    }
    command
}

/// Containers have little shared memory, and a guest that finds none left just dies.
fn has_room(folder: &str) -> bool {
    let free = tool::output(Command::new("df").args(["--output=avail", "--block-size=1M", folder]));
    let free = free.and_then(|text| text.lines().last()?.trim().parse::<u64>().ok());
    free.is_some_and(|free| free >= MEMORY_MIB)
}

/// Removes what earlier runs left that were killed.
fn sweep() {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|id| id.parse::<u32>().ok());
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
