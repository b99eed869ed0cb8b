//! Configurations as whole texts, what is refused, and that nothing a user wrote gets out of its place.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod quoting;
mod refusals;
mod texts;

use std::net::IpAddr;

use adit_model::Psk;
use adit_model::algorithm::{
    EncapsulationMode, IkeVersion, LifetimeSecs, NegotiationMode, TransformProtocol,
};
use adit_model::ike_policy::IkeParameters;
use adit_model::ipsec_policy::IpsecParameters;
use adit_model::router_document::ConnectionSpec;
use adit_model::site_connection::{Dpd, Initiator};
use ipnet::IpNet;

/// The connection of the published guide, as the cloud has it.
fn guide() -> ConnectionSpec {
    let (encryption, auth, group) =
        ("aes-128".parse().unwrap(), "sha1".parse().unwrap(), "group5".parse().unwrap());
    ConnectionSpec {
        id: "195e0f2b-f34e-4721-bb00-22cd33e97d59".parse().unwrap(),
        service_id: "4f1b29de-c613-4a1d-95d7-39196887edae".parse().unwrap(),
        admin_state_up: true,
        ike: IkeParameters {
            version: IkeVersion::V1,
            negotiation_mode: NegotiationMode::Main,
            encryption,
            auth,
            dh_group: group,
            lifetime: LifetimeSecs::DEFAULT,
        },
        ipsec: IpsecParameters {
            transform_protocol: TransformProtocol::Esp,
            encapsulation_mode: EncapsulationMode::Tunnel,
            encryption,
            auth,
            pfs_group: group,
            lifetime: LifetimeSecs::DEFAULT,
        },
        local_address: Some(IpAddr::from([10, 5, 9, 181])),
        local_id: String::new(),
        peer_address: "10.5.9.47".to_owned(),
        peer_id: "10.5.9.47".to_owned(),
        local_networks: networks(&["192.168.177.0/24"]),
        peer_networks: networks(&["172.16.69.0/24"]),
        initiator: Initiator::BiDirectional,
        dpd: Dpd::default(),
        mtu: 1500,
        psk: Psk::new("secret"),
    }
}

/// The same by IKEv2, with algorithms that every device has.
fn plain() -> ConnectionSpec {
    let mut spec = guide();
    spec.ike.version = IkeVersion::V2;
    set(&mut spec, ["aes-256", "sha256", "group14"]);
    spec
}

/// Both policies get these.
fn set(spec: &mut ConnectionSpec, [cipher, auth, group]: [&str; 3]) {
    (spec.ike.encryption, spec.ike.auth, spec.ike.dh_group) =
        (cipher.parse().unwrap(), auth.parse().unwrap(), group.parse().unwrap());
    (spec.ipsec.encryption, spec.ipsec.auth, spec.ipsec.pfs_group) =
        (cipher.parse().unwrap(), auth.parse().unwrap(), group.parse().unwrap());
}

fn networks(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}
