//! What happens to an IKE SA when the connections that share one, or the ends that make one, do not agree.

use adit_model::algorithm::IkeVersion;
use adit_model::router_document::ConnectionSpec;
use adit_model::site_connection::Initiator;
use adit_model::{Psk, ReasonCode, Status};

use crate::sites::{self, Site, code, is_active, pair};

/// 192.0.2.2 in a spelling that is a name to us, and no name server is asked for.
const RIGHT: &str = "3221225986";

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_deleted_goes_although_another_ones_peer_has_no_address() {
    let Some((mut left, right)) = pair(2) else { return };
    let (left_spec, right_spec) = sites::specs(IkeVersion::V2, 1);
    let nowhere = unresolved(2);
    left.vpn().apply(&[left_spec.clone(), nowhere.clone()]).await.unwrap();
    right.vpn().apply(std::slice::from_ref(&right_spec)).await.unwrap();
    for has_restarted in [false, true] {
        left.vpn().apply(&[left_spec.clone(), nowhere.clone()]).await.unwrap();
        left.until(|state| is_active(state, &left_spec)).await;
        right.until(|state| is_active(state, &right_spec)).await;
        if has_restarted {
            left.restart_agent();
        }
        left.vpn().apply(std::slice::from_ref(&nowhere)).await.unwrap();
        left.until_spis(<[_]>::is_empty).await;
        // The other end comes again, and is turned away.
        right.until(|state| code(state, &right_spec) == Some(ReasonCode::NoProposalIke)).await;
        assert_eq!(left.spis().await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_an_unknown_address_keeps_what_was_up() {
    let Some((mut left, right)) = pair(2) else { return };
    let (mut left_spec, right_spec) = sites::specs(IkeVersion::V2, 1);
    RIGHT.clone_into(&mut left_spec.peer_address);
    left.vpn().apply(std::slice::from_ref(&left_spec)).await.unwrap();
    right.vpn().apply(std::slice::from_ref(&right_spec)).await.unwrap();
    left.until(|state| is_active(state, &left_spec)).await;
    right.until(|state| is_active(state, &right_spec)).await;
    sites::settle(&left, &right, 1).await;
    let before = left.spis().await;
    let pinging = left.keep_pinging("10.1.1.1", "10.2.1.1");
    left.restart_agent();
    // As it is while no name server answers.
    let nameless = ConnectionSpec { peer_address: "peer.invalid".to_owned(), ..left_spec.clone() };
    left.vpn().apply(std::slice::from_ref(&nameless)).await.unwrap();
    assert!(is_active(&left.state(), &nameless));
    assert!(left.ping_for_secs(13, "10.1.1.1", "10.2.1.1"));
    left.vpn().apply(std::slice::from_ref(&left_spec)).await.unwrap();
    left.until(|state| is_active(state, &left_spec)).await;
    assert_eq!(pinging.stop().await.1, 0);
    assert_eq!(left.spis().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_for_the_peer_is_looked_up_at_once() {
    let Some((left, right)) = pair(1) else { return };
    let (address, right_spec) = sites::up(&left, &right, IkeVersion::V2).await;
    sites::settle(&left, &right, 1).await;
    let name = |name: &str| ConnectionSpec { peer_address: name.to_owned(), ..address.clone() };
    let before = left.spis().await;

    // The same address by name, and back: nothing is to be done.
    let pinging = left.keep_pinging("10.1.1.1", "10.2.1.1");
    for spec in [name(RIGHT), address.clone()] {
        left.vpn().apply(std::slice::from_ref(&spec)).await.unwrap();
        left.until(|state| is_active(state, &spec)).await;
        assert!(left.ping("10.1.1.1", "10.2.1.1"));
        assert_eq!(left.spis().await, before);
    }
    assert_eq!(pinging.stop().await.1, 0);

    // A name that means nothing, for longer than what was up is kept, and back.
    let nowhere = name("peer.invalid");
    for spec in [name(RIGHT), address.clone()] {
        left.vpn().apply(std::slice::from_ref(&nowhere)).await.unwrap();
        left.until(|state| code(state, &nowhere) == Some(ReasonCode::PeerNameUnresolved)).await;
        right.until(|state| !is_active(state, &right_spec)).await;
        let start = std::time::Instant::now();
        left.vpn().apply(std::slice::from_ref(&spec)).await.unwrap();
        left.until(|state| is_active(state, &spec)).await;
        println!("up again after {:?}", start.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_dpd_timeout_is_taken_over_by_ikev1_and_touches_nothing_in_ikev2() {
    for version in [IkeVersion::V1, IkeVersion::V2] {
        let Some((left, right)) = pair(1) else { return };
        let (mut left_spec, mut right_spec) = sites::up(&left, &right, version).await;
        sites::settle(&left, &right, 1).await;
        let before = left.spis().await;
        let pinging = left.keep_pinging("10.1.1.1", "10.2.1.1");
        for (site, spec) in [(&left, &mut left_spec), (&right, &mut right_spec)] {
            spec.dpd.timeout = 60;
            site.vpn().apply(std::slice::from_ref(spec)).await.unwrap();
        }
        if version == IkeVersion::V1 {
            left.until_spis(|spis| spis.iter().all(|pair| !before.contains(pair))).await;
            sites::settle(&left, &right, 1).await;
        } else {
            assert!(left.ping_for_secs(13, "10.1.1.1", "10.2.1.1"));
            assert_eq!(left.spis().await, before);
        }
        sites::assert_no_gap("DPD timeout", pinging).await;
        assert!(is_active(&left.state(), &left_spec) && is_active(&right.state(), &right_spec));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dpd_timeout_that_is_shorter_than_charons_patience_holds_in_ikev2() {
    let Some((left, mut right)) = pair(1) else { return };
    let (mut left_spec, right_spec) = sites::specs(IkeVersion::V2, 1);
    (left_spec.dpd.interval, left_spec.dpd.timeout) = (2, 6);
    left.vpn().apply(std::slice::from_ref(&left_spec)).await.unwrap();
    right.vpn().apply(std::slice::from_ref(&right_spec)).await.unwrap();
    left.until(|state| is_active(state, &left_spec)).await;
    sites::settle(&left, &right, 1).await;
    // Nobody is to start another charon there.
    right.stop_agent();
    right.stop_charon().await;
    let start = std::time::Instant::now();
    left.until(|state| code(state, &left_spec) == Some(ReasonCode::DpdTimeout)).await;
    println!("dead after {:?}", start.elapsed());
    // charon gives up after 21 s, and asks after 2 s.
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_peerings_between_the_same_identities_leave_one_another_alone() {
    let Some((left, right)) = pair(2) else { return };
    let ((left_one, right_one), (left_two, right_two)) =
        (sites::specs(IkeVersion::V1, 1), sites::specs(IkeVersion::V2, 2));
    let (lefts, rights) = ([left_one, left_two], [right_one, right_two]);
    for _ in 0..3 {
        left.vpn().apply(&waiting(&lefts)).await.unwrap();
        right.vpn().apply(&waiting(&rights)).await.unwrap();
        // Each end begins with another one of them, and the attempts cross.
        tokio::join!(left.initiate(&lefts[..1]), right.initiate(&rights[1..]));
        up(&left, &lefts, &right, &rights).await;
        sites::settle(&left, &right, 2).await;
        let before = left.spis().await;
        let pinging = left.keep_pinging("10.1.1.1", "10.2.1.1");
        assert!(left.ping_for_secs(3, "10.1.2.1", "10.2.2.1"));
        assert_eq!(left.spis().await, before);

        // One comes and goes beside the other.
        left.vpn().apply(&lefts[..1]).await.unwrap();
        right.vpn().apply(&rights[..1]).await.unwrap();
        sites::settle(&left, &right, 1).await;
        up(&left, &lefts, &right, &rights).await;
        sites::settle(&left, &right, 2).await;
        assert_eq!(pinging.stop().await.1, 0);
        for (site, specs) in [(&left, &lefts), (&right, &rights)] {
            let off = specs.clone().map(|spec| ConnectionSpec { admin_state_up: false, ..spec });
            site.vpn().apply(&off).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_serves_two_connections_stays_when_one_of_them_goes() {
    for version in [IkeVersion::V1, IkeVersion::V2] {
        let Some((left, right)) = pair(1) else { return };
        let (one, right_spec) = sites::up(&left, &right, version).await;
        sites::settle(&left, &right, 1).await;
        let other = ConnectionSpec { id: sites::id(2), ..one.clone() };
        let before = left.spis().await;
        let pinging = left.keep_pinging("10.1.1.1", "10.2.1.1");
        for specs in [vec![one.clone(), other.clone()], vec![other.clone()]] {
            left.vpn().apply(&specs).await.unwrap();
            let state = left.state();
            assert!(specs.iter().all(|spec| is_active(&state, spec)), "{version}: {state:#?}");
            assert!(left.ping_for_secs(3, "10.1.1.1", "10.2.1.1"));
            assert_eq!(left.spis().await, before, "{version}");
        }
        assert_eq!(pinging.stop().await.1, 0);
        assert!(is_active(&right.state(), &right_spec));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_keys_between_the_same_identities_the_later_one_is_refused_and_cuts_nothing() {
    let Some((left, right)) = pair(2) else { return };
    let (mut lefts, mut rights): (Vec<_>, Vec<_>) =
        (1..=2).map(|number| sites::specs(IkeVersion::V2, number)).unzip();
    lefts[1].psk = Psk::new("another");
    left.vpn().apply(&lefts).await.unwrap();
    right.vpn().apply(&rights).await.unwrap();
    left.until(|state| is_active(state, &lefts[0])).await;
    assert_eq!(left.state().connections[&lefts[1].id].status, Status::Error);
    assert_eq!(code(&left.state(), &lefts[1]), Some(ReasonCode::UnsupportedByGateway));
    let text = sites::text(&left.state(), &lefts[1]).unwrap();
    assert!(text.contains(&lefts[0].id.to_string()) && text.contains("another pre-shared key"), "{text}");

    lefts[1].psk = lefts[0].psk.clone();
    up(&left, &lefts, &right, &rights).await;
    // In one IKE SA or in two: the other end was at it on its own meanwhile.
    sites::settle_with(&left, &right, 2).await;
    let before = left.spis().await;
    // A key is changed in one connection after the other, at one end after the other.
    let pinging = [left.keep_pinging("10.1.1.1", "10.2.1.1"), left.keep_pinging("10.1.2.1", "10.2.2.1")];
    for number in [1, 0] {
        for (site, specs) in [(&left, &mut lefts), (&right, &mut rights)] {
            specs[number].psk = Psk::new("correct horse battery staple");
            site.vpn().apply(specs).await.unwrap();
            assert!(specs.iter().all(|spec| is_active(&site.state(), spec)));
            assert_eq!(site.spis().await, before);
        }
    }
    for pinging in pinging {
        assert_eq!(pinging.stop().await.1, 0);
    }
    // It is the new key that holds from now on.
    right.kill_charon().await;
    right.until(|state| rights.iter().all(|spec| is_active(state, spec))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_more_than_charon_takes_is_refused_alone() {
    let Some((left, right)) = pair(1) else { return };
    let (one, right_spec) = sites::up(&left, &right, IkeVersion::V1).await;
    sites::settle(&left, &right, 1).await;
    let (mut large, _) = sites::specs(IkeVersion::V1, 2);
    large.local_networks = (0..30).map(|number| format!("10.8.{number}.0/24").parse().unwrap()).collect();
    large.peer_networks = (0..50).map(|number| format!("10.9.{number}.0/24").parse().unwrap()).collect();
    let before = left.spis().await;
    left.vpn().apply(&[one.clone(), large.clone()]).await.unwrap();
    assert_eq!(left.state().connections[&large.id].status, Status::Error);
    let text = sites::text(&left.state(), &large).unwrap();
    assert!(text.contains("its 1500 pairs of networks"), "{text}");
    assert!(is_active(&left.state(), &one) && is_active(&right.state(), &right_spec));
    assert!(left.ping("10.1.1.1", "10.2.1.1"));
    assert_eq!(left.spis().await, before);
}

/// With a peer's name that has no address.
fn unresolved(number: u8) -> ConnectionSpec {
    let (mut spec, _) = sites::specs(IkeVersion::V2, number);
    "peer.invalid".clone_into(&mut spec.peer_address);
    "peer.invalid".clone_into(&mut spec.peer_id);
    spec
}

fn waiting(specs: &[ConnectionSpec]) -> Vec<ConnectionSpec> {
    let wait = |spec: &ConnectionSpec| ConnectionSpec { initiator: Initiator::ResponseOnly, ..spec.clone() };
    specs.iter().map(wait).collect()
}

async fn up(left: &Site, lefts: &[ConnectionSpec], right: &Site, rights: &[ConnectionSpec]) {
    let (one, other) = tokio::join!(left.vpn().apply(lefts), right.vpn().apply(rights));
    one.and(other).unwrap();
    left.until(|state| lefts.iter().all(|spec| is_active(state, spec))).await;
    right.until(|state| rights.iter().all(|spec| is_active(state, spec))).await;
}
