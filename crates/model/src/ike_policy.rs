//! IKE policies: how two gateways set up the SA that their key exchange runs in.

use serde::{Deserialize, Serialize};

use crate::algorithm::{
    AuthAlgorithm, DhGroup, EncryptionAlgorithm, IkeVersion, LifetimeSecs, NegotiationMode,
};
use crate::{IkePolicyId, ProjectId};

/// An IKE policy of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IkePolicy {
    /// Its identity.
    pub id: IkePolicyId,
    /// Its owner.
    pub project_id: ProjectId,
    /// Not unique.
    pub name: String,
    /// Free text.
    pub description: String,
    /// What it asks for.
    pub parameters: IkeParameters,
}

/// What both ends of an IKE SA must agree on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IkeParameters {
    /// Protocol version; the other one is never offered.
    pub version: IkeVersion,
    /// IKEv1 only.
    pub negotiation_mode: NegotiationMode,
    /// Cipher of the IKE SA.
    pub encryption: EncryptionAlgorithm,
    /// Integrity of the IKE SA and its PRF; with an AEAD cipher the PRF alone.
    pub auth: AuthAlgorithm,
    /// Group of the key exchange.
    pub dh_group: DhGroup,
    /// Lifetime of the IKE SA.
    pub lifetime: LifetimeSecs,
}
