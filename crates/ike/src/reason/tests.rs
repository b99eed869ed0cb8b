use super::*;

fn context() -> FaultContext {
    FaultContext {
        peer: "192.0.2.2".parse().unwrap(),
        local_id: "192.0.2.1".to_owned(),
        peer_id: "right.example".to_owned(),
        ike_proposal: "aes128-sha1-modp1536".to_owned(),
        child_proposal: "aes256gcm16-modp2048".to_owned(),
        local_networks: vec!["10.1.0.0/24".parse().unwrap()],
        peer_networks: vec!["10.2.0.0/24".parse().unwrap()],
    }
}

#[test]
fn lines_of_the_log_tell_the_fault() {
    use ReasonCode::{
        AuthFailed, DpdTimeout, NoProposalEsp, NoProposalIke, PeerDeleted, PeerIdentityMismatch,
        PeerUnreachable, RouterNotReady, SelectorsRefused, UnsupportedByGateway, WaitingForPeer,
    };
    let (before, after) = (false, true);
    for (line, ike_established, want) in [
        // Initiator.
        ("retransmit 1 of request with message ID 0", before, Some(PeerUnreachable)),
        ("sending retransmit 2 of request message ID 0, seq 1", before, Some(PeerUnreachable)),
        ("giving up after 5 retransmits", before, Some(PeerUnreachable)),
        ("giving up after 5 retransmits", after, Some(DpdTimeout)),
        ("establishing IKE_SA failed, peer not responding", before, Some(PeerUnreachable)),
        ("DPD check timed out, enforcing DPD action", after, Some(DpdTimeout)),
        ("error writing to socket: Network is unreachable", before, Some(PeerUnreachable)),
        ("received AUTHENTICATION_FAILED notify error", before, Some(AuthFailed)),
        ("received AUTHENTICATION_FAILED error notify", before, Some(AuthFailed)),
        ("message parsing failed", before, Some(AuthFailed)),
        ("message parsing failed", after, None),
        (
            "received retransmit of response with ID 0, but next request already sent",
            before,
            Some(AuthFailed),
        ),
        ("received NO_PROPOSAL_CHOSEN error notify", before, Some(NoProposalIke)),
        ("received NO_PROPOSAL_CHOSEN notify error", before, Some(NoProposalIke)),
        ("received NO_PROPOSAL_CHOSEN error notify", after, Some(NoProposalEsp)),
        ("received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built", before, Some(NoProposalEsp)),
        ("received INVALID_ID_INFORMATION error notify", after, Some(SelectorsRefused)),
        ("received TS_UNACCEPTABLE notify, no CHILD_SA built", before, Some(SelectorsRefused)),
        ("IDir '192.0.2.2' does not match to 'right.example'", before, Some(PeerIdentityMismatch)),
        ("constraint check failed: identity 'right.example' required ", before, Some(PeerIdentityMismatch)),
        // Responder.
        ("invalid ID_V1 payload length, decryption failed?", before, Some(AuthFailed)),
        ("could not decrypt payloads", before, Some(AuthFailed)),
        ("tried 1 shared key for '192.0.2.1' - '192.0.2.2', but MAC mismatched", before, Some(AuthFailed)),
        ("no shared key found for '192.0.2.1' - '192.0.2.2'", before, Some(AuthFailed)),
        ("deleting half open IKE_SA with 192.0.2.2 after timeout", before, Some(WaitingForPeer)),
        ("no matching peer config found", before, Some(PeerIdentityMismatch)),
        ("no peer config found", before, Some(PeerIdentityMismatch)),
        ("no proposal found", before, Some(NoProposalIke)),
        ("received proposals unacceptable", before, Some(NoProposalIke)),
        ("no acceptable proposal found", before, Some(NoProposalEsp)),
        ("no matching proposal found, sending NO_PROPOSAL_CHOSEN", after, Some(NoProposalEsp)),
        ("no matching CHILD_SA config found for 10.2.0.0/24 === 10.9.0.0/24", after, Some(SelectorsRefused)),
        ("traffic selectors 10.2.0.0/24 === 10.9.0.0/24 unacceptable", after, Some(SelectorsRefused)),
        // Either.
        ("received DELETE for IKE_SA left[1]", after, Some(PeerDeleted)),
        (
            "unable to install inbound and outbound IPsec SA (SAD) in kernel",
            after,
            Some(UnsupportedByGateway),
        ),
        ("error installing route with policy 10.1.0.0/24 === 10.2.0.0/24 out", after, Some(RouterNotReady)),
        // Nothing wrong.
        ("failed to establish CHILD_SA, keeping IKE_SA", after, None),
        ("IKE_SA left[1] established between 192.0.2.1[192.0.2.1]...192.0.2.2[192.0.2.2]", after, None),
        ("sending packet: from 192.0.2.1[500] to 192.0.2.2[500] (236 bytes)", before, None),
        ("received retransmit of request with ID 1, retransmitting response", before, None),
        ("selected proposal: ESP:AES_CBC_128/HMAC_SHA1_96/NO_EXT_SEQ", after, None),
    ] {
        let code = Fault::of_line(line, ike_established).map(|fault| fault.reason(&context()).code);
        assert_eq!(code, want, "{line}");
    }
}

#[test]
fn sentences_name_what_was_offered_and_what_to_look_at() {
    let sentences = [
        Fault::NoAnswer { repeated: 2 },
        Fault::GaveUp,
        Fault::ProofUnanswered,
        Fault::Vanished,
        Fault::Unreachable("Network is unreachable".to_owned()),
        Fault::WrongKey,
        Fault::Refused,
        Fault::Unread,
        Fault::WrongIdentity("IDir '192.0.2.2' does not match to 'right.example'".to_owned()),
        Fault::IkeProposalRefused,
        Fault::IkeProposalUnacceptable,
        Fault::NoConfiguration,
        Fault::ChildProposalRefused,
        Fault::SelectorsRefused,
        Fault::ClosedByPeer,
        Fault::Abandoned,
        Fault::NotInstalled,
        Fault::NoRoute,
    ]
    .map(|fault| fault.reason(&context()).to_string());
    insta::assert_snapshot!(sentences.join("\n"));
}

#[test]
fn a_request_that_is_not_answered_is_the_first_one_or_the_proof() {
    let silence = |repeated| Some(Fault::NoAnswer { repeated });
    for (line, ike_established, want) in [
        ("retransmit 1 of request with message ID 0", false, silence(1)),
        ("retransmit 2 of request with message ID 1", false, Some(Fault::ProofUnanswered)),
        ("retransmit 2 of request with message ID 1", true, silence(2)),
        ("retransmit 3 of request with message ID 11", false, silence(3)),
        ("sending retransmit 1 of request message ID 0, seq 1", false, silence(1)),
        ("sending retransmit 1 of request message ID 0, seq 3", false, Some(Fault::ProofUnanswered)),
        ("sending retransmit 1 of request message ID 3817349, seq 3", false, silence(1)),
        ("sending retransmit 1 of response message ID 0, seq 3", false, None),
    ] {
        assert_eq!(Fault::of_line(line, ike_established), want, "{line}");
    }
}
