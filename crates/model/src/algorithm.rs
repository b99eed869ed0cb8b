//! Algorithms and other closed vocabularies of VPN policies. Each is one table: the API's word for every value.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A word that is not in a vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{input}` is not one of {}", .allowed.join(", "))]
pub struct UnknownWord {
    input: String,
    allowed: &'static [&'static str],
}

/// Declares an enum whose every variant has one word, used by the API, the database and the logs alike.
#[macro_export]
macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every value, in the order of the API's documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// The words of [`Self::ALL`], in the same order.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// The word for this value.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::algorithm::UnknownWord;

            fn from_str(input: &str) -> Result<Self, Self::Err> {
                match input {
                    $($word => Ok(Self::$variant),)*
                    _ => Err($crate::algorithm::UnknownWord::new(input, Self::WORDS)),
                }
            }
        }
    };
}

impl UnknownWord {
    /// For [`vocabulary!`].
    #[doc(hidden)]
    pub fn new(input: &str, allowed: &'static [&'static str]) -> Self {
        Self { input: input.to_owned(), allowed }
    }
}

vocabulary! {
    /// A cipher (Networking API: `encryption_algorithm`).
    EncryptionAlgorithm {
        /// Triple DES in CBC mode.
        TripleDes = "3des",
        /// AES-128 in CBC mode.
        Aes128 = "aes-128",
        /// AES-192 in CBC mode.
        Aes192 = "aes-192",
        /// AES-256 in CBC mode.
        Aes256 = "aes-256",
        /// AES-128-CCM with an 8-octet tag.
        Aes128Ccm8 = "aes-128-ccm-8",
        /// AES-192-CCM with an 8-octet tag.
        Aes192Ccm8 = "aes-192-ccm-8",
        /// AES-256-CCM with an 8-octet tag.
        Aes256Ccm8 = "aes-256-ccm-8",
        /// AES-128-CCM with a 12-octet tag.
        Aes128Ccm12 = "aes-128-ccm-12",
        /// AES-192-CCM with a 12-octet tag.
        Aes192Ccm12 = "aes-192-ccm-12",
        /// AES-256-CCM with a 12-octet tag.
        Aes256Ccm12 = "aes-256-ccm-12",
        /// AES-128-CCM with a 16-octet tag.
        Aes128Ccm16 = "aes-128-ccm-16",
        /// AES-192-CCM with a 16-octet tag.
        Aes192Ccm16 = "aes-192-ccm-16",
        /// AES-256-CCM with a 16-octet tag.
        Aes256Ccm16 = "aes-256-ccm-16",
        /// AES-128-GCM with an 8-octet tag.
        Aes128Gcm8 = "aes-128-gcm-8",
        /// AES-192-GCM with an 8-octet tag.
        Aes192Gcm8 = "aes-192-gcm-8",
        /// AES-256-GCM with an 8-octet tag.
        Aes256Gcm8 = "aes-256-gcm-8",
        /// AES-128-GCM with a 12-octet tag.
        Aes128Gcm12 = "aes-128-gcm-12",
        /// AES-192-GCM with a 12-octet tag.
        Aes192Gcm12 = "aes-192-gcm-12",
        /// AES-256-GCM with a 12-octet tag.
        Aes256Gcm12 = "aes-256-gcm-12",
        /// AES-128-GCM with a 16-octet tag.
        Aes128Gcm16 = "aes-128-gcm-16",
        /// AES-192-GCM with a 16-octet tag.
        Aes192Gcm16 = "aes-192-gcm-16",
        /// AES-256-GCM with a 16-octet tag.
        Aes256Gcm16 = "aes-256-gcm-16",
        /// AES-128 in counter mode.
        Aes128Ctr = "aes-128-ctr",
        /// AES-192 in counter mode.
        Aes192Ctr = "aes-192-ctr",
        /// AES-256 in counter mode.
        Aes256Ctr = "aes-256-ctr",
    }
}

vocabulary! {
    /// An integrity algorithm, and by it the PRF of an IKE SA (Networking API: `auth_algorithm`).
    AuthAlgorithm {
        /// HMAC-SHA1-96.
        Sha1 = "sha1",
        /// HMAC-SHA2-256-128.
        Sha256 = "sha256",
        /// HMAC-SHA2-384-192.
        Sha384 = "sha384",
        /// HMAC-SHA2-512-256.
        Sha512 = "sha512",
        /// AES-XCBC-96.
        AesXcbc = "aes-xcbc",
        /// AES-CMAC-96.
        AesCmac = "aes-cmac",
    }
}

