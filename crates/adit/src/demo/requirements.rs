//! What the demo needs of the machine. It installs nothing; it says what is missing.

use std::path::Path;

use adit_linux::xfrm;
use anyhow::{Result, bail};

/// The programs that are started, each with the Debian package that has it.
const PROGRAMS: [(&str, &str); 5] = [
    ("charon-systemd", "charon-systemd"),
    ("nft", "nftables"),
    ("ping", "iputils-ping"),
    ("setsid", "util-linux"),
    ("tcpdump", "tcpdump"),
];
/// Where Debian and Ubuntu have strongSwan's plugins; elsewhere nothing is said of them.
const PLUGINS: &str = "/usr/lib/ipsec/plugins";
/// What ESP in charon needs.
const TUN: &str = "/dev/net/tun";

/// # Errors
/// One sentence that says what to do.
pub(crate) fn check() -> Result<()> {
    if !nix::unistd::geteuid().is_root() {
        bail!("the demo makes network namespaces, which only root may: run it as root, as by `sudo`");
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_installed =
        |program: &str| std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    let kernel_has_esp = xfrm::esp_in_kernel()?;
    let has_plugin = |file: &str| !Path::new(PLUGINS).is_dir() || Path::new(PLUGINS).join(file).is_file();
    if let Some(sentence) = missing(is_installed, has_plugin, kernel_has_esp) {
        bail!(sentence);
    }
    if !kernel_has_esp && !Path::new(TUN).exists() {
        bail!(
            "this kernel has no ESP, and without {TUN} charon cannot carry it either: load the module `tun`"
        );
    }
    Ok(())
}

fn missing(
    is_installed: impl Fn(&str) -> bool,
    has_plugin: impl Fn(&str) -> bool,
    kernel_has_esp: bool,
) -> Option<String> {
    let (mut things, mut packages): (Vec<_>, Vec<_>) =
        PROGRAMS.into_iter().filter(|(program, _)| !is_installed(program)).unzip();
    let has_charon = !things.contains(&"charon-systemd");
    // The daemon comes without the algorithms and without ESP of its own; who lacks it lacks these, too.
    let plugins = [
        ("libstrongswan-openssl.so", "libstrongswan-standard-plugins", true),
        ("libstrongswan-ccm.so", "libstrongswan-extra-plugins", true),
        ("libstrongswan-kernel-libipsec.so", "libcharon-extra-plugins", !kernel_has_esp),
    ];
    for (file, package, is_needed) in plugins {
        if is_needed && (!has_charon || !has_plugin(file)) {
            things.extend(has_charon.then_some(file));
            packages.push(package);
        }
    }
    let things: Vec<String> = things.iter().map(|thing| format!("`{thing}`")).collect();
    (!packages.is_empty()).then(|| {
        format!("not installed: {}; install by `apt-get install {}`", things.join(", "), packages.join(" "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_packages() {
        for (absent, kernel_has_esp, want) in [
            (&[][..], false, None),
            (
                &["tcpdump", "ping"],
                false,
                Some("not installed: `ping`, `tcpdump`; install by `apt-get install iputils-ping tcpdump`"),
            ),
            (
                &["charon-systemd"],
                true,
                Some(
                    "not installed: `charon-systemd`; install by `apt-get install charon-systemd \
                     libstrongswan-standard-plugins libstrongswan-extra-plugins`",
                ),
            ),
            (
                &["libstrongswan-kernel-libipsec.so"],
                false,
                Some(
                    "not installed: `libstrongswan-kernel-libipsec.so`; install by `apt-get install \
                     libcharon-extra-plugins`",
                ),
            ),
            (&["libstrongswan-kernel-libipsec.so"], true, None),
        ] {
            let is_there = |thing: &str| !absent.contains(&thing);
            assert_eq!(missing(is_there, is_there, kernel_has_esp).as_deref(), want, "{absent:?}");
        }
    }
}
