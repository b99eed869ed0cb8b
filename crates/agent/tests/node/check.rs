//! Checks: what a gateway finds out about a peer and a tunnel by sending packets.

use std::collections::BTreeSet;
use std::net::IpAddr;

use adit_api::agent::CheckReport;
use adit_linux::nft::{Chain, ChainKind, Hook, Table};
use adit_linux::sysctl::{self, Sysctls};
use adit_linux::{Netlink, Route, VethPeer};
use adit_model::check::ProbeOutcome::{Failed, Passed, Unknown};
use adit_model::check::{Probe, ProbeCode, ProbeOutcome, ProbeResult, Verdict};
use adit_model::router_document::{CheckSpec, RouterDocument};
use adit_model::{CheckId, ReasonCode, VpnServiceId};
use uuid::Uuid;

use crate::site::{Both, Charon, Site, connection};
use crate::support::{Place, Server, agent, eventually, on_a_machine};

/// What a check of the first connection of a router comes to.
async fn results(server: &Server, document: &RouterDocument, target: Option<&str>) -> Vec<ProbeResult> {
    match server.check(document, spec(document, target)).await {
        CheckReport::Done { results } => results,
        other @ (CheckReport::Running | CheckReport::Failed { .. }) => panic!("{other:?}"),
    }
}

fn spec(document: &RouterDocument, target: Option<&str>) -> CheckSpec {
    CheckSpec {
        id: CheckId::new(Uuid::new_v4()),
        connection_id: document.connections[0].id,
        target: target.map(|target| target.parse().unwrap()),
    }
}

#[track_caller]
fn one(results: &[ProbeResult], probe: Probe) -> &ProbeResult {
    let found: Vec<_> = results.iter().filter(|one| one.probe == probe).collect();
    let [found] = found.as_slice() else { panic!("{probe}: {results:#?}") };
    found
}

#[track_caller]
fn assert_is(results: &[ProbeResult], probe: Probe, outcome: ProbeOutcome, code: ProbeCode) {
    let found = one(results, probe);
    assert_eq!((found.outcome, found.code), (outcome, code), "{found:#?}");
}

#[test]
fn a_peer_and_a_tunnel_that_work_are_found_to_work_and_notice_nothing() {
    on_a_machine(async || {
        let Some(charon) = Charon::installed() else { return };
        let mut both = Both::new(|_| {}).await;
        charon.join(&mut both.site.document, &mut both.right);
        both.apply().await;
        both.site.tunnel_is_up(&both.right).await;
        eventually("it passes", async || both.here.pings("eth0", "10.2.0.2").await).await;
        let (server, document) = (&both.site.server, &both.site.document);
        let spis = async || {
            let report = server.report_of(document.id, |_| true).await;
            let seen = &report.observations[&document.connections[0].id];
            let sas = seen.ike_sas.iter();
            sas.map(|sa| (sa.initiator_spi.clone(), sa.child_sas[0].spi_in.clone())).collect::<Vec<_>>()
        };
        let before = spis().await;

        let found = results(server, document, None).await;
        assert_is(&found, Probe::PeerAddress, Passed, ProbeCode::Reachable);
        assert_is(&found, Probe::Udp500, Passed, ProbeCode::Answered);
        assert_is(&found, Probe::Udp4500, Passed, ProbeCode::Answered);
        assert_eq!(one(&found, Probe::Udp500).sent, 1, "the first question is answered");
        assert_is(&found, Probe::PathMtu, Passed, ProbeCode::Measured);
        assert_eq!(one(&found, Probe::PathMtu).mtu, Some(1500));
        // The first host of the peer's network is its router.
        assert_is(&found, Probe::TunnelPing, Passed, ProbeCode::Answered);
        let ping = one(&found, Probe::TunnelPing);
        let [source, target] = ["10.1.0.1", "10.2.0.1"].map(|text| text.parse::<IpAddr>().unwrap());
        assert_eq!((ping.source, ping.target), (Some(source), Some(target)));
        assert_eq!((ping.sent, ping.received), (5, 5));
        let round_trip = ping.round_trip_us.unwrap();
        assert!(round_trip.min <= round_trip.avg && round_trip.avg <= round_trip.max, "{round_trip:?}");
        let inside = one(&found, Probe::TunnelMtu).mtu.unwrap();
        assert!((1000..1500).contains(&inside), "{inside}");
        assert_eq!(Verdict::of(&found).0, Verdict::Good);

        let found = results(server, document, Some("10.2.0.2")).await;
        assert_eq!(one(&found, Probe::TunnelPing).received, 5, "a host behind it");
        let found = results(server, document, Some("10.2.0.99")).await;
        assert_eq!(one(&found, Probe::TunnelPing).outcome, Failed, "twin: nobody has this address");
        assert_eq!(one(&found, Probe::TunnelPing).received, 0);
        assert!(found.iter().all(|one| one.probe != Probe::TunnelMtu), "{found:#?}");
        assert_eq!(spis().await, before, "the IKE daemons noticed nothing");

        both.site.document.connections[0].admin_state_up = false;
        both.site.document.generation += 1;
        both.apply().await;
        let found = results(&both.site.server, &both.site.document, None).await;
        assert_is(&found, Probe::TunnelPing, Failed, ProbeCode::TunnelDown);
        assert_is(&found, Probe::Udp500, Passed, ProbeCode::Answered);
        assert_eq!(Verdict::of(&found).0, Verdict::Bad);

        both.site.document.admin_state_up = false;
        both.site.document.generation += 1;
        both.site.server.want(&both.site.document).await;
        let report = both.site.server.check(&both.site.document, spec(&both.site.document, None)).await;
        let CheckReport::Failed { reason } = report else { panic!("{report:?}") };
        assert_eq!(reason.code, ReasonCode::AdminDown);
        both.end().await;
    });
}

