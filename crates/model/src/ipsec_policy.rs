//! IPsec policies: how two gateways protect the packets between their networks.

use serde::{Deserialize, Serialize};

use crate::algorithm::{
    AuthAlgorithm, DhGroup, EncapsulationMode, EncryptionAlgorithm, LifetimeSecs, TransformProtocol,
};
use crate::{IpsecPolicyId, ProjectId};

/// An IPsec policy of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpsecPolicy {
    /// Its identity.
    pub id: IpsecPolicyId,
    /// Its owner.
    pub project_id: ProjectId,
    /// Not unique.
    pub name: String,
    /// Free text.
    pub description: String,
    /// What it asks for.
    pub parameters: IpsecParameters,
}

/// What both ends of a CHILD_SA must agree on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IpsecParameters {
    /// ESP or AH.
    pub transform_protocol: TransformProtocol,
    /// Tunnel or transport mode.
    pub encapsulation_mode: EncapsulationMode,
    /// Cipher; without meaning for AH.
    pub encryption: EncryptionAlgorithm,
    /// Integrity; without meaning for ESP with an AEAD cipher.
    pub auth: AuthAlgorithm,
    /// Group of the key exchange that each CHILD_SA makes of its own (perfect forward secrecy).
    pub pfs_group: DhGroup,
    /// Lifetime of the CHILD_SA.
    pub lifetime: LifetimeSecs,
}
