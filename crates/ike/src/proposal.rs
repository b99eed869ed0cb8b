//! What we offer a peer, and what of that a daemon has no implementation of.

use adit_model::algorithm::{AuthAlgorithm, DhGroup, EncryptionAlgorithm};
use adit_model::ike_policy::IkeParameters;
use adit_model::ipsec_policy::IpsecParameters;
use adit_model::proposal::child_cipher;
pub use adit_model::proposal::{ChildProposal, beyond_ikev1, child, ike};

use crate::charon::Algorithms;

/// The first algorithm of the policies that the daemon has no implementation of, by the API's word.
pub fn missing(ike: &IkeParameters, ipsec: &IpsecParameters, known: &Algorithms) -> Option<&'static str> {
    let ciphers = [Some(ike.encryption), child_cipher(ipsec)];
    let integrity = [
        (!ike.encryption.is_aead()).then_some(ike.auth),
        child_cipher(ipsec).is_none_or(|cipher| !cipher.is_aead()).then_some(ipsec.auth),
    ];
    let groups = [ike.dh_group, ipsec.pfs_group];

    let cipher = ciphers.into_iter().flatten().find(|cipher| !known.has_cipher(cipher_name(*cipher)));
    let integrity = integrity.into_iter().flatten().find(|auth| !known.has_integrity(integrity_name(*auth)));
    let prf = Some(ike.auth).filter(|auth| !known.has_prf(prf_name(*auth)));
    let group = groups.into_iter().find(|group| !known.has_group(group_name(*group)));

    cipher
        .map(EncryptionAlgorithm::as_str)
        .or(integrity.map(AuthAlgorithm::as_str))
        .or(prf.map(AuthAlgorithm::as_str))
        .or(group.map(DhGroup::as_str))
}

/// charon's name for the algorithm, whatever the key length, as its command `get-algorithms` gives it.
const fn cipher_name(cipher: EncryptionAlgorithm) -> &'static str {
    match cipher {
        EncryptionAlgorithm::TripleDes => "3DES_CBC",
        EncryptionAlgorithm::Aes128 | EncryptionAlgorithm::Aes192 | EncryptionAlgorithm::Aes256 => "AES_CBC",
        EncryptionAlgorithm::Aes128Ccm8
        | EncryptionAlgorithm::Aes192Ccm8
        | EncryptionAlgorithm::Aes256Ccm8 => "AES_CCM_8",
        EncryptionAlgorithm::Aes128Ccm12
        | EncryptionAlgorithm::Aes192Ccm12
        | EncryptionAlgorithm::Aes256Ccm12 => "AES_CCM_12",
        EncryptionAlgorithm::Aes128Ccm16
        | EncryptionAlgorithm::Aes192Ccm16
        | EncryptionAlgorithm::Aes256Ccm16 => "AES_CCM_16",
        EncryptionAlgorithm::Aes128Gcm8
        | EncryptionAlgorithm::Aes192Gcm8
        | EncryptionAlgorithm::Aes256Gcm8 => "AES_GCM_8",
        EncryptionAlgorithm::Aes128Gcm12
        | EncryptionAlgorithm::Aes192Gcm12
        | EncryptionAlgorithm::Aes256Gcm12 => "AES_GCM_12",
        EncryptionAlgorithm::Aes128Gcm16
        | EncryptionAlgorithm::Aes192Gcm16
        | EncryptionAlgorithm::Aes256Gcm16 => "AES_GCM_16",
        EncryptionAlgorithm::Aes128Ctr | EncryptionAlgorithm::Aes192Ctr | EncryptionAlgorithm::Aes256Ctr => {
            "AES_CTR"
        }
    }
}

const fn integrity_name(auth: AuthAlgorithm) -> &'static str {
    match auth {
        AuthAlgorithm::Sha1 => "HMAC_SHA1_96",
        AuthAlgorithm::Sha256 => "HMAC_SHA2_256_128",
        AuthAlgorithm::Sha384 => "HMAC_SHA2_384_192",
        AuthAlgorithm::Sha512 => "HMAC_SHA2_512_256",
        AuthAlgorithm::AesXcbc => "AES_XCBC_96",
        AuthAlgorithm::AesCmac => "AES_CMAC_96",
    }
}

const fn prf_name(auth: AuthAlgorithm) -> &'static str {
    match auth {
        AuthAlgorithm::Sha1 => "PRF_HMAC_SHA1",
        AuthAlgorithm::Sha256 => "PRF_HMAC_SHA2_256",
        AuthAlgorithm::Sha384 => "PRF_HMAC_SHA2_384",
        AuthAlgorithm::Sha512 => "PRF_HMAC_SHA2_512",
        AuthAlgorithm::AesXcbc => "PRF_AES128_XCBC",
        AuthAlgorithm::AesCmac => "PRF_AES128_CMAC",
    }
}

const fn group_name(group: DhGroup) -> &'static str {
    match group {
        DhGroup::Group2 => "MODP_1024",
        DhGroup::Group5 => "MODP_1536",
        DhGroup::Group14 => "MODP_2048",
        DhGroup::Group15 => "MODP_3072",
        DhGroup::Group16 => "MODP_4096",
        DhGroup::Group17 => "MODP_6144",
        DhGroup::Group18 => "MODP_8192",
        DhGroup::Group19 => "ECP_256",
        DhGroup::Group20 => "ECP_384",
        DhGroup::Group21 => "ECP_521",
        DhGroup::Group22 => "MODP_1024_160",
        DhGroup::Group23 => "MODP_2048_224",
        DhGroup::Group24 => "MODP_2048_256",
        DhGroup::Group25 => "ECP_192",
        DhGroup::Group26 => "ECP_224",
        DhGroup::Group27 => "ECP_224_BP",
        DhGroup::Group28 => "ECP_256_BP",
        DhGroup::Group29 => "ECP_384_BP",
        DhGroup::Group30 => "ECP_512_BP",
        DhGroup::Group31 => "CURVE_25519",
    }
}

#[cfg(test)]
mod tests;
