//! Whether the node itself goes down. Who stops, replaces or starts the program anew tells it so by the same signal, and
//! then the routers stay; so the service manager is asked.
//!
//! Where systemd does not run nobody says so, and the routers stay. `systemctl` itself looks whether it does.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

/// systemd answers within milliseconds, also while it stops everything.
const LIMIT: Duration = Duration::from_secs(5);

/// Whether systemd is stopping everything. If it cannot be asked the answer is no, and the log says so.
pub(crate) async fn is_under_way() -> bool {
    is_told_by(OsStr::new("systemctl")).await
}

async fn is_told_by(systemctl: &OsStr) -> bool {
    let mut command = Command::new(systemctl);
    command.arg("is-system-running").stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let why = match timeout(LIMIT, command.output()).await {
        // It exits with 1 unless it says `running`. Before the node's start is complete systemd says `starting`, whatever
        // it does, and `offline` is what `systemctl` says where systemd does not run.
        Ok(Ok(output)) => return output.stdout.trim_ascii() == b"stopping",
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => return false,
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", LIMIT.as_secs()),
    };
    tracing::warn!(why, "systemd does not say whether the node is being shut down; the routers stay");
    false
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn only_a_system_that_is_stopping_goes_down() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("systemctl");
        assert!(!is_told_by(program.as_os_str()).await, "no such program");
        fs::write(&program, "").unwrap();
        assert!(!is_told_by(program.as_os_str()).await, "one that may not be run");
        for (says, status, is_under_way) in [
            ("stopping", 1, true),
            ("running", 0, false),
            ("degraded", 1, false),
            ("starting", 1, false),
            ("maintenance", 1, false),
            ("offline", 1, false),
            ("", 1, false),
        ] {
            let script =
                format!("#!/bin/sh\n[ \"$*\" = is-system-running ] || exit 2\necho {says}\nexit {status}\n");
            let text = folder.path().join("text");
            fs::write(&text, script).unwrap();
            // Written by a process of its own: what is open for writing cannot be run, and processes that other tests make
            // have all that is open here for a moment.
            let mut install = Command::new("install");
            assert!(install.args(["-m", "700"]).arg(&text).arg(&program).status().await.unwrap().success());
            assert_eq!(is_told_by(program.as_os_str()).await, is_under_way, "{says}");
        }
    }
}
