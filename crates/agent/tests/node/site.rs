//! A router with two internal networks and a way out, and what is around it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::rc::Rc;

use adit_agent::Agent;
use adit_agent::host::{self, HostSpec};
use adit_api::agent::StatusReport;
use adit_linux::{Link, Namespace, Netlink, VethPeer};
use adit_model::network::PhysicalNetwork;
use adit_model::router_document::{ConnectionSpec, GatewayInterface, Interface, ServiceSpec};
use adit_model::site_connection::Initiator;
use adit_model::{MacAddress, NetworkId, PortId, ProjectId, RouterDocument, RouterId, Status, VpnServiceId};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use crate::remains::kill;
use crate::support::{Host, Place, Server, agent, eventually, physical_networks, state_dir, unique};

/// The peer's network; the internet has an address in it, to see what gets out in clear.
pub(crate) const PEER_HOST: &str = "10.2.0.9";
pub(crate) const ELSEWHERE: &str = "198.51.100.7";

/// A router with two internal networks and a way out, and what is around it.
pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) state_dir: Rc<TempDir>,
    pub(crate) internet: Place,
    pub(crate) document: RouterDocument,
}

impl Site {
    pub(crate) async fn new() -> Self {
        let internet = Place::new("internet");
        let (node, outside) = (Netlink::here().unwrap(), Netlink::inside(&internet.namespace).unwrap());
        let peer = VethPeer { name: "eth0", namespace: &internet.namespace, mac: [2, 0, 0, 0, 0, 1] };
        node.add_veth("ext", 1500, &peer).await.unwrap();
        let own = ["203.0.113.1/24", "10.2.0.9/32", "198.51.100.7/32"].map(|text| text.parse().unwrap());
        outside.set_addresses("eth0", &BTreeSet::from(own)).await.unwrap();
        outside.set_up("eth0").await.unwrap();

        let mut gateway = interface("203.0.113.5/24");
        gateway.physical = Some(PhysicalNetwork { name: String::from("public"), vlan: None });
        gateway.mtu = 1500;
        let document = RouterDocument {
            id: RouterId::new(Uuid::new_v4()),
            name: String::from("left"),
            project_id: ProjectId::new("p"),
            generation: 1,
            admin_state_up: true,
            interfaces: vec![interface("10.1.0.1/24"), interface("10.3.0.1/24")],
            gateway: Some(GatewayInterface {
                interface: gateway,
                next_hops: vec!["203.0.113.1".parse().unwrap()],
                enable_snat: true,
            }),
            routes: vec![],
            floating_ips: vec![],
            checks: vec![],
            services: vec![],
            connections: vec![],
        };
        Self { server: Server::start().await, state_dir: state_dir(), internet, document }
    }

    /// A host on the internal network number `index`, with `.2` as its address.
    pub(crate) async fn host(&self, index: usize) -> Host {
        self.host_of(&self.document, index).await
    }

    /// As [`Self::host`], on a network of another router.
    pub(crate) async fn host_of(&self, document: &RouterDocument, index: usize) -> Host {
        let spec = spec_of(document, index);
        host::add(&spec, &physical_networks()).await.unwrap();
        Host(spec.name)
    }

    pub(crate) fn host_spec(&self, index: usize) -> HostSpec {
        spec_of(&self.document, index)
    }

    /// Another router on the same external network, with 10.2.0.0/24 behind it.
    pub(crate) fn right(&self) -> RouterDocument {
        let mut right = self.document.clone();
        right.id = RouterId::new(Uuid::new_v4());
        right.interfaces = vec![interface("10.2.0.1/24")];
        right.floating_ips.clear();
        let gateway = &mut right.gateway.as_mut().unwrap().interface;
        *gateway = Interface {
            addresses: vec!["203.0.113.77/24".parse().unwrap()],
            port_id: PortId::new(Uuid::new_v4()),
            mac_address: random_mac(),
            ..gateway.clone()
        };
        right
    }

    /// Waits until both ends of a tunnel say that it is up.
    pub(crate) async fn tunnel_is_up(&self, right: &RouterDocument) {
        for document in [&self.document, right] {
            let (id, service) = (document.connections[0].id, document.services[0].id);
            let is_up = |status: &StatusReport| status.status == Status::Active;
            let report = self.server.report_of(document.id, |report| is_up(&report.connections[&id])).await;
            assert!(is_up(&report.services[&service]));
        }
    }

