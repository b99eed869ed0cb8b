//! `cargo xtask bench`: what a request costs, and what a gateway node carries.
//!
//! For the API, the server is the program that is shipped, with its ordinary settings and a database of its own, on this
//! machine; the load comes from this process. An answer that is an error ends a bench: nothing is measured of what fails.

mod connection;
mod disk;
mod load;
mod operations;
mod report;
mod server;
mod world;

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::{apparmor, packages, tool};
use load::Load;
use report::{Memory, Report};
use server::Server;
use world::World;

/// Benches
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Bench {
    /// The API: requests per second, latency, CPU time, memory and start-up of `adit server` on SQLite
    Api {
        /// Print one JSON object instead of tables
        #[arg(long)]
        json: bool,
        /// A few seconds instead of minutes: shows that everything works, and little else
        #[arg(long)]
        quick: bool,
    },
    /// A gateway node: many routers, and many connections, with the program as it is shipped
    Gateway {
        /// `--routers N` and `--connections N` for one scale instead of all, `--json`; `--help` shows all
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
        arguments: Vec<OsString>,
    },
}

/// How many connections ask at the same time.
const CONNECTIONS: [usize; 3] = [1, 8, 32];

/// How much is done.
struct Extent {
    /// How long each operation is measured.
    length: Duration,
    /// Sizes of the table of site connections that lists are measured at, ascending.
    sizes: &'static [usize],
}

/// Runs a bench.
pub(crate) fn run(bench: &Bench) -> Result<ExitCode> {
    let (json, quick) = match bench {
        Bench::Api { json, quick } => (*json, *quick),
        Bench::Gateway { arguments } => return gateway(arguments),
    };
    let extent = if quick {
        Extent { length: Duration::from_millis(200), sizes: &[100, 300] }
    } else {
        Extent { length: Duration::from_secs(2), sizes: &[100, 1000, 5000] }
    };
    if cfg!(debug_assertions) {
        return again_optimised();
    }
    let report = api(&extent)?;
    report.print(json)?;
    Ok(ExitCode::SUCCESS)
}

/// Becomes the program that measures a gateway, which this one need not be built with; returns only when that fails.
fn gateway(arguments: &[OsString]) -> Result<ExitCode> {
    packages::install(&[packages::FOR_DEMO])?;
    apparmor::admit()?;
    build(&["adit", "adit-bench"])?;
    let bench = tool::target_dir()?.join("release/adit-bench");
    let Some(mut command) = tool::as_root(&bench.to_string_lossy()) else {
        bail!("network namespaces need root: run this as root, or install sudo");
    };
    Err(command.args(arguments).exec()).with_context(|| format!("cannot run {}", bench.display()))
}

/// Builds packages as they are shipped.
fn build(packages: &[&str]) -> Result<()> {
    let packages = packages.iter().flat_map(|package| ["--package", package]);
    tool::run(tool::cargo().args(["build", "--release", "--locked"]).args(packages))
}

/// Builds what is measured and what measures, and becomes the latter: a slow client would be measured with the server.
fn again_optimised() -> Result<ExitCode> {
    build(&["adit", "xtask"])?;
    let xtask = tool::target_dir()?.join("release/xtask");
    let error = Command::new(&xtask).args(std::env::args_os().skip(1)).exec();
    Err(error).with_context(|| format!("cannot run {}", xtask.display()))
}

fn api(extent: &Extent) -> Result<Report> {
    let state = server::StateDir::make()?;
    let commits_per_second = disk::commits_per_second(state.path(), extent.length)?;
    let (server, first_start) = Server::start(&state)?;
    let idle_kib = server.memory_kib()?;
    let world = World::make(&server)?;
    let load = Load { server: &server, world: &world, length: extent.length };
    let mut figures = Vec::new();
    for connections in CONNECTIONS {
        for resource in operations::resources(&world) {
            eprintln!("{}, {connections} connections", resource.name);
            figures.extend(operations::measure(&load, &resource, connections)?);
        }
    }
    let mut ids = Vec::new();
    for size in extent.sizes {
        eprintln!("lists of {size}");
        operations::fill(&load, &mut ids, *size)?;
        for connections in CONNECTIONS {
            figures.extend(operations::measure_lists(&load, &ids, connections)?);
        }
    }
    let listed_kib = server.memory_kib()?;
    server.stop()?;
    let (server, next_start) = Server::start(&state)?;
    // Asked once, as by somebody who begins to work with it.
    World::log_in(&server)?;
    let memory = Memory { idle_kib, full_kib: server.memory_kib()?, listed_kib };
    server.stop()?;
    Ok(Report { figures, memory, rows: ids.len(), first_start, next_start, commits_per_second })
}
