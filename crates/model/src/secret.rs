//! Secrets that cannot be printed or compared.

use std::fmt;

use serde::Deserialize;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A pre-shared key. Wiped on drop; no `Display`, no `PartialEq`, no `Serialize`.
#[derive(Clone, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Psk(String);

impl Psk {
    /// Takes the key as its owner typed it; IKE uses its UTF-8 bytes.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The key itself. Each caller is a place to review: the key must reach no log, file or argument list.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Psk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Psk(redacted)")
    }
}

/// The one way by which a key travels: from server to agent inside a router document, over their authenticated channel.
/// For `#[serde(serialize_with = ...)]`.
pub(crate) fn serialize_exposed<S: serde::Serializer>(psk: &Psk, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(psk.expose())
}

#[cfg(test)]
mod tests {
    use super::Psk;

    #[test]
    fn debug_does_not_show_the_key() {
        assert_eq!(format!("{:?}", Psk::new("hunter2")), "Psk(redacted)");
    }
}
