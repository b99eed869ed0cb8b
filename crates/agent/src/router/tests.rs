//! The pure parts of a router: firewall, plan and report, as values.

mod floating_ip;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use adit_api::agent::{RouterReport, StatusReport};
use adit_linux::nft::Table;
use adit_linux::sysctl::Sysctls;
use adit_linux::{Link, LinkKind};
use adit_model::floating_ip::FloatingIpStatus;
use adit_model::network::PhysicalNetwork;
use adit_model::router_document::{ConnectionSpec, FloatingIpSpec, GatewayInterface, Interface, ServiceSpec};
use adit_model::security_association::Observation;
use adit_model::{FloatingIpId, PortId, Reason, ReasonCode, RouterDocument, Status};
use jiff::Timestamp;
use serde_json::json;

use super::firewall;
use super::observe::Observed;
use super::plan::{Plan, Step, Surroundings};
use super::status::Applied;
use crate::config::{DataPlane, PhysicalNetworks};
use crate::names;
use crate::vpn::VpnState;

const SERVICE: &str = "5e000000-0000-4000-8000-000000000001";
const CONNECTION: &str = "c0000000-0000-4000-8000-000000000001";

fn interface(port: u8, network: u8, address: &str) -> Interface {
    Interface {
        port_id: format!("a{port}000000-1111-4000-8000-000000000000").parse().unwrap(),
        network_id: format!("b{network}000000-2222-4000-8000-000000000000").parse().unwrap(),
        physical: None,
        mac_address: format!("fa:16:3e:00:00:0{port}").parse().unwrap(),
        mtu: 1450,
        addresses: vec![address.parse().unwrap()],
        admin_state_up: true,
    }
}

fn connection(local: &[&str], peer: &[&str]) -> ConnectionSpec {
    serde_json::from_value(json!({
        "id": CONNECTION, "service_id": SERVICE, "admin_state_up": true,
        "ike": {
            "version": "v2", "negotiation_mode": "main", "encryption": "aes-256", "auth": "sha256",
            "dh_group": "group14", "lifetime": 3600
        },
        "ipsec": {
            "transform_protocol": "esp", "encapsulation_mode": "tunnel", "encryption": "aes-256", "auth": "sha256",
            "pfs_group": "group14", "lifetime": 3600
        },
        "local_address": "203.0.113.5", "local_id": "", "peer_address": "198.51.100.9", "peer_id": "198.51.100.9",
        "local_networks": local, "peer_networks": peer, "initiator": "response-only",
        "dpd": { "action": "hold", "interval": 30, "timeout": 120 }, "mtu": 0, "psk": "secret"
    }))
    .unwrap()
}

/// One internal subnet, a gateway with SNAT on a mapped network, and one connection.
pub(super) fn document() -> RouterDocument {
    let mut gateway = interface(9, 9, "203.0.113.5/24");
    gateway.physical = Some(PhysicalNetwork { name: String::from("public"), vlan: None });
    gateway.mtu = 1500;
    RouterDocument {
        id: "c1000000-0000-4000-8000-000000000000".parse().unwrap(),
        name: String::from("left"),
        project_id: adit_model::ProjectId::new("p"),
        generation: 3,
        admin_state_up: true,
        interfaces: vec![interface(1, 1, "10.1.0.1/24")],
        gateway: Some(GatewayInterface {
            interface: gateway,
            next_hops: vec!["203.0.113.1".parse().unwrap()],
            enable_snat: true,
        }),
        routes: vec![],
        floating_ips: vec![],
        checks: vec![],
        services: vec![ServiceSpec { id: SERVICE.parse().unwrap(), admin_state_up: true }],
        connections: vec![connection(&["10.1.0.0/24"], &["10.2.0.0/24"])],
    }
}

fn rules(document: &RouterDocument, data_plane: DataPlane) -> String {
    let table =
        firewall::table(document, &firewall::protected(&document.connections), data_plane).to_string();
    // Tabs would be lost in a snapshot.
    table.replace('\t', "  ")
}

