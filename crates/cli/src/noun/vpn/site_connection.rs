//! `vpn ipsec site connection`.

use adit_model::site_connection::{DpdAction, Initiator};

use super::{ENDPOINT_GROUP, IKE_POLICY, IPSEC_POLICY, SERVICE};
use crate::error::{Error, Result};
use crate::grammar::draft::Draft;
use crate::grammar::{ALL, Column, Fixed, Key, KeyKind, Kind, Noun, Opt, Verb, as_switched};
use crate::output::cell::View;

/// Dead peer detection, as people write it.
pub(crate) const DPD: &[Key] = &[
    Key { name: "action", attribute: "action", kind: KeyKind::Word(DpdAction::WORDS), required: false },
    Key { name: "interval", attribute: "interval", kind: KeyKind::AtLeast(1), required: false },
    Key { name: "timeout", attribute: "timeout", kind: KeyKind::AtLeast(1), required: false },
];

/// IPsec site connections.
pub(crate) static SITE_CONNECTION: Noun = Noun {
    words: &["vpn", "ipsec", "site", "connection"],
    one: "IPsec site connection",
    said: "IPsec site connection",
    many: "IPsec site connections",
    path: "vpn/ipsec-site-connections",
    singular: "ipsec_site_connection",
    plural: "ipsec_site_connections",
    columns: &[
        Column::both("id", "ID"),
        Column::both("name", "Name"),
        Column::both("peer_address", "Peer Address"),
        Column::both("auth_mode", "Authentication Algorithm"),
        Column::both("status", "Status"),
        Column::long("project_id", "Project"),
        Column::long("peer_cidrs", "Peer CIDRs").view(View::List),
        Column::long("vpnservice_id", "VPN Service"),
        Column::long("ipsecpolicy_id", "IPSec Policy"),
        Column::long("ikepolicy_id", "IKE Policy"),
        Column::long("mtu", "MTU"),
        Column::long("initiator", "Initiator"),
        Column::long("admin_state_up", "State"),
        Column::long("description", "Description"),
        Column::long("psk", "Pre-shared Key"),
        Column::long("route_mode", "Route Mode"),
        Column::long("local_id", "Local ID"),
        Column::long("peer_id", "Peer ID"),
        Column::long("local_ep_group_id", "Local Endpoint Group ID"),
        Column::long("peer_ep_group_id", "Peer Endpoint Group ID"),
        Column::long("dpd", "DPD"),
    ],
    options: &[
        Opt::argument("name", Kind::Text("name"), "Name of the connection"),
        Opt::set("name", Kind::Text("name"), "New name"),
        Opt::create("vpnservice", Kind::Id("vpnservice_id", &SERVICE), "VPN service (name or ID)").required(),
        Opt::create("ikepolicy", Kind::Id("ikepolicy_id", &IKE_POLICY), "IKE policy (name or ID)").required(),
        Opt::create("ipsecpolicy", Kind::Id("ipsecpolicy_id", &IPSEC_POLICY), "IPsec policy (name or ID)")
            .required(),
        Opt::both("peer-address", Kind::Text("peer_address"), "Address or name of the peer's gateway")
            .required(),
        Opt::both(
            "peer-id",
            Kind::Text("peer_id"),
            "Identity of the peer: an address, a name, or an e-mail address",
        )
        .required(),
        Opt::both(
            "psk",
            Kind::Psk,
            "Pre-shared key, which others may see here; `-` reads it from standard input",
        )
        .group("psk"),
        Opt::both("psk-file", Kind::PskFile, "File with the pre-shared key").group("psk"),
        Opt::both("generate-psk", Kind::GeneratePsk, "Make up a strong pre-shared key, and print it once")
            .group("psk"),
        Opt::both(
            "peer-cidr",
            Kind::Texts("peer_cidrs"),
            "Network of the peer, where no endpoint groups are; may be repeated",
        )
        .group("local"),
        Opt::both(
            "local-endpoint-group",
            Kind::Id("local_ep_group_id", &ENDPOINT_GROUP),
            "Endpoint group of our subnets (name or ID)",
        )
        .group("local"),
        Opt::both(
            "peer-endpoint-group",
            Kind::Id("peer_ep_group_id", &ENDPOINT_GROUP),
            "Endpoint group of the peer's networks (name or ID)",
        ),
        Opt::both(
            "dpd",
            Kind::Map("dpd", DPD),
            "Dead peer detection; the interval is shorter than the timeout, in seconds",
        ),
        Opt::both("mtu", Kind::Number("mtu"), "MTU of the tunnel"),
        Opt::both("initiator", Kind::Word("initiator", Initiator::WORDS), "Who may begin"),
        Opt::both("local-id", Kind::Text("local_id"), "Our own identity, instead of the external address"),
        Opt::unset("local-id", Kind::Is("local_id", Fixed::EmptyText), "Take our own identity away"),
        Opt::both("description", Kind::Text("description"), "Description"),
        Opt::unset("description", Kind::Is("description", Fixed::EmptyText), "Take the description away"),
        Opt::both("enable", Kind::Is("admin_state_up", Fixed::True), "Switch it on").group("state"),
        Opt::both("disable", Kind::Is("admin_state_up", Fixed::False), "Switch it off").group("state"),
        Opt::create("project", Kind::Project("project_id"), "Project of the connection (name or ID)"),
    ],
    verbs: ALL,
    settled: Some(as_switched),
    shape,
    ..Noun::PLAIN
};

/// What the server would refuse in other words, told before it is asked.
fn shape(draft: &mut Draft) -> Result<()> {
    if draft.verb != Verb::Create {
        return Ok(());
    }
    let wrong = |why: &str| Err(Error::Usage(why.to_owned()));
    if !draft.has("psk") {
        return wrong("a pre-shared key is required: `--psk -`, `--psk-file FILE` or `--generate-psk`");
    }
    if draft.has("local_ep_group_id") != draft.has("peer_ep_group_id") {
        return wrong("You must specify both local and peer endpoint groups");
    }
    if !draft.has("peer_cidrs") && !draft.has("local_ep_group_id") {
        return wrong("You must specify endpoint groups or peer CIDR(s)");
    }
    Ok(())
}
