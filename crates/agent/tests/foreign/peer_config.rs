//! Peers that are configured by nothing but what Adit writes for them, taken as it is.

use adit_model::Psk;
use adit_model::algorithm::{AuthAlgorithm, DhGroup, EncryptionAlgorithm, IkeVersion, LifetimeSecs};
use adit_model::router_document::ConnectionSpec;
use adit_model::site_connection::Initiator;
use adit_peer_config::{Format, Secret, Site, render};

use crate::peer::Program;
use crate::trial::{self, Trial};

#[tokio::test(flavor = "multi_thread")]
async fn a_written_swanctl_conf_joins_all_networks_by_ikev2() {
    comes_up(Program::Swanctl, named(several(modern()))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_written_swanctl_conf_joins_all_networks_by_ikev1() {
    comes_up(Program::Swanctl, several(spec(IkeVersion::V1))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_written_swanctl_conf_begins_where_the_cloud_does_not() {
    begins(Program::Swanctl, modern()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_written_ipsec_conf_joins_the_documented_site() {
    comes_up(Program::Starter, spec(IkeVersion::V1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_written_ipsec_conf_joins_all_networks_by_ikev1() {
    comes_up(Program::Starter, several(spec(IkeVersion::V1))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_written_ipsec_conf_joins_all_networks_by_ikev2() {
    comes_up(Program::Starter, named(several(modern()))).await;
}

/// The peer is there, and our end is told.
async fn comes_up(program: Program, spec: ConnectionSpec) {
    let Some(mut trial) = configured(program, &spec) else { return };
    trial.peer.start().await;
    trial.comes_up(&spec).await;
}

/// Our end waits, and the peer comes by itself.
async fn begins(program: Program, spec: ConnectionSpec) {
    let spec = ConnectionSpec { initiator: Initiator::ResponseOnly, ..spec };
    let Some(mut trial) = configured(program, &spec) else { return };
    trial.waits(&spec).await;
    trial.peer.start().await;
    trial.is_up(&spec).await;
}

/// The peer has its files, and does not run yet.
fn configured(program: Program, spec: &ConnectionSpec) -> Option<Trial> {
    let networks = spec.local_networks.len();
    let mut trial = Trial::new(program, u8::try_from(networks).unwrap())?;
    trial.children = if spec.ike.version == IkeVersion::V1 { networks * networks } else { 1 };
    let (format, names): (_, &[&str]) = match program {
        Program::Swanctl => (Format::StrongswanSwanctl, &["swanctl.conf"]),
        Program::Starter => (Format::StrongswanIpsecConf, &["ipsec.conf", "ipsec.secrets"]),
        Program::Libreswan => (Format::Libreswan, &["ipsec.conf", "ipsec.secrets"]),
    };
    let site = Site::mirror("the other end", spec).unwrap();
    let config = render(format, &site, Secret::Shown(&spec.psk)).unwrap();
    assert_eq!(config.files.len(), names.len());
    for (file, name) in config.files.iter().zip(names) {
        trial.peer.write(name, &file.content);
    }
    Some(trial)
}

/// As the published guide has it, with the lifetimes that policies have.
fn spec(version: IkeVersion) -> ConnectionSpec {
    let mut spec = trial::spec(version);
    (spec.ike.lifetime, spec.ipsec.lifetime) = (LifetimeSecs::DEFAULT, LifetimeSecs::DEFAULT);
    spec
}

/// By IKEv2, with ciphers that authenticate by themselves.
fn modern() -> ConnectionSpec {
    let mut spec = spec(IkeVersion::V2);
    (spec.ike.auth, spec.ipsec.auth) = (AuthAlgorithm::Sha256, AuthAlgorithm::Sha256);
    (spec.ike.encryption, spec.ipsec.encryption) =
        (EncryptionAlgorithm::Aes256Gcm16, EncryptionAlgorithm::Aes256Gcm16);
    (spec.ike.dh_group, spec.ipsec.pfs_group) = (DhGroup::Group19, DhGroup::Group19);
    spec
}

/// With two networks at either end.
fn several(mut spec: ConnectionSpec) -> ConnectionSpec {
    spec.local_networks.push("10.1.2.0/24".parse().unwrap());
    spec.peer_networks.push("10.2.2.0/24".parse().unwrap());
    spec
}

/// With identities that have no type of their own, and a key of everything that ends a text somewhere.
fn named(mut spec: ConnectionSpec) -> ConnectionSpec {
    spec.local_id = "the cloud's #1".to_owned();
    spec.peer_id = "ops@office.example".to_owned();
    spec.psk = Psk::new("0x\"it's\" ${a} \\ #1; {}");
    spec
}
