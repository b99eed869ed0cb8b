use adit_ike::{Connection, Peering};
use adit_model::algorithm::{EncryptionAlgorithm, IkeVersion};

use super::*;
use crate::vpn::examples::{child_sa, connection, connection_with, id, ike_sa, peering, tunnel};

fn close(sas: Vec<IkeSa>, wanted: &[&Connection]) -> Vec<Terminate> {
    close_with(sas, wanted, false, &[])
}

fn close_with(sas: Vec<IkeSa>, wanted: &[&Connection], is_grace_over: bool, held: &[u32]) -> Vec<Terminate> {
    let peerings = Peering::group(wanted.iter().copied());
    let of =
        |connection: &Connection| peerings.iter().find(|it| it.members().contains(&connection.id())).unwrap();
    let tunnels = wanted
        .iter()
        .map(|connection| (connection.id(), Tunnel { is_grace_over, ..tunnel(connection, of(connection)) }));
    superfluous(&Sas::new(sas), &tunnels.collect(), &held.iter().map(|number| id(*number)).collect()).now
}

/// An IKE SA with a CHILD_SA of each of the connections, which are numbered from `number` times 10.
fn up(connections: &[&Connection], number: u32) -> IkeSa {
    let mut ike = ike_sa(connections[0], number, IkeState::Established);
    let children = connections.iter().zip(number * 10..);
    ike.children =
        children.map(|(connection, number)| child_sa(connection, number, ChildState::Installed)).collect();
    ike
}

fn aged(ike: IkeSa, age_secs: u64) -> IkeSa {
    let children = ike.children.into_iter().map(|child| ChildSa { age_secs, ..child });
    IkeSa { children: children.collect(), ..ike }
}

fn stronger(number: u32) -> Connection {
    connection_with(number, IkeVersion::V2, |spec| spec.ipsec.encryption = EncryptionAlgorithm::Aes256)
}

/// With networks of its own.
fn second() -> Connection {
    connection_with(2, IkeVersion::V2, |spec| spec.peer_networks = vec!["10.3.0.0/24".parse().unwrap()])
}

#[test]
fn both_ends_keep_the_same_one_of_two_tunnels() {
    let connection = connection(1, IkeVersion::V2);
    let tunnel = |number, initiator_spi| IkeSa { initiator_spi, ..up(&[&connection], number) };
    let (low, high) = (tunnel(7, 100), tunnel(8, 200));
    assert_eq!(close(vec![low.clone(), high.clone()], &[&connection]), [Terminate::Ike(8)]);
    assert_eq!(close(vec![high.clone(), low.clone()], &[&connection]), [Terminate::Ike(8)]);
    assert_eq!(close(vec![high.clone()], &[&connection]), []);

    let mut twice = low.clone();
    twice.children.push(ChildSa { id: 9, spi_in: 3, ..twice.children[0].clone() });
    assert_eq!(close(vec![twice.clone()], &[&connection]), [Terminate::Child(70)], "the lowest SPI stays");
    twice.children[0].peer.push("10.3.0.0/24".parse().unwrap());
    assert_eq!(close(vec![twice], &[&connection]), [Terminate::Child(9)], "the one that joins more stays");

    let mut replaced = low;
    replaced.state = IkeState::Replaced;
    assert_eq!(close(vec![replaced, high], &[&connection]), [], "a rekeying of the IKE SA is no duplicate");
}

#[test]
fn what_the_other_end_has_replaced_is_left_to_it_for_a_while() {
    let connection = connection(1, IkeVersion::V2);
    let ages = |old, new| vec![aged(up(&[&connection], 1), old), aged(up(&[&connection], 2), new)];
    for (old, new, want) in [
        (2, 0, vec![]),
        (6, 4, vec![]),
        (7, 5, vec![Terminate::Ike(2)]),
        (8, 5, vec![]),
        (100, 9, vec![]),
        (100, 10, vec![Terminate::Ike(1)]),
    ] {
        assert_eq!(close(ages(old, new), &[&connection]), want, "{new} s beside {old} s");
    }
}

#[test]
fn of_two_ike_sas_the_spare_one_stays_for_what_runs_only_there() {
    let (one, other) = (connection(1, IkeVersion::V2), second());
    let both = vec![up(&[&one], 1), up(&[&one, &other], 2)];
    assert_eq!(close(both, &[&one, &other]), [Terminate::Child(20)]);
}

