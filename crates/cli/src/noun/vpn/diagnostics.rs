//! `vpn why` and `vpn events`: why a site connection is as it is, and what became of it. Adit's own; a Neutron has no answer.

use adit_api::python;
use adit_api::view::encode;
use adit_model::ReasonCode;
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
    let code = reason["code"].as_str().and_then(|code| code.parse().ok());
    if let Some(advice) = code.and_then(advice) {
        lines.push(format!("What to do: {advice}"));
    }
    match known["observed_at"].as_str() {
        Some(at) => lines.push(format!("Its gateway last told of it at {at}.")),
        None => lines.push("No gateway has told of it yet.".to_owned()),
    }
    known["ike_sas"].as_array().into_iter().flatten().for_each(|sa| tell_of_sa(sa, &mut lines));
    lines.join("\n") + "\n"
}

/// What to change, and on which side, where the sentence of a reason does not say it: one of a gateway that knows what was
/// offered and answered does, one of a server or an agent tells what it has seen.
const fn advice(code: ReasonCode) -> Option<&'static str> {
    match code {
        ReasonCode::AdminDown => Some(
            "switch on here what is off: `adit vpn ipsec site connection set --enable`, `adit vpn service set --enable` or \
             `adit router set --enable`.",
        ),
        ReasonCode::NoConnections => Some("create a site connection of the VPN service."),
        ReasonCode::Negotiating => {
            Some("nothing yet; if it stays so for a minute, see what the log of the other end says of it.")
        }
        ReasonCode::WaitingForPeer => Some(
            "start the tunnel at the other end, or let this end begin: `adit vpn ipsec site connection set --initiator \
             bi-directional`.",
        ),
        ReasonCode::PeerNameUnresolved => Some(
            "mend the name in the DNS, or give the other end's address here: `adit vpn ipsec site connection set \
             --peer-address ADDRESS`.",
        ),
        ReasonCode::UnsupportedByGateway => Some(
            "change here what the sentence names, in the policy or the connection, and then the other end in the same way.",
        ),
        ReasonCode::DaemonDown => Some(
            "nothing at either end: the daemon is started again by itself; if that lasts, tell the operator of this cloud.",
        ),
        ReasonCode::RouterNotReady => Some(
            "nothing at the other end; where the sentence names nothing of the router that you can change, tell the \
             operator of this cloud.",
        ),
        ReasonCode::AgentOffline => Some(
            "nothing at either end: tell the operator of this cloud, whose `adit network agent list` shows the node that \
             is silent, or that none is there.",
        ),
        ReasonCode::Other => Some("tell the operator of this cloud what the sentence says."),
        ReasonCode::PeerUnreachable
        | ReasonCode::DpdTimeout
        | ReasonCode::AuthFailed
        | ReasonCode::PeerIdentityMismatch
        | ReasonCode::NoProposalIke
        | ReasonCode::NoProposalEsp
        | ReasonCode::SelectorsRefused
        | ReasonCode::PeerDeleted
        | ReasonCode::GatewayMissing => None,
    }
}

