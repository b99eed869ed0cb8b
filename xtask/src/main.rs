//! Set-up and checks for people and CI: installs what is missing, builds, and runs.
//!
//! `cargo xtask demo` shows the main job, `cargo xtask test` runs every test, `cargo xtask kernel-test` those of tunnels
//! with the kernel's IPsec, `cargo xtask bench` measures, `cargo xtask ci` checks all the rest. What they say about
//! themselves goes to standard error.

#![expect(clippy::print_stderr, reason = "this is a tool for people at a terminal")]

mod apparmor;
mod bench;
mod ci;
mod demo;
mod kernel_test;
mod packages;
mod postgres;
mod python;
mod test;
mod tool;
mod unpacked;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

/// Set-up and checks for people and CI
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 110)]
enum Command {
    /// Install what is missing, build in release mode, and show two regions and a tunnel between them
    Demo {
        /// For `adit demo`: `--once` ends by itself, `--json` prints one JSON object
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
        arguments: Vec<OsString>,
    },
    /// Install what is missing, and run every test
    Test {
        /// Only tests whose names contain one of these
        #[arg(value_name = "FILTER")]
        filters: Vec<OsString>,
    },
    /// Install what is missing, and run the tests of tunnels and routers with the kernel's IPsec, in guests that have
    /// such kernels; `test` does it too
    KernelTest {
        /// Only tests whose names contain one of these
        #[arg(value_name = "FILTER")]
        filters: Vec<OsString>,
    },
    /// Measure what things cost
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Check what the tests do not: format, lints, documentation, dependencies
    Ci,
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Demo { arguments } => demo::run(&arguments),
        Command::Test { filters } => test::run(&filters),
        Command::KernelTest { filters } => kernel_test::run(&filters),
        Command::Bench(what) => bench::run(&what),
        Command::Ci => ci::run(),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
