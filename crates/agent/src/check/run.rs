//! One check: what is asked, of whom, and in which order.

use std::net::IpAddr;

use adit_linux::Namespace;
use adit_linux::probe::{Size, Transport, open};
use adit_model::check::{Probe, ProbeCode, ProbeOutcome, ProbeResult, first_host};
use adit_model::router_document::{CheckSpec, ConnectionSpec};
use adit_model::security_association::IkeSaState;
use adit_model::{RouterDocument, Status};
use futures_util::future::join_all;

use super::ask::{self, Partner, Reply, mark};
use super::judge::{self, Known, Target};
use super::size;
use crate::config::DataPlane;
use crate::vpn::VpnState;

/// Of so many networks of the peer one host each is asked.
const MOST_NETWORKS: usize = 4;

/// What a check needs to know of the router.
pub(super) struct Place<'a> {
    pub(super) namespace: &'a Namespace,
    pub(super) document: &'a RouterDocument,
    pub(super) data_plane: DataPlane,
    /// What the IKE daemon tells.
    pub(super) state: &'a VpnState,
}

/// Tries everything. What can go on side by side does.
pub(super) async fn run(place: &Place<'_>, connection: &ConnectionSpec, spec: CheckSpec) -> Vec<ProbeResult> {
    let known = known(place.state, connection);
    let (mut results, inside) =
        tokio::join!(outside(place, connection, known), through(place, connection, spec, known));
    results.extend(inside);
    results
}

fn known<'a>(state: &'a VpnState, connection: &ConnectionSpec) -> Known<'a> {
    let told = state.connections.get(&connection.id);
    let is_up = told.is_some_and(|told| told.status == Status::Active);
    let sas = state.observations.get(&connection.id).map_or(&[][..], |seen| &seen.ike_sas);
    let is_alive = |state| matches!(state, IkeSaState::Established | IkeSaState::Replaced);
    let alive = sas.iter().find(|sa| state.daemon_running && is_alive(sa.state));
    let reason = told.and_then(|told| told.reason.as_ref());
    Known { is_up, reason, ike_port: alive.and_then(|sa| sa.peer.port) }
}

/// The peer's gateway: where it is, whether it answers, and how large packets to it may be.
async fn outside(place: &Place<'_>, connection: &ConnectionSpec, known: Known<'_>) -> Vec<ProbeResult> {
    let (source, target, reachable) = match way(place, connection).await {
        Ok(way) => way,
        Err(failed) => {
            let others = [Probe::Udp500, Probe::Udp4500, Probe::PathMtu].map(judge::not_probed);
            return [vec![failed], others.into()].concat();
        }
    };
    let ike = |probe, port| ike(place, connection, (source, target), known, probe, port);
    let ((at_500, answers), (at_4500, _)) = tokio::join!(ike(Probe::Udp500, 500), ike(Probe::Udp4500, 4500));
    let size = path_mtu(place, connection, (source, target), known, answers).await;
    vec![reachable, at_500, at_4500, size]
}

/// From where to where, and that there is a way.
async fn way(
    place: &Place<'_>,
    connection: &ConnectionSpec,
) -> Result<(IpAddr, IpAddr, ProbeResult), ProbeResult> {
    let failed = |code, text| ProbeResult::new(Probe::PeerAddress, ProbeOutcome::Failed, code, text);
    let name = &connection.peer_address;
    let Some(source) = connection.local_address else {
        let text = "the router has no external address of the peer's IP version: set an external gateway that has one";
        return Err(failed(ProbeCode::GatewayMissing, text.to_owned()));
    };
    let addresses = match name.parse() {
        Ok(address) => vec![address],
        Err(_) => ask::resolve(name).await,
    };
    let Some(target) = addresses.into_iter().find(|address| address.is_ipv4() == source.is_ipv4()) else {
        let text = format!("the peer's name `{name}` has no address that the router could reach");
        return Err(failed(ProbeCode::PeerNameUnresolved, text));
    };
    // A socket that sends nothing: the kernel looks for the route.
    match open(place.namespace, Transport::Udp(500), Size::OfInterface, source, target) {
        Ok(_) => Ok((source, target, judge::reachable(name, source, target))),
        Err(error) => Err(judge::no_way(source, target, &error)),
    }
}

