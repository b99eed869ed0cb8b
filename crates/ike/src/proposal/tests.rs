use adit_model::algorithm::{EncapsulationMode, IkeVersion, LifetimeSecs, NegotiationMode};

use super::*;

fn ike_parameters(encryption: &str, auth: &str, group: &str) -> IkeParameters {
    IkeParameters {
        version: IkeVersion::V2,
        negotiation_mode: NegotiationMode::Main,
        encryption: encryption.parse().unwrap(),
        auth: auth.parse().unwrap(),
        dh_group: group.parse().unwrap(),
        lifetime: LifetimeSecs::DEFAULT,
    }
}

fn ipsec_parameters(protocol: &str, encryption: &str, auth: &str, group: &str) -> IpsecParameters {
    IpsecParameters {
        transform_protocol: protocol.parse().unwrap(),
        encapsulation_mode: EncapsulationMode::Tunnel,
        encryption: encryption.parse().unwrap(),
        auth: auth.parse().unwrap(),
        pfs_group: group.parse().unwrap(),
        lifetime: LifetimeSecs::DEFAULT,
    }
}

#[test]
fn what_the_daemon_does_not_know_is_named_by_the_word_of_the_api() {
    let known = Algorithms::of(&["AES_CBC"], &["HMAC_SHA1_96"], &["PRF_HMAC_SHA1"], &["MODP_1536"]);
    for (ike_words, ipsec_words, want) in [
        (["aes-128", "sha1", "group5"], ["esp", "aes-256", "sha1", "group5"], None),
        (["aes-128-ctr", "sha1", "group5"], ["esp", "aes-128", "sha1", "group5"], Some("aes-128-ctr")),
        (["aes-128", "sha1", "group5"], ["esp", "aes-256-ccm-8", "sha1", "group5"], Some("aes-256-ccm-8")),
        (["aes-128", "sha1", "group5"], ["ah", "aes-256-ccm-8", "sha1", "group5"], None),
        (["aes-128", "aes-cmac", "group5"], ["esp", "aes-128", "sha1", "group5"], Some("aes-cmac")),
        (["aes-128", "sha1", "group5"], ["esp", "aes-128", "sha384", "group5"], Some("sha384")),
        (["aes-128", "sha1", "group31"], ["esp", "aes-128", "sha1", "group5"], Some("group31")),
    ] {
        let (ike, [protocol, cipher, auth, group]) =
            (ike_parameters(ike_words[0], ike_words[1], ike_words[2]), ipsec_words);
        let ipsec = ipsec_parameters(protocol, cipher, auth, group);
        assert_eq!(missing(&ike, &ipsec, &known), want, "{ike_words:?} {ipsec_words:?}");
    }
}
