//! Which SAs have to go: strangers, what a connection wanted before, and what there is twice. No I/O.
//!
//! Two ends must never each close the SA that the other one keeps. What one end replaces because its configuration has
//! changed is closed by that end; between equals the choice rests on what both ends know, which is SPIs, selectors and,
//! within a moment, ages.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use adit_ike::Child;
use adit_ike::charon::{ChildSa, ChildState, IkeSa, IkeState, Terminate};
use adit_model::SiteConnectionId;

use super::sas::{Sas, Tunnel};

/// For so long the SAs of what a connection wanted before carry its packets while the peer does not agree to what it
/// wants now. After that they go, since a policy that was tightened must not be disregarded for ever.
pub(super) const GRACE: Duration = Duration::from_secs(10);
/// So old a new SA must be until the one that it replaces is closed: by then the other end has it as well.
const SETTLED_SECS: u64 = 2;
/// SAs that both ends asked for at once are no further apart. One that is older has been replaced by an end that had a
/// reason.
const AT_ONCE_SECS: u64 = 3;
/// Less than the shortest time between two rekeyings (54 s), more than a negotiation takes.
const CROSSING_SECS: u64 = 20;

/// What to close. `tunnels` are all connections that are to run, and `held` those whose SAs are not to be judged yet.
pub(super) fn superfluous(
    sas: &Sas,
    tunnels: &BTreeMap<SiteConnectionId, Tunnel<'_>>,
    held: &BTreeSet<SiteConnectionId>,
) -> Vec<Terminate> {
    let peerings: BTreeSet<&str> = tunnels.values().map(|tunnel| tunnel.peering).collect();
    let mut doomed: BTreeSet<u32> = BTreeSet::new();
    for ike in sas.list().iter().filter(|ike| ike.name.is_some()) {
        let is_doomed = |child: &&ChildSa| has_no_future(sas, ike, child, tunnels, held);
        doomed.extend(ike.children.iter().filter(is_doomed).map(|child| child.id));
    }
    for (peering, children) in sas.kinds() {
        if peerings.contains(peering) {
            doomed.extend(spare(&children));
            doomed.extend(crossed(&children));
        }
    }
    let close = |ike: &IkeSa| match &ike.name {
        Some(name) if peerings.contains(name.as_str()) => close_in_peering(sas, ike, name, &doomed),
        Some(_) => close_stranger(ike, &doomed, !held.is_empty()),
        // Its peer has not said yet whom it wants.
        None => Vec::new(),
    };
    sas.list().iter().flat_map(close).collect()
}

/// How to give up the attempts of a peering that are under way.
pub(super) fn give_up(sas: &Sas, peering: &str) -> Vec<Terminate> {
    let attempts = sas.of_peering(peering).filter(|ike| ike.state == IkeState::Connecting);
    attempts.map(|ike| Terminate::HalfOpen(ike.id)).collect()
}

/// Whether nobody wants a CHILD_SA, or nobody any more.
fn has_no_future(
    sas: &Sas,
    ike: &IkeSa,
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
        Some(tunnel) if is_installed && !tunnel.wants(ike, child) => {
            tunnel.is_grace_over || is_replaced(sas, *tunnel, child)
        }
        Some(_) => false,
        None => !held.contains(&owner),
    }
}

/// Whether new SAs have taken over all that is still wanted of an old one.
fn is_replaced(sas: &Sas, tunnel: Tunnel<'_>, old: &ChildSa) -> bool {
    let wanted = tunnel
        .connection
        .children()
        .iter()
        .flat_map(|child| child.pairs.iter().map(move |pair| (child, pair)));
    wanted.filter(|(_, pair)| old.covers(pair)).all(|(child, pair)| {
        sas.of_child(tunnel, child)
            .any(|(ike, new)| ike.is_up() && new.covers(pair) && new.age_secs >= SETTLED_SECS)
    })
}

