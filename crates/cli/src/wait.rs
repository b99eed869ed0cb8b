//! `--wait`: staying until what was asked for is so, with a line of progress on a terminal.
//!
//! Waiting only looks. Whoever ends it, by Ctrl-C or by the limit, leaves alone what the server does.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use adit_api::view::encode;
use clap::{Arg, ArgMatches, Command, value_parser};
use serde_json::Value;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{Error, Result};
use crate::grammar::arguments::flag;
use crate::grammar::{Noun, Settled};
use crate::names;
use crate::session::{Object, Session};

/// How often the server is asked.
const PAUSE: Duration = Duration::from_millis(500);
/// How long to wait when nobody says, in seconds.
const LIMIT: &str = "120";

/// Adds the options.
pub(crate) fn add(command: Command) -> Command {
    command.arg(flag("wait").help("Stay until it works, or has failed")).arg(
        Arg::new("wait-timeout")
            .long("wait-timeout")
            .value_name("SECONDS")
            .requires("wait")
            .default_value(LIMIT)
            .value_parser(value_parser!(u64))
            .help("How long to stay at most"),
    )
}

/// The wish to wait.
pub(crate) struct Waiting {
    limit: Duration,
    interrupted: Signal,
}

impl Waiting {
    /// The wish, if there is one. Ctrl-C is listened for from here on, so that none ends the program between a request
    /// and its answer.
    pub(crate) fn wished(matches: &ArgMatches) -> Result<Option<Self>> {
        if matches.try_get_one::<bool>("wait").ok().flatten() != Some(&true) {
            return Ok(None);
        }
        let limit = matches.get_one::<u64>("wait-timeout").copied().unwrap_or_default();
        let interrupted = signal(SignalKind::interrupt())?;
        Ok(Some(Self { limit: Duration::from_secs(limit), interrupted }))
    }

    /// Waits for an object, and returns it as it is then.
    pub(crate) async fn until_settled(mut self, noun: &Noun, session: &Session, id: &str) -> Result<Object> {
        let begun = Instant::now();
        let progress = Progress::new();
        loop {
            let object = names::by_id(session, noun, id).await?;
            let object = object.ok_or_else(|| Error::NotFound(format!("{} {id} is gone", noun.one)))?;
            let status =
                object.get("status").and_then(Value::as_str).unwrap_or("in no known state").to_owned();
            let called = format!("{} {}", noun.one, adit_api::python::display(&object[noun.called_by]));
            let waited = begun.elapsed();
            match (noun.settled)(&object) {
                Settled::Yes => return Ok(object),
                Settled::Failed => {
                    let why = reason(noun, session, id).await;
                    return Err(Error::Waited(format!("{called} is {status}{why}")));
                }
                Settled::No if waited >= self.limit => {
                    let why = reason(noun, session, id).await;
                    return Err(Error::Waited(format!(
                        "{called} is still {status} after {} s{why}; the server goes on with it",
                        waited.as_secs()
                    )));
                }
                Settled::No => {}
            }
            if progress.is_shown {
                let why = reason(noun, session, id).await;
                progress.tell(&format!("waiting for {called} for {} s: {status}{why}", waited.as_secs()));
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE.min(self.limit.saturating_sub(waited))) => {}
                _ = self.interrupted.recv() => {
                    return Err(Error::Interrupted(format!(
                        "no longer waiting for {called}, which is {status}; the server goes on with it"
                    )));
                }
            }
        }
    }
}

/// Why it is not so yet, if the server says. Only Adit does.
async fn reason(noun: &Noun, session: &Session, id: &str) -> String {
    let path = format!("{}/{}/diagnostics", noun.path, encode(id));
    let body = session.get(noun.service, &path).await.unwrap_or_default();
    let text = body["diagnostics"]["reason"]["text"].as_str();
    text.map(|text| format!(": {text}")).unwrap_or_default()
}

/// One line on a terminal, which is written over and goes at the end.
struct Progress {
    is_shown: bool,
}

impl Progress {
    fn new() -> Self {
        Self { is_shown: std::io::stderr().is_terminal() }
    }

    fn tell(&self, text: &str) {
        let room =
            terminal_size::terminal_size_of(std::io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
        let text: String = text.chars().take(room.saturating_sub(1)).collect();
        // A terminal that went away shows nothing to anybody.
        let _ = write!(std::io::stderr(), "\r\x1b[K{text}");
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
