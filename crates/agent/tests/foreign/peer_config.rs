//! Peers that are configured by nothing but what Adit writes for them, taken as it is.

use adit_model::algorithm::{AuthAlgorithm, DhGroup, EncryptionAlgorithm, IkeVersion, LifetimeSecs};
use adit_model::router_document::ConnectionSpec;
use adit_model::site_connection::Initiator;
use adit_model::{Psk, ReasonCode};
use adit_peer_config::{Format, Secret, Site, render};

use crate::peer::Program;
use crate::trial::{self, Trial};

/// What stands in Libreswan's own `ipsec.conf` where it is installed: that it reads the files beside it, and IKEv1 if it is
/// to speak that. Routes are there already, and its script takes seconds in a guest.
const LIBRESWAN_CONF: &str = "\
config setup
    ikev1-policy=accept
    nssdir=/run/nss
    secretsfile={folder}/ipsec.secrets

conn %default
    leftupdown=%disabled

include {folder}/adit.conf
";

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

#[tokio::test(flavor = "multi_thread")]
async fn written_files_of_libreswan_join_by_ikev1() {
    comes_up(Program::Libreswan, strong(spec(IkeVersion::V1))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn written_files_of_libreswan_join_by_ikev2_with_names_and_their_key_alone() {
    let spec = named(modern());
    let Some(mut trial) = configured(Program::Libreswan, &spec) else { return };
    trial.peer.start().await;
    let other = ConnectionSpec { psk: Psk::new("another"), ..spec.clone() };
    trial.fails(&other, ReasonCode::AuthFailed).await;
    trial.comes_up(&spec).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn written_files_of_libreswan_join_all_networks_pair_by_pair() {
    comes_up(Program::Libreswan, several(strong(spec(IkeVersion::V1)))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn written_files_of_libreswan_begin_where_the_cloud_does_not() {
    let mut spec = modern();
    (spec.local_id, spec.peer_id) = ("cloud.example".to_owned(), "office.example".to_owned());
    begins(Program::Libreswan, spec).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn written_files_of_libreswan_join_networks_of_ipv6_by_ipv6() {
    comes_up(Program::Libreswan, ipv6(modern())).await;
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
    let is_pair_by_pair = spec.ike.version == IkeVersion::V1 || program == Program::Libreswan;
    if spec.local_address.is_some_and(|address| address.is_ipv6()) {
        trial.gives_ipv6();
    }
    trial.children = if is_pair_by_pair { networks * networks } else { 1 };
    let (format, names): (_, &[&str]) = match program {
        Program::Swanctl => (Format::StrongswanSwanctl, &["swanctl.conf"]),
        Program::Starter => (Format::StrongswanIpsecConf, &["ipsec.conf", "ipsec.secrets"]),
        Program::Libreswan => (Format::Libreswan, &["adit.conf", "ipsec.secrets"]),
    };
    let site = Site::mirror("the other end", spec).unwrap();
    let config = render(format, &site, Secret::Shown(&spec.psk)).unwrap();
    assert_eq!(config.files.len(), names.len());
    for (file, name) in config.files.iter().zip(names) {
        trial.peer.write(name, &file.content);
    }
    if program == Program::Libreswan {
        trial.peer.write("ipsec.conf", LIBRESWAN_CONF);
    }
    Some(trial)
}

/// As the published guide has it, with the lifetimes that policies have.
fn spec(version: IkeVersion) -> ConnectionSpec {
    let mut spec = trial::spec(version);
    (spec.ike.lifetime, spec.ipsec.lifetime) = (LifetimeSecs::DEFAULT, LifetimeSecs::DEFAULT);
    spec
}

/// With what Libreswan takes in IKEv1.
fn strong(mut spec: ConnectionSpec) -> ConnectionSpec {
    (spec.ike.encryption, spec.ike.auth, spec.ike.dh_group) =
        (EncryptionAlgorithm::Aes256, AuthAlgorithm::Sha256, DhGroup::Group14);
    (spec.ipsec.encryption, spec.ipsec.auth, spec.ipsec.pfs_group) =
        (EncryptionAlgorithm::Aes256, AuthAlgorithm::Sha256, DhGroup::Group14);
    spec
}

/// By IKEv2, with ciphers that authenticate by themselves.
fn modern() -> ConnectionSpec {
    let mut spec = strong(spec(IkeVersion::V2));
    (spec.ike.encryption, spec.ipsec.encryption) =
        (EncryptionAlgorithm::Aes256Gcm16, EncryptionAlgorithm::Aes256Gcm16);
    (spec.ike.dh_group, spec.ipsec.pfs_group) = (DhGroup::Group19, DhGroup::Group19);
    spec
}

/// Between gateways that have IPv6, and for networks that have it.
fn ipv6(mut spec: ConnectionSpec) -> ConnectionSpec {
    spec.local_address = Some("2001:db8::1".parse().unwrap());
    (spec.peer_address, spec.peer_id) = ("2001:db8::2".to_owned(), "2001:db8::2".to_owned());
    spec.local_networks = vec!["fd00:1::/64".parse().unwrap()];
    spec.peer_networks = vec!["fd00:2::/64".parse().unwrap()];
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
