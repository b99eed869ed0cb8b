//! A session that a client had, as a text: headers that it always sends, then requests and what it needs of the answers.
//!
//! ```text
//! User-Agent: gophercloud/v2.8.0
//!
//! > POST /networking/v2.0/networks
//! {"network": {"name": "left"}}
//! < 201
//! {"network": {"id": "<net>", "status": "ACTIVE"}}
//! ```
//!
//! An answer may have more members than are told, but no more elements in a list. `<net>` stands for the value that was
//! there first; `<any>` for anything but null. A line that starts with `#` says why. The token that an answer brings goes
//! with what follows. Passwords are `<admin password>` and `<demo password>`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::common::{ADMIN_PASSWORD, DEMO_PASSWORD, Server};

/// What a client sends, and what it needs of the answers.
pub(crate) struct Session {
    headers: Vec<(String, String)>,
    exchanges: Vec<Exchange>,
}

struct Exchange {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
    status: u16,
    answer: Option<Value>,
}

/// The values that stand behind the names in `<` and `>`.
struct Names(BTreeMap<String, String>);

impl Session {
    pub(crate) fn read(text: &str) -> Self {
        let text: String =
            text.lines().filter(|line| !line.starts_with('#')).flat_map(|line| [line, "\n"]).collect();
        let mut parts = format!("\n{text}");
        let rest = parts.split_off(parts.find("\n> ").expect("a request"));
        Self {
            headers: parts.lines().filter_map(header).collect(),
            exchanges: rest.split("\n> ").skip(1).map(Exchange::read).collect(),
        }
    }

    /// Sends the requests to a new server.
    pub(crate) async fn replay(&self) {
        let differences = self.differences().await;
        assert!(differences.is_empty(), "\n{}", differences.join("\n"));
    }

    /// Where the answers of a new server are not what the client needs. After one nothing more is sent.
    pub(crate) async fn differences(&self) -> Vec<String> {
        let server = Server::start().await;
        let mut names = Names::default();
        let mut token = None;
        for exchange in &self.exchanges {
            let path = names.fill(&exchange.path);
            let mut headers = self.headers.clone();
            if !exchange.asks_for_token() {
                headers.extend(token.iter().map(|token: &String| ("X-Auth-Token".to_owned(), token.clone())));
            }
            headers.extend(exchange.headers.iter().map(|(name, value)| (name.clone(), names.fill(value))));
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let answer = server.ask(&exchange.method, &path, &headers, &names.fill(&exchange.body)).await;
            let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
            let mut found = Vec::new();
            if answer.status != exchange.status {
                found.push(format!("is {}, not {}: {}", answer.status, exchange.status, answer.text));
            } else if let Some(wanted) = &exchange.answer {
                names.compare("", wanted, &body, &mut found);
            }
            if !found.is_empty() {
                let request = format!("{} {path}", exchange.method);
                return found.into_iter().map(|what| format!("{request} {what}")).collect();
            }
            if let Some(given) = answer.headers.get("x-subject-token") {
                let given = given.to_str().unwrap().to_owned();
                names.0.insert("token".to_owned(), given.clone());
                token = Some(given);
            }
        }
        Vec::new()
    }
}

impl Exchange {
    fn read(text: &str) -> Self {
        let (request, answer) = text.split_once("\n< ").expect("an answer");
        let (line, rest) = request.split_once('\n').unwrap_or((request, ""));
        let (method, path) = line.split_once(' ').expect("a method and a path");
        let (headers, body): (Vec<&str>, Vec<&str>) = rest.lines().partition(|line| header(line).is_some());
        let (status, answer) = answer.split_once('\n').unwrap_or((answer, ""));
        let answer = answer.trim();
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: headers.into_iter().filter_map(header).collect(),
            body: body.join("\n").trim().to_owned(),
            status: status.trim().parse().expect("a status"),
            answer: (!answer.is_empty()).then(|| {
                serde_json::from_str(answer)
                    .unwrap_or_else(|error| panic!("the answer to `{line}`: {error}: {answer}"))
            }),
        }
    }
}

impl Exchange {
    /// No client sends the token that it has with a request for another.
    fn asks_for_token(&self) -> bool {
        self.method == "POST" && self.path.ends_with("/auth/tokens")
    }
}

/// `Name: value`, with a name that no JSON starts with.
fn header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(": ")?;
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    is_name.then(|| (name.to_owned(), value.to_owned()))
}

impl Default for Names {
    fn default() -> Self {
        let known = [("admin password", ADMIN_PASSWORD), ("demo password", DEMO_PASSWORD)];
        Self(known.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }
}

impl Names {
    fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("<{name}>"), value))
    }

    /// Says below `at` where an answer is not what is wanted of it.
    fn compare(&mut self, at: &str, wanted: &Value, got: &Value, found: &mut Vec<String>) {
        match (wanted, got) {
            (Value::Object(members), Value::Object(given)) => {
                for (key, wanted) in members {
                    match given.get(key) {
                        Some(got) => self.compare(&format!("{at}.{key}"), wanted, got, found),
                        None => found.push(format!("has no {at}.{key}: {got}")),
                    }
                }
            }
            (Value::Array(elements), Value::Array(given)) if elements.len() == given.len() => {
                for (index, (wanted, got)) in elements.iter().zip(given).enumerate() {
                    self.compare(&format!("{at}[{index}]"), wanted, got, found);
                }
            }
            (Value::String(text), got) => self.compare_text(at, text, got, found),
            (wanted, got) if wanted == got => {}
            (wanted, got) => found.push(format!("has {at} {got}, not {wanted}")),
        }
    }

    fn compare_text(&mut self, at: &str, text: &str, got: &Value, found: &mut Vec<String>) {
        let name = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
        match (name, got) {
            (Some("any"), got) if !got.is_null() => {}
            (Some(name), Value::String(given)) if !self.0.contains_key(name) => {
                self.0.insert(name.to_owned(), given.clone());
            }
            (_, Value::String(given)) if *given == self.fill(text) => {}
            (_, got) => found.push(format!("has {at} {got}, not `{}`", self.fill(text))),
        }
    }
}
