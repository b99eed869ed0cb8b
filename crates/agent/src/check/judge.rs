//! What was seen becomes results that a person can act on. Pure.

use std::fmt;
use std::io;
use std::net::IpAddr;

use adit_linux::probe::is_forbidden;
use adit_model::Reason;
use adit_model::check::ProbeCode as Code;
use adit_model::check::ProbeOutcome::{self, Failed, Passed, Unknown};
use adit_model::check::{Probe, ProbeResult};
use ipnet::IpNet;

use super::ask::{Pings, Reply};

/// What is known of a connection without asking anybody.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known<'a> {
    /// Whether it is up.
    pub(super) is_up: bool,
    /// Why not.
    pub(super) reason: Option<&'a Reason>,
    /// The peer's port of the IKE SA that is up.
    pub(super) ike_port: Option<u16>,
}

/// What an error of a socket says.
#[expect(clippy::wildcard_enum_match_arm, reason = "of all that a kernel may say, little is about the way")]
fn said(error: &io::Error) -> (Code, String) {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => (Code::Refused, "nobody listens there".to_owned()),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            (Code::Unreachable, "a router on the way says that it cannot be reached".to_owned())
        }
        io::ErrorKind::PermissionDenied if !is_forbidden(error) => {
            (Code::Unreachable, "a router on the way says that it may not be reached".to_owned())
        }
        _ => (Code::Other, format!("the kernel says: {error}")),
    }
}

/// The peer's address, when a socket could not be connected to it.
#[expect(clippy::wildcard_enum_match_arm, reason = "of all that a kernel may say, little is about the way")]
pub(super) fn no_way(source: IpAddr, target: IpAddr, error: &io::Error) -> ProbeResult {
    let (code, text) = match error.kind() {
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            (Code::NoRoute, format!("the router has no route to the peer's address {target}"))
        }
        io::ErrorKind::AddrNotAvailable => {
            (Code::Other, format!("the router does not have its external address {source} in use"))
        }
        _ => (Code::Other, format!("the peer's address {target} cannot be used: {error}")),
    };
    ProbeResult {
        source: Some(source),
        target: Some(target),
        ..ProbeResult::new(Probe::PeerAddress, Failed, code, text)
    }
}

/// The peer's address, when there is a way.
pub(super) fn reachable(name: &str, source: IpAddr, target: IpAddr) -> ProbeResult {
    let text = if name.parse() == Ok(target) {
        format!("the router has a route to the peer's address {target}")
    } else {
        format!("the peer's name `{name}` is {target}, and the router has a route to it")
    };
    let result = ProbeResult::new(Probe::PeerAddress, Passed, Code::Reachable, text);
    ProbeResult { source: Some(source), target: Some(target), ..result }
}

/// What follows when there is nobody to ask.
pub(super) fn not_probed(probe: Probe) -> ProbeResult {
    ProbeResult::new(
        probe,
        Unknown,
        Code::NotProbed,
        "this was not tried, since the peer has no address to try",
    )
}

/// Whether the peer answers IKE at a port.
pub(super) fn ike(
    probe: Probe,
    port: u16,
    target: IpAddr,
    reply: &Reply,
    asked: u32,
    known: Known<'_>,
) -> ProbeResult {
    let at = format!("UDP port {port} of {target}");
    let is_here = known.ike_port == Some(port);
    let is_elsewhere = known.ike_port.filter(|_| !is_here);
    let speaks = |what: &str| {
        (Passed, Code::Established, format!("{what} {at}, but the IKE SA with the peer is up there"))
    };
    let (outcome, code, text) = match (reply, is_elsewhere) {
        (Reply::Heard, _) => (Passed, Code::Answered, format!("the peer answers IKE at {at}")),
        (Reply::Error(_), _) if is_here => speaks("an error came back from"),
        (Reply::Silence, _) if is_here => speaks("strangers get no answer from"),
        (Reply::Error(error), elsewhere) => {
            let (code, why) = said(error);
            match elsewhere {
                Some(other) => (
                    Unknown,
                    code,
                    format!(
                        "IKE does not get to {at}: {why}; the IKE SA with the peer is up at port {other}"
                    ),
                ),
                None => (Failed, code, format!("IKE does not get to {at}: {why}{}", advice(code, port))),
            }
        }
        (Reply::Silence, Some(other)) => (
            Unknown,
            Code::Silent,
            format!("no answer came from {at}; the IKE SA with the peer is up at port {other}"),
        ),
        (Reply::Silence, None) => (
            Failed,
            Code::Silent,
            format!(
                "no answer came from {at}: a firewall on the way or at the peer may drop it, or the peer answers nobody whom \
                 it does not know"
            ),
        ),
    };
    let result = ProbeResult::new(probe, outcome, code, text);
    let received = u32::from(matches!(reply, Reply::Heard));
    ProbeResult { target: Some(target), sent: asked, received, ..result }
}

fn advice(code: Code, port: u16) -> String {
    if code != Code::Refused {
        return String::new();
    }
    match port {
        4500 => ": does the IKE daemon of the peer do NAT traversal?".to_owned(),
        _ => ": does the IKE daemon of the peer run?".to_owned(),
    }
}