#[test]
fn an_attempt_without_an_answer_is_spare_once_the_tunnel_is_up() {
    let connection = connection(1, IkeVersion::V2);
    let mut attempt = ike_sa(&connection, 1, IkeState::Connecting);
    attempt.responder_spi = 0;
    assert_eq!(close(vec![attempt.clone()], &[&connection]), []);

    let tunnel = up(&[&connection], 2);
    assert_eq!(close(vec![attempt.clone(), tunnel.clone()], &[&connection]), [Terminate::HalfOpen(1)]);
    attempt.responder_spi = 5;
    assert_eq!(close(vec![attempt, tunnel], &[&connection]), [], "the peer may have it as a tunnel already");
}

#[test]
fn what_belongs_to_no_connection_is_closed_and_what_has_no_name_yet_is_not() {
    let connection = connection(1, IkeVersion::V2);
    let sas = || {
        vec![
            up(&[&connection], 1),
            ike_sa(&connection, 2, IkeState::Connecting),
            IkeSa { name: None, ..ike_sa(&connection, 3, IkeState::Connecting) },
        ]
    };
    assert_eq!(close(sas(), &[&connection]), []);
    assert_eq!(close(sas(), &[]), [Terminate::Ike(1), Terminate::HalfOpen(2)]);
    assert_eq!(close_with(sas(), &[], false, &[1]), [], "it is not known yet what is wanted of it");
    let other = [Terminate::Ike(1), Terminate::HalfOpen(2)];
    assert_eq!(
        close_with(sas(), &[], false, &[7]),
        other,
        "what is not known of another one is nothing to it"
    );
}

#[test]
fn a_connection_without_an_address_holds_its_own_sas_and_no_others() {
    let (one, gone) = (connection(1, IkeVersion::V2), second());
    let both = || up(&[&one, &gone], 1);
    assert_eq!(close_with(vec![both()], &[], false, &[1]), [Terminate::Child(11)]);
    let mut rekeyed = both();
    (rekeyed.id, rekeyed.state, rekeyed.children) = (3, IkeState::Replaced, vec![]);
    assert_eq!(close_with(vec![both(), rekeyed], &[], false, &[1, 2]), [], "it is about to hold them");
    let elsewhere = IkeSa { name: Some("another".to_owned()), ..up(&[&gone], 2) };
    assert_eq!(close_with(vec![up(&[&one], 1), elsewhere], &[], false, &[1]), [Terminate::Ike(2)]);
}

#[test]
fn what_serves_two_connections_goes_with_the_last_of_them() {
    let (owner, other) = (connection(1, IkeVersion::V2), connection(2, IkeVersion::V2));
    let sas = || vec![aged(up(&[&owner], 1), 100)];
    for (wanted, want) in [
        (vec![&owner, &other], vec![]),
        (vec![&other], vec![]),
        (vec![&owner], vec![]),
        (vec![&stronger(1), &other], vec![]),
        (vec![], vec![Terminate::Ike(1)]),
    ] {
        assert_eq!(close(sas(), &wanted), want, "{} of two", wanted.len());
        assert_eq!(close_with(sas(), &wanted, true, &[]), want, "{} of two, later", wanted.len());
    }
}

#[test]
fn of_ike_sas_in_which_nothing_runs_one_stays_at_most() {
    let connection = connection(1, IkeVersion::V2);
    let idle = |number, age_secs| IkeSa { age_secs, ..ike_sa(&connection, number, IkeState::Established) };
    let busy = |number| IkeSa { is_busy: true, ..idle(number, 100) };
    for (what, sas, want) in [
        ("the only one", vec![idle(1, 100)], vec![]),
        ("two", vec![idle(1, 100), idle(2, 100)], vec![Terminate::Ike(2)]),
        ("three", vec![idle(3, 100), idle(1, 100), idle(2, 100)], vec![Terminate::Ike(3), Terminate::Ike(2)]),
        ("a young one", vec![idle(1, 100), idle(2, 9)], vec![]),
        ("one that is about to be used", vec![idle(1, 100), busy(2)], vec![]),
        (
            "one beside one that carries packets",
            vec![idle(1, 100), up(&[&connection], 2)],
            vec![Terminate::Ike(1)],
        ),
    ] {
        assert_eq!(close(sas, &[&connection]), want, "{what}");
    }
}

