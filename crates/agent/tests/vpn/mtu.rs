//! The MTU of a connection holds for what goes by its tunnel, as long as there is a tunnel, and for nothing else.

use std::process::{Command, Stdio};

use adit_agent::vpn::VpnState;
use adit_linux::{Namespace, Netlink};
use adit_model::algorithm::IkeVersion;
use adit_model::router_document::ConnectionSpec;

use crate::sharing;
use crate::sites::{self, Site, is_active, pair};

/// Marks what is ours.
const MARK: u8 = 173;

#[tokio::test(flavor = "multi_thread")]
async fn packets_are_as_large_as_is_asked_for_and_no_larger() {
    let Some((left, right)) = pair(2) else { return };
    for (site, side) in [(&left, 1), (&right, 2)] {
        site.ip(&format!("address add fd00:{side}::1/64 dev lo nodad"));
    }
    let (mut left_spec, mut right_spec) = sites::specs(IkeVersion::V2, 1);
    for (spec, local, peer) in [(&mut left_spec, 1, 2), (&mut right_spec, 2, 1)] {
        spec.local_networks.push(format!("fd00:{local}::/64").parse().unwrap());
        spec.peer_networks.push(format!("fd00:{peer}::/64").parse().unwrap());
    }
    let (other, other_right) = sites::specs(IkeVersion::V2, 2);
    right.vpn().apply(&[right_spec.clone(), other_right.clone()]).await.unwrap();
    let apply = async |spec: &ConnectionSpec| {
        left.vpn().apply(&[spec.clone(), other.clone()]).await.unwrap();
        left.until(|state| is_active(state, spec) && is_active(state, &other)).await;
    };
    apply(&left_spec).await;
    right.until(|state| is_active(state, &right_spec) && is_active(state, &other_right)).await;
    sites::settle_in(&left, &right, 1, 2).await;
    let spis = left.spis().await;
    assert!(passes(&left, 1, 1390) && passes_v6(&left, 1390), "twin: more than fits is what fits");
    assert_eq!(ours(&left).await, (0, 0));

    for mtu in [1300, 1380] {
        left_spec.mtu = mtu;
        apply(&left_spec).await;
        assert!(passes(&left, 1, mtu) && !passes(&left, 1, mtu + 1), "{mtu}");
        assert!(passes_v6(&left, mtu) && !passes_v6(&left, mtu + 1), "{mtu}, IPv6");
        assert!(passes(&left, 2, 1390), "the other connection has what fits");
    }
    assert_eq!(left.spis().await, spis, "nothing of that is the tunnel's");

    let charon = left.charon().await;
    left.kill_charon().await;
    left.until(|state| !state.daemon_running).await;
    left.until(|state| state.daemon_running && is_active(state, &left_spec)).await;
    assert_ne!(left.charon().await, charon);
    sharing::passes(&left, "10.1.1.1", "10.2.1.1").await;
    assert!(passes(&left, 1, 1380) && !passes(&left, 1, 1381), "with another charon");

    left_spec.mtu = 0;
    apply(&left_spec).await;
    assert!(passes(&left, 1, 1390) && passes_v6(&left, 1390), "twin: as much as fits");
    assert_eq!(ours(&left).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_it_after_the_last_connection_whoever_made_it() {
    let Some((mut left, _right)) = pair(1) else { return };
    let (mut spec, _) = sites::specs(IkeVersion::V2, 1);
    spec.mtu = 1200;
    left.vpn().apply(std::slice::from_ref(&spec)).await.unwrap();
    assert_eq!(ours(&left).await, (1, 1), "though there is no tunnel yet");
    left.restart_agent();
    left.until(|state| state.daemon_running).await;
    left.vpn().apply(std::slice::from_ref(&spec)).await.unwrap();
    assert_eq!(ours(&left).await, (1, 1));
    spec.admin_state_up = false;
    left.vpn().apply(std::slice::from_ref(&spec)).await.unwrap();
    assert_eq!(ours(&left).await, (0, 0), "switched off");

    spec.admin_state_up = true;
    left.vpn().apply(std::slice::from_ref(&spec)).await.unwrap();
    assert_eq!(ours(&left).await, (1, 1));
    left.restart_agent();
    left.vpn().apply(&[]).await.unwrap();
    left.until(|state: &VpnState| !state.daemon_running).await;
    assert_eq!(ours(&left).await, (0, 0), "deleted");
}

/// Whether an IPv4 packet of `size` octets goes whole between the networks of that number, and its answer back.
fn passes(site: &Site, number: u8, size: u32) -> bool {
    pings(site, &format!("10.1.{number}.1"), &format!("10.2.{number}.1"), size - 28)
}

fn passes_v6(site: &Site, size: u32) -> bool {
    pings(site, "fd00:1::1", "fd00:2::1", size - 48)
}

fn pings(site: &Site, from: &str, to: &str, size: u32) -> bool {
    let size = size.to_string();
    // Until the first answer. What is too large is refused where it is sent.
    let ping = ["ping", "-n", "-c", "1", "-i", "0.2", "-w", "2", "-M", "do", "-s", &size, "-I", from, to];
    let mut command = Command::new("ip");
    command.args(["netns", "exec", site.namespace()]).args(ping);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

/// How many rules and routes there are of ours.
async fn ours(site: &Site) -> (usize, usize) {
    let namespace = Namespace::open(site.namespace()).unwrap().unwrap();
    let inside = Netlink::inside(&namespace).unwrap();
    (inside.rules(MARK).await.unwrap().len(), inside.table_routes(MARK).await.unwrap().len())
}
