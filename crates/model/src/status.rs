//! What a gateway says about what it was asked for, and why.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

crate::vocabulary! {
    /// The API's word for the state of a VPN service or a site connection.
    Status {
        /// Stored; no gateway has spoken of it yet.
        PendingCreate = "PENDING_CREATE",
        /// Working.
        Active = "ACTIVE",
        /// Not working; the reason says why.
        Down = "DOWN",
        /// Cannot work as asked for; the reason says what to change.
        Error = "ERROR",
    }
}

crate::vocabulary! {
    /// Why a tunnel is not up: one of a short list that programs can act on.
    ReasonCode {
        /// It was switched off with `admin_state_up`.
        AdminDown = "admin-down",
        /// A VPN service without connections.
        NoConnections = "no-connections",
        /// The key exchange is under way.
        Negotiating = "negotiating",
        /// We are to wait for the peer, and it has not come.
        WaitingForPeer = "waiting-for-peer",
        /// Nobody answers at the peer's address.
        PeerUnreachable = "peer-unreachable",
        /// The tunnel was up, and the peer has stopped answering.
        DpdTimeout = "dpd-timeout",
        /// The peer does not hold the same pre-shared key.
        AuthFailed = "auth-failed",
        /// The peer proves another identity than `peer_id`, or expects another of us.
        PeerIdentityMismatch = "peer-identity-mismatch",
        /// No common algorithms for the IKE SA.
        NoProposalIke = "no-proposal-ike",
        /// No common algorithms for the CHILD_SA.
        NoProposalEsp = "no-proposal-esp",
        /// The two ends name different networks.
        SelectorsRefused = "selectors-refused",
        /// The peer's address is a name that cannot be resolved.
        PeerNameUnresolved = "peer-name-unresolved",
        /// The peer closed the tunnel.
        PeerDeleted = "peer-deleted",
        /// The router has no external address of the peer's IP version.
        GatewayMissing = "gateway-missing",
        /// The gateway cannot do what the policy asks for.
        UnsupportedByGateway = "unsupported-by-gateway",
        /// The IKE daemon is not running.
        DaemonDown = "daemon-down",
        /// The router could not be set up on its node.
        RouterNotReady = "router-not-ready",
        /// No agent serves the router, or its agent has not been heard of.
        AgentOffline = "agent-offline",
        /// None of the above; the text has what was seen.
        Other = "other",
    }
}

/// Why something is not `ACTIVE`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reason {
    /// For programs.
    #[serde(deserialize_with = "known_or_other")]
    pub code: ReasonCode,
    /// One sentence for people; never a secret.
    pub text: String,
}

/// The words of before, and those of now. Agents and servers are not upgraded at the same moment.
const RENAMED: [(&str, ReasonCode); 11] = [
    ("peer-silent", ReasonCode::PeerUnreachable),
    ("authentication-failed", ReasonCode::AuthFailed),
    ("identity-mismatch", ReasonCode::PeerIdentityMismatch),
    ("ike-proposal-mismatch", ReasonCode::NoProposalIke),
    ("ipsec-proposal-mismatch", ReasonCode::NoProposalEsp),
    ("traffic-selector-mismatch", ReasonCode::SelectorsRefused),
    ("peer-unresolved", ReasonCode::PeerNameUnresolved),
    ("closed-by-peer", ReasonCode::PeerDeleted),
    ("no-external-address", ReasonCode::GatewayMissing),
    ("unsupported", ReasonCode::UnsupportedByGateway),
    ("agent-silent", ReasonCode::AgentOffline),
];

/// A word that this version does not know, since a newer one said it, has its sentence still.
fn known_or_other<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ReasonCode, D::Error> {
    let word = String::deserialize(deserializer)?;
    let renamed = RENAMED.iter().find(|(before, _)| *before == word).map(|(_, now)| *now);
    Ok(word.parse().ok().or(renamed).unwrap_or(ReasonCode::Other))
}

impl Reason {
    /// A reason from its parts.
    pub fn new(code: ReasonCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_of_other_versions_are_understood_as_far_as_they_can_be() {
        let read = |word: &str| {
            let text = format!(r#"{{"code": "{word}", "text": "why"}}"#);
            serde_json::from_str::<Reason>(&text).unwrap().code
        };
        for code in ReasonCode::ALL {
            assert_eq!(read(code.as_str()), *code);
        }
        assert_eq!(read("peer-silent"), ReasonCode::PeerUnreachable);
        assert_eq!(read("of-the-future"), ReasonCode::Other);
    }
}
