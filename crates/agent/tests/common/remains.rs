//! Charons outlive whoever has started them, so a test that fails in the middle has to end them.

use std::path::{Path, PathBuf};
use std::process::Command;

use adit_ike::Backend;
use adit_ike::charon::{Config, Process};

/// Ends the charons whose files are below `folder`, and removes what those of `run_dirs` have elsewhere.
pub(crate) fn end_charons(folder: &Path, run_dirs: impl IntoIterator<Item = PathBuf>) {
    let variable = format!("STRONGSWAN_CONF={}/", folder.display());
    kill_all(|entry| entry.starts_with(&variable));
    for run_dir in run_dirs {
        // Where its files are does not depend on what carries its packets.
        let _ = Process::remove_files(&Config { run_dir, backend: Backend::Userspace });
    }
}

/// Ends every process that has such a variable, `NAME=VALUE`, in its environment. Whether there was any.
pub(crate) fn kill_all(is_meant: impl Fn(&str) -> bool) -> bool {
    let mut is_any = false;
    for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        let is_ours =
            environment.split(|octet| *octet == 0).any(|entry| is_meant(&String::from_utf8_lossy(entry)));
        if let (true, Ok(pid)) = (is_ours, process.file_name().to_string_lossy().parse()) {
            kill(pid);
            is_any = true;
        }
    }
    is_any
}

/// Ends a process at once.
pub(crate) fn kill(pid: i32) {
    signal("-KILL", pid);
}

/// Sends a signal; a process that has ended is fine.
pub(crate) fn signal(signal: &str, pid: i32) {
    let _ = Command::new("kill").args([signal, &pid.to_string()]).status();
}
