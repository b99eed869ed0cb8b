use std::net::IpAddr;

use adit_ike::Backend;
use adit_ike::charon::{ChildState, IkeState};
use adit_model::ReasonCode;
use adit_model::algorithm::IkeVersion;
use adit_model::site_connection::Initiator;

use super::*;
use crate::vpn::examples::{child_sa, connection, connection_with, id, ike_sa, peering, spec, tunnel};

fn hear(faults: &mut Faults, connection: &Connection, name: bool, ike_id: u32, text: &str) {
    let line = LogLine {
        connection: name.then(|| peering(&[connection]).name().to_owned()),
        ike_id: Some(ike_id).filter(|id| *id != 0),
        text: text.to_owned(),
    };
    hear_line(faults, &line, Instant::now(), &[(connection, false)], &Sas::default());
}

fn hear_line(
    faults: &mut Faults,
    line: &LogLine,
    at: Instant,
    connections: &[(&Connection, bool)],
    sas: &Sas,
) {
    let peerings: Vec<_> = connections.iter().map(|(connection, _)| peering(&[connection])).collect();
    let listeners = connections.iter().zip(&peerings).map(|((connection, is_settled), peering)| Listener {
        tunnel: tunnel(connection, peering),
        is_settled: *is_settled,
    });
    faults.hear(line, at, sas, listeners);
}

fn code(faults: &Faults, connection: &Connection) -> Option<ReasonCode> {
    faults.reason(connection).map(|reason| reason.code)
}

#[test]
fn silence_does_not_hide_the_cause_of_the_same_attempt() {
    let connection = connection(1, IkeVersion::V1);
    let mut faults = Faults::default();
    hear(&mut faults, &connection, true, 1, "sending retransmit 1 of request message ID 0, seq 1");
    assert_eq!(code(&faults, &connection), Some(ReasonCode::PeerUnreachable));
    hear(&mut faults, &connection, true, 2, "message parsing failed");
    hear(&mut faults, &connection, true, 2, "giving up after 5 retransmits");
    assert_eq!(code(&faults, &connection), Some(ReasonCode::AuthFailed));
    hear(&mut faults, &connection, true, 3, "giving up after 5 retransmits");
    assert_eq!(code(&faults, &connection), Some(ReasonCode::PeerUnreachable), "a later attempt");
}

#[test]
fn a_peer_that_gets_no_further_than_its_first_message_is_told_of_where_it_is_waited_for() {
    let begun = "192.0.2.2 is initiating an IKE_SA";
    let given_up = "deleting half open IKE_SA with 192.0.2.2 after timeout";
    let waiting = connection_with(1, IkeVersion::V2, |spec| spec.initiator = Initiator::ResponseOnly);
    let mut faults = Faults::default();
    hear(&mut faults, &waiting, false, 1, begun);
    assert_eq!(faults.reason(&waiting), None);
    hear(&mut faults, &waiting, false, 1, given_up);
    let reason = faults.reason(&waiting).unwrap();
    assert_eq!(reason.code, ReasonCode::WaitingForPeer);
    assert!(reason.text.contains("UDP port 4500"), "{reason}");
    hear(&mut faults, &waiting, false, 2, begun);
    hear(&mut faults, &waiting, false, 2, "tried 1 shared key for 'a' - 'b', but MAC mismatched");
    hear(&mut faults, &waiting, false, 2, given_up);
    assert_eq!(code(&faults, &waiting), Some(ReasonCode::AuthFailed), "the cause is known");

    let calling = connection(1, IkeVersion::V2);
    let mut faults = Faults::default();
    hear(&mut faults, &calling, false, 1, begun);
    hear(&mut faults, &calling, false, 1, given_up);
    assert_eq!(faults.reason(&calling), None, "twin: who calls the peer too");
}

#[test]
fn a_tunnel_that_was_up_is_closed_by_the_peer_and_one_that_never_was_keeps_its_cause() {
    let connection = connection(1, IkeVersion::V1);
    let mut faults = Faults::default();
    hear(&mut faults, &connection, true, 1, "received AUTHENTICATION_FAILED error notify");
    hear(&mut faults, &connection, true, 2, "received DELETE for IKE_SA left[2]");
    assert_eq!(code(&faults, &connection), Some(ReasonCode::AuthFailed));
    faults.clear(connection.id());
    hear(&mut faults, &connection, true, 3, "received DELETE for IKE_SA left[3]");
    assert_eq!(code(&faults, &connection), Some(ReasonCode::PeerDeleted));
}