/// How large a packet to the peer may be; `mtu` is that of the router's external interface.
pub(super) fn path_mtu(target: IpAddr, found: Option<u32>, mtu: u32, inside: Option<u32>) -> ProbeResult {
    let Some(found) = found else {
        let text =
            format!("how large a packet to {target} may be is not known: it answers neither pings nor IKE");
        let result = ProbeResult::new(Probe::PathMtu, Unknown, Code::NotProbed, text);
        return ProbeResult { target: Some(target), ..result };
    };
    let leaves = inside.map(|inside| format!(", which leaves {inside} in the tunnel")).unwrap_or_default();
    let less = if found < mtu {
        format!("; the router's own interface takes {mtu}, so something on the way takes less")
    } else {
        String::new()
    };
    let text = format!("packets of up to {found} octets get to {target} whole{leaves}{less}");
    let result = ProbeResult::new(Probe::PathMtu, Passed, Code::Measured, text);
    ProbeResult { target: Some(target), mtu: Some(found), ..result }
}

/// Whom a ping is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) address: IpAddr,
    /// The network that it is the first host of, where nobody has named one.
    pub(super) first_of: Option<IpNet>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first_of {
            Some(network) => {
                write!(f, "{}, the first address of the peer's network {network},", self.address)
            }
            None => write!(f, "{}", self.address),
        }
    }
}

/// A ping that was not sent.
pub(super) fn no_ping(target: Target, outcome: ProbeOutcome, code: Code, text: String) -> ProbeResult {
    ProbeResult { target: Some(target.address), ..ProbeResult::new(Probe::TunnelPing, outcome, code, text) }
}

/// A ping for which there is no tunnel.
pub(super) fn tunnel_down(target: Target, known: Known<'_>) -> ProbeResult {
    let why = known
        .reason
        .map_or_else(|| "the IKE daemon has not told of it yet".to_owned(), |why| why.text.clone());
    no_ping(target, Failed, Code::TunnelDown, format!("the tunnel to {target} is down: {why}"))
}

/// Pings through the tunnel.
pub(super) fn pings(target: Target, source: IpAddr, pings: &Pings) -> ProbeResult {
    let Pings { sent, received, round_trip, error } = pings;
    let error = error.as_ref();
    let (outcome, code, text) = if received == sent {
        (Passed, Code::Answered, format!("{target} answers all of {sent} pings from {source}"))
    } else if *received > 0 {
        (
            Failed,
            Code::Loss,
            format!("{target} answers {received} of {sent} pings from {source}: packets are lost"),
        )
    } else if error.is_some_and(is_forbidden) {
        let text = format!("the router keeps back what is for {target}: there is no tunnel for it");
        (Failed, Code::TunnelDown, text)
    } else {
        let (code, why) = error.map_or((Code::Silent, None), |error| {
            let (code, why) = said(error);
            (code, Some(why))
        });
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        let text = format!("{target} answers none of {sent} pings from {source}{why}");
        match target.first_of {
            // Perhaps nobody has this address.
            Some(_) => (Unknown, code, format!("{text}; name another target that should answer")),
            None => (Failed, code, text),
        }
    };
    let result = no_ping(target, outcome, code, text);
    ProbeResult {
        source: Some(source),
        sent: *sent,
        received: *received,
        round_trip_us: *round_trip,
        ..result
    }
}

