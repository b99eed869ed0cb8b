//! Floating IPs: rules, addresses, connections of before, and what is said of them.

use std::net::Ipv4Addr;
use std::sync::Arc;

use adit_linux::conntrack::Connection;
use adit_model::floating_ip::FloatingIpStatus;
use adit_model::router_document::FloatingIpSpec;
use adit_model::{PortId, RouterDocument};

use super::{document, in_place, plan, rules, steps};
use crate::config::DataPlane;
use crate::router::firewall;
use crate::router::status::Applied;
use crate::vpn::VpnState;

/// 203.0.113.50 for 10.1.0.2, 203.0.113.51 for 10.1.0.3.
pub(super) fn two() -> Vec<FloatingIpSpec> {
    let floating_ip = |last: u8| FloatingIpSpec {
        id: format!("f{last}000000-1111-4000-8000-000000000000").parse().unwrap(),
        address: Ipv4Addr::new(203, 0, 113, 48 + last),
        fixed_ip: Ipv4Addr::new(10, 1, 0, last),
    };
    vec![floating_ip(3), floating_ip(2)]
}

fn with_floating_ips() -> RouterDocument {
    RouterDocument { floating_ips: two(), ..document() }
}

/// The rules that translate, without those of chains before.
fn translating(document: &RouterDocument) -> String {
    let rules = rules(document, DataPlane::Userspace);
    let start = rules.find("  chain destination_nat {").unwrap();
    rules[start..]
        .lines()
        .map(str::trim)
        .filter(|line| line.contains("nat ip to"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_floating_ip_is_translated_both_ways_and_from_inside() {
    let mut document = with_floating_ips();
    insta::assert_snapshot!(translating(&document), @r#"
    dnat ip to ip daddr map { 203.0.113.50 : 10.1.0.2, 203.0.113.51 : 10.1.0.3 }
    dnat ip to ip daddr map { 203.0.113.50 : 10.1.0.2, 203.0.113.51 : 10.1.0.3 }
    oifname "qg-a9000000-11" snat ip to ip saddr map { 10.1.0.2 : 203.0.113.50, 10.1.0.3 : 203.0.113.51 }
    ct status dnat iifname != "qg-a9000000-11" snat ip to ip saddr map { 10.1.0.2 : 203.0.113.50, 10.1.0.3 : 203.0.113.51 }
    oifname "qg-a9000000-11" ip saddr != { 203.0.113.5 } snat ip to 203.0.113.5
    ct status dnat iifname != "qg-a9000000-11" snat ip to 203.0.113.5
    "#);
    document.gateway.as_mut().unwrap().enable_snat = false;
    insta::assert_snapshot!(translating(&document), @r#"
    dnat ip to ip daddr map { 203.0.113.50 : 10.1.0.2, 203.0.113.51 : 10.1.0.3 }
    dnat ip to ip daddr map { 203.0.113.50 : 10.1.0.2, 203.0.113.51 : 10.1.0.3 }
    oifname "qg-a9000000-11" snat ip to ip saddr map { 10.1.0.2 : 203.0.113.50, 10.1.0.3 : 203.0.113.51 }
    ct status dnat iifname != "qg-a9000000-11" snat ip to ip saddr map { 10.1.0.2 : 203.0.113.50, 10.1.0.3 : 203.0.113.51 }
    ct status dnat iifname != "qg-a9000000-11" snat ip to 203.0.113.5
    "#);
    document.gateway.as_mut().unwrap().interface.admin_state_up = false;
    assert_eq!(translating(&document), "", "without a gateway in use");
    let pairs = rules(&with_floating_ips(), DataPlane::Userspace);
    let (exempt, translated) = (pairs.rfind("accept\n    oifname"), pairs.find("snat ip to ip saddr map"));
    assert!(exempt < translated && exempt.is_some(), "what is for a tunnel is spared first: {pairs}");
}

#[test]
fn the_gateway_has_the_floating_ips_as_addresses() {
    let document = with_floating_ips();
    let observed = in_place(&super::document());
    insta::assert_snapshot!(steps(&plan(&document, &observed, true)), @r#"SetAddresses { interface: "qg-a9000000-11", addresses: {203.0.113.5/24, 203.0.113.50/32, 203.0.113.51/32}, announce: Some(fa:16:3e:00:00:09) }"#);
}

#[test]
fn a_connection_is_stale_that_would_be_translated_otherwise_now() {
    let translations = firewall::Translations::of(&with_floating_ips());
    let (out, host, other) = ("198.51.100.7", "10.1.0.2", "10.1.0.9");
    for (source, destination, translated_source, translated_destination, want) in [
        (out, "203.0.113.50", None, Some(host), false),
        (out, "203.0.113.50", None, Some(other), true),
        (out, "203.0.113.59", None, Some(host), true),
        (host, out, Some("203.0.113.50"), None, false),
        (other, out, Some("203.0.113.50"), None, true),
        // It goes on as it began, when a host gets a floating IP.
        (host, out, Some("203.0.113.5"), None, false),
        (host, out, Some("203.0.113.6"), None, true),
        (other, "203.0.113.50", Some("203.0.113.5"), Some(host), false),
        (other, "203.0.113.50", Some("203.0.113.6"), Some(host), true),
    ] {
        let connection = Connection {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
            translated_source: translated_source.map(|address: &str| address.parse().unwrap()),
            translated_destination: translated_destination.map(|address: &str| address.parse().unwrap()),
        };
        assert_eq!(translations.is_stale(&connection), want, "{connection:?}");
    }
}

#[test]
fn a_floating_ip_is_what_its_gateway_is() {
    let gateway = document().gateway.unwrap().interface.port_id;
    type Edit = fn(&mut RouterDocument);
    let cases: [(&str, Vec<PortId>, Edit, FloatingIpStatus); 4] = [
        ("in place", vec![gateway], |_| {}, FloatingIpStatus::Active),
        ("not wired", vec![], |_| {}, FloatingIpStatus::Error),
        ("router off", vec![], |document| document.admin_state_up = false, FloatingIpStatus::Down),
        (
            "gateway off",
            vec![],
            |document| document.gateway.as_mut().unwrap().interface.admin_state_up = false,
            FloatingIpStatus::Down,
        ),
    ];
    for (name, wired_ports, edit, want) in cases {
        let mut document = with_floating_ips();
        edit(&mut document);
        let applied = Applied {
            document: Arc::new(document),
            error: None,
            wired_ports,
            vpn_error: None,
            vpn: None,
            off_since: None,
        };
        let report = applied.report(&VpnState::default());
        let statuses: Vec<_> = report.floating_ips.values().copied().collect();
        assert_eq!(statuses, [want, want], "{name}");
    }
}
