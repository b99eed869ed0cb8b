//! Several connections between the same two gateways: they share an IKE SA, and nothing else.

use std::time::Duration;

use adit_model::ReasonCode;
use adit_model::algorithm::{DhGroup, IkeVersion};
use adit_model::router_document::ConnectionSpec;
use adit_model::site_connection::Initiator;
use tokio::time::timeout;

use crate::sites::{self, Site, code, is_active, pair};

#[tokio::test(flavor = "multi_thread")]
async fn connections_come_change_and_go_beside_one_another_ikev1() {
    connections_come_change_and_go_beside_one_another(IkeVersion::V1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_come_change_and_go_beside_one_another_ikev2() {
    connections_come_change_and_go_beside_one_another(IkeVersion::V2).await;
}

async fn connections_come_change_and_go_beside_one_another(version: IkeVersion) {
    let Some((left, right)) = pair(4) else { return };
    let (mut lefts, mut rights): (Vec<_>, Vec<_>) =
        (1..=2).map(|number| sites::specs(version, number)).unzip();
    up_in_one(&left, &lefts, &right, &rights).await;
    assert!(left.ping("10.1.1.1", "10.2.1.1"));
    assert!(left.ping("10.1.2.1", "10.2.2.1"));
    let (first, second) = (left.spis_of(&lefts[0]).await, left.spis_of(&lefts[1]).await);
    let pinging = [
        left.keep_pinging("10.1.1.1", "10.2.1.1"),
        left.keep_pinging("10.1.2.1", "10.2.2.1"),
        right.keep_pinging("10.2.1.1", "10.1.1.1"),
    ];

    // One more, at both ends at the same moment.
    let (left_spec, right_spec) = sites::specs(version, 3);
    lefts.push(left_spec);
    rights.push(right_spec);
    apply(&left, &lefts, &right, &rights).await;
    sites::settle_in(&left, &right, 1, 3).await;
    passes(&left, "10.1.3.1", "10.2.3.1").await;
    let third = left.spis_of(&lefts[2]).await;

    // Another policy and other networks for it.
    for spec in [&mut lefts[2], &mut rights[2]] {
        spec.ipsec.pfs_group = DhGroup::Group14;
    }
    lefts[2].local_networks.push("10.1.4.0/24".parse().unwrap());
    rights[2].peer_networks.push("10.1.4.0/24".parse().unwrap());
    apply(&left, &lefts, &right, &rights).await;
    left.until_spis(|spis| third.iter().all(|old| !spis.contains(old))).await;
    sites::settle_in(&left, &right, 1, if version == IkeVersion::V1 { 4 } else { 3 }).await;
    passes(&left, "10.1.4.1", "10.2.3.1").await;

    // Off at one end, and deleted at both.
    lefts[2].admin_state_up = false;
    left.vpn().apply(&lefts).await.unwrap();
    assert_eq!(code(&left.state(), &lefts[2]), Some(ReasonCode::AdminDown));
    right.until(|state| !is_active(state, &rights[2])).await;
    lefts.pop();
    rights.pop();
    apply(&left, &lefts, &right, &rights).await;
    sites::settle_in(&left, &right, 1, 2).await;

    for (pinging, who) in pinging.into_iter().zip(["first", "second", "first, from the right"]) {
        let (sent, lost) = pinging.stop().await;
        println!("{version}, {who}: {lost} of {sent} lost");
        assert_eq!(lost, 0);
    }
    assert_eq!(left.spis_of(&lefts[0]).await, first);
    assert_eq!(left.spis_of(&lefts[1]).await, second);

    // The IKE SA goes with the last of them.
    left.vpn().apply(&lefts[1..]).await.unwrap();
    right.vpn().apply(&rights[1..]).await.unwrap();
    sites::settle_in(&left, &right, 1, 1).await;
    assert_eq!(left.spis_of(&lefts[1]).await, second);
    left.vpn().apply(&[]).await.unwrap();
    right.until(|state| !is_active(state, &rights[1])).await;
}

/// Waits until packets pass: an end that answers sends by what the other end may not have worked out yet.
pub(crate) async fn passes(site: &sites::Site, from: &str, to: &str) {
    let trying = async {
        while !site.ping(from, to) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(sites::LIMIT, trying).await.is_ok(), "nothing passes from {from} to {to}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_the_peer_refuses_hurts_no_other_ikev1() {
    one_that_the_peer_refuses_hurts_no_other(IkeVersion::V1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_the_peer_refuses_hurts_no_other_ikev2() {
    one_that_the_peer_refuses_hurts_no_other(IkeVersion::V2).await;
}

async fn one_that_the_peer_refuses_hurts_no_other(version: IkeVersion) {
    let Some((left, right)) = pair(3) else { return };
    let (lefts, mut rights): (Vec<_>, Vec<_>) = (1..=3).map(|number| sites::specs(version, number)).unzip();
    rights[0].peer_networks = vec!["10.9.0.0/24".parse().unwrap()];
    rights[1].ipsec.pfs_group = DhGroup::Group14;
    left.vpn().apply(&lefts).await.unwrap();
    right.vpn().apply(&rights).await.unwrap();
    left.until(|state| is_active(state, &lefts[2])).await;
    right.until(|state| is_active(state, &rights[2])).await;
    // Of quick modes that crossed one goes first.
    sites::settle_in(&left, &right, 1, 1).await;
    passes(&left, "10.1.3.1", "10.2.3.1").await;
    let spis = left.spis_of(&lefts[2]).await;
    let pinging = left.keep_pinging("10.1.3.1", "10.2.3.1");
    if version == IkeVersion::V2 {
        left.until(|state| code(state, &lefts[0]) == Some(ReasonCode::SelectorsRefused)).await;
        left.until(|state| code(state, &lefts[1]) == Some(ReasonCode::NoProposalEsp)).await;
    } else {
        // The refusals of IKEv1 do not say of what they are: each of them may have either reason.
        for spec in &lefts[..2] {
            let reasons = [ReasonCode::SelectorsRefused, ReasonCode::NoProposalEsp];
            left.until(|state| code(state, spec).is_some_and(|code| reasons.contains(&code))).await;
        }
    }
    // As long as it takes charon to give up something that is not answered.
    assert!(left.ping_for_secs(25, "10.1.3.1", "10.2.3.1"));
    let (sent, lost) = pinging.stop().await;
    println!("{version}: {lost} of {sent} lost");
    assert_eq!(lost, 0);
    assert_eq!(left.spis_of(&lefts[2]).await, spis);
    assert!(is_active(&left.state(), &lefts[2]));
    assert!(lefts[..2].iter().all(|spec| !is_active(&left.state(), spec)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_agent_changes_no_spi_of_any_of_them() {
    for version in [IkeVersion::V1, IkeVersion::V2] {
        let Some((mut left, right)) = pair(3) else { return };
        let (lefts, rights): (Vec<_>, Vec<_>) = (1..=3).map(|number| sites::specs(version, number)).unzip();
        up_in_one(&left, &lefts, &right, &rights).await;
        let spis = left.spis().await;
        let pinging = left.keep_pinging("10.1.1.1", "10.2.1.1");
        left.restart_agent();
        left.vpn().apply(&lefts).await.unwrap();
        left.until(|state| lefts.iter().all(|spec| is_active(state, spec))).await;
        assert_eq!(left.spis().await, spis);
        // What an earlier agent has loaded can be taken away by itself.
        left.restart_agent();
        left.vpn().apply(&lefts[..2]).await.unwrap();
        right.vpn().apply(&rights[..2]).await.unwrap();
        sites::settle_in(&left, &right, 1, 2).await;
        assert!(left.spis().await.iter().all(|pair| spis.contains(pair)));
        assert_eq!(pinging.stop().await.1, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_that_start_all_of_them_at_once_settle_for_good() {
    for version in [IkeVersion::V1, IkeVersion::V2] {
        let Some((left, right)) = pair(3) else { return };
        let (lefts, rights): (Vec<_>, Vec<_>) = (1..=3).map(|number| sites::specs(version, number)).unzip();
        // The daemons are there before.
        left.vpn().apply(&waiting(&lefts)).await.unwrap();
        right.vpn().apply(&waiting(&rights)).await.unwrap();
        apply(&left, &lefts, &right, &rights).await;
        sites::settle_with(&left, &right, 3).await;
        stays(&left, version).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_that_cross_on_the_wire_end_with_one_tunnel_each_ikev1() {
    attempts_that_cross_on_the_wire_end_with_one_tunnel_each(IkeVersion::V1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_that_cross_on_the_wire_end_with_one_tunnel_each_ikev2() {
    attempts_that_cross_on_the_wire_end_with_one_tunnel_each(IkeVersion::V2).await;
}

async fn attempts_that_cross_on_the_wire_end_with_one_tunnel_each(version: IkeVersion) {
    let Some((left, right)) = pair(3) else { return };
    let (lefts, rights): (Vec<_>, Vec<_>) = (1..=3).map(|number| sites::specs(version, number)).unzip();
    left.vpn().apply(&waiting(&lefts)).await.unwrap();
    right.vpn().apply(&waiting(&rights)).await.unwrap();
    // The agents by themselves would not do that: the one that goes first leaves nothing to do for the other one.
    tokio::join!(left.initiate(&lefts), right.initiate(&rights));
    apply(&left, &lefts, &right, &rights).await;
    println!("{version}, crossed: {:?} and {:?}", left.crossed().await, right.crossed().await);
    sites::settle_with(&left, &right, 3).await;
    // Where IKEv1 main modes crossed, charon closes the IKE SA that it takes for the older one, whatever runs in it by then.
    let again = match version {
        IkeVersion::V1 => 2,
        IkeVersion::V2 => 0,
    };
    let mut stays = has_stayed(&left).await;
    for _ in 0..again {
        if !stays {
            sites::settle_with(&left, &right, 3).await;
            stays = has_stayed(&left).await;
        }
    }
    assert!(stays, "{version}: {:?}", left.spis().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn ikev1_quick_modes_that_cross_end_with_one_tunnel_each() {
    let Some((left, right)) = pair(3) else { return };
    let (lefts, rights): (Vec<_>, Vec<_>) =
        (1..=3).map(|number| sites::specs(IkeVersion::V1, number)).unzip();
    apply(&left, &lefts[..1], &right, &rights[..1]).await;
    sites::settle(&left, &right, 1).await;
    let all = |specs: &[ConnectionSpec]| [&specs[..1], &waiting(&specs[1..])].concat();
    let (lefts, rights) = (all(&lefts), all(&rights));
    left.vpn().apply(&lefts).await.unwrap();
    right.vpn().apply(&rights).await.unwrap();
    // In the one IKE SA that there is.
    tokio::join!(left.initiate(&lefts[1..]), right.initiate(&rights[1..]));
    left.until(|state| lefts.iter().all(|spec| is_active(state, spec))).await;
    right.until(|state| rights.iter().all(|spec| is_active(state, spec))).await;
    passes(&left, "10.1.2.1", "10.2.2.1").await;
    passes(&left, "10.1.3.1", "10.2.3.1").await;
    let pinging = [left.keep_pinging("10.1.2.1", "10.2.2.1"), right.keep_pinging("10.2.3.1", "10.1.3.1")];
    println!("crossed: {:?} and {:?}", left.crossed().await, right.crossed().await);
    sites::settle_in(&left, &right, 1, 3).await;
    assert!(lefts.iter().all(|spec| is_active(&left.state(), spec)));
    assert!(rights.iter().all(|spec| is_active(&right.state(), spec)));
    stays(&left, IkeVersion::V1).await;
    for pinging in pinging {
        sites::assert_no_gap("crossed", pinging).await;
    }
}

fn waiting(specs: &[ConnectionSpec]) -> Vec<ConnectionSpec> {
    let wait = |spec: &ConnectionSpec| ConnectionSpec { initiator: Initiator::ResponseOnly, ..spec.clone() };
    specs.iter().map(wait).collect()
}

async fn stays(left: &Site, version: IkeVersion) {
    assert!(has_stayed(left).await, "{version}");
}

/// Whether nothing is lost, and nothing else is there after it, for longer than the 10 s after which charon closes what it takes
/// for a duplicate.
async fn has_stayed(left: &Site) -> bool {
    let spis = left.spis().await;
    let pinging = left.keep_pinging("10.1.3.1", "10.2.3.1");
    let answers = left.ping_for_secs(13, "10.1.1.1", "10.2.1.1");
    let (gaps, now) = (pinging.gaps().await, left.spis().await);
    println!("every second: {answers}, lost in a row: {gaps:?}, the same SAs: {}", now == spis);
    answers && gaps.is_empty() && now == spis
}

/// All connections, in one IKE SA: where processors are slow, two of them cross when both ends start at once.
async fn up_in_one(left: &Site, lefts: &[ConnectionSpec], right: &Site, rights: &[ConnectionSpec]) {
    apply(left, &lefts[..1], right, &rights[..1]).await;
    sites::settle(left, right, 1).await;
    apply(left, lefts, right, rights).await;
    sites::settle_in(left, right, 1, lefts.len()).await;
}

/// Both ends at once, until all connections are up.
async fn apply(left: &Site, lefts: &[ConnectionSpec], right: &Site, rights: &[ConnectionSpec]) {
    let (one, other) = tokio::join!(left.vpn().apply(lefts), right.vpn().apply(rights));
    one.and(other).unwrap();
    left.until(|state| lefts.iter().all(|spec| is_active(state, spec))).await;
    right.until(|state| rights.iter().all(|spec| is_active(state, spec))).await;
}
