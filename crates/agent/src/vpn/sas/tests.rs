use adit_model::algorithm::{DhGroup, EncryptionAlgorithm, IkeVersion};

use super::*;
use crate::vpn::examples::{child_sa, connection, connection_with, ike_sa, peering, tunnel};

#[test]
fn only_what_is_neither_up_nor_on_its_way_is_asked_for() {
    let connection = connection(1, IkeVersion::V1);
    let peering = peering(&[&connection]);
    let child = connection.children()[0].name.clone();
    let ike = |state| ike_sa(&connection, 1, state);
    let with = |state, child_state| {
        let mut ike = ike(state);
        ike.children = vec![child_sa(&connection, 1, child_state)];
        ike
    };
    let busy = || IkeSa { is_busy: true, ..ike(IkeState::Established) };
    let theirs = || IkeSa { initiator: false, ..ike(IkeState::Connecting) };
    let elsewhere =
        || IkeSa { name: Some("another".to_owned()), ..with(IkeState::Established, ChildState::Installed) };
    let (nowhere, here) = (BTreeSet::new(), BTreeSet::from([1]));
    for (sas, asked, is_asked_for) in [
        (vec![], &nowhere, true),
        (vec![ike(IkeState::Connecting)], &here, false),
        (vec![ike(IkeState::Connecting)], &nowhere, true),
        (vec![theirs()], &nowhere, false),
        (vec![ike(IkeState::Established)], &here, true),
        (vec![busy()], &here, false),
        (vec![busy()], &nowhere, true),
        (vec![ike(IkeState::Closing)], &here, true),
        (vec![with(IkeState::Established, ChildState::Installed)], &nowhere, false),
        (vec![with(IkeState::Established, ChildState::Connecting)], &nowhere, false),
        (vec![with(IkeState::Established, ChildState::Replaced)], &nowhere, true),
        (vec![with(IkeState::Closing, ChildState::Installed)], &nowhere, true),
        (vec![elsewhere()], &nowhere, true),
    ] {
        let text = format!("{sas:?}, asked in {asked:?}");
        let want = if is_asked_for { vec![child.clone()] } else { vec![] };
        assert_eq!(tunnel(&connection, &peering).missing(&Sas::new(sas), asked, true), want, "{text}");
    }
    let theirs = Sas::new(vec![theirs()]);
    let asked = tunnel(&connection, &peering).missing(&theirs, &nowhere, false);
    assert_eq!(asked, [child], "anybody can begin an attempt, so it is waited for once");
}

#[test]
fn old_sas_join_networks_but_settle_nothing() {
    let before = connection(1, IkeVersion::V2);
    let mut ike = ike_sa(&before, 1, IkeState::Established);
    ike.children = vec![child_sa(&before, 1, ChildState::Installed)];
    for (what, now, is_up, is_settled) in [
        ("nothing", connection(1, IkeVersion::V2), true, true),
        (
            "the IPsec policy",
            connection_with(1, IkeVersion::V2, |spec| spec.ipsec.encryption = EncryptionAlgorithm::Aes256),
            true,
            false,
        ),
        (
            "the IKE policy",
            connection_with(1, IkeVersion::V2, |spec| spec.ike.dh_group = DhGroup::Group14),
            true,
            false,
        ),
        ("the IKE version", connection(1, IkeVersion::V1), true, false),
        (
            "a network",
            connection_with(1, IkeVersion::V2, |spec| {
                spec.peer_networks = vec!["10.9.0.0/24".parse().unwrap()];
            }),
            false,
            false,
        ),
    ] {
        let (peering, sas) = (peering(&[&now]), Sas::new(vec![ike.clone()]));
        let tunnel = tunnel(&now, &peering);
        assert_eq!(tunnel.missing_pairs(&sas).is_empty(), is_up, "{what} changed");
        assert_eq!(tunnel.unsettled_pairs(&sas).is_empty(), is_settled, "{what} changed");
        assert_eq!(tunnel.old(&sas).count(), usize::from(!is_settled), "{what} changed");
        let late = Tunnel { is_grace_over: true, ..tunnel };
        assert_eq!(late.missing_pairs(&sas).is_empty(), is_settled, "{what} changed a while ago");
    }
}

#[test]
fn two_connections_that_want_the_very_same_are_served_by_one() {
    let (one, other) = (connection(1, IkeVersion::V2), connection(2, IkeVersion::V2));
    let peering = peering(&[&one, &other]);
    let mut ike = ike_sa(&one, 1, IkeState::Established);
    ike.children = vec![child_sa(&one, 1, ChildState::Installed)];
    let sas = Sas::new(vec![ike]);
    for connection in [&one, &other] {
        assert_eq!(tunnel(connection, &peering).missing(&sas, &BTreeSet::new(), true), Vec::<String>::new());
        assert_eq!(tunnel(connection, &peering).unsettled_pairs(&sas), BTreeSet::new());
    }
}

#[test]
fn no_more_are_asked_for_than_charon_can_list() {
    let connection = connection(1, IkeVersion::V2);
    let peering = peering(&[&connection]);
    let with = |number, count| {
        let mut ike = ike_sa(&connection, number, IkeState::Established);
        ike.children =
            (0..count).map(|number| child_sa(&connection, number, ChildState::Installed)).collect();
        ike
    };
    for (sas, room) in [
        (vec![], Peering::MOST_LISTED),
        (vec![with(1, 700), with(2, 20)], Peering::MOST_LISTED - 720),
        (vec![with(1, 900)], 0),
    ] {
        assert_eq!(Sas::new(sas).room_in(peering.name()), room);
    }
    assert_eq!(Sas::new(vec![with(1, 900)]).room_in("another"), Peering::MOST_LISTED);
}