/// Whether the peer answers at a port; and if so, it may be asked more.
async fn ike(
    place: &Place<'_>,
    connection: &ConnectionSpec,
    (source, target): (IpAddr, IpAddr),
    known: Known<'_>,
    probe: Probe,
    port: u16,
) -> (ProbeResult, bool) {
    let (reply, asked) = match open(place.namespace, Transport::Udp(port), Size::OfInterface, source, target)
    {
        Ok(socket) => ask::ike_responder(&socket, rand::random(), port, connection.ike.version).await,
        Err(error) => (Reply::Error(error), 0),
    };
    let result = judge::ike(probe, port, target, &reply, asked, known);
    (ProbeResult { source: Some(source), ..result }, matches!(reply, Reply::Heard))
}

async fn path_mtu(
    place: &Place<'_>,
    connection: &ConnectionSpec,
    (source, target): (IpAddr, IpAddr),
    known: Known<'_>,
    answers_ike: bool,
) -> ProbeResult {
    let is_ipv4 = target.is_ipv4();
    let mtu = place.document.gateway.as_ref().map_or(1500, |gateway| gateway.interface.mtu);
    let open = |transport| open(place.namespace, transport, Size::OfInterface, source, target);
    let mut found = None;
    if let Ok(socket) = open(Transport::Icmp) {
        let partner = Partner::Echo { socket: &socket, is_ipv4, mark: mark() };
        if partner.answers().await {
            found = Some(partner.largest(mtu).await);
        }
    }
    if let (None, true, Ok(socket)) = (found, answers_ike, open(Transport::Udp(500))) {
        let partner = Partner::Ike { socket: &socket, is_ipv4, spi: rand::random(), port: 500 };
        if partner.answers().await {
            found = Some(partner.largest(mtu).await);
        }
    }
    let is_in_udp = place.data_plane == DataPlane::Userspace || known.ike_port == Some(4500);
    let inside = found.and_then(|found| size::inside(found, is_ipv4, is_in_udp, &connection.ipsec));
    let result = judge::path_mtu(target, found, mtu, inside);
    ProbeResult { source: Some(source), ..result }
}

/// The tunnel: whether packets come back through it, and how large they may be.
async fn through(
    place: &Place<'_>,
    connection: &ConnectionSpec,
    spec: CheckSpec,
    known: Known<'_>,
) -> Vec<ProbeResult> {
    let targets = match spec.target {
        Some(address) => vec![Target { address, first_of: None }],
        None => {
            let first = |network| Target { address: first_host(network), first_of: Some(*network) };
            connection.peer_networks.iter().take(MOST_NETWORKS).map(first).collect()
        }
    };
    join_all(targets.into_iter().map(|target| ping(place, connection, target, known))).await.concat()
}

async fn ping(
    place: &Place<'_>,
    connection: &ConnectionSpec,
    target: Target,
    known: Known<'_>,
) -> Vec<ProbeResult> {
    if !known.is_up {
        return vec![judge::tunnel_down(target, known)];
    }
    let address = target.address;
    let Some((source, mtu)) = inside_address(place.document, connection, address) else {
        let text =
            format!("the router has no address in the local networks from which {target} could be asked");
        let code = ProbeCode::NoInsideAddress;
        return vec![judge::no_ping(target, ProbeOutcome::Unknown, code, text)];
    };
    let socket = match open(place.namespace, Transport::Icmp, Size::OfRoute, source, address) {
        Ok(socket) => socket,
        Err(error) => {
            let text = format!("{target} cannot be asked from {source}: {error}");
            return vec![judge::no_ping(target, ProbeOutcome::Failed, ProbeCode::Other, text)];
        }
    };
    let is_ipv4 = address.is_ipv4();
    let pings = ask::pings(&socket, is_ipv4, mark()).await;
    let mut results = vec![judge::pings(target, source, &pings)];
    if pings.received > 0 {
        let partner = Partner::Echo { socket: &socket, is_ipv4, mark: mark() };
        results.push(judge::tunnel_mtu(address, source, partner.largest(mtu).await));
    }
    results
}

/// The router's own address in the connection's local networks, and how large a packet from there can be at all.
fn inside_address(
    document: &RouterDocument,
    connection: &ConnectionSpec,
    target: IpAddr,
) -> Option<(IpAddr, u32)> {
    let outside = document.gateway.as_ref().map_or(1500, |gateway| gateway.interface.mtu);
    let is_inside = |address: &IpAddr| {
        address.is_ipv4() == target.is_ipv4()
            && connection.local_networks.iter().any(|network| network.contains(address))
    };
    let interfaces = document.interfaces.iter().filter(|interface| interface.admin_state_up);
    let mut addresses = interfaces.flat_map(|interface| &interface.addresses).map(ipnet::IpNet::addr);
    addresses.find(is_inside).map(|address| (address, outside))
}
