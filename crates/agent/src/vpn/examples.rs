//! Connections and SAs for the tests.

use adit_ike::charon::{ChildDetails, ChildSa, ChildState, IkeDetails, IkeSa, IkeState};
use adit_ike::{Backend, Connection, Peering};
use adit_model::algorithm::{
    AuthAlgorithm, DhGroup, EncapsulationMode, EncryptionAlgorithm, IkeVersion, LifetimeSecs,
    NegotiationMode, TransformProtocol,
};
use adit_model::ike_policy::IkeParameters;
use adit_model::ipsec_policy::IpsecParameters;
use adit_model::router_document::ConnectionSpec;
use adit_model::site_connection::{Dpd, Initiator};
use adit_model::{Psk, SiteConnectionId};

use super::sas::Tunnel;

pub(super) fn id(number: u32) -> SiteConnectionId {
    format!("00000000-0000-0000-0000-{number:012}").parse().unwrap()
}

pub(super) fn spec(id: SiteConnectionId, version: IkeVersion) -> ConnectionSpec {
    ConnectionSpec {
        id,
        service_id: "11111111-5717-4562-b3fc-2c963f66afa6".parse().unwrap(),
        admin_state_up: true,
        ike: IkeParameters {
            version,
            negotiation_mode: NegotiationMode::Main,
            encryption: EncryptionAlgorithm::Aes128,
            auth: AuthAlgorithm::Sha1,
            dh_group: DhGroup::Group5,
            lifetime: LifetimeSecs::DEFAULT,
        },
        ipsec: IpsecParameters {
            transform_protocol: TransformProtocol::Esp,
            encapsulation_mode: EncapsulationMode::Tunnel,
            encryption: EncryptionAlgorithm::Aes128,
            auth: AuthAlgorithm::Sha1,
            pfs_group: DhGroup::Group5,
            lifetime: LifetimeSecs::DEFAULT,
        },
        local_address: Some("192.0.2.1".parse().unwrap()),
        local_id: String::new(),
        peer_address: "192.0.2.2".to_owned(),
        peer_id: "192.0.2.2".to_owned(),
        local_networks: vec!["10.1.0.0/24".parse().unwrap()],
        peer_networks: vec!["10.2.0.0/24".parse().unwrap()],
        initiator: Initiator::BiDirectional,
        dpd: Dpd::default(),
        mtu: 1500,
        psk: Psk::new("hunter2"),
    }
}

pub(super) fn connection(number: u32, version: IkeVersion) -> Connection {
    connection_with(number, version, |_| ())
}

pub(super) fn connection_with(
    number: u32,
    version: IkeVersion,
    change: impl FnOnce(&mut ConnectionSpec),
) -> Connection {
    let mut spec = spec(id(number), version);
    change(&mut spec);
    Connection::new(&spec, "192.0.2.2".parse().unwrap(), Backend::Userspace).unwrap()
}

/// The peering of connections that share one.
pub(super) fn peering(connections: &[&Connection]) -> Peering {
    let mut peerings = Peering::group(connections.iter().copied());
    assert_eq!(peerings.len(), 1);
    peerings.remove(0)
}

pub(super) fn tunnel<'a>(connection: &'a Connection, peering: &'a Peering) -> Tunnel<'a> {
    Tunnel { connection, peering: peering.name(), is_grace_over: false }
}

/// An IKE SA that we started and the peer has answered, without CHILD_SAs.
pub(super) fn ike_sa(connection: &Connection, number: u32, state: IkeState) -> IkeSa {
    IkeSa {
        name: Some(peering(&[connection]).name().to_owned()),
        id: number,
        state,
        initiator: true,
        initiator_spi: number.into(),
        responder_spi: 1,
        peer: Some(connection.peer()),
        age_secs: 100,
        is_busy: false,
        children: Vec::new(),
        details: IkeDetails::default(),
    }
}

/// The first CHILD_SA of the connection.
pub(super) fn child_sa(connection: &Connection, number: u32, state: ChildState) -> ChildSa {
    let child = &connection.children()[0];
    ChildSa {
        name: child.name.clone(),
        id: number,
        state,
        age_secs: 100,
        spi_in: number + 1000,
        spi_out: number + 2000,
        local: child.pairs.iter().map(|pair| pair.0).collect(),
        peer: child.pairs.iter().map(|pair| pair.1).collect(),
        details: ChildDetails::default(),
    }
}
