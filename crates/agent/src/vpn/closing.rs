//! Which SAs have to go: strangers, what a connection wanted before, and what there is twice. No I/O.
//!
//! Two ends must never each close the SA that the other one keeps. What one end replaces because its configuration has
//! changed is closed by that end; between equals the choice rests on what both ends know, which is SPIs, selectors and,
//! within a moment, ages.
//!
//! Of two IKEv1 quick modes that cross that cannot be said: see `crossed`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use adit_ike::charon::{ChildSa, ChildState, IkeSa, IkeState, Terminate};
use adit_ike::{Child, Pair};
use adit_model::SiteConnectionId;
use adit_model::algorithm::IkeVersion;
use ipnet::IpNet;

use super::sas::{Sas, Tunnel};

/// For so long the SAs of what a connection wanted before carry its packets while the peer does not agree to what it
/// wants now. After that they go, since a policy that was tightened must not be disregarded for ever.
pub(super) const GRACE: Duration = Duration::from_secs(10);
/// So old a new SA must be until the one that it replaces is closed, or itself: by then the other end has it as well. An end
/// that hears of the end of an SA before it has worked out the keys would take it for one that stands.
pub(super) const SETTLED_SECS: u64 = 2;
/// For so long two of a kind are left to the end that made the second one: if it did so on purpose, it closes the first
/// one once the second has settled.
pub(super) const DUPLICATE_SECS: u64 = 5;
/// SAs that both ends asked for at once are no further apart. One that is older has been replaced by an end that had a
/// reason.
pub(super) const AT_ONCE_SECS: u64 = 3;
/// After so long charon has closed an IKEv1 SA by itself whose CHILD_SAs it moved to the next one: ten seconds and a little.
const EMPTIED_SECS: u64 = 12;

/// What to do about SAs that are too much.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Closing {
    /// What to close at once.
    pub(super) now: Vec<Terminate>,
    /// The peerings in which there is more that is not old enough yet.
    pub(super) waiting: BTreeSet<String>,
}

/// What to close. `tunnels` are all connections that are to run, and `held` those whose SAs are not to be judged yet, since
/// it is not known where their peers are.
pub(super) fn superfluous(
    sas: &Sas,
    tunnels: &BTreeMap<SiteConnectionId, Tunnel<'_>>,
    held: &BTreeSet<SiteConnectionId>,
) -> Closing {
    let peerings: BTreeMap<&str, IkeVersion> =
        tunnels.values().map(|tunnel| (tunnel.peering, tunnel.connection.ike_version())).collect();
    let kinds: BTreeSet<(&str, &str)> = tunnels
        .values()
        .flat_map(|tunnel| {
            tunnel.connection.children().iter().map(|it| (tunnel.peering, Child::kind(&it.name)))
        })
        .collect();
    let held_names = sas.names_of(held);
    let mut doomed: BTreeSet<u32> = BTreeSet::new();
    for ike in sas.list().iter().filter(|ike| ike.name.is_some()) {
        let is_wanted = |child: &ChildSa| {
            kinds.contains(&(ike.name.as_deref().unwrap_or_default(), Child::kind(&child.name)))
        };
        let is_doomed = |child: &&ChildSa| !is_wanted(child) && has_no_future(sas, child, tunnels, held);
        doomed.extend(ike.children.iter().filter(is_doomed).map(|child| child.id));
    }
    let mut waiting = BTreeSet::new();
    for (peering, children) in sas.kinds() {
        let Some(version) = peerings.get(peering) else { continue };
        for (id, is_due) in spare(&children, *version) {
            waiting.extend((!is_due).then(|| peering.to_owned()));
            doomed.extend(is_due.then_some(id));
        }
    }
    let is_young = |child: &ChildSa| doomed.contains(&child.id) && !is_ripe(child);
    let has_young = |ike: &IkeSa| ike.children.iter().any(is_young);
    let is_held_up = |ike: &IkeSa| !doomed.is_empty() && ike.is_busy || may_be_emptied(sas, ike);
    let not_yet = sas.list().iter().filter(|ike| has_young(ike) || is_held_up(ike));
    waiting.extend(not_yet.filter_map(|ike| ike.name.clone()));
    let close = |ike: &IkeSa| match &ike.name {
        Some(name) if peerings.contains_key(name.as_str()) => close_in_peering(sas, ike, name, &doomed),
        Some(name) => close_stranger(sas, ike, &doomed, held_names.contains(name.as_str())),
        // Its peer has not said yet whom it wants.
        None => Vec::new(),
    };
    Closing { now: sas.list().iter().flat_map(close).collect(), waiting }
}

/// How to give up the attempts of a peering that are under way.
pub(super) fn give_up(sas: &Sas, peering: &str) -> Vec<Terminate> {
    let attempts = sas.of_peering(peering).filter(|ike| ike.state == IkeState::Connecting && !ike.is_up());
    attempts.map(|ike| Terminate::HalfOpen(ike.id)).collect()
}

