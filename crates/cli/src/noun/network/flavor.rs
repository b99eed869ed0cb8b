//! `network flavor` and `network flavor profile`.

use adit_api::view::encode;
use clap::{Arg, ArgMatches, Command};
use reqwest::Method;
use serde_json::json;

use super::common::*;
use crate::act::{Act, Doing};
use crate::error::{Error, Result};
use crate::grammar::draft::Draft;
use crate::grammar::{Column, Fixed, Kind, Noun, Opt, Verb};
use crate::names;
use crate::output::Report;
use crate::session::{Service, Session};

const VERBS: &[Verb] = &[Verb::Create, Verb::Delete, Verb::List, Verb::Set, Verb::Show];
const ENABLE: Opt = Opt::both("enable", Kind::Is("enabled", Fixed::True), "Let it be chosen").group("state");
const DISABLE: Opt =
    Opt::both("disable", Kind::Is("enabled", Fixed::False), "Let it not be chosen any more").group("state");

/// Flavors.
pub(crate) static FLAVOR: Noun = Noun {
    words: &["network", "flavor"],
    one: "flavor",
    said: "flavor",
    many: "flavors",
    path: "flavors",
    singular: "flavor",
    plural: "flavors",
    columns: &[
        Column::list("id", "ID"),
        Column::list("name", "Name"),
        Column::list("enabled", "Enabled"),
        Column::list("service_type", "Service Type"),
        Column::list("description", "Description"),
        Column::shown("service_profiles").labelled("service_profile_ids"),
    ],
    options: &[
        Opt::argument("name", Kind::Text("name"), "Name of the flavor"),
        Opt::create("service-type", Kind::Text("service_type"), "What it is a flavor of: VPN, for one")
            .required(),
        NEW_NAME,
        DESCRIPTION,
        ENABLE,
        DISABLE,
        PROJECT,
    ],
    verbs: VERBS,
    ..Noun::PLAIN
};

/// Service profiles, which say what is behind a flavor.
pub(crate) static SERVICE_PROFILE: Noun = Noun {
    words: &["network", "flavor", "profile"],
    one: "flavor profile",
    said: "flavor profile",
    many: "flavor profiles",
    sum: "flavor_profiles",
    path: "service_profiles",
    singular: "service_profile",
    plural: "service_profiles",
    columns: &[
        Column::list("id", "ID"),
        Column::list("driver", "Driver"),
        Column::list("enabled", "Enabled"),
        Column::list("metainfo", "Metainfo").labelled("meta_info"),
        Column::list("description", "Description"),
    ],
    options: &[
        DESCRIPTION,
        ENABLE,
        DISABLE,
        Opt::both("driver", Kind::Text("driver"), "Program that serves it"),
        Opt::both("metainfo", Kind::Text("metainfo"), "What that program is told"),
    ],
    verbs: VERBS,
    called_by: "",
    shape,
    ..Noun::PLAIN
};

fn shape(draft: &mut Draft) -> Result<()> {
    if draft.verb == Verb::Create && !draft.has("driver") && !draft.has("metainfo") {
        return Err(Error::Usage("Either --driver or --metainfo or both are required".to_owned()));
    }
    Ok(())
}

/// What ties flavors to profiles.
pub(crate) static FLAVOR_ACTS: [Act; 2] = [
    Act {
        words: &["network", "flavor", "add", "profile"],
        about: "Put a service profile behind a flavor",
        shape: None,
        arguments: with_both,
        run: add,
    },
    Act {
        words: &["network", "flavor", "remove", "profile"],
        about: "Take a service profile away from a flavor",
        shape: None,
        arguments: with_both,
        run: remove,
    },
];

fn with_both(command: Command) -> Command {
    command
        .arg(Arg::new("flavor").required(true).value_name("FLAVOR").help("Flavor (name or ID)"))
        .arg(Arg::new("profile").required(true).value_name("SERVICE-PROFILE").help("Service profile (ID)"))
}

async fn both(session: &Session, matches: &ArgMatches) -> Result<(String, String)> {
    let text = |name: &str| matches.get_one::<String>(name).map(String::as_str).unwrap_or_default();
    let flavor = names::id(session, &FLAVOR, text("flavor")).await?;
    Ok((flavor, names::id(session, &SERVICE_PROFILE, text("profile")).await?))
}

fn add<'a>(session: &'a Session, matches: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let (flavor, profile) = both(session, matches).await?;
        let path = format!("flavors/{}/service_profiles", encode(&flavor));
        let body = json!({"service_profile": {"id": profile}});
        session.send(Service::Network, Method::POST, &path, Some(&body)).await?;
        Ok(Report::Nothing)
    })
}

fn remove<'a>(session: &'a Session, matches: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let (flavor, profile) = both(session, matches).await?;
        let path = format!("flavors/{}/service_profiles/{}", encode(&flavor), encode(&profile));
        session.send(Service::Network, Method::DELETE, &path, None).await?;
        Ok(Report::Nothing)
    })
}
