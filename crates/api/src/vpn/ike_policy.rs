//! IKE policies: `/v2.0/vpn/ikepolicies`.

use adit_model::algorithm::{AuthAlgorithm, DhGroup, EncryptionAlgorithm, IkeVersion, NegotiationMode};
use adit_model::ike_policy::{IkeParameters, IkePolicy};
use adit_model::{IkePolicyId, ProjectId};
use serde::{Deserialize, Serialize};

use super::lifetime::{self, Lifetime, LifetimeChange};
use crate::attribute::{Attribute, Bulk, Dialect, Initial, Kind, Schema};

/// The declaration.
pub static SCHEMA: Schema = Schema {
    singular: "ikepolicy",
    plural: "ikepolicies",
    path: "vpn/ikepolicies",
    rule: "ikepolicy",
    dialect: Dialect::Vpn,
    bulk: Bulk::Unknown,
    attributes: &[
        Attribute::id(),
        Attribute::project(),
        Attribute::named(),
        Attribute::described(),
        word("auth_algorithm", AuthAlgorithm::WORDS, "sha1"),
        word("encryption_algorithm", EncryptionAlgorithm::WORDS, "aes-128"),
        word("phase1_negotiation_mode", NegotiationMode::WORDS, "main"),
        Attribute::new("lifetime", Kind::Other(lifetime::check))
            .shaped(lifetime::SHAPE)
            .optional(Initial::Object)
            .mutable()
            .echoed(),
        word("ike_version", IkeVersion::WORDS, "v1"),
        word("pfs", DhGroup::WORDS, "group5"),
    ],
};

/// An attribute with a closed vocabulary, of which the operator may refuse words and choose the default.
pub(super) const fn word(
    name: &'static str,
    words: &'static [&'static str],
    initial: &'static str,
) -> Attribute {
    Attribute::new(name, Kind::Word(words)).optional(Initial::Configured(initial)).mutable().filter()
}

/// A checked POST.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Create {
    pub project_id: ProjectId,
    pub name: String,
    pub description: String,
    pub auth_algorithm: AuthAlgorithm,
    pub encryption_algorithm: EncryptionAlgorithm,
    pub phase1_negotiation_mode: NegotiationMode,
    pub lifetime: LifetimeChange,
    pub ike_version: IkeVersion,
    pub pfs: DhGroup,
}

/// A checked PUT.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Update {
    pub name: Option<String>,
    pub description: Option<String>,
    pub auth_algorithm: Option<AuthAlgorithm>,
    pub encryption_algorithm: Option<EncryptionAlgorithm>,
    pub phase1_negotiation_mode: Option<NegotiationMode>,
    pub lifetime: Option<LifetimeChange>,
    pub ike_version: Option<IkeVersion>,
    pub pfs: Option<DhGroup>,
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct View {
    pub id: IkePolicyId,
    pub project_id: ProjectId,
    pub name: String,
    pub description: String,
    pub auth_algorithm: AuthAlgorithm,
    pub encryption_algorithm: EncryptionAlgorithm,
    pub phase1_negotiation_mode: NegotiationMode,
    pub lifetime: Lifetime,
    pub ike_version: IkeVersion,
    pub pfs: DhGroup,
}

impl From<IkePolicy> for View {
    fn from(policy: IkePolicy) -> Self {
        let IkePolicy { id, project_id, name, description, parameters } = policy;
        let IkeParameters { version, negotiation_mode, encryption, auth, dh_group, lifetime } = parameters;
        Self {
            id,
            project_id,
            name,
            description,
            auth_algorithm: auth,
            encryption_algorithm: encryption,
            phase1_negotiation_mode: negotiation_mode,
            lifetime: lifetime.into(),
            ike_version: version,
            pfs: dh_group,
        }
    }
}