vocabulary! {
    /// A Diffie-Hellman group by its IANA number (Networking API: `pfs`).
    DhGroup {
        /// MODP, 1024 bits.
        Group2 = "group2",
        /// MODP, 1536 bits.
        Group5 = "group5",
        /// MODP, 2048 bits.
        Group14 = "group14",
        /// MODP, 3072 bits.
        Group15 = "group15",
        /// MODP, 4096 bits.
        Group16 = "group16",
        /// MODP, 6144 bits.
        Group17 = "group17",
        /// MODP, 8192 bits.
        Group18 = "group18",
        /// NIST P-256.
        Group19 = "group19",
        /// NIST P-384.
        Group20 = "group20",
        /// NIST P-521.
        Group21 = "group21",
        /// MODP, 1024 bits, with a 160-bit subgroup.
        Group22 = "group22",
        /// MODP, 2048 bits, with a 224-bit subgroup.
        Group23 = "group23",
        /// MODP, 2048 bits, with a 256-bit subgroup.
        Group24 = "group24",
        /// NIST P-192.
        Group25 = "group25",
        /// NIST P-224.
        Group26 = "group26",
        /// Brainpool, 224 bits.
        Group27 = "group27",
        /// Brainpool, 256 bits.
        Group28 = "group28",
        /// Brainpool, 384 bits.
        Group29 = "group29",
        /// Brainpool, 512 bits.
        Group30 = "group30",
        /// Curve25519.
        Group31 = "group31",
    }
}

vocabulary! {
    /// The version of the key exchange protocol.
    IkeVersion {
        /// IKEv1, RFC 2409.
        V1 = "v1",
        /// IKEv2, RFC 7296.
        V2 = "v2",
    }
}

vocabulary! {
    /// How IKEv1 sets up its own SA; without meaning in IKEv2.
    NegotiationMode {
        /// Six messages, identities protected.
        Main = "main",
        /// Three messages, identities in clear.
        Aggressive = "aggressive",
    }
}

vocabulary! {
    /// What protects the packets.
    TransformProtocol {
        /// Encapsulating Security Payload, RFC 4303.
        Esp = "esp",
        /// Authentication Header, RFC 4302.
        Ah = "ah",
        /// Both; known to the API, refused by every gateway.
        AhEsp = "ah-esp",
    }
}

vocabulary! {
    /// Whether whole packets are wrapped or only their payload.
    EncapsulationMode {
        /// Between two hosts.
        Transport = "transport",
        /// Between two networks.
        Tunnel = "tunnel",
    }
}

impl EncryptionAlgorithm {
    /// Whether the cipher authenticates by itself, so that no integrity algorithm goes with it (RFC 5282, RFC 4106).
    pub const fn is_aead(self) -> bool {
        match self {
            Self::TripleDes
            | Self::Aes128
            | Self::Aes192
            | Self::Aes256
            | Self::Aes128Ctr
            | Self::Aes192Ctr
            | Self::Aes256Ctr => false,
            Self::Aes128Ccm8
            | Self::Aes192Ccm8
            | Self::Aes256Ccm8
            | Self::Aes128Ccm12
            | Self::Aes192Ccm12
            | Self::Aes256Ccm12
            | Self::Aes128Ccm16
            | Self::Aes192Ccm16
            | Self::Aes256Ccm16
            | Self::Aes128Gcm8
            | Self::Aes192Gcm8
            | Self::Aes256Gcm8
            | Self::Aes128Gcm12
            | Self::Aes192Gcm12
            | Self::Aes256Gcm12
            | Self::Aes128Gcm16
            | Self::Aes192Gcm16
            | Self::Aes256Gcm16 => true,
        }
    }
}

/// How long an SA lives, in seconds; at least 60 (Networking API: `lifetime`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct LifetimeSecs(u32);

/// A lifetime below the smallest that the API accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a lifetime of {0} s is too short: at least 60 s were expected")]
pub struct LifetimeTooShort(u32);

impl LifetimeSecs {
    /// The smallest lifetime, in seconds.
    pub const MIN: u32 = 60;
    /// An hour: what a policy has that does not say.
    pub const DEFAULT: Self = Self(3600);

    /// Seconds.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for LifetimeSecs {
    type Error = LifetimeTooShort;

    fn try_from(secs: u32) -> Result<Self, LifetimeTooShort> {
        if secs < Self::MIN { Err(LifetimeTooShort(secs)) } else { Ok(Self(secs)) }
    }
}

impl From<LifetimeSecs> for u32 {
    fn from(lifetime: LifetimeSecs) -> Self {
        lifetime.0
    }
}

impl fmt::Display for LifetimeSecs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_means_its_value_and_no_other() {
        for (value, word) in EncryptionAlgorithm::ALL.iter().zip(EncryptionAlgorithm::WORDS) {
            assert_eq!((word.parse(), value.as_str()), (Ok(*value), *word));
            assert_eq!(serde_json::to_value(value).unwrap(), *word);
        }
        assert_eq!(EncryptionAlgorithm::ALL.len(), 25);
        assert_eq!((AuthAlgorithm::ALL.len(), DhGroup::ALL.len()), (6, 20));
        assert_eq!(
            "sha3".parse::<AuthAlgorithm>().unwrap_err().to_string(),
            "`sha3` is not one of sha1, sha256, sha384, sha512, aes-xcbc, aes-cmac"
        );
    }

    #[test]
    fn ccm_and_gcm_are_the_ciphers_that_authenticate_by_themselves() {
        for cipher in EncryptionAlgorithm::ALL {
            let word = cipher.as_str();
            assert_eq!(cipher.is_aead(), word.contains("ccm") || word.contains("gcm"), "{word}");
        }
    }
}
