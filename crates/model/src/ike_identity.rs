//! IKE identities: which type a text looks like, and how to say so to charon without room for another reading.
//!
//! | text | identity |
//! |---|---|
//! | `192.0.2.1`, `2001:db8::1` | an address |
//! | `left.example`, `@left.example`, `left` | a domain name (FQDN) |
//! | `ops@left.example`, `@@ops@left.example` | an e-mail address (user FQDN) |
//! | `@#6c656674` | a key id by its octets |
//! | anything else, as `Head office #2` | a key id by its text |
//!
//! The leading marks are strongSwan's and Libreswan's, so that an identity can be copied from a peer's configuration.

use std::fmt;
use std::net::IpAddr;

/// An identity with its type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// `ID_IPV4_ADDR` or `ID_IPV6_ADDR`.
    Address(IpAddr),
    /// `ID_FQDN`.
    Fqdn(String),
    /// `ID_RFC822_ADDR`, in IKEv1 `ID_USER_FQDN`.
    Email(String),
    /// `ID_KEY_ID`.
    KeyId(Vec<u8>),
}

/// A text that cannot be an identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Nothing at all.
    #[error("an identity is empty: an address, a domain name, an e-mail address or a key id was expected")]
    Empty,
    /// Line breaks and their like, which no peer's configuration could hold.
    #[error("the identity {0:?} has control characters")]
    ControlCharacter(String),
    /// More than a payload of either IKE version can hold in practice.
    #[error("an identity of {0} octets is too long: at most 255 were expected")]
    TooLong(usize),
    /// `@#` with something else than pairs of hexadecimal digits behind it.
    #[error("the identity `{0}` does not have pairs of hexadecimal digits after `@#`")]
    Hex(String),
}

impl std::str::FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        if text.is_empty() {
            return Err(IdentityError::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(IdentityError::ControlCharacter(text.to_owned()));
        }
        if text.len() > 255 {
            return Err(IdentityError::TooLong(text.len()));
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        if let Some(digits) = text.strip_prefix("@#") {
            return hex_octets(digits).map(Self::KeyId).ok_or_else(|| IdentityError::Hex(text.to_owned()));
        }
        if let Some(email) = text.strip_prefix("@@").filter(|rest| is_email(rest)) {
            return Ok(Self::Email(email.to_owned()));
        }
        let unmarked = text.strip_prefix('@').unwrap_or(text);
        if is_domain_name(unmarked) {
            return Ok(Self::Fqdn(unmarked.to_owned()));
        }
        if is_email(text) {
            return Ok(Self::Email(text.to_owned()));
        }
        Ok(Self::KeyId(text.as_bytes().to_vec()))
    }
}

impl Identity {
    /// The identity as charon reads it in one way only: with a type prefix, except for addresses, whose prefix would
    /// make it read the digits as octets.
    pub fn to_charon(&self) -> String {
        match self {
            Self::Address(address) => address.to_string(),
            Self::Fqdn(name) => format!("fqdn:{name}"),
            Self::Email(email) => format!("email:{email}"),
            Self::KeyId(octets) => format!("keyid:#{}", hex(octets)),
        }
    }
}

/// For people; a key id that is text is shown as text.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Fqdn(text) | Self::Email(text) => f.write_str(text),
            Self::KeyId(octets) => match std::str::from_utf8(octets) {
                Ok(text) if !text.chars().any(char::is_control) => f.write_str(text),
                Ok(_) | Err(_) => write!(f, "@#{}", hex(octets)),
            },
        }
    }
}

fn is_domain_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    text.strip_suffix('.').unwrap_or(text).split('.').all(is_label)
}

fn is_email(text: &str) -> bool {
    let Some((user, domain)) = text.rsplit_once('@') else { return false };
    let is_atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
    !user.is_empty() && user.bytes().all(is_atom) && is_domain_name(domain)
}

fn hex_octets(digits: &str) -> Option<Vec<u8>> {
    if digits.is_empty()
        || !digits.len().is_multiple_of(2)
        || !digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::Identity;

    #[test]
    fn an_identity_has_the_type_that_its_text_looks_like() {
        for (input, want) in [
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8:0::1", "2001:db8::1"),
            ("left.example", "fqdn:left.example"),
            ("@left.example", "fqdn:left.example"),
            ("left", "fqdn:left"),
            ("left.example.", "fqdn:left.example."),
            ("192.0.2.300", "fqdn:192.0.2.300"),
            ("ops@left.example", "email:ops@left.example"),
            ("@@ops@left.example", "email:ops@left.example"),
            ("@#6C656674", "keyid:#6c656674"),
            ("Head office #2", "keyid:#48656164206f6666696365202332"),
            ("10.0.0.0/24", "keyid:#31302e302e302e302f3234"),
            ("fqdn:left", "keyid:#6671646e3a6c656674"),
            ("%any", "keyid:#25616e79"),
            ("CN=left, O=Adit", "keyid:#434e3d6c6566742c204f3d41646974"),
            ("@", "keyid:#40"),
        ] {
            assert_eq!(input.parse::<Identity>().unwrap().to_charon(), want, "input {input}");
        }
    }

    #[test]
    fn what_cannot_be_an_identity_is_refused_with_the_reason() {
        for (input, want) in [
            (
                "",
                "an identity is empty: an address, a domain name, an e-mail address or a key id was expected",
            ),
            ("left\n  updown=/bin/sh", "the identity \"left\\n  updown=/bin/sh\" has control characters"),
            ("left\0", "the identity \"left\\0\" has control characters"),
            ("@#abc", "the identity `@#abc` does not have pairs of hexadecimal digits after `@#`"),
            ("@#", "the identity `@#` does not have pairs of hexadecimal digits after `@#`"),
            ("@#zz", "the identity `@#zz` does not have pairs of hexadecimal digits after `@#`"),
        ] {
            assert_eq!(input.parse::<Identity>().unwrap_err().to_string(), want, "input {input:?}");
        }
        assert!("x".repeat(256).parse::<Identity>().is_err());
    }
}
