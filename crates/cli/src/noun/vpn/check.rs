//! `vpn check`: has the gateway of a site connection try the peer, the path to it and the tunnel, and tells what it found.
//! Adit's own; a Neutron cannot do it.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use adit_api::python;
use adit_api::view::encode;
use clap::{Arg, ArgMatches, Command, value_parser};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::{SITE_CONNECTION, extension};
use crate::act::{Act, Doing};
use crate::error::{Error, Result};
use crate::grammar::arguments::flag;
use crate::names;
use crate::output::Report;
use crate::output::cell::Cell;
use crate::output::options::Shape;
use crate::session::{Service, Session};
use crate::wait::Progress;

/// The command.
pub(crate) static CHECK: Act = Act {
    words: &["vpn", "check"],
    about: "Have the gateway try the peer, the path to it and the tunnel; the exit status is 0 only when all is well, else 6",
    shape: Some(Shape::List),
    arguments,
    run,
};

/// How often the server is asked.
const PAUSE: Duration = Duration::from_millis(300);
/// How long to wait when nobody says, in seconds: longer than a server waits for its gateway.
const LIMIT: &str = "100";

fn arguments(command: Command) -> Command {
    command
        .arg(
            Arg::new("object")
                .required(true)
                .value_name("CONNECTION")
                .help("IPsec site connection (name or ID)"),
        )
        .arg(
            Arg::new("target")
                .long("target")
                .value_name("ADDRESS")
                .value_parser(value_parser!(IpAddr))
                .help("Host of the peer's to ask through the tunnel, instead of the first one of each of its networks"),
        )
        .arg(
            Arg::new("timeout")
                .long("timeout")
                .value_name("SECONDS")
                .default_value(LIMIT)
                .value_parser(value_parser!(u64))
                .help("How long to wait for the results at most"),
        )
        .arg(flag("long").help("Print what was counted and measured as well"))
}

fn run<'a>(session: &'a Session, matches: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let name = crate::verbs::object_of(matches);
        let id = names::id(session, &SITE_CONNECTION, name).await?;
        let check = ended(session, &id, name, matches).await?;
        let is_long = matches.get_flag("long");
        let text = |key: &str| python::display(&check[key]);
        match check["state"].as_str() {
            Some("done") => Ok(Report::Findings {
                columns: columns(is_long).iter().map(|column| (*column).to_owned()).collect(),
                rows: check["results"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|one| row(one, is_long))
                    .collect(),
                text: text("summary"),
                is_good: check["verdict"] == "good",
            }),
            _ => {
                let reason = python::display(&check["reason"]["text"]);
                Err(Error::Waited(format!("IPsec site connection {name} could not be checked: {reason}")))
            }
        }
    })
}

/// Asks for a check, and waits for its end. Whoever ends the waiting leaves the check alone.
async fn ended(session: &Session, id: &str, name: &str, matches: &ArgMatches) -> Result<Value> {
    let limit = Duration::from_secs(matches.get_one::<u64>("timeout").copied().unwrap_or_default());
    let mut interrupted = signal(SignalKind::interrupt())?;
    let target = matches.get_one::<IpAddr>("target").map(ToString::to_string);
    let path = format!("{}/{}/checks", SITE_CONNECTION.path, encode(id));
    let body = json!({"check": {"target": target}});
    let asked = session.send(Service::Network, Method::POST, &path, Some(&body)).await;
    let mut check = extension::answered(session, asked, "adit-vpn-check").await?["check"].take();
    let (begun, progress) = (Instant::now(), Progress::new());
    loop {
        let state = check["state"].as_str().ok_or_else(|| names::malformed("state"))?;
        if !matches!(state, "pending" | "running") {
            return Ok(check);
        }
        let waited = begun.elapsed();
        if waited >= limit {
            return Err(Error::Waited(format!(
                "the check of IPsec site connection {name} is still {state} after {} s; the gateway goes on with it",
                waited.as_secs()
            )));
        }
        progress.tell(&format!(
            "checking IPsec site connection {name} for {} s: {}",
            waited.as_secs(),
            if state == "pending" { "waiting for its gateway" } else { "its gateway sends packets" }
        ));
        tokio::select! {
            () = tokio::time::sleep(PAUSE.min(limit.saturating_sub(waited))) => {}
            _ = interrupted.recv() => {
                return Err(Error::Interrupted(format!(
                    "no longer waiting for the check of IPsec site connection {name}; the gateway goes on with it"
                )));
            }
        }
        let number = check["id"].as_str().ok_or_else(|| names::malformed("id"))?;
        let path = format!("{path}/{}", encode(number));
        check = session.get(Service::Network, &path).await?["check"].take();
    }
}

fn columns(is_long: bool) -> &'static [&'static str] {
    const LONG: [&str; 12] = [
        "Probe", "Result", "Target", "Detail", "Code", "Source", "Sent", "Received", "Min ms", "Avg ms",
        "Max ms", "MTU",
    ];
    if is_long { &LONG } else { &LONG[..4] }
}

fn row(result: &Value, is_long: bool) -> Vec<Cell> {
    let milliseconds = |key: &str| {
        let micros = result["round_trip_us"][key].as_f64();
        micros.map_or(Value::Null, |micros| json!(micros / 1000.0))
    };
    let plain = |key: &str| result[key].clone();
    let mut row = vec![plain("probe"), plain("outcome"), plain("target"), plain("text")];
    if is_long {
        row.extend(["code", "source", "sent", "received"].map(plain));
        row.extend(["min", "avg", "max"].map(milliseconds));
        row.push(plain("mtu"));
    }
    row.into_iter().map(Cell::plain).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{columns, row};

    #[test]
    fn figures_come_with_long() {
        let result = json!({
            "probe": "tunnel-ping", "outcome": "passed", "code": "answered", "text": "it answers",
            "source": "10.1.0.1", "target": "10.2.0.1", "sent": 5, "received": 5,
            "round_trip_us": {"min": 300, "avg": 400, "max": 12500}, "mtu": null,
        });
        let values = |is_long| -> Vec<Value> {
            let cells = row(&result, is_long);
            assert_eq!(cells.len(), columns(is_long).len());
            cells.iter().map(|cell| cell.value().clone()).collect()
        };
        assert_eq!(values(false), ["tunnel-ping", "passed", "10.2.0.1", "it answers"]);
        let figures = json!(["answered", "10.1.0.1", 5, 5, 0.3, 0.4, 12.5, null]);
        assert_eq!(Value::from(values(true)[4..].to_vec()), figures);
    }
}
