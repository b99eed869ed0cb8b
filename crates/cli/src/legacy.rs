//! The VPN commands of the old `neutron` command, `vpn-ikepolicy-create` and the rest of the 25, for guides and scripts that
//! have them. They print the API's own words, as that command did, and send what is given: defaults are the server's.

use clap::{ArgMatches, Command};
use reqwest::Method;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::grammar::draft::Draft;
use crate::grammar::{Noun, Verb, arguments};
use crate::names;
use crate::noun::legacy::{ENDPOINT_GROUP, IKE_POLICY, IPSEC_POLICY, SERVICE, SITE_CONNECTION};
use crate::output::Report;
use crate::output::cell::{Cell, View};
use crate::say;
use crate::session::{Object, Session};
use crate::verbs;

/// A command: its word, and what it does.
pub(crate) struct Old {
    pub(crate) word: &'static str,
    pub(crate) noun: &'static Noun,
    pub(crate) verb: Verb,
}

const fn old(word: &'static str, noun: &'static Noun, verb: Verb) -> Old {
    Old { word, noun, verb }
}

/// All of them.
pub(crate) static COMMANDS: [Old; 25] = [
    old("vpn-ikepolicy-create", &IKE_POLICY, Verb::Create),
    old("vpn-ikepolicy-delete", &IKE_POLICY, Verb::Delete),
    old("vpn-ikepolicy-list", &IKE_POLICY, Verb::List),
    old("vpn-ikepolicy-show", &IKE_POLICY, Verb::Show),
    old("vpn-ikepolicy-update", &IKE_POLICY, Verb::Set),
    old("vpn-ipsecpolicy-create", &IPSEC_POLICY, Verb::Create),
    old("vpn-ipsecpolicy-delete", &IPSEC_POLICY, Verb::Delete),
    old("vpn-ipsecpolicy-list", &IPSEC_POLICY, Verb::List),
    old("vpn-ipsecpolicy-show", &IPSEC_POLICY, Verb::Show),
    old("vpn-ipsecpolicy-update", &IPSEC_POLICY, Verb::Set),
    old("vpn-service-create", &SERVICE, Verb::Create),
    old("vpn-service-delete", &SERVICE, Verb::Delete),
    old("vpn-service-list", &SERVICE, Verb::List),
    old("vpn-service-show", &SERVICE, Verb::Show),
    old("vpn-service-update", &SERVICE, Verb::Set),
    old("vpn-endpoint-group-create", &ENDPOINT_GROUP, Verb::Create),
    old("vpn-endpoint-group-delete", &ENDPOINT_GROUP, Verb::Delete),
    old("vpn-endpoint-group-list", &ENDPOINT_GROUP, Verb::List),
    old("vpn-endpoint-group-show", &ENDPOINT_GROUP, Verb::Show),
    old("vpn-endpoint-group-update", &ENDPOINT_GROUP, Verb::Set),
    old("ipsec-site-connection-create", &SITE_CONNECTION, Verb::Create),
    old("ipsec-site-connection-delete", &SITE_CONNECTION, Verb::Delete),
    old("ipsec-site-connection-list", &SITE_CONNECTION, Verb::List),
    old("ipsec-site-connection-show", &SITE_CONNECTION, Verb::Show),
    old("ipsec-site-connection-update", &SITE_CONNECTION, Verb::Set),
];

/// The arguments of a command.
pub(crate) fn command(old: &'static Old) -> Command {
    arguments::command(old.noun, old.verb).name(old.word).hide(true)
}

/// Does what a command does.
pub(crate) async fn run(old: &'static Old, matches: &ArgMatches, session: &Session) -> Result<Report> {
    let noun = old.noun;
    match old.verb {
        Verb::Create => {
            let draft = Draft::read(noun, Verb::Create, matches, session).await?;
            let body = json!({noun.singular: draft.attributes});
            let mut body = session.send(noun.service, Method::POST, noun.path, Some(&body)).await?;
            let object = verbs::unwrapped(&mut body, noun.singular)?;
            Ok(Report::Made { head: format!("Created a new {}:", noun.singular), fields: fields(object) })
        }
        Verb::Show => Ok(Report::One(fields(names::find(session, noun, verbs::object_of(matches)).await?))),
        Verb::List => verbs::list(noun, matches, session).await,
        Verb::Set | Verb::Unset => {
            let name = verbs::object_of(matches);
            let draft = Draft::read(noun, old.verb, matches, session).await?;
            if draft.is_empty() {
                return Err(Error::Usage(format!("Must specify new values to update {}", noun.singular)));
            }
            let id = names::id(session, noun, name).await?;
            verbs::update(noun, session, &id, draft.attributes).await?;
            Ok(Report::Text(format!("Updated {}: {name}\n", noun.singular)))
        }
        Verb::Delete => delete(noun, matches, session).await,
    }
}

/// Every attribute of the answer, sorted.
fn fields(object: Object) -> Vec<(String, Cell)> {
    let mut fields: Vec<(String, Cell)> =
        object.into_iter().map(|(key, value): (String, Value)| (key, Cell::new(value, View::Raw))).collect();
    fields.sort_by(|(a, _), (b, _)| a.cmp(b));
    fields
}

/// Deletes what can be deleted, and tells of both.
async fn delete(noun: &'static Noun, matches: &ArgMatches, session: &Session) -> Result<Report> {
    let wanted: Vec<&String> = matches.get_many("object").into_iter().flatten().collect();
    let (mut gone, mut failures) = (Vec::new(), Vec::new());
    let (mut missing, mut several) = (Vec::new(), Vec::new());
    for name in &wanted {
        match verbs::delete_one(noun, session, matches, name).await {
            Ok(_) => gone.push(name.as_str()),
            Err(Error::NotFound(why)) if why == names::several(noun, name) => several.push(name.as_str()),
            Err(Error::NotFound(_)) => missing.push(name.as_str()),
            Err(error) => failures.push(error),
        }
    }
    let told = format!("Deleted {}(s): {}\n", noun.singular, gone.join(", "));
    if missing.is_empty() && several.is_empty() && failures.is_empty() {
        return Ok(Report::Text(told));
    }
    if !gone.is_empty() {
        say(told.trim_end());
    }
    for error in &failures {
        say(&format!("adit: {error}"));
    }
    let what = noun.singular;
    let mut told = Vec::new();
    if !missing.is_empty() {
        told.push(format!("Unable to find {what}(s) with id(s) '{}'.", missing.join(", ")));
    }
    if !several.is_empty() {
        told.push(format!(
            "Multiple {what}(s) matches found for name(s) '{}'. Please use an ID to be more specific.",
            several.join(", ")
        ));
    }
    if told.is_empty() {
        return verbs::sum_up(&failures, wanted.len(), &format!("{what}(s)"));
    }
    Err(Error::NotFound(told.join("\n")))
}