#[test]
fn what_charon_has_just_emptied_is_left_to_it() {
    let connection = connection(1, IkeVersion::V1);
    let elsewhere = |ike: IkeSa| IkeSa { peer: Some("192.0.2.9".parse().unwrap()), ..ike };
    let empty = || ike_sa(&connection, 1, IkeState::Established);
    let next = |age_secs| IkeSa { age_secs, ..up(&[&connection], 2) };
    let of_before = || IkeSa { name: Some("of before".to_owned()), ..empty() };
    for (what, sas, want) in [
        ("just now", vec![empty(), next(0)], vec![]),
        ("a while ago", vec![empty(), next(11)], vec![]),
        ("charon has not done it", vec![empty(), next(12)], vec![Terminate::Ike(1)]),
        ("under another policy", vec![of_before(), next(11)], vec![]),
        ("under another policy, a while ago", vec![of_before(), next(12)], vec![Terminate::Ike(1)]),
        ("of another peer", vec![of_before(), elsewhere(next(0))], vec![Terminate::Ike(1)]),
        (
            "the next one is not up",
            vec![of_before(), ike_sa(&connection, 2, IkeState::Connecting)],
            vec![Terminate::Ike(1)],
        ),
        (
            "the next one is the one before",
            vec![IkeSa { age_secs: 1, ..of_before() }, next(5)],
            vec![Terminate::Ike(1)],
        ),
    ] {
        assert_eq!(close(sas, &[&connection]), want, "{what}");
    }
    let tunnels = |peering| [(connection.id(), tunnel(&connection, peering))].into();
    let peering = peering(&[&connection]);
    let waits = |ike, age_secs| {
        superfluous(&Sas::new(vec![ike, next(age_secs)]), &tunnels(&peering), &BTreeSet::new()).waiting
    };
    assert_eq!(waits(of_before(), 11), BTreeSet::from(["of before".to_owned()]), "it is looked at again");
    assert_eq!(waits(of_before(), 12), BTreeSet::new());
}

#[test]
fn a_connection_goes_alone_and_the_ike_sa_with_the_last_one() {
    let (one, other) = (connection(1, IkeVersion::V2), second());
    let sas = || vec![up(&[&one, &other], 1)];
    assert_eq!(close(sas(), &[&one, &other]), []);
    assert_eq!(close(sas(), &[&one]), [Terminate::Child(11)]);
    assert_eq!(close(sas(), &[&other]), [Terminate::Child(10)]);
    assert_eq!(close(sas(), &[]), [Terminate::Ike(1)]);
    assert_eq!(
        close(vec![up(&[&one], 1)], &[&other]),
        [Terminate::Ike(1)],
        "the other one has no part in it"
    );
    let mut coming = up(&[&one, &other], 1);
    coming.children[1].state = ChildState::Connecting;
    assert_eq!(close(vec![coming], &[&other]), [Terminate::Child(10)], "the other one is about to have");
}

#[test]
fn old_sas_stay_until_new_ones_have_settled_or_grace_is_over() {
    let (before, now, other) = (connection(1, IkeVersion::V2), stronger(1), second());
    let old = || aged(up(&[&before, &other], 1), 100);
    let with_new = |age_secs| {
        let mut ike = old();
        ike.children.push(ChildSa { age_secs, ..child_sa(&now, 12, ChildState::Installed) });
        ike
    };
    for (what, sas, is_grace_over, want) in [
        ("no new one", vec![old()], false, vec![]),
        ("no new one for too long", vec![old()], true, vec![Terminate::Child(10)]),
        ("a new one that the peer may not have yet", vec![with_new(1)], false, vec![]),
        ("a new one", vec![with_new(2)], false, vec![Terminate::Child(10)]),
    ] {
        assert_eq!(close_with(sas, &[&now, &other], is_grace_over, &[]), want, "{what}");
    }
}

