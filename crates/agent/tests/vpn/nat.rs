//! A NAT on the way: it hides the left site, whose tunnel has to find its way through, in UDP.

use std::io::Write;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::process::{Command, Stdio};
use std::time::Instant;

use adit_agent::config::DataPlane;
use adit_agent::vpn::VpnState;
use adit_linux::{Namespace, conntrack};
use adit_model::ReasonCode;
use adit_model::algorithm::IkeVersion;
use adit_model::router_document::ConnectionSpec;
use adit_model::security_association::{IkeSa, IkeSaState};
use adit_model::site_connection::{Dpd, DpdAction, Initiator};

use crate::capture::Capture;
use crate::sites::{self, Ground, Site, code, data_plane, is_active, text};

/// The left site's address, which nobody outside can reach.
const INSIDE: [u8; 4] = [192, 168, 0, 2];
/// The NAT's, which stands for it.
const OUTSIDE: &str = "192.0.2.1";
/// The ports that stand for the left site's.
const PORTS: RangeInclusive<u16> = 20000..=20999;
const OTHER_PORTS: RangeInclusive<u16> = 30000..=30999;

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_behind_a_nat_is_known_by_its_inside_address_ikev1() {
    a_peer_behind_a_nat_comes(IkeVersion::V1, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_behind_a_nat_is_known_by_its_inside_address_ikev2() {
    a_peer_behind_a_nat_comes(IkeVersion::V2, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_behind_a_nat_is_known_by_its_name_ikev1() {
    a_peer_behind_a_nat_comes(IkeVersion::V1, "branch.example").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_behind_a_nat_is_known_by_its_name_ikev2() {
    a_peer_behind_a_nat_comes(IkeVersion::V2, "branch.example").await;
}

/// Our end, the right one, waits for whoever comes from the NAT's address and proves to be the one inside.
async fn a_peer_behind_a_nat_comes(version: IkeVersion, local_id: &str) {
    let Some((left, right, nat)) = behind_nat(&masquerade(PORTS)) else { return };
    let wires = [Capture::start(nat.namespace(), "outside"), Capture::start(right.namespace(), "outside")];
    let (left_spec, right_spec) = specs(version, local_id);
    apply(&left, &left_spec, &right, &right_spec).await;
    assert_eq!(code(&right.state(), &right_spec), Some(ReasonCode::WaitingForPeer));
    is_up(&left, &left_spec, &right, &right_spec).await;
    let seen = assert_is_translated(&left, &left_spec, &right, &right_spec);
    assert_eq!(seen.peer.identity, right_spec.peer_id);
    assert!(PORTS.contains(&seen.peer.port.unwrap()), "{seen:#?}");
    assert_is_in_udp(&wires, &left, &left_spec).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_behind_a_nat_that_forwards_is_reached_ikev1() {
    a_gateway_behind_a_nat_that_forwards_is_reached(IkeVersion::V1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_behind_a_nat_that_forwards_is_reached_ikev2() {
    a_gateway_behind_a_nat_that_forwards_is_reached(IkeVersion::V2).await;
}

/// Our end, the left one, has the address that the NAT stands for it with as its identity, so that the peer need not know
/// of the NAT. The peer begins.
async fn a_gateway_behind_a_nat_that_forwards_is_reached(version: IkeVersion) {
    let Some((left, right, nat)) = behind_nat(&one_to_one()) else { return };
    let wires = [Capture::start(nat.namespace(), "outside"), Capture::start(right.namespace(), "outside")];
    let (mut left_spec, mut right_spec) = specs(version, OUTSIDE);
    (left_spec.initiator, right_spec.initiator) = (Initiator::ResponseOnly, Initiator::BiDirectional);
    apply(&left, &left_spec, &right, &right_spec).await;
    is_up(&left, &left_spec, &right, &right_spec).await;
    let seen = assert_is_translated(&left, &left_spec, &right, &right_spec);
    assert_eq!((seen.peer.identity.as_str(), seen.peer.port), (OUTSIDE, Some(4500)));
    assert_is_in_udp(&wires, &left, &left_spec).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_identity_that_the_peer_expects_a_gateway_behind_a_nat_is_turned_away() {
    for version in [IkeVersion::V1, IkeVersion::V2] {
        let Some((left, right, _nat)) = behind_nat(&masquerade(PORTS)) else { return };
        let (left_spec, mut right_spec) = specs(version, "");
        OUTSIDE.clone_into(&mut right_spec.peer_id);
        apply(&left, &left_spec, &right, &right_spec).await;
        right.until(|state| code(state, &right_spec) == Some(ReasonCode::PeerIdentityMismatch)).await;
        left.until(|state| code(state, &left_spec) == Some(ReasonCode::AuthFailed)).await;
        println!("{version}, here: {}", text(&right.state(), &right_spec).unwrap_or_default());
        println!("{version}, behind the NAT: {}", text(&left.state(), &left_spec).unwrap_or_default());
        assert_eq!(right.spis().await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_follows_a_nat_that_changes_its_mind_ikev1() {
    a_tunnel_follows_a_nat_that_changes_its_mind(IkeVersion::V1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_follows_a_nat_that_changes_its_mind_ikev2() {
    a_tunnel_follows_a_nat_that_changes_its_mind(IkeVersion::V2).await;
}

async fn a_tunnel_follows_a_nat_that_changes_its_mind(version: IkeVersion) {
    let Some((left, right, nat)) = behind_nat(&masquerade(PORTS)) else { return };
    let (mut left_spec, mut right_spec) = specs(version, "branch.example");
    // The end inside has to notice that it hears nothing any more, and to say something: the other one knows then.
    let dpd = |interval, timeout| Dpd { action: DpdAction::Restart, interval, timeout };
    (left_spec.dpd, right_spec.dpd) = (dpd(2, 30), dpd(20, 60));
    apply(&left, &left_spec, &right, &right_spec).await;
    is_up(&left, &left_spec, &right, &right_spec).await;
    let before = right.spis().await;
    let ike = established(&right.state(), &right_spec).unwrap().initiator_spi.clone();
    let pinging = left.keep_pinging("10.1.1.1", "10.2.1.1");

    nat.becomes(&masquerade(OTHER_PORTS));
    nat.forget();
    let start = Instant::now();
    let is_elsewhere = |state: &VpnState| {
        let port = established(state, &right_spec).and_then(|ike| ike.peer.port);
        port.is_some_and(|port| OTHER_PORTS.contains(&port))
    };
    right.until(is_elsewhere).await;
    let (sent, lost) = pinging.stop().await;
    println!("{version}: followed after {:?}, {lost} of {sent} lost", start.elapsed());
    is_up(&left, &left_spec, &right, &right_spec).await;
    assert_eq!(established(&right.state(), &right_spec).unwrap().initiator_spi, ike);
    match data_plane() {
        DataPlane::Kernel => assert_eq!(right.spis().await, before),
        // libipsec cannot change where an SA sends to: charon replaces it within the IKE SA.
        DataPlane::Userspace => assert_ne!(right.spis().await, before),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_port_4500_there_is_no_way_through_a_nat_ikev1() {
    without_port_4500_there_is_no_way_through_a_nat(IkeVersion::V1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_port_4500_there_is_no_way_through_a_nat_ikev2() {
    without_port_4500_there_is_no_way_through_a_nat(IkeVersion::V2).await;
}

async fn without_port_4500_there_is_no_way_through_a_nat(version: IkeVersion) {
    let filtered = format!(
        "{}\nchain forward {{ type filter hook forward priority filter; udp dport 4500 drop; }}",
        masquerade(PORTS)
    );
    let Some((left, right, nat)) = behind_nat(&filtered) else { return };
    let (left_spec, right_spec) = specs(version, "");
    apply(&left, &left_spec, &right, &right_spec).await;
    let names_the_port = |state: &VpnState| {
        text(state, &left_spec).is_some_and(|said| said.contains("UDP port 4500 has to reach it"))
    };
    left.until(names_the_port).await;
    println!("{version}: {}", text(&left.state(), &left_spec).unwrap_or_default());
    assert_eq!(code(&left.state(), &left_spec), Some(ReasonCode::PeerUnreachable));
    assert_eq!(code(&right.state(), &right_spec), Some(ReasonCode::WaitingForPeer));
    assert_eq!((left.spis().await, right.spis().await), (vec![], vec![]));

    // It was this, and nothing else.
    nat.becomes(&masquerade(PORTS));
    is_up(&left, &left_spec, &right, &right_spec).await;
}

/// Both ends of a connection that the left one begins, under this identity if it is not its address.
fn specs(version: IkeVersion, local_id: &str) -> (ConnectionSpec, ConnectionSpec) {
    let (mut left, mut right) = sites::specs(version, 1);
    let inside = IpAddr::from(INSIDE);
    left.local_address = Some(inside);
    local_id.clone_into(&mut left.local_id);
    right.peer_id = if local_id.is_empty() { inside.to_string() } else { local_id.to_owned() };
    OUTSIDE.clone_into(&mut right.peer_address);
    right.initiator = Initiator::ResponseOnly;
    (left, right)
}

/// The end that waits comes first: before that the other one's calls would be answered by an ICMP that is seen outside.
async fn apply(left: &Site, left_spec: &ConnectionSpec, right: &Site, right_spec: &ConnectionSpec) {
    let mut ends = [(left, left_spec), (right, right_spec)];
    ends.sort_by_key(|(_, spec)| spec.initiator == Initiator::BiDirectional);
    for (site, spec) in ends {
        site.vpn().apply(std::slice::from_ref(spec)).await.unwrap();
    }
}

/// Waits for the tunnel, and sends packets both ways.
async fn is_up(left: &Site, left_spec: &ConnectionSpec, right: &Site, right_spec: &ConnectionSpec) {
    left.until(|state| is_active(state, left_spec)).await;
    right.until(|state| is_active(state, right_spec)).await;
    sites::settle(left, right, 1).await;
    assert!(right.ping("10.2.1.1", "10.1.1.1"));
    assert!(left.ping("10.1.1.1", "10.2.1.1"));
}

/// Both ends know of the NAT, and at which of them it is. Returns what the right one tells.
fn assert_is_translated(
    left: &Site,
    left_spec: &ConnectionSpec,
    right: &Site,
    right_spec: &ConnectionSpec,
) -> IkeSa {
    let (inside, outside) = (left.state(), right.state());
    let (inside, outside) =
        (established(&inside, left_spec).unwrap(), established(&outside, right_spec).unwrap());
    assert!(inside.local.behind_nat && outside.peer.behind_nat, "{inside:#?} {outside:#?}");
    assert!(!outside.local.behind_nat, "{outside:#?}");
    // An end that has ESP in UDP only says that it is behind a NAT, to get it.
    assert_eq!(inside.peer.behind_nat, data_plane() == DataPlane::Userspace, "{inside:#?}");
    assert!([inside, outside].iter().all(|ike| ike.child_sas.iter().all(|child| child.udp_encapsulation)));
    assert_eq!((inside.local.address, outside.peer.address), (Some(INSIDE.into()), OUTSIDE.parse().ok()));
    outside.clone()
}

fn established<'a>(state: &'a VpnState, spec: &ConnectionSpec) -> Option<&'a IkeSa> {
    let all = &state.observations.get(&spec.id)?.ike_sas;
    all.iter().find(|ike| ike.state == IkeSaState::Established && !ike.child_sas.is_empty())
}

/// Outside there is ESP of this connection in UDP, from either end, and nothing plain.
async fn assert_is_in_udp(wires: &[Capture; 2], left: &Site, left_spec: &ConnectionSpec) {
    let spis = left.spis_of(left_spec).await;
    let is_ours = |line: &str| {
        line.contains("UDP-encap: ESP(")
            && spis
                .iter()
                .any(|(one, other)| [one, other].iter().any(|spi| line.contains(&format!("0x{spi:08x}"))))
    };
    for wire in wires {
        wire.until("ESP in UDP", is_ours);
        assert_eq!(wire.plain(), Vec::<String>::new());
    }
}

/// What stands between the sites.
struct Nat(Ground);

/// A left site behind a NAT with these chains, and a right one that reaches nothing but the NAT. `None` where the machine
/// cannot do it, which is said aloud.
fn behind_nat(chains: &str) -> Option<(Site, Site, Nat)> {
    let [left, between, right] = sites::grounds()?;
    let nat = Nat(between);
    match nat.load(chains) {
        Ok(()) => {}
        // A kernel without NAT says so to rules that are right.
        Err(why) if why.contains("Could not process rule") => {
            println!(
                "SKIPPED: this kernel cannot translate addresses: {}",
                why.lines().next().unwrap_or_default()
            );
            return None;
        }
        Err(why) if why.contains("exec of") => {
            println!("SKIPPED: needs the package nftables");
            return None;
        }
        Err(why) => panic!("{why}"),
    }
    for (ground, name) in [(&left, "inside"), (&right, "outside")] {
        sites::ip(&format!(
            "link add outside netns {} type veth peer name {name} netns {}",
            ground.namespace(),
            nat.namespace()
        ));
        nat.0.ip(&format!("link set {name} up"));
    }
    nat.0.ip("address add 192.168.0.1/24 dev inside");
    nat.0.ip(&format!("address add {OUTSIDE}/24 dev outside"));
    nat.forward();
    left.furnish(1, INSIDE, 1);
    left.ip("route add default via 192.168.0.1");
    right.furnish(2, [192, 0, 2, 2], 1);
    Some((Site::new(left), Site::new(right), nat))
}

/// Who comes from inside has one of these ports at the NAT's address.
fn masquerade(ports: RangeInclusive<u16>) -> String {
    format!(
        "chain out {{ type nat hook postrouting priority srcnat; oifname outside meta l4proto udp masquerade to :{}-{}; }}",
        ports.start(),
        ports.end()
    )
}

/// The NAT's address is the left site's, whoever begins.
fn one_to_one() -> String {
    let inside = IpAddr::from(INSIDE);
    format!(
        "chain in {{ type nat hook prerouting priority dstnat; iifname outside udp dport {{ 500, 4500 }} dnat to {inside}; }}
         chain out {{ type nat hook postrouting priority srcnat; oifname outside masquerade; }}"
    )
}

impl Nat {
    fn namespace(&self) -> &str {
        self.0.namespace()
    }

    fn becomes(&self, chains: &str) {
        self.load(chains).unwrap();
    }

    /// Has these chains and no others.
    fn load(&self, chains: &str) -> Result<(), String> {
        let rules = format!("table ip nat\ndelete table ip nat\ntable ip nat {{\n{chains}\n}}\n");
        let mut nft = Command::new("ip")
            .args(["netns", "exec", self.namespace(), "nft", "-f", "-"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        nft.stdin.take().unwrap().write_all(rules.as_bytes()).unwrap();
        let output = nft.wait_with_output().unwrap();
        if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    fn forward(&self) {
        let namespace = Namespace::open(self.namespace()).unwrap().unwrap();
        namespace.run(|| std::fs::write("/proc/sys/net/ipv4/ip_forward", "1")).unwrap().unwrap();
    }

    /// Forgets which port stands for whom, as when it is restarted.
    fn forget(&self) {
        let namespace = Namespace::open(self.namespace()).unwrap().unwrap();
        assert!(conntrack::delete(&namespace, |_| true).unwrap() > 0, "nothing was translated");
    }
}
