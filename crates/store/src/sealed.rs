//! Secrets at rest: AES-256-GCM with a key that is kept apart from the database.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use aes_gcm::aead::{Aead, Generate, KeyInit, Nonce, Payload};
use aes_gcm::{Aes256Gcm, Key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::{Error, Result};

/// The key that pre-shared keys are sealed with.
#[derive(Clone)]
pub struct SealingKey(Aes256Gcm);

/// Tells the format of a sealed text, so that another can follow it.
const FORMAT: &str = "v1:";
/// Octets of an AES-GCM nonce (NIST SP 800-38D).
const NONCE_LEN: usize = 12;

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(redacted)")
    }
}

impl SealingKey {
    /// A new random key that nobody else has; for databases that live no longer than the program.
    pub fn generate() -> Self {
        Self(Aes256Gcm::new(&Key::<Aes256Gcm>::generate()))
    }

    /// Reads the key file, or makes it, with mode 0600, when there is none.
    ///
    /// # Errors
    /// [`Error::KeyFile`] when it cannot be read or made, is no key, or can be read by others.
    pub fn load_or_create(path: &Path) -> Result<Self> {
        let unusable = |why: String| Error::KeyFile { path: path.display().to_string(), why };
        if !path.exists() {
            create(path).map_err(|error| unusable(error.to_string()))?;
        }
        let mode = fs::metadata(path).map_err(|e| unusable(e.to_string()))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(unusable(format!("its mode is {:o}; make it 600", mode & 0o777)));
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(|e| unusable(e.to_string()))?);
        let octets = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|e| unusable(e.to_string()))?);
        let key = <&Key<Aes256Gcm>>::try_from(octets.as_slice())
            .map_err(|_| unusable(format!("it has {} octets, 32 were expected", octets.len())))?;
        Ok(Self(Aes256Gcm::new(key)))
    }

    /// Seals `secret` so that it can be opened only for the same `owner`, the id of the row that it stands in.
    pub(crate) fn seal(&self, owner: &str, secret: &str) -> Result<String> {
        let nonce = Nonce::<Aes256Gcm>::generate();
        let payload = Payload { msg: secret.as_bytes(), aad: owner.as_bytes() };
        let sealed = self.0.encrypt(&nonce, payload).map_err(|_| Error::Sealed)?;
        Ok(format!("{FORMAT}{}", STANDARD.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// Opens what [`Self::seal`] made.
    pub(crate) fn open(&self, owner: &str, sealed: &str) -> Result<String> {
        let octets =
            sealed.strip_prefix(FORMAT).and_then(|text| STANDARD.decode(text).ok()).ok_or(Error::Sealed)?;
        let (nonce, sealed) = octets.split_at_checked(NONCE_LEN).ok_or(Error::Sealed)?;
        let nonce = <&Nonce<Aes256Gcm>>::try_from(nonce).map_err(|_| Error::Sealed)?;
        let payload = Payload { msg: sealed, aad: owner.as_bytes() };
        let secret = self.0.decrypt(nonce, payload).map_err(|_| Error::Sealed)?;
        String::from_utf8(secret).map_err(|_| Error::Sealed)
    }
}

/// Makes a key file. It gets its name only when it is whole and on the disk: half a key would lock its owner out.
fn create(path: &Path) -> io::Result<()> {
    let new = path.with_added_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    let text = Zeroizing::new(format!("{}\n", STANDARD.encode(Key::<Aes256Gcm>::generate())));
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_secret_opens_for_its_owner_and_key_alone() {
        let key = SealingKey::generate();
        let sealed = key.seal("a", "secret").unwrap();
        assert!(!sealed.contains("secret"));
        assert_eq!(key.open("a", &sealed).unwrap(), "secret");
        assert!(matches!(key.open("b", &sealed), Err(Error::Sealed)));
        assert!(matches!(SealingKey::generate().open("a", &sealed), Err(Error::Sealed)));
        assert!(matches!(key.open("a", "v1:AAAA"), Err(Error::Sealed)));
        assert_ne!(key.seal("a", "secret").unwrap(), sealed, "the nonce must be fresh");
    }

    #[test]
    fn the_key_file_is_made_once_and_must_be_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret.key");
        let sealed = SealingKey::load_or_create(&path).unwrap().seal("a", "secret").unwrap();
        assert_eq!(SealingKey::load_or_create(&path).unwrap().open("a", &sealed).unwrap(), "secret");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(
            SealingKey::load_or_create(&path)
                .unwrap_err()
                .to_string()
                .ends_with("its mode is 644; make it 600")
        );
    }
}
