//! People of several projects, and names for what they make: what tests of the Networking API share.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::kinds;
use super::{ADMIN_PASSWORD, AGENT_KEY, Answer, DEMO_PASSWORD, Person, Server};

/// A server with people, and names for the ids of what they made: `{left}` in a path, a body or a message stands for
/// the id of the thing called `left`.
pub struct Cloud {
    pub server: Server,
    /// The administrator.
    pub admin: Person,
    /// A member of the project `demo`.
    pub demo: Person,
    /// May only look at the project `demo`.
    pub reader: Person,
    /// A member of another project.
    pub stranger: Person,
    pub ids: BTreeMap<String, String>,
}

impl Cloud {
    pub async fn start() -> Self {
        Self::of(Server::start().await).await
    }

    /// The same, of a server that is there.
    pub async fn of(server: Server) -> Self {
        let admin = server.log_in("admin", ADMIN_PASSWORD, "admin").await;
        let demo = server.log_in("demo", DEMO_PASSWORD, "demo").await;
        let other = json!({"project": {"name": "other"}});
        let other = server.call(Some(&admin.token), "POST", "/identity/v3/projects", &other).await;
        assert_eq!(other.status, 201, "{}", other.body);
        let reader = person(&server, &admin, "reader", "reader", "demo").await;
        let stranger = person(&server, &admin, "stranger", "member", "other").await;
        let mut ids = BTreeMap::new();
        for (name, person) in [("admin", &admin), ("demo", &demo), ("other", &stranger)] {
            ids.insert(format!("{name} project"), person.project.clone());
        }
        Self { server, admin, demo, reader, stranger, ids }
    }

    /// A new user with a role in a project.
    pub async fn person(&self, name: &str, role: &str, project: &str) -> Person {
        person(&self.server, &self.admin, name, role, project).await
    }

    pub async fn call(&self, who: &Person, method: &str, path: &str, body: &Value) -> Answer {
        let path = format!("/networking/v2.0/{}", self.with_ids(path));
        let body = serde_json::from_str(&self.with_ids(&body.to_string())).unwrap();
        self.server.call(Some(&who.token), method, &path, &body).await
    }

    /// Makes something, and names it.
    pub async fn create(&mut self, who: &Person, kind: &str, name: &str, mut attributes: Value) -> Value {
        attributes["name"] = json!(name);
        self.make(who, kind, name, attributes).await
    }

    /// Makes something that has no name of its own, and names it here.
    pub async fn make(&mut self, who: &Person, kind: &str, name: &str, attributes: Value) -> Value {
        let path = kinds::kind(kind).collection;
        let answer = self.call(who, "POST", path, &json!({kind: attributes})).await;
        assert_eq!(answer.status, 201, "{kind} {name}: {}", answer.body);
        let object = answer.body[kind].clone();
        self.ids.insert(name.to_owned(), object["id"].as_str().unwrap().to_owned());
        object
    }

    pub async fn get(&self, who: &Person, path: &str) -> Value {
        let answer = self.call(who, "GET", path, &Value::Null).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    pub async fn put(&self, who: &Person, path: &str, body: Value) -> Value {
        let answer = self.call(who, "PUT", path, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    pub async fn delete(&self, who: &Person, path: &str) {
        let answer = self.call(who, "DELETE", path, &Value::Null).await;
        assert_eq!(answer.status, 204, "{path}: {}", answer.body);
    }

    /// Checks that something is refused as said (`STATUS TYPE MESSAGE`), and that nothing was written.
    pub async fn refused(&self, who: &Person, (method, path, body, want): (&str, &str, Value, &str)) {
        let before = self.everything().await;
        let answer = self.call(who, method, path, &body).await;
        let error = &answer.body["NeutronError"];
        let [kind, message] = ["type", "message"].map(|key| error[key].as_str().unwrap_or("?"));
        let got = self.with_names(&format!("{} {kind} {message}", answer.status));
        assert_eq!(got, want, "{method} {path} {body}");
        assert_eq!(self.everything().await, before, "{method} {path} {body} wrote something");
    }

    /// All that there is, with the generation of nothing but what agents see left out.
    pub async fn everything(&self) -> Vec<Value> {
        let mut lists = Vec::new();
        for path in ["networks", "subnets", "ports", "routers", "floatingips", "security-groups", "quotas"] {
            lists.push(self.get(&self.admin, path).await);
        }
        lists
    }

    pub fn with_ids(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("{{{name}}}"), id))
    }

    pub fn with_names(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(id, &format!("{{{name}}}")))
    }

