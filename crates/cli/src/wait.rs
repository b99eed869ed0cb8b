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
use crate::noun::network::{PORT, ROUTER};
use crate::noun::vpn::{SERVICE, SITE_CONNECTION};
use crate::session::{Object, Session};

/// How often the server is asked.
const PAUSE: Duration = Duration::from_millis(500);
/// How long to wait when nobody says, in seconds.
const LIMIT: &str = "120";

/// Adds the options.
pub(crate) fn add(command: Command, verb: Verb) -> Command {
    let what = if verb == Verb::Delete {
        "Stay until it is gone"
    } else {
        "Stay until it works as was asked for, or has failed"
    };
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
    /// Whether the server has shown that it tells no more than the objects themselves do.
    is_told_nothing: bool,
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
        Ok(Some(Self { limit, interrupted, begun, progress: Progress::new(), is_told_nothing: false }))
    }

    /// Waits for an object, and returns it as it is then: in force on its node, where the server tells, and what it was
    /// meant to be.
    pub(crate) async fn until_settled(mut self, noun: &Noun, session: &Session, id: &str) -> Result<Object> {
        let Some(settled) = noun.settled else {
            return found(noun, session, id).await?.ok_or_else(|| gone(noun, id));
        };
        let mut called = format!("{} {id}", noun.one);
        loop {
            let (object, told) = match self.look(noun, session, id).await {
                // A server that is away for a moment goes on with it when it is back.
                Err(error) if error.may_pass() => {
                    self.pause(&called, "in no known state", &format!(": {error}")).await?;
                    continue;
                }
                looked => looked?,
            };
            if let Some(name) =
                object.get(noun.called_by).and_then(Value::as_str).filter(|name| !name.is_empty())
            {
                called = format!("{} {name}", noun.one);
            }
            let status = object.get("status").and_then(Value::as_str).unwrap_or("in no known state");
            let why = told.why();
            match (settled(&object, told.code.as_deref()), told.is_applied) {
                (Settled::No, _) => self.pause(&called, status, &why).await?,
                // It is what it was before.
                (Settled::Yes | Settled::Failed, false) => {
                    self.pause(&called, &format!("{status} (not applied yet)"), &why).await?;
                }
                (Settled::Yes, true) => return Ok(object),
                (Settled::Failed, true) => {
                    return Err(Error::Waited(format!("{called} is {status}{why}")));
                }
            }
        }
    }

    /// An object, and what is told of it at the same moment.
    async fn look(&mut self, noun: &Noun, session: &Session, id: &str) -> Result<(Object, Told)> {
        let mut object = found(noun, session, id).await?.ok_or_else(|| gone(noun, id))?;
        let Some((teller, whose)) = teller(noun, &object) else { return Ok((object, Told::default())) };
        let Some(told) = self.ask(session, teller, &whose).await? else {
            return Ok((object, Told::default()));
        };
        if teller.path == noun.path
            && let Some(status) = &told.status
        {
            object.insert("status".to_owned(), status.clone().into());
        }
        Ok((object, told))
    }

    /// What is told of an object, by servers that do.
    async fn ask(&mut self, session: &Session, noun: &Noun, id: &str) -> Result<Option<Told>> {
        if self.is_told_nothing {
            return Ok(None);
        }
        let path = format!("{}/{}/diagnostics", noun.path, encode(id));
        match session.get(noun.service, &path).await {
            Ok(body) => Ok(Some(Told::read(&body["diagnostics"]))),
            Err(error) if error.may_pass() => Err(error),
            // A Neutron has nothing there.
            Err(_) => {
                self.is_told_nothing = true;
                Ok(None)
            }
        }
    }

    /// Waits until none of these objects, which were deleted by these names, is there any more: neither in the API nor, where
    /// the server tells, at its gateway.
    pub(crate) async fn until_gone(
        mut self,
        noun: &Noun,
        session: &Session,
        deleted: &[(&str, Object)],
    ) -> Result<()> {
        for (name, object) in deleted {
            let (id, called) = (names::id_of(object), format!("the end of {} {name}", noun.one));
            loop {
                let (status, why) = match found(noun, session, &id).await {
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
                self.pause(&called, &status, &why).await?;
            }
            let service = object.get("vpnservice_id").and_then(Value::as_str);
            let Some(service) = service.filter(|_| noun.path == SITE_CONNECTION.path) else { continue };
            loop {
                let why = match self.ask(session, &SERVICE, service).await {
                    Ok(Some(told)) if !told.is_applied => told.why(),
                    Ok(_) => break,
                    Err(error) => format!(": {error}"),
                };
                self.pause(&called, "to come at its gateway", &why).await?;
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

/// What tells how far an object has come, as a noun and an id: itself, or the router that has it.
fn teller(noun: &Noun, object: &Object) -> Option<(&'static Noun, String)> {
    let text = |name| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let own = [&SITE_CONNECTION, &SERVICE, &ROUTER].into_iter().find(|own| own.path == noun.path);
    if let Some(own) = own {
        return Some((own, names::id_of(object)));
    }
    let is_routers = noun.path == PORT.path && text("device_owner").starts_with("network:router_");
    is_routers.then(|| (&ROUTER, text("device_id").to_owned()))
}

/// What Adit tells of an object, beside the object itself.
struct Told {
    /// Whether its node has it as it was asked for. A server that does not tell is believed to have it so.
    is_applied: bool,
    /// Why not, in a sentence.
    pending: Option<String>,
    status: Option<String>,
    /// Why it has this status, as a word for programs.
    code: Option<String>,
    /// The same in a sentence.
    reason: Option<String>,
}

/// Nothing is told.
impl Default for Told {
    fn default() -> Self {
        Self { is_applied: true, pending: None, status: None, code: None, reason: None }
    }
}

impl Told {
    fn read(diagnostics: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let reason = &diagnostics["reason"];
        Self {
            is_applied: diagnostics["applied"].as_bool() != Some(false),
            pending: text(&diagnostics["pending"]),
            status: text(&diagnostics["status"]),
            code: text(&reason["code"]),
            reason: text(&reason["text"]),
        }
    }

    /// Why it is not so yet, as a part of a sentence.
    fn why(&self) -> String {
        let why = self.pending.as_ref().or(self.reason.as_ref());
        why.map(|why| format!(": {why}")).unwrap_or_default()
    }
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

    use super::{Told, teller};
    use crate::grammar::{Noun, Settled};
    use crate::noun::{network, vpn};

    #[test]
    fn who_tells_of_an_object_is_itself_or_its_router() {
        let plain = json!({"id": "x"});
        let interface = json!({"id": "x", "device_owner": "network:router_interface", "device_id": "r"});
        let host = json!({"id": "x", "device_owner": "compute:nova", "device_id": "h"});
        for (noun, object, want) in [
            (&vpn::SITE_CONNECTION, &plain, Some(("vpn/ipsec-site-connections", "x"))),
            (&vpn::SERVICE, &plain, Some(("vpn/vpnservices", "x"))),
            (&network::ROUTER, &plain, Some(("routers", "x"))),
            (&network::PORT, &interface, Some(("routers", "r"))),
            (&network::PORT, &host, None),
            // Its status is another one as soon as it is to lead elsewhere.
            (&network::FLOATING_IP, &plain, None),
        ] {
            let told = teller(noun, object.as_object().unwrap());
            let told = told.as_ref().map(|(noun, id)| (noun.path, id.as_str()));
            assert_eq!(told, want, "{} {object}", noun.one);
        }
    }

    #[test]
    fn what_is_told_of_an_object_is_believed_as_far_as_it_goes() {
        let reason = json!({"code": "admin-down", "text": "it is switched off"});
        for (told, is_applied, why) in [
            (json!({"applied": true, "pending": null, "reason": null}), true, ""),
            (json!({"applied": true, "pending": null, "reason": reason}), true, ": it is switched off"),
            (
                json!({"applied": false, "pending": "nobody is there", "reason": reason}),
                false,
                ": nobody is there",
            ),
            // An Adit of before.
            (json!({"reason": reason}), true, ": it is switched off"),
        ] {
            let read = Told::read(&told);
            assert_eq!((read.is_applied, read.why().as_str()), (is_applied, why), "{told}");
        }
    }

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
