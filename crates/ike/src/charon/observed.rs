//! What people want to know of SAs, read off what charon lists: for reports, not for decisions.

use std::net::IpAddr;
use std::time::Duration;

use adit_model::algorithm::{EncapsulationMode, IkeVersion, TransformProtocol};
use adit_model::security_association::{self, ChildSaState, Endpoint, IkeSaState, Role, Traffic};
use jiff::Timestamp;

use super::sa::{ChildSa, ChildState, IkeSa, IkeState};
use crate::message::Section;

/// Details of an IKE SA.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IkeDetails {
    is_v2: bool,
    local: End,
    peer: End,
    proposal: String,
    established: Option<Duration>,
    rekey: Option<Duration>,
    reauthentication: Option<Duration>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct End {
    address: Option<IpAddr>,
    port: Option<u16>,
    identity: String,
    behind_nat: bool,
}

/// Details of a CHILD_SA.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChildDetails {
    is_ah: bool,
    is_transport: bool,
    udp_encapsulation: bool,
    proposal: String,
    received: Traffic,
    sent: Traffic,
    rekey: Option<Duration>,
    life: Option<Duration>,
}

impl IkeDetails {
    pub(super) fn read(sa: &Section) -> Self {
        let end = |side: &str| End {
            address: sa.number(&format!("{side}-host")),
            port: sa.number(&format!("{side}-port")),
            // charon's word for nobody in particular.
            identity: sa
                .text(&format!("{side}-id"))
                .filter(|id| *id != "%any")
                .unwrap_or_default()
                .to_owned(),
            behind_nat: sa.is_yes(&format!("nat-{side}")),
        };
        Self {
            is_v2: sa.text("version") == Some("2"),
            local: end("local"),
            peer: end("remote"),
            proposal: proposal(sa),
            established: seconds(sa, "established"),
            rekey: seconds(sa, "rekey-time"),
            reauthentication: seconds(sa, "reauth-time"),
        }
    }
}

impl ChildDetails {
    pub(super) fn read(sa: &Section) -> Self {
        let traffic = |way: &str| Traffic {
            bytes: sa.number(&format!("bytes-{way}")).unwrap_or_default(),
            packets: sa.number(&format!("packets-{way}")).unwrap_or_default(),
        };
        Self {
            is_ah: sa.text("protocol") == Some("AH"),
            is_transport: sa.text("mode") == Some("TRANSPORT"),
            udp_encapsulation: sa.is_yes("encap"),
            proposal: proposal(sa),
            received: traffic("in"),
            sent: traffic("out"),
            rekey: seconds(sa, "rekey-time"),
            life: seconds(sa, "life-time"),
        }
    }
}

impl IkeSa {
    /// What is told of the SA, with these of its CHILD_SAs, when it was listed `now`.
    pub fn observed<'a>(
        &self,
        children: impl Iterator<Item = &'a ChildSa>,
        now: Timestamp,
    ) -> security_association::IkeSa {
        let IkeDetails { is_v2, local, peer, proposal, established, rekey, reauthentication } = &self.details;
        let end = |End { address, port, identity, behind_nat }: &End| Endpoint {
            address: *address,
            port: *port,
            identity: identity.clone(),
            behind_nat: *behind_nat,
        };
        security_association::IkeSa {
            state: match self.state {
                IkeState::Connecting => IkeSaState::Connecting,
                IkeState::Established => IkeSaState::Established,
                IkeState::Replaced => IkeSaState::Replaced,
                IkeState::Closing => IkeSaState::Closing,
            },
            version: if *is_v2 { IkeVersion::V2 } else { IkeVersion::V1 },
            role: if self.initiator { Role::Initiator } else { Role::Responder },
            initiator_spi: format!("{:016x}", self.initiator_spi),
            responder_spi: format!("{:016x}", self.responder_spi),
            local: end(local),
            peer: end(peer),
            proposal: proposal.clone(),
            established_at: before(now, *established),
            rekey_at: after(now, *rekey),
            reauthenticate_at: after(now, *reauthentication),
            child_sas: children.map(|child| child.observed(now)).collect(),
        }
    }
}

impl ChildSa {
    fn observed(&self, now: Timestamp) -> security_association::ChildSa {
        let details = &self.details;
        let is_up = matches!(self.state, ChildState::Installed | ChildState::Replaced);
        security_association::ChildSa {
            state: match self.state {
                ChildState::Connecting => ChildSaState::Connecting,
                ChildState::Installed => ChildSaState::Installed,
                ChildState::Replaced => ChildSaState::Replaced,
                ChildState::Closing => ChildSaState::Closing,
            },
            protocol: if details.is_ah { TransformProtocol::Ah } else { TransformProtocol::Esp },
            mode: if details.is_transport { EncapsulationMode::Transport } else { EncapsulationMode::Tunnel },
            udp_encapsulation: details.udp_encapsulation,
            spi_in: format!("{:08x}", self.spi_in),
            spi_out: format!("{:08x}", self.spi_out),
            local_networks: self.local.clone(),
            peer_networks: self.peer.clone(),
            proposal: details.proposal.clone(),
            received: details.received,
            sent: details.sent,
            established_at: before(now, is_up.then(|| Duration::from_secs(self.age_secs))),
            rekey_at: after(now, details.rekey),
            expires_at: after(now, details.life),
        }
    }
}

