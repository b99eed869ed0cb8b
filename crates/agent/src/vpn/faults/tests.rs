use std::net::IpAddr;

use adit_ike::Backend;
use adit_model::ReasonCode;
use adit_model::algorithm::IkeVersion;

use super::*;
use crate::vpn::examples::{connection, id, spec};

fn hear(faults: &mut Faults, connection: &Connection, name: bool, ike_id: u32, text: &str) {
    let line = LogLine {
        connection: name.then(|| connection.name()),
        ike_id: Some(ike_id).filter(|id| *id != 0),
        text: text.to_owned(),
    };
    faults.hear(&line, Instant::now(), std::iter::once(connection));
}

fn code(faults: &Faults, connection: &Connection) -> Option<ReasonCode> {
    faults.reason(connection).map(|reason| reason.code)
}

#[test]
fn silence_does_not_hide_the_cause_of_the_same_attempt() {
    let connection = connection(1, IkeVersion::V1);
    let mut faults = Faults::default();
    hear(&mut faults, &connection, true, 1, "sending retransmit 1 of request message ID 0, seq 1");
    assert_eq!(code(&faults, &connection), Some(ReasonCode::PeerSilent));
    hear(&mut faults, &connection, true, 2, "message parsing failed");
    hear(&mut faults, &connection, true, 2, "giving up after 5 retransmits");
    assert_eq!(code(&faults, &connection), Some(ReasonCode::AuthenticationFailed));
    hear(&mut faults, &connection, true, 3, "giving up after 5 retransmits");
    assert_eq!(code(&faults, &connection), Some(ReasonCode::PeerSilent), "a later attempt");
}

#[test]
fn a_tunnel_that_was_up_is_closed_by_the_peer_and_one_that_never_was_keeps_its_cause() {
    let connection = connection(1, IkeVersion::V1);
    let mut faults = Faults::default();
    hear(&mut faults, &connection, true, 1, "received AUTHENTICATION_FAILED error notify");
    hear(&mut faults, &connection, true, 2, "received DELETE for IKE_SA left[2]");
    assert_eq!(code(&faults, &connection), Some(ReasonCode::AuthenticationFailed));
    faults.clear(connection.id());
    hear(&mut faults, &connection, true, 3, "received DELETE for IKE_SA left[3]");
    assert_eq!(code(&faults, &connection), Some(ReasonCode::ClosedByPeer));
}

#[test]
fn a_responder_that_has_no_name_yet_is_known_by_who_called() {
    let connection = connection(1, IkeVersion::V1);
    let mut faults = Faults::default();
    hear(&mut faults, &connection, false, 5, "192.0.2.2 is initiating a Main Mode IKE_SA");
    hear(&mut faults, &connection, false, 5, "no peer config found");
    assert_eq!(code(&faults, &connection), Some(ReasonCode::IdentityMismatch));

    faults.clear(connection.id());
    hear(&mut faults, &connection, false, 6, "no peer config found");
    assert_eq!(code(&faults, &connection), None, "somebody else's");
    hear(
        &mut faults,
        &connection,
        false,
        0,
        "no IKE config found for 192.0.2.1...192.0.2.2, sending NO_PROPOSAL_CHOSEN",
    );
    assert_eq!(code(&faults, &connection), Some(ReasonCode::IdentityMismatch));
}

#[test]
fn a_finding_of_our_own_outweighs_a_refusal_for_a_while() {
    let connection = connection(1, IkeVersion::V2);
    let line =
        |text: &str| LogLine { connection: Some(connection.name()), ike_id: Some(1), text: text.to_owned() };
    let (refusal, finding) =
        (line("received AUTHENTICATION_FAILED notify error"), line("no matching peer config found"));
    let mut faults = Faults::default();
    let start = Instant::now();
    for (line, secs, want) in [
        (&refusal, 0, ReasonCode::AuthenticationFailed),
        (&finding, 1, ReasonCode::IdentityMismatch),
        (&refusal, 60, ReasonCode::IdentityMismatch),
        (&refusal, 200, ReasonCode::AuthenticationFailed),
    ] {
        faults.hear(line, start + Duration::from_secs(secs), std::iter::once(&connection));
        assert_eq!(code(&faults, &connection), Some(want), "after {secs} s");
    }
}

#[test]
fn the_same_refusal_means_the_child_sa_once_the_ike_sa_stands() {
    let connection = connection(1, IkeVersion::V1);
    let refusal = "received NO_PROPOSAL_CHOSEN error notify";
    let mut faults = Faults::default();
    hear(&mut faults, &connection, true, 1, refusal);
    assert_eq!(code(&faults, &connection), Some(ReasonCode::IkeProposalMismatch));
    hear(&mut faults, &connection, true, 2, "IKE_SA left[2] established between 192.0.2.1[a]...192.0.2.2[b]");
    hear(&mut faults, &connection, true, 2, refusal);
    assert_eq!(code(&faults, &connection), Some(ReasonCode::IpsecProposalMismatch));
}

#[test]
fn faults_are_of_the_connection_that_is_named() {
    let (one, other) = (connection(1, IkeVersion::V2), connection(2, IkeVersion::V2));
    let peer: IpAddr = "192.0.2.2".parse().unwrap();
    let elsewhere = Connection::new(&spec(id(3), IkeVersion::V2), peer, Backend::Kernel).unwrap();
    let mut faults = Faults::default();
    let line = LogLine {
        connection: Some(one.name()),
        ike_id: Some(1),
        text: "giving up after 5 retransmits".into(),
    };
    faults.hear(&line, Instant::now(), [&one, &other, &elsewhere].into_iter());
    let codes = [&one, &other, &elsewhere].map(|connection| code(&faults, connection));
    assert_eq!(codes, [Some(ReasonCode::PeerSilent), None, None]);
}
