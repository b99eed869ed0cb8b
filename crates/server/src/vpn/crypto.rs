//! What the operator says about algorithms: which a policy has that names none, and which no policy may have.

use adit_api::attribute::{Attribute, Initial, Kind, Post, Schema, ValueError};
use adit_api::vpn::{ike_policy, ipsec_policy};
use adit_api::{ApiError, python};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Section `[server.vpn]` of the configuration file. Its values are known to go together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct VpnConfig {
    provider: String,
    crypto_profile: CryptoProfile,
    crypto_refuse: Vec<String>,
}

/// The section as it is written, before it is checked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    provider: String,
    crypto_profile: CryptoProfile,
    crypto_refuse: Vec<String>,
}

/// What a policy has that does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CryptoProfile {
    /// What the API's documents show, so that old scripts and old peers go on: sha1, aes-128, group5, IKEv1.
    #[default]
    Classic,
    /// sha256, aes-256-gcm-16, group19, IKEv2. Group 19 (256-bit ECP) because it is as strong as SHA-256 and the
    /// tunnels' AES-128 at least (RFC 8247 recommends it beside the weaker group 14), because nearly every peer has it,
    /// which cannot be said of group 31, and because it costs a tenth of a MODP group of the same strength.
    Modern,
}

/// Settings that do not make sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VpnConfigError {
    /// `crypto_refuse` has a word that no attribute of a policy can have.
    #[error("`{word}` of `crypto_refuse` is not known; known are {}", known().join(", "))]
    UnknownWord {
        /// As written.
        word: String,
    },
    /// `crypto_refuse` has what a policy gets that does not say.
    #[error(
        "`crypto_refuse` has `{word}`, which is the default of `{attribute}` in the crypto_profile `{profile}`: choose the other profile, or do not refuse it"
    )]
    DefaultRefused {
        /// As written.
        word: String,
        /// Of a policy.
        attribute: &'static str,
        /// The profile in force.
        profile: &'static str,
    },
}

impl Default for Written {
    fn default() -> Self {
        Self {
            provider: "strongswan".to_owned(),
            crypto_profile: CryptoProfile::Classic,
            crypto_refuse: Vec::new(),
        }
    }
}

impl Default for VpnConfig {
    fn default() -> Self {
        let Written { provider, crypto_profile, crypto_refuse } = Written::default();
        Self { provider, crypto_profile, crypto_refuse }
    }
}

impl TryFrom<Written> for VpnConfig {
    type Error = VpnConfigError;

    fn try_from(written: Written) -> Result<Self, VpnConfigError> {
        Self::new(written.provider, written.crypto_profile, written.crypto_refuse)
    }
}

impl From<VpnConfig> for Written {
    fn from(config: VpnConfig) -> Self {
        let VpnConfig { provider, crypto_profile, crypto_refuse } = config;
        Self { provider, crypto_profile, crypto_refuse }
    }
}

impl CryptoProfile {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Modern => "modern",
        }
    }

    /// The default of an attribute, whose declaration has the classic one.
    fn default_of(self, attribute: &str, classic: &'static str) -> &'static str {
        match (self, attribute) {
            (Self::Modern, "auth_algorithm") => "sha256",
            (Self::Modern, "encryption_algorithm") => "aes-256-gcm-16",
            (Self::Modern, "pfs") => "group19",
            (Self::Modern, "ike_version") => "v2",
            (Self::Modern | Self::Classic, _) => classic,
        }
    }
}

impl VpnConfig {
    /// Settings: the name by which clients know the provider of VPN services, the defaults, and the words that no
    /// policy may have from now on.
    ///
    /// # Errors
    /// A word that is not known, or a default that is refused.
    pub fn new(
        provider: impl Into<String>,
        crypto_profile: CryptoProfile,
        crypto_refuse: Vec<String>,
    ) -> Result<Self, VpnConfigError> {
        let known = known();
        if let Some(word) = crypto_refuse.iter().find(|word| !known.contains(&word.as_str())) {
            return Err(VpnConfigError::UnknownWord { word: word.clone() });
        }
        let config = Self { provider: provider.into(), crypto_profile, crypto_refuse };
        for schema in POLICIES {
            for (attribute, _, classic) in configured(schema) {
                let default = crypto_profile.default_of(attribute.name, classic);
                if config.refuses(default) {
                    return Err(VpnConfigError::DefaultRefused {
                        word: default.to_owned(),
                        attribute: attribute.name,
                        profile: crypto_profile.as_str(),
                    });
                }
            }
        }
        Ok(config)
    }

