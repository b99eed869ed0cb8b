//! What must change in a charon, worked out from what it has. No I/O.

use std::collections::{BTreeMap, BTreeSet};

use adit_ike::charon::{ChildSa, ChildState, IkeSa, IkeState, Terminate};
use adit_ike::{Connection, Fingerprint};
use adit_model::SiteConnectionId;

/// Less than the shortest time between two rekeyings (54 s), more than a negotiation takes.
const CROSSING_SECS: u64 = 20;

/// What is known of a connection that charon has loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Observed {
    /// We loaded it.
    Known(Fingerprint),
    /// An earlier agent did; charon does not give proposals or secrets back.
    Unknown,
}

/// Which connections to load and which to forget.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// By charon's names, since whatever is loaded and not wanted has to go.
    pub(super) unload: Vec<String>,
    pub(super) load: Vec<SiteConnectionId>,
    /// Those of `load` whose live SAs were negotiated for something else.
    pub(super) renegotiate: Vec<SiteConnectionId>,
    /// Those of `load` whose live SAs are still right, but not an attempt that began with another secret.
    pub(super) retry: Vec<SiteConnectionId>,
}

impl Plan {
    /// `Observed::Unknown` equals no fingerprint, so such a connection is loaded again, which leaves its SAs alone.
    pub(super) fn new(
        loaded: &BTreeMap<String, Observed>,
        wanted: &BTreeMap<SiteConnectionId, Fingerprint>,
    ) -> Self {
        let names: BTreeSet<String> = wanted.keys().map(SiteConnectionId::to_string).collect();
        let mut plan = Self {
            unload: loaded.keys().filter(|name| !names.contains(*name)).cloned().collect(),
            ..Self::default()
        };
        for (id, fingerprint) in wanted {
            match loaded.get(&id.to_string()) {
                Some(Observed::Known(known)) if known == fingerprint => {}
                Some(Observed::Known(known)) => {
                    plan.load.push(*id);
                    if fingerprint.keeps_sas_of(known) {
                        plan.retry.push(*id);
                    } else {
                        plan.renegotiate.push(*id);
                    }
                }
                Some(Observed::Unknown) | None => plan.load.push(*id),
            }
        }
        plan
    }
}

/// IKE SAs of a connection.
pub(super) fn sas_of<'a>(sas: &'a [IkeSa], name: &'a str) -> impl Iterator<Item = &'a IkeSa> {
    sas.iter().filter(move |sa| sa.name.as_deref() == Some(name))
}

/// How to close all that belongs to a connection.
pub(super) fn close(sas: &[IkeSa], name: &str) -> Vec<Terminate> {
    sas_of(sas, name).filter_map(close_one).collect()
}

/// What belongs to none of the connections. An exchange that is under way while its connection is unloaded ends in such
/// an SA, and would stand in the way of another connection between the same ends.
pub(super) fn strange(sas: &[IkeSa], names: &BTreeSet<String>) -> Vec<Terminate> {
    sas.iter()
        .filter(|sa| sa.name.as_ref().is_some_and(|name| !names.contains(name)))
        .filter_map(close_one)
        .collect()
}

/// How to give up the attempts of a connection that are under way.
pub(super) fn give_up(sas: &[IkeSa], name: &str) -> Vec<Terminate> {
    sas_of(sas, name).filter(|sa| sa.state == IkeState::Connecting).filter_map(close_one).collect()
}

const fn close_one(sa: &IkeSa) -> Option<Terminate> {
    match sa.state {
        IkeState::Connecting => Some(Terminate::HalfOpen(sa.id)),
        IkeState::Established | IkeState::Replaced => Some(Terminate::Ike(sa.id)),
        IkeState::Closing => None,
    }
}

