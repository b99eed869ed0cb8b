//! Networks, subnets, routers and what else the Networking API has besides `vpn`.

mod agent;
mod facts;
mod flavor;
mod floating_ip;
#[expect(clippy::module_inception, reason = "networks are what the Networking API is named after")]
mod network;
mod port;
mod quota;
mod router;
mod security_group;
mod subnet;

pub(crate) use agent::AGENT;
pub(crate) use facts::{AVAILABILITY_ZONE, EXTENSION, SERVICE_PROVIDER};
pub(crate) use flavor::{FLAVOR, FLAVOR_ACTS, SERVICE_PROFILE};
pub(crate) use floating_ip::FLOATING_IP;
pub(crate) use network::NETWORK;
pub(crate) use port::PORT;
pub(crate) use quota::QUOTAS;
pub(crate) use router::{ROUTER, ROUTER_ACTS};
pub(crate) use security_group::{SECURITY_GROUP, SECURITY_GROUP_RULE};
pub(crate) use subnet::SUBNET;

use crate::grammar::{Fixed, Key, KeyKind, Kind, Opt};

/// Options that nearly all of them have.
mod common {
    use super::{Fixed, Kind, Opt};

    pub(super) const NEW_NAME: Opt = Opt::set("name", Kind::Text("name"), "New name");
    pub(super) const DESCRIPTION: Opt = Opt::both("description", Kind::Text("description"), "Description");
    pub(super) const ENABLE: Opt =
        Opt::both("enable", Kind::Is("admin_state_up", Fixed::True), "Switch it on").group("state");
    pub(super) const DISABLE: Opt =
        Opt::both("disable", Kind::Is("admin_state_up", Fixed::False), "Switch it off").group("state");
    pub(super) const PROJECT: Opt =
        Opt::create("project", Kind::Project("project_id"), "Project that gets it (name or ID)");
    pub(super) const TAG: Opt = Opt::both("tag", Kind::Tags, "Tag to add; may be repeated");
    pub(super) const NO_TAG: Opt = Opt::set("no-tag", Kind::NoTags, "Take all tags away first");
    pub(super) const UNSET_TAG: Opt =
        Opt::unset("tag", Kind::Tags, "Tag to take away; may be repeated").group("tags");
    pub(super) const ALL_TAG: Opt = Opt::unset("all-tag", Kind::NoTags, "Take all tags away").group("tags");
    pub(super) const NAMED: Opt = Opt::filter("name", Kind::Text("name"), "Those of this name");
    pub(super) const OF_PROJECT: Opt =
        Opt::filter("project", Kind::Project("project_id"), "Those of this project (name or ID)");
    pub(super) const ENABLED: Opt =
        Opt::filter("enable", Kind::Is("admin_state_up", Fixed::True), "Those that are switched on")
            .group("state");
    pub(super) const DISABLED: Opt =
        Opt::filter("disable", Kind::Is("admin_state_up", Fixed::False), "Those that are switched off")
            .group("state");
    pub(super) const WITH_TAGS: Opt =
        Opt::filter("tags", Kind::Text("tags"), "Those with all of these tags, separated by commas");
    pub(super) const WITH_ANY_TAGS: Opt =
        Opt::filter("any-tags", Kind::Text("tags-any"), "Those with any of these tags, separated by commas");
    pub(super) const WITHOUT_TAGS: Opt = Opt::filter(
        "not-tags",
        Kind::Text("not-tags"),
        "Those without all of these tags, separated by commas",
    );
}

/// An address on a subnet.
const FIXED_IP: &[Key] = &[
    Key { name: "subnet", attribute: "subnet_id", kind: KeyKind::Id(&SUBNET), required: false },
    Key::text("ip-address", "ip_address"),
];

/// A route, as people write it.
const ROUTE: &[Key] =
    &[Key::text("destination", "destination").required(), Key::text("gateway", "nexthop").required()];
