//! `adit demo`: two regions on this machine, and the way of a person who joins them by a tunnel.
//!
//! What is made bears the demo's number and is removed again by that number alone (`footprint`), so it goes after
//! success, failure and signals alike, and the next demo can remove what a killed one left.

mod capture;
mod footprint;
mod internet;
mod journey;
mod region;
mod report;
mod requirements;
mod side;
mod traffic;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use futures_util::FutureExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::cli;
use footprint::Footprint;
use journey::Standing;
use report::{Outcome, Screen};
use side::Side;

/// How often to look at what nobody tells of.
const PAUSE: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Demo {
    /// End when everything was shown; without it the two regions stay until Ctrl-C
    #[arg(long)]
    once: bool,
    /// Print the result as one JSON object, and everything else to standard error
    #[arg(long, requires = "once")]
    json: bool,
}

impl Demo {
    /// # Errors
    /// Anything that was not as it should be.
    pub(crate) async fn run(self) -> Result<()> {
        let mut outcome = Outcome::default();
        let shown = self.show(&mut outcome).await;
        outcome.ok = shown.is_ok();
        if self.json {
            cli::print(&outcome.to_json()?)?;
        }
        shown
    }

    async fn show(self, outcome: &mut Outcome) -> Result<()> {
        requirements::check()?;
        // From here on a signal ends the demo by way of the clearing up below.
        let mut signals = Signals::new()?;
        let screen = if self.json { Screen::Stderr } else { Screen::Stdout };
        for id in footprint::sweep().await? {
            screen.line(&format!("Removed what demo {id} had left behind."));
        }
        let footprint = Footprint::claim()?;
        let shown = self.walk_and_stay(&footprint, screen, outcome, &mut signals).await;
        let cleared = footprint.clear().await;
        if cleared.is_ok() {
            screen.line("Removed every namespace, interface, process and file of the demo.");
        }
        shown.and(cleared)
    }

    async fn walk_and_stay(
        self,
        footprint: &Footprint,
        screen: Screen,
        outcome: &mut Outcome,
        signals: &mut Signals,
    ) -> Result<()> {
        let walk = AssertUnwindSafe(journey::walk(footprint, screen, outcome)).catch_unwind();
        let walked: Result<Standing> = tokio::select! {
            walked = walk => walked.unwrap_or_else(|_| Err(anyhow!("the demo has a bug; what it is stands above"))),
            () = signals.next() => bail!("stopped by a signal before everything was shown"),
        };
        if walked.is_err() {
            for side in Side::ALL {
                screen.line(&format!("\n{}", region::log_tail(footprint, side)));
            }
        }
        let standing = walked?;
        screen.line(&format!("\n{}", report::table(outcome, &standing)));
        outcome.check()?;
        if !self.once {
            screen.line(&report::invitation(&standing));
            signals.next().await;
        }
        Ok(())
    }
}

/// What tells a program to end.
struct Signals([Signal; 3]);

impl Signals {
    fn new() -> Result<Self> {
        let open = |kind| signal(kind).context("cannot wait for signals");
        Ok(Self([
            open(SignalKind::interrupt())?,
            open(SignalKind::terminate())?,
            open(SignalKind::hangup())?,
        ]))
    }

    async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// Looks again and again until there is something to see.
///
/// # Errors
/// When looking fails, or `limit` is over.
async fn until<T>(
    what: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let mut ticks = interval(PAUSE);
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
