//! The distribution's packages: which are needed, what for, and installing those that are missing.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::tool;

/// A package of Debian and Ubuntu, and what it is needed for.
pub(crate) type Package = (&'static str, &'static str);

/// What a gateway needs, and what the demonstration looks at it with; first what Adit is built with.
pub(crate) const FOR_DEMO: &[Package] = &[
    ("gcc", "compiling SQLite"),
    ("libc6-dev", "compiling SQLite"),
    ("make", "compiling jemalloc"),
    ("charon-systemd", "strongSwan's IKE daemon"),
    ("strongswan-swanctl", "strongSwan's VICI plugin"),
    ("libcharon-extra-plugins", "ESP in userspace, for kernels without ESP"),
    ("libstrongswan-standard-plugins", "strongSwan's OpenSSL plugin"),
    ("libstrongswan-extra-plugins", "strongSwan's further algorithms"),
    ("iproute2", "entering network namespaces"),
    ("nftables", "the gateway's firewall"),
    ("tcpdump", "looking at what crosses the internet"),
    ("iputils-ping", "pinging through the tunnel"),
    ("curl", "fetching a page through the tunnel"),
];

/// What the tests need besides.
pub(crate) const FOR_TESTS: &[Package] = &[
    ("postgresql", "the store's tests on PostgreSQL"),
    ("python3-venv", "the OpenStack clients"),
    ("fish", "its completions"),
    ("zsh", "its completions"),
];

/// What the tests of tunnels by the kernel's IPsec need besides.
pub(crate) const FOR_UML: &[Package] =
    &[("user-mode-linux", "a kernel with ESP and AH, to run as a program"), ("kmod", "loading its modules")];

/// What the tests of routers with the kernel's IPsec need besides. The kernel itself is fetched, and not installed.
pub(crate) const FOR_QEMU: &[Package] =
    &[("qemu-system-x86", "running the distribution's kernel"), ("kmod", "loading its modules")];

/// Installs what is missing. Where that cannot be done it says what is needed, and goes on: whatever then is not there
/// says so itself.
pub(crate) fn install(packages: &[&[Package]]) -> Result<()> {
    let needed = packages.concat();
    if !tool::is_there("apt-get") || !tool::is_there("dpkg-query") {
        eprintln!("This is neither Debian nor Ubuntu; what is needed, by Debian's names:");
        say(&needed);
        return Ok(());
    }
    let installed = installed(&needed)?;
    let missing: Vec<Package> = needed.into_iter().filter(|(name, _)| !installed.contains(*name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let Some(mut update) = tool::as_root("apt-get") else {
        eprintln!("These packages are missing, and there is neither root nor sudo to install them:");
        say(&missing);
        return Ok(());
    };
    eprintln!("Installing:");
    say(&missing);
    tool::run(update.args(["update", "--quiet", "--quiet"]))?;
    // By `env`, since sudo lets no variables through.
    let mut install = tool::as_root("env").expect("there was a way to root a moment ago");
    install.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--quiet", "--quiet"]);
    tool::run(install.arg("--no-install-recommends").args(missing.iter().map(|(name, _)| name)))
}

fn say(packages: &[Package]) {
    for (name, purpose) in packages {
        eprintln!("  {name:<32} {purpose}");
    }
}

/// Those of the packages that are installed. Names that the distribution does not know are not.
fn installed(packages: &[Package]) -> Result<BTreeSet<String>> {
    let output = Command::new("dpkg-query")
        .args(["--show", "--showformat", "${db:Status-Status} ${Package}\n"])
        .args(packages.iter().map(|(name, _)| name))
        .stderr(Stdio::null())
        .output()
        .context("cannot ask dpkg for what is installed")?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(|line| line.strip_prefix("installed ")).map(str::to_owned).collect())
}
