//! How large a packet may be: the search for it, and what of it a tunnel leaves. Pure.

use adit_model::algorithm::{AuthAlgorithm, EncryptionAlgorithm, TransformProtocol};
use adit_model::ipsec_policy::IpsecParameters;

/// The search for the largest size that passes, by halves. It begins with the largest there can be, which is the answer more
/// often than not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Search {
    passes: u32,
    /// The smallest that does not pass.
    fails: u32,
    is_begun: bool,
}

impl Search {
    /// `smallest` is known to pass, and nothing above `largest` can be sent at all.
    pub(super) fn new(smallest: u32, largest: u32) -> Self {
        Self { passes: smallest, fails: largest.max(smallest) + 1, is_begun: false }
    }

    /// The size to try; `None` when it is found.
    pub(super) fn next(&self) -> Option<u32> {
        let between = self.fails - self.passes;
        if between <= 1 {
            return None;
        }
        Some(if self.is_begun { self.passes + between / 2 } else { self.fails - 1 })
    }

    /// What became of the size that was tried.
    pub(super) fn tried(&mut self, size: u32, passes: bool) {
        self.is_begun = true;
        if passes {
            self.passes = self.passes.max(size);
        } else {
            self.fails = self.fails.min(size);
        }
    }

    /// The largest that is known to pass.
    pub(super) const fn found(&self) -> u32 {
        self.passes
    }
}

/// The largest packet that ESP in tunnel mode (RFC 4303, 2) makes a packet of at most `outside` octets of; `None` for AH.
pub(super) fn inside(outside: u32, is_ipv4: bool, is_in_udp: bool, ipsec: &IpsecParameters) -> Option<u32> {
    match ipsec.transform_protocol {
        TransformProtocol::Esp => {}
        TransformProtocol::Ah | TransformProtocol::AhEsp => return None,
    }
    let Cipher { iv, block, tag } = Cipher::of(ipsec.encryption);
    let tag = tag.unwrap_or_else(|| tag_of(ipsec.auth));
    let header = if is_ipv4 { 20 } else { 40 } + if is_in_udp { 8 } else { 0 } + 8;
    let blocks = outside.checked_sub(header + iv + tag)? / block;
    // Of the last block, two octets are the length of the padding and the next header.
    (blocks * block).checked_sub(2)
}

/// Octets of a cipher: its IV, what it fills up to, and its tag, if it has one of its own.
struct Cipher {
    iv: u32,
    block: u32,
    tag: Option<u32>,
}

impl Cipher {
    /// RFC 2451, 3602, 3686, 4106, 4309. Nothing is filled up to less than four octets (RFC 4303, 2.4).
    const fn of(encryption: EncryptionAlgorithm) -> Self {
        use EncryptionAlgorithm as E;
        match encryption {
            E::TripleDes => Self { iv: 8, block: 8, tag: None },
            E::Aes128 | E::Aes192 | E::Aes256 => Self { iv: 16, block: 16, tag: None },
            E::Aes128Ctr | E::Aes192Ctr | E::Aes256Ctr => Self { iv: 8, block: 4, tag: None },
            E::Aes128Ccm8 | E::Aes192Ccm8 | E::Aes256Ccm8 | E::Aes128Gcm8 | E::Aes192Gcm8 | E::Aes256Gcm8 => {
                Self { iv: 8, block: 4, tag: Some(8) }
            }
            E::Aes128Ccm12
            | E::Aes192Ccm12
            | E::Aes256Ccm12
            | E::Aes128Gcm12
            | E::Aes192Gcm12
            | E::Aes256Gcm12 => Self { iv: 8, block: 4, tag: Some(12) },
            E::Aes128Ccm16
            | E::Aes192Ccm16
            | E::Aes256Ccm16
            | E::Aes128Gcm16
            | E::Aes192Gcm16
            | E::Aes256Gcm16 => Self { iv: 8, block: 4, tag: Some(16) },
        }
    }
}

/// Octets of the integrity check value (RFC 2404, 3566, 4494, 4868).
const fn tag_of(auth: AuthAlgorithm) -> u32 {
    match auth {
        AuthAlgorithm::Sha1 | AuthAlgorithm::AesXcbc | AuthAlgorithm::AesCmac => 12,
        AuthAlgorithm::Sha256 => 16,
        AuthAlgorithm::Sha384 => 24,
        AuthAlgorithm::Sha512 => 32,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// How many sizes were tried, and what was found.
    fn search(smallest: u32, largest: u32, limit: u32) -> (u32, u32) {
        let mut search = Search::new(smallest, largest);
        let mut tries = 0;
        while let Some(size) = search.next() {
            search.tried(size, size <= limit);
            tries += 1;
        }
        (tries, search.found())
    }

    #[test]
    fn the_largest_that_passes_is_found_in_few_steps() {
        for (smallest, largest, limit, want) in [
            (64, 1500, 1500, (1, 1500)),
            (64, 1500, 9000, (1, 1500)),
            (64, 1500, 1400, (12, 1400)),
            (64, 1500, 64, (11, 64)),
            (64, 64, 9000, (0, 64)),
            (64, 10, 9000, (0, 64)),
            (64, 65, 64, (1, 64)),
        ] {
            assert_eq!(search(smallest, largest, limit), want, "{smallest}..{largest} with {limit}");
        }
    }

    proptest! {
        #[test]
        fn every_limit_is_found(largest in 64_u32..9001, limit in 64_u32..9001) {
            let (tries, found) = search(64, largest, limit);
            prop_assert_eq!(found, limit.min(largest));
            prop_assert!(tries <= 15, "{} tries", tries);
        }
    }

    #[test]
    fn a_tunnel_leaves_what_the_suite_does_not_take() {
        let policy = |protocol: &str, encryption: &str, auth: &str| -> IpsecParameters {
            let parameters = serde_json::json!({
                "transform_protocol": protocol, "encapsulation_mode": "tunnel", "encryption": encryption,
                "auth": auth, "pfs_group": "group14", "lifetime": 3600,
            });
            serde_json::from_value(parameters).unwrap()
        };
        for (outside, is_ipv4, is_in_udp, protocol, encryption, auth, want) in [
            // 1500 - 20 - 8 - 16 - 12 = 1444, of which whole blocks of 16 are 1440, and two octets are the trailer.
            (1500, true, false, "esp", "aes-128", "sha1", Some(1438)),
            (1500, true, true, "esp", "aes-128", "sha1", Some(1422)),
            (1500, false, false, "esp", "aes-128", "sha1", Some(1422)),
            (1500, true, false, "esp", "aes-256", "sha256", Some(1438)),
            (1500, true, false, "esp", "aes-256", "sha512", Some(1422)),
            (1500, true, false, "esp", "3des", "sha1", Some(1446)),
            (1500, true, false, "esp", "aes-256-gcm-16", "sha256", Some(1446)),
            (1500, true, false, "esp", "aes-256-ccm-8", "sha256", Some(1454)),
            (1500, true, false, "esp", "aes-128-ctr", "sha384", Some(1438)),
            (1500, true, false, "ah", "aes-128", "sha1", None),
            (60, true, false, "esp", "aes-128", "sha1", None),
            (0, true, false, "esp", "aes-128", "sha1", None),
        ] {
            let policy = policy(protocol, encryption, auth);
            assert_eq!(inside(outside, is_ipv4, is_in_udp, &policy), want, "{outside} {encryption} {auth}");
        }
    }
}
