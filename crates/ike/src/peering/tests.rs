use adit_model::Psk;
use adit_model::algorithm::{DhGroup, IkeVersion, LifetimeSecs, NegotiationMode};
use adit_model::router_document::ConnectionSpec;

use super::*;
use crate::connection::Backend;
use crate::connection::tests::{PEER, spec};

fn connection(number: u32, change: impl FnOnce(&mut ConnectionSpec)) -> Connection {
    let mut spec = spec(IkeVersion::V2);
    spec.id = id(number);
    change(&mut spec);
    Connection::new(&spec, PEER, Backend::Kernel).unwrap()
}

fn id(number: u32) -> SiteConnectionId {
    format!("00000000-0000-0000-0000-{number:012}").parse().unwrap()
}

#[test]
fn connections_that_the_peer_cannot_tell_apart_share_a_peering() {
    for (what, change, peerings) in [
        ("the key", (|spec| spec.psk = Psk::new("hunter3")) as fn(&mut ConnectionSpec), 1),
        ("networks", |spec| spec.peer_networks = vec!["10.3.0.0/24".parse().unwrap()], 1),
        ("the IPsec policy", |spec| spec.ipsec.pfs_group = DhGroup::Group14, 1),
        ("DPD", |spec| spec.dpd.interval = 5, 1),
        ("the IKE lifetime", |spec| spec.ike.lifetime = LifetimeSecs::try_from(600).unwrap(), 1),
        ("the IKE group", |spec| spec.ike.dh_group = DhGroup::Group14, 2),
        ("the IKE version", |spec| spec.ike.version = IkeVersion::V1, 2),
        ("our identity", |spec| spec.local_id = "left.example".to_owned(), 2),
        ("the peer's identity", |spec| spec.peer_id = "left.example".to_owned(), 2),
        ("our address", |spec| spec.local_address = Some("192.0.2.3".parse().unwrap()), 2),
    ] {
        let (one, other) = (connection(1, |_| ()), connection(2, change));
        let groups = Peering::group([&one, &other]);
        assert_eq!(groups.len(), peerings, "{what} differs");
        let members: Vec<_> = groups.iter().flat_map(|peering| peering.members().to_vec()).collect();
        assert_eq!(members.len(), 2, "{what} differs");
    }
}

#[test]
fn main_and_aggressive_mode_are_two_peerings_in_ikev1_and_none_of_ikev2s_business() {
    for (version, peerings) in [(IkeVersion::V1, 2), (IkeVersion::V2, 1)] {
        let of = |number, mode| {
            connection(number, |spec| (spec.ike.version, spec.ike.negotiation_mode) = (version, mode))
        };
        let groups = Peering::group([&of(1, NegotiationMode::Main), &of(2, NegotiationMode::Aggressive)]);
        assert_eq!(groups.len(), peerings, "{version}");
    }
}

#[test]
fn the_name_stays_whatever_children_come_and_go() {
    let name = |connections: &[&Connection]| {
        let groups = Peering::group(connections.iter().copied());
        assert_eq!(groups.len(), 1);
        groups[0].name().to_owned()
    };
    let (one, other) = (connection(1, |_| ()), connection(2, |spec| spec.ipsec.pfs_group = DhGroup::Group14));
    let alone = name(&[&one]);
    assert_eq!(name(&[&one, &other]), alone);
    assert_eq!(name(&[&other]), alone);
    assert_eq!(alone.len(), PREFIX.len() + 16);
    let quicker = connection(2, |spec| spec.dpd.interval = 5);
    assert_ne!(name(&[&one, &quicker]), alone, "an IKE SA that asks less often is another one");
}

#[test]
fn one_ike_sa_serves_the_one_that_asks_for_most() {
    let dpd = |action, interval, timeout| Dpd { action, interval, timeout };
    let group = |terms: &[(u32, Dpd)]| {
        let connections: Vec<Connection> = terms
            .iter()
            .zip(1..)
            .map(|((lifetime, dpd), number)| {
                connection(number, |spec| {
                    spec.ike.lifetime = LifetimeSecs::try_from(*lifetime).unwrap();
                    spec.dpd = *dpd;
                })
            })
            .collect();
        let message = Peering::group(&connections)[0].load_conn();
        let (_, message) = message.sections().next().unwrap();
        let number = |key| message.number::<u32>(key).unwrap();
        (number("rekey_time"), number("dpd_delay"), number("dpd_timeout"))
    };
    let none = dpd(DpdAction::Disabled, 1, 2);
    for (terms, want) in [
        (vec![(3600, dpd(DpdAction::Hold, 30, 120))], (3240, 30, 120)),
        (vec![(3600, none)], (3240, 0, 0)),
        (vec![(3600, none), (60, dpd(DpdAction::Restart, 30, 120))], (54, 30, 120)),
        (
            vec![(3600, dpd(DpdAction::Clear, 10, 120)), (7200, dpd(DpdAction::RestartByPeer, 30, 60))],
            (3240, 10, 60),
        ),
    ] {
        assert_eq!(group(&terms), want);
    }
}

#[test]
fn all_children_of_all_connections_are_loaded_at_once() {
    let (one, other) = (
        connection(1, |_| ()),
        connection(2, |spec| spec.local_networks = vec!["10.9.0.0/24".parse().unwrap()]),
    );
    let message = Peering::group([&one, &other])[0].load_conn();
    let (_, peering) = message.sections().next().unwrap();
    let children: Vec<_> = peering.section("children").unwrap().sections().map(|(name, _)| name).collect();
    assert_eq!(children, [&one.children()[0].name, &other.children()[0].name]);
}
