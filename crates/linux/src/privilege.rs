//! Whether we may do what this crate is for.

use crate::{Error, Result};

/// Checks, before anything is touched, that network namespaces can be made and nftables be run.
///
/// # Errors
/// [`Error::NotPrivileged`], or [`Error::ProgramMissing`] without nft; each says what to do.
pub fn check() -> Result<()> {
    if !nix::unistd::geteuid().is_root() {
        return Err(Error::NotPrivileged);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&path).any(|folder| folder.join("nft").is_file()) {
        return Err(Error::ProgramMissing { program: "nft", package: "nftables" });
    }
    Ok(())
}