    /// A value with names instead of ids, and `TIME` instead of times.
    pub fn shown(&self, value: &Value) -> Value {
        match value {
            Value::String(text) if is_time(text) => json!("TIME"),
            Value::String(text) => json!(self.with_names(text)),
            Value::Array(items) => items.iter().map(|item| self.shown(item)).collect(),
            Value::Object(object) => {
                object.iter().map(|(key, value)| (key.clone(), self.shown(value))).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// An external network with the subnet 195.192.128.0/24, and the pool .100 to .200.
    pub async fn external(&mut self) {
        let admin = self.admin.clone();
        let attributes = json!({
            "router:external": true, "provider:network_type": "flat", "provider:physical_network": "public",
        });
        self.create(&admin, "network", "ext", attributes).await;
        let pools = json!([{"start": "195.192.128.100", "end": "195.192.128.200"}]);
        self.subnet(&admin, "ext", "ext-subnet", "195.192.128.0/24", json!({"allocation_pools": pools}))
            .await;
    }

    /// A node with an agent, which is called as its node is.
    pub async fn agent(&mut self, host: &str, zone: &str) {
        let hello = json!({
            "host": host, "availability_zone": zone, "data_plane": "kernel", "physical_networks": ["public"],
            "version": "1",
        });
        let path = format!("/agent/v1/agents/{host}");
        let welcome = self.server.call_as_agent(AGENT_KEY, "PUT", &path, &hello).await;
        assert_eq!(welcome.status, 200, "{}", welcome.body);
        self.ids.insert(host.to_owned(), welcome.body["id"].as_str().unwrap().to_owned());
    }

    /// A subnet of a network that is there.
    pub async fn subnet(
        &mut self,
        who: &Person,
        network: &str,
        name: &str,
        cidr: &str,
        more: Value,
    ) -> Value {
        let version = if cidr.contains(':') { 6 } else { 4 };
        let mut attributes =
            json!({"network_id": format!("{{{network}}}"), "ip_version": version, "cidr": cidr});
        attributes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.create(who, "subnet", name, attributes).await
    }
}

async fn person(server: &Server, admin: &Person, name: &str, role: &str, project: &str) -> Person {
    let ask = async |method: &str, path: &str, body: Value| {
        let answer = server.call(Some(&admin.token), method, &format!("/identity/v3/{path}"), &body).await;
        assert!(answer.status < 300, "{path}: {}", answer.body);
        answer.body
    };
    let id = async |list: &str| {
        let list_of = ask("GET", list, Value::Null).await;
        let wanted = if list == "roles" { role } else { project };
        let is_wanted = |one: &&Value| one["name"] == wanted;
        let found = list_of[list].as_array().unwrap().iter().find(is_wanted).unwrap().clone();
        found["id"].as_str().unwrap().to_owned()
    };
    let user = ask("POST", "users", json!({"user": {"name": name, "password": name}})).await;
    let user = user["user"]["id"].as_str().unwrap().to_owned();
    let (role, project_id) = (id("roles").await, id("projects").await);
    ask("PUT", &format!("projects/{project_id}/users/{user}/roles/{role}"), Value::Null).await;
    server.log_in(name, name, project).await
}

fn is_time(text: &str) -> bool {
    text.len() == "2026-11-21T05:07:11Z".len() && text.ends_with('Z') && text.as_bytes()[10] == b'T'
}
