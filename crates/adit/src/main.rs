//! `adit`: VPN as a Service in one program.

mod cli;
mod config;
mod credentials;
mod db;
mod demo;
mod generate;
mod host;
mod install;
mod logging;
mod serve;
mod shutdown;
mod state;

use std::ffi::OsString;
use std::process::ExitCode;

use nix::sys::stat::{Mode, umask};
use tikv_jemallocator::Jemalloc;

/// SQLite's too. A row is read by one thread and freed by another, of which glibc's allocator makes hard work, and it
/// keeps for good what a long list once needed.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    // The client's commands are many, and each is made only when it is asked for.
    let line: Vec<OsString> = std::env::args_os().skip(1).collect();
    if adit_cli::is_command(&line) {
        return adit_cli::run(&line);
    }
    // What Adit writes is its own: nobody else reads a database, a key or a socket unless it is given to them.
    umask(Mode::from_bits_truncate(0o077));
    let cli = cli::parse(&line);
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            cli::say(&format!("adit: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
