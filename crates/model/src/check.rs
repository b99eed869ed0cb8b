//! Checks of site connections: what a gateway finds out by sending packets, when somebody asks it to.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize};

crate::vocabulary! {
    /// How far a check has come.
    CheckState {
        /// No gateway has taken it yet.
        Pending = "pending",
        /// A gateway is about it.
        Running = "running",
        /// The results are there.
        Done = "done",
        /// There will be no results; the reason says why.
        Failed = "failed",
    }
}

crate::vocabulary! {
    /// What is looked at.
    Probe {
        /// Where the peer is, and whether there is a way to it.
        PeerAddress = "peer-address",
        /// Whether the peer answers IKE at its port 500.
        Udp500 = "udp-500",
        /// The same at port 4500, where IKE and ESP go when there is NAT on the way (RFC 3948).
        Udp4500 = "udp-4500",
        /// How large a packet to the peer may be.
        PathMtu = "path-mtu",
        /// Whether packets come back through the tunnel.
        TunnelPing = "tunnel-ping",
        /// How large a packet in the tunnel may be.
        TunnelMtu = "tunnel-mtu",
    }
}

crate::vocabulary! {
    /// What a probe has shown.
    ProbeOutcome {
        /// It is as it should be.
        Passed = "passed",
        /// It is not.
        Failed = "failed",
        /// Neither could be shown.
        Unknown = "unknown",
    }
}

crate::vocabulary! {
    /// What was seen: one of a short list that programs can act on.
    ProbeCode {
        /// There is an address, and a way to it.
        Reachable = "reachable",
        /// The peer's address is a name that cannot be resolved.
        PeerNameUnresolved = "peer-name-unresolved",
        /// The router has no external address of the peer's IP version.
        GatewayMissing = "gateway-missing",
        /// The router has no route to the peer.
        NoRoute = "no-route",
        /// An answer came.
        Answered = "answered",
        /// No answer came to the probe, but the peer speaks at this port with the IKE daemon.
        Established = "established",
        /// The peer's machine says that nobody listens there.
        Refused = "refused",
        /// A router on the way says that it cannot deliver, or may not.
        Unreachable = "unreachable",
        /// Nothing came back.
        Silent = "silent",
        /// The size was found out.
        Measured = "measured",
        /// Some answers did not come.
        Loss = "loss",
        /// The connection is not up.
        TunnelDown = "tunnel-down",
        /// The router has no address in the connection's local networks.
        NoInsideAddress = "no-inside-address",
        /// It was not looked at, since something before it failed.
        NotProbed = "not-probed",
        /// None of the above; the text has what was seen.
        Other = "other",
    }
}

crate::vocabulary! {
    /// What the results of a check come to.
    Verdict {
        /// Packets pass the tunnel, and nothing is wrong.
        Good = "good",
        /// Something is wrong.
        Bad = "bad",
        /// Nothing was found to be wrong, but that packets pass the tunnel was not shown.
        Unclear = "unclear",
    }
}

/// The times that packets were on their way there and back, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundTrip {
    /// The shortest.
    pub min: u32,
    /// On average.
    pub avg: u32,
    /// The longest.
    pub max: u32,
}

/// What one probe has shown. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeResult {
    /// What was looked at.
    pub probe: Probe,
    /// What it has shown.
    pub outcome: ProbeOutcome,
    /// For programs.
    #[serde(deserialize_with = "known_or_other")]
    pub code: ProbeCode,
    /// One sentence for people.
    pub text: String,
    /// Where the packets came from.
    pub source: Option<IpAddr>,
    /// Where they went.
    pub target: Option<IpAddr>,
    /// How many were sent.
    pub sent: u32,
    /// How many were answered.
    pub received: u32,
    /// How long that took.
    pub round_trip_us: Option<RoundTrip>,
    /// The largest that passed, in octets with all headers.
    pub mtu: Option<u32>,
}

/// A word that this version does not know, since a newer one said it, has its sentence still.
fn known_or_other<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ProbeCode, D::Error> {
    Ok(String::deserialize(deserializer)?.parse().unwrap_or(ProbeCode::Other))
}

impl ProbeResult {
    /// A result without figures.
    pub fn new(probe: Probe, outcome: ProbeOutcome, code: ProbeCode, text: impl Into<String>) -> Self {
        Self {
            probe,
            outcome,
            code,
            text: text.into(),
            source: None,
            target: None,
            sent: 0,
            received: 0,
            round_trip_us: None,
            mtu: None,
        }
    }
}