fn link(index: u32, name: &str, kind: LinkKind, master: Option<u32>) -> (String, Link) {
    let link = Link {
        index,
        name: name.to_owned(),
        kind,
        mac: None,
        mtu: 1500,
        up: true,
        unsettled: false,
        master,
        alias: None,
    };
    (name.to_owned(), link)
}

/// What `document` looks like when all is well.
fn in_place(document: &RouterDocument) -> Observed {
    let mut observed = Observed {
        node: BTreeMap::from([
            link(2, "ext0", LinkKind::Other, Some(9)),
            link(8, "brq-b1000000-22", LinkKind::Bridge, None),
            link(9, "brq-b9000000-22", LinkKind::Bridge, None),
        ]),
        links: BTreeMap::from([link(1, "lo", LinkKind::Other, None)]),
        routes: BTreeMap::from([("0.0.0.0/0".parse().unwrap(), ["203.0.113.1".parse().unwrap()].into())]),
        ..Observed::default()
    };
    for (name, wanted) in super::plan::interfaces(document) {
        let bridge = observed.node[&names::bridge(wanted.network_id)].index;
        let (tap, mut end) = link(bridge + 100, &names::tap(wanted.port_id), LinkKind::Veth, Some(bridge));
        end.mtu = wanted.mtu;
        observed.node.insert(tap, end);
        let (_, mut end) = link(bridge + 200, &name, LinkKind::Veth, None);
        end.mtu = wanted.mtu;
        end.mac = Some(wanted.mac_address.octets());
        observed.links.insert(name.clone(), end);
        observed.addresses.insert(name, wanted.addresses.iter().copied().collect());
    }
    observed
}

fn plan(document: &RouterDocument, observed: &Observed, table_in_force: bool) -> Plan {
    let physical_networks = PhysicalNetworks::from([(String::from("public"), String::from("ext0"))]);
    let table = Table { name: String::from("adit"), chains: vec![] };
    Plan::new(
        document,
        observed,
        &Surroundings {
            physical_networks: &physical_networks,
            table,
            table_in_force,
            translations: Some(firewall::Translations::of(document)),
        },
    )
}

/// Steps, a line each, without what a test is not about.
fn steps(plan: &Plan) -> String {
    plan.steps.iter().map(|step| format!("{step:?}\n")).collect()
}