/// An IKE SA, and what its CHILD_SAs have carried.
fn tell_of_sa(sa: &Value, lines: &mut Vec<String>) {
    let text = python::display;
    let agreed = |sa: &Value| match sa["proposal"].as_str() {
        Some(proposal) if !proposal.is_empty() => proposal.to_owned(),
        _ => "nothing agreed on".to_owned(),
    };
    let end = |end: &Value| format!("{} ({})", text(&end["address"]), text(&end["identity"]));
    let none = Vec::new();
    let children = sa["child_sas"].as_array().unwrap_or(&none);
    lines.push(format!(
        "IKE SA {}: {} to {}, {}, with {} CHILD_SA{}.",
        text(&sa["state"]),
        end(&sa["local"]),
        end(&sa["peer"]),
        agreed(sa),
        children.len(),
        if children.len() == 1 { "" } else { "s" },
    ));
    for child in children {
        let networks = |key: &str| {
            let networks = child[key].as_array().into_iter().flatten().map(text);
            networks.collect::<Vec<_>>().join(", ")
        };
        let carried = |way: &str| {
            let count = |unit: &str| child[way][unit].as_u64().unwrap_or_default();
            let (packets, bytes) = (count("packets"), count("bytes"));
            let ending = |count| if count == 1 { "" } else { "s" };
            format!("{packets} packet{} ({bytes} byte{}) {way}", ending(packets), ending(bytes))
        };
        lines.push(format!(
            "  CHILD_SA {}: {} to {}, {}, {}, {}.",
            text(&child["state"]),
            networks("local_networks"),
            networks("peer_networks"),
            agreed(child),
            carried("in"),
            carried("out"),
        ));
    }
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
    use adit_model::ReasonCode;
    use serde_json::{Value, json};

    use super::told;

    /// A connection with this reason and these CHILD_SAs.
    fn known(code: &str, child_sas: &Value) -> Value {
        json!({
            "name": "conn", "status": "DOWN", "since": "2026-11-22T02:33:35Z",
            "reason": {"code": code, "text": "it is so"},
            "observed_at": "2026-11-22T02:34:00Z",
            "ike_sas": [{
                "state": "connecting", "proposal": "", "child_sas": child_sas,
                "local": {"address": "203.0.113.9", "identity": "203.0.113.9"},
                "peer": {"address": "192.0.2.9", "identity": "office"},
            }],
        })
    }

    #[test]
    fn what_is_known_is_told_in_sentences() {
        let child = |packets: u64| {
            json!({
                "state": "installed", "proposal": "AES_GCM_16_128",
                "local_networks": ["10.1.0.0/24", "10.3.0.0/24"], "peer_networks": ["10.2.0.0/24"],
                "in": {"packets": packets, "bytes": packets * 84}, "out": {"packets": 0, "bytes": 1},
            })
        };
        let line = |packets: &str| {
            format!(
                "\n  CHILD_SA installed: 10.1.0.0/24, 10.3.0.0/24 to 10.2.0.0/24, AES_GCM_16_128, {packets} in, 0 packets \
                 (1 byte) out."
            )
        };
        let [one, two] = [line("1 packet (84 bytes)"), line("2 packets (168 bytes)")];
        for (children, count, lines) in [
            (json!([]), "0 CHILD_SAs", String::new()),
            (json!([child(1)]), "1 CHILD_SA", one.clone()),
            (json!([child(1), child(2)]), "2 CHILD_SAs", one + &two),
        ] {
            assert_eq!(
                told(&known("auth-failed", &children)),
                format!(
                    "IPsec site connection conn is DOWN since 2026-11-22T02:33:35Z.\n\
                     Reason: it is so [auth-failed]\n\
                     Its gateway last told of it at 2026-11-22T02:34:00Z.\n\
                     IKE SA connecting: 203.0.113.9 (203.0.113.9) to 192.0.2.9 (office), nothing agreed on, with \
                     {count}.{lines}\n"
                )
            );
        }
    }

    /// Those whose sentences say it themselves stand in `adit_ike::reason` and in its tests.
    #[test]
    fn what_to_do_is_told_where_the_sentence_does_not() {
        let said_by_gateways = [
            "peer-unreachable",
            "dpd-timeout",
            "auth-failed",
            "peer-identity-mismatch",
            "no-proposal-ike",
            "no-proposal-esp",
            "selectors-refused",
            "peer-deleted",
            "gateway-missing",
        ];
        for code in ReasonCode::ALL {
            let told = told(&known(code.as_str(), &json!([])));
            let has_advice = told.contains("\nWhat to do: ");
            assert_eq!(has_advice, !said_by_gateways.contains(&code.as_str()), "{told}");
        }
        assert!(!told(&known("of-the-future", &json!([]))).contains("What to do"));
    }
}
