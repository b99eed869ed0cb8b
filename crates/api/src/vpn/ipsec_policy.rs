//! IPsec policies: `/v2.0/vpn/ipsecpolicies`.

use adit_model::algorithm::{
    AuthAlgorithm, DhGroup, EncapsulationMode, EncryptionAlgorithm, TransformProtocol,
};
use adit_model::ipsec_policy::{IpsecParameters, IpsecPolicy};
use adit_model::{IpsecPolicyId, ProjectId};
use serde::{Deserialize, Serialize};

use super::ike_policy::word;
use super::lifetime::{self, Lifetime, LifetimeChange};
use crate::attribute::{Attribute, Bulk, Dialect, Initial, Kind, Schema};

/// The declaration.
pub static SCHEMA: Schema = Schema {
    singular: "ipsecpolicy",
    plural: "ipsecpolicies",
    path: "vpn/ipsecpolicies",
    rule: "ipsecpolicy",
    dialect: Dialect::Vpn,
    bulk: Bulk::Unknown,
    attributes: &[
        Attribute::id(),
        Attribute::project(),
        Attribute::named(),
        Attribute::described(),
        word("transform_protocol", TransformProtocol::WORDS, "esp"),
        word("auth_algorithm", AuthAlgorithm::WORDS, "sha1"),
        word("encryption_algorithm", EncryptionAlgorithm::WORDS, "aes-128"),
        word("encapsulation_mode", EncapsulationMode::WORDS, "tunnel"),
        Attribute::new("lifetime", Kind::Other(lifetime::check))
            .shaped(lifetime::SHAPE)
            .optional(Initial::Object)
            .mutable()
            .echoed(),
        word("pfs", DhGroup::WORDS, "group5"),
    ],
};

/// A checked POST.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Create {
    pub project_id: ProjectId,
    pub name: String,
    pub description: String,
    pub transform_protocol: TransformProtocol,
    pub auth_algorithm: AuthAlgorithm,
    pub encryption_algorithm: EncryptionAlgorithm,
    pub encapsulation_mode: EncapsulationMode,
    pub lifetime: LifetimeChange,
    pub pfs: DhGroup,
}

/// A checked PUT.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Update {
    pub name: Option<String>,
    pub description: Option<String>,
    pub transform_protocol: Option<TransformProtocol>,
    pub auth_algorithm: Option<AuthAlgorithm>,
    pub encryption_algorithm: Option<EncryptionAlgorithm>,
    pub encapsulation_mode: Option<EncapsulationMode>,
    pub lifetime: Option<LifetimeChange>,
    pub pfs: Option<DhGroup>,
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct View {
    pub id: IpsecPolicyId,
    pub project_id: ProjectId,
    pub name: String,
    pub description: String,
    pub transform_protocol: TransformProtocol,
    pub auth_algorithm: AuthAlgorithm,
    pub encryption_algorithm: EncryptionAlgorithm,
    pub encapsulation_mode: EncapsulationMode,
    pub lifetime: Lifetime,
    pub pfs: DhGroup,
}

impl From<IpsecPolicy> for View {
    fn from(policy: IpsecPolicy) -> Self {
        let IpsecPolicy { id, project_id, name, description, parameters } = policy;
        let IpsecParameters { transform_protocol, encapsulation_mode, encryption, auth, pfs_group, lifetime } =
            parameters;
        Self {
            id,
            project_id,
            name,
            description,
            transform_protocol,
            auth_algorithm: auth,
            encryption_algorithm: encryption,
            encapsulation_mode,
            lifetime: lifetime.into(),
            pfs: pfs_group,
        }
    }
}
