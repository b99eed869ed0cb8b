//! Who has which role: `role add`, `role remove` and `role assignment list`.

use adit_api::view::encode;
use clap::{Arg, ArgGroup, ArgMatches, Command};
use reqwest::Method;
use serde_json::Value;

use super::{DOMAIN, ROLE, USER};
use crate::act::{Act, Doing};
use crate::error::Result;
use crate::grammar::Noun;
use crate::grammar::arguments::flag;
use crate::grammar::draft::project;
use crate::names;
use crate::output::Report;
use crate::output::cell::Cell;
use crate::output::options::Shape;
use crate::session::{Object, Service, Session};

/// The commands.
pub(crate) static ASSIGNMENTS: [Act; 3] = [
    Act {
        words: &["role", "add"],
        about: "Give a user a role",
        shape: None,
        arguments: whose_and_where,
        run: |session, matches| assign(session, matches, Method::PUT),
    },
    Act {
        words: &["role", "remove"],
        about: "Take a role away from a user",
        shape: None,
        arguments: whose_and_where,
        run: |session, matches| assign(session, matches, Method::DELETE),
    },
    Act {
        words: &["role", "assignment", "list"],
        about: "List who has which role",
        shape: Some(Shape::List),
        arguments: |command| {
            scope(command)
                .arg(option("role", "Role (name or ID)"))
                .arg(flag("effective").help("What follows from it as well: roles that others imply"))
                .arg(flag("names").help("Names rather than IDs"))
        },
        run: list,
    },
];

fn option(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(name.to_uppercase()).help(help)
}

fn scope(command: Command) -> Command {
    command
        .arg(option("user", "User (name or ID)"))
        .arg(option("user-domain", "Domain of the user (name or ID)").requires("user"))
        .arg(option("project", "Project (name or ID)"))
        .arg(option("project-domain", "Domain of the project (name or ID)").requires("project"))
        .arg(option("domain", "Domain (name or ID)"))
        .arg(option("system", "The system as a whole: all"))
        .group(ArgGroup::new("where").args(["project", "domain", "system"]))
}

fn whose_and_where(command: Command) -> Command {
    scope(command)
        .mut_arg("user", |user| user.required(true))
        .mut_group("where", |group| group.required(true))
        .arg(Arg::new("role").required(true).value_name("ROLE").help("Role (name or ID)"))
}

fn text<'a>(matches: &'a ArgMatches, name: &str) -> Option<&'a str> {
    matches.get_one::<String>(name).map(String::as_str)
}

/// The id of what an option names.
async fn id(
    session: &Session,
    matches: &ArgMatches,
    option: &str,
    noun: &'static Noun,
) -> Result<Option<String>> {
    match text(matches, option) {
        Some(name) => names::id(session, noun, name).await.map(Some),
        None => Ok(None),
    }
}

async fn user(session: &Session, matches: &ArgMatches) -> Result<Option<String>> {
    let Some(name) = text(matches, "user") else { return Ok(None) };
    let domain = id(session, matches, "user-domain", &DOMAIN).await?;
    let filters: Vec<(&str, &str)> = domain.iter().map(|id| ("domain_id", id.as_str())).collect();
    Ok(Some(names::id_of(&names::find_among(session, &USER, name, &filters).await?)))
}

fn assign<'a>(session: &'a Session, matches: &'a ArgMatches, method: Method) -> Doing<'a> {
    Box::pin(async move {
        let role = id(session, matches, "role", &ROLE).await?.unwrap_or_default();
        let user = user(session, matches).await?.unwrap_or_default();
        let place = if let Some(name) = text(matches, "project") {
            format!("projects/{}", encode(&project(session, name, text(matches, "project-domain")).await?))
        } else if let Some(domain) = id(session, matches, "domain", &DOMAIN).await? {
            format!("domains/{}", encode(&domain))
        } else {
            "system".to_owned()
        };
        let path = format!("{place}/users/{}/roles/{}", encode(&user), encode(&role));
        session.send(Service::Identity, method, &path, None).await?;
        Ok(Report::Nothing)
    })
}

fn list<'a>(session: &'a Session, matches: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let project_id = match text(matches, "project") {
            Some(name) => Some(project(session, name, text(matches, "project-domain")).await?),
            None => None,
        };
        let wanted = [
            ("role.id", id(session, matches, "role", &ROLE).await?),
            ("user.id", user(session, matches).await?),
            ("scope.project.id", project_id),
            ("scope.domain.id", id(session, matches, "domain", &DOMAIN).await?),
            ("scope.system", text(matches, "system").map(str::to_owned)),
        ];
        let mut filters: Vec<(&str, &str)> =
            wanted.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
        let is_named = matches.get_flag("names");
        for (name, is_wanted) in [("effective", matches.get_flag("effective")), ("include_names", is_named)] {
            if is_wanted {
                filters.push((name, "True"));
            }
        }
        let (path, plural) = ("role_assignments", "role_assignments");
        let found = names::list_at(session, Service::Identity, path, plural, &filters).await?;
        let columns = ["Role", "User", "Group", "Project", "Domain", "System", "Inherited"];
        Ok(Report::List {
            columns: columns.map(str::to_owned).into(),
            rows: found.into_iter().map(|assignment| row(assignment, is_named)).collect(),
        })
    })
}

fn row(assignment: Object, is_named: bool) -> Vec<Cell> {
    let assignment = Value::Object(assignment);
    let called = |object: &Value| {
        let key = if is_named { "name" } else { "id" };
        let name = object[key].as_str().unwrap_or_default();
        let domain = object["domain"]["name"].as_str().filter(|_| is_named);
        Cell::plain(domain.map_or_else(|| name.to_owned(), |domain| format!("{name}@{domain}")))
    };
    let scope = &assignment["scope"];
    let system = if scope["system"]["all"] == true { "all" } else { "" };
    vec![
        called(&assignment["role"]),
        called(&assignment["user"]),
        called(&assignment["group"]),
        called(&scope["project"]),
        called(&scope["domain"]),
        Cell::plain(system),
        Cell::plain(scope["OS-INHERIT:inherited_to"] == "projects"),
    ]
}
