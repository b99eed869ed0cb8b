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
use crate::grammar::{Noun, Settled, Verb};
use crate::names;
use crate::session::{Object, Session};

/// How often the server is asked.
const PAUSE: Duration = Duration::from_millis(500);
/// How long to wait when nobody says, in seconds.
const LIMIT: &str = "120";

/// Adds the options.
pub(crate) fn add(command: Command, verb: Verb) -> Command {
    let what =
        if verb == Verb::Delete { "Stay until it is gone" } else { "Stay until it works, or has failed" };
    command.arg(flag("wait").help(what)).arg(
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
    begun: Instant,
    progress: Progress,
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
        let (limit, begun) = (Duration::from_secs(limit), Instant::now());
        Ok(Some(Self { limit, interrupted, begun, progress: Progress::new() }))
    }

    /// Waits for an object, and returns it as it is then.
    pub(crate) async fn until_settled(mut self, noun: &Noun, session: &Session, id: &str) -> Result<Object> {
        let Some(settled) = noun.settled else {
            return found(noun, session, id).await?.ok_or_else(|| gone(noun, id));
        };
        let mut called = format!("{} {id}", noun.one);
        loop {
            let object = match found(noun, session, id).await {
                // A server that is away for a moment goes on with it when it is back.
                Err(error) if error.may_pass() => {
                    self.pause(&called, "in no known state", &format!(": {error}")).await?;
                    continue;
                }
                found => found?.ok_or_else(|| gone(noun, id))?,
            };
            if let Some(name) =
                object.get(noun.called_by).and_then(Value::as_str).filter(|name| !name.is_empty())
            {
                called = format!("{} {name}", noun.one);
            }
            let status = object.get("status").and_then(Value::as_str).unwrap_or("in no known state");
            if settled(&object, None) == Settled::Yes {
                return Ok(object);
            }
            let (code, why) = reason(noun, session, id).await;
            match settled(&object, code.as_deref()) {
                Settled::Yes => return Ok(object),
                Settled::Failed => return Err(Error::Waited(format!("{called} is {status}{why}"))),
                Settled::No => self.pause(&called, status, &why).await?,
            }
        }
    }

    /// Waits until none of these objects, by name and id, is there any more.
    pub(crate) async fn until_gone(
        mut self,
        noun: &Noun,
        session: &Session,
        deleted: &[(&str, String)],
    ) -> Result<()> {
        for (name, id) in deleted {
            loop {
                let (status, why) = match found(noun, session, id).await {
                    Ok(None) => break,
                    Ok(Some(object)) => {
                        let status = object.get("status").and_then(Value::as_str);
                        (status.unwrap_or("there").to_owned(), String::new())
                    }
                    Err(error) if error.may_pass() => {
                        ("there, for all we know".to_owned(), format!(": {error}"))
                    }
                    Err(error) => return Err(error),
                };
                self.pause(&format!("the end of {} {name}", noun.one), &status, &why).await?;
            }
        }
        Ok(())
    }

    /// Tells what is being waited for, and lets some time pass: until the limit, or until somebody would not wait.
    async fn pause(&mut self, called: &str, status: &str, why: &str) -> Result<()> {
        let waited = self.begun.elapsed();
        if waited >= self.limit {
            return Err(Error::Waited(format!(
                "{called} is still {status} after {} s{why}; the server goes on with it",
                waited.as_secs()
            )));
        }
        if self.progress.is_shown {
            self.progress.tell(&format!("waiting for {called} for {} s: {status}{why}", waited.as_secs()));
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE.min(self.limit.saturating_sub(waited))) => Ok(()),
            _ = self.interrupted.recv() => Err(Error::Interrupted(format!(
                "no longer waiting for {called}, which is {status}; the server goes on with it"
            ))),
        }
    }
}

async fn found(noun: &Noun, session: &Session, id: &str) -> Result<Option<Object>> {
    names::by_id(session, noun, id).await
}

fn gone(noun: &Noun, id: &str) -> Error {
    Error::NotFound(format!("{} {id} is gone", noun.one))
}

/// Why it is not so yet, as a word for programs and as a part of a sentence, if the server says. Only Adit does, of what
/// belongs to a VPN.
async fn reason(noun: &Noun, session: &Session, id: &str) -> (Option<String>, String) {
    if !noun.path.starts_with("vpn/") {
        return (None, String::new());
    }
    let path = format!("{}/{}/diagnostics", noun.path, encode(id));
    let body = session.get(noun.service, &path).await.unwrap_or_default();
    let reason = &body["diagnostics"]["reason"];
    let text = reason["text"].as_str().map(|text| format!(": {text}"));
    (reason["code"].as_str().map(str::to_owned), text.unwrap_or_default())
}

/// One line on a terminal, which is written over and goes at the end.
pub(crate) struct Progress {
    is_shown: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { is_shown: std::io::stderr().is_terminal() }
    }

    pub(crate) fn tell(&self, text: &str) {
        if !self.is_shown {
            return;
        }
        let room =
            terminal_size::terminal_size_of(std::io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
        let text = crate::output::visible(&text.replace('\n', " "));
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::grammar::{Noun, Settled};
    use crate::noun::{network, vpn};

    #[test]
    fn an_object_is_settled_when_it_is_what_was_asked_for() {
        let off = json!({"admin_state_up": false});
        let on = json!({"admin_state_up": true});
        let bound = json!({"device_id": "x", "admin_state_up": true});
        let leads = json!({"port_id": "x"});
        let connection = &vpn::SITE_CONNECTION;
        let cases: [(&Noun, &Value, &str, Option<&str>, Settled); 20] = [
            (connection, &on, "ACTIVE", None, Settled::Yes),
            (connection, &off, "ACTIVE", None, Settled::No),
            (connection, &on, "DOWN", Some("peer-unreachable"), Settled::No),
            (connection, &off, "DOWN", Some("admin-down"), Settled::Yes),
            (connection, &on, "PENDING_CREATE", None, Settled::No),
            (connection, &off, "PENDING_UPDATE", None, Settled::No),
            (connection, &on, "ERROR", None, Settled::Failed),
            (&vpn::SERVICE, &on, "DOWN", Some("no-connections"), Settled::Yes),
            (&vpn::SERVICE, &on, "DOWN", Some("agent-offline"), Settled::No),
            (&vpn::SERVICE, &on, "PENDING_CREATE", None, Settled::No),
            (&network::ROUTER, &off, "ACTIVE", None, Settled::Yes),
            (&network::ROUTER, &on, "ALLOCATING", None, Settled::No),
            (&network::ROUTER, &on, "ERROR", None, Settled::Failed),
            (&network::PORT, &on, "DOWN", None, Settled::Yes),
            (&network::PORT, &bound, "DOWN", None, Settled::No),
            (&network::PORT, &bound, "ACTIVE", None, Settled::Yes),
            (&network::FLOATING_IP, &off, "DOWN", None, Settled::Yes),
            (&network::FLOATING_IP, &leads, "DOWN", None, Settled::No),
            (&network::FLOATING_IP, &leads, "ACTIVE", None, Settled::Yes),
            (&network::FLOATING_IP, &leads, "ERROR", None, Settled::Failed),
        ];
        for (noun, object, status, reason, want) in cases {
            let mut object = object.as_object().unwrap().clone();
            object.insert("status".to_owned(), status.into());
            let settled = noun.settled.unwrap()(&object, reason);
            assert_eq!(settled, want, "{} {status} {reason:?} {object:?}", noun.one);
        }
    }
}