#[test]
fn an_old_ike_sa_stays_as_long_as_one_of_its_connections_needs_it() {
    let (one, other) = (connection(1, IkeVersion::V2), second());
    // As an earlier version had it: another name, and other names of children.
    let mut old = aged(up(&[&one, &other], 1), 100);
    old.name = Some(id(1).to_string());
    for (child, number) in old.children.iter_mut().zip(1..) {
        child.name = format!("{}/all", id(number));
    }
    let wanted = [&one, &other];
    let with = |connections: &[&Connection]| vec![old.clone(), aged(up(connections, 2), 5)];
    assert_eq!(close(vec![old.clone()], &wanted), []);
    assert_eq!(close(with(&[&one]), &wanted), [Terminate::Child(10)]);
    assert_eq!(close(with(&[&one, &other]), &wanted), [Terminate::Ike(1)]);
    assert_eq!(close_with(vec![old.clone()], &wanted, true, &[]), [Terminate::Ike(1)]);
}

#[test]
fn networks_that_are_wanted_no_more_keep_no_old_sa() {
    let two_networks = |spec: &mut adit_model::router_document::ConnectionSpec| {
        spec.peer_networks.push("10.3.0.0/24".parse().unwrap());
    };
    let before = connection_with(1, IkeVersion::V1, two_networks);
    let now = connection(1, IkeVersion::V1);
    let mut ike = ike_sa(&before, 1, IkeState::Established);
    ike.children = before
        .children()
        .iter()
        .zip(1..)
        .map(|(child, number)| {
            let (local, peer) = child.pairs.first().copied().unwrap();
            ChildSa {
                name: child.name.clone(),
                local: vec![local],
                peer: vec![peer],
                ..child_sa(&before, number, ChildState::Installed)
            }
        })
        .collect();
    assert_eq!(close(vec![ike.clone()], &[&before]), []);
    assert_eq!(close(vec![ike], &[&now]), [Terminate::Child(2)]);
}

#[test]
fn networks_that_get_wider_or_narrower_keep_the_old_sa_until_there_is_a_new_one() {
    let with = |version, network: &str| {
        connection_with(1, version, |spec| spec.peer_networks = vec![network.parse().unwrap()])
    };
    for version in [IkeVersion::V1, IkeVersion::V2] {
        for (before, now) in [("10.2.0.0/24", "10.2.0.0/16"), ("10.2.0.0/16", "10.2.0.0/24")] {
            let (before, now) = (with(version, before), with(version, now));
            let old = up(&[&before], 1);
            assert_eq!(close(vec![old.clone()], &[&now]), [], "{version}");
            let mut both = old;
            both.children.push(child_sa(&now, 2, ChildState::Installed));
            assert_eq!(close(vec![both], &[&now]), [Terminate::Child(10)], "{version}");
        }
    }
}

#[test]
fn an_ike_sa_in_which_something_is_negotiated_does_not_go_with_its_last_child_sa() {
    let (gone, coming) = (connection(1, IkeVersion::V2), second());
    let idle = up(&[&gone], 1);
    assert_eq!(close(vec![idle.clone()], &[&coming]), [Terminate::Ike(1)]);
    let busy = IkeSa { is_busy: true, ..idle };
    assert_eq!(close(vec![busy], &[&coming]), [Terminate::Child(10)]);
}

/// An IKEv1 peer is authenticated anew by an IKE SA that has the CHILD_SAs before it is up.
#[test]
fn an_attempt_that_carries_packets_is_no_attempt() {
    let connection = connection(1, IkeVersion::V1);
    let anew = IkeSa { state: IkeState::Connecting, responder_spi: 0, ..up(&[&connection], 1) };
    let name = anew.name.clone().unwrap();
    assert!(anew.is_up());
    assert_eq!(give_up(&Sas::new(vec![anew.clone()]), &name), []);
    assert_eq!(close(vec![anew.clone()], &[&connection]), []);
    assert_eq!(close(vec![anew.clone(), up(&[&connection], 2)], &[&connection]), []);
    // It goes when it is up, if it is nobody's.
    assert_eq!(close(vec![anew.clone()], &[]), []);
    assert_eq!(close(vec![IkeSa { state: IkeState::Established, ..anew }], &[]), [Terminate::Ike(1)]);
}

#[test]
fn attempts_are_given_up_but_no_tunnels() {
    let connection = connection(1, IkeVersion::V1);
    let sas = vec![up(&[&connection], 1), ike_sa(&connection, 2, IkeState::Connecting)];
    let name = sas[0].name.clone().unwrap();
    let sas = Sas::new(sas);
    assert_eq!(give_up(&sas, &name), [Terminate::HalfOpen(2)]);
    assert_eq!(give_up(&sas, "another"), []);
}