    /// The agent that comes next finds that the time is over for which networks stay apart after their connections.
    pub(crate) fn end_of_the_while(&self) {
        let file = self.fence();
        let mut fence: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let ends = fence.as_array_mut().unwrap().iter_mut().map(|one| &mut one[1]);
        for end in ends.filter(|end| !end.is_null()) {
            *end = json!("2000-01-01T00:00:00Z");
        }
        std::fs::write(&file, fence.to_string()).unwrap();
    }

    /// What is written down of networks that stay apart cannot be read any more.
    pub(crate) fn damage_the_fence(&self) {
        std::fs::write(self.fence(), "[[").unwrap();
    }

    fn fence(&self) -> PathBuf {
        self.folder(&self.document).join("fence.json")
    }

    /// What the agent keeps of a router.
    pub(crate) fn folder(&self, document: &RouterDocument) -> PathBuf {
        self.state_dir.path().join("routers").join(document.id.to_string())
    }

    /// The number of the charon of a router, as long as it runs.
    pub(crate) fn charon(&self, document: &RouterDocument) -> Option<i32> {
        let pid = std::fs::read_to_string(self.folder(document).join("charon.pid")).ok()?;
        let pid = pid.trim().parse().ok()?;
        std::fs::exists(format!("/proc/{pid}/exe")).unwrap().then_some(pid)
    }

    pub(crate) fn namespace(&self) -> String {
        format!("qrouter-{}", self.document.id)
    }

    /// The router's interfaces, with the numbers that a new one would not have.
    pub(crate) async fn links(&self) -> Vec<Link> {
        let namespace = Namespace::open(&self.namespace()).unwrap().unwrap();
        let links = Netlink::inside(&namespace).unwrap().links().await.unwrap();
        links.into_values().filter(|link| link.name.starts_with('q')).collect()
    }

    /// Nothing of ours is left on the machine, but the interface of the operator is.
    pub(crate) async fn is_clean(&self) -> bool {
        let links = Netlink::here().unwrap().links().await.unwrap();
        let ours = links.keys().filter(|name| name.starts_with("brq-") || name.starts_with("tap")).count();
        let marks = std::fs::read_dir(self.state_dir.path().join("routers")).unwrap().count();
        let free = links["ext"].master.is_none();
        ours == 0 && marks == 0 && free && !Namespace::path_of(&self.namespace()).exists()
    }
}

/// Two routers on one external network, each with a host behind it, and no tunnel yet.
pub(crate) struct Both {
    pub(crate) site: Site,
    pub(crate) right: RouterDocument,
    agent: Option<Agent>,
    pub(crate) here: Host,
    pub(crate) there: Host,
}

impl Both {
    /// With some changes of the left router.
    pub(crate) async fn new(change: impl FnOnce(&mut RouterDocument)) -> Self {
        let mut site = Site::new().await;
        change(&mut site.document);
        let agent = Some(agent(&site.server, site.state_dir.path()).await);
        let right = site.right();
        let (here, there) = (site.host(0).await, site.host_of(&right, 0).await);
        let both = Self { site, right, agent, here, there };
        both.apply().await;
        both
    }

    /// Makes both routers what their documents say now.
    pub(crate) async fn apply(&self) {
        for document in [&self.site.document, &self.right] {
            assert_eq!(self.site.server.want(document).await.error, None);
        }
    }

    /// The charons of both routers.
    pub(crate) fn charons(&self) -> [Option<i32>; 2] {
        [&self.site.document, &self.right].map(|document| self.site.charon(document))
    }

    /// Ends the agent, which leaves all as it is.
    pub(crate) async fn stop_agent(&mut self) {
        self.agent.take().unwrap().shutdown().await;
    }

    /// The node goes down as it should: the agent takes everything off it.
    pub(crate) async fn shut_down(&mut self) {
        self.agent.take().unwrap().leave().await;
    }

    /// The node loses its power, while no agent runs: at one moment nothing sends any more.
    pub(crate) async fn lose_power(&self) {
        let node = Netlink::here().unwrap();
        for document in [&self.site.document, &self.right] {
            let gateway = document.gateway.iter().map(|gateway| &gateway.interface);
            for port in document.interfaces.iter().chain(gateway) {
                // Its other end, in the router, goes with it.
                node.delete_link(&format!("tap{}", &port.port_id.to_string()[..11])).await.unwrap();
            }
        }
        for document in [&self.site.document, &self.right] {
            if let Some(pid) = self.site.charon(document) {
                kill(pid);
            }
            Namespace::delete(&format!("qrouter-{}", document.id)).unwrap();
        }
    }

