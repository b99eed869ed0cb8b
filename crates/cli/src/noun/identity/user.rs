//! `user`, and the password of one's own.

use adit_api::view::encode;
use clap::{Arg, ArgMatches, Command};
use reqwest::Method;
use serde_json::json;

use super::{
    DESCRIPTION, DISABLE, DISABLED, ENABLE, ENABLED, IN_DOMAIN, NEW_NAME, OF_DOMAIN, OR_SHOW, PLAIN, WITHIN,
};
use crate::act::{Act, Doing};
use crate::grammar::{Column, Kind, Noun, Opt, Verb};
use crate::output::Report;
use crate::psk;
use crate::session::{Service, Session};

/// Users.
pub(crate) static USER: Noun = Noun {
    words: &["user"],
    one: "user",
    said: "user",
    many: "users",
    path: "users",
    singular: "user",
    plural: "users",
    columns: &[
        Column::list("id", "ID").only_listed(),
        Column::list("name", "Name").only_listed(),
        Column::list_long("default_project_id", "Project").only_listed(),
        Column::list_long("domain_id", "Domain").only_listed(),
        Column::list_long("description", "Description").only_listed(),
        Column::list_long("email", "Email").only_listed(),
        Column::list_long("enabled", "Enabled").only_listed(),
        Column::shown("default_project_id"),
        Column::shown("domain_id"),
        Column::shown("email"),
        Column::shown("enabled"),
        Column::shown("id"),
        Column::shown("name"),
        Column::shown("description"),
        Column::shown("password_expires_at"),
        Column::shown("options"),
    ],
    options: &[
        Opt::argument("name", Kind::Text("name"), "Name of the user"),
        NEW_NAME,
        DESCRIPTION,
        Opt::both("email", Kind::Text("email"), "E-mail address"),
        Opt::both(
            "password",
            Kind::Password("password"),
            "Password, which others may see here; `-` reads it from standard input",
        )
        .group("password"),
        Opt::both(
            "password-prompt",
            Kind::PasswordPrompt("password"),
            "Ask for the password at the terminal",
        )
        .group("password"),
        Opt::both(
            "project",
            Kind::Project("default_project_id"),
            "Project to act in when none is named (name or ID)",
        ),
        ENABLE,
        DISABLE,
        OR_SHOW,
        IN_DOMAIN,
        WITHIN,
        OF_DOMAIN,
        ENABLED,
        DISABLED,
    ],
    verbs: &[Verb::Create, Verb::Delete, Verb::List, Verb::Set, Verb::Show],
    in_order: true,
    ..PLAIN
};

/// `user password set`.
pub(crate) static PASSWORD: Act = Act {
    words: &["user", "password", "set"],
    about: "Change one's own password",
    shape: None,
    arguments: with_passwords,
    run: change,
};

fn with_passwords(command: Command) -> Command {
    let option = |name: &'static str| Arg::new(name).long(name).value_name(name.to_uppercase());
    command
        .arg(option("original-password").help(
            "Password until now, which others may see here; `-` reads it from standard input, before the new one [default: \
             it is asked for at the terminal]",
        ))
        .arg(option("password").help(
            "Password from now on, which others may see here; `-` reads it from standard input [default: it is asked for \
             at the terminal]",
        ))
}

fn change<'a>(session: &'a Session, matches: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let text = |name: &str| matches.get_one::<String>(name).map(String::as_str);
        let [original, password] = psk::change_of_password(text("original-password"), text("password"))?;
        let user = session.description["user"]["id"].as_str().unwrap_or_default();
        let body = json!({"user": {
            "password": password.reveal(),
            "original_password": original.reveal(),
        }});
        let path = format!("users/{}/password", encode(user));
        session.send(Service::Identity, Method::POST, &path, Some(&body)).await?;
        Ok(Report::Nothing)
    })
}
