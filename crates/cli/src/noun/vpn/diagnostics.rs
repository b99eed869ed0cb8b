//! `vpn why` and `vpn events`: why a site connection is as it is, and what became of it. Adit's own; a Neutron has no answer.

use adit_api::python;
use adit_api::view::encode;
use clap::{Arg, ArgMatches, Command};
use serde_json::Value;

use super::{SITE_CONNECTION, extension};
use crate::act::{Act, Doing};
use crate::error::Result;
use crate::names;
use crate::output::Report;
use crate::output::cell::Cell;
use crate::output::options::Shape;
use crate::session::Session;
use crate::watch;

/// The commands.
pub(crate) static DIAGNOSTICS: [Act; 2] = [
    Act {
        words: &["vpn", "why"],
        about: "Tell why a site connection is up or down; the exit status is 0 only when it is ACTIVE, else 6",
        shape: None,
        arguments: with_connection,
        run: why,
    },
    Act {
        words: &["vpn", "events"],
        about: "List what became of a site connection, newest first",
        shape: Some(Shape::List),
        arguments: |command| watch::add_follow(with_connection(command)),
        run: events,
    },
];

fn with_connection(command: Command) -> Command {
    let connection = Arg::new("object").required(true).value_name("CONNECTION");
    command.arg(connection.help("IPsec site connection (name or ID)"))
}

/// What the server knows of the connection that a command names.
async fn ask(session: &Session, matches: &ArgMatches) -> Result<Value> {
    let id = names::id(session, &SITE_CONNECTION, crate::verbs::object_of(matches)).await?;
    let path = format!("{}/{}/diagnostics", SITE_CONNECTION.path, encode(&id));
    Ok(extension::get(session, &path, "adit-vpn-diagnostics").await?["diagnostics"].take())
}

fn why<'a>(session: &'a Session, matches: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let known = ask(session, matches).await?;
        Ok(Report::Verdict { text: told(&known), is_good: known["status"] == "ACTIVE" })
    })
}

/// What is known, in sentences.
fn told(known: &Value) -> String {
    let text = |value: &Value| python::display(value);
    let mut lines = vec![format!(
        "IPsec site connection {} is {} since {}.",
        text(&known["name"]),
        text(&known["status"]),
        text(&known["since"])
    )];
    let reason = &known["reason"];
    if let Some(sentence) = reason["text"].as_str() {
        lines.push(format!("Reason: {sentence} [{}]", text(&reason["code"])));
    }
    match known["observed_at"].as_str() {
        Some(at) => lines.push(format!("Its gateway last told of it at {at}.")),
        None => lines.push("No gateway has told of it yet.".to_owned()),
    }
    for sa in known["ike_sas"].as_array().into_iter().flatten() {
        let end = |end: &Value| format!("{} ({})", text(&end["address"]), text(&end["identity"]));
        let children = sa["child_sas"].as_array().map_or(0, Vec::len);
        lines.push(format!(
            "IKE SA {}: {} to {}, {}, with {children} CHILD_SAs.",
            text(&sa["state"]),
            end(&sa["local"]),
            end(&sa["peer"]),
            sa["proposal"].as_str().filter(|proposal| !proposal.is_empty()).unwrap_or("nothing agreed on"),
        ));
    }
    lines.join("\n") + "\n"
}

fn events<'a>(session: &'a Session, matches: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let known = ask(session, matches).await?;
        let row = |event: &Value| {
            let (at, status, reason) = (&event["at"], &event["status"], &event["reason"]);
            [at, status, &reason["code"], &reason["text"]].map(|value| Cell::plain(value.clone())).into()
        };
        Ok(Report::List {
            columns: ["Time", "Status", "Code", "Reason"].map(str::to_owned).into(),
            rows: known["events"].as_array().into_iter().flatten().map(row).collect(),
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::told;

    #[test]
    fn what_is_known_is_told_in_sentences() {
        let known = json!({
            "name": "conn", "status": "DOWN", "since": "2026-11-22T02:33:35Z",
            "reason": {"code": "auth-failed", "text": "the peer refused our key"},
            "observed_at": "2026-11-22T02:34:00Z",
            "ike_sas": [{
                "state": "connecting", "proposal": "", "child_sas": [],
                "local": {"address": "203.0.113.9", "identity": "203.0.113.9"},
                "peer": {"address": "192.0.2.9", "identity": "office"},
            }],
        });
        assert_eq!(
            told(&known),
            "IPsec site connection conn is DOWN since 2026-11-22T02:33:35Z.\n\
             Reason: the peer refused our key [auth-failed]\n\
             Its gateway last told of it at 2026-11-22T02:34:00Z.\n\
             IKE SA connecting: 203.0.113.9 (203.0.113.9) to 192.0.2.9 (office), nothing agreed on, with 0 CHILD_SAs.\n"
        );
    }
}
