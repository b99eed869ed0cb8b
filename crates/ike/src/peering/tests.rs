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
fn the_dpd_timeout_makes_another_ike_sa_in_ikev1_and_is_nothing_to_ikev2() {
    for (version, timeouts) in [(IkeVersion::V1, [Some(120), Some(60)]), (IkeVersion::V2, [None, None])] {
        let of = |timeout| {
            let one = connection(1, |spec| (spec.ike.version, spec.dpd.timeout) = (version, timeout));
            Peering::group([&one]).remove(0)
        };
        let [long, short] = [of(120), of(60)];
        assert_eq!(long.name() == short.name(), version == IkeVersion::V2, "{version}");
        let told = [long, short].map(|it| it.message.number::<u32>("dpd_timeout"));
        assert_eq!(told, timeouts, "{version}");
    }
}

#[test]
fn more_than_charon_takes_at_once_is_left_out_from_the_last_on() {
    let networks = |count: u32| -> Vec<ipnet::IpNet> {
        (0..count)
            .map(|number| format!("10.{}.{}.0/24", number / 256, number % 256).parse().unwrap())
            .collect()
    };
    let of = |number, version, pairs| {
        connection(number, |spec| {
            spec.ike.version = version;
            spec.local_networks = networks(pairs);
            spec.peer_networks = vec!["172.16.0.0/16".parse().unwrap()];
        })
    };
    let most = u32::try_from(MOST_CHILDREN).unwrap();
    for (what, connections, left_out) in [
        ("one that fits", vec![of(1, IkeVersion::V1, most)], vec![]),
        ("one that does not", vec![of(1, IkeVersion::V1, most + 1)], vec![1]),
        ("one more", vec![of(7, IkeVersion::V1, most), of(1, IkeVersion::V1, 1)], vec![1]),
        (
            "one too large before one that fits",
            vec![of(2, IkeVersion::V1, most), of(3, IkeVersion::V1, most), of(4, IkeVersion::V2, 1)],
            vec![3],
        ),
        ("as many in one SA", vec![of(1, IkeVersion::V2, 10 * most)], vec![]),
        ("too many for one SA", vec![of(1, IkeVersion::V2, 50_000)], vec![1]),
    ] {
        let got = Peering::overfull(&connections);
        let ids: Vec<_> = got.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, left_out.into_iter().map(id).collect::<Vec<_>>(), "{what}");
        for peering in Peering::group(connections.iter().filter(|it| !ids.contains(&it.id()))) {
            assert!(peering.load_conn().encoded_len() <= LARGEST_MESSAGE, "{what}");
        }
    }
    let (_, reason) = Peering::overfull([&of(1, IkeVersion::V1, most + 1)]).remove(0);
    assert_eq!(
        reason.to_string(),
        "unsupported-by-gateway: its 521 pairs of networks, with those of the other connections to 192.0.2.2, are more than the IKE \
         daemon takes for one peer: join neighbouring networks to larger ones, or use IKEv2, which needs one SA for all \
         pairs of a connection"
    );
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
                    spec.ike.version = IkeVersion::V1;
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