    /// The name by which clients know the provider of VPN services.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Fills in what a checked POST leaves to the configuration.
    pub(crate) fn complete(&self, schema: &Schema, checked: &mut Map<String, Value>) {
        for (attribute, _, classic) in configured(schema) {
            let default = || Value::from(self.crypto_profile.default_of(attribute.name, classic));
            checked.entry(attribute.name).or_insert_with(default);
        }
    }

    /// Refuses a checked POST or PUT with a word that no policy may have. What a stored policy has is not asked.
    ///
    /// # Errors
    /// [`ApiError::HTTPBadRequest`] with the attribute, the word and those that are left.
    pub(crate) fn permit(&self, schema: &Schema, checked: &Map<String, Value>) -> Result<(), ApiError> {
        for (attribute, words, _) in configured(schema) {
            let Some(word) = checked.get(attribute.name) else { continue };
            if !word.as_str().is_some_and(|word| self.refuses(word)) {
                continue;
            }
            let allowed: Vec<&str> = words.iter().copied().filter(|word| !self.refuses(word)).collect();
            let reason =
                format!("{} is not allowed here; allowed are {}", python::display(word), allowed.join(", "));
            return Err(ValueError::Invalid(reason).at(attribute.name));
        }
        Ok(())
    }

    fn refuses(&self, word: &str) -> bool {
        self.crypto_refuse.iter().any(|refused| refused == word)
    }
}

const POLICIES: [&Schema; 2] = [&ike_policy::SCHEMA, &ipsec_policy::SCHEMA];

/// The attributes of a resource that the configuration has a say in, with their words and the classic default.
fn configured(
    schema: &Schema,
) -> impl Iterator<Item = (&'static Attribute, &'static [&'static str], &'static str)> {
    schema.attributes.iter().filter_map(|attribute| {
        let Kind::Word(words) = attribute.kind else { return None };
        let Post::Optional(Initial::Configured(classic)) = attribute.post else { return None };
        Some((attribute, words, classic))
    })
}

/// Every word that can be refused.
fn known() -> Vec<&'static str> {
    let mut known = Vec::new();
    for (_, words, _) in POLICIES.into_iter().flat_map(configured) {
        known.extend(words.iter().filter(|word| !known.contains(*word)).copied().collect::<Vec<_>>());
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_do_not_go_together_are_refused() {
        let check = |profile, words: &[&str]| {
            let words = words.iter().map(|word| (*word).to_owned()).collect();
            VpnConfig::new("strongswan", profile, words)
                .map_or_else(|error| error.to_string(), |_| "fine".to_owned())
        };
        let (classic, modern) = (CryptoProfile::Classic, CryptoProfile::Modern);
        assert_eq!(check(classic, &["3des", "group2", "aggressive"]), "fine");
        assert_eq!(check(modern, &["3des", "sha1", "group2", "group5", "v1", "aggressive"]), "fine");
        assert_eq!(
            check(classic, &["sha1"]),
            "`crypto_refuse` has `sha1`, which is the default of `auth_algorithm` in the crypto_profile `classic`: choose the other profile, or do not refuse it"
        );
        assert_eq!(
            check(modern, &["esp"]),
            "`crypto_refuse` has `esp`, which is the default of `transform_protocol` in the crypto_profile `modern`: choose the other profile, or do not refuse it"
        );
        let unknown = check(modern, &["md5"]);
        let start = "`md5` of `crypto_refuse` is not known; known are sha1, sha256, sha384, sha512, aes-xcbc, aes-cmac, 3des, aes-128, ";
        assert!(unknown.starts_with(start), "{unknown}");
        for word in ["aes-256-gcm-16", "main", "aggressive", "v1", "v2", "group31", "ah-esp", "transport"] {
            assert_eq!(unknown.matches(&format!(", {word}")).count(), 1, "{word} in {unknown}");
        }
    }
}