impl Verdict {
    /// What these results come to, and a sentence that says so.
    pub fn of(results: &[ProbeResult]) -> (Self, String) {
        let failed: Vec<_> = results.iter().filter(|one| one.outcome == ProbeOutcome::Failed).collect();
        let mut pings = results.iter().filter(|one| one.probe == Probe::TunnelPing).peekable();
        let are_there = pings.peek().is_some();
        let silent = pings.find(|one| one.outcome != ProbeOutcome::Passed);
        match (failed.as_slice(), silent) {
            ([first, others @ ..], _) => {
                let others = match others.len() {
                    0 => String::new(),
                    1 => ", and one probe more failed".to_owned(),
                    count => format!(", and {count} probes more failed"),
                };
                (Self::Bad, format!("Not as it should be: {}{others}.", first.text))
            }
            ([], None) if are_there => {
                (Self::Good, "All is well: packets pass the tunnel, and answers come back.".to_owned())
            }
            ([], Some(silent)) => {
                (Self::Unclear, format!("Nothing is known to be wrong, but {}.", silent.text))
            }
            ([], None) => {
                (Self::Unclear, "Nothing is known to be wrong, but the tunnel was not tried.".to_owned())
            }
        }
    }
}

/// The first address of a network that a host may have.
pub fn first_host(network: &IpNet) -> IpAddr {
    network.hosts().find(|address| is_host(network, *address)).unwrap_or_else(|| network.network())
}

/// Whether a host of this network may have this address: it is neither the network's own, nor the one for all hosts.
pub fn is_host(network: &IpNet, address: IpAddr) -> bool {
    let has_others = network.prefix_len() + 1 < network.max_prefix_len();
    let is_reserved = address == network.network() || (address.is_ipv4() && address == network.broadcast());
    network.contains(&address) && !(has_others && is_reserved)
}

#[cfg(test)]
mod tests {
    use ipnet::IpNet;

    use super::{Probe, ProbeCode, ProbeOutcome, ProbeResult, Verdict, first_host, is_host};

    #[test]
    fn a_check_is_good_only_when_packets_pass_and_nothing_failed() {
        use ProbeOutcome::{Failed, Passed, Unknown};
        let result = |(probe, outcome): (Probe, ProbeOutcome)| {
            ProbeResult::new(probe, outcome, ProbeCode::Other, format!("{probe} is so"))
        };
        for (results, want) in [
            (&[][..], "unclear Nothing is known to be wrong, but the tunnel was not tried."),
            (
                &[(Probe::Udp500, Unknown), (Probe::TunnelPing, Passed)],
                "good All is well: packets pass the tunnel, and answers come back.",
            ),
            (
                &[(Probe::Udp500, Passed), (Probe::TunnelPing, Unknown)],
                "unclear Nothing is known to be wrong, but tunnel-ping is so.",
            ),
            (
                &[(Probe::TunnelPing, Passed), (Probe::TunnelPing, Unknown)],
                "unclear Nothing is known to be wrong, but tunnel-ping is so.",
            ),
            (
                &[(Probe::Udp500, Failed), (Probe::TunnelPing, Passed)],
                "bad Not as it should be: udp-500 is so.",
            ),
            (
                &[(Probe::Udp500, Failed), (Probe::Udp4500, Failed), (Probe::TunnelPing, Unknown)],
                "bad Not as it should be: udp-500 is so, and one probe more failed.",
            ),
            (
                &[(Probe::Udp500, Failed), (Probe::Udp4500, Failed), (Probe::TunnelPing, Failed)],
                "bad Not as it should be: udp-500 is so, and 2 probes more failed.",
            ),
        ] {
            let results: Vec<_> = results.iter().copied().map(result).collect();
            let (verdict, sentence) = Verdict::of(&results);
            assert_eq!(format!("{verdict} {sentence}"), want);
        }
    }

    #[test]
    fn a_host_has_neither_the_first_nor_the_last_address() {
        for (network, first, address, want) in [
            ("10.2.0.0/24", "10.2.0.1", "10.2.0.7", true),
            ("10.2.0.9/24", "10.2.0.1", "10.2.0.0", false),
            ("10.2.0.0/24", "10.2.0.1", "10.2.0.255", false),
            ("10.2.0.0/24", "10.2.0.1", "10.2.1.1", false),
            ("10.2.0.0/31", "10.2.0.0", "10.2.0.1", true),
            ("10.2.0.4/32", "10.2.0.4", "10.2.0.4", true),
            ("2001:db8::/64", "2001:db8::1", "2001:db8::", false),
            ("2001:db8::/64", "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true),
            ("2001:db8::4/128", "2001:db8::4", "2001:db8::4", true),
            ("10.2.0.0/24", "10.2.0.1", "2001:db8::1", false),
        ] {
            let network: IpNet = network.parse().unwrap();
            assert_eq!(first_host(&network).to_string(), first, "{network}");
            assert_eq!(is_host(&network, address.parse().unwrap()), want, "{address} in {network}");
        }
    }

    #[test]
    fn a_code_of_a_newer_agent_is_understood_by_its_sentence() {
        let result = ProbeResult::new(Probe::PathMtu, ProbeOutcome::Unknown, ProbeCode::Silent, "why");
        let text = serde_json::to_string(&result).unwrap().replace("silent", "of-the-future");
        let read: ProbeResult = serde_json::from_str(&text).unwrap();
        assert_eq!(read, ProbeResult { code: ProbeCode::Other, ..result });
    }
}