#[test]
fn a_proof_that_is_not_answered_says_more_than_silence_and_less_than_a_cause() {
    let connection = connection(1, IkeVersion::V1);
    let mut faults = Faults::default();
    let proof = "sending retransmit 1 of request message ID 0, seq 3";
    for (ike_id, line, want) in [
        (1, "sending retransmit 1 of request message ID 0, seq 1", "asked 2 times"),
        (2, proof, "our proof of the pre-shared key"),
        (2, "giving up after 5 retransmits", "our proof of the pre-shared key"),
        (3, "message parsing failed", "authentication between"),
        (3, proof, "authentication between"),
        (4, proof, "our proof of the pre-shared key"),
        (4, "received AUTHENTICATION_FAILED error notify", "refused our proof"),
    ] {
        hear(&mut faults, &connection, true, ike_id, line);
        let said = faults.reason(&connection).unwrap().text;
        assert!(said.contains(want), "{line}: {said}");
    }
}

#[test]
fn a_peer_that_vanished_is_told_so_until_it_is_back() {
    let connection = connection(1, IkeVersion::V2);
    let mut faults = Faults::default();
    hear(&mut faults, &connection, true, 1, "IKE_SA left[1] established between A and B");
    hear(&mut faults, &connection, true, 1, "retransmit 5 of request with message ID 3");
    hear(&mut faults, &connection, true, 1, "giving up after 5 retransmits");
    assert_eq!(code(&faults, &connection), Some(ReasonCode::DpdTimeout));
    for text in ["retransmit 1 of request with message ID 0", "giving up after 5 retransmits"] {
        hear(&mut faults, &connection, true, 2, text);
        assert_eq!(code(&faults, &connection), Some(ReasonCode::DpdTimeout), "{text}");
    }
    hear(&mut faults, &connection, true, 3, "received AUTHENTICATION_FAILED notify error");
    assert_eq!(code(&faults, &connection), Some(ReasonCode::AuthFailed), "it is back, and says no");
    faults.clear(connection.id());
    hear(&mut faults, &connection, true, 4, "giving up after 5 retransmits");
    assert_eq!(code(&faults, &connection), Some(ReasonCode::PeerUnreachable), "it was not there at all");
}

#[test]
fn a_responder_that_has_no_name_yet_is_known_by_who_called() {
    let connection = connection(1, IkeVersion::V1);
    let mut faults = Faults::default();
    hear(&mut faults, &connection, false, 5, "192.0.2.2 is initiating a Main Mode IKE_SA");
    hear(&mut faults, &connection, false, 5, "no peer config found");
    assert_eq!(code(&faults, &connection), Some(ReasonCode::PeerIdentityMismatch));

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
    assert_eq!(code(&faults, &connection), Some(ReasonCode::PeerIdentityMismatch));
}

#[test]
fn a_finding_of_our_own_outweighs_a_refusal_for_a_while() {
    let connection = connection(1, IkeVersion::V2);
    let name = peering(&[&connection]).name().to_owned();
    let line =
        |text: &str| LogLine { connection: Some(name.clone()), ike_id: Some(1), text: text.to_owned() };
    let (refusal, finding) =
        (line("received AUTHENTICATION_FAILED notify error"), line("no matching peer config found"));
    let mut faults = Faults::default();
    let start = Instant::now();
    for (line, secs, want) in [
        (&refusal, 0, ReasonCode::AuthFailed),
        (&finding, 1, ReasonCode::PeerIdentityMismatch),
        (&refusal, 60, ReasonCode::PeerIdentityMismatch),
        (&refusal, 200, ReasonCode::AuthFailed),
    ] {
        let at = start + Duration::from_secs(secs);
        hear_line(&mut faults, line, at, &[(&connection, false)], &Sas::default());
        assert_eq!(code(&faults, &connection), Some(want), "after {secs} s");
    }
}

#[test]
fn the_same_refusal_means_the_child_sa_once_the_ike_sa_stands() {
    let connection = connection(1, IkeVersion::V1);
    let refusal = "received NO_PROPOSAL_CHOSEN error notify";
    let mut faults = Faults::default();
    hear(&mut faults, &connection, true, 1, refusal);
    assert_eq!(code(&faults, &connection), Some(ReasonCode::NoProposalIke));
    hear(&mut faults, &connection, true, 2, "IKE_SA left[2] established between 192.0.2.1[a]...192.0.2.2[b]");
    hear(&mut faults, &connection, true, 2, refusal);
    assert_eq!(code(&faults, &connection), Some(ReasonCode::NoProposalEsp));
}

#[test]
fn an_ike_sa_that_came_up_before_this_agent_listened_is_known_from_the_list() {
    let connection = connection(1, IkeVersion::V1);
    let name = Some(peering(&[&connection]).name().to_owned());
    let text = "received NO_PROPOSAL_CHOSEN error notify".to_owned();
    let refusal = LogLine { connection: name, ike_id: Some(1), text };
    for (state, want) in [
        (IkeState::Connecting, ReasonCode::NoProposalIke),
        (IkeState::Established, ReasonCode::NoProposalEsp),
    ] {
        let mut faults = Faults::default();
        let sas = Sas::new(vec![ike_sa(&connection, 1, state)]);
        hear_line(&mut faults, &refusal, Instant::now(), &[(&connection, false)], &sas);
        assert_eq!(code(&faults, &connection), Some(want));
    }
}