#[test]
fn the_end_that_goes_first_gives_way_only_with_an_attempt_that_nobody_answered() {
    let first = connection(1, IkeVersion::V1);
    let last =
        connection_with(1, IkeVersion::V1, |spec| spec.local_address = Some("192.0.2.9".parse().unwrap()));
    for (connection, responder_spi, initiator, state, gives_way) in [
        (&first, 0, true, IkeState::Connecting, true),
        (&first, 1, true, IkeState::Connecting, false),
        (&last, 0, true, IkeState::Connecting, true),
        (&last, 1, true, IkeState::Connecting, true),
        (&last, 1, false, IkeState::Connecting, false),
        (&last, 1, true, IkeState::Established, false),
    ] {
        let sas = Sas::new(vec![IkeSa { responder_spi, initiator, ..ike_sa(connection, 2, state) }]);
        let peering = peering(&[connection]);
        let want: Vec<_> = gives_way.then_some(Terminate::HalfOpen(2)).into_iter().collect();
        let what = (connection.goes_first(), responder_spi, initiator, state);
        assert_eq!(give_way(&sas, tunnel(connection, &peering)), want, "{what:?}");
    }
}

#[test]
fn what_was_replaced_is_left_to_charon_however_young_it_is() {
    for version in [IkeVersion::V1, IkeVersion::V2] {
        let connection = connection(1, version);
        for age_secs in [100, 103, 154] {
            let mut ike = ike_sa(&connection, 1, IkeState::Established);
            ike.children = vec![
                child_sa(&connection, 1, ChildState::Replaced),
                child_sa(&connection, 2, ChildState::Installed),
            ];
            ike.children[0].age_secs = age_secs;
            assert_eq!(close(vec![ike], &[&connection]), [], "{version}: {age_secs} s beside 100 s");
        }
    }
}

#[test]
fn what_the_other_end_may_not_have_yet_is_not_closed() {
    let (one, gone) = (connection(1, IkeVersion::V2), second());
    for (age_secs, want) in [(1, vec![]), (2, vec![Terminate::Child(11)])] {
        let sas = Sas::new(vec![aged(up(&[&one, &gone], 1), age_secs)]);
        let peering = peering(&[&one]);
        let closing = superfluous(&sas, &[(one.id(), tunnel(&one, &peering))].into(), &BTreeSet::new());
        let waiting = want.is_empty().then(|| peering.name().to_owned()).into_iter().collect();
        assert_eq!(closing, Closing { waiting, now: want }, "{age_secs} s");
    }
    assert_eq!(close(vec![aged(up(&[&gone], 1), 0)], &[&one]), [Terminate::Ike(1)]);
}

#[test]
fn one_for_each_pair_of_networks_is_no_duplicate() {
    let connection = connection_with(1, IkeVersion::V2, |spec| {
        spec.peer_networks = vec!["10.2.0.0/24".parse().unwrap(), "10.3.0.0/24".parse().unwrap()];
    });
    let mut ike = up(&[&connection], 1);
    let joining = |number, networks: &[&str], age_secs| ChildSa {
        peer: networks.iter().map(|network| network.parse().unwrap()).collect(),
        age_secs,
        ..child_sa(&connection, number, ChildState::Installed)
    };
    let (one, other) = ("10.2.0.0/24", "10.3.0.0/24");
    for (what, children, want) in [
        ("one each", vec![joining(1, &[one], 100), joining(2, &[other], 7)], vec![]),
        (
            "one twice",
            vec![joining(1, &[one], 100), joining(2, &[other], 100), joining(3, &[one], 101)],
            vec![3],
        ),
        (
            "one twice, later",
            vec![joining(1, &[one], 100), joining(2, &[other], 7), joining(3, &[one], 50)],
            vec![1],
        ),
        ("all beside one", vec![joining(1, &[one], 100), joining(2, &[one, other], 101)], vec![1]),
        ("one after all", vec![joining(1, &[one, other], 100), joining(2, &[one], 50)], vec![]),
    ] {
        ike.children = children;
        let want: Vec<_> = want.into_iter().map(Terminate::Child).collect();
        assert_eq!(close(vec![ike.clone()], &[&connection]), want, "{what}");
    }
}
