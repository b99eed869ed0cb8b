//! Why a tunnel is not up: from a line of charon's log to a fault, and from a fault to a sentence for a person.
//!
//! charon has no other way to say why a negotiation failed. Lines that are not known mean nothing.

use std::net::IpAddr;

use adit_model::{Reason, ReasonCode};
use ipnet::IpNet;

/// What a line of charon's log says went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A request was sent again, for lack of an answer, so many times.
    NoAnswer {
        /// 1 for the first repetition.
        repeated: u32,
    },
    /// No request was ever answered, or none any more.
    GaveUp,
    /// The peer answered until we proved who we are, which is asked at port 4500 where addresses are translated.
    ProofUnanswered,
    /// The peer of an IKE SA that was up answers no more.
    Vanished,
    /// Packets cannot be sent to the peer.
    Unreachable(String),
    /// The peer's proof, or a message of it, does not fit our key.
    WrongKey,
    /// The peer does not accept our proof and does not say why: the key or an identity.
    Refused,
    /// The peer goes on to say what it said before our proof (IKEv1): it cannot read that, and some do not say so, or has
    /// not got it.
    Unread,
    /// The two ends do not accept each other's identity.
    WrongIdentity(String),
    /// The peer refused our IKE proposal, or knows no connection with our address.
    IkeProposalRefused,
    /// We refused the peer's IKE proposal.
    IkeProposalUnacceptable,
    /// The peer has no connection that we could know: nothing here fits its address.
    NoConfiguration,
    /// One of the ends refused the other's proposal for a CHILD_SA.
    ChildProposalRefused,
    /// One of the ends refused the other's networks.
    SelectorsRefused,
    /// The peer closed the tunnel.
    ClosedByPeer,
    /// The peer began a key exchange and never proved who it is, which it does at port 4500 where addresses are translated.
    Abandoned,
    /// The kernel, or what stands for it, did not take the SA.
    NotInstalled,
    /// No route for the peer's networks could be made.
    NoRoute,
}

/// How charon counts the request that has our proof, in IKEv2 and in an IKEv1 main mode.
const PROOFS: [&str; 2] = ["request with message ID 1", "request message ID 0, seq 3"];

/// What a message looks like whose sender has another key, in IKEv1.
const GARBLED: [&str; 4] = [
    "decryption failed",
    "could not decrypt payloads",
    "message parsing failed",
    "does not match HASH payload",
];

/// What sentences about the faults of one connection name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultContext {
    /// Where the peer is.
    pub peer: IpAddr,
    /// Our identity.
    pub local_id: String,
    /// The identity that the peer has to prove.
    pub peer_id: String,
    /// What we offer for the IKE SA.
    pub ike_proposal: String,
    /// What we offer for CHILD_SAs.
    pub child_proposal: String,
    /// Our side of the tunnel.
    pub local_networks: Vec<IpNet>,
    /// The peer's side.
    pub peer_networks: Vec<IpNet>,
}

