//! The VPN objects as the old `neutron` command speaks of them.

use super::network::{ROUTER, SUBNET};
use super::vpn::{self, DPD, LIFETIME};
use crate::grammar::{Column, Fixed, Kind, Noun, Opt};

/// A noun of today with the columns and options of then.
const fn old(new: &'static Noun, columns: &'static [Column], options: &'static [Opt]) -> Noun {
    Noun { words: &[], columns, options, verbs: &[], settled: None, is_old: true, ..*new }
}

const NAME: Opt = Opt::both("name", Kind::Text("name"), "Name");
const FIRST_NAME: Opt = Opt::argument("name", Kind::Text("name"), "Name");
const NEW_NAME: Opt = Opt::set("name", Kind::Text("name"), "New name");
const DESCRIPTION: Opt = Opt::both("description", Kind::Text("description"), "Description");
const TENANT: Opt = Opt::create("tenant-id", Kind::Project("project_id"), "Project (name or ID)");
const DOWN: Opt =
    Opt::create("admin-state-down", Kind::Is("admin_state_up", Fixed::False), "Begin switched off");
const UP: Opt = Opt::set("admin-state-up", Kind::Truth("admin_state_up"), "Whether it is switched on");
const SORT_KEY: Opt =
    Opt::filter("sort-key", Kind::Texts("sort_key"), "Attribute to sort by; may be repeated");
const SORT_DIR: Opt = Opt::filter("sort-dir", Kind::Texts("sort_dir"), "`asc` or `desc`; may be repeated");
const PAGE: Opt =
    Opt::filter("page-size", Kind::Number("limit"), "How many the server gives at once").short('P');
const AUTH: Opt = Opt::both(
    "auth-algorithm",
    Kind::Word("auth_algorithm", &["sha1", "sha256", "sha384", "sha512"]),
    "Authentication algorithm",
);
const ENCRYPTION: Opt =
    Opt::both("encryption-algorithm", Kind::Text("encryption_algorithm"), "Encryption algorithm");
const PFS: Opt = Opt::both("pfs", Kind::Text("pfs"), "Diffie-Hellman group");
const LIFETIME_OPTION: Opt =
    Opt::both("lifetime", Kind::Map("lifetime", LIFETIME), "Lifetime of the keys, in seconds, at least 60");

/// IKE policies.
pub(crate) static IKE_POLICY: Noun = old(
    &vpn::IKE_POLICY,
    &[
        Column::both("id", "id"),
        Column::both("name", "name"),
        Column::both("auth_algorithm", "auth_algorithm"),
        Column::both("encryption_algorithm", "encryption_algorithm"),
        Column::both("ike_version", "ike_version"),
        Column::both("pfs", "pfs"),
    ],
    &[
        FIRST_NAME,
        NEW_NAME,
        DESCRIPTION,
        AUTH,
        ENCRYPTION,
        Opt::both(
            "phase1-negotiation-mode",
            Kind::Word("phase1_negotiation_mode", &["main"]),
            "Mode of phase 1",
        ),
        Opt::both("ike-version", Kind::Word("ike_version", &["v1", "v2"]), "Version of IKE"),
        PFS,
        LIFETIME_OPTION,
        TENANT,
        SORT_KEY,
        SORT_DIR,
        PAGE,
    ],
);

/// IPsec policies.
pub(crate) static IPSEC_POLICY: Noun = old(
    &vpn::IPSEC_POLICY,
    &[
        Column::both("id", "id"),
        Column::both("name", "name"),
        Column::both("auth_algorithm", "auth_algorithm"),
        Column::both("encryption_algorithm", "encryption_algorithm"),
        Column::both("pfs", "pfs"),
    ],
    &[
        FIRST_NAME,
        NEW_NAME,
        DESCRIPTION,
        AUTH,
        Opt::both(
            "encapsulation-mode",
            Kind::Word("encapsulation_mode", &["tunnel", "transport"]),
            "Encapsulation mode",
        ),
        ENCRYPTION,
        PFS,
        LIFETIME_OPTION,
        Opt::both(
            "transform-protocol",
            Kind::Word("transform_protocol", &["esp", "ah", "ah-esp"]),
            "Transform protocol",
        ),
        TENANT,
        SORT_KEY,
        SORT_DIR,
        PAGE,
    ],
);

