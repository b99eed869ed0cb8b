//! One of everything, to ask about.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::common::cloud::Cloud;
use super::common::kinds::{IDENTITY, KINDS, Kind, NETWORKING, kind};
use super::common::{Answer, Person};

/// People, and one of each of [`KINDS`]: `{network}` and `{network_id}` in a path or a body stand for the id of the
/// world's network.
pub(crate) struct World {
    pub(crate) cloud: Cloud,
    /// Objects that nothing needs, by their singular word: to be deleted.
    spares: BTreeMap<&'static str, String>,
    /// How many objects were made, at most, of any kind.
    made: u32,
}

impl World {
    pub(crate) async fn build() -> Self {
        let mut world = Self { cloud: Cloud::start().await, spares: BTreeMap::new(), made: 1 };
        world.cloud.external().await;
        world.cloud.agent("node-1", "nova").await;
        world.cloud.make_one_of_each(KINDS.iter().copied()).await;
        world.name_others().await;
        world
    }

    /// What paths name that is of no kind, or another object than the first of its kind.
    async fn name_others(&mut self) {
        let subnet = self.make(kind("subnet")).await;
        self.name("other_subnet", subnet["id"].as_str().unwrap());
        self.connect("{other_subnet}").await;
        let agent = self.cloud.ids["node-1"].clone();
        self.name("agent", &agent);
        let path = format!("{NETWORKING}/vpn/ipsec-site-connections/{{ipsec_site_connection}}/checks");
        let check = self.ask(Some(&self.cloud.demo), "POST", &path, &json!({"check": {}})).await.body;
        self.name("check", check["check"]["id"].as_str().unwrap());
        for (name, value) in
            [("host", "node-1"), ("alias", "vpnaas"), ("tag", "green"), ("made region", "made")]
        {
            self.cloud.ids.insert(name.to_owned(), value.to_owned());
        }
        for (name, collection) in [("demo", "users"), ("member", "roles"), ("reader", "roles")] {
            let path = format!("{IDENTITY}/{collection}?name={name}");
            let found = self.ask(Some(&self.cloud.admin), "GET", &path, &Value::Null).await.body;
            let id = found[collection][0]["id"].as_str().unwrap().to_owned();
            self.cloud.ids.insert(format!("{name} {}", collection.trim_end_matches('s')), id);
        }
        let body = json!({"application_credential": {"name": "first"}});
        let path = format!("{IDENTITY}/users/{{demo user}}/application_credentials");
        let made = self.ask(Some(&self.cloud.demo), "POST", &path, &body).await.body;
        self.name("application_credential", made["application_credential"]["id"].as_str().unwrap());
        // A rule that no credential has any more can be deleted.
        let rules = json!([{"service": "network", "method": "GET", "path": "/v2.0/networks"}]);
        let body = json!({"application_credential": {"name": "limited", "access_rules": rules}});
        let made = self.ask(Some(&self.cloud.demo), "POST", &path, &body).await.body;
        let limited = &made["application_credential"];
        self.name("access_rule", limited["access_rules"][0]["id"].as_str().unwrap());
        let path = format!("{path}/{}", limited["id"].as_str().unwrap());
        assert_eq!(self.ask(Some(&self.cloud.demo), "DELETE", &path, &Value::Null).await.status, 204);
    }

    async fn connect(&self, subnet: &str) {
        let demo = &self.cloud.demo;
        self.cloud.put(demo, "routers/{router}/add_router_interface", json!({"subnet_id": subnet})).await;
    }

    fn name(&mut self, name: &str, id: &str) {
        self.cloud.ids.insert(name.to_owned(), id.to_owned());
        self.cloud.ids.insert(format!("{name}_id"), id.to_owned());
    }

    /// Nobody, a member of another project, a reader, a member, and the administrator.
    pub(crate) fn people(&self) -> [Option<&Person>; 5] {
        let Cloud { stranger, reader, demo, admin, .. } = &self.cloud;
        [None, Some(stranger), Some(reader), Some(demo), Some(admin)]
    }

    /// Who makes objects of a kind.
    pub(crate) fn maker(&self, kind: &Kind) -> Person {
        self.cloud.maker(kind)
    }

    /// One more of a kind.
    pub(crate) async fn make(&mut self, kind: &Kind) -> Value {
        self.made += 1;
        self.cloud.make_one(kind, self.made).await
    }

    /// A body that makes one more of a kind, unlike all before it.
    pub(crate) fn body(&mut self, kind: &Kind) -> Value {
        self.made += 1;
        kind.creation(self.made)
    }

    /// Asks for something, with ids instead of names.
    pub(crate) async fn ask(&self, who: Option<&Person>, method: &str, path: &str, body: &Value) -> Answer {
        let body = serde_json::from_str(&self.cloud.with_ids(&body.to_string())).unwrap();
        let token = who.map(|person| person.token.as_str());
        self.cloud.server.call(token, method, &self.path(path), &body).await
    }

    /// A path with ids instead of names, which may say whose: `{user_id=demo user}`.
    pub(crate) fn path(&self, path: &str) -> String {
        let parts = path.split('/').map(|part| match part.split_once('=') {
            Some((_, name)) if part.starts_with('{') => format!("{{{name}"),
            Some(_) | None => part.to_owned(),
        });
        self.cloud.with_ids(&parts.collect::<Vec<_>>().join("/"))
    }

    /// The path that a request is for: what is to be deleted is an object that nothing needs.
    pub(crate) async fn target(&mut self, method: &str, path: &str) -> String {
        let Some(kind) = KINDS.iter().find(|kind| method == "DELETE" && kind.one() == path) else {
            return path.to_owned();
        };
        if !self.spares.contains_key(kind.singular) {
            let spare = self.make(kind).await["id"].as_str().unwrap().to_owned();
            self.spares.insert(kind.singular, spare);
        }
        format!("{}/{}", kind.path(), self.spares[kind.singular])
    }

    /// A spare object is gone.
    pub(crate) fn deleted(&mut self, path: &str) {
        self.spares.retain(|_, id| !path.ends_with(id.as_str()));
    }
}
