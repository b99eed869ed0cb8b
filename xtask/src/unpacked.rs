//! Packages that are fetched and unpacked beside, not installed: they would conflict with what is installed, or start a
//! daemon for the whole machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::tool;

/// An IKE daemon that is a peer in tests.
#[derive(Debug)]
pub(crate) struct Daemon {
    /// The variable that tells the tests where it is unpacked.
    pub(crate) variable: &'static str,
    /// The packages; its own first, and then what of its needs the machine may not have.
    packages: &'static [&'static str],
}

/// strongSwan by `ipsec.conf`. Installed it would run on the machine's own addresses, now and after each boot.
pub(crate) const STARTER: Daemon =
    Daemon { variable: "XTASK_STARTER", packages: &["strongswan-starter", "strongswan-charon"] };

/// Libreswan, which conflicts with strongSwan.
pub(crate) const LIBRESWAN: Daemon = Daemon {
    variable: "XTASK_LIBRESWAN",
    packages: &[
        "libreswan",
        "libcurl3-nss",
        "libevent-core-2.1-7",
        "libevent-pthreads-2.1-7",
        "libldns3",
        "libnspr4",
        "libnss3",
        "libnss3-tools",
        "libunbound8",
    ],
};

impl Daemon {
    /// Where it is unpacked; fetches it if need be. The error says why it cannot be had.
    pub(crate) fn root(&self) -> Result<PathBuf> {
        let name = self.packages[0];
        let known = tool::output(Command::new("apt-cache").args(["--no-all-versions", "show", name]));
        let known = known.with_context(|| format!("this distribution has no package {name}"))?;
        let version = known.lines().find_map(|line| line.strip_prefix("Version: "));
        let version = version.with_context(|| format!("the package {name} has no version"))?;
        let root = tool::target_dir()?.join("unpacked").join(format!("{name}_{version}"));
        if !root.exists() {
            fetch(self.packages, &[], &root, |_| Ok(())).with_context(|| format!("the package {name}"))?;
        }
        Ok(root)
    }
}

/// Unpacks the newest versions of the packages, but for what the patterns spare. They are in place when they are
/// complete and `finish` has done what it does to them.
pub(crate) fn fetch(
    packages: &[&str],
    spared: &[&str],
    root: &Path,
    finish: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let work = root.with_file_name("unpacking");
    let _ = fs::remove_dir_all(&work);
    let unpacked = work.join("root");
    fs::create_dir_all(&unpacked).with_context(|| format!("cannot make {}", unpacked.display()))?;
    eprintln!("Fetching {}, to be unpacked in {}", packages.join(", "), root.display());
    let mut download = Command::new("apt-get");
    // As the user that this runs as: the one that apt would become may not write there.
    download.args(["--quiet", "--quiet", "--option", "APT::Sandbox::User=root", "download"]);
    tool::run(download.args(packages).current_dir(&work))?;
    for file in fs::read_dir(&work).context("cannot list a folder")?.flatten().map(|entry| entry.path()) {
        if file.extension().is_some_and(|extension| extension == "deb") {
            unpack(&file, spared, &unpacked)?;
        }
    }
    finish(&unpacked)?;
    fs::rename(&unpacked, root).with_context(|| format!("cannot make {}", root.display()))?;
    fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))
}

fn unpack(file: &Path, spared: &[&str], folder: &Path) -> Result<()> {
    let mut archive = Command::new("dpkg-deb");
    archive.arg("--fsys-tarfile").arg(file).stdout(Stdio::piped());
    let mut archive = archive.spawn().context("cannot run dpkg-deb")?;
    let mut extract = Command::new("tar");
    extract.args(["--extract", "--no-same-owner", "--directory"]).arg(folder);
    extract.args(spared.iter().map(|pattern| format!("--exclude={pattern}")));
    let extracted = extract.stdin(archive.stdout.take().expect("it was piped above")).status();
    let archived = archive.wait().context("cannot wait for dpkg-deb")?;
    if !(archived.success() && extracted.context("cannot run tar")?.success()) {
        bail!("cannot unpack {}", file.display());
    }
    Ok(())
}