/// VPN services.
pub(crate) static SERVICE: Noun = old(
    &vpn::SERVICE,
    &[
        Column::both("id", "id"),
        Column::both("name", "name"),
        Column::both("router_id", "router_id"),
        Column::both("status", "status"),
    ],
    &[
        Opt::argument("router", Kind::Id("router_id", &ROUTER), "Router (name or ID)"),
        Opt::argument("subnet", Kind::Id("subnet_id", &SUBNET), "Subnet (name or ID)").optional(),
        NAME,
        DESCRIPTION,
        DOWN,
        UP,
        TENANT,
        SORT_KEY,
        SORT_DIR,
        PAGE,
    ],
);

/// Endpoint groups.
pub(crate) static ENDPOINT_GROUP: Noun = old(
    &vpn::ENDPOINT_GROUP,
    &[
        Column::both("id", "id"),
        Column::both("name", "name"),
        Column::both("type", "type"),
        Column::both("endpoints", "endpoints"),
    ],
    &[
        NAME,
        DESCRIPTION,
        Opt::create("type", Kind::Text("type"), "What it is made of: subnet or cidr").required(),
        Opt::create("value", Kind::Endpoints("endpoints"), "Subnet (name or ID) or CIDR; may be repeated")
            .required(),
        TENANT,
        SORT_KEY,
        SORT_DIR,
        PAGE,
    ],
);

/// IPsec site connections.
pub(crate) static SITE_CONNECTION: Noun = old(
    &vpn::SITE_CONNECTION,
    &[
        Column::both("id", "id"),
        Column::both("name", "name"),
        Column::both("peer_address", "peer_address"),
        Column::both("auth_mode", "auth_mode"),
        Column::both("status", "status"),
    ],
    &[
        NAME,
        DESCRIPTION,
        Opt::create("vpnservice-id", Kind::Id("vpnservice_id", &SERVICE), "VPN service (name or ID)")
            .required(),
        Opt::create("ikepolicy-id", Kind::Id("ikepolicy_id", &IKE_POLICY), "IKE policy (name or ID)")
            .required(),
        Opt::create("ipsecpolicy-id", Kind::Id("ipsecpolicy_id", &IPSEC_POLICY), "IPsec policy (name or ID)")
            .required(),
        Opt::both("peer-id", Kind::Text("peer_id"), "Identity of the peer").required(),
        Opt::both("peer-address", Kind::Text("peer_address"), "Address or name of the peer's gateway")
            .required(),
        Opt::both("psk", Kind::Psk, "Pre-shared key; `-` reads it from standard input").required(),
        Opt::both("peer-cidr", Kind::Texts("peer_cidrs"), "Network of the peer; may be repeated")
            .group("local"),
        Opt::both(
            "local-ep-group",
            Kind::Id("local_ep_group_id", &ENDPOINT_GROUP),
            "Endpoint group of our subnets (name or ID)",
        )
        .group("local"),
        Opt::both(
            "peer-ep-group",
            Kind::Id("peer_ep_group_id", &ENDPOINT_GROUP),
            "Endpoint group of the peer's networks (name or ID)",
        ),
        Opt::both("dpd", Kind::Map("dpd", DPD), "Dead peer detection"),
        Opt::both("mtu", Kind::Number("mtu"), "MTU of the tunnel"),
        Opt::both(
            "initiator",
            Kind::Word("initiator", &["bi-directional", "response-only"]),
            "Who may begin",
        ),
        DOWN,
        UP,
        TENANT,
        SORT_KEY,
        SORT_DIR,
        PAGE,
    ],
);
