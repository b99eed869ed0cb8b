use adit_ike::FingerprintKey;
use adit_model::Psk;
use adit_model::algorithm::IkeVersion;

use super::*;
use crate::vpn::examples::{child_sa, connection, connection_with, id, ike_sa};

#[test]
fn a_plan_loads_what_is_new_changed_or_unknown_and_unloads_what_is_not_wanted() {
    let key = FingerprintKey::random();
    let fingerprint = |number, psk: &str, peer_id: &str| {
        connection_with(number, IkeVersion::V2, |spec| {
            spec.psk = Psk::new(psk);
            spec.peer_id = peer_id.to_owned();
        })
        .fingerprint(&key)
    };
    let known = |number| Observed::Known(fingerprint(number, "key", "peer"));
    let loaded = BTreeMap::from([
        (id(1).to_string(), known(1)),
        (id(2).to_string(), known(2)),
        (id(3).to_string(), known(3)),
        (id(4).to_string(), Observed::Unknown),
        (id(5).to_string(), known(5)),
        ("stranger".to_owned(), Observed::Unknown),
    ]);
    let wanted = BTreeMap::from([
        (id(1), fingerprint(1, "key", "peer")),
        (id(2), fingerprint(2, "new key", "peer")),
        (id(3), fingerprint(3, "key", "new peer")),
        (id(4), fingerprint(4, "key", "peer")),
        (id(6), fingerprint(6, "key", "peer")),
    ]);
    assert_eq!(
        Plan::new(&loaded, &wanted),
        Plan {
            unload: vec![id(5).to_string(), "stranger".to_owned()],
            load: vec![id(2), id(3), id(4), id(6)],
            renegotiate: vec![id(3)],
            retry: vec![id(2)],
        }
    );
    let after: BTreeMap<_, _> =
        wanted.iter().map(|(id, it)| (id.to_string(), Observed::Known(*it))).collect();
    assert_eq!(Plan::new(&after, &wanted), Plan::default(), "applying twice changes nothing");
}

#[test]
fn only_what_is_neither_up_nor_on_its_way_is_asked_for() {
    let connection = connection(1, IkeVersion::V1);
    let child = connection.children()[0].name.clone();
    let with = |ike, child_state| {
        let mut sa = ike_sa(&connection, 1, ike);
        sa.children = vec![child_sa(&connection, 1, child_state)];
        sa
    };
    for (sas, want) in [
        (vec![], vec![child.clone()]),
        (vec![ike_sa(&connection, 1, IkeState::Connecting)], vec![]),
        (vec![ike_sa(&connection, 1, IkeState::Established)], vec![child.clone()]),
        (vec![ike_sa(&connection, 1, IkeState::Closing)], vec![child.clone()]),
        (vec![with(IkeState::Established, ChildState::Installed)], vec![]),
        (vec![with(IkeState::Established, ChildState::Connecting)], vec![]),
        (vec![with(IkeState::Established, ChildState::Replaced)], vec![child.clone()]),
        (vec![with(IkeState::Closing, ChildState::Installed)], vec![child.clone()]),
    ] {
        assert_eq!(missing(&connection, &sas), want, "{sas:?}");
    }
}

#[test]
fn both_ends_keep_the_same_one_of_two_tunnels() {
    let connection = connection(1, IkeVersion::V2);
    let tunnel = |number, initiator_spi| {
        let mut sa = ike_sa(&connection, number, IkeState::Established);
        sa.initiator_spi = initiator_spi;
        sa.children = vec![child_sa(&connection, number, ChildState::Installed)];
        sa
    };
    let (low, high) = (tunnel(7, 100), tunnel(8, 200));
    assert_eq!(superfluous(&connection, &[low.clone(), high.clone()]), [Terminate::Ike(8)]);
    assert_eq!(superfluous(&connection, &[high.clone(), low.clone()]), [Terminate::Ike(8)]);
    assert_eq!(superfluous(&connection, std::slice::from_ref(&high)), []);

    let mut twice = low.clone();
    twice.children.push(ChildSa { id: 9, spi_in: 3, ..twice.children[0].clone() });
    assert_eq!(superfluous(&connection, &[twice]), [Terminate::Child(7)], "the lowest SPI stays");

    let mut replaced = low;
    replaced.state = IkeState::Replaced;
    assert_eq!(superfluous(&connection, &[replaced, high]), [], "a rekeying of the IKE SA is no duplicate");
}

#[test]
fn an_attempt_without_an_answer_is_spare_once_the_tunnel_is_up() {
    let connection = connection(1, IkeVersion::V2);
    let mut attempt = ike_sa(&connection, 1, IkeState::Connecting);
    attempt.responder_spi = 0;
    assert_eq!(superfluous(&connection, std::slice::from_ref(&attempt)), []);

    let mut tunnel = ike_sa(&connection, 2, IkeState::Established);
    tunnel.children = vec![child_sa(&connection, 2, ChildState::Installed)];
    assert_eq!(superfluous(&connection, &[attempt.clone(), tunnel.clone()]), [Terminate::HalfOpen(1)]);
    attempt.responder_spi = 5;
    assert_eq!(superfluous(&connection, &[attempt, tunnel]), [], "the peer may have it as a tunnel already");
}

#[test]
fn what_belongs_to_no_connection_is_closed_and_what_has_no_name_yet_is_not() {
    let connection = connection(1, IkeVersion::V2);
    let mut nameless = ike_sa(&connection, 3, IkeState::Connecting);
    nameless.name = None;
    let sas = [
        ike_sa(&connection, 1, IkeState::Established),
        ike_sa(&connection, 2, IkeState::Connecting),
        nameless,
    ];
    assert_eq!(strange(&sas, &BTreeSet::from([connection.name()])), []);
    assert_eq!(strange(&sas, &BTreeSet::new()), [Terminate::Ike(1), Terminate::HalfOpen(2)]);
}

#[test]
fn attempts_are_given_up_but_no_tunnels() {
    let connection = connection(1, IkeVersion::V1);
    let sas = [ike_sa(&connection, 1, IkeState::Established), ike_sa(&connection, 2, IkeState::Connecting)];
    assert_eq!(give_up(&sas, &connection.name()), [Terminate::HalfOpen(2)]);
    assert_eq!(give_up(&sas, "another"), []);
}

#[test]
fn of_quick_modes_that_crossed_the_replaced_one_is_closed_but_a_rekeyed_one_is_left_to_charon() {
    let connection = connection(1, IkeVersion::V1);
    let mut sa = ike_sa(&connection, 1, IkeState::Established);
    sa.children =
        vec![child_sa(&connection, 1, ChildState::Replaced), child_sa(&connection, 2, ChildState::Installed)];
    for (age_secs, want) in
        [(100, vec![Terminate::Child(1)]), (103, vec![Terminate::Child(1)]), (154, vec![])]
    {
        sa.children[0].age_secs = age_secs;
        assert_eq!(superfluous(&connection, std::slice::from_ref(&sa)), want, "{age_secs} s beside 100 s");
    }
}
