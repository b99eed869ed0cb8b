use adit_ike::Connection;
use adit_ike::charon::{ChildState, IkeSa, IkeState};
use adit_model::algorithm::IkeVersion;
use adit_model::site_connection::Initiator;

use super::*;
use crate::vpn::examples::{child_sa, connection, connection_with, ike_sa, peering, tunnel};

fn assess_alone(connection: &Connection, sas: &[IkeSa], fault: Option<Reason>) -> StatusReport {
    assess(tunnel(connection, &peering(&[connection])), &Sas::new(sas.to_vec()), fault)
}

#[test]
fn a_connection_is_active_when_every_pair_of_networks_is_joined() {
    let connection = connection_with(1, IkeVersion::V2, |spec| {
        spec.local_networks.push("10.7.0.0/24".parse().unwrap());
    });
    let mut sa = ike_sa(&connection, 1, IkeState::Established);
    sa.children = vec![child_sa(&connection, 1, ChildState::Installed)];
    assert_eq!(assess_alone(&connection, std::slice::from_ref(&sa), None), active());

    // The peer has narrowed the selectors.
    sa.children[0].local.retain(|network| network.to_string() != "10.7.0.0/24");
    let report = assess_alone(&connection, std::slice::from_ref(&sa), None);
    assert_eq!(report.reason.unwrap().text, "partly up, not joined: 10.7.0.0/24 to 10.2.0.0/24");
    assert_eq!(report.status, Status::Down);

    sa.state = IkeState::Closing;
    assert_eq!(assess_alone(&connection, &[sa], None).reason.unwrap().code, ReasonCode::Negotiating);
}

#[test]
fn what_is_down_has_a_reason() {
    let fault = Reason::new(ReasonCode::PeerUnreachable, "silent");
    let waits = connection_with(1, IkeVersion::V2, |spec| spec.initiator = Initiator::ResponseOnly);
    for (connection, fault, want) in [
        (connection(1, IkeVersion::V2), None, ReasonCode::Negotiating),
        (waits.clone(), None, ReasonCode::WaitingForPeer),
        (connection(1, IkeVersion::V2), Some(fault.clone()), ReasonCode::PeerUnreachable),
        (waits, Some(fault), ReasonCode::PeerUnreachable),
    ] {
        assert_eq!(assess_alone(&connection, &[], fault).reason.unwrap().code, want);
    }
}

#[test]
fn what_the_gateway_cannot_do_is_an_error() {
    let lacks = Reason::new(ReasonCode::UnsupportedByGateway, "no such cipher");
    let report = assess_alone(&connection(1, IkeVersion::V2), &[], Some(lacks));
    assert_eq!(
        (report.status, report.reason.unwrap().code),
        (Status::Error, ReasonCode::UnsupportedByGateway)
    );
}
