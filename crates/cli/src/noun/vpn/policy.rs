//! `vpn ike policy` and `vpn ipsec policy`.

use adit_model::algorithm::{
    AuthAlgorithm, DhGroup, EncapsulationMode, EncryptionAlgorithm, IkeVersion, NegotiationMode,
    TransformProtocol,
};

use crate::grammar::{ALL, Column, Fixed, Key, KeyKind, Kind, Noun, Opt};

/// The shortest lifetime that the API takes, in seconds.
const SHORTEST: u64 = 60;

/// A lifetime, as people write it.
pub(crate) const LIFETIME: &[Key] = &[
    Key { name: "units", attribute: "units", kind: KeyKind::Word(&["seconds"]), required: false },
    Key { name: "value", attribute: "value", kind: KeyKind::AtLeast(SHORTEST), required: false },
];

const NAME: Opt = Opt::argument("name", Kind::Text("name"), "Name of the policy");
const NEW_NAME: Opt = Opt::set("name", Kind::Text("name"), "New name");
const DESCRIPTION: Opt = Opt::both("description", Kind::Text("description"), "Description");
const NO_DESCRIPTION: Opt =
    Opt::unset("description", Kind::Is("description", Fixed::EmptyText), "Take the description away");
const PROJECT: Opt =
    Opt::create("project", Kind::Project("project_id"), "Project of the policy (name or ID)");
const AUTH: Opt = Opt::both(
    "auth-algorithm",
    Kind::Word("auth_algorithm", AuthAlgorithm::WORDS),
    "Authentication algorithm",
);
const ENCRYPTION: Opt = Opt::both(
    "encryption-algorithm",
    Kind::Word("encryption_algorithm", EncryptionAlgorithm::WORDS),
    "Encryption algorithm",
);
const PFS: Opt = Opt::both("pfs", Kind::Word("pfs", DhGroup::WORDS), "Diffie-Hellman group");
const LIFETIME_OPTION: Opt =
    Opt::both("lifetime", Kind::Map("lifetime", LIFETIME), "Lifetime of the keys, in seconds, at least 60");

/// IKE policies.
pub(crate) static IKE_POLICY: Noun = Noun {
    words: &["vpn", "ike", "policy"],
    one: "IKE policy",
    said: "IKE policy",
    many: "IKE policies",
    path: "vpn/ikepolicies",
    singular: "ikepolicy",
    plural: "ikepolicies",
    columns: &[
        Column::both("id", "ID"),
        Column::both("name", "Name"),
        Column::both("auth_algorithm", "Authentication Algorithm"),
        Column::both("encryption_algorithm", "Encryption Algorithm"),
        Column::both("ike_version", "IKE Version"),
        Column::both("pfs", "Perfect Forward Secrecy (PFS)"),
        Column::long("description", "Description"),
        Column::long("phase1_negotiation_mode", "Phase1 Negotiation Mode"),
        Column::long("project_id", "Project"),
        Column::long("lifetime", "Lifetime"),
    ],
    options: &[
        NAME,
        NEW_NAME,
        DESCRIPTION,
        NO_DESCRIPTION,
        AUTH,
        ENCRYPTION,
        Opt::both(
            "phase1-negotiation-mode",
            Kind::Word("phase1_negotiation_mode", NegotiationMode::WORDS),
            "Mode of phase 1, with IKEv1",
        ),
        Opt::both("ike-version", Kind::Word("ike_version", IkeVersion::WORDS), "Version of IKE"),
        PFS,
        LIFETIME_OPTION,
        PROJECT,
    ],
    verbs: ALL,
    ..Noun::PLAIN
};

/// IPsec policies.
pub(crate) static IPSEC_POLICY: Noun = Noun {
    words: &["vpn", "ipsec", "policy"],
    one: "IPsec policy",
    said: "IPsec policy",
    many: "IPsec policies",
    path: "vpn/ipsecpolicies",
    singular: "ipsecpolicy",
    plural: "ipsecpolicies",
    columns: &[
        Column::both("id", "ID"),
        Column::both("name", "Name"),
        Column::both("auth_algorithm", "Authentication Algorithm"),
        Column::both("encapsulation_mode", "Encapsulation Mode"),
        Column::both("transform_protocol", "Transform Protocol"),
        Column::both("encryption_algorithm", "Encryption Algorithm"),
        Column::long("pfs", "Perfect Forward Secrecy (PFS)"),
        Column::long("description", "Description"),
        Column::long("project_id", "Project"),
        Column::long("lifetime", "Lifetime"),
    ],
    options: &[
        NAME,
        NEW_NAME,
        DESCRIPTION,
        NO_DESCRIPTION,
        AUTH,
        Opt::both(
            "encapsulation-mode",
            Kind::Word("encapsulation_mode", EncapsulationMode::WORDS),
            "Encapsulation mode",
        ),
        ENCRYPTION,
        LIFETIME_OPTION,
        PFS,
        Opt::both(
            "transform-protocol",
            Kind::Word("transform_protocol", TransformProtocol::WORDS),
            "Transform protocol",
        ),
        PROJECT,
    ],
    verbs: ALL,
    ..Noun::PLAIN
};
