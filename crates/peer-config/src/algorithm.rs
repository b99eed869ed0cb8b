//! Ciphers taken apart into mode and key length, by which nearly every device names them.

use adit_model::algorithm::{DhGroup, EncryptionAlgorithm};

/// How a cipher works, without the length of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    TripleDes,
    Cbc,
    Ctr,
    /// With a tag of so many octets.
    Ccm(u8),
    /// With a tag of so many octets.
    Gcm(u8),
}

/// The mode, and the length of the key in bits.
pub(crate) const fn parts(cipher: EncryptionAlgorithm) -> (Mode, u16) {
    match cipher {
        EncryptionAlgorithm::TripleDes => (Mode::TripleDes, 192),
        EncryptionAlgorithm::Aes128 => (Mode::Cbc, 128),
        EncryptionAlgorithm::Aes192 => (Mode::Cbc, 192),
        EncryptionAlgorithm::Aes256 => (Mode::Cbc, 256),
        EncryptionAlgorithm::Aes128Ccm8 => (Mode::Ccm(8), 128),
        EncryptionAlgorithm::Aes192Ccm8 => (Mode::Ccm(8), 192),
        EncryptionAlgorithm::Aes256Ccm8 => (Mode::Ccm(8), 256),
        EncryptionAlgorithm::Aes128Ccm12 => (Mode::Ccm(12), 128),
        EncryptionAlgorithm::Aes192Ccm12 => (Mode::Ccm(12), 192),
        EncryptionAlgorithm::Aes256Ccm12 => (Mode::Ccm(12), 256),
        EncryptionAlgorithm::Aes128Ccm16 => (Mode::Ccm(16), 128),
        EncryptionAlgorithm::Aes192Ccm16 => (Mode::Ccm(16), 192),
        EncryptionAlgorithm::Aes256Ccm16 => (Mode::Ccm(16), 256),
        EncryptionAlgorithm::Aes128Gcm8 => (Mode::Gcm(8), 128),
        EncryptionAlgorithm::Aes192Gcm8 => (Mode::Gcm(8), 192),
        EncryptionAlgorithm::Aes256Gcm8 => (Mode::Gcm(8), 256),
        EncryptionAlgorithm::Aes128Gcm12 => (Mode::Gcm(12), 128),
        EncryptionAlgorithm::Aes192Gcm12 => (Mode::Gcm(12), 192),
        EncryptionAlgorithm::Aes256Gcm12 => (Mode::Gcm(12), 256),
        EncryptionAlgorithm::Aes128Gcm16 => (Mode::Gcm(16), 128),
        EncryptionAlgorithm::Aes192Gcm16 => (Mode::Gcm(16), 192),
        EncryptionAlgorithm::Aes256Gcm16 => (Mode::Gcm(16), 256),
        EncryptionAlgorithm::Aes128Ctr => (Mode::Ctr, 128),
        EncryptionAlgorithm::Aes192Ctr => (Mode::Ctr, 192),
        EncryptionAlgorithm::Aes256Ctr => (Mode::Ctr, 256),
    }
}

/// The number of a group, as IANA gives it.
pub(crate) const fn number(group: DhGroup) -> u8 {
    match group {
        DhGroup::Group2 => 2,
        DhGroup::Group5 => 5,
        DhGroup::Group14 => 14,
        DhGroup::Group15 => 15,
        DhGroup::Group16 => 16,
        DhGroup::Group17 => 17,
        DhGroup::Group18 => 18,
        DhGroup::Group19 => 19,
        DhGroup::Group20 => 20,
        DhGroup::Group21 => 21,
        DhGroup::Group22 => 22,
        DhGroup::Group23 => 23,
        DhGroup::Group24 => 24,
        DhGroup::Group25 => 25,
        DhGroup::Group26 => 26,
        DhGroup::Group27 => 27,
        DhGroup::Group28 => 28,
        DhGroup::Group29 => 29,
        DhGroup::Group30 => 30,
        DhGroup::Group31 => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_numbers_are_those_of_the_words() {
        for cipher in EncryptionAlgorithm::ALL {
            let word = match parts(*cipher) {
                (Mode::TripleDes, _) => "3des".to_owned(),
                (Mode::Cbc, bits) => format!("aes-{bits}"),
                (Mode::Ctr, bits) => format!("aes-{bits}-ctr"),
                (Mode::Ccm(tag), bits) => format!("aes-{bits}-ccm-{tag}"),
                (Mode::Gcm(tag), bits) => format!("aes-{bits}-gcm-{tag}"),
            };
            assert_eq!(word.parse::<EncryptionAlgorithm>().unwrap(), *cipher);
        }
        for group in DhGroup::ALL {
            assert_eq!(format!("group{}", number(*group)), group.as_str());
        }
    }
}
