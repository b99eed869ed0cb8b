//! Libreswan, with either IKE version, as the end that begins and as the one that is called.

use adit_model::algorithm::{AuthAlgorithm, DhGroup, EncryptionAlgorithm, IkeVersion};
use adit_model::router_document::ConnectionSpec;
use adit_model::site_connection::Initiator;
use adit_model::{Psk, ReasonCode};

use crate::peer::Program;
use crate::trial::{self, TWINS, Trial};

/// Ours is 192.0.2.1 with 10.1.1.0/24 behind it. What the script that is called after each step does is done by the default
/// route of this site, and takes seconds in a guest.
const IPSEC_CONF: &str = "\
config setup
    ikev1-policy=accept
    nssdir=/run/nss
    secretsfile={folder}/ipsec.secrets

conn cloud
    authby=secret
    left=192.0.2.2
    leftsubnet=10.2.1.0/24
    right=192.0.2.1
    rightsubnet=10.1.1.0/24
    ikev2=insist
    ike=aes256-sha2_256-modp2048
    esp=aes256-sha2_256-modp2048
    dpddelay=3
    dpdtimeout=12
    dpdaction=hold
    leftupdown=%disabled
    auto=add
";

const IPSEC_SECRETS: &str = "192.0.2.2 192.0.2.1 : PSK \"secret\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn libreswan_is_called_by_ikev1_and_rekeyed() {
    is_called_and_rekeyed(IkeVersion::V1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn libreswan_is_called_by_ikev2_and_rekeyed() {
    is_called_and_rekeyed(IkeVersion::V2).await;
}

async fn is_called_and_rekeyed(version: IkeVersion) {
    let Some(trial) = site(version, &[]).await else { return };
    trial.comes_up(&spec(version)).await;
    trial.rekeys(&spec(version)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn libreswan_calls_by_ikev1_and_rekeys() {
    calls_and_rekeys(IkeVersion::V1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn libreswan_calls_by_ikev2_and_rekeys() {
    calls_and_rekeys(IkeVersion::V2).await;
}

async fn calls_and_rekeys(version: IkeVersion) {
    let start = "auto=start\n    ikelifetime=45s\n    salifetime=40s\n    rekeymargin=15s\n    rekeyfuzz=0%";
    let Some(mut trial) = configured(version, &[("auto=add", start)]) else { return };
    let spec = ConnectionSpec { initiator: Initiator::ResponseOnly, ..spec(version) };
    trial.waits(&spec).await;
    trial.peer.start().await;
    trial.is_up(&spec).await;
    trial.rekeys(&spec).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn libreswan_is_found_again_by_ikev1_after_its_end() {
    is_found_again(IkeVersion::V1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn libreswan_is_found_again_by_ikev2_after_its_end() {
    is_found_again(IkeVersion::V2).await;
}

async fn is_found_again(version: IkeVersion) {
    let Some(mut trial) = site(version, &[]).await else { return };
    trial.comes_up(&spec(version)).await;
    trial.outlives_the_peer(&spec(version)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_libreswan_that_differs_by_ikev1_is_told_by_what_differs() {
    differs(IkeVersion::V1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_libreswan_that_differs_by_ikev2_is_told_by_what_differs() {
    differs(IkeVersion::V2).await;
}

async fn differs(version: IkeVersion) {
    let Some(trial) = site(version, &[]).await else { return };
    trial.differs(&spec(version), &TWINS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_libreswan_with_another_key_that_calls_is_told() {
    for version in [IkeVersion::V1, IkeVersion::V2] {
        let changes = [("auto=add", "auto=start"), ("\"secret\"", "\"another\"")];
        let Some(mut trial) = configured(version, &changes) else { return };
        let spec = ConnectionSpec { initiator: Initiator::ResponseOnly, ..spec(version) };
        trial.waits(&spec).await;
        trial.peer.start().await;
        trial.fails(&spec, ReasonCode::AuthFailed).await;
    }
}

/// The peer runs, with some texts in place of others.
async fn site(version: IkeVersion, changes: &[(&str, &str)]) -> Option<Trial> {
    let mut trial = configured(version, changes)?;
    trial.peer.start().await;
    Some(trial)
}

/// The peer has its configuration, with some texts in place of others.
fn configured(version: IkeVersion, changes: &[(&str, &str)]) -> Option<Trial> {
    let trial = Trial::new(Program::Libreswan, 1)?;
    let version = match version {
        IkeVersion::V1 => ("ikev2=insist", "ikev2=no"),
        IkeVersion::V2 => ("ikev2=insist", "ikev2=insist"),
    };
    for (file, text) in [("ipsec.conf", IPSEC_CONF), ("ipsec.secrets", IPSEC_SECRETS)] {
        let change = |text: String, (here, there): &(&str, &str)| text.replace(here, there);
        trial.peer.write(file, &changes.iter().chain([&version]).fold(text.to_owned(), change));
    }
    Some(trial)
}

fn spec(version: IkeVersion) -> ConnectionSpec {
    let mut spec = trial::spec(version);
    spec.psk = Psk::new("secret");
    (spec.ike.encryption, spec.ike.auth, spec.ike.dh_group) =
        (EncryptionAlgorithm::Aes256, AuthAlgorithm::Sha256, DhGroup::Group14);
    (spec.ipsec.encryption, spec.ipsec.auth, spec.ipsec.pfs_group) =
        (EncryptionAlgorithm::Aes256, AuthAlgorithm::Sha256, DhGroup::Group14);
    spec
}
