//! Whether we may do what this crate is for.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::{Error, Result};

/// More open files than a node with thousands of routers needs.
const FILES: u64 = 65_536;

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

/// Lets this process, and those that it starts, have many files open: far more than the usual 1024, as far as the
/// machine allows.
///
/// # Errors
/// When the kernel refuses.
pub fn allow_many_files() -> Result<()> {
    let doing = "allow this process to open many files";
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).map_err(|errno| Error::system(doing, errno))?;
    let wanted = soft.max(hard.min(FILES));
    setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).map_err(|errno| Error::system(doing, errno))
}
