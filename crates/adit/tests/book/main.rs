//! The book in `docs`: what it says of the configuration and of the commands is so, and its links lead somewhere.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod configuration;
mod reference;
mod structure;

use std::path::{Path, PathBuf};

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}