#[test]
fn what_befalls_an_ike_sa_befalls_all_that_share_it_and_nobody_else() {
    let (one, other) = (connection(1, IkeVersion::V2), connection(2, IkeVersion::V2));
    let peer: IpAddr = "192.0.2.2".parse().unwrap();
    let elsewhere = Connection::new(&spec(id(3), IkeVersion::V2), peer, Backend::Kernel).unwrap();
    let line = |text: &str| LogLine {
        connection: Some(peering(&[&one]).name().to_owned()),
        ike_id: Some(1),
        text: text.to_owned(),
    };
    // The second one has all that it wants.
    let all = [(&one, false), (&other, true), (&elsewhere, false)];
    for (text, want) in [
        (
            "giving up after 5 retransmits",
            [Some(ReasonCode::PeerUnreachable), Some(ReasonCode::PeerUnreachable), None],
        ),
        ("no matching CHILD_SA config found for A === B", [Some(ReasonCode::SelectorsRefused), None, None]),
        ("received INVALID_ID_INFORMATION error notify", [Some(ReasonCode::SelectorsRefused), None, None]),
    ] {
        let mut faults = Faults::default();
        hear_line(&mut faults, &line(text), Instant::now(), &all, &Sas::default());
        assert_eq!(all.map(|(connection, _)| code(&faults, connection)), want, "{text}");
    }
}

#[test]
fn a_fault_of_one_child_sa_is_of_its_connection_alone() {
    let one = connection(1, IkeVersion::V2);
    let other =
        connection_with(2, IkeVersion::V2, |spec| spec.peer_networks = vec!["10.3.0.0/24".parse().unwrap()]);
    let mut ike = ike_sa(&one, 1, IkeState::Established);
    ike.children = vec![child_sa(&one, 1, ChildState::Installed), child_sa(&other, 2, ChildState::Installed)];
    let sas = Sas::new(vec![ike]);
    let both = [(&one, false), (&other, false)];
    let asked = format!("establishing CHILD_SA {}{{7}} reqid 3", other.children()[0].name);
    for (lines, want) in [
        (
            vec![asked.as_str(), "received TS_UNACCEPTABLE notify, no CHILD_SA built"],
            [None, Some(ReasonCode::SelectorsRefused)],
        ),
        (
            // What the peer asked for is not what we asked for.
            vec![asked.as_str(), "traffic selectors 10.9.0.0/24 === 10.1.0.0/24 unacceptable"],
            [Some(ReasonCode::SelectorsRefused), Some(ReasonCode::SelectorsRefused)],
        ),
        (vec!["received DELETE for ESP CHILD_SA with SPI 000007d2"], [None, Some(ReasonCode::PeerDeleted)]),
        (vec!["received DELETE for unknown ESP CHILD_SA with SPI 000000ff"], [None, None]),
        (
            vec!["received DELETE for IKE_SA peering-0[1]"],
            [Some(ReasonCode::PeerDeleted), Some(ReasonCode::PeerDeleted)],
        ),
    ] {
        let mut faults = Faults::default();
        for text in &lines {
            let line = LogLine {
                connection: Some(peering(&[&one]).name().to_owned()),
                ike_id: Some(1),
                text: (*text).to_owned(),
            };
            hear_line(&mut faults, &line, Instant::now(), &both, &sas);
        }
        assert_eq!(both.map(|(connection, _)| code(&faults, connection)), want, "{lines:?}");
    }
}

#[test]
fn what_befalls_the_old_ike_sa_of_a_connection_is_its_own_business() {
    let connection = connection(1, IkeVersion::V2);
    let mut ike = ike_sa(&connection, 4, IkeState::Established);
    ike.name = Some(id(1).to_string());
    ike.children = vec![child_sa(&connection, 1, ChildState::Installed)];
    let line = LogLine {
        connection: ike.name.clone(),
        ike_id: Some(4),
        text: "giving up after 5 retransmits".into(),
    };
    let sas = Sas::new(vec![ike]);
    let mut faults = Faults::default();
    hear_line(&mut faults, &line, Instant::now(), &[(&connection, false)], &sas);
    assert_eq!(code(&faults, &connection), Some(ReasonCode::DpdTimeout));
    faults.clear(connection.id());
    let elsewhere = LogLine { ike_id: Some(5), ..line };
    hear_line(&mut faults, &elsewhere, Instant::now(), &[(&connection, false)], &sas);
    assert_eq!(code(&faults, &connection), None);
}