#[test]
fn the_firewall_fences_translates_and_exempts() {
    insta::assert_snapshot!(rules(&document(), DataPlane::Userspace), @r#"
    table inet adit {
      chain untracked_arriving {
        type filter hook prerouting priority -300; policy accept;
        ip saddr { 10.1.0.0/24 } ip daddr { 10.2.0.0/24 } notrack
        ip saddr { 10.2.0.0/24 } ip daddr { 10.1.0.0/24 } notrack
      }
      chain untracked_own {
        type filter hook output priority -300; policy accept;
        ip saddr { 10.1.0.0/24 } ip daddr { 10.2.0.0/24 } notrack
        ip saddr { 10.2.0.0/24 } ip daddr { 10.1.0.0/24 } notrack
      }
      chain segment_size {
        type filter hook forward priority -150; policy accept;
        ip saddr { 10.1.0.0/24 } ip daddr { 10.2.0.0/24 } tcp flags & (syn | rst) == syn tcp option maxseg size set 1360
        ip saddr { 10.2.0.0/24 } ip daddr { 10.1.0.0/24 } tcp flags & (syn | rst) == syn tcp option maxseg size set 1360
      }
      chain fence_forward {
        type filter hook forward priority 0; policy accept;
        oifname "qg-*" ip saddr { 10.1.0.0/24 } ip daddr { 10.2.0.0/24 } drop
        oifname "qg-*" ip saddr { 10.2.0.0/24 } ip daddr { 10.1.0.0/24 } drop
        iifname "qg-*" ip saddr { 10.2.0.0/24 } ip daddr { 10.1.0.0/24 } drop
      }
      chain fence_output {
        type filter hook output priority 0; policy accept;
        oifname "qg-*" ip saddr { 10.1.0.0/24 } ip daddr { 10.2.0.0/24 } drop
        oifname "qg-*" ip saddr { 10.2.0.0/24 } ip daddr { 10.1.0.0/24 } drop
      }
      chain fence_input {
        type filter hook input priority 0; policy accept;
        iifname "qg-*" ip saddr { 10.2.0.0/24 } ip daddr { 10.1.0.0/24 } drop
      }
      chain destination_nat {
        type nat hook prerouting priority -100; policy accept;
      }
      chain destination_nat_own {
        type nat hook output priority -100; policy accept;
      }
      chain source_nat {
        type nat hook postrouting priority 100; policy accept;
        ip saddr { 10.1.0.0/24 } ip daddr { 10.2.0.0/24 } accept
        oifname "qg-a9000000-11" ip saddr != { 203.0.113.5 } snat ip to 203.0.113.5
      }
    }
    "#);
}

#[test]
fn with_esp_in_the_kernel_packets_pass_that_have_a_policy() {
    let userspace = rules(&document(), DataPlane::Userspace);
    let kernel = rules(&document(), DataPlane::Kernel);
    let different: Vec<_> = userspace
        .lines()
        .zip(kernel.lines())
        .filter(|(a, b)| a != b)
        .map(|(_, kernel)| kernel.trim())
        .collect();
    insta::assert_snapshot!(different.join("\n"), @r#"
    ip saddr { 10.1.0.0/24 } ip daddr { 10.2.0.0/24 } tcp flags & (syn | rst) == syn tcp option maxseg size set 1339
    ip saddr { 10.2.0.0/24 } ip daddr { 10.1.0.0/24 } tcp flags & (syn | rst) == syn tcp option maxseg size set 1339
    oifname "qg-*" ip saddr { 10.1.0.0/24 } ip daddr { 10.2.0.0/24 } rt ipsec missing drop
    oifname "qg-*" ip saddr { 10.2.0.0/24 } ip daddr { 10.1.0.0/24 } rt ipsec missing drop
    iifname "qg-*" ip saddr { 10.2.0.0/24 } ip daddr { 10.1.0.0/24 } meta ipsec missing drop
    oifname "qg-*" ip saddr { 10.1.0.0/24 } ip daddr { 10.2.0.0/24 } rt ipsec missing drop
    oifname "qg-*" ip saddr { 10.2.0.0/24 } ip daddr { 10.1.0.0/24 } rt ipsec missing drop
    iifname "qg-*" ip saddr { 10.2.0.0/24 } ip daddr { 10.1.0.0/24 } meta ipsec missing drop
    "#);
}

#[test]
fn without_snat_or_gateway_nothing_is_translated() {
    let mut document = document();
    document.gateway.as_mut().unwrap().enable_snat = false;
    assert!(!rules(&document, DataPlane::Userspace).contains("snat"));
    document.gateway = None;
    assert!(!rules(&document, DataPlane::Userspace).contains("snat"));
    assert!(rules(&document, DataPlane::Userspace).contains("drop"), "the fence needs no gateway");
}

#[test]
fn what_is_protected_has_one_ip_version_and_no_overlaps() {
    let mut connections = vec![
        connection(&["10.1.0.0/24", "fd01::/64"], &["10.2.0.0/24", "10.0.0.0/8", "10.2.0.0/25"]),
        connection(&["fd01::/64"], &["fd02::/64"]),
        connection(&["fd01::/64"], &["fd02::/64"]),
    ];
    connections[0].admin_state_up = false;
    let document = RouterDocument { connections, gateway: None, ..document() };
    let rules = rules(&document, DataPlane::Userspace);
    let fence: Vec<_> = rules.lines().map(str::trim).filter(|rule| rule.starts_with("oifname")).collect();
    assert_eq!(
        fence,
        [
            r#"oifname "qg-*" ip saddr { 10.1.0.0/24 } ip daddr { 10.0.0.0/8 } drop"#,
            r#"oifname "qg-*" ip saddr { 10.0.0.0/8 } ip daddr { 10.1.0.0/24 } drop"#,
            r#"oifname "qg-*" ip6 saddr { fd01::/64 } ip6 daddr { fd02::/64 } drop"#,
            r#"oifname "qg-*" ip6 saddr { fd02::/64 } ip6 daddr { fd01::/64 } drop"#,
        ]
        .repeat(2),
        "in `forward` and in `output`; a connection that is switched off is fenced too"
    );
}

#[test]
fn what_the_same_networks_reach_is_one_rule_however_many_connections_there_are() {
    let other_mtu = ConnectionSpec { mtu: 1200, ..connection(&["10.1.0.0/24"], &["10.9.0.0/24"]) };
    let connections = vec![
        connection(&["10.1.0.0/24"], &["10.2.0.0/24"]),
        connection(&["10.1.0.0/24"], &["10.4.0.0/24", "fd02::/64"]),
        connection(&["10.1.0.0/24"], &["10.2.0.128/25"]),
        connection(&["10.3.0.0/24"], &["10.2.0.0/24"]),
        other_mtu,
    ];
    let document = RouterDocument { connections, gateway: None, ..document() };
    let rules = rules(&document, DataPlane::Userspace);
    let fence: BTreeSet<_> =
        rules.lines().map(str::trim).filter(|rule| rule.starts_with("oifname")).collect();
    assert_eq!(
        fence,
        BTreeSet::from([
            r#"oifname "qg-*" ip saddr { 10.1.0.0/24 } ip daddr { 10.2.0.0/24, 10.4.0.0/24 } drop"#,
            r#"oifname "qg-*" ip saddr { 10.2.0.0/24, 10.4.0.0/24 } ip daddr { 10.1.0.0/24 } drop"#,
            r#"oifname "qg-*" ip saddr { 10.1.0.0/24 } ip daddr { 10.9.0.0/24 } drop"#,
            r#"oifname "qg-*" ip saddr { 10.9.0.0/24 } ip daddr { 10.1.0.0/24 } drop"#,
            r#"oifname "qg-*" ip saddr { 10.3.0.0/24 } ip daddr { 10.2.0.0/24 } drop"#,
            r#"oifname "qg-*" ip saddr { 10.2.0.0/24 } ip daddr { 10.3.0.0/24 } drop"#,
        ]),
        "nothing is fenced that no connection joins"
    );
    let clamped: Vec<_> =
        rules.lines().filter(|rule| rule.contains("10.9.0.0/24") && rule.contains("maxseg")).collect();
    assert!(clamped.iter().all(|rule| rule.ends_with("1160")) && clamped.len() == 2, "{clamped:?}");
}

#[test]
fn what_nobody_knows_any_more_is_private_addresses_beyond_the_external_network() {
    let mut document = document();
    let fence = |document: &RouterDocument| {
        let table = firewall::table(document, &firewall::private(document), DataPlane::Userspace).to_string();
        let fence =
            table.lines().map(str::trim).filter(|rule| rule.starts_with("oifname") && rule.ends_with("drop"));
        // In `forward` and in `output`; and each the other way round as well.
        let fence: Vec<_> = fence.map(str::to_owned).collect();
        fence[..fence.len() / 2].iter().step_by(2).cloned().collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        fence(&document),
        r#"oifname "qg-*" ip saddr { 10.1.0.0/24 } ip daddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 } drop"#
    );
    document.interfaces[0].addresses.push("fd01::1/64".parse().unwrap());
    document.gateway.as_mut().unwrap().interface.addresses = vec!["192.168.64.5/18".parse().unwrap()];
    assert_eq!(
        fence(&document),
        "oifname \"qg-*\" ip saddr { 10.1.0.0/24 } ip daddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/18, \
         192.168.128.0/17 } drop\noifname \"qg-*\" ip6 saddr { fd01::/64 } ip6 daddr { fc00::/7 } drop"
    );
    document.interfaces.clear();
    assert_eq!(firewall::private(&document), BTreeSet::new());
}

#[test]
fn a_router_whose_node_goes_down_has_nothing_and_says_why() {
    let mut document = document();
    let floating_ip: FloatingIpId = "f0000000-0000-4000-8000-000000000001".parse().unwrap();
    document.floating_ips.push(FloatingIpSpec {
        id: floating_ip,
        address: "203.0.113.9".parse().unwrap(),
        fixed_ip: "10.1.0.9".parse().unwrap(),
    });
    let report = Applied::away(Arc::new(document.clone())).report(&VpnState::default());
    let connection = &document.connections[0];
    let said = [&report.connections[&connection.id], &report.services[&connection.service_id]];
    for said in said {
        let reason = said.reason.as_ref().unwrap();
        assert_eq!((said.status, reason.code), (Status::Down, ReasonCode::AgentOffline));
    }
    assert_eq!((report.error, report.wired_ports), (None, Vec::new()));
    assert_eq!(report.floating_ips[&floating_ip], FloatingIpStatus::Down);
    assert_eq!(report.observations[&connection.id].ike_sas, Vec::new());

    document.connections[0].admin_state_up = false;
    let report = Applied::away(Arc::new(document)).report(&VpnState::default());
    let said = report.connections.into_values().next().unwrap();
    assert_eq!(said.reason.unwrap().code, ReasonCode::AdminDown, "twin: what is off anyway");
}

#[test]
fn a_router_that_is_switched_off_has_no_sas() {
    let mut document = document();
    document.admin_state_up = false;
    let at = Timestamp::UNIX_EPOCH;
    let applied = |off_since| Applied {
        document: Arc::new(document.clone()),
        error: None,
        wired_ports: Vec::new(),
        vpn_error: None,
        vpn: None,
        off_since,
    };
    let nothing = Observation { observed_at: at, ike_sas: Vec::new() };
    let report = applied(Some(at)).report(&VpnState::default());
    assert_eq!(report.observations, BTreeMap::from([(CONNECTION.parse().unwrap(), nothing)]));
    let twin = applied(None).report(&VpnState::default());
    assert_eq!(twin.observations, BTreeMap::new(), "what is not known is not told");
}

#[test]
fn a_new_router_is_fenced_before_it_is_plugged() {
    let observed = Observed {
        node: BTreeMap::from([link(2, "ext0", LinkKind::Other, None)]),
        sysctls: Sysctls::from([(String::from("net/ipv4/ip_forward"), String::from("1"))]),
        ..Observed::default()
    };
    insta::assert_snapshot!(steps(&plan(&document(), &observed, false)), @r#"
    SetSysctls({"net/ipv4/ip_forward": "1"})
    ReplaceFirewall(Table { name: "adit", chains: [] })
    DeleteStaleConnections(Translations { own: {203.0.113.5}, inside: {} })
    SwitchOn { interface: "lo" }
    JoinNetwork(Segment { bridge: "brq-b9000000-22", uplink: Some(Device("ext0")) })
    Plug(Plug { interface: "qg-a9000000-11", tap: "tapa9000000-11", bridge: "brq-b9000000-22", mac: fa:16:3e:00:00:09, mtu: 1500 })
    SetAddresses { interface: "qg-a9000000-11", addresses: {203.0.113.5/24}, announce: None }
    SwitchOn { interface: "qg-a9000000-11" }
    JoinNetwork(Segment { bridge: "brq-b1000000-22", uplink: None })
    Plug(Plug { interface: "qr-a1000000-11", tap: "tapa1000000-11", bridge: "brq-b1000000-22", mac: fa:16:3e:00:00:01, mtu: 1450 })
    SetAddresses { interface: "qr-a1000000-11", addresses: {10.1.0.1/24}, announce: None }
    SwitchOn { interface: "qr-a1000000-11" }
    SetRoute(Route { destination: 0.0.0.0/0, gateways: {203.0.113.1} })
    "#);
}

#[test]
fn a_router_that_matches_needs_nothing() {
    let document = document();
    assert_eq!(plan(&document, &in_place(&document), true), Plan::default());
}

#[test]
fn each_difference_is_mended_alone() {
    let (a1, a9) = ("qr-a1000000-11", "tapa9000000-11");
    type Break = fn(&mut RouterDocument, &mut Observed);
    let cases: [(&str, Break); 10] = [
        ("address", |_, observed| {
            observed.addresses.get_mut("qr-a1000000-11").unwrap().insert("10.1.0.7/24".parse().unwrap());
        }),
        ("mac", |_, observed| observed.links.get_mut("qr-a1000000-11").unwrap().mac = None),
        ("mtu", |document, _| document.interfaces[0].mtu = 1400),
        ("down", |_, observed| observed.links.get_mut("qr-a1000000-11").unwrap().up = false),
        ("tap down", |_, observed| observed.node.get_mut("tapa9000000-11").unwrap().up = false),
        ("no tap", |_, observed| drop(observed.node.remove("tapa9000000-11"))),
        ("uplink free", |_, observed| observed.node.get_mut("ext0").unwrap().master = None),
        ("interface down", |document, _| document.interfaces[0].admin_state_up = false),
        ("gateway gone", |document, _| document.gateway = None),
        ("extra route", |document, _| {
            for nexthop in ["10.1.0.8", "10.1.0.9"] {
                let destination = "10.9.0.0/16".parse().unwrap();
                let nexthop = nexthop.parse().unwrap();
                document.routes.push(adit_model::router::Route { destination, nexthop });
            }
        }),
    ];
    let mut shown = String::new();
    for (name, broken) in cases {
        let mut document = document();
        let mut observed = in_place(&document);
        assert!(observed.links.contains_key(a1) && observed.node.contains_key(a9));
        broken(&mut document, &mut observed);
        shown = format!("{shown}{name}:\n{}", steps(&plan(&document, &observed, true)));
    }
    insta::assert_snapshot!(shown, @r#"
    address:
    SetAddresses { interface: "qr-a1000000-11", addresses: {10.1.0.1/24}, announce: Some(fa:16:3e:00:00:01) }
    mac:
    SetMac { interface: "qr-a1000000-11", mac: fa:16:3e:00:00:01 }
    mtu:
    SetMtu { interface: "qr-a1000000-11", tap: "tapa1000000-11", mtu: 1400 }
    down:
    SwitchOn { interface: "qr-a1000000-11" }
    tap down:
    Replug { tap: "tapa9000000-11", bridge: "brq-b9000000-22" }
    no tap:
    Plug(Plug { interface: "qg-a9000000-11", tap: "tapa9000000-11", bridge: "brq-b9000000-22", mac: fa:16:3e:00:00:09, mtu: 1500 })
    uplink free:
    JoinNetwork(Segment { bridge: "brq-b9000000-22", uplink: Some(Device("ext0")) })
    interface down:
    Unplug { interface: "qr-a1000000-11" }
    gateway gone:
    Unplug { interface: "qg-a9000000-11" }
    DeleteRoute(0.0.0.0/0)
    extra route:
    SetRoute(Route { destination: 10.9.0.0/16, gateways: {10.1.0.8, 10.1.0.9} })
    "#);
}

#[test]
fn what_this_node_cannot_do_is_named_and_the_rest_done() {
    let mut document = document();
    document.gateway.as_mut().unwrap().interface.physical.as_mut().unwrap().name = String::from("other");
    let observed = Observed::default();
    let plan = plan(&document, &observed, true);
    let blocked: Vec<_> = plan.blocked.values().map(ToString::to_string).collect();
    assert_eq!(
        blocked,
        ["router-not-ready: physical network `other` is not mapped to an interface: add it to \
          `physical_networks` in the agent's configuration"]
    );
    assert!(
        plan.steps.iter().any(|step| matches!(step, Step::Plug(plug) if plug.interface == "qr-a1000000-11"))
    );
    assert!(
        !plan.steps.iter().any(|step| matches!(step, Step::SetRoute(_))),
        "no route by a gateway that is not there"
    );
}

fn report(
    document: RouterDocument,
    error: Option<Reason>,
    vpn_error: Option<Reason>,
    state: &VpnState,
) -> RouterReport {
    let wired_ports: Vec<PortId> = document.interfaces.iter().map(|interface| interface.port_id).collect();
    Applied { document: Arc::new(document), error, wired_ports, vpn_error, vpn: None, off_since: None }
        .report(state)
}

#[test]
fn a_report_has_a_reason_for_all_that_is_not_active() {
    let active = StatusReport { status: Status::Active, reason: None };
    let running = VpnState {
        daemon_running: true,
        connections: BTreeMap::from([(CONNECTION.parse().unwrap(), active.clone())]),
        observations: BTreeMap::new(),
        outdated: BTreeSet::from([CONNECTION.parse().unwrap()]),
    };
    let error = || Some(Reason::new(ReasonCode::RouterNotReady, "broken"));
    let vpn_error = || Some(Reason::new(ReasonCode::UnsupportedByGateway, "no"));
    let off = |edit: fn(&mut RouterDocument)| {
        let mut document = document();
        edit(&mut document);
        document
    };
    for (name, report, service, connection) in [
        ("all is well", report(document(), None, None, &running), "", ""),
        (
            "daemon down",
            report(document(), None, None, &VpnState::default()),
            "daemon-down: the IKE daemon is not running",
            "daemon-down: the IKE daemon is not running",
        ),
        (
            "router broken",
            report(document(), error(), None, &VpnState::default()),
            "router-not-ready: broken",
            "router-not-ready: broken",
        ),
        (
            "daemon refuses",
            report(document(), None, vpn_error(), &VpnState::default()),
            "unsupported-by-gateway: no",
            "unsupported-by-gateway: no",
        ),
        (
            "no connections",
            report(off(|document| document.connections.clear()), None, None, &VpnState::default()),
            "no-connections: the VPN service has no site connections",
            "-",
        ),
        (
            "connection off",
            report(off(|document| document.connections[0].admin_state_up = false), None, None, &running),
            "",
            "admin-down: the site connection or its VPN service is switched off",
        ),
        (
            "service off",
            report(
                off(|document| document.services[0].admin_state_up = false),
                None,
                None,
                &VpnState::default(),
            ),
            "admin-down: the VPN service is switched off",
            "daemon-down: the IKE daemon is not running",
        ),
        (
            "router off",
            report(off(|document| document.admin_state_up = false), None, None, &VpnState::default()),
            "admin-down: the router is switched off",
            "admin-down: the router is switched off",
        ),
    ] {
        let shown = |status: Option<&StatusReport>| match status {
            None => String::from("-"),
            Some(status) if *status == active => String::new(),
            Some(status) => status.reason.as_ref().unwrap().to_string(),
        };
        assert_eq!(report.observed_generation, 3, "{name}");
        assert_eq!(shown(report.services.values().next()), service, "{name}");
        assert_eq!(shown(report.connections.values().next()), connection, "{name}");
        let remaining = report.remaining.unwrap();
        let failure = remaining.failure.map(|reason| reason.code);
        assert_eq!(failure, (name == "daemon refuses").then_some(ReasonCode::UnsupportedByGateway), "{name}");
        let has_daemon = name == "all is well" || name == "connection off";
        assert_eq!(remaining.outdated.len(), usize::from(has_daemon), "{name}");
    }
}

#[tokio::test]
async fn nft_takes_every_table() {
    if let Err(reason) = adit_linux::privilege::check() {
        eprintln!("SKIPPED: {reason}");
        return;
    }
    struct Cleanup(String);
    impl Drop for Cleanup {
        fn drop(&mut self) {
            adit_linux::Namespace::delete(&self.0).unwrap();
        }
    }
    let name = Cleanup(format!("adit-test-tables-{}", std::process::id()));
    let namespace = adit_linux::Namespace::create(&name.0).unwrap();
    let mut document = document();
    document.gateway.as_mut().unwrap().interface.addresses.push("203.0.113.6/24".parse().unwrap());
    document.floating_ips = floating_ip::two();
    document.connections.extend([
        connection(&["10.1.0.0/24"], &["0.0.0.0/0"]),
        connection(&["fd01::/64", "fd03::/64"], &["::/0"]),
        connection(&["10.1.0.0/24", "10.3.0.0/24"], &["10.4.0.0/24", "10.5.0.0/16", "10.6.0.1/32"]),
    ]);
    for data_plane in [DataPlane::Kernel, DataPlane::Userspace] {
        let protected = firewall::protected(&document.connections);
        firewall::table(&document, &protected, data_plane).apply(&namespace, "mark").await.unwrap();
    }
}
