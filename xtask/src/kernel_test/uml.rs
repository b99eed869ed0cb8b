//! User Mode Linux: a kernel as an ordinary program, which sees the files of this machine as its own. It has IPsec, and
//! of nftables only what bridges need, so it is for tests of tunnels without a router around them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::guest::{MEMORY_MIB, Machine, write_program};
use crate::tool;

/// The kernel.
const PROGRAM: &str = "linux.uml";
/// The guest's first process.
const INIT: &str = include_str!("uml-init.sh");
/// What is preloaded into the kernel, for processors that it does not know.
const XSTATE: &str = include_str!("xstate.c");
/// Where its memory is, if there is room.
const SHARED_MEMORY: &str = "/dev/shm";

/// User Mode Linux as the distribution installs it.
#[derive(Debug)]
pub(super) struct Uml;

impl Uml {
    /// The error says what is missing.
    pub(super) fn installed() -> Result<Self> {
        ensure!(tool::is_there(PROGRAM), "`{PROGRAM}` is missing: install the package user-mode-linux");
        Ok(Self)
    }
}

impl Machine for Uml {
    fn name(&self) -> &'static str {
        "uml"
    }

    fn modules(&self) -> PathBuf {
        PathBuf::from("/usr/lib/uml/modules")
    }

    fn boot(&self, share: &Path) -> Result<Command> {
        let init = share.join("init.sh");
        write_program(&init, INIT)?;
        let mut command = Command::new(PROGRAM);
        command.args(["rootfstype=hostfs", "rootflags=/", "ro", "quiet", "con=null", "con0=fd:0,fd:1"]);
        command.arg(format!("mem={MEMORY_MIB}M"));
        command.arg(format!("init={}", init.display()));
        command.arg(format!("uml_dir={}/", share.display()));
        for variable in ["TMPDIR", "TMP", "TEMP"] {
            command.env_remove(variable);
        }
        match xstate(share) {
            Ok(library) => drop(command.env("LD_PRELOAD", library)),
            // Most processors do without.
            Err(error) => eprintln!("xtask: User Mode Linux as it is: {error:#}"),
        }
        if !has_room(SHARED_MEMORY) {
            // Then it is in a file there, which is slower and works.
            command.env("TMPDIR", share);
        }
        Ok(command)
    }

    /// What the kernel does not know goes to the first process, as its environment.
    fn pass(&self, command: &mut Command, assignments: &[String]) {
        command.args(assignments);
    }
}

/// Compiles what lets it run where processors have more state than it saves. A compiler is there, since Rust links by it.
fn xstate(share: &Path) -> Result<PathBuf> {
    let (source, library) = (share.join("xstate.c"), share.join("xstate.so"));
    fs::write(&source, XSTATE).with_context(|| format!("cannot write {}", source.display()))?;
    let mut compile = Command::new("cc");
    tool::run(compile.args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source))?;
    Ok(library)
}

/// Containers have little shared memory, and a guest that finds none left just dies.
fn has_room(folder: &str) -> bool {
    let free = tool::output(Command::new("df").args(["--output=avail", "--block-size=1M", folder]));
    let free = free.and_then(|text| text.lines().last()?.trim().parse::<u64>().ok());
    free.is_some_and(|free| free >= MEMORY_MIB)
}
