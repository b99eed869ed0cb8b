//! `adit`: VPN as a Service in one program.

mod cli;
mod config;
mod credentials;
mod db;
mod host;
mod logging;
mod serve;
mod state;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            cli::say(&format!("adit: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
