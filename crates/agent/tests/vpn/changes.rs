//! Changes of a live connection: the new SAs are made before the old ones are closed.

use adit_model::algorithm::{DhGroup, EncryptionAlgorithm, IkeVersion, LifetimeSecs};
use adit_model::router_document::ConnectionSpec;
use adit_model::site_connection::Initiator;
use adit_model::{Psk, ReasonCode};

use crate::sites::{self, Site, code, is_active, pair};

type Change = fn(&mut ConnectionSpec);

/// Each of them needs a new negotiation.
const CHANGES: [(&str, Change); 4] = [
    ("IPsec policy", |spec| spec.ipsec.encryption = EncryptionAlgorithm::Aes256),
    ("IPsec lifetime", |spec| spec.ipsec.lifetime = LifetimeSecs::try_from(600).unwrap()),
    ("IKE policy", |spec| spec.ike.dh_group = DhGroup::Group19),
    ("DPD", |spec| spec.dpd.interval = 20),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_change_at_one_end_after_the_other_replaces_the_tunnel_without_a_gap_ikev1() {
    a_change_at_one_end_after_the_other_replaces_the_tunnel_without_a_gap(IkeVersion::V1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_at_one_end_after_the_other_replaces_the_tunnel_without_a_gap_ikev2() {
    a_change_at_one_end_after_the_other_replaces_the_tunnel_without_a_gap(IkeVersion::V2).await;
}

async fn a_change_at_one_end_after_the_other_replaces_the_tunnel_without_a_gap(version: IkeVersion) {
    let Some((left, right)) = pair(1) else { return };
    let (mut left_spec, mut right_spec) = sites::up(&left, &right, version).await;
    sites::settle(&left, &right, 1).await;
    for (what, change) in CHANGES {
        let before = left.spis().await;
        let pinging = [left.keep_pinging("10.1.1.1", "10.2.1.1"), right.keep_pinging("10.2.1.1", "10.1.1.1")];
        change(&mut left_spec);
        left.vpn().apply(std::slice::from_ref(&left_spec)).await.unwrap();
        assert!(is_active(&left.state(), &left_spec), "the old SAs carry packets until the peer agrees");
        change(&mut right_spec);
        right.vpn().apply(std::slice::from_ref(&right_spec)).await.unwrap();
        replaced(&left, &right, &before).await;
        assert!(is_active(&left.state(), &left_spec) && is_active(&right.state(), &right_spec));
        for pinging in pinging {
            // What IKEv1 makes twice where both ends replace is replaced once more.
            let exchanges = if version == IkeVersion::V1 { 3 } else { 2 };
            sites::assert_no_gap_but(exchanges, &format!("{version}, {what}"), pinging).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_changes_no_spi_and_serves_the_next_negotiation() {
    for version in [IkeVersion::V1, IkeVersion::V2] {
        let Some((left, right)) = pair(1) else { return };
        let (mut left_spec, mut right_spec) = sites::up(&left, &right, version).await;
        sites::settle(&left, &right, 1).await;
        let before = left.spis().await;
        let pinging = left.keep_pinging("10.1.1.1", "10.2.1.1");
        for (site, spec) in [(&left, &mut left_spec), (&right, &mut right_spec)] {
            spec.psk = Psk::new("correct horse battery staple");
            site.vpn().apply(std::slice::from_ref(spec)).await.unwrap();
        }
        assert_eq!(left.spis().await, before);
        for (site, spec) in [(&left, &mut left_spec), (&right, &mut right_spec)] {
            spec.ike.dh_group = DhGroup::Group14;
            site.vpn().apply(std::slice::from_ref(spec)).await.unwrap();
        }
        replaced(&left, &right, &before).await;
        sites::assert_no_gap("IKE policy", pinging).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_does_not_agree_keeps_the_old_tunnel_for_a_while_only() {
    for (version, change, reason) in [
        (IkeVersion::V2, CHANGES[0].1, ReasonCode::NoProposalEsp),
        (IkeVersion::V1, CHANGES[2].1, ReasonCode::NoProposalIke),
    ] {
        let Some((left, right)) = pair(1) else { return };
        let (mut left_spec, mut right_spec) = sites::up(&left, &right, version).await;
        sites::settle(&left, &right, 1).await;
        let before = left.spis().await;
        let start = std::time::Instant::now();
        change(&mut left_spec);
        left.vpn().apply(std::slice::from_ref(&left_spec)).await.unwrap();
        assert!(is_active(&left.state(), &left_spec));
        left.until(|state| code(state, &left_spec) == Some(reason)).await;
        println!("{version}: given up after {:?}", start.elapsed());
        assert!(start.elapsed().as_secs() >= 9, "too early: {:?}", start.elapsed());
        // The peer is told of the end of the old SAs once charon has ended them.
        right.until(|state| !is_active(state, &right_spec)).await;
        assert!(!left.ping("10.1.1.1", "10.2.1.1"));

        change(&mut right_spec);
        right.vpn().apply(std::slice::from_ref(&right_spec)).await.unwrap();
        left.until(|state| is_active(state, &left_spec)).await;
        right.until(|state| is_active(state, &right_spec)).await;
        replaced(&left, &right, &before).await;
        assert!(left.ping("10.1.1.1", "10.2.1.1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sas_that_an_earlier_version_named_are_replaced_without_a_gap() {
    for version in [IkeVersion::V1, IkeVersion::V2] {
        let Some((mut left, right)) = pair(1) else { return };
        let (left_spec, right_spec) = sites::specs(version, 1);
        bare(&mut left, &left_spec).await;
        right.vpn().apply(std::slice::from_ref(&right_spec)).await.unwrap();
        let id = left_spec.id;
        let child = if version == IkeVersion::V1 { "1x1" } else { "all" };
        let number = if version == IkeVersion::V1 { 1 } else { 2 };
        let configuration = format!(
            r#"
            connections {{
              {id} {{
                version = {number}
                local_addrs = 192.0.2.1
                remote_addrs = 192.0.2.2
                proposals = aes128-sha1-modp1536
                aggressive = no
                encap = yes
                mobike = no
                fragmentation = yes
                send_certreq = no
                send_cert = never
                dpd_delay = 30
                dpd_timeout = 120
                keyingtries = 1
                unique = replace
                rekey_time = 3240
                reauth_time = 0
                over_time = 360
                rand_time = 180
                local {{
                  auth = psk
                  id = 192.0.2.1
                }}
                remote {{
                  auth = psk
                  id = 192.0.2.2
                }}
                children {{
                  {id}/{child} {{
                    esp_proposals = aes128-sha1-modp1536
                    local_ts = 10.1.1.0/24
                    remote_ts = 10.2.1.0/24
                  }}
                }}
              }}
            }}
            secrets {{
              ike-{id} {{
                secret = hunter2
              }}
            }}
            "#
        );
        left.swanctl(&["--load-all"], &configuration).await;
        right.until(|state| is_active(state, &right_spec)).await;
        let before = left.spis().await;
        let pinging = left.keep_pinging("10.1.1.1", "10.2.1.1");

        left.restart_agent();
        left.vpn().apply(std::slice::from_ref(&left_spec)).await.unwrap();
        assert!(is_active(&left.state(), &left_spec));
        replaced(&left, &right, &before).await;
        sites::assert_no_gap("names", pinging).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_by_swanctl_conf_takes_several_connections_and_changes_of_them() {
    let Some((left, mut right)) = pair(2) else { return };
    let (mut lefts, rights): (Vec<_>, Vec<_>) =
        (1..=2).map(|number| sites::specs(IkeVersion::V2, number)).unzip();
    bare(&mut right, &rights[0]).await;
    let child = |number: u8| {
        format!(
            "net{number} {{
               local_ts = 10.2.{number}.0/24
               remote_ts = 10.1.{number}.0/24
               esp_proposals = aes128-sha1-modp1536, aes256-sha1-modp1536
             }}"
        )
    };
    let configuration = format!(
        "connections {{
           office {{
             version = 2
             local_addrs = 192.0.2.2
             remote_addrs = 192.0.2.1
             proposals = aes128-sha1-modp1536, aes128-sha1-ecp256
             encap = yes
             local {{
               auth = psk
             }}
             remote {{
               auth = psk
               id = 192.0.2.1
             }}
             children {{
               {}
               {}
             }}
           }}
         }}
         secrets {{
           ike-office {{
             secret = hunter2
           }}
         }}",
        child(1),
        child(2)
    );
    right.swanctl(&["--load-all"], &configuration).await;
    left.vpn().apply(&lefts).await.unwrap();
    left.until(|state| lefts.iter().all(|spec| is_active(state, spec))).await;
    sites::settle_in(&left, &right, 1, 2).await;
    let before = left.spis_of(&lefts[0]).await;
    let other = left.spis_of(&lefts[1]).await;

    // The other end takes part in both changes without anybody's help.
    let pinging = [left.keep_pinging("10.1.1.1", "10.2.1.1"), left.keep_pinging("10.1.2.1", "10.2.2.1")];
    lefts[0].ipsec.encryption = EncryptionAlgorithm::Aes256;
    left.vpn().apply(&lefts).await.unwrap();
    replaced_in(&left, &right, &before, 1, 2).await;
    assert_eq!(left.spis_of(&lefts[1]).await, other);
    let [changed, untouched] = pinging;
    sites::assert_no_gap("IPsec policy", changed).await;
    assert_eq!(untouched.stop().await.1, 0);

    let before = left.spis().await;
    let pinging = [left.keep_pinging("10.1.1.1", "10.2.1.1"), left.keep_pinging("10.1.2.1", "10.2.2.1")];
    for spec in &mut lefts {
        spec.ike.dh_group = DhGroup::Group19;
    }
    left.vpn().apply(&lefts).await.unwrap();
    replaced_in(&left, &right, &before, 1, 2).await;
    for pinging in pinging {
        sites::assert_no_gap("IKE policy", pinging).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_gives_the_peer_its_time_anew() {
    let Some((left, right)) = pair(1) else { return };
    let (mut left_spec, _) = sites::up(&left, &right, IkeVersion::V2).await;
    sites::settle(&left, &right, 1).await;
    let start = std::time::Instant::now();
    CHANGES[0].1(&mut left_spec);
    left.vpn().apply(std::slice::from_ref(&left_spec)).await.unwrap();
    assert!(left.ping_for_secs(7, "10.1.1.1", "10.2.1.1"));
    left_spec.ipsec.pfs_group = DhGroup::Group14;
    left.vpn().apply(std::slice::from_ref(&left_spec)).await.unwrap();
    let second = std::time::Instant::now();
    left.until(|state| !is_active(state, &left_spec)).await;
    println!(
        "given up {:?} after the second change, {:?} after the first",
        second.elapsed(),
        start.elapsed()
    );
    assert!(second.elapsed().as_secs() >= 9, "too early: {:?}", second.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_waits_for_the_peer_replaces_what_is_up() {
    for version in [IkeVersion::V1, IkeVersion::V2] {
        let Some((left, right)) = pair(1) else { return };
        let (left_spec, mut right_spec) = sites::specs(version, 1);
        right_spec.initiator = Initiator::ResponseOnly;
        left.vpn().apply(std::slice::from_ref(&left_spec)).await.unwrap();
        right.vpn().apply(std::slice::from_ref(&right_spec)).await.unwrap();
        right.until(|state| is_active(state, &right_spec)).await;
        sites::settle(&left, &right, 1).await;
        let before = left.spis().await;
        let pinging = left.keep_pinging("10.1.1.1", "10.2.1.1");
        right_spec.ipsec.lifetime = LifetimeSecs::try_from(600).unwrap();
        right.vpn().apply(std::slice::from_ref(&right_spec)).await.unwrap();
        replaced(&left, &right, &before).await;
        sites::assert_no_gap("lifetime at the end that waits", pinging).await;
    }
}

/// Leaves the site a charon that knows of nothing, and no agent.
async fn bare(site: &mut Site, spec: &ConnectionSpec) {
    let mut spec = spec.clone();
    spec.initiator = Initiator::ResponseOnly;
    site.vpn().apply(std::slice::from_ref(&spec)).await.unwrap();
    site.stop_agent();
    site.swanctl(&["--load-all", "--clear"], "").await;
}

/// Waits until one tunnel is there, and none of those before.
async fn replaced(left: &Site, right: &Site, before: &[(u32, u32)]) {
    replaced_in(left, right, before, 1, 1).await;
}

async fn replaced_in(left: &Site, right: &Site, before: &[(u32, u32)], ikes: usize, count: usize) {
    left.until_spis(|spis| spis.iter().all(|pair| !before.contains(pair))).await;
    sites::settle_in(left, right, ikes, count).await;
}