/// The CHILD_SAs to ask for now: those that are neither up nor on their way.
pub(super) fn missing(connection: &Connection, sas: &[IkeSa]) -> Vec<String> {
    let name = connection.name();
    if sas_of(sas, &name).any(|sa| sa.state == IkeState::Connecting) {
        return Vec::new();
    }
    let is_there = |child: &str| {
        sas_of(sas, &name)
            .filter(|sa| sa.is_up())
            .flat_map(|sa| &sa.children)
            .any(|sa| sa.name == child && matches!(sa.state, ChildState::Connecting | ChildState::Installed))
    };
    connection.children().iter().map(|child| child.name.clone()).filter(|child| !is_there(child)).collect()
}

/// What a connection has too much: our unanswered attempt beside a tunnel that the peer brought up, and all but one of
/// the tunnels that came up because both ends started at once.
///
/// Both ends must choose the same tunnel or they would close both, so the choice rests on SPIs alone, which are the same
/// numbers at both ends.
pub(super) fn superfluous(connection: &Connection, sas: &[IkeSa]) -> Vec<Terminate> {
    let name = connection.name();
    let established: Vec<&IkeSa> =
        sas_of(sas, &name).filter(|sa| sa.state == IkeState::Established).collect();
    let mut best: BTreeMap<&str, Rank> = BTreeMap::new();
    for (ike, child) in installed(&established) {
        let rank = Rank::of(ike, child);
        let entry = best.entry(&child.name).or_insert(rank);
        *entry = rank.min(*entry);
    }
    let is_spare =
        |ike: &IkeSa, child: &ChildSa| best.get(child.name.as_str()) != Some(&Rank::of(ike, child));

    let mut terminate = Vec::new();
    for ike in &established {
        let (spare, kept): (Vec<_>, Vec<_>) =
            installed(&[ike]).map(|(_, child)| child).partition(|child| is_spare(ike, child));
        if kept.is_empty() && !spare.is_empty() {
            terminate.push(Terminate::Ike(ike.id));
        } else {
            terminate.extend(spare.iter().map(|child| Terminate::Child(child.id)));
        }
    }
    terminate.extend(crossed(&established).map(|child| Terminate::Child(child.id)));
    if !best.is_empty() {
        let unanswered = sas_of(sas, &name)
            .filter(|sa| sa.state == IkeState::Connecting && sa.initiator && sa.responder_spi == 0);
        terminate.extend(unanswered.map(|sa| Terminate::HalfOpen(sa.id)));
    }
    terminate
}

/// CHILD_SAs that were replaced right after they were made: two IKEv1 quick modes crossed, and each end took the later
/// one for a rekeying of the earlier. Where the ends disagree on which one that was, this closes both, and the next
/// attempts come at different moments. A true rekeying comes with a much older one.
fn crossed<'a>(established: &[&'a IkeSa]) -> impl Iterator<Item = &'a ChildSa> {
    let children: Vec<&ChildSa> = established.iter().flat_map(|ike| &ike.children).collect();
    let is_crossed = {
        let children = children.clone();
        move |replaced: &ChildSa| {
            replaced.state == ChildState::Replaced
                && children.iter().any(|child| {
                    child.state == ChildState::Installed
                        && child.name == replaced.name
                        && child.age_secs.abs_diff(replaced.age_secs) < CROSSING_SECS
                })
        }
    };
    children.into_iter().filter(move |child| is_crossed(child))
}

/// The lowest survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    initiator_spi: u64,
    child_spi: u32,
}

impl Rank {
    fn of(ike: &IkeSa, child: &ChildSa) -> Self {
        Self { initiator_spi: ike.initiator_spi, child_spi: child.spi_in.min(child.spi_out) }
    }
}

fn installed<'a>(sas: &[&'a IkeSa]) -> impl Iterator<Item = (&'a IkeSa, &'a ChildSa)> {
    let children = |sa: &'a IkeSa| sa.children.iter().map(move |child| (sa, child));
    sas.iter().copied().flat_map(children).filter(|(_, child)| child.state == ChildState::Installed)
}

#[cfg(test)]
mod tests;