#[test]
fn what_is_wrong_on_the_way_is_told_apart() {
    on_a_machine(async || {
        let Some(_) = Charon::installed() else { return };
        let mut site = Site::new().await;
        let far = far(&site).await;
        let agent = agent(&site.server, site.state_dir.path()).await;
        let service = VpnServiceId::new(Uuid::new_v4());
        site.document.connections.push(connection(service));
        let peers_at = async |site: &mut Site, address: &str| {
            site.document.connections[0].peer_address = address.to_owned();
            site.document.generation += 1;
            site.server.want(&site.document).await;
            results(&site.server, &site.document, None).await
        };

        // A machine without an IKE daemon.
        let found = peers_at(&mut site, "203.0.113.1").await;
        assert_is(&found, Probe::PeerAddress, Passed, ProbeCode::Reachable);
        assert_is(&found, Probe::Udp500, Failed, ProbeCode::Refused);
        assert_is(&found, Probe::Udp4500, Failed, ProbeCode::Refused);
        assert_eq!(one(&found, Probe::PathMtu).mtu, Some(1500), "{found:#?}");
        assert_is(&found, Probe::TunnelPing, Failed, ProbeCode::TunnelDown);

        // A filter takes one of the ports.
        filter(&site.internet, &["udp dport 500 drop"]).await;
        let found = peers_at(&mut site, "203.0.113.1").await;
        assert_is(&found, Probe::Udp500, Failed, ProbeCode::Silent);
        assert_is(&found, Probe::Udp4500, Failed, ProbeCode::Refused);

        // And pings as well.
        filter(&site.internet, &["udp dport 500 drop", "icmp type echo-request drop"]).await;
        let found = peers_at(&mut site, "203.0.113.1").await;
        assert_is(&found, Probe::PathMtu, Unknown, ProbeCode::NotProbed);

        // On the way to this one a link takes less.
        let found = peers_at(&mut site, "192.0.2.2").await;
        assert_eq!(one(&found, Probe::PathMtu).mtu, Some(1300), "{found:#?}");
        // And what is too large vanishes without a word.
        filter(&far, &["icmp type echo-request meta length > 1234 drop"]).await;
        let found = peers_at(&mut site, "192.0.2.2").await;
        assert_eq!(one(&found, Probe::PathMtu).mtu, Some(1234), "{found:#?}");

        let found = peers_at(&mut site, "vpn.invalid").await;
        assert_is(&found, Probe::PeerAddress, Failed, ProbeCode::PeerNameUnresolved);
        assert_is(&found, Probe::Udp500, Unknown, ProbeCode::NotProbed);
        site.document.connections[0].local_address = None;
        let found = peers_at(&mut site, "203.0.113.1").await;
        assert_is(&found, Probe::PeerAddress, Failed, ProbeCode::GatewayMissing);

        // The same by IPv6.
        let own = ["203.0.113.1/24", "2001:db8::1/64"].map(|text| text.parse().unwrap());
        let outside = Netlink::inside(&site.internet.namespace).unwrap();
        outside.set_addresses("eth0", &BTreeSet::from(own)).await.unwrap();
        let gateway = &mut site.document.gateway.as_mut().unwrap().interface;
        gateway.addresses.push("2001:db8::5/64".parse().unwrap());
        site.document.connections[0].local_address = Some("2001:db8::5".parse().unwrap());
        let found = peers_at(&mut site, "2001:db8::1").await;
        assert_is(&found, Probe::PeerAddress, Passed, ProbeCode::Reachable);
        assert_is(&found, Probe::Udp4500, Failed, ProbeCode::Refused);
        assert_eq!(one(&found, Probe::PathMtu).mtu, Some(1500), "{found:#?}");

        site.server.remove(site.document.id);
        eventually("the router is gone", || site.is_clean()).await;
        agent.shutdown().await;
    });
}

/// A machine at 192.0.2.2, behind the internet by a link of 1300 octets.
async fn far(site: &Site) -> Place {
    let far = Place::new("far");
    let (near, there) =
        (Netlink::inside(&site.internet.namespace).unwrap(), Netlink::inside(&far.namespace).unwrap());
    let peer = VethPeer { name: "eth0", namespace: &far.namespace, mac: [2, 0, 0, 0, 0, 9] };
    near.add_veth("far", 1300, &peer).await.unwrap();
    for (netlink, interface, address) in [(&near, "far", "192.0.2.1/24"), (&there, "eth0", "192.0.2.2/24")] {
        netlink.set_addresses(interface, &BTreeSet::from([address.parse().unwrap()])).await.unwrap();
        netlink.set_up(interface).await.unwrap();
    }
    let back = Route {
        destination: "203.0.113.0/24".parse().unwrap(),
        gateways: BTreeSet::from(["192.0.2.1".parse().unwrap()]),
    };
    there.replace_route(&back, 173).await.unwrap();
    let forward = Sysctls::from([(String::from("net/ipv4/ip_forward"), String::from("1"))]);
    sysctl::write(&site.internet.namespace, &forward).unwrap();
    far
}

/// What a machine lets nobody send to it.
async fn filter(place: &Place, rules: &[&str]) {
    let rules = rules.iter().map(|rule| String::from(*rule)).collect();
    let chain = Chain { name: "filter", kind: ChainKind::Filter, hook: Hook::Input, priority: 0, rules };
    let table = Table { name: String::from("filter"), chains: vec![chain] };
    table.apply(&place.namespace, "filter").await.unwrap();
}
