//! strongSwan configured with `ipsec.conf` and `ipsec.secrets`, as a remote site of OpenStack's VPN service has it:
//! IKEv1, `auto=route`, `dpdaction=hold`, a network written with host bits.

use adit_agent::config::DataPlane;
use adit_model::Psk;
use adit_model::algorithm::IkeVersion;
use adit_model::router_document::ConnectionSpec;
use adit_model::site_connection::Initiator;

use crate::peer::Program;
use crate::sites::data_plane;
use crate::trial::{self, TWINS, Trial};

/// Ours is 192.0.2.1 with 10.1.1.0/24 behind it.
const IPSEC_CONF: &str = "\
config setup

conn %default
        keylife=20m
        rekeymargin=3m
        keyingtries=1
        authby=psk
        mobike=no

conn conn-to-vpnaas
    keyexchange=ikev1
    left=192.0.2.2
    leftsubnet=10.2.1.20/24
    leftid=192.0.2.2
    leftfirewall=yes
    right=192.0.2.1
    rightsubnet=10.1.1.0/24
    rightid=192.0.2.1
    auto=route
    dpdaction=hold
    dpddelay=30s
    dpdtimeout=120s
    ike=aes128-sha1-modp1536
    ikelifetime=3600s
    esp=aes128-sha1-modp1536
    lifetime=3600s
    type=tunnel
";

const IPSEC_SECRETS: &str = "\
# This file holds shared secrets or RSA private keys for authentication.

# RSA private key for this host, authenticating it to any other host
# which knows the public part.
# source      destination
192.0.2.2 192.0.2.1 : PSK \"secret\"
";

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_remote_site_is_joined_and_rekeyed() {
    let Some(trial) = site().await else { return };
    trial.comes_up(&spec()).await;
    trial.rekeys(&spec()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_remote_site_is_found_again_after_its_end() {
    let Some(mut trial) = site().await else { return };
    trial.comes_up(&spec()).await;
    trial.outlives_the_peer(&spec()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_remote_site_comes_by_itself_when_it_has_packets() {
    let Some(trial) = site().await else { return };
    let spec = ConnectionSpec { initiator: Initiator::ResponseOnly, ..spec() };
    if data_plane() == DataPlane::Userspace {
        println!("SKIPPED: charon with ESP in userspace does not see packets for which there is no SA");
        return;
    }
    trial.waits(&spec).await;
    trial.theirs_ping(&spec);
    trial.is_up(&spec).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_documented_remote_site_that_differs_is_told_by_what_differs() {
    let Some(trial) = site().await else { return };
    trial.differs(&spec(), &TWINS).await;
}

/// The peer runs.
async fn site() -> Option<Trial> {
    let mut trial = Trial::new(Program::Starter, 1)?;
    trial.peer.write("ipsec.conf", IPSEC_CONF);
    trial.peer.write("ipsec.secrets", IPSEC_SECRETS);
    trial.peer.start().await;
    Some(trial)
}

fn spec() -> ConnectionSpec {
    ConnectionSpec { psk: Psk::new("secret"), ..trial::spec(IkeVersion::V1) }
}
