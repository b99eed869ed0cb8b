//! The Identity API of a fresh server, ways to ask for tokens, and names for the ids of what there is.

use std::collections::BTreeMap;

use adit_server::{Bootstrapped, ServerConfig};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

pub(crate) use crate::common::{ADMIN_PASSWORD, DEMO_PASSWORD};

/// What is said to whoever is not who it says.
pub(crate) const WRONG: &str = "The request you have made requires authentication.";

/// A server with what a first start makes, and names for ids: `{demo}` in a path, a body or a message stands for the id of the
/// thing called `demo`.
pub(crate) struct Server {
    pub(crate) http: crate::common::Server,
    pub(crate) ids: Bootstrapped,
    names: BTreeMap<String, String>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(ServerConfig::default()).await
    }

    pub(crate) async fn start_with(config: ServerConfig) -> Self {
        let http = crate::common::Server::start_with(config).await;
        let ids = http.ids.clone();
        let Bootstrapped { domain_id: _, admin_user_id, admin_project_id, demo_user_id, demo_project_id } =
            &ids;
        let names = [
            ("admin user", admin_user_id.as_str()),
            ("admin project", admin_project_id.as_str()),
            ("demo user", demo_user_id.as_str()),
            ("demo project", demo_project_id.as_str()),
            ("nobody", "ffffffffffffffffffffffffffffffff"),
        ];
        let names = names.map(|(name, id)| (name.to_owned(), id.to_owned())).into();
        Self { http, ids, names }
    }

    /// Another one with the same database.
    pub(crate) async fn beside(&self, config: ServerConfig) -> Self {
        let http = self.http.beside(config).await;
        Self { http, ids: self.ids.clone(), names: self.names.clone() }
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let headers: Vec<_> =
            std::iter::once(("host", "192.0.2.1:9696")).chain(headers.iter().copied()).collect();
        let raw = self.http.ask(method, path, &headers, body).await;
        let status = StatusCode::from_u16(raw.status).unwrap();
        Answer { status, headers: raw.headers, body: serde_json::from_str(&raw.text).unwrap_or_default() }
    }

    /// A request to the Identity API by the bearer of `token`.
    pub(crate) async fn ask(&self, token: &str, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { self.with_ids(&body.to_string()) };
        let path = self.with_ids(&format!("/identity/v3{path}"));
        self.send(method, &path, &[("x-auth-token", token)], &body).await
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        self.ask(token, "GET", path, Value::Null).await
    }

    /// Makes something, and names it; `path` is as `/projects`.
    pub(crate) async fn make(&mut self, token: &str, name: &str, path: &str, body: Value) -> Value {
        let answer = self.ask(token, "POST", path, body).await;
        assert_eq!(answer.status, 201, "{name}: {}", answer.body);
        let object = answer.body.as_object().unwrap().values().next().unwrap().clone();
        self.names.insert(name.to_owned(), object["id"].as_str().unwrap().to_owned());
        object
    }

    /// A user with a password of the same name, named `NAME user`, that has roles (`ROLE PROJECT`).
    pub(crate) async fn user(&mut self, admin: &str, name: &str, roles: &[&str]) {
        let body = json!({"user": {"name": name, "password": name}});
        self.make(admin, &format!("{name} user"), "/users", body).await;
        for role in roles {
            let (role, project) = role.split_once(' ').unwrap();
            self.name_role(admin, role).await;
            let grant = format!("/projects/{{{project} project}}/users/{{{name} user}}/roles/{{{role}}}");
            assert_eq!(self.ask(admin, "PUT", &grant, Value::Null).await.status, 204, "{grant}");
        }
    }

    /// Names a role.
    pub(crate) async fn name_role(&mut self, admin: &str, name: &str) {
        let id = self.role(admin, name).await;
        self.names.insert(name.to_owned(), id);
    }

    /// What is answered to a request as `PUT /projects/{demo project}`: `STATUS`, or `STATUS MESSAGE` when it is refused.
    pub(crate) async fn said(&self, token: &str, request: &str, body: Value) -> String {
        let (method, path) = request.split_once(' ').unwrap();
        let answer = self.ask(token, method, path, body).await;
        self.with_names(format!("{} {}", answer.status.as_u16(), answer.message()).trim_end())
    }

    /// Checks lines of a table.
    pub(crate) async fn says(&self, token: &str, lines: &[(&str, Value, &str)]) {
        for (request, body, want) in lines {
            assert_eq!(self.said(token, request, body.clone()).await, *want, "{request} {body}");
        }
    }

    /// Checks lists: a path, and what is in them, by one attribute, in whatever order.
    pub(crate) async fn lists(&self, token: &str, attribute: &str, lines: &[(&str, &str)]) {
        for (path, want) in lines {
            let answer = self.get(token, path).await;
            let (plural, _) = path[1..].split_once('?').unwrap_or((&path[1..], ""));
            let plural = plural.rsplit('/').next().unwrap();
            let list = answer.body[plural].as_array().unwrap_or_else(|| panic!("{path}: {}", answer.body));
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let mut found: Vec<String> = list.iter().map(|one| text(&one[attribute])).collect();
            found.sort_unstable();
            assert_eq!(self.with_names(&found.join(" ")), *want, "{path}");
        }
    }

    pub(crate) async fn authenticate(&self, auth: Value) -> Answer {
        let body = self.with_ids(&json!({"auth": auth}).to_string());
        self.send("POST", "/identity/v3/auth/tokens", &[], &body).await
    }

    /// A token for a project.
    pub(crate) async fn token(&self, name: &str, password: &str, project: &str) -> String {
        self.token_in(name, password, in_project(project)).await
    }

    /// A token for whatever scope.
    pub(crate) async fn token_in(&self, name: &str, password: &str, scope: Value) -> String {
        let answer = self.authenticate(by_password(name, password, scope)).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.subject_token()
    }

    pub(crate) async fn admin(&self) -> String {
        self.token("admin", ADMIN_PASSWORD, "admin").await
    }

    pub(crate) async fn demo(&self) -> String {
        self.token("demo", DEMO_PASSWORD, "demo").await
    }

    pub(crate) async fn role(&self, admin: &str, name: &str) -> String {
        let roles = self.get(admin, &format!("/roles?name={name}")).await;
        roles.body["roles"][0]["id"].as_str().unwrap().to_owned()
    }

    /// The status of a list of IKE policies: what the other API makes of a token.
    pub(crate) async fn networking(&self, token: &str) -> u16 {
        let headers = [("x-auth-token", token)];
        self.send("GET", "/networking/v2.0/vpn/ikepolicies", &headers, "").await.status.as_u16()
    }

    pub(crate) fn with_ids(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("{{{name}}}"), id))
    }

    pub(crate) fn with_names(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, id)| text.replace(id, &format!("{{{name}}}")))
    }

    /// A value with names instead of ids.
    pub(crate) fn shown(&self, value: &Value) -> Value {
        serde_json::from_str(&self.with_names(&value.to_string())).unwrap()
    }
}

impl Answer {
    pub(crate) fn subject_token(&self) -> String {
        self.headers["x-subject-token"].to_str().unwrap().to_owned()
    }

    pub(crate) fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap_or_default()
    }
}

pub(crate) fn by_password(name: &str, password: &str, scope: Value) -> Value {
    let user = json!({"name": name, "domain": {"id": "default"}, "password": password});
    json!({"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope})
}

pub(crate) fn by_token(token: &str, scope: Value) -> Value {
    json!({"identity": {"methods": ["token"], "token": {"id": token}}, "scope": scope})
}

pub(crate) fn by_credential(credential: Value) -> Value {
    json!({"identity": {"methods": ["application_credential"], "application_credential": credential}})
}

pub(crate) fn in_project(name: &str) -> Value {
    json!({"project": {"name": name, "domain": {"name": "Default"}}})
}