    /// Another agent takes over, and has made both routers what their documents say.
    pub(crate) async fn start_agent(&mut self) {
        self.site.server.forget_reports();
        self.agent = Some(agent(&self.site.server, self.site.state_dir.path()).await);
        self.apply().await;
    }

    /// Takes everything off the machine.
    pub(crate) async fn end(mut self) {
        for host in [&self.here, &self.there] {
            host::del(&host.0).await.unwrap();
        }
        for document in [&self.site.document, &self.right] {
            self.site.server.remove(document.id);
        }
        eventually("the routers are gone", || self.site.is_clean()).await;
        assert!(!Namespace::path_of(&format!("qrouter-{}", self.right.id)).exists());
        self.stop_agent().await;
    }
}

pub(crate) fn interface(address: &str) -> Interface {
    Interface {
        port_id: PortId::new(Uuid::new_v4()),
        network_id: NetworkId::new(Uuid::new_v4()),
        physical: None,
        mac_address: random_mac(),
        mtu: 1450,
        addresses: vec![address.parse().unwrap()],
        admin_state_up: true,
    }
}

pub(crate) fn random_mac() -> MacAddress {
    let random = Uuid::new_v4().into_bytes();
    MacAddress::generated([random[0], random[1], random[2]])
}

/// What a host on the internal network number `index` is like, with `.2` as its address.
fn spec_of(document: &RouterDocument, index: usize) -> HostSpec {
    let interface = &document.interfaces[index];
    let gateway = interface.addresses[0];
    let IpAddr::V4(address) = gateway.addr() else { panic!("{gateway} is IPv4") };
    let address = IpAddr::V4((u32::from(address) + 1).into());
    HostSpec {
        name: unique("host"),
        port: PortId::new(Uuid::new_v4()),
        network: interface.network_id,
        physical: None,
        mac: random_mac(),
        mtu: interface.mtu,
        addresses: vec![ipnet::IpNet::new(address, 24).unwrap()],
        default_gateway: Some(gateway.addr()),
    }
}

/// That the IKE daemon is there.
pub(crate) struct Charon;

impl Charon {
    /// Says so if it is not.
    pub(crate) fn installed() -> Option<Self> {
        if std::path::Path::new("/usr/sbin/charon-systemd").exists() {
            return Some(Self);
        }
        eprintln!("SKIPPED: the program `charon-systemd` is missing: install the package `charon-systemd`");
        None
    }

    /// Gives two routers the two ends of a tunnel, which the right one sets up.
    pub(crate) fn join(&self, left: &mut RouterDocument, right: &mut RouterDocument) {
        let service = VpnServiceId::new(Uuid::new_v4());
        left.connections.push(connection(service));
        let mut back = connection(service);
        back.local_address = Some("203.0.113.77".parse().unwrap());
        (back.peer_address, back.peer_id) = (String::from("203.0.113.5"), String::from("203.0.113.5"));
        (back.local_networks, back.peer_networks) = (back.peer_networks, back.local_networks);
        back.initiator = Initiator::BiDirectional;
        right.connections.push(back);
        for document in [left, right] {
            document.generation += 1;
            document.services.push(ServiceSpec { id: service, admin_state_up: true });
        }
    }
}

/// A connection to a peer that does not exist.
pub(crate) fn connection(service: VpnServiceId) -> ConnectionSpec {
    serde_json::from_value(json!({
        "id": Uuid::new_v4(), "service_id": service, "admin_state_up": true,
        "ike": {
            "version": "v2", "negotiation_mode": "main", "encryption": "aes-256", "auth": "sha256",
            "dh_group": "group14", "lifetime": 3600
        },
        "ipsec": {
            "transform_protocol": "esp", "encapsulation_mode": "tunnel", "encryption": "aes-256", "auth": "sha256",
            "pfs_group": "group14", "lifetime": 3600
        },
        "local_address": "203.0.113.5", "local_id": "", "peer_address": "203.0.113.77", "peer_id": "203.0.113.77",
        "local_networks": ["10.1.0.0/24"], "peer_networks": ["10.2.0.0/24"], "initiator": "response-only",
        "dpd": { "action": "hold", "interval": 30, "timeout": 120 }, "mtu": 0, "psk": "secret"
    }))
    .unwrap()
}
