//! Tokens, and the catalog that comes with one.

use clap::{Arg, ArgMatches};
use reqwest::Method;
use serde_json::Value;

use crate::act::{Act, Doing};
use crate::error::Error;
use crate::output::Report;
use crate::output::cell::{Cell, View};
use crate::output::options::Shape;
use crate::session::{Service, Session};

/// The commands.
pub(crate) static TOKENS: [Act; 4] = [
    Act {
        words: &["token", "issue"],
        about: "Get a token, and print it",
        shape: Some(Shape::One),
        arguments: |command| command,
        run: issue,
    },
    Act {
        words: &["token", "revoke"],
        about: "Make a token worthless",
        shape: None,
        arguments: |command| command.arg(Arg::new("token").required(true).value_name("TOKEN").help("Token")),
        run: revoke,
    },
    Act {
        words: &["catalog", "list"],
        about: "List where services are",
        shape: Some(Shape::List),
        arguments: |command| command,
        run: list,
    },
    Act {
        words: &["catalog", "show"],
        about: "Show where a service is",
        shape: Some(Shape::One),
        arguments: |command| {
            command.arg(
                Arg::new("service").required(true).value_name("SERVICE").help("Service (type, name or ID)"),
            )
        },
        run: show,
    },
];

fn issue<'a>(session: &'a Session, _: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let token = &session.description;
        let expires = token["expires_at"].as_str().unwrap_or_default();
        // As the well-known client writes a time.
        let expires = expires.split(['.', 'Z']).next().map(|time| format!("{time}+0000"));
        let mut fields = vec![
            ("expires".to_owned(), Cell::plain(expires)),
            ("id".to_owned(), Cell::plain(session.token.as_str())),
        ];
        for (label, scope) in [("project_id", &token["project"]), ("domain_id", &token["domain"])] {
            if let Some(id) = scope["id"].as_str() {
                fields.push((label.to_owned(), Cell::plain(id)));
            }
        }
        if token["system"]["all"] == true {
            fields.push(("system".to_owned(), Cell::plain("all")));
        }
        fields.push(("user_id".to_owned(), Cell::plain(token["user"]["id"].clone())));
        Ok(Report::One(fields))
    })
}

fn revoke<'a>(session: &'a Session, matches: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let token = matches.get_one::<String>("token").map(String::as_str).unwrap_or_default();
        let url = format!("{}/auth/tokens", session.base(Service::Identity)?);
        session.send_with(Method::DELETE, &url, &[("X-Subject-Token", token)], None).await?;
        Ok(Report::Nothing)
    })
}

fn services(session: &Session) -> impl Iterator<Item = &Value> {
    session.description["catalog"].as_array().into_iter().flatten()
}

fn endpoints(service: &Value) -> Cell {
    Cell::new(service["endpoints"].clone(), View::Endpoints)
}

fn list<'a>(session: &'a Session, _: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let row = |service: &Value| {
            vec![
                Cell::plain(service["name"].clone()),
                Cell::plain(service["type"].clone()),
                endpoints(service),
            ]
        };
        Ok(Report::List {
            columns: ["Name", "Type", "Endpoints"].map(str::to_owned).into(),
            rows: services(session).map(row).collect(),
        })
    })
}

fn show<'a>(session: &'a Session, matches: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let wanted = matches.get_one::<String>("service").map(String::as_str).unwrap_or_default();
        let is_wanted = |service: &&Value| ["type", "name", "id"].iter().any(|key| service[*key] == wanted);
        let service = services(session)
            .find(is_wanted)
            .ok_or_else(|| Error::NotFound(format!("No service found for {wanted} in the catalog")))?;
        let plain = |key: &str| (key.to_owned(), Cell::plain(service[key].clone()));
        Ok(Report::One(vec![
            ("endpoints".to_owned(), endpoints(service)),
            plain("id"),
            plain("name"),
            plain("type"),
        ]))
    })
}
