//! Kernel settings of a network namespace, below `/proc/sys`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::{Error, Namespace, Result};

/// Settings by key. A key is a path below `/proc/sys`, as `net/ipv4/ip_forward`.
pub type Sysctls = BTreeMap<String, String>;

/// Those of `wanted` that are not in force in `namespace`. Settings that this kernel does not have (IPv6 may be absent)
/// are left out.
///
/// # Errors
/// When the namespace cannot be entered, or a setting not be read.
pub fn differing(namespace: &Namespace, wanted: &Sysctls) -> Result<Sysctls> {
    // `/proc/sys/net` shows the namespace of the thread that looks.
    namespace.run(|| {
        let mut differing = Sysctls::new();
        for (key, value) in wanted {
            match std::fs::read_to_string(file(key)) {
                Ok(present) if present.trim_end() == value => {}
                Ok(_) => {
                    differing.insert(key.clone(), value.clone());
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(Error::system(format!("read the sysctl {key}"), source)),
            }
        }
        Ok(differing)
    })?
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

fn file(key: &str) -> PathBuf {
    Path::new("/proc/sys").join(key)
}