/// What was agreed on, in charon's words: `AES_CBC_128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1536`. Empty before that.
fn proposal(sa: &Section) -> String {
    let cipher = sa.text("encr-alg").map(|name| match sa.text("encr-keysize") {
        Some(bits) => format!("{name}_{bits}"),
        None => name.to_owned(),
    });
    let others = ["integ-alg", "prf-alg", "dh-group"].into_iter().filter_map(|key| sa.text(key));
    cipher.into_iter().chain(others.map(str::to_owned)).collect::<Vec<_>>().join("/")
}

fn seconds(sa: &Section, key: &str) -> Option<Duration> {
    sa.number(key).map(Duration::from_secs)
}

/// Clocks that are off lead to no time rather than to a wrong one.
fn before(now: Timestamp, passed: Option<Duration>) -> Option<Timestamp> {
    whole_second(now).checked_sub(passed?).ok()
}

fn after(now: Timestamp, left: Option<Duration>) -> Option<Timestamp> {
    whole_second(now).checked_add(left?).ok()
}

/// charon counts in seconds.
fn whole_second(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Value;

    fn section(pairs: &[(&str, &str)]) -> Section {
        pairs.iter().fold(Section::new(), |section, (key, value)| section.with(*key, *value))
    }

    #[test]
    fn what_charon_lists_is_told_in_full() {
        let child = section(&[
            ("name", "net"),
            ("uniqueid", "7"),
            ("state", "INSTALLED"),
            ("mode", "TUNNEL"),
            ("protocol", "ESP"),
            ("encap", "yes"),
            ("spi-in", "c1a2b3c4"),
            ("spi-out", "00a2b3c4"),
            ("encr-alg", "AES_GCM_16"),
            ("encr-keysize", "256"),
            ("dh-group", "ECP_256"),
            ("bytes-in", "840"),
            ("packets-in", "10"),
            ("bytes-out", "84"),
            ("packets-out", "1"),
            ("rekey-time", "3000"),
            ("life-time", "3960"),
            ("install-time", "12"),
        ])
        .with("local-ts", Value::List(vec!["10.1.0.0/24".to_owned()]))
        .with("remote-ts", Value::List(vec!["10.2.0.0/24".to_owned()]));
        let ike = section(&[
            ("uniqueid", "3"),
            ("version", "2"),
            ("state", "ESTABLISHED"),
            ("local-host", "203.0.113.1"),
            ("local-port", "4500"),
            ("local-id", "gw.example"),
            ("remote-host", "2001:db8::2"),
            ("remote-port", "500"),
            ("remote-id", "%any"),
            ("initiator", "yes"),
            ("initiator-spi", "00000000000000ff"),
            ("responder-spi", "fedcba9876543210"),
            ("nat-remote", "yes"),
            ("encr-alg", "AES_CBC"),
            ("encr-keysize", "128"),
            ("integ-alg", "HMAC_SHA1_96"),
            ("prf-alg", "PRF_HMAC_SHA1"),
            ("dh-group", "MODP_1536"),
            ("established", "60"),
            ("rekey-time", "100"),
        ])
        .with("child-sas", section(&[]).with("net-7", child));
        let message = Section::new().with("peering", ike);
        let [sa] = &IkeSa::list(&message)[..] else { panic!("one SA") };
        let now = "2026-01-01T00:01:00.5Z".parse().unwrap();
        insta::assert_json_snapshot!(sa.observed(sa.children.iter(), now));
    }

    #[test]
    fn an_sa_that_is_not_up_has_neither_algorithms_nor_times() {
        let ike = section(&[("uniqueid", "3"), ("version", "1"), ("state", "CONNECTING")]);
        let [sa] = &IkeSa::list(&Section::new().with("peering", ike))[..] else { panic!("one SA") };
        let told = sa.observed(sa.children.iter(), Timestamp::UNIX_EPOCH);
        assert_eq!((told.state, told.version), (IkeSaState::Connecting, IkeVersion::V1));
        assert_eq!((told.proposal.as_str(), told.established_at, told.rekey_at), ("", None, None));
        assert_eq!(told.responder_spi, "0000000000000000");
    }
}
