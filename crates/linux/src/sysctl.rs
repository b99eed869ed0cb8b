//! Kernel settings of a network namespace, below `/proc/sys`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;

use crate::{Error, Namespace, Result};

/// Settings by key. A key is a path below `/proc/sys`, as `net/ipv4/ip_forward`.
pub type Sysctls = BTreeMap<String, String>;

/// Those of `wanted` that are not in force in `namespace`. Settings that this kernel does not have (IPv6 may be absent)
/// are left out.
///
/// # Errors
/// When the namespace cannot be entered, or a setting not be read.
pub fn differing(namespace: &Namespace, wanted: &Sysctls) -> Result<Sysctls> {
    namespace.run(|| differing_here(wanted))?
}

/// The same for the namespace of the calling thread.
///
/// # Errors
/// When a setting cannot be read.
pub fn differing_here(wanted: &Sysctls) -> Result<Sysctls> {
    let mut folders = Folders::default();
    let mut differing = Sysctls::new();
    for (key, value) in wanted {
        match folders.read(key) {
            Ok(present) if present.trim_end() == value => {}
            Ok(_) => {
                differing.insert(key.clone(), value.clone());
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(Error::system(format!("read the sysctl {key}"), source)),
        }
    }
    Ok(differing)
}

/// The folders below `/proc/sys/net` that were opened. Each name there is that of as many folders as there are namespaces,
/// and the kernel goes through all of them for each path that leads through one.
#[derive(Default)]
struct Folders<'a>(BTreeMap<&'a str, OwnedFd>);

impl<'a> Folders<'a> {
    fn read(&mut self, key: &'a str) -> io::Result<String> {
        // `net/ipv4` and what is below.
        let end = key.match_indices('/').nth(1).map_or(0, |(end, _)| end);
        let (folder, name) = (&key[..end], key[end..].trim_start_matches('/'));
        if !self.0.contains_key(folder) {
            let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
            self.0.insert(folder, open(&file(folder), flags, Mode::empty())?);
        }
        let file = openat(&self.0[folder], name, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
        let mut text = String::new();
        File::from(file).read_to_string(&mut text)?;
        Ok(text)
    }
}

/// Puts settings into force in `namespace`.
///
/// # Errors
/// When the namespace cannot be entered, or a setting not be written.
pub fn write(namespace: &Namespace, settings: &Sysctls) -> Result<()> {
    namespace.run(|| {
        for (key, value) in settings {
            std::fs::write(file(key), value)
                .map_err(|source| Error::system(format!("set the sysctl {key} to {value}"), source))?;
        }
        Ok(())
    })?
}

/// `/proc/sys/net` shows the namespace of the thread that looks.
fn file(key: &str) -> PathBuf {
    Path::new("/proc/sys").join(key)
}