/// How large a packet in the tunnel may be.
pub(super) fn tunnel_mtu(target: IpAddr, source: IpAddr, found: u32) -> ProbeResult {
    let text = format!("packets of up to {found} octets get through the tunnel to {target} whole");
    let result = ProbeResult::new(Probe::TunnelMtu, Passed, Code::Measured, text);
    ProbeResult { source: Some(source), target: Some(target), mtu: Some(found), ..result }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use adit_model::ReasonCode;

    use super::*;

    fn summary(result: &ProbeResult) -> String {
        format!("{} {} {}", result.outcome, result.code, result.text)
    }

    fn peer() -> IpAddr {
        "192.0.2.9".parse().unwrap()
    }

    fn errno(number: i32) -> io::Error {
        io::Error::from_raw_os_error(number)
    }

    #[test]
    fn what_came_from_a_port_of_ike_is_judged_by_what_is_known_of_the_tunnel() {
        let up_at = |port| Known { is_up: true, reason: None, ike_port: Some(port) };
        let refused = || Reply::Error(ErrorKind::ConnectionRefused.into());
        let unreachable = || Reply::Error(ErrorKind::HostUnreachable.into());
        for (reply, port, known, want) in [
            (
                Reply::Heard,
                500,
                Known::default(),
                "passed answered the peer answers IKE at UDP port 500 of 192.0.2.9",
            ),
            (
                refused(),
                500,
                Known::default(),
                "failed refused IKE does not get to UDP port 500 of 192.0.2.9: nobody listens there: does the IKE daemon of \
                 the peer run?",
            ),
            (
                refused(),
                4500,
                Known::default(),
                "failed refused IKE does not get to UDP port 4500 of 192.0.2.9: nobody listens there: does the IKE daemon of \
                 the peer do NAT traversal?",
            ),
            (
                refused(),
                4500,
                up_at(500),
                "unknown refused IKE does not get to UDP port 4500 of 192.0.2.9: nobody listens there; the IKE SA with the \
                 peer is up at port 500",
            ),
            (
                unreachable(),
                500,
                Known::default(),
                "failed unreachable IKE does not get to UDP port 500 of 192.0.2.9: a router on the way says that it cannot \
                 be reached",
            ),
            (
                Reply::Silence,
                500,
                Known::default(),
                "failed silent no answer came from UDP port 500 of 192.0.2.9: a firewall on the way or at the peer may drop \
                 it, or the peer answers nobody whom it does not know",
            ),
            (
                Reply::Silence,
                500,
                up_at(500),
                "passed established strangers get no answer from UDP port 500 of 192.0.2.9, but the IKE SA with the peer is \
                 up there",
            ),
            (
                unreachable(),
                500,
                up_at(500),
                "passed established an error came back from UDP port 500 of 192.0.2.9, but the IKE SA with the peer is up \
                 there",
            ),
            (
                Reply::Silence,
                500,
                up_at(4500),
                "unknown silent no answer came from UDP port 500 of 192.0.2.9; the IKE SA with the peer is up at port 4500",
            ),
        ] {
            let result = ike(Probe::Udp500, port, peer(), &reply, 4, known);
            assert_eq!(summary(&result), want);
            assert_eq!(
                (result.sent, result.received),
                (4, u32::from(matches!(reply, Reply::Heard))),
                "{want}"
            );
        }
    }

    #[test]
    fn pings_without_an_answer_fail_only_where_somebody_named_the_host() {
        let source = "10.1.0.1".parse().unwrap();
        let named = Target { address: "10.2.0.9".parse().unwrap(), first_of: None };
        let first =
            Target { address: "10.2.0.1".parse().unwrap(), first_of: Some("10.2.0.0/24".parse().unwrap()) };
        let said = |received, error| Pings { sent: 5, received, round_trip: None, error };
        let eperm = 1;
        for (target, seen, want) in [
            (named, said(5, None), "passed answered 10.2.0.9 answers all of 5 pings from 10.1.0.1"),
            (
                named,
                said(3, None),
                "failed loss 10.2.0.9 answers 3 of 5 pings from 10.1.0.1: packets are lost",
            ),
            (named, said(0, None), "failed silent 10.2.0.9 answers none of 5 pings from 10.1.0.1"),
            (
                named,
                said(0, Some(errno(eperm))),
                "failed tunnel-down the router keeps back what is for 10.2.0.9: there is no tunnel for it",
            ),
            (
                named,
                said(0, Some(ErrorKind::HostUnreachable.into())),
                "failed unreachable 10.2.0.9 answers none of 5 pings from 10.1.0.1: a router on the way says that it cannot \
                 be reached",
            ),
            (
                first,
                said(0, None),
                "unknown silent 10.2.0.1, the first address of the peer's network 10.2.0.0/24, answers none of 5 pings from \
                 10.1.0.1; name another target that should answer",
            ),
        ] {
            assert_eq!(summary(&pings(target, source, &seen)), want);
        }
        let reason = Reason::new(ReasonCode::AuthFailed, "the peer refused our key");
        let down = Known { is_up: false, reason: Some(&reason), ike_port: None };
        assert_eq!(
            summary(&tunnel_down(named, down)),
            "failed tunnel-down the tunnel to 10.2.0.9 is down: the peer refused our key"
        );
    }

    #[test]
    fn addresses_and_sizes_are_told() {
        let source = "198.51.100.7".parse().unwrap();
        for (got, want) in [
            (
                no_way(source, peer(), &ErrorKind::NetworkUnreachable.into()),
                "failed no-route the router has no route to the peer's address 192.0.2.9",
            ),
            (
                no_way(source, peer(), &ErrorKind::AddrNotAvailable.into()),
                "failed other the router does not have its external address 198.51.100.7 in use",
            ),
            (
                reachable("192.0.2.9", source, peer()),
                "passed reachable the router has a route to the peer's address 192.0.2.9",
            ),
            (
                reachable("vpn.example.org", source, peer()),
                "passed reachable the peer's name `vpn.example.org` is 192.0.2.9, and the router has a route to it",
            ),
            (
                path_mtu(peer(), Some(1500), 1500, Some(1438)),
                "passed measured packets of up to 1500 octets get to 192.0.2.9 whole, which leaves 1438 in the tunnel",
            ),
            (
                path_mtu(peer(), Some(1300), 1500, None),
                "passed measured packets of up to 1300 octets get to 192.0.2.9 whole; the router's own interface takes 1500, \
                 so something on the way takes less",
            ),
            (
                path_mtu(peer(), None, 1500, None),
                "unknown not-probed how large a packet to 192.0.2.9 may be is not known: it answers neither pings nor IKE",
            ),
        ] {
            assert_eq!(summary(&got), want);
        }
    }
}
