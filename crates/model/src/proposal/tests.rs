use crate::algorithm::{EncapsulationMode, LifetimeSecs, NegotiationMode};

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

fn esp(encryption: &str, auth: &str, group: &str) -> String {
    child(&ipsec_parameters("esp", encryption, auth, group)).unwrap().as_str().to_owned()
}

#[test]
fn every_cipher_has_its_keyword() {
    for (word, want_ike, want_esp) in [
        ("3des", "3des-sha1", "3des-sha1"),
        ("aes-128", "aes128-sha1", "aes128-sha1"),
        ("aes-192", "aes192-sha1", "aes192-sha1"),
        ("aes-256", "aes256-sha1", "aes256-sha1"),
        ("aes-128-ccm-8", "aes128ccm8-prfsha1", "aes128ccm8"),
        ("aes-192-ccm-8", "aes192ccm8-prfsha1", "aes192ccm8"),
        ("aes-256-ccm-8", "aes256ccm8-prfsha1", "aes256ccm8"),
        ("aes-128-ccm-12", "aes128ccm12-prfsha1", "aes128ccm12"),
        ("aes-192-ccm-12", "aes192ccm12-prfsha1", "aes192ccm12"),
        ("aes-256-ccm-12", "aes256ccm12-prfsha1", "aes256ccm12"),
        ("aes-128-ccm-16", "aes128ccm16-prfsha1", "aes128ccm16"),
        ("aes-192-ccm-16", "aes192ccm16-prfsha1", "aes192ccm16"),
        ("aes-256-ccm-16", "aes256ccm16-prfsha1", "aes256ccm16"),
        ("aes-128-gcm-8", "aes128gcm8-prfsha1", "aes128gcm8"),
        ("aes-192-gcm-8", "aes192gcm8-prfsha1", "aes192gcm8"),
        ("aes-256-gcm-8", "aes256gcm8-prfsha1", "aes256gcm8"),
        ("aes-128-gcm-12", "aes128gcm12-prfsha1", "aes128gcm12"),
        ("aes-192-gcm-12", "aes192gcm12-prfsha1", "aes192gcm12"),
        ("aes-256-gcm-12", "aes256gcm12-prfsha1", "aes256gcm12"),
        ("aes-128-gcm-16", "aes128gcm16-prfsha1", "aes128gcm16"),
        ("aes-192-gcm-16", "aes192gcm16-prfsha1", "aes192gcm16"),
        ("aes-256-gcm-16", "aes256gcm16-prfsha1", "aes256gcm16"),
        ("aes-128-ctr", "aes128ctr-sha1", "aes128ctr-sha1"),
        ("aes-192-ctr", "aes192ctr-sha1", "aes192ctr-sha1"),
        ("aes-256-ctr", "aes256ctr-sha1", "aes256ctr-sha1"),
    ] {
        assert_eq!(ike(&ike_parameters(word, "sha1", "group5")), format!("{want_ike}-modp1536"), "{word}");
        assert_eq!(esp(word, "sha1", "group5"), format!("{want_esp}-modp1536"), "{word}");
    }
}

#[test]
fn every_auth_algorithm_has_its_keywords() {
    for (word, integrity, prf) in [
        ("sha1", "sha1", "prfsha1"),
        ("sha256", "sha256", "prfsha256"),
        ("sha384", "sha384", "prfsha384"),
        ("sha512", "sha512", "prfsha512"),
        ("aes-xcbc", "aesxcbc", "prfaesxcbc"),
        ("aes-cmac", "aescmac", "prfaescmac"),
    ] {
        assert_eq!(ike(&ike_parameters("aes-128", word, "group14")), format!("aes128-{integrity}-modp2048"));
        assert_eq!(
            ike(&ike_parameters("aes-128-gcm-16", word, "group14")),
            format!("aes128gcm16-{prf}-modp2048")
        );
        assert_eq!(esp("aes-128", word, "group14"), format!("aes128-{integrity}-modp2048"));
        assert_eq!(
            child(&ipsec_parameters("ah", "aes-128", word, "group14")),
            Some(ChildProposal::Ah(format!("{integrity}-modp2048")))
        );
    }
}

#[test]
fn every_group_has_its_keyword() {
    let keywords = [
        ("group2", "modp1024"),
        ("group5", "modp1536"),
        ("group14", "modp2048"),
        ("group15", "modp3072"),
        ("group16", "modp4096"),
        ("group17", "modp6144"),
        ("group18", "modp8192"),
        ("group19", "ecp256"),
        ("group20", "ecp384"),
        ("group21", "ecp521"),
        ("group22", "modp1024s160"),
        ("group23", "modp2048s224"),
        ("group24", "modp2048s256"),
        ("group25", "ecp192"),
        ("group26", "ecp224"),
        ("group27", "ecp224bp"),
        ("group28", "ecp256bp"),
        ("group29", "ecp384bp"),
        ("group30", "ecp512bp"),
        ("group31", "curve25519"),
    ];
    assert_eq!(keywords.map(|(word, _)| word), DhGroup::WORDS);
    for (word, keyword) in keywords {
        assert_eq!(
            ike(&ike_parameters("aes-256", "sha256", word)),
            format!("aes256-sha256-{keyword}"),
            "{word}"
        );
        assert_eq!(esp("aes-256", "sha256", word), format!("aes256-sha256-{keyword}"), "{word}");
    }
}

#[test]
fn esp_and_ah_at_once_cannot_be_offered() {
    assert_eq!(child(&ipsec_parameters("ah-esp", "aes-128", "sha1", "group5")), None);
}
