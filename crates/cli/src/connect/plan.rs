//! The steps from what is there to what is wished: a pure function of both.

mod checks;
mod connection;
mod kept;

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::Side;
use super::observe::{Observed, Subnet, called};
use super::wish::{Wish, check_name};
use crate::error::{Error, Result};
use crate::grammar::Noun;
use crate::names::id_of;
use crate::noun::vpn::{ENDPOINT_GROUP, IKE_POLICY, IPSEC_POLICY, SERVICE, SITE_CONNECTION};
use crate::session::Object;
pub(super) use checks::check_ends;
pub(super) use connection::Keys;

/// What a side is made of, in the order in which it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    IkePolicy,
    IpsecPolicy,
    Service,
    LocalGroup,
    PeerGroup,
    Connection,
}

impl Kind {
    /// All that a connection refers to.
    pub(super) const BELOW: [Self; 5] =
        [Self::IkePolicy, Self::IpsecPolicy, Self::Service, Self::LocalGroup, Self::PeerGroup];

    pub(super) fn noun(self) -> &'static Noun {
        match self {
            Self::IkePolicy => &IKE_POLICY,
            Self::IpsecPolicy => &IPSEC_POLICY,
            Self::Service => &SERVICE,
            Self::LocalGroup | Self::PeerGroup => &ENDPOINT_GROUP,
            Self::Connection => &SITE_CONNECTION,
        }
    }

    /// The attribute by which a connection refers to it.
    const fn reference(self) -> &'static str {
        match self {
            Self::IkePolicy => "ikepolicy_id",
            Self::IpsecPolicy => "ipsecpolicy_id",
            Self::Service => "vpnservice_id",
            Self::LocalGroup => "local_ep_group_id",
            Self::PeerGroup => "peer_ep_group_id",
            Self::Connection => "id",
        }
    }

    /// What it is called at a side of a tunnel.
    pub(super) fn name(self, tunnel: &str, side: Side) -> String {
        let suffix = match self {
            Self::IkePolicy | Self::IpsecPolicy | Self::Service | Self::Connection => "",
            Self::LocalGroup => "-local",
            Self::PeerGroup => "-peer",
        };
        format!("{tunnel}-{}{suffix}", side.word())
    }
}

/// Something to do, or to leave.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) side: Side,
    pub(super) kind: Kind,
    pub(super) action: Action,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// It is there, and as it should be.
    Keep(Object),
    /// It is to be made, of these attributes.
    Create(Object),
    /// It is there, and these attributes are to be others.
    Change {
        /// As it is.
        object: Object,
        /// As they are to be.
        attributes: Object,
    },
}

/// What is there of the two sides when a step is taken, or would be.
pub(super) type Objects = BTreeMap<(Side, Kind), Object>;

/// What is to be done.
pub(super) struct Plan {
    pub(super) name: String,
    /// 4 or 6: the version of the gateways' addresses.
    family: u8,
    pub(super) keys: Keys,
    /// Everything but the connections, which are decided on when the rest is there ([`Plan::connection`]).
    pub(super) steps: Vec<Step>,
    existing: [Option<Object>; 2],
}

/// The name of the tunnel.
pub(super) fn name(observed: &[Observed; 2], wish: &Wish) -> Result<String> {
    if let Some(name) = &wish.name {
        return Ok(name.clone());
    }
    let [left, right] = observed;
    let name = format!("{}-{}-{}-{}", left.cloud, left.router.name, right.cloud, right.router.name);
    check_name(&name).map_err(|_| {
        Error::Usage(format!("--name: `{name}`, made of clouds and routers, cannot be a name: give another"))
    })?;
    Ok(name)
}