/// The attempts of ours to give up where the peer has begun one of its own, of which one is to come about. The end that goes
/// first holds on to one that the peer has answered.
pub(super) fn give_way(sas: &Sas, tunnel: Tunnel<'_>) -> Vec<Terminate> {
    let is_ours = |ike: &&IkeSa| ike.state == IkeState::Connecting && ike.initiator && !ike.is_up();
    let is_weak = |ike: &&IkeSa| !tunnel.connection.goes_first() || ike.responder_spi == 0;
    let ours = sas.of_peering(tunnel.peering).filter(is_ours).filter(is_weak);
    ours.map(|ike| Terminate::HalfOpen(ike.id)).collect()
}

/// Whether a CHILD_SA of a kind that no connection wants may go.
fn has_no_future(
    sas: &Sas,
    child: &ChildSa,
    tunnels: &BTreeMap<SiteConnectionId, Tunnel<'_>>,
    held: &BTreeSet<SiteConnectionId>,
) -> bool {
    let is_installed = match child.state {
        ChildState::Installed => true,
        ChildState::Replaced => false,
        // It can be closed once it is up.
        ChildState::Connecting | ChildState::Closing => return false,
    };
    let Some(owner) = Child::owner(&child.name) else { return true };
    match tunnels.get(&owner) {
        Some(tunnel) => is_installed && (tunnel.is_grace_over || is_replaced(sas, *tunnel, child)),
        None => !held.contains(&owner),
    }
}

/// Whether new SAs have taken over all that is still wanted of an old one, be it wider or narrower now.
fn is_replaced(sas: &Sas, tunnel: Tunnel<'_>, old: &ChildSa) -> bool {
    let wanted = tunnel
        .connection
        .children()
        .iter()
        .flat_map(|child| child.pairs.iter().map(move |pair| (child, pair)));
    let overlaps = |networks: &[IpNet], wanted: &IpNet| {
        networks.iter().any(|network| network.contains(wanted) || wanted.contains(network))
    };
    let is_of_old = |pair: &Pair| overlaps(&old.local, &pair.0) && overlaps(&old.peer, &pair.1);
    wanted.filter(|(_, pair)| is_of_old(pair)).all(|(child, pair)| {
        sas.of_child(tunnel, child)
            .any(|(ike, new)| ike.is_up() && new.covers(pair) && new.age_secs >= SETTLED_SECS)
    })
}

/// Those CHILD_SAs of the same kind that another one makes superfluous, since it joins all that they join, and whether it is
/// time to close them. A peer may well make one for each pair of networks.
///
/// Of those that came up because both ends started at once, both ends choose the same one, or they would close both; over
/// IKEv1 they could not, and leave them alone. One that is younger than that was negotiated by an end that gave up the older ones, and closes them itself; this end
/// steps in where that does not happen.
fn spare(children: &[(&IkeSa, &ChildSa)], version: IkeVersion) -> Vec<(u32, bool)> {
    let spare = |(_, child): (&IkeSa, &ChildSa)| {
        let rivals = || carrying(children).filter(|(_, other)| joins_all_of(other, child));
        let youngest = rivals().map(|(_, other)| other.age_secs).min()?;
        let is_recent = |other: &ChildSa| other.age_secs - youngest < AT_ONCE_SECS;
        let recent = rivals().filter(|(_, other)| is_recent(other));
        let (_, best) = recent.min_by_key(|(ike, other)| Rank::of(ike, other))?;
        let patience = match (is_recent(child), version) {
            (true, IkeVersion::V1) => return None,
            (true, IkeVersion::V2) => DUPLICATE_SECS,
            (false, _) => GRACE.as_secs(),
        };
        (best.id != child.id).then_some((child.id, youngest >= patience))
    };
    carrying(children).filter_map(spare).collect()
}

fn joins_all_of(one: &ChildSa, other: &ChildSa) -> bool {
    let has_all = |one: &[IpNet], other: &[IpNet]| {
        other.iter().all(|network| one.iter().any(|larger| larger.contains(network)))
    };
    has_all(&one.local, &other.local) && has_all(&one.peer, &other.peer)
}

/// Those of them that packets can take.
fn carrying<'a>(children: &[(&'a IkeSa, &'a ChildSa)]) -> impl Iterator<Item = (&'a IkeSa, &'a ChildSa)> {
    let all = children.iter().copied();
    all.filter(|(ike, child)| ike.state == IkeState::Established && child.state == ChildState::Installed)
}

/// The lowest survives: the one that joins most, since a peer that has more networks by now agrees to more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    pairs: Reverse<usize>,
    initiator_spi: u64,
    child_spi: u32,
}