impl Fault {
    /// Reads one line. `ike_established` tells what it means: before the IKE SA stands silence is that of somebody who is
    /// not there, and a refusal that of the IKE proposal; after it, of somebody who was, and of the CHILD_SA's.
    pub fn of_line(line: &str, ike_established: bool) -> Option<Self> {
        let has = |text: &str| line.contains(text);
        if let Some(repeated) = repetition(line) {
            let is_proof = !ike_established && PROOFS.iter().any(|request| line.ends_with(request));
            return Some(if is_proof { Self::ProofUnanswered } else { Self::NoAnswer { repeated } });
        }
        if has("giving up after") || has("peer not responding") || has("DPD check timed out") {
            return Some(if ike_established { Self::Vanished } else { Self::GaveUp });
        }
        if has("error writing to socket") {
            let cause = line.rsplit(": ").next().unwrap_or(line);
            return Some(Self::Unreachable(cause.to_owned()));
        }
        if has("received AUTHENTICATION_FAILED") {
            return Some(Self::Refused);
        }
        // Only a main mode has the number 0, and its last answer but one is the last that is not encrypted.
        if has("received retransmit of response with ID 0, but next request already sent") {
            return Some(Self::Unread);
        }
        if has("but MAC mismatched")
            || has("no shared key found")
            // Later it is a message that was mangled on its way, or late.
            || !ike_established && GARBLED.iter().any(|text| has(text))
        {
            return Some(Self::WrongKey);
        }
        if has("IDir") && has("does not match") || has("constraint check failed: identity") {
            return Some(Self::WrongIdentity(line.trim().to_owned()));
        }
        if has("no matching peer config found") || has("no peer config found") || has("but none allows") {
            return Some(Self::WrongIdentity(
                "no connection here has the identities that the peer names".to_owned(),
            ));
        }
        if has("no IKE config found") {
            return Some(Self::NoConfiguration);
        }
        if has("TS_UNACCEPTABLE")
            || has("received INVALID_ID_INFORMATION")
            || has("no matching CHILD_SA config found")
            || has("traffic selectors") && has("unacceptable")
        {
            return Some(Self::SelectorsRefused);
        }
        if has("received NO_PROPOSAL_CHOSEN") {
            let child = ike_established || has("no CHILD_SA built");
            return Some(if child { Self::ChildProposalRefused } else { Self::IkeProposalRefused });
        }
        if has("no acceptable proposal found") || has("no matching proposal found") {
            return Some(Self::ChildProposalRefused);
        }
        if has("received proposals unacceptable") || has("no proposal found") {
            return Some(if ike_established {
                Self::ChildProposalRefused
            } else {
                Self::IkeProposalUnacceptable
            });
        }
        if has("unable to install") && has("IPsec SA") {
            return Some(Self::NotInstalled);
        }
        if has("error installing route with policy") {
            return Some(Self::NoRoute);
        }
        if has("deleting half open IKE_SA with") {
            return Some(Self::Abandoned);
        }
        if has("received DELETE for") {
            return Some(Self::ClosedByPeer);
        }
        None
    }

