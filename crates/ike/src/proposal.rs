//! What we offer a peer: exactly what the policy says, one proposal per negotiation, never a daemon's defaults.

use adit_model::algorithm::{AuthAlgorithm, DhGroup, EncryptionAlgorithm, IkeVersion, TransformProtocol};
use adit_model::ike_policy::IkeParameters;
use adit_model::ipsec_policy::IpsecParameters;

use crate::charon::Algorithms;

/// What protects the packets, with its proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChildProposal {
    /// Encapsulating Security Payload.
    Esp(String),
    /// Authentication Header.
    Ah(String),
}

impl ChildProposal {
    /// The proposal alone.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Esp(proposal) | Self::Ah(proposal) => proposal,
        }
    }
}

/// The proposal for the IKE SA. With an AEAD cipher the auth algorithm has only the PRF left to choose (RFC 5282).
pub fn ike(parameters: &IkeParameters) -> String {
    let IkeParameters { version: _, negotiation_mode: _, encryption, auth, dh_group, lifetime: _ } =
        *parameters;
    let (cipher, group) = (cipher_keyword(encryption), group_keyword(dh_group));
    if encryption.is_aead() {
        format!("{cipher}-{}-{group}", prf_keyword(auth))
    } else {
        format!("{cipher}-{}-{group}", integrity_keyword(auth))
    }
}

/// The proposal for CHILD_SAs; `None` for ESP and AH at once, which no daemon offers (RFC 7296 dropped such bundles).
pub fn child(parameters: &IpsecParameters) -> Option<ChildProposal> {
    let IpsecParameters {
        transform_protocol,
        encapsulation_mode: _,
        encryption,
        auth,
        pfs_group,
        lifetime: _,
    } = *parameters;
    let (cipher, group) = (cipher_keyword(encryption), group_keyword(pfs_group));
    match transform_protocol {
        TransformProtocol::Esp if encryption.is_aead() => {
            Some(ChildProposal::Esp(format!("{cipher}-{group}")))
        }
        TransformProtocol::Esp => {
            Some(ChildProposal::Esp(format!("{cipher}-{}-{group}", integrity_keyword(auth))))
        }
        TransformProtocol::Ah => Some(ChildProposal::Ah(format!("{}-{group}", integrity_keyword(auth)))),
        TransformProtocol::AhEsp => None,
    }
}

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

/// What IKEv1 has no number for, so that nobody could offer it: a sentence that names it. charon would leave it out, and
/// the peer refuse what is left.
pub fn beyond_ikev1(ike: &IkeParameters, ipsec: &IpsecParameters) -> Option<String> {
    if ike.version == IkeVersion::V2 {
        return None;
    }
    if !has_ikev1_number(ike.encryption) {
        let cipher = ike.encryption;
        return Some(format!(
            "IKEv1 has no {cipher} for the key exchange: use aes-128, aes-192, aes-256 or 3des in the IKE policy, or IKEv2"
        ));
    }
    if let auth @ (AuthAlgorithm::AesXcbc | AuthAlgorithm::AesCmac) = ike.auth {
        return Some(format!(
            "IKEv1 has no {auth} for the key exchange: use one of the sha algorithms in the IKE policy, or IKEv2"
        ));
    }
    let is_used = child_cipher(ipsec).is_none_or(|cipher| !cipher.is_aead());
    let lacks = is_used && ipsec.auth == AuthAlgorithm::AesCmac;
    lacks.then(|| {
        let auth = ipsec.auth;
        format!("IKEv1 has no {auth} for packets: use another auth algorithm in the IPsec policy, or IKEv2")
    })
}

const fn has_ikev1_number(cipher: EncryptionAlgorithm) -> bool {
    match cipher {
        EncryptionAlgorithm::TripleDes
        | EncryptionAlgorithm::Aes128
        | EncryptionAlgorithm::Aes192
        | EncryptionAlgorithm::Aes256 => true,
        EncryptionAlgorithm::Aes128Ccm8
        | EncryptionAlgorithm::Aes192Ccm8
        | EncryptionAlgorithm::Aes256Ccm8
        | EncryptionAlgorithm::Aes128Ccm12
        | EncryptionAlgorithm::Aes192Ccm12
        | EncryptionAlgorithm::Aes256Ccm12
        | EncryptionAlgorithm::Aes128Ccm16
        | EncryptionAlgorithm::Aes192Ccm16
        | EncryptionAlgorithm::Aes256Ccm16
        | EncryptionAlgorithm::Aes128Gcm8
        | EncryptionAlgorithm::Aes192Gcm8
        | EncryptionAlgorithm::Aes256Gcm8
        | EncryptionAlgorithm::Aes128Gcm12
        | EncryptionAlgorithm::Aes192Gcm12
        | EncryptionAlgorithm::Aes256Gcm12
        | EncryptionAlgorithm::Aes128Gcm16
        | EncryptionAlgorithm::Aes192Gcm16
        | EncryptionAlgorithm::Aes256Gcm16
        | EncryptionAlgorithm::Aes128Ctr
        | EncryptionAlgorithm::Aes192Ctr
        | EncryptionAlgorithm::Aes256Ctr => false,
    }
}

