//! Two routers with a real charon each, in network namespaces that a cable joins, over userspace ESP or the kernel's.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and skips aloud")]

#[path = "../common/capture.rs"]
#[expect(dead_code, reason = "what arrives is looked at where routers are")]
mod capture;
mod changes;
mod mtu;
mod nat;
mod packets;
mod peerings;
#[path = "../common/remains.rs"]
mod remains;
mod sharing;
#[path = "../common/sites.rs"]
mod sites;

use std::time::Instant;

use adit_agent::vpn::VpnState;
use adit_model::algorithm::{AuthAlgorithm, DhGroup, IkeVersion};
use adit_model::router_document::ConnectionSpec;
use adit_model::security_association::{ChildSa, IkeSa};
use adit_model::site_connection::Initiator;
use adit_model::{Psk, ReasonCode, Status};
use sites::{code, is_active, pair};

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_comes_up_and_carries_packets_ikev1() {
    a_tunnel_comes_up_and_carries_packets(IkeVersion::V1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_comes_up_and_carries_packets_ikev2() {
    a_tunnel_comes_up_and_carries_packets(IkeVersion::V2).await;
}

async fn a_tunnel_comes_up_and_carries_packets(version: IkeVersion) {
    let Some((left, right)) = pair(1) else { return };
    let (left_spec, right_spec) = sites::specs(version, 1);
    left.vpn().apply(std::slice::from_ref(&left_spec)).await.unwrap();
    assert_eq!(code(&left.state(), &left_spec), Some(ReasonCode::Negotiating));

    let start = Instant::now();
    right.vpn().apply(std::slice::from_ref(&right_spec)).await.unwrap();
    let applied = start.elapsed();
    right.until(|state| is_active(state, &right_spec)).await;
    let right_active = start.elapsed();
    left.until(|state| is_active(state, &left_spec)).await;
    println!("{version}: applied after {applied:?}, ACTIVE after {right_active:?} and {:?}", start.elapsed());
    assert!(left.state().daemon_running);

    assert!(left.ping("10.1.1.1", "10.2.1.1"));
    assert!(right.ping("10.2.1.1", "10.1.1.1"));
    assert!(!left.ping("10.1.1.1", "10.2.2.1"), "no way without a tunnel");

    sites::settle(&left, &right, 1).await;
    is_told_in_full(&left, &left_spec).await;
}

/// What the state says of the SAs is what charon has.
async fn is_told_in_full(site: &sites::Site, spec: &ConnectionSpec) {
    let hex = |(one, other): &(u32, u32)| [one, other].map(|spi| format!("{spi:08x}"));
    let spis: Vec<_> = site.spis().await.iter().map(hex).collect();
    // Each with its IKE SA; one that was given up has none.
    let told = |state: &VpnState| {
        let ikes = state.observations.get(&spec.id).map(|seen| seen.ike_sas.clone()).unwrap_or_default();
        let each = |ike: IkeSa| ike.child_sas.clone().into_iter().map(move |child| (ike.clone(), child));
        ikes.into_iter().flat_map(each).collect::<Vec<_>>()
    };
    let spis_of = |ChildSa { spi_in, spi_out, .. }: &ChildSa| {
        [spi_in.min(spi_out).clone(), spi_in.max(spi_out).clone()]
    };
    site.until(|state| told(state).iter().map(|(_, child)| spis_of(child)).collect::<Vec<_>>() == spis).await;
    let (ike, child) = told(&site.state()).pop().unwrap();
    assert_eq!(ike.version, spec.ike.version);
    assert_eq!((&child.local_networks, &child.peer_networks), (&spec.local_networks, &spec.peer_networks));
    assert_eq!((ike.local.address, ike.peer.identity.as_str()), (spec.local_address, spec.peer_id.as_str()));
    assert!(ike.proposal.starts_with("AES_CBC_") && child.proposal.starts_with("AES_CBC_"), "{ike:?}");
    assert!(
        ike.established_at.is_some() && child.established_at.is_some() && child.rekey_at.is_some(),
        "{ike:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_networks_are_all_joined_and_a_missing_one_is_named() {
    for version in [IkeVersion::V1, IkeVersion::V2] {
        let Some((left, right)) = pair(2) else { return };
        let (mut left_spec, mut right_spec) = sites::specs(version, 1);
        left_spec.local_networks.push("10.1.2.0/24".parse().unwrap());
        left.vpn().apply(std::slice::from_ref(&left_spec)).await.unwrap();
        right.vpn().apply(std::slice::from_ref(&right_spec)).await.unwrap();
        let partly = |state: &VpnState| {
            sites::text(state, &left_spec)
                .is_some_and(|text| text.contains("not joined: 10.1.2.0/24 to 10.2.1.0/24"))
        };
        left.until(partly).await;
        sharing::passes(&left, "10.1.1.1", "10.2.1.1").await;

        right_spec.peer_networks.push("10.1.2.0/24".parse().unwrap());
        right.vpn().apply(std::slice::from_ref(&right_spec)).await.unwrap();
        right.until(|state| is_active(state, &right_spec)).await;
        left.until(|state| is_active(state, &left_spec)).await;
        sharing::passes(&left, "10.1.2.1", "10.2.1.1").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_is_an_authentication_failure() {
    for version in [IkeVersion::V1, IkeVersion::V2] {
        a_difference_shows_as(version, ReasonCode::AuthFailed, |spec| spec.psk = Psk::new("another")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_ike_policy_is_an_ike_proposal_mismatch() {
    for version in [IkeVersion::V1, IkeVersion::V2] {
        let change = |spec: &mut ConnectionSpec| spec.ike.dh_group = DhGroup::Group19;
        a_difference_shows_as(version, ReasonCode::NoProposalIke, change).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_ipsec_policy_is_an_ipsec_proposal_mismatch() {
    for version in [IkeVersion::V1, IkeVersion::V2] {
        let change = |spec: &mut ConnectionSpec| spec.ipsec.auth = AuthAlgorithm::Sha512;
        a_difference_shows_as(version, ReasonCode::NoProposalEsp, change).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_networks_are_a_selector_mismatch() {
    for version in [IkeVersion::V1, IkeVersion::V2] {
        let change = |spec: &mut ConnectionSpec| spec.local_networks = vec!["10.9.0.0/24".parse().unwrap()];
        a_difference_shows_as(version, ReasonCode::SelectorsRefused, change).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_identity_is_an_identity_mismatch() {
    for version in [IkeVersion::V1, IkeVersion::V2] {
        let Some((left, right)) = pair(1) else { return };
        let (left_spec, mut right_spec) = sites::specs(version, 1);
        right_spec.local_id = "other.example".to_owned();
        left.vpn().apply(std::slice::from_ref(&left_spec)).await.unwrap();
        right.vpn().apply(std::slice::from_ref(&right_spec)).await.unwrap();
        left.until(|state| code(state, &left_spec) == Some(ReasonCode::PeerIdentityMismatch)).await;
        // All that the other end is told is that it is refused, unless it is called first: IKEv2 names who is wanted.
        let is_told = |code| match version {
            IkeVersion::V1 => code == ReasonCode::AuthFailed,
            IkeVersion::V2 => matches!(code, ReasonCode::AuthFailed | ReasonCode::PeerIdentityMismatch),
        };
        right.until(|state| code(state, &right_spec).is_some_and(is_told)).await;
        println!("{version}: {}", sites::text(&left.state(), &left_spec).unwrap_or_default());
    }
}

/// Both ends see the fault; at which one it has its name first depends on who initiated.
async fn a_difference_shows_as(version: IkeVersion, want: ReasonCode, change: impl Fn(&mut ConnectionSpec)) {
    let Some((left, right)) = pair(1) else { return };
    let (left_spec, mut right_spec) = sites::specs(version, 1);
    change(&mut right_spec);
    left.vpn().apply(std::slice::from_ref(&left_spec)).await.unwrap();
    right.vpn().apply(std::slice::from_ref(&right_spec)).await.unwrap();
    tokio::join!(
        left.until(|state| code(state, &left_spec) == Some(want)),
        right.until(|state| code(state, &right_spec) == Some(want)),
    );
    println!("{version}: {}", sites::text(&left.state(), &left_spec).unwrap_or_default());
    println!("{version}: {}", sites::text(&right.state(), &right_spec).unwrap_or_default());
    assert!(!left.ping("10.1.1.1", "10.2.1.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_does_not_answer_is_silent_and_found_when_it_comes() {
    let Some((left, right)) = pair(1) else { return };
    let (left_spec, right_spec) = sites::specs(IkeVersion::V2, 1);
    let start = Instant::now();
    left.vpn().apply(std::slice::from_ref(&left_spec)).await.unwrap();
    left.until(|state| code(state, &left_spec) == Some(ReasonCode::PeerUnreachable)).await;
    println!(
        "silent after {:?}: {}",
        start.elapsed(),
        sites::text(&left.state(), &left_spec).unwrap_or_default()
    );

    // The left end's own attempt hangs half-open now, and must leave nothing behind.
    right.vpn().apply(std::slice::from_ref(&right_spec)).await.unwrap();
    left.until(|state| is_active(state, &left_spec)).await;
    right.until(|state| is_active(state, &right_spec)).await;
    sites::settle(&left, &right, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_that_start_at_the_same_moment_settle_on_one_tunnel() {
    for version in [IkeVersion::V1, IkeVersion::V2] {
        for _ in 0..5 {
            let Some((left, right)) = pair(1) else { return };
            let (mut left_spec, mut right_spec) = sites::specs(version, 1);
            // Start the daemons first, so that the attempts cross on the wire.
            (left_spec.initiator, right_spec.initiator) = (Initiator::ResponseOnly, Initiator::ResponseOnly);
            left.vpn().apply(std::slice::from_ref(&left_spec)).await.unwrap();
            right.vpn().apply(std::slice::from_ref(&right_spec)).await.unwrap();
            assert_eq!(code(&left.state(), &left_spec), Some(ReasonCode::WaitingForPeer));
            (left_spec.id, right_spec.id) = (sites::id(7), sites::id(8));
            (left_spec.initiator, right_spec.initiator) =
                (Initiator::BiDirectional, Initiator::BiDirectional);
            let (one, other) = tokio::join!(
                left.vpn().apply(std::slice::from_ref(&left_spec)),
                right.vpn().apply(std::slice::from_ref(&right_spec)),
            );
            one.and(other).unwrap();
            left.until(|state| is_active(state, &left_spec)).await;
            right.until(|state| is_active(state, &right_spec)).await;
            sites::settle(&left, &right, 1).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_charon_is_noticed_and_the_tunnel_set_up_again() {
    let Some((left, right)) = pair(1) else { return };
    let (left_spec, right_spec) = sites::up(&left, &right, IkeVersion::V2).await;
    let start = Instant::now();
    let mut seen = left.vpn().observe();
    seen.mark_unchanged();
    left.kill_charon().await;
    tokio::time::timeout(sites::LIMIT, seen.wait_for(|state| code(state, &left_spec).is_some()))
        .await
        .unwrap()
        .unwrap();
    println!("noticed after {:?}", start.elapsed());
    left.until(|state| is_active(state, &left_spec)).await;
    println!("ACTIVE again after {:?}", start.elapsed());
    right.until(|state| is_active(state, &right_spec)).await;
    sites::settle(&left, &right, 1).await;
    assert!(left.ping("10.1.1.1", "10.2.1.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charon_that_hangs_is_noticed_and_replaced() {
    let Some((left, right)) = pair(1) else { return };
    let (left_spec, right_spec) = sites::up(&left, &right, IkeVersion::V2).await;
    let start = Instant::now();
    left.stop_charon().await;
    left.until(|state| code(state, &left_spec) == Some(ReasonCode::DaemonDown)).await;
    println!("noticed after {:?}", start.elapsed());
    left.until(|state| is_active(state, &left_spec)).await;
    println!("ACTIVE again after {:?}", start.elapsed());
    right.until(|state| is_active(state, &right_spec)).await;
    assert!(left.ping("10.1.1.1", "10.2.1.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_agent_adopts_charon_and_changes_no_spi() {
    let Some((mut left, right)) = pair(1) else { return };
    let (left_spec, _) = sites::up(&left, &right, IkeVersion::V1).await;
    sites::settle(&left, &right, 1).await;
    let spis = left.spis().await;
    let daemon = left.charon().await.unwrap();

    left.restart_agent();
    left.until(|state| state.daemon_running).await;
    left.vpn().apply(std::slice::from_ref(&left_spec)).await.unwrap();
    left.until(|state| is_active(state, &left_spec)).await;
    assert_eq!(left.charon().await, Some(daemon));
    assert_eq!(left.spis().await, spis);
    // What it did not load itself it can still take away.
    left.restart_agent();
    left.vpn().apply(&[]).await.unwrap();
    assert_eq!(left.charon().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_one_connection_changes_no_spi_of_another() {
    let Some((left, right)) = pair(3) else { return };
    let (left_one, right_one) = sites::specs(IkeVersion::V2, 1);
    let (mut left_two, mut right_two) = sites::specs(IkeVersion::V2, 2);
    for spec in [&mut left_two, &mut right_two] {
        spec.local_id = format!("{}.two.example", spec.local_address.unwrap());
        spec.peer_id = format!("{}.two.example", spec.peer_address);
    }
    left.vpn().apply(&[left_one.clone(), left_two.clone()]).await.unwrap();
    right.vpn().apply(&[right_one.clone(), right_two.clone()]).await.unwrap();
    left.until(|state| is_active(state, &left_one) && is_active(state, &left_two)).await;
    right.until(|state| is_active(state, &right_one) && is_active(state, &right_two)).await;
    sites::settle(&left, &right, 2).await;
    let before = left.spis_of(&left_one).await;
    let before_two = left.spis_of(&left_two).await;

    // A key alone replaces nothing that is alive.
    left_two.psk = Psk::new("new");
    right_two.psk = Psk::new("new");
    left.vpn().apply(&[left_one.clone(), left_two.clone()]).await.unwrap();
    right.vpn().apply(&[right_one.clone(), right_two.clone()]).await.unwrap();
    assert_eq!(left.spis_of(&left_two).await, before_two);

    // Other networks need another CHILD_SA.
    left_two.local_networks = vec!["10.1.3.0/24".parse().unwrap()];
    right_two.peer_networks = vec!["10.1.3.0/24".parse().unwrap()];
    left.vpn().apply(&[left_one.clone(), left_two.clone()]).await.unwrap();
    right.vpn().apply(&[right_one.clone(), right_two.clone()]).await.unwrap();
    left.until(|state| is_active(state, &left_two)).await;
    right.until(|state| is_active(state, &right_two)).await;
    assert_ne!(left.spis_of(&left_two).await, before_two);

    left_two.admin_state_up = false;
    left.vpn().apply(&[left_one.clone(), left_two.clone()]).await.unwrap();
    assert_eq!(code(&left.state(), &left_two), Some(ReasonCode::AdminDown));
    right.until(|state| !is_active(state, &right_two)).await;
    left.vpn().apply(std::slice::from_ref(&left_one)).await.unwrap();
    assert_eq!(left.state().connections.len(), 1);
    assert!(is_active(&left.state(), &left_one));
    assert_eq!(left.spis_of(&left_one).await, before);
    sites::settle(&left, &right, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_is_an_error_that_says_so_and_removal_leaves_nothing() {
    let Some((left, _right)) = pair(1) else { return };
    let (mut no_address, _) = sites::specs(IkeVersion::V2, 1);
    let (mut transport, _) = sites::specs(IkeVersion::V2, 2);
    let (mut nowhere, _) = sites::specs(IkeVersion::V2, 3);
    no_address.local_address = None;
    transport.ipsec.encapsulation_mode = "transport".parse().unwrap();
    nowhere.peer_address = "peer.invalid".to_owned();
    left.vpn().apply(&[no_address.clone(), transport.clone(), nowhere.clone()]).await.unwrap();
    let state = left.state();
    for (spec, status, reason) in [
        (no_address, Status::Error, ReasonCode::GatewayMissing),
        (transport, Status::Error, ReasonCode::UnsupportedByGateway),
        (nowhere, Status::Down, ReasonCode::PeerNameUnresolved),
    ] {
        assert_eq!(state.connections[&spec.id].status, status);
        assert_eq!(code(&state, &spec), Some(reason));
    }
    left.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn removal_is_fine_where_nothing_ever_ran() {
    let Some((left, _right)) = pair(1) else { return };
    left.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_namespace_a_daemon_is_down_with_the_cause() {
    let Some((left, _right)) = pair(1) else { return };
    let (spec, _) = sites::specs(IkeVersion::V2, 1);
    left.delete_namespace();
    let reason = left.vpn().apply(std::slice::from_ref(&spec)).await.unwrap_err();
    assert_eq!(reason.code, ReasonCode::DaemonDown);
    assert!(reason.text.contains("no network namespace"), "{reason}");
    assert_eq!(code(&left.state(), &spec), Some(ReasonCode::DaemonDown));
}