    /// Whether it says more than that the peer is silent. A peer with another key falls silent as well (IKEv1), so
    /// within one attempt such a fault must not be overwritten by silence.
    pub const fn is_specific(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::GaveUp | Self::Abandoned => false,
            Self::ProofUnanswered
            | Self::Vanished
            | Self::Unreachable(_)
            | Self::WrongKey
            | Self::Refused
            | Self::Unread
            | Self::WrongIdentity(_)
            | Self::IkeProposalRefused
            | Self::IkeProposalUnacceptable
            | Self::NoConfiguration
            | Self::ChildProposalRefused
            | Self::SelectorsRefused
            | Self::ClosedByPeer
            | Self::NotInstalled
            | Self::NoRoute => true,
        }
    }

    /// Whether it befalls one CHILD_SA, and not the IKE SA with all that is in it.
    pub const fn is_of_child(&self) -> bool {
        match self {
            Self::ChildProposalRefused | Self::SelectorsRefused | Self::NotInstalled | Self::NoRoute => true,
            Self::NoAnswer { .. }
            | Self::GaveUp
            | Self::ProofUnanswered
            | Self::Vanished
            | Self::Unreachable(_)
            | Self::WrongKey
            | Self::Refused
            | Self::Unread
            | Self::WrongIdentity(_)
            | Self::IkeProposalRefused
            | Self::IkeProposalUnacceptable
            | Self::NoConfiguration
            | Self::ClosedByPeer
            | Self::Abandoned => false,
        }
    }

    /// The fault in the API's words: what we did, what the peer said, what to look at.
    pub fn reason(&self, context: &FaultContext) -> Reason {
        let FaultContext {
            peer,
            local_id,
            peer_id,
            ike_proposal,
            child_proposal,
            local_networks,
            peer_networks,
        } = context;
        let (code, text) = match self {
            Self::NoAnswer { repeated } => (
                ReasonCode::PeerUnreachable,
                format!(
                    "the peer {peer} does not answer: asked {} times so far; check its address, that it is up, and that \
                     UDP ports 500 and 4500 reach it",
                    repeated + 1
                ),
            ),
            Self::GaveUp => (
                ReasonCode::PeerUnreachable,
                format!(
                    "the peer {peer} does not answer: check its address, that it is up, and that UDP ports 500 and \
                     4500 reach it"
                ),
            ),
            Self::ProofUnanswered => (
                ReasonCode::PeerUnreachable,
                format!(
                    "the peer {peer} answered at first, but does not answer our proof of the pre-shared key: UDP port 4500 \
                     has to reach it if addresses are translated on the way, and it needs the same key for `{peer_id}` and \
                     `{local_id}`"
                ),
            ),
            Self::Vanished => (
                ReasonCode::DpdTimeout,
                format!(
                    "the peer {peer} has stopped answering though the tunnel was up: see whether it runs, and whether \
                     UDP ports 500 and 4500 still reach it"
                ),
            ),
            Self::Unreachable(cause) => (
                ReasonCode::PeerUnreachable,
                format!(
                    "nothing can be sent to the peer {peer}: {cause}: check that this is its address, and that the \
                     router's external network has a way there"
                ),
            ),
            Self::WrongKey => (
                ReasonCode::AuthFailed,
                format!(
                    "authentication between `{local_id}` and `{peer_id}` failed: both ends need the same pre-shared \
                     key for this pair of identities"
                ),
            ),
            Self::Refused => (
                ReasonCode::AuthFailed,
                format!(
                    "the peer {peer} refused our proof: it needs the same pre-shared key, has to expect us as \
                     `{local_id}`, and has to be `{peer_id}` itself"
                ),
            ),
            Self::Unread => (
                ReasonCode::AuthFailed,
                format!(
                    "the peer {peer} answers, but not to our proof of the pre-shared key: both ends need the same key for \
                     `{local_id}` and `{peer_id}`, and UDP port 4500 has to reach it if addresses are translated on the \
                     way"
                ),
            ),
            Self::WrongIdentity(detail) => (
                ReasonCode::PeerIdentityMismatch,
                format!(
                    "we are `{local_id}` and expect `{peer_id}`, which does not suit the other end: {detail}; `peer_id` \
                     here has to be what the other end calls itself, and it has to expect `{local_id}`"
                ),
            ),
            Self::IkeProposalRefused => (
                ReasonCode::NoProposalIke,
                format!(
                    "the peer refused the IKE proposal {ike_proposal}: the IKE policies must be the same, and the \
                     peer needs a connection for our address"
                ),
            ),
            Self::IkeProposalUnacceptable => (
                ReasonCode::NoProposalIke,
                format!(
                    "the peer offers none of {ike_proposal} for the IKE SA: the IKE policies must be the same"
                ),
            ),
            Self::NoConfiguration => (
                ReasonCode::PeerIdentityMismatch,
                format!(
                    "the peer {peer} calls an address or an IKE version that this connection does not have: it has to call \
                     the external address of the VPN service, with the version of the IKE policy here"
                ),
            ),
            Self::ChildProposalRefused => (
                ReasonCode::NoProposalEsp,
                format!("the two ends do not agree on {child_proposal}: the IPsec policies must be the same"),
            ),
            Self::SelectorsRefused => (
                ReasonCode::SelectorsRefused,
                format!(
                    "the two ends do not agree on the networks: here {} to {}, the peer needs the same the other way \
                     round",
                    join(local_networks),
                    join(peer_networks)
                ),
            ),
            Self::ClosedByPeer => (
                ReasonCode::PeerDeleted,
                format!(
                    "the peer {peer} closed the tunnel: its log says why; see there whether the connection is still \
                     configured and switched on, and start it again"
                ),
            ),
            Self::Abandoned => (
                ReasonCode::WaitingForPeer,
                format!(
                    "waiting for the peer {peer}, which began the key exchange and got no further: its first message has come \
                     and its proof of the pre-shared key has not, so see that UDP port 4500 of this gateway can be reached"
                ),
            ),
            Self::NotInstalled => (
                ReasonCode::UnsupportedByGateway,
                format!("the gateway could not install an SA with {child_proposal}: choose other algorithms"),
            ),
            Self::NoRoute => (
                ReasonCode::RouterNotReady,
                format!(
                    "the router has no way from {} to {}: it needs an address in each of its networks",
                    join(local_networks),
                    join(peer_networks)
                ),
            ),
        };
        Reason::new(code, text)
    }
}

/// N of `retransmit N of request ...` and `sending retransmit N of request ...`.
fn repetition(line: &str) -> Option<u32> {
    let (_, rest) = line.split_once("retransmit ")?;
    let (number, rest) = rest.split_once(' ')?;
    if !rest.starts_with("of request") {
        return None;
    }
    number.parse().ok()
}

fn join(networks: &[IpNet]) -> String {
    networks.iter().map(IpNet::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
