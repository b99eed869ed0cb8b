//! What is offered to a peer: exactly what the policy says, one proposal per negotiation, never a daemon's defaults. The
//! words are strongSwan's.

use crate::algorithm::{AuthAlgorithm, DhGroup, EncryptionAlgorithm, IkeVersion, TransformProtocol};
use crate::ike_policy::IkeParameters;
use crate::ipsec_policy::IpsecParameters;

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

/// The cipher that packets are protected with; AH has none.
pub fn child_cipher(parameters: &IpsecParameters) -> Option<EncryptionAlgorithm> {
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

#[cfg(test)]
mod tests;
