//! What a site connection needs around it, with names: `{router}` in a path, a body or a message stands for its id.

use std::ops::{Deref, DerefMut};

use adit_model::{SiteConnection, Status, VpnService};
use serde_json::{Value, json};

use crate::common::cloud::Cloud;
use crate::common::kinds;
use crate::common::{AGENT_KEY, Answer, Person};

/// A cloud with an external network, and the router `{router}` of `demo` between it and `{subnet}`, 10.1.0.0/24.
pub(crate) struct World {
    cloud: Cloud,
    /// Has a role in the project `demo` that lets nobody see its VPN.
    auditor: Person,
}

/// One row of a table: who asks for what (`demo POST vpn/ikepolicies`), with which body, and what comes of it: a status
/// alone, or the status, type and message of a refusal.
pub(crate) type Row<'a> = (&'a str, Value, &'a str);

impl Deref for World {
    type Target = Cloud;

    fn deref(&self) -> &Cloud {
        &self.cloud
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Cloud {
        &mut self.cloud
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        let mut cloud = Cloud::start().await;
        cloud.external().await;
        let demo = cloud.demo.clone();
        cloud.create(&demo, "network", "network", json!({})).await;
        cloud.subnet(&demo, "network", "subnet", "10.1.0.0/24", json!({})).await;
        cloud.create(&demo, "router", "router", json!({})).await;
        cloud.put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{subnet}"})).await;
        let auditor = auditor(&cloud).await;
        let world = Self { cloud, auditor };
        world.gateway(json!([{"ip_address": "195.192.128.150"}])).await;
        world
    }

    /// With everything that a site connection refers to: `{service}` without and `{subnet-service}` with a subnet,
    /// `{ike}`, `{ipsec}`, and the groups `{local}` and `{peer}`, 10.2.0.0/24.
    pub(crate) async fn with_parts() -> Self {
        let mut world = Self::start().await;
        world.add_parts().await;
        world
    }

    /// Makes what [`Self::with_parts`] has.
    pub(crate) async fn add_parts(&mut self) {
        self.make("vpn/vpnservices", "service", json!({"router_id": "{router}"})).await;
        let with_subnet = json!({"router_id": "{router}", "subnet_id": "{subnet}"});
        self.make("vpn/vpnservices", "subnet-service", with_subnet).await;
        self.make("vpn/ikepolicies", "ike", json!({})).await;
        self.make("vpn/ipsecpolicies", "ipsec", json!({})).await;
        let group = |kind: &str, endpoint: &str| json!({"type": kind, "endpoints": endpoint});
        self.make("vpn/endpoint-groups", "local", group("subnet", "{subnet}")).await;
        self.make("vpn/endpoint-groups", "peer", group("cidr", "10.2.0.0/24")).await;
    }

    /// Makes something as `demo` that must come about, and names it.
    pub(crate) async fn make(&mut self, path: &str, name: &str, mut attributes: Value) -> Value {
        if path != "service_profiles" {
            attributes["name"] = json!(name);
        }
        let who = if path.starts_with("vpn/") { "demo" } else { "admin" };
        let singular = singular(path);
        let answer = self.ask(&format!("{who} POST {path}"), &json!({singular: attributes})).await;
        assert_eq!(answer.status, 201, "{path} {name}: {}", answer.body);
        let object = answer.body[singular].clone();
        self.cloud.ids.insert(name.to_owned(), object["id"].as_str().unwrap().to_owned());
        object
    }

    /// A connection in group mode with some attributes changed; `null` leaves one out.
    pub(crate) fn connection(&self, changes: Value) -> Value {
        connection(
            json!({
                "name": "conn",
                "vpnservice_id": "{service}",
                "ikepolicy_id": "{ike}",
                "ipsecpolicy_id": "{ipsec}",
                "local_ep_group_id": "{local}",
                "peer_ep_group_id": "{peer}",
                "peer_address": "203.0.113.9",
                "peer_id": "203.0.113.9",
                "psk": "secret",
            }),
            changes,
        )
    }

    /// A connection in subnet mode, likewise.
    pub(crate) fn subnet_connection(&self, changes: Value) -> Value {
        connection(
            json!({
                "vpnservice_id": "{subnet-service}",
                "ikepolicy_id": "{ike}",
                "ipsecpolicy_id": "{ipsec}",
                "peer_cidrs": ["10.2.0.0/24"],
                "peer_address": "203.0.113.9",
                "peer_id": "203.0.113.9",
                "psk": "secret",
            }),
            changes,
        )
    }

    /// Makes a connection in group mode as `demo`, and names it.
    pub(crate) async fn connect(&mut self, name: &str, changes: Value) -> Value {
        let connection = self.connection(changes)["ipsec_site_connection"].clone();
        self.make("vpn/ipsec-site-connections", name, connection).await
    }

    /// Gives the external network a subnet of IPv6 too, 2001:db8:1::/64, and the router an address of it.
    pub(crate) async fn dual_stack(&mut self) {
        let admin = self.cloud.admin.clone();
        self.cloud.subnet(&admin, "ext", "ext-v6", "2001:db8:1::/64", json!({})).await;
        let both = json!([{"ip_address": "195.192.128.150"}, {"ip_address": "2001:db8:1::9"}]);
        self.gateway(both).await;
    }

    /// Gives the router's gateway these addresses.
    pub(crate) async fn gateway(&self, addresses: Value) {
        let info = json!({"network_id": "{ext}", "external_fixed_ips": addresses});
        let router = json!({"router": {"external_gateway_info": info}});
        self.cloud.put(&self.cloud.admin, "routers/{router}", router).await;
    }

    /// Asks for `WHO METHOD PATH`.
    pub(crate) async fn ask(&self, request: &str, body: &Value) -> Answer {
        let [who, method, path] = request.splitn(3, ' ').collect::<Vec<_>>()[..] else {
            panic!("`{request}` is not WHO METHOD PATH")
        };
        let who = match who {
            "admin" => &self.cloud.admin,
            "demo" => &self.cloud.demo,
            "reader" => &self.cloud.reader,
            "stranger" => &self.cloud.stranger,
            "auditor" => &self.auditor,
            _ => panic!("nobody is called `{who}`"),
        };
        self.cloud.call(who, method, path, body).await
    }

    /// Checks rows one after another.
    pub(crate) async fn check(&self, rows: impl IntoIterator<Item = Row<'_>>) {
        for (request, body, want) in rows {
            let answer = self.ask(request, &body).await;
            assert_eq!(self.outcome(&answer), want, "{request} {body}\n{}", answer.body);
        }
    }

    /// Checks rows, all of which are refused and change nothing that VPN is about.
    pub(crate) async fn refuse(&self, rows: impl IntoIterator<Item = Row<'_>>) {
        let before = self.all().await;
        self.check(rows).await;
        assert_eq!(self.all().await, before, "a refusal wrote something");
    }

    /// Writes what a gateway could say of `{service}` and `{conn}`.
    pub(crate) async fn gateway_says(&self, status: Status) {
        let session = self.cloud.server.app.store().write().await.unwrap();
        let [service, connection] = ["service", "conn"].map(|name| self.cloud.ids[name].clone());
        let services = session.table::<VpnService>();
        services.set_status(service.parse().unwrap(), status, None).await.unwrap();
        let connections = session.table::<SiteConnection>();
        connections.set_status(connection.parse().unwrap(), status, None).await.unwrap();
        session.commit().await.unwrap();
    }

    /// What an agent is told of `{router}`.
    pub(crate) async fn document(&self) -> Value {
        let server = &self.cloud.server;
        let hello = json!({
            "host": "node-1", "availability_zone": "nova", "data_plane": "userspace",
            "physical_networks": ["public"], "version": "0.1.0",
        });
        let welcome = server.call_as_agent(AGENT_KEY, "PUT", "/agent/v1/agents/node-1", &hello).await;
        let path = format!("/agent/v1/agents/{}/routers", welcome.body["id"].as_str().unwrap());
        let listed = server.call_as_agent(AGENT_KEY, "GET", &path, &Value::Null).await;
        listed.body["routers"][0].clone()
    }

    /// The status, and of a refusal its type and message.
    pub(crate) fn outcome(&self, answer: &Answer) -> String {
        let error = &answer.body["NeutronError"];
        if answer.status < 300 || error.is_null() {
            return answer.status.to_string();
        }
        let [kind, message] = ["type", "message"].map(|key| error[key].as_str().unwrap_or("?"));
        self.with_names(&format!("{} {kind} {message}", answer.status))
    }

    /// Everything that VPN is about.
    async fn all(&self) -> Vec<Value> {
        let mut lists = Vec::new();
        for path in [
            "vpn/vpnservices",
            "vpn/ikepolicies",
            "vpn/ipsecpolicies",
            "vpn/endpoint-groups",
            "vpn/ipsec-site-connections",
            "flavors",
            "service_profiles",
        ] {
            lists.push(self.get(&self.cloud.admin, path).await);
        }
        lists
    }
}

/// The key of one object in the bodies of a collection.
pub(crate) fn singular(path: &str) -> &'static str {
    kinds::of(path).singular
}

fn connection(mut connection: Value, changes: Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            connection.as_object_mut().unwrap().remove(key);
        } else {
            connection[key] = value.clone();
        }
    }
    json!({"ipsec_site_connection": connection})
}

async fn auditor(cloud: &Cloud) -> Person {
    let ask = async |method: &str, path: &str, body: Value| {
        let path = format!("/identity/v3/{path}");
        let answer = cloud.server.call(Some(&cloud.admin.token), method, &path, &body).await;
        assert!(answer.status < 300, "{path}: {}", answer.body);
        answer.body
    };
    let role = ask("GET", "roles?name=service", Value::Null).await["roles"][0]["id"].clone();
    let user = ask("POST", "users", json!({"user": {"name": "auditor", "password": "auditor"}})).await;
    let [role, user] = [&role, &user["user"]["id"]].map(|id| id.as_str().unwrap().to_owned());
    let project = &cloud.demo.project;
    ask("PUT", &format!("projects/{project}/users/{user}/roles/{role}"), Value::Null).await;
    cloud.server.log_in("auditor", "auditor", "demo").await
}
