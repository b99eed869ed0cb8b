//! The whole agent on a machine of its own, with real packets.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and skips aloud")]

mod support;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Instant;

use adit_agent::host::{self, HostError, HostSpec};
use adit_api::agent::StatusReport;
use adit_linux::{Link, Namespace, Netlink, Route, VethPeer};
use adit_model::network::PhysicalNetwork;
use adit_model::router_document::{ConnectionSpec, GatewayInterface, Interface, ServiceSpec};
use adit_model::site_connection::Initiator;
use adit_model::{
    MacAddress, NetworkId, PortId, ProjectId, ReasonCode, RouterDocument, RouterId, Status, VpnServiceId,
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{
    Host, LIMIT, Place, Server, agent, eventually, on_a_machine, physical_networks, unique,
};

/// The peer's network; the internet has an address in it, to see what gets out in clear.
const PEER_HOST: &str = "10.2.0.9";
const ELSEWHERE: &str = "198.51.100.7";

/// A router with two internal networks and a way out, and what is around it.
struct Site {
    server: Server,
    state_dir: tempfile::TempDir,
    internet: Place,
    document: RouterDocument,
}

impl Site {
    async fn new() -> Self {
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
            services: vec![],
            connections: vec![],
        };
        Self { server: Server::start().await, state_dir: tempfile::tempdir().unwrap(), internet, document }
    }

    /// A host on the internal network number `index`, with `.2` as its address.
    async fn host(&self, index: usize) -> Host {
        let spec = self.host_spec(index);
        host::add(&spec, &physical_networks()).await.unwrap();
        Host(spec.name)
    }

    fn host_spec(&self, index: usize) -> HostSpec {
        let interface = &self.document.interfaces[index];
        let gateway = interface.addresses[0];
        let IpAddr::V4(address) = gateway.addr() else { panic!("{gateway} is IPv4") };
        let address = IpAddr::V4((u32::from(address) + 1).into());
        HostSpec {
            name: unique("host"),
            network: interface.network_id,
            physical: None,
            mac: random_mac(),
            mtu: interface.mtu,
            addresses: vec![ipnet::IpNet::new(address, 24).unwrap()],
            default_gateway: Some(gateway.addr()),
        }
    }

    fn namespace(&self) -> String {
        format!("qrouter-{}", self.document.id)
    }

    /// The router's interfaces, with the numbers that a new one would not have.
    async fn links(&self) -> Vec<Link> {
        let namespace = Namespace::open(&self.namespace()).unwrap().unwrap();
        let links = Netlink::inside(&namespace).unwrap().links().await.unwrap();
        links.into_values().filter(|link| link.name.starts_with('q')).collect()
    }

    /// Nothing of ours is left on the machine, but the interface of the operator is.
    async fn is_clean(&self) -> bool {
        let links = Netlink::here().unwrap().links().await.unwrap();
        let ours = links.keys().filter(|name| name.starts_with("brq-") || name.starts_with("tap")).count();
        let marks = std::fs::read_dir(self.state_dir.path().join("routers")).unwrap().count();
        let free = links["ext"].master.is_none();
        ours == 0 && marks == 0 && free && !Namespace::path_of(&self.namespace()).exists()
    }
}

impl Drop for Site {
    /// For a test that failed.
    fn drop(&mut self) {
        if let Err(error) = Namespace::delete(&self.namespace()) {
            eprintln!("left behind: {error}");
        }
    }
}

