//! What all resources of the Networking API have in common, and what belongs to the operator.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod agents;
mod availability;
mod bodies;
mod bulk;
mod discovery;
mod headers;
mod lists;
mod quotas;
mod roles;
mod tags;

use common::Person;
use common::cloud::Cloud;
use common::kinds::{Kind, networking};
use serde_json::Value;

/// One object of each kind of the Networking API, by the name of its kind.
async fn one_of_each() -> Cloud {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    cloud.make_one_of_each(networking()).await;
    cloud
}

/// The attributes of a POST that is granted: the `n`th of a kind, of several that are made later.
fn body(kind: Kind, n: u32) -> Value {
    (kind.attributes)(100 + n)
}

/// What is answered to a request as `PUT networks/{left}`: `STATUS`, `STATUS JSON` or `STATUS TYPE MESSAGE`, with names
/// instead of ids.
async fn said(cloud: &Cloud, who: &Person, request: &str, body: &Value) -> String {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    said_to(cloud, who, request, &[("accept", "application/json")], &text).await
}

/// As [`said`], with any headers and any body.
async fn said_to(cloud: &Cloud, who: &Person, request: &str, headers: &[(&str, &str)], body: &str) -> String {
    let (method, path) = request.split_once(' ').unwrap();
    let path = format!("/networking/v2.0{}{}", if path.starts_with('/') { "" } else { "/" }, path);
    let headers: Vec<_> = headers.iter().copied().chain([("x-auth-token", who.token.as_str())]).collect();
    let answer = cloud.server.ask(method, &cloud.with_ids(&path), &headers, &cloud.with_ids(body)).await;
    let parsed = serde_json::from_str::<Value>(&answer.text);
    let text = match parsed.as_ref().map(|body| &body["NeutronError"]) {
        Ok(Value::Object(error)) => {
            format!("{} {}", error["type"].as_str().unwrap(), error["message"].as_str().unwrap())
        }
        _ => answer.text,
    };
    cloud.with_names(format!("{} {text}", answer.status).trim_end())
}

/// Checks one line of a table.
async fn says(cloud: &Cloud, who: &Person, request: &str, body: Value, want: &str) {
    assert_eq!(said(cloud, who, request, &body).await, want, "{request} {body}");
}
