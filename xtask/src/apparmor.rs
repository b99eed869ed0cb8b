//! AppArmor, where it runs: the distribution confines charon to its own files, so Adit's are added to the profile.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use crate::tool;

/// The distribution's profile, and the file in which it asks for additions.
const PROFILE: &str = "/etc/apparmor.d/usr.sbin.charon-systemd";
const ADDITIONS: &str = "/etc/apparmor.d/local/usr.sbin.charon-systemd";

/// Lets charon use Adit's files, and those of tests, which are in the folder for temporary files.
pub(crate) fn admit() -> Result<()> {
    let enabled = fs::read_to_string("/sys/module/apparmor/parameters/enabled");
    if enabled.is_ok_and(|enabled| enabled.trim() == "Y") && Path::new(PROFILE).exists() {
        let ours = fs::read_to_string(tool::root().join("packaging/apparmor-charon-systemd"));
        let ours = ours.context("cannot read what Adit adds to charon's AppArmor profile")? + "/tmp/** r,\n";
        if !fs::read_to_string(ADDITIONS).unwrap_or_default().contains(&ours) {
            eprintln!("Adding Adit's files to charon's AppArmor profile, in {ADDITIONS}");
            append(&ours)?;
            let Some(mut parser) = tool::as_root("apparmor_parser") else { return Ok(()) };
            tool::run(parser.args(["--replace", PROFILE]))?;
        }
    }
    Ok(())
}

/// As `tee --append` does it, since that works by `sudo` too.
fn append(text: &str) -> Result<()> {
    let Some(mut tee) = tool::as_root("tee") else {
        eprintln!("there is neither root nor sudo to do it: charon may be kept from its files");
        return Ok(());
    };
    tee.args(["--append", ADDITIONS]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut tee = tee.spawn().context("cannot run `tee`")?;
    let mut input = tee.stdin.take().expect("it was piped above");
    input.write_all(text.as_bytes()).context("cannot write to `tee`")?;
    drop(input);
    let status = tee.wait().context("cannot wait for `tee`")?;
    ensure!(status.success(), "cannot write {ADDITIONS} ({status})");
    Ok(())
}