/// All but one of the CHILD_SAs of the same kind.
///
/// Of those that came up because both ends started at once, both ends choose the same one, or they would close both. One
/// that is younger than that was negotiated by an end that gave up the older ones, and closes them itself; this end
/// steps in where that does not happen.
fn spare(children: &[(&IkeSa, &ChildSa)]) -> Vec<u32> {
    let carrying = || {
        let all = children.iter().copied();
        all.filter(|(ike, child)| ike.state == IkeState::Established && child.state == ChildState::Installed)
    };
    let Some(youngest) = carrying().map(|(_, child)| child.age_secs).min() else { return Vec::new() };
    let (recent, older): (Vec<_>, Vec<_>) =
        carrying().partition(|(_, child)| child.age_secs - youngest < AT_ONCE_SECS);
    let best = recent.iter().map(|(ike, child)| Rank::of(ike, child)).min();
    let mut spare: Vec<u32> = recent
        .iter()
        .filter(|(ike, child)| Some(Rank::of(ike, child)) != best)
        .map(|(_, child)| child.id)
        .collect();
    if youngest >= GRACE.as_secs() {
        spare.extend(older.iter().map(|(_, child)| child.id));
    }
    spare
}

/// CHILD_SAs that were replaced right after they were made: two IKEv1 quick modes crossed, and each end took the later
/// one for a rekeying of the earlier. Where the ends disagree on which one that was, this closes both, and the next
/// attempts come at different moments. A true rekeying comes with a much older one.
fn crossed(children: &[(&IkeSa, &ChildSa)]) -> Vec<u32> {
    let of = |state| {
        let established = children.iter().filter(|(ike, _)| ike.state == IkeState::Established);
        established.map(|(_, child)| *child).filter(move |child| child.state == state)
    };
    let is_crossed = |replaced: &&ChildSa| {
        of(ChildState::Installed).any(|child| child.age_secs.abs_diff(replaced.age_secs) < CROSSING_SECS)
    };
    of(ChildState::Replaced).filter(is_crossed).map(|child| child.id).collect()
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
        IkeState::Connecting if ike.initiator && ike.responder_spi == 0 && has_successor() => {
            vec![Terminate::HalfOpen(ike.id)]
        }
        IkeState::Connecting | IkeState::Closing => Vec::new(),
        // The next connection between the same ends has to prove anew that it has the right key.
        IkeState::Established | IkeState::Replaced => {
            let children = close_children(ike, doomed);
            let is_over = !children.is_empty() && !has_kept(ike, doomed);
            if is_over { vec![Terminate::Ike(ike.id)] } else { children }
        }
    }
}

/// An IKE SA that belongs to no peering any more goes with its last CHILD_SA. An exchange that is under way while its
/// peering is unloaded ends in such an SA, too.
fn close_stranger(ike: &IkeSa, doomed: &BTreeSet<u32>, is_held: bool) -> Vec<Terminate> {
    match ike.state {
        IkeState::Connecting if !is_held => vec![Terminate::HalfOpen(ike.id)],
        IkeState::Established | IkeState::Replaced if !is_held && !has_kept(ike, doomed) => {
            vec![Terminate::Ike(ike.id)]
        }
        IkeState::Established | IkeState::Replaced => close_children(ike, doomed),
        IkeState::Connecting | IkeState::Closing => Vec::new(),
    }
}

fn close_children(ike: &IkeSa, doomed: &BTreeSet<u32>) -> Vec<Terminate> {
    let children = ike.children.iter().filter(|child| doomed.contains(&child.id));
    children.map(|child| Terminate::Child(child.id)).collect()
}

fn has_kept(ike: &IkeSa, doomed: &BTreeSet<u32>) -> bool {
    let lives = |child: &ChildSa| matches!(child.state, ChildState::Connecting | ChildState::Installed);
    ike.children.iter().any(|child| lives(child) && !doomed.contains(&child.id))
}

#[cfg(test)]
mod tests;
