//! The book in `docs`: its commands do what it shows, what it says of the configuration is so, and its links lead somewhere.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and skips aloud")]

mod configuration;
mod reference;
mod run;
mod structure;

use std::path::{Path, PathBuf};

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}
