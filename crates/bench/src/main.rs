//! What a gateway node can carry: many routers, or many connections, by the program that is shipped.
//!
//! A server and an agent run as an operator runs them, in a network namespace that is the node; the API is asked for
//! everything, and answers when it is there. One charon in another namespace answers all routers; what it costs is
//! counted apart. `cargo xtask bench gateway` builds and starts this.

#![expect(clippy::print_stderr, reason = "this is a tool for people at a terminal")]

mod footprint;
mod measure;
mod peer;
mod process;
mod programs;
mod report;
mod tenant;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::footprint::Footprint;
use crate::measure::{Extent, Scale};
use crate::report::Report;

/// What is measured when nobody says otherwise: few and many routers, and one with many connections.
const SCALES: [Scale; 4] = [
    Scale { routers: 1, connections: 1 },
    Scale { routers: 100, connections: 1 },
    Scale { routers: 500, connections: 1 },
    Scale { routers: 1, connections: 500 },
];

/// Measure a gateway node: from empty to ACTIVE, one connection more, an agent's restart, memory, CPU at rest
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench gateway", max_term_width = 110)]
struct Arguments {
    /// How many routers [default: 1, 100, 500 and 1, one after the other]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=4000))]
    routers: Option<u16>,
    /// How many connections each of them has [default: 1, 1, 1 and 500]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=4000))]
    connections: Option<u16>,
    /// How long the node is watched at rest, in seconds
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=3600))]
    rest: u16,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

impl Arguments {
    fn scales(&self) -> Vec<Scale> {
        if self.routers.is_none() && self.connections.is_none() {
            return SCALES.to_vec();
        }
        let number = |given: Option<u16>| given.map_or(1, usize::from);
        vec![Scale { routers: number(self.routers), connections: number(self.connections) }]
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    adit_linux::privilege::check()?;
    block_on(footprint::sweep())?;
    let extent = Extent { rest: Duration::from_secs(arguments.rest.into()) };
    let mut report = Report::default();
    for scale in arguments.scales() {
        eprintln!("{scale}");
        let footprint = Footprint::claim()?;
        let measured = block_on(footprint.build(scale.connections + measure::MORE)).and_then(|node| {
            // Whatever is done there happens on the node, by all threads of the runtime.
            node.run(|| block_on(until_told(measure::measure(&footprint, scale, &extent))))?
        });
        if measured.is_err() {
            eprintln!("{}", footprint.log_tails());
        }
        let cleared = block_on(footprint.clear());
        report.add(measured?);
        cleared?;
    }
    report.print(arguments.json)
}

fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start a runtime")?.block_on(work)
}

/// Gives up at a signal, so that what was made is removed.
async fn until_told<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let open = |kind| signal(kind).context("cannot wait for signals");
    let mut signals =
        [open(SignalKind::interrupt())?, open(SignalKind::terminate())?, open(SignalKind::hangup())?];
    let [interrupt, terminate, hangup] = signals.each_mut().map(Signal::recv);
    tokio::select! {
        done = work => done,
        _ = interrupt => bail!("stopped by Ctrl-C"),
        _ = terminate => bail!("told to end"),
        _ = hangup => bail!("the terminal is gone"),
    }
}

/// Looks again and again until there is something to see.
///
/// # Errors
/// When looking fails, or `limit` is over.
async fn until<T>(
    what: &str,
    pause: Duration,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let looking = async {
        loop {
            ticks.tick().await;
            if let Some(seen) = look().await? {
                return Ok(seen);
            }
        }
    };
    match timeout(limit, looking).await {
        Ok(seen) => seen,
        Err(_) => bail!("{what} did not happen within {} s", limit.as_secs()),
    }
}
