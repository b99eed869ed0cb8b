//! What is measured.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::connection::Request;
use super::load::{Figures, Load};
use super::world::World;

/// How many objects a page has.
const PAGE: usize = 100;

/// A kind of object that can be made any number of times.
pub(super) struct Resource {
    pub(super) name: &'static str,
    path: &'static str,
    singular: &'static str,
    /// Attributes of a new one, but for the name.
    attributes: Value,
}

/// Every VPN resource; site connections in both forms.
pub(super) fn resources(world: &World) -> Vec<Resource> {
    let policy = |name, path, singular| Resource { name, path, singular, attributes: json!({}) };
    let group = json!({"type": "cidr", "endpoints": ["10.2.0.0/24", "10.3.0.0/24"]});
    vec![
        policy("ikepolicy", "vpn/ikepolicies", "ikepolicy"),
        policy("ipsecpolicy", "vpn/ipsecpolicies", "ipsecpolicy"),
        Resource {
            name: "vpnservice",
            path: "vpn/vpnservices",
            singular: "vpnservice",
            attributes: json!({"router_id": world.router}),
        },
        Resource {
            name: "endpoint group",
            path: "vpn/endpoint-groups",
            singular: "endpoint_group",
            attributes: group,
        },
        site_connection(world),
        Resource {
            name: "site connection, groups",
            attributes: connection_attributes(
                world,
                &json!({
                    "vpnservice_id": world.service_of_groups,
                    "local_ep_group_id": world.local_group,
                    "peer_ep_group_id": world.peer_group,
                }),
            ),
            ..site_connection(world)
        },
    ]
}

fn site_connection(world: &World) -> Resource {
    let where_to = json!({"vpnservice_id": world.service_of_subnet, "peer_cidrs": ["10.2.0.0/24"]});
    Resource {
        name: "site connection",
        path: "vpn/ipsec-site-connections",
        singular: "ipsec_site_connection",
        attributes: connection_attributes(world, &where_to),
    }
}

fn connection_attributes(world: &World, where_to: &Value) -> Value {
    let mut attributes = json!({
        "ikepolicy_id": world.ike_policy, "ipsecpolicy_id": world.ipsec_policy,
        "peer_address": "198.51.100.7", "peer_id": "198.51.100.7", "psk": "a secret of the two of us",
    });
    if let (Value::Object(attributes), Value::Object(where_to)) = (&mut attributes, where_to) {
        attributes.extend(where_to.clone());
    }
    attributes
}

impl Resource {
    fn url(&self) -> String {
        format!("/networking/v2.0/{}", self.path)
    }

    fn creation(&self, name: &str) -> Request {
        let mut attributes = self.attributes.clone();
        attributes["name"] = Value::from(name);
        Request { method: "POST", path: self.url(), body: json!({self.singular: attributes}).to_string() }
    }

    fn ids(&self, answers: &[Vec<u8>]) -> Result<Vec<String>> {
        let id = |answer: &Vec<u8>| {
            let answer: Value = serde_json::from_slice(answer).context("an answer is no JSON")?;
            let id = answer[self.singular]["id"].as_str();
            id.map(str::to_owned).with_context(|| format!("a new {} has no id", self.name))
        };
        answers.iter().map(id).collect()
    }
}

/// Creates, gets, updates, and deletes what it created.
pub(super) fn measure(load: &Load<'_>, resource: &Resource, connections: usize) -> Result<Vec<Figures>> {
    let operation = |verb: &str| format!("{verb} {}", resource.name);
    // The text is made before, so that its making is not measured with the server.
    let template = resource.creation("NAME").body;
    let url = resource.url();
    let named = |worker: usize, n: usize| template.replace("NAME", &format!("{worker}-{n}"));
    let (created, answers) = load.measure(operation("create"), connections, |worker, n| {
        Some(Request { method: "POST", path: url.clone(), body: named(worker, n) })
    })?;
    let ids = resource.ids(&answers)?;
    let one = |worker: usize, n: usize| format!("{url}/{}", ids[(worker * 7919 + n) % ids.len()]);
    let (got, _) =
        load.measure(operation("get"), connections, |worker, n| Some(Request::new("GET", one(worker, n))))?;
    let (updated, _) = load.measure(operation("update"), connections, |worker, n| {
        let body = format!(r#"{{"{}": {{"name": "changed {worker}-{n}"}}}}"#, resource.singular);
        Some(Request { method: "PUT", path: one(worker, n), body })
    })?;
    let next = AtomicUsize::new(0);
    let deletion = |_, _| {
        let id = ids.get(next.fetch_add(1, Ordering::Relaxed))?;
        Some(Request::new("DELETE", format!("{url}/{id}")))
    };
    let (deleted, _) = load.measure(operation("delete"), connections, deletion)?;
    // What there was no time to measure goes too.
    let mut connection = load.server.connect(&load.world.credentials)?;
    while let Some(request) = deletion(0, 0) {
        connection.ask(&request)?;
    }
    Ok(vec![created, got, updated, deleted])
}

/// Makes site connections until there are `size`.
pub(super) fn fill(load: &Load<'_>, ids: &mut Vec<String>, size: usize) -> Result<()> {
    let resource = site_connection(load.world);
    let mut connection = load.server.connect(&load.world.credentials)?;
    let mut answers = Vec::new();
    for number in ids.len()..size {
        answers.push(connection.ask(&resource.creation(&format!("connection {number}")))?.body.to_owned());
    }
    ids.extend(resource.ids(&answers)?);
    Ok(())
}

/// Lists all of them, and pages of them at the begin, in the middle and at the end.
pub(super) fn measure_lists(load: &Load<'_>, ids: &[String], connections: usize) -> Result<Vec<Figures>> {
    let url = site_connection(load.world).url();
    let last = ids.len() - PAGE.min(ids.len());
    let after = |at: usize| format!("{url}?limit={PAGE}&marker={}", ids[at]);
    let mut lists = vec![(format!("list of {}", ids.len()), url.clone())];
    if last > 0 {
        let page = |place: &str| format!("page of {PAGE} of {}, {place}", ids.len());
        lists.push((page("begin"), format!("{url}?limit={PAGE}")));
        lists.push((page("middle"), after(last / 2)));
        lists.push((page("end"), after(last - 1)));
    }
    let measure = |(operation, path): (String, String)| {
        let (figures, _) =
            load.measure(operation, connections, |_, _| Some(Request::new("GET", path.clone())))?;
        Ok(figures)
    };
    lists.into_iter().map(measure).collect()
}
