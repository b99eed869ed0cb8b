//! People, and what they make before a connection can be.

use serde_json::{Value, json};

use crate::common::{ADMIN_PASSWORD, Answer, DEMO_PASSWORD, Person, Server};

/// Somebody with a token, and the Networking API.
pub(crate) struct Caller<'a> {
    pub(crate) server: &'a Server,
    pub(crate) person: Person,
}

pub(crate) async fn admin(server: &Server) -> Caller<'_> {
    Caller { server, person: server.log_in("admin", ADMIN_PASSWORD, "admin").await }
}

pub(crate) async fn demo(server: &Server) -> Caller<'_> {
    Caller { server, person: server.log_in("demo", DEMO_PASSWORD, "demo").await }
}

/// Somebody with `role` in a new project, both called `name`.
pub(crate) async fn newcomer<'a>(server: &'a Server, name: &str, role: &str) -> Caller<'a> {
    let admin = admin(server).await;
    let ask = async |method: &str, path: &str, body: Value| {
        let answer =
            server.call(Some(&admin.person.token), method, &format!("/identity/v3/{path}"), &body).await;
        assert!(answer.status < 300, "{path}: {answer:?}");
        answer.body
    };
    let project = text(&ask("POST", "projects", json!({"project": {"name": name}})).await["project"], "id");
    let user = json!({"user": {"name": name, "password": "stranger-password"}});
    let user = text(&ask("POST", "users", user).await["user"], "id");
    let role = text(&ask("GET", &format!("roles?name={role}"), Value::Null).await["roles"][0], "id");
    ask("PUT", &format!("projects/{project}/users/{user}/roles/{role}"), Value::Null).await;
    Caller { server, person: server.log_in(name, "stranger-password", name).await }
}

impl Caller<'_> {
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        self.server.call(Some(&self.person.token), method, &format!("/networking/v2.0/{path}"), &body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.call("PUT", path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, Value::Null).await
    }

    /// Makes an object that must come about, and returns it without its envelope.
    pub(crate) async fn make(&self, path: &str, singular: &str, attributes: Value) -> Value {
        let answer = self.post(path, json!({singular: attributes})).await;
        assert_eq!(answer.status, 201, "POST {path}: {answer:?}");
        answer.body[singular].clone()
    }
}

/// Status, type and message of a refusal, in one line.
pub(crate) fn refusal(answer: &Answer) -> String {
    let error = &answer.body["NeutronError"];
    let text = |key: &str| error[key].as_str().unwrap_or("?").to_owned();
    format!("{} {} {}", answer.status, text("type"), text("message"))
}

/// A router with a gateway and a subnet, as the journey has before it comes to VPN.
pub(crate) struct Site {
    pub(crate) network: String,
    pub(crate) subnet: String,
    pub(crate) router: String,
}

pub(crate) async fn external_network(server: &Server) -> String {
    let admin = admin(server).await;
    let network = json!({
        "name": "ext-net",
        "router:external": true,
        "provider:network_type": "flat",
        "provider:physical_network": "public",
    });
    let network = text(&admin.make("networks", "network", network).await, "id");
    let subnet =
        json!({"network_id": network, "ip_version": 4, "cidr": "198.51.100.0/24", "enable_dhcp": false});
    admin.make("subnets", "subnet", subnet).await;
    network
}

pub(crate) async fn site(caller: &Caller<'_>, external: &str, cidr: &str) -> Site {
    let network = text(&caller.make("networks", "network", json!({"name": "left-network"})).await, "id");
    let subnet = json!({"name": "left-subnet", "network_id": network, "ip_version": 4, "cidr": cidr});
    let subnet = text(&caller.make("subnets", "subnet", subnet).await, "id");
    let router = text(&caller.make("routers", "router", json!({"name": "left-router"})).await, "id");
    let added =
        caller.put(&format!("routers/{router}/add_router_interface"), json!({"subnet_id": subnet})).await;
    assert_eq!(added.status, 200, "{added:?}");
    let gateway = json!({"router": {"external_gateway_info": {"network_id": external}}});
    let set = caller.put(&format!("routers/{router}"), gateway).await;
    assert_eq!(set.status, 200, "{set:?}");
    Site { network, subnet, router }
}

/// Everything that a site connection refers to, in both ways of naming networks.
pub(crate) struct Parts {
    pub(crate) site: Site,
    /// Without a subnet.
    pub(crate) service: String,
    /// With a subnet.
    pub(crate) subnet_service: String,
    pub(crate) ike: String,
    pub(crate) ipsec: String,
    pub(crate) local: String,
    pub(crate) peer: String,
}

pub(crate) async fn parts(server: &Server, caller: &Caller<'_>) -> Parts {
    let external = external_network(server).await;
    let site = site(caller, &external, "10.1.0.0/24").await;
    let id = |value: Value| text(&value, "id");
    let group =
        |name: &str, kind: &str, endpoint: &str| json!({"name": name, "type": kind, "endpoints": [endpoint]});
    Parts {
        service: id(caller.make("vpn/vpnservices", "vpnservice", json!({"router_id": site.router})).await),
        subnet_service: id(caller
            .make(
                "vpn/vpnservices",
                "vpnservice",
                json!({"router_id": site.router, "subnet_id": site.subnet}),
            )
            .await),
        ike: id(caller.make("vpn/ikepolicies", "ikepolicy", json!({"name": "ikepolicy"})).await),
        ipsec: id(caller.make("vpn/ipsecpolicies", "ipsecpolicy", json!({"name": "ipsecpolicy"})).await),
        local: id(caller
            .make("vpn/endpoint-groups", "endpoint_group", group("local", "subnet", &site.subnet))
            .await),
        peer: id(caller
            .make("vpn/endpoint-groups", "endpoint_group", group("peer", "cidr", "10.2.0.0/24"))
            .await),
        site,
    }
}

impl Parts {
    /// A connection in group mode, with some attributes changed; `null` leaves one out.
    pub(crate) fn connection(&self, changes: Value) -> Value {
        let mut connection = json!({
            "name": "conn",
            "vpnservice_id": self.service,
            "ikepolicy_id": self.ike,
            "ipsecpolicy_id": self.ipsec,
            "local_ep_group_id": self.local,
            "peer_ep_group_id": self.peer,
            "peer_address": "203.0.113.9",
            "peer_id": "203.0.113.9",
            "psk": "secret",
        });
        for (key, value) in changes.as_object().unwrap() {
            if value.is_null() {
                connection.as_object_mut().unwrap().remove(key);
            } else {
                connection[key] = value.clone();
            }
        }
        json!({"ipsec_site_connection": connection})
    }

    /// A connection in subnet mode.
    pub(crate) fn subnet_connection(&self, changes: Value) -> Value {
        let mut connection = self.connection(json!({
            "vpnservice_id": self.subnet_service,
            "local_ep_group_id": null,
            "peer_ep_group_id": null,
            "peer_cidrs": "10.2.0.0/24",
        }));
        for (key, value) in changes.as_object().unwrap() {
            connection["ipsec_site_connection"][key] = value.clone();
        }
        connection
    }
}

pub(crate) fn text(object: &Value, key: &str) -> String {
    object[key].as_str().unwrap_or_else(|| panic!("no {key} in {object}")).to_owned()
}

/// A body with ids and addresses by the names of what they belong to.
pub(crate) fn shape(body: &Value, names: &[(&str, &str)]) -> String {
    let mut text = body.to_string();
    for (value, name) in names {
        text = text.replace(value, name);
    }
    text
}