fn child_cipher(parameters: &IpsecParameters) -> Option<EncryptionAlgorithm> {
    match parameters.transform_protocol {
        TransformProtocol::Esp | TransformProtocol::AhEsp => Some(parameters.encryption),
        TransformProtocol::Ah => None,
    }
}

const fn cipher_keyword(cipher: EncryptionAlgorithm) -> &'static str {
    match cipher {
        EncryptionAlgorithm::TripleDes => "3des",
        EncryptionAlgorithm::Aes128 => "aes128",
        EncryptionAlgorithm::Aes192 => "aes192",
        EncryptionAlgorithm::Aes256 => "aes256",
        EncryptionAlgorithm::Aes128Ccm8 => "aes128ccm8",
        EncryptionAlgorithm::Aes192Ccm8 => "aes192ccm8",
        EncryptionAlgorithm::Aes256Ccm8 => "aes256ccm8",
        EncryptionAlgorithm::Aes128Ccm12 => "aes128ccm12",
        EncryptionAlgorithm::Aes192Ccm12 => "aes192ccm12",
        EncryptionAlgorithm::Aes256Ccm12 => "aes256ccm12",
        EncryptionAlgorithm::Aes128Ccm16 => "aes128ccm16",
        EncryptionAlgorithm::Aes192Ccm16 => "aes192ccm16",
        EncryptionAlgorithm::Aes256Ccm16 => "aes256ccm16",
        EncryptionAlgorithm::Aes128Gcm8 => "aes128gcm8",
        EncryptionAlgorithm::Aes192Gcm8 => "aes192gcm8",
        EncryptionAlgorithm::Aes256Gcm8 => "aes256gcm8",
        EncryptionAlgorithm::Aes128Gcm12 => "aes128gcm12",
        EncryptionAlgorithm::Aes192Gcm12 => "aes192gcm12",
        EncryptionAlgorithm::Aes256Gcm12 => "aes256gcm12",
        EncryptionAlgorithm::Aes128Gcm16 => "aes128gcm16",
        EncryptionAlgorithm::Aes192Gcm16 => "aes192gcm16",
        EncryptionAlgorithm::Aes256Gcm16 => "aes256gcm16",
        EncryptionAlgorithm::Aes128Ctr => "aes128ctr",
        EncryptionAlgorithm::Aes192Ctr => "aes192ctr",
        EncryptionAlgorithm::Aes256Ctr => "aes256ctr",
    }
}

const fn integrity_keyword(auth: AuthAlgorithm) -> &'static str {
    match auth {
        AuthAlgorithm::Sha1 => "sha1",
        AuthAlgorithm::Sha256 => "sha256",
        AuthAlgorithm::Sha384 => "sha384",
        AuthAlgorithm::Sha512 => "sha512",
        AuthAlgorithm::AesXcbc => "aesxcbc",
        AuthAlgorithm::AesCmac => "aescmac",
    }
}

const fn prf_keyword(auth: AuthAlgorithm) -> &'static str {
    match auth {
        AuthAlgorithm::Sha1 => "prfsha1",
        AuthAlgorithm::Sha256 => "prfsha256",
        AuthAlgorithm::Sha384 => "prfsha384",
        AuthAlgorithm::Sha512 => "prfsha512",
        AuthAlgorithm::AesXcbc => "prfaesxcbc",
        AuthAlgorithm::AesCmac => "prfaescmac",
    }
}

const fn group_keyword(group: DhGroup) -> &'static str {
    match group {
        DhGroup::Group2 => "modp1024",
        DhGroup::Group5 => "modp1536",
        DhGroup::Group14 => "modp2048",
        DhGroup::Group15 => "modp3072",
        DhGroup::Group16 => "modp4096",
        DhGroup::Group17 => "modp6144",
        DhGroup::Group18 => "modp8192",
        DhGroup::Group19 => "ecp256",
        DhGroup::Group20 => "ecp384",
        DhGroup::Group21 => "ecp521",
        DhGroup::Group22 => "modp1024s160",
        DhGroup::Group23 => "modp2048s224",
        DhGroup::Group24 => "modp2048s256",
        DhGroup::Group25 => "ecp192",
        DhGroup::Group26 => "ecp224",
        DhGroup::Group27 => "ecp224bp",
        DhGroup::Group28 => "ecp256bp",
        DhGroup::Group29 => "ecp384bp",
        DhGroup::Group30 => "ecp512bp",
        DhGroup::Group31 => "curve25519",
    }
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
