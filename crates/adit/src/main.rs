//! `adit`: VPN as a Service in one program.

mod cli;
mod config;
mod credentials;
mod db;
mod demo;
mod host;
mod logging;
mod serve;
mod state;

use std::process::ExitCode;

use clap::Parser;
use nix::sys::stat::{Mode, umask};
use tikv_jemallocator::Jemalloc;

/// SQLite's too. A row is read by one thread and freed by another, of which glibc's allocator makes hard work, and it
/// keeps for good what a long list once needed.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    // What Adit writes is its own: nobody else reads a database, a key or a socket unless it is given to them.
    umask(Mode::from_bits_truncate(0o077));
    let cli = cli::Cli::parse();
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            cli::say(&format!("adit: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