fn interface(address: &str) -> Interface {
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

fn random_mac() -> MacAddress {
    let random = Uuid::new_v4().into_bytes();
    MacAddress::generated([random[0], random[1], random[2]])
}

/// A connection to a peer that does not exist.
fn connection(service: VpnServiceId) -> ConnectionSpec {
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

#[test]
fn a_router_joins_its_networks_and_goes_without_a_trace() {
    on_a_machine(async || {
        let mut site = Site::new().await;
        let agent = agent(&site.server, site.state_dir.path()).await;
        let report = site.server.want(&site.document).await;
        assert_eq!(report.error, None);
        assert_eq!(report.wired_ports.len(), 3);

        let (one, two) = (site.host(0).await, site.host(1).await);
        assert!(one.pings("eth0", "10.1.0.1").await, "its router");
        assert!(one.pings("eth0", "10.3.0.2").await, "the other internal network");
        // The internet has no route back to 10.1.0.0/24, so an answer proves the translation.
        assert!(one.pings("eth0", ELSEWHERE).await, "the internet");
        assert!(two.pings("eth0", ELSEWHERE).await, "the internet");

        let before = site.links().await;
        site.document.generation += 1;
        site.server.want(&site.document).await;
        assert_eq!(site.links().await, before, "the same again changes nothing");

        site.document.generation += 1;
        site.document.interfaces[1].admin_state_up = false;
        let report = site.server.want(&site.document).await;
        assert_eq!((report.error, report.wired_ports.len()), (None, 2));
        assert!(one.pings("eth0", ELSEWHERE).await, "the rest of the router works");
        assert!(!two.pings("eth0", "10.3.0.1").await, "an interface that is down is not plugged");

        site.document.generation += 1;
        site.document.gateway.as_mut().unwrap().enable_snat = false;
        site.server.want(&site.document).await;
        assert!(!one.pings("eth0", ELSEWHERE).await, "untranslated, so no answer comes back");

        host::del(&one.0).await.unwrap();
        host::del(&two.0).await.unwrap();
        site.document.generation += 1;
        site.document.admin_state_up = false;
        let report = site.server.want(&site.document).await;
        assert_eq!((report.error, report.wired_ports.len()), (None, 0));
        assert!(site.is_clean().await, "a router that is switched off leaves the node");

        site.document.generation += 1;
        site.document.admin_state_up = true;
        site.server.want(&site.document).await;
        site.server.remove(site.document.id);
        eventually("the router is gone", || site.is_clean()).await;
        agent.shutdown().await;
    });
}

#[test]
fn protected_traffic_never_leaves_in_clear() {
    on_a_machine(async || {
        let mut site = Site::new().await;
        let agent = agent(&site.server, site.state_dir.path()).await;
        site.server.want(&site.document).await;
        let host = site.host(0).await;
        let outside = Netlink::inside(&site.internet.namespace).unwrap();
        let back = Route {
            destination: "10.1.0.0/24".parse().unwrap(),
            gateways: BTreeSet::from(["203.0.113.5".parse().unwrap()]),
        };
        outside.replace_route(&back, 173).await.unwrap();

        assert!(host.pings("eth0", PEER_HOST).await, "twin: without a connection it passes");
        assert!(site.internet.pings(PEER_HOST, "10.1.0.2").await, "twin: and the other way");

        let service = VpnServiceId::new(Uuid::new_v4());
        site.document.services.push(ServiceSpec { id: service, admin_state_up: true });
        site.document.connections.push(connection(service));
        for is_up in [false, true] {
            site.document.generation += 1;
            site.document.connections[0].admin_state_up = is_up;
            let report = site.server.want(&site.document).await;
            assert_eq!(report.error, None);
            let status = &report.connections[&site.document.connections[0].id];
            assert_eq!(status.status, Status::Down, "{status:?}");
            assert!(!host.pings("eth0", PEER_HOST).await, "out, admin_state_up {is_up}");
            assert!(!site.internet.pings(PEER_HOST, "10.1.0.2").await, "in, admin_state_up {is_up}");
            assert!(
                !site.internet.pings(PEER_HOST, "10.1.0.1").await,
                "to the router, admin_state_up {is_up}"
            );
            assert!(host.pings("eth0", ELSEWHERE).await, "all else passes");
        }

        site.document.generation += 1;
        site.document.connections.clear();
        let report = site.server.want(&site.document).await;
        let reason = report.services[&service].reason.as_ref().unwrap();
        assert_eq!(reason.code, ReasonCode::NoConnections);
        assert!(host.pings("eth0", PEER_HOST).await, "twin: without the connection it passes again");

        site.server.remove(site.document.id);
        host::del(&host.0).await.unwrap();
        eventually("the router is gone", || site.is_clean()).await;
        agent.shutdown().await;
    });
}

#[test]
fn an_agent_finds_its_routers_again_and_those_that_it_has_to_remove() {
    on_a_machine(async || {
        let site = Site::new().await;
        let first = agent(&site.server, site.state_dir.path()).await;
        site.server.want(&site.document).await;
        let host = site.host(0).await;
        let before = site.links().await;
        first.shutdown().await;
        assert!(host.pings("eth0", ELSEWHERE).await, "a router works without agent");

        site.server.forget_reports();
        let second = agent(&site.server, site.state_dir.path()).await;
        let report = site.server.report_of(site.document.id, |_| true).await;
        assert_eq!((report.error, report.wired_ports.len()), (None, 3));
        assert_eq!(site.links().await, before, "nothing was plugged anew");
        second.shutdown().await;

        // As another machine's agent would make it.
        let other = format!("qrouter-{}", Uuid::new_v4());
        Namespace::create(&other).unwrap();
        host::del(&host.0).await.unwrap();
        site.server.remove(site.document.id);
        let third = agent(&site.server, site.state_dir.path()).await;
        eventually("the router is gone", || site.is_clean()).await;
        assert!(Namespace::open(&other).unwrap().is_some(), "another agent's router stays");
        Namespace::delete(&other).unwrap();
        third.shutdown().await;
    });
}

#[test]
fn what_a_stranger_changes_is_mended() {
    on_a_machine(async || {
        let mut site = Site::new().await;
        let agent = agent(&site.server, site.state_dir.path()).await;
        site.server.want(&site.document).await;
        let host = site.host(0).await;
        let namespace = Namespace::open(&site.namespace()).unwrap().unwrap();
        let inside = Netlink::inside(&namespace).unwrap();
        let interface = format!("qr-{}", &site.document.interfaces[0].port_id.to_string()[..11]);

        inside.delete_link(&interface).await.unwrap();
        adit_linux::nft::Table { name: String::from("adit"), chains: vec![] }
            .apply(&namespace)
            .await
            .unwrap();
        assert!(!host.pings("eth0", ELSEWHERE).await);
        site.document.generation += 1;
        let report = site.server.want(&site.document).await;
        assert_eq!((report.error, report.wired_ports.len()), (None, 3));
        assert!(host.pings("eth0", ELSEWHERE).await);

        site.server.remove(site.document.id);
        host::del(&host.0).await.unwrap();
        eventually("the router is gone", || site.is_clean()).await;
        agent.shutdown().await;
    });
}

#[test]
fn a_physical_network_that_is_not_mapped_is_named() {
    on_a_machine(async || {
        let mut site = Site::new().await;
        let agent = agent(&site.server, site.state_dir.path()).await;
        let physical = site.document.gateway.as_mut().unwrap().interface.physical.as_mut().unwrap();
        physical.name = String::from("nowhere");
        let report = site.server.want(&site.document).await;
        let error = report.error.unwrap();
        assert_eq!(error.code, ReasonCode::RouterNotReady);
        assert!(error.text.contains("`nowhere`") && error.text.contains("`physical_networks`"), "{error}");
        assert_eq!(report.wired_ports.len(), 2, "the internal interfaces work");
        site.server.remove(site.document.id);
        eventually("the router is gone", || site.is_clean()).await;
        agent.shutdown().await;
    });
}

#[test]
fn a_host_needs_no_router_and_spares_what_is_not_its_own() {
    on_a_machine(async || {
        let site = Site::new().await;
        std::fs::create_dir_all(site.state_dir.path().join("routers")).unwrap();
        let one = site.host_spec(0);
        let mut two = HostSpec { name: unique("host"), mac: random_mac(), ..one.clone() };
        two.addresses = vec!["10.1.0.3/24".parse().unwrap()];
        host::add(&one, &physical_networks()).await.unwrap();
        let _one = Host(one.name.clone());
        host::add(&two, &physical_networks()).await.unwrap();
        let two = Host(two.name);
        assert!(two.pings("eth0", "10.1.0.2").await, "on one network");
        assert!(matches!(host::add(&one, &physical_networks()).await, Err(HostError::Exists(_))));

        let stranger = Place::new("stranger");
        let name = stranger.namespace.name();
        assert!(matches!(host::del(name).await, Err(HostError::NotOurs(_))));
        let taken = HostSpec { name: name.to_owned(), ..one.clone() };
        assert!(matches!(host::add(&taken, &physical_networks()).await, Err(HostError::Exists(_))));
        assert!(stranger.namespace.run(|| ()).is_ok() && Namespace::open(name).unwrap().is_some());

        host::del(&one.name).await.unwrap();
        host::del(&two.0).await.unwrap();
        assert!(matches!(host::del(&one.name).await, Err(HostError::NotFound(_))));
        assert!(site.is_clean().await);

        let lost =
            HostSpec { physical: Some(PhysicalNetwork { name: String::from("nowhere"), vlan: None }), ..one };
        let refused = host::add(&lost, &physical_networks()).await.unwrap_err().to_string();
        assert!(refused.contains("`nowhere`"), "{refused}");
        assert!(site.is_clean().await, "a host that could not be made leaves nothing, within {LIMIT:?}");
    });
}

#[test]
fn an_agent_waits_for_its_server_and_catches_up() {
    on_a_machine(async || {
        let mut site = Site::new().await;
        let address = {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            listener.local_addr().unwrap().to_string()
        };
        site.server.url = format!("http://{address}");
        let agent = agent(&site.server, site.state_dir.path()).await;
        site.server = Server::start_on(&address).await;
        let report = site.server.want(&site.document).await;
        assert_eq!(report.error, None);
        site.server.remove_and_forget(site.document.id);
        eventually("the router is gone", || site.is_clean()).await;
        agent.shutdown().await;
    });
}

#[test]
fn a_namespace_that_a_person_deletes_is_made_anew() {
    on_a_machine(async || {
        let mut site = Site::new().await;
        let agent = agent(&site.server, site.state_dir.path()).await;
        site.server.want(&site.document).await;
        Namespace::delete(&site.namespace()).unwrap();
        site.document.generation += 1;
        let report = site.server.want(&site.document).await;
        assert_eq!((report.error, report.wired_ports.len()), (None, 3));
        let host = site.host(0).await;
        assert!(host.pings("eth0", ELSEWHERE).await);
        host::del(&host.0).await.unwrap();
        site.server.remove(site.document.id);
        eventually("the router is gone", || site.is_clean()).await;
        agent.shutdown().await;
    });
}

#[test]
fn two_routers_join_their_networks_by_a_tunnel() {
    on_a_machine(async || {
        if !std::path::Path::new("/usr/sbin/charon-systemd").exists() {
            eprintln!(
                "SKIPPED: the program `charon-systemd` is missing: install the package `charon-systemd`"
            );
            return;
        }
        let mut site = Site::new().await;
        let agent = agent(&site.server, site.state_dir.path()).await;
        let mut right = site.document.clone();
        right.id = RouterId::new(Uuid::new_v4());
        right.interfaces = vec![interface("10.2.0.1/24")];
        let gateway = &mut right.gateway.as_mut().unwrap().interface;
        *gateway = Interface {
            addresses: vec!["203.0.113.77/24".parse().unwrap()],
            port_id: PortId::new(Uuid::new_v4()),
            mac_address: random_mac(),
            ..gateway.clone()
        };
        for document in [&site.document, &right] {
            assert_eq!(site.server.want(document).await.error, None);
        }
        let (here, there) = (site.host(0).await, {
            let document = std::mem::replace(&mut site.document, right.clone());
            let host = site.host(0).await;
            site.document = document;
            host
        });

        let service = VpnServiceId::new(Uuid::new_v4());
        site.document.connections.push(connection(service));
        let mut back = connection(service);
        back.local_address = Some("203.0.113.77".parse().unwrap());
        (back.peer_address, back.peer_id) = (String::from("203.0.113.5"), String::from("203.0.113.5"));
        (back.local_networks, back.peer_networks) = (back.peer_networks, back.local_networks);
        back.initiator = Initiator::BiDirectional;
        right.connections.push(back);
        for document in [&mut site.document, &mut right] {
            document.generation += 1;
            document.services.push(ServiceSpec { id: service, admin_state_up: true });
        }
        site.server.want(&site.document).await;
        let start = Instant::now();
        let applied = site.server.want(&right).await;
        assert_eq!(applied.error, None);
        let applied_after = start.elapsed();
        for document in [&site.document, &right] {
            let id = document.connections[0].id;
            let is_up = |status: &StatusReport| status.status == Status::Active;
            let report = site.server.report_of(document.id, |report| is_up(&report.connections[&id])).await;
            assert!(is_up(&report.services[&service]));
        }
        eprintln!("second side applied after {applied_after:?}, both ACTIVE after {:?}", start.elapsed());
        assert!(here.pings("eth0", "10.2.0.2").await);
        assert!(there.pings("eth0", "10.1.0.2").await);

        for host in [&here, &there] {
            host::del(&host.0).await.unwrap();
        }
        for document in [&site.document, &right] {
            site.server.remove(document.id);
        }
        eventually("the routers are gone", || site.is_clean()).await;
        assert!(!Namespace::path_of(&format!("qrouter-{}", right.id)).exists());
        agent.shutdown().await;
    });
}
