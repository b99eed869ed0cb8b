//! The state directory: who uses it, and the files in it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use nix::fcntl::{Flock, FlockArg};
use rand::distr::{Alphanumeric, SampleString};

/// The state directory, held by this process alone until it is dropped.
#[derive(Debug)]
pub(crate) struct StateDir {
    path: PathBuf,
    _lock: Flock<File>,
}

impl StateDir {
    /// Makes the directory if it is not there, and takes hold of it.
    ///
    /// # Errors
    /// When another process holds it, or it cannot be made.
    pub(crate) fn hold(path: &Path) -> Result<Self> {
        let unusable = || format!("cannot use the state directory {}", path.display());
        DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(unusable)?;
        let file = path.join("lock");
        let mut lock = OpenOptions::new();
        let lock = lock.read(true).write(true).create(true).truncate(false).mode(0o600);
        let lock = lock.open(&file).with_context(unusable)?;
        let mut lock = match Flock::lock(lock, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => lock,
            Err((mut held, nix::errno::Errno::EWOULDBLOCK)) => {
                let mut owner = String::new();
                let _ = held.read_to_string(&mut owner);
                bail!(
                    "another adit (process {}) uses the state directory {}: stop it, or choose another with --state-dir",
                    owner.trim(),
                    path.display()
                );
            }
            Err((_, error)) => return Err(error).with_context(unusable),
        };
        lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())).with_context(unusable)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// The path of a file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// Writes a file that only its owner may read, at once: whoever reads it sees the old text or the new one.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    let unwritable = || format!("cannot write {}", path.display());
    let new = path.with_added_extension("new");
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&new).with_context(unwritable)?;
    file.set_permissions(Permissions::from_mode(0o600)).with_context(unwritable)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(unwritable)?;
    fs::rename(&new, path).with_context(unwritable)
}

/// The key in a file, which is made when it is not there.
pub(crate) fn key(path: &Path) -> Result<String> {
    if let Some(key) = read_key(path)? {
        return Ok(key);
    }
    let key = random();
    write_private(path, &format!("{key}\n"))?;
    Ok(key)
}

/// The key in a file; `None` when there is no file.
pub(crate) fn read_key(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => bail!("the key file {} is empty", path.display()),
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read the key file {}", path.display())),
    }
}

/// A password or key that nobody guesses: 190 random bits, in letters and digits, which no command takes for an option.
pub(crate) fn random() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_directory_has_one_holder_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let held = StateDir::hold(dir.path()).unwrap();
        let refused = StateDir::hold(dir.path()).unwrap_err().to_string();
        assert!(
            refused.starts_with(&format!("another adit (process {}) uses", std::process::id())),
            "{refused}"
        );
        drop(held);
        StateDir::hold(dir.path()).unwrap();
    }

    #[test]
    fn a_key_is_made_once_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agent.key");
        let made = key(&path).unwrap();
        assert_eq!(key(&path).unwrap(), made);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_ne!(random(), random());
    }
}
