//! The whole agent on a machine of its own, with real packets.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and skips aloud")]

#[path = "../common/capture.rs"]
mod capture;
mod check;
mod fence;
mod floating_ip;
mod mtu;
#[path = "../common/remains.rs"]
mod remains;
mod site;
mod support;

use std::collections::BTreeSet;
use std::time::Instant;

use adit_agent::host::{self, HostError, HostSpec};
use adit_linux::{Namespace, Netlink, Route, nft};
use adit_model::network::PhysicalNetwork;
use adit_model::router_document::ServiceSpec;
use adit_model::{NetworkId, PortId, ReasonCode, Status, VpnServiceId};
use uuid::Uuid;

use crate::site::{Both, Charon, ELSEWHERE, PEER_HOST, Site, connection, random_mac};
use crate::support::{
    Host, LIMIT, Place, Server, agent, eventually, on_a_machine, physical_networks, unique,
};

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
        let first = agent(&site.server, site.state_dir.path()).await;
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
        assert!(!host.pings("eth0", PEER_HOST).await, "for a while after the connection");

        first.shutdown().await;
        site.end_of_the_while();
        site.server.forget_reports();
        let agent = agent(&site.server, site.state_dir.path()).await;
        site.server.want(&site.document).await;
        assert!(host.pings("eth0", PEER_HOST).await, "twin: and passes after that");

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
        let namespace = Namespace::open(&site.namespace()).unwrap().unwrap();
        let rules = || nft::rules(&namespace, "adit").unwrap();
        let rules_before = rules();
        first.shutdown().await;
        assert!(host.pings("eth0", ELSEWHERE).await, "a router works without agent");

        site.server.forget_reports();
        let second = agent(&site.server, site.state_dir.path()).await;
        let report = site.server.report_of(site.document.id, |_| true).await;
        assert_eq!((report.error, report.wired_ports.len()), (None, 3));
        assert_eq!(site.links().await, before, "nothing was plugged anew");
        assert_eq!(rules(), rules_before, "the rules that are in force were not put into force again");
        second.shutdown().await;

        // Whoever changes the rules while there is no agent: here by others of the same name.
        let foreign = nft::Table { name: String::from("adit"), chains: vec![] };
        foreign.apply(&namespace, "a-stranger").await.unwrap();
        site.server.forget_reports();
        let third = agent(&site.server, site.state_dir.path()).await;
        site.server.report_of(site.document.id, |_| true).await;
        let mark = rules().mark;
        assert!(mark.is_some() && mark.as_deref() != Some("a-stranger"), "not mended: {mark:?}");
        assert!(host.pings("eth0", ELSEWHERE).await, "by the rules that translate its address");
        third.shutdown().await;

        // As another machine's agent would make it.
        let other = format!("qrouter-{}", Uuid::new_v4());
        Namespace::create(&other).unwrap();
        host::del(&host.0).await.unwrap();
        site.server.remove(site.document.id);
        let fourth = agent(&site.server, site.state_dir.path()).await;
        eventually("the router is gone", || site.is_clean()).await;
        assert!(Namespace::open(&other).unwrap().is_some(), "another agent's router stays");
        Namespace::delete(&other).unwrap();
        fourth.shutdown().await;
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
        nft::Table { name: String::from("adit"), chains: vec![] }
            .apply(&namespace, "a-stranger")
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
fn an_external_network_may_be_a_vlan_of_the_physical_one() {
    on_a_machine(async || {
        let mut site = Site::new().await;
        let outside = Netlink::inside(&site.internet.namespace).unwrap();
        if let Err(error) = outside.ensure_vlan("eth0", 100, "eth0.100").await {
            eprintln!("SKIPPED: this kernel has no VLANs: {}", error.chain());
            return;
        }
        let addresses =
            outside.addresses().await.unwrap().remove(&outside.links().await.unwrap()["eth0"].index);
        outside.set_addresses("eth0", &BTreeSet::new()).await.unwrap();
        outside.set_addresses("eth0.100", &addresses.unwrap()).await.unwrap();
        outside.set_up("eth0.100").await.unwrap();

        let agent = agent(&site.server, site.state_dir.path()).await;
        site.server.want(&site.document).await;
        let host = site.host(0).await;
        assert!(!host.pings("eth0", ELSEWHERE).await, "twin: without a tag nobody is there");
        for (vlan, is_reached) in [(101, false), (100, true)] {
            site.document.generation += 1;
            let physical = PhysicalNetwork { name: String::from("public"), vlan: Some(vlan) };
            let gateway = &mut site.document.gateway.as_mut().unwrap().interface;
            // As in life: another network has other ports.
            (gateway.network_id, gateway.port_id) =
                (NetworkId::new(Uuid::new_v4()), PortId::new(Uuid::new_v4()));
            gateway.physical = Some(physical);
            assert_eq!(site.server.want(&site.document).await.error, None);
            assert_eq!(host.pings("eth0", ELSEWHERE).await, is_reached, "twin: VLAN {vlan}");
            let links = Netlink::here().unwrap().links().await.unwrap();
            let vlans: Vec<&str> =
                links.keys().map(String::as_str).filter(|name| name.starts_with("ext.")).collect();
            assert_eq!(vlans, [format!("ext.{vlan}")], "that of the network before is gone");
        }
        host::del(&host.0).await.unwrap();
        site.server.remove(site.document.id);
        eventually("the router is gone", || site.is_clean()).await;
        assert!(!Netlink::here().unwrap().links().await.unwrap().contains_key("ext.100"));
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
        let port = PortId::new(Uuid::new_v4());
        let mut two = HostSpec { name: unique("host"), port, mac: random_mac(), ..one.clone() };
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
fn the_server_is_told_which_hosts_are_plugged_in() {
    on_a_machine(async || {
        let site = Site::new().await;
        let (early, late) = (site.host_spec(0), site.host_spec(1));
        host::add(&early, &physical_networks()).await.unwrap();
        let _early = Host(early.name.clone());
        let agent = agent(&site.server, site.state_dir.path()).await;
        site.server.sees_hosts(&[early.port]).await;
        host::add(&late, &physical_networks()).await.unwrap();
        let late_host = Host(late.name.clone());
        site.server.sees_hosts(&[early.port, late.port]).await;
        host::del(&early.name).await.unwrap();
        site.server.sees_hosts(&[late.port]).await;
        // However a host goes: here its namespace alone does.
        drop(late_host);
        site.server.sees_hosts(&[]).await;
        agent.shutdown().await;
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
        let Some(charon) = Charon::installed() else { return };
        let mut both = Both::new(|_| {}).await;
        charon.join(&mut both.site.document, &mut both.right);
        both.site.server.want(&both.site.document).await;
        let start = Instant::now();
        let applied = both.site.server.want(&both.right).await;
        assert_eq!(applied.error, None);
        let applied_after = start.elapsed();
        both.site.tunnel_is_up(&both.right).await;
        eprintln!("second side applied after {applied_after:?}, both ACTIVE after {:?}", start.elapsed());
        assert!(both.here.pings("eth0", "10.2.0.2").await);
        assert!(both.there.pings("eth0", "10.1.0.2").await);
        both.end().await;
    });
}
