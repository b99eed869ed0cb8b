//! What must be there before VPN can be asked for.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::connection::{Connection, Request};
use super::server::Server;

/// How often the agent that is pretended shows a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// A tenant, and the ids of what is his.
#[derive(Debug)]
pub(super) struct World {
    /// The header with the tenant's token.
    pub(super) credentials: String,
    pub(super) router: String,
    pub(super) ike_policy: String,
    pub(super) ipsec_policy: String,
    /// With a subnet, for connections with peer CIDRs.
    pub(super) service_of_subnet: String,
    /// Without, for connections with endpoint groups.
    pub(super) service_of_groups: String,
    pub(super) local_group: String,
    pub(super) peer_group: String,
    /// Dropped with the world, and the agent with it.
    _agent: Sender<()>,
}

/// Somebody who makes things.
struct Maker(Connection);

impl World {
    /// Makes it all, with an agent that has the router, so that changes are announced as they are in real life.
    pub(super) fn make(server: &Server) -> Result<Self> {
        let agent = register_agent(server)?;
        let mut admin = Maker(server.connect(&log_in(server, "openrc-admin")?)?);
        let network = json!({
            "name": "external", "router:external": true,
            "provider:network_type": "flat", "provider:physical_network": "public",
        });
        let external = admin.make("networks", "network", network)?;
        let subnet = json!({"network_id": external, "ip_version": 4, "cidr": "192.0.2.0/24"});
        admin.make("subnets", "subnet", subnet)?;

        let credentials = Self::log_in(server)?;
        let mut tenant = Maker(server.connect(&credentials)?);
        let network = tenant.make("networks", "network", json!({"name": "internal"}))?;
        let subnet = json!({"network_id": network, "ip_version": 4, "cidr": "10.1.0.0/24"});
        let subnet = tenant.make("subnets", "subnet", subnet)?;
        let gateway = json!({"name": "router", "external_gateway_info": {"network_id": external}});
        let router = tenant.make("routers", "router", gateway)?;
        let interface = json!({"subnet_id": subnet});
        tenant.ask("PUT", &format!("routers/{router}/add_router_interface"), &interface)?;
        let group = |kind: &str, endpoint: &str| json!({"type": kind, "endpoints": [endpoint]});
        Ok(Self {
            ike_policy: tenant.make("vpn/ikepolicies", "ikepolicy", json!({"name": "ike"}))?,
            ipsec_policy: tenant.make("vpn/ipsecpolicies", "ipsecpolicy", json!({"name": "ipsec"}))?,
            service_of_subnet: tenant.make(
                "vpn/vpnservices",
                "vpnservice",
                json!({"router_id": router, "subnet_id": subnet}),
            )?,
            service_of_groups: tenant.make("vpn/vpnservices", "vpnservice", json!({"router_id": router}))?,
            local_group: tenant.make("vpn/endpoint-groups", "endpoint_group", group("subnet", &subnet))?,
            peer_group: tenant.make("vpn/endpoint-groups", "endpoint_group", group("cidr", "10.2.0.0/24"))?,
            credentials,
            router,
            _agent: agent,
        })
    }

    /// The header of the tenant.
    pub(super) fn log_in(server: &Server) -> Result<String> {
        log_in(server, "openrc")
    }
}

impl Maker {
    fn ask(&mut self, method: &'static str, path: &str, body: &Value) -> Result<Value> {
        let path = format!("/networking/v2.0/{path}");
        self.0.ask(&Request { method, path, body: body.to_string() })?.json()
    }

    /// Makes an object and returns its id.
    fn make(&mut self, path: &str, singular: &str, attributes: Value) -> Result<String> {
        let answer = self.ask("POST", path, &json!({singular: attributes}))?;
        let id = answer[singular]["id"].as_str();
        id.map(str::to_owned).with_context(|| format!("a new {singular} has no id"))
    }
}

/// Gets a token with the credentials of a file; returns the header that shows it.
fn log_in(server: &Server, file: &str) -> Result<String> {
    let text = server.read(file)?;
    let variable = |name: &str| {
        let prefix = format!("export {name}=");
        let value = text.lines().find_map(|line| line.strip_prefix(&prefix));
        value.with_context(|| format!("{file} has no {name}"))
    };
    let domain = json!({"id": "default"});
    let user = json!({
        "name": variable("OS_USERNAME")?, "password": variable("OS_PASSWORD")?, "domain": domain,
    });
    let project = json!({"name": variable("OS_PROJECT_NAME")?, "domain": domain});
    let identity = json!({"methods": ["password"], "password": {"user": user}});
    let body = json!({"auth": {"identity": identity, "scope": {"project": project}}}).to_string();
    let request = Request { method: "POST", path: "/identity/v3/auth/tokens".to_owned(), body };
    Ok(format!("X-Auth-Token: {}", server.connect("")?.ask(&request)?.header("x-subject-token")?))
}

/// Says hello as an agent does, and goes on to show signs of life until what it returns is dropped. It applies nothing,
/// for this is about the API.
fn register_agent(server: &Server) -> Result<Sender<()>> {
    let mut agent = server.connect(&format!("Authorization: Bearer {}", server.read("agent.key")?.trim()))?;
    let hello = json!({
        "host": "bench", "availability_zone": "nova", "data_plane": "userspace",
        "physical_networks": ["public"], "version": "bench",
    });
    let path = "/agent/v1/agents/bench".to_owned();
    let welcome = agent.ask(&Request { method: "PUT", path, body: hello.to_string() })?.json()?;
    let id = welcome["id"].as_str().context("an agent got no id")?;
    let body = json!({"routers": {}}).to_string();
    let report = Request { method: "POST", path: format!("/agent/v1/agents/{id}/reports"), body };
    let (sender, dropped) = mpsc::channel();
    std::thread::spawn(move || {
        while dropped.recv_timeout(HEARTBEAT) == Err(RecvTimeoutError::Timeout) && agent.ask(&report).is_ok()
        {
        }
    });
    Ok(sender)
}