impl Plan {
    /// Decides what is to be done. The ends are known to fit one another.
    pub(super) fn new(name: String, observed: &[Observed; 2], wish: &Wish) -> Result<Self> {
        let mut steps = Vec::new();
        let mut existing = [None, None];
        for (side, seen) in Side::BOTH.into_iter().zip(observed) {
            let found = Found { name: &name, side, seen };
            let connection = found.own(&seen.connections, Kind::Connection)?;
            let peers = &observed[side.other() as usize].subnets;
            for kind in Kind::BELOW {
                let action = match kind {
                    Kind::Service => found.service(connection, wish)?,
                    Kind::IkePolicy
                    | Kind::IpsecPolicy
                    | Kind::LocalGroup
                    | Kind::PeerGroup
                    | Kind::Connection => found.named(kind, wanted(kind, &found, peers, wish))?,
                };
                steps.push(Step { side, kind, action });
            }
            checks::is_free(&found, peers)?;
            existing[side as usize] = connection.cloned();
        }
        let family = checks::family(observed, &steps, &existing, wish)?;
        let keys = Keys::choose(wish.psk.as_ref(), &existing);
        let plan = Self { name, family, keys, steps, existing };
        // What would be refused is refused before anything is made.
        let objects = plan.foreseen(observed);
        for side in Side::BOTH {
            plan.check_references(side, &observed[side as usize])?;
            plan.connection(side, &objects, wish)?;
        }
        Ok(plan)
    }

    /// What will be there when the steps are taken, as far as that is known before.
    pub(super) fn foreseen(&self, observed: &[Observed; 2]) -> Objects {
        let mut objects = Objects::new();
        for step in &self.steps {
            let mut object = match &step.action {
                Action::Keep(object) | Action::Create(object) | Action::Change { object, .. } => {
                    object.clone()
                }
            };
            if step.kind == Kind::Service && matches!(step.action, Action::Create(_)) {
                for address in &observed[step.side as usize].router.addresses {
                    let key = external(version(*address));
                    object.entry(key).or_insert_with(|| address.to_string().into());
                }
            }
            objects.insert((step.side, step.kind), object);
        }
        objects
    }
}

/// What is found at a side, for a tunnel of a name.
struct Found<'a> {
    name: &'a str,
    side: Side,
    seen: &'a Observed,
}

/// What something is to be, that a connection refers to.
fn wanted(kind: Kind, found: &Found<'_>, peers: &[Subnet], wish: &Wish) -> Object {
    let policy =
        [("auth_algorithm", &wish.auth), ("encryption_algorithm", &wish.encryption), ("pfs", &wish.pfs)];
    let policy = policy.map(|(attribute, word)| (attribute, json!(word)));
    let mut attributes: Vec<(&str, Value)> = vec![("name", kind.name(found.name, found.side).into())];
    match kind {
        Kind::IkePolicy => {
            attributes.extend(policy);
            attributes.push(("ike_version", json!(wish.ike_version)));
        }
        Kind::IpsecPolicy => {
            attributes.extend(policy);
            attributes
                .extend([("transform_protocol", json!("esp")), ("encapsulation_mode", json!("tunnel"))]);
        }
        Kind::Service => attributes.push(("router_id", json!(found.seen.router.id))),
        Kind::LocalGroup => {
            let ids: Vec<&str> = found.seen.subnets.iter().map(|subnet| subnet.id.as_str()).collect();
            attributes.extend([("type", json!("subnet")), ("endpoints", json!(ids))]);
        }
        Kind::PeerGroup => {
            let networks: Vec<String> = peers.iter().map(|peer| peer.cidr.network().to_string()).collect();
            attributes.extend([("type", json!("cidr")), ("endpoints", json!(networks))]);
        }
        Kind::Connection => {}
    }
    if !wish.description.is_empty() {
        attributes.push(("description", json!(wish.description)));
    }
    attributes.into_iter().map(|(attribute, value)| (attribute.to_owned(), value)).collect()
}

/// The attribute of a service with its address of this version.
fn external(version: u8) -> &'static str {
    if version == 4 { "external_v4_ip" } else { "external_v6_ip" }
}

fn version(address: IpAddr) -> u8 {
    if address.is_ipv4() { 4 } else { 6 }
}

/// What an object is called in a sentence.
fn spoken(kind: Kind, object: &Object) -> String {
    format!("{} `{}` ({})", kind.noun().one, called(object), id_of(object))
}

#[cfg(test)]
mod tests;
