//! `implied role`: which role brings which others along.

use adit_api::view::encode;
use clap::{Arg, ArgMatches, Command};
use reqwest::Method;
use serde_json::Value;

use super::ROLE;
use crate::act::{Act, Doing};
use crate::error::Result;
use crate::names;
use crate::output::Report;
use crate::output::cell::Cell;
use crate::output::options::Shape;
use crate::session::{Service, Session};

/// The commands.
pub(crate) static IMPLIED_ROLES: [Act; 3] = [
    Act {
        words: &["implied", "role", "create"],
        about: "Let a role bring another one along",
        shape: Some(Shape::One),
        arguments: with_roles,
        run: create,
    },
    Act {
        words: &["implied", "role", "delete"],
        about: "Let a role no longer bring another one along",
        shape: None,
        arguments: with_roles,
        run: delete,
    },
    Act {
        words: &["implied", "role", "list"],
        about: "List which roles bring which others along",
        shape: Some(Shape::List),
        arguments: |command| command,
        run: list,
    },
];

fn with_roles(command: Command) -> Command {
    let implied = Arg::new("implied-role").long("implied-role").required(true).value_name("ROLE");
    command
        .arg(Arg::new("role").required(true).value_name("ROLE").help("Role that brings another (name or ID)"))
        .arg(implied.help("Role that is brought along (name or ID)"))
}

/// Where the pair of roles is.
async fn path(session: &Session, matches: &ArgMatches) -> Result<String> {
    let text = |name: &str| matches.get_one::<String>(name).map(String::as_str).unwrap_or_default();
    let prior = names::id(session, &ROLE, text("role")).await?;
    let implied = names::id(session, &ROLE, text("implied-role")).await?;
    Ok(format!("roles/{}/implies/{}", encode(&prior), encode(&implied)))
}

fn create<'a>(session: &'a Session, matches: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let path = path(session, matches).await?;
        let body = session.send(Service::Identity, Method::PUT, &path, None).await?;
        let made = &body["role_inference"];
        let field = |key: &str| (key.to_owned(), Cell::plain(made[key]["id"].clone()));
        Ok(Report::One(vec![field("implies"), field("prior_role")]))
    })
}

fn delete<'a>(session: &'a Session, matches: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let path = path(session, matches).await?;
        session.send(Service::Identity, Method::DELETE, &path, None).await?;
        Ok(Report::Nothing)
    })
}

fn list<'a>(session: &'a Session, _: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let body = session.get(Service::Identity, "role_inferences").await?;
        let mut rows = Vec::new();
        for inference in body["role_inferences"].as_array().into_iter().flatten() {
            let of = |role: &Value| [&role["id"], &role["name"]].map(|value| Cell::plain(value.clone()));
            for implied in inference["implies"].as_array().into_iter().flatten() {
                rows.push([of(&inference["prior_role"]), of(implied)].concat());
            }
        }
        let columns = ["Prior Role ID", "Prior Role Name", "Implied Role ID", "Implied Role Name"];
        Ok(Report::List { columns: columns.map(str::to_owned).into(), rows })
    })
}
