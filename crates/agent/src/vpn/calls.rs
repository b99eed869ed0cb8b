//! Whose attempts have just begun. charon learns late which connection an attempt of a peer's is for, and its log says where
//! it comes from at once.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use adit_ike::Connection;
use adit_ike::charon::LogLine;
use adit_model::algorithm::IkeVersion;
use tokio::time::Instant;

use super::faults::caller;

/// So long an attempt takes at most where all is well.
const TAKES: Duration = Duration::from_secs(2);
/// Anybody can call, in anybody's name: so many are remembered.
const REMEMBERED: usize = 1000;

/// When each peer began an attempt last.
#[derive(Debug, Default)]
pub(super) struct Calls {
    heard: BTreeMap<IpAddr, Instant>,
}

impl Calls {
    /// Takes in a line of charon's log. Returns who has begun an attempt.
    pub(super) fn hear(&mut self, line: &LogLine, now: Instant) -> Option<IpAddr> {
        let peer = caller(&line.text)?;
        self.heard.retain(|_, at| *at + TAKES > now);
        if self.heard.len() < REMEMBERED {
            self.heard.insert(peer, now);
        }
        Some(peer)
    }

    /// Whether the peer is about to ask for what we would ask for. IKEv1 does not see that two attempts cross: where each end
    /// takes another one of the two IKE SAs for the successor of the other, neither has what the other one holds on to.
    /// IKEv2 needs no help.
    pub(super) fn is_calling(&self, connection: &Connection, now: Instant) -> bool {
        let is_recent = |at: &Instant| *at + TAKES > now;
        connection.ike_version() == IkeVersion::V1
            && self.heard.get(&connection.peer()).is_some_and(is_recent)
    }
}

/// The peering in which a peer asks for a CHILD_SA over IKEv1, if a line of charon's log says so. The third message of such
/// an exchange is a request as well, without a proposal.
pub(super) fn asks_for_child(line: &LogLine) -> Option<&str> {
    let is_first = line.text.starts_with("parsed QUICK_MODE request ") && line.text.contains(" SA ");
    line.connection.as_deref().filter(|_| is_first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vpn::examples::connection;

    #[test]
    fn a_peer_that_has_just_called_over_ikev1_is_about_to_ask() {
        let (v1, v2) = (IkeVersion::V1, IkeVersion::V2);
        let main = "192.0.2.2 is initiating a Main Mode IKE_SA";
        for (version, text, secs, is_calling) in [
            (v1, main, 0, true),
            (v1, "192.0.2.2 is initiating a Aggressive Mode IKE_SA", 1, true),
            (v1, main, 2, false),
            (v1, "192.0.2.3 is initiating a Main Mode IKE_SA", 0, false),
            (v1, "initiating Main Mode IKE_SA peering-1[1] to 192.0.2.2", 0, false),
            (v2, "192.0.2.2 is initiating an IKE_SA", 0, false),
        ] {
            let (mut calls, now) = (Calls::default(), Instant::now());
            let line = LogLine { connection: None, ike_id: Some(1), text: text.to_owned() };
            let caller = calls.hear(&line, now);
            assert_eq!(caller.is_some(), !text.starts_with("initiating"), "{text}");
            let later = now + Duration::from_secs(secs);
            assert_eq!(
                calls.is_calling(&connection(1, version), later),
                is_calling,
                "{text}, {version}, {secs} s"
            );
        }
    }

    #[test]
    fn the_first_message_of_a_quick_mode_asks() {
        for (text, asks) in [
            ("parsed QUICK_MODE request 3605058782 [ HASH SA No KE ID ID ]", true),
            ("parsed QUICK_MODE request 3605058782 [ HASH ]", false),
            ("parsed QUICK_MODE response 3605058782 [ HASH SA No KE ID ID ]", false),
            ("generating QUICK_MODE request 3605058782 [ HASH SA No KE ID ID ]", false),
        ] {
            let connection = Some("peering-1".to_owned());
            let line = LogLine { connection, ike_id: Some(1), text: text.to_owned() };
            assert_eq!(asks_for_child(&line), asks.then_some("peering-1"), "{text}");
        }
    }

    #[test]
    fn a_flood_of_calls_is_not_remembered() {
        let (mut calls, now) = (Calls::default(), Instant::now());
        let call =
            |number: u32| format!("{} is initiating a Main Mode IKE_SA", std::net::Ipv4Addr::from(number));
        for number in 0..2000 {
            calls.hear(&LogLine { connection: None, ike_id: Some(number), text: call(number) }, now);
        }
        assert_eq!(calls.heard.len(), REMEMBERED);
        calls.hear(&LogLine { connection: None, ike_id: None, text: call(1) }, now + TAKES);
        assert_eq!(calls.heard.len(), 1);
    }
}
