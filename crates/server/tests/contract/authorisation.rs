//! Who may do what: a row for every operation that there is. An operation without a row fails the test.

mod agents;
mod identity;
mod networking;

use std::collections::BTreeSet;

use serde_json::Value;

use super::common::AGENT_KEY;
use super::common::kinds::{IDENTITY, KINDS};
use super::description::{Description, Operation};
use super::world::World;

/// An operation, and what becomes of it by who asks.
pub(crate) struct Row {
    pub(crate) method: &'static str,
    /// With names for ids, as the description has them, which may say whose: `{user_id=demo user}`; and a query, if one
    /// is needed.
    pub(crate) path: String,
    /// `null`, or JSON with such names.
    pub(crate) body: Value,
    /// The statuses for nobody, a member of another project, a reader, a member, and the administrator, who ask in
    /// this order.
    pub(crate) want: [u16; 5],
}

/// A row as tables have it: method, path below the API's prefix, body, statuses.
pub(crate) type Line = (&'static str, &'static str, &'static str, [u16; 5]);

impl Row {
    pub(crate) fn new(prefix: &str, &(method, path, body, want): &Line) -> Self {
        let body = if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() };
        Self { method, path: format!("{prefix}/{path}"), body, want }
    }

    /// The operation as the description has it.
    pub(crate) fn operation(&self) -> Operation {
        let part = |part: &str| match part.split_once('=') {
            Some((name, _)) => format!("{name}}}"),
            None => part.to_owned(),
        };
        let (path, _) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let path: Vec<String> = path.split('/').map(part).collect();
        Operation { method: self.method.to_owned(), path: path.join("/") }
    }
}

/// All rows of the Networking and the Identity API, with whole paths.
pub(crate) fn rows() -> Vec<Row> {
    networking::rows().into_iter().chain(identity::rows()).collect()
}

/// Asks as everybody in turn, and compares. Every answer has the form that the description gives it.
async fn check(world: &mut World, description: &Description, row: &Row) -> Result<(), String> {
    let mut got = [0; 5];
    for (who, got) in got.iter_mut().enumerate() {
        let path = world.target(row.method, &row.path).await;
        let body = match KINDS.iter().find(|kind| row.method == "POST" && kind.path() == row.path) {
            Some(kind) => world.body(kind),
            None => row.body.clone(),
        };
        let answer = world.ask(world.people()[who], row.method, &path, &body).await;
        if answer.status == 204 {
            world.deleted(&path);
        }
        description.check(&row.operation(), answer.status, &answer.body);
        *got = answer.status;
    }
    if got == row.want {
        Ok(())
    } else {
        Err(format!("{} {}: {got:?}, not {:?}", row.method, row.path, row.want))
    }
}

#[tokio::test]
async fn every_operation_is_open_to_whom_it_should_be() {
    let mut world = World::build().await;
    let description = Description::of(&world.cloud.server).await;
    let mut wrong = Vec::new();
    for row in rows() {
        wrong.extend(check(&mut world, &description, &row).await.err());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn every_operation_has_a_row() {
    let world = World::build().await;
    let description = Description::of(&world.cloud.server).await;
    let described = description.operations();
    let of_agents = agents::ROWS.iter().map(|&(method, path, ..)| Operation {
        method: method.to_owned(),
        path: format!("/agent/v1/{path}"),
    });
    let of_tokens = identity::TOKENS
        .map(|method| Operation { method: method.to_owned(), path: format!("{IDENTITY}/auth/tokens") });
    let tested: BTreeSet<Operation> =
        rows().iter().map(Row::operation).chain(of_agents).chain(of_tokens).collect();
    let untested: Vec<_> = described.difference(&tested).collect();
    assert!(untested.is_empty(), "without a row: {untested:#?}");
    let unknown: Vec<_> = tested.difference(&described).collect();
    assert!(unknown.is_empty(), "rows of what is not described: {unknown:#?}");
}

#[tokio::test]
async fn agents_need_the_key_and_a_token_is_none() {
    let world = World::build().await;
    for (method, path, query, body) in agents::ROWS {
        let path = world.cloud.with_ids(&format!("/agent/v1/{path}{query}"));
        let body: Value = serde_json::from_str(body).unwrap();
        let server = &world.cloud.server;
        for key in ["", "wrong", &world.cloud.admin.token] {
            let answer = server.call_as_agent(key, method, &path, &body).await;
            assert_eq!(answer.status, 401, "{method} {path} with the key {key:?}");
        }
        let by_token = server.call(Some(&world.cloud.admin.token), method, &path, &body).await;
        assert_eq!(by_token.status, 401, "{method} {path} with an administrator's token");
        let answer = server.call_as_agent(AGENT_KEY, method, &path, &body).await;
        assert!(answer.status < 300, "{method} {path}: {}", answer.body);
    }
}
