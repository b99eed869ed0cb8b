//! strongSwan configured with `swanctl.conf`: IKEv2, and several networks at either end.

use adit_model::algorithm::{AuthAlgorithm, DhGroup, EncryptionAlgorithm, IkeVersion};
use adit_model::router_document::ConnectionSpec;
use adit_model::{Psk, ReasonCode};

use crate::peer::Program;
use crate::trial::{self, TWINS, Trial, Twin};

/// Ours is 192.0.2.1 with 10.1.1.0/24 and 10.1.2.0/24 behind it.
const SWANCTL_CONF: &str = "\
connections {
  cloud {
    version = 2
    local_addrs = 192.0.2.2
    remote_addrs = 192.0.2.1
    proposals = aes256-sha256-ecp256
    rekey_time = 30s
    over_time = 30s
    dpd_delay = 3s
    local {
      auth = psk
      id = office.example
    }
    remote {
      auth = psk
      id = 192.0.2.1
    }
    children {
      networks {
        local_ts = 10.2.1.0/24,10.2.2.0/24
        remote_ts = 10.1.1.0/24,10.1.2.0/24
        esp_proposals = aes256gcm16-ecp256
        rekey_time = 25s
        life_time = 60s
        start_action = trap
        dpd_action = trap
      }
    }
  }
}
secrets {
  ike-cloud {
    id = office.example
    secret = \"secret\"
  }
}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_by_swanctl_is_joined_with_all_networks_and_rekeys() {
    let Some(trial) = site().await else { return };
    trial.comes_up(&spec()).await;
    trial.rekeys(&spec()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_by_swanctl_is_found_again_after_its_end() {
    let Some(mut trial) = site().await else { return };
    trial.comes_up(&spec()).await;
    trial.outlives_the_peer(&spec()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_by_swanctl_that_differs_is_told_by_what_differs() {
    let Some(trial) = site().await else { return };
    trial.differs(&spec(), &TWINS).await;
    // Another identity gets no other answer than another key.
    let other: Twin = (|spec| spec.peer_id = "shop.example".to_owned(), ReasonCode::AuthFailed);
    trial.differs(&spec(), &[other]).await;
}

/// The peer runs.
async fn site() -> Option<Trial> {
    let mut trial = Trial::new(Program::Swanctl, 2)?;
    trial.peer.write("swanctl.conf", SWANCTL_CONF);
    trial.peer.start().await;
    Some(trial)
}

fn spec() -> ConnectionSpec {
    let mut spec = trial::spec(IkeVersion::V2);
    spec.psk = Psk::new("secret");
    spec.peer_id = "office.example".to_owned();
    spec.local_networks.push("10.1.2.0/24".parse().unwrap());
    spec.peer_networks.push("10.2.2.0/24".parse().unwrap());
    (spec.ike.encryption, spec.ike.auth, spec.ike.dh_group) =
        (EncryptionAlgorithm::Aes256, AuthAlgorithm::Sha256, DhGroup::Group19);
    (spec.ipsec.encryption, spec.ipsec.auth, spec.ipsec.pfs_group) =
        (EncryptionAlgorithm::Aes256Gcm16, AuthAlgorithm::Sha256, DhGroup::Group19);
    spec
}
