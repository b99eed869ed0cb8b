//! strongSwan configured with `swanctl.conf`: IKEv2, and several networks at either end.

use adit_model::algorithm::{AuthAlgorithm, DhGroup, EncryptionAlgorithm, IkeVersion, LifetimeSecs};
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

/// As many devices, it knows one network on each side of a CHILD_SA, and takes no more of what it is offered.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_takes_one_pair_of_networks_at_a_time_is_joined_pair_by_pair() {
    let Some(mut trial) = site_with(&one_pair_per_child()).await else { return };
    trial.children = 4;
    let mut spec = spec();
    (spec.ike.lifetime, spec.ipsec.lifetime) = (LifetimeSecs::DEFAULT, LifetimeSecs::DEFAULT);
    trial.comes_up(&spec).await;
    trial.outlives_the_agent(&spec).await;
}

/// The peer runs.
async fn site() -> Option<Trial> {
    site_with(SWANCTL_CONF).await
}

async fn site_with(swanctl_conf: &str) -> Option<Trial> {
    let mut trial = Trial::new(Program::Swanctl, 2)?;
    trial.peer.write("swanctl.conf", swanctl_conf);
    trial.peer.start().await;
    Some(trial)
}

/// The same, with a child for each pair of networks, which wait to be asked for, and last longer than the test.
fn one_pair_per_child() -> String {
    let (before, rest) = SWANCTL_CONF.split_once("      networks {\n").unwrap();
    let (child, after) = rest.split_once("      }\n").unwrap();
    let mut children = String::new();
    for local in [1, 2] {
        for peer in [1, 2] {
            let child = child
                .replace("10.2.1.0/24,10.2.2.0/24", &format!("10.2.{peer}.0/24"))
                .replace("10.1.1.0/24,10.1.2.0/24", &format!("10.1.{local}.0/24"))
                .replace("start_action = trap", "start_action = none")
                .replace("dpd_action = trap", "dpd_action = clear");
            children += &format!("      networks-{local}-{peer} {{\n{child}      }}\n");
        }
    }
    let conf = format!("{before}{children}{after}");
    conf.replace("_time = 25s", "_time = 1h")
        .replace("_time = 30s", "_time = 1h")
        .replace("_time = 60s", "_time = 2h")
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