impl Rank {
    fn of(ike: &IkeSa, child: &ChildSa) -> Self {
        Self {
            pairs: Reverse(child.local.len() * child.peer.len()),
            initiator_spi: ike.initiator_spi,
            child_spi: child.spi_in.min(child.spi_out),
        }
    }
}

fn close_in_peering(sas: &Sas, ike: &IkeSa, peering: &str, doomed: &BTreeSet<u32>) -> Vec<Terminate> {
    let has_successor = || {
        let others = sas.of_peering(peering).filter(|other| other.id != ike.id);
        others.filter(|other| other.state == IkeState::Established).any(|other| has_kept(other, doomed))
    };
    match ike.state {
        // Our attempt that nobody answered, beside an IKE SA that the peer brought up.
        IkeState::Connecting
            if ike.initiator && ike.responder_spi == 0 && !ike.is_up() && has_successor() =>
        {
            vec![Terminate::HalfOpen(ike.id)]
        }
        IkeState::Connecting | IkeState::Closing => Vec::new(),
        IkeState::Established if is_spare(sas, ike, peering, doomed) => vec![Terminate::Ike(ike.id)],
        // The next connection between the same ends has to prove anew that it has the right key.
        IkeState::Established | IkeState::Replaced => {
            // What is being negotiated in it is listed only when it is up.
            let is_over = !ike.is_busy
                && !has_kept(ike, doomed)
                && ike.children.iter().any(|it| doomed.contains(&it.id));
            if is_over { vec![Terminate::Ike(ike.id)] } else { close_children(ike, doomed) }
        }
    }
}

/// Whether the CHILD_SAs of an IKE SA may just have been moved to the next one. Over IKEv1 charon does so when the peer brings
/// up another IKE SA, at this end only: the peer has them where they were until it has others, and would lose them with the
/// end of this one.
fn may_be_emptied(sas: &Sas, ike: &IkeSa) -> bool {
    let is_next = |other: &IkeSa| {
        let is_young = other.age_secs < EMPTIED_SECS && other.age_secs <= ike.age_secs;
        other.id != ike.id && other.peer == ike.peer && other.state == IkeState::Established && is_young
    };
    ike.state == IkeState::Established && ike.children.is_empty() && sas.list().iter().any(is_next)
}

/// Whether nothing has ever run in an IKE SA, or nothing any more, and there is another one for what is to come. Of several
/// of the kind both ends keep the same one.
fn is_spare(sas: &Sas, ike: &IkeSa, peering: &str, doomed: &BTreeSet<u32>) -> bool {
    let is_better = |other: &IkeSa| {
        let is_idle = other.children.is_empty();
        has_kept(other, doomed) || is_idle && other.initiator_spi < ike.initiator_spi
    };
    let mut others = sas.of_peering(peering).filter(|other| other.id != ike.id);
    ike.children.is_empty()
        && !ike.is_busy
        // The peer may be about to ask for something in a younger one.
        && ike.age_secs >= GRACE.as_secs()
        && !may_be_emptied(sas, ike)
        && others.any(|other| other.state == IkeState::Established && is_better(other))
}

/// An IKE SA that belongs to no peering any more goes with its last CHILD_SA. An exchange that is under way while its
/// peering is unloaded ends in such an SA, too.
fn close_stranger(sas: &Sas, ike: &IkeSa, doomed: &BTreeSet<u32>, is_held: bool) -> Vec<Terminate> {
    match ike.state {
        IkeState::Connecting if !is_held && !ike.is_up() => vec![Terminate::HalfOpen(ike.id)],
        IkeState::Established | IkeState::Replaced
            if !is_held && !has_kept(ike, doomed) && !may_be_emptied(sas, ike) =>
        {
            vec![Terminate::Ike(ike.id)]
        }
        IkeState::Established | IkeState::Replaced => close_children(ike, doomed),
        IkeState::Connecting | IkeState::Closing => Vec::new(),
    }
}

fn close_children(ike: &IkeSa, doomed: &BTreeSet<u32>) -> Vec<Terminate> {
    let children = ike.children.iter().filter(|child| doomed.contains(&child.id) && is_ripe(child));
    children.map(|child| Terminate::Child(child.id)).collect()
}

/// Whether the other end has it as well by now. With a whole IKE SA that is nothing to wait for: its end is told until the
/// other end confirms it.
const fn is_ripe(child: &ChildSa) -> bool {
    child.age_secs >= SETTLED_SECS
}

fn has_kept(ike: &IkeSa, doomed: &BTreeSet<u32>) -> bool {
    let lives = |child: &ChildSa| matches!(child.state, ChildState::Connecting | ChildState::Installed);
    ike.children.iter().any(|child| lives(child) && !doomed.contains(&child.id))
}

#[cfg(test)]
mod tests;
