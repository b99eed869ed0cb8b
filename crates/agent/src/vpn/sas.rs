//! What charon lists, sorted by whom it belongs to.

use std::collections::{BTreeMap, BTreeSet};

use adit_ike::charon::{ChildSa, ChildState, IkeSa, IkeState};
use adit_ike::{Child, Connection, Pair, Peering};
use adit_model::SiteConnectionId;

/// The SAs of a daemon at one moment.
#[derive(Debug, Default)]
pub(super) struct Sas {
    list: Vec<IkeSa>,
    by_owner: BTreeMap<SiteConnectionId, Vec<Place>>,
    by_kind: BTreeMap<(String, String), Vec<Place>>,
    by_peering: BTreeMap<String, Vec<usize>>,
}

/// An IKE SA's place in the list, and a CHILD_SA's in it.
type Place = (usize, usize);

/// A wanted connection, and the peering that it is loaded with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tunnel<'a> {
    pub(super) connection: &'a Connection,
    pub(super) peering: &'a str,
    /// Whether what it had before has been kept for long enough.
    pub(super) is_grace_over: bool,
}

impl Sas {
    pub(super) fn new(list: Vec<IkeSa>) -> Self {
        let mut sas = Self::default();
        for (ike_place, ike) in list.iter().enumerate() {
            let Some(peering) = &ike.name else { continue };
            sas.by_peering.entry(peering.clone()).or_default().push(ike_place);
            for (child_place, child) in ike.children.iter().enumerate() {
                let place = (ike_place, child_place);
                if let Some(owner) = Child::owner(&child.name) {
                    sas.by_owner.entry(owner).or_default().push(place);
                }
                let kind = (peering.clone(), Child::kind(&child.name).to_owned());
                sas.by_kind.entry(kind).or_default().push(place);
            }
        }
        Self { list, ..sas }
    }

    /// The same, but that the SAs of these peerings, and no others, were listed anew.
    pub(super) fn updated(self, peerings: &BTreeSet<String>, fresh: Vec<IkeSa>) -> Self {
        let ids: BTreeSet<u32> = fresh.iter().map(|ike| ike.id).collect();
        // One that the peer began may have had no name before.
        let is_old =
            |ike: &IkeSa| ids.contains(&ike.id) || ike.name.as_ref().is_some_and(|it| peerings.contains(it));
        let kept = self.list.into_iter().filter(|ike| !is_old(ike));
        Self::new(kept.chain(fresh).collect())
    }

    /// The connections that SAs of these peerings were negotiated for.
    pub(super) fn owners_in(&self, peerings: &BTreeSet<String>) -> BTreeSet<SiteConnectionId> {
        let children = peerings.iter().flat_map(|name| self.of_peering(name)).flat_map(|ike| &ike.children);
        children.filter_map(|child| Child::owner(&child.name)).collect()
    }

    pub(super) fn list(&self) -> &[IkeSa] {
        &self.list
    }

    /// IKE SAs of a peering.
    pub(super) fn of_peering<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a IkeSa> {
        self.by_peering.get(name).into_iter().flatten().map(|place| &self.list[*place])
    }

    /// How many more CHILD_SAs a peering may have before charon cannot list them any more.
    pub(super) fn room_in(&self, peering: &str) -> usize {
        let listed: usize = self.of_peering(peering).map(|ike| ike.children.len()).sum();
        Peering::MOST_LISTED.saturating_sub(listed)
    }

    /// CHILD_SAs that were negotiated for a connection, whatever it wanted then.
    pub(super) fn of_connection(&self, id: SiteConnectionId) -> impl Iterator<Item = (&IkeSa, &ChildSa)> {
        self.by_owner.get(&id).into_iter().flatten().map(|place| self.at(*place))
    }

    /// The names of the IKE SAs in which there are CHILD_SAs of these connections.
    pub(super) fn names_of(&self, owners: &BTreeSet<SiteConnectionId>) -> BTreeSet<&str> {
        let sas = owners.iter().flat_map(|id| self.of_connection(*id));
        sas.filter_map(|(ike, _)| ike.name.as_deref()).collect()
    }

    /// CHILD_SAs that are what `child` is to be. Two connections that want the very same are both served by one: neither
    /// end could tell which of them the other one means.
    pub(super) fn of_child<'a>(
        &'a self,
        tunnel: Tunnel<'_>,
        child: &Child,
    ) -> impl Iterator<Item = (&'a IkeSa, &'a ChildSa)> {
        let kind = (tunnel.peering.to_owned(), Child::kind(&child.name).to_owned());
        self.by_kind.get(&kind).into_iter().flatten().map(|place| self.at(*place))
    }

    /// All CHILD_SAs of the same peering and kind, together.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (&str, Vec<(&IkeSa, &ChildSa)>)> {
        let places = |places: &Vec<Place>| places.iter().map(|place| self.at(*place)).collect();
        self.by_kind.iter().map(move |((peering, _), all)| (peering.as_str(), places(all)))
    }

    fn at(&self, (ike, child): Place) -> (&IkeSa, &ChildSa) {
        (&self.list[ike], &self.list[ike].children[child])
    }
}

impl Tunnel<'_> {
    /// Whether a CHILD_SA is one that the connection wants now, and not one of what it wanted before.
    pub(super) fn wants(&self, ike: &IkeSa, child: &ChildSa) -> bool {
        let kind = Child::kind(&child.name);
        ike.name.as_deref() == Some(self.peering)
            && self.connection.children().iter().any(|wanted| Child::kind(&wanted.name) == kind)
    }

    /// The pairs of networks that nothing joins. What it wanted before counts as long as it is given time: after that, an
    /// SA of the kind is there for others.
    pub(super) fn missing_pairs(&self, sas: &Sas) -> BTreeSet<Pair> {
        let mut missing = self.unsettled_pairs(sas);
        if self.is_grace_over {
            return missing;
        }
        missing.retain(|pair| {
            let old = sas.of_connection(self.connection.id());
            !old.filter(|(ike, _)| ike.is_up()).any(|(_, child)| child.covers(pair))
        });
        missing
    }

    /// The pairs of networks that nothing joins in the way that is wanted now.
    pub(super) fn unsettled_pairs(&self, sas: &Sas) -> BTreeSet<Pair> {
        let is_joined = |wanted: &Child, pair: &Pair| {
            sas.of_child(*self, wanted).filter(|(ike, _)| ike.is_up()).any(|(_, child)| child.covers(pair))
        };
        let children = self.connection.children().iter();
        children
            .flat_map(|wanted| wanted.pairs.iter().filter(move |pair| !is_joined(wanted, pair)).copied())
            .collect()
    }

    /// CHILD_SAs of what the connection wanted before that still carry packets.
    pub(super) fn old<'a>(&self, sas: &'a Sas) -> impl Iterator<Item = (&'a IkeSa, &'a ChildSa)> {
        sas.of_connection(self.connection.id())
            .filter(|(ike, child)| child.state == ChildState::Installed && !self.wants(ike, child))
    }

    /// The CHILD_SAs to ask for now: those that are neither up nor on their way. `asked` are the IKE SAs in which they
    /// were asked for already: what waits there for its turn is not listed by name. Unless `is_patient`, an attempt of the
    /// peer's is no reason to wait: anybody can begin one in its name.
    pub(super) fn missing(&self, sas: &Sas, asked: &BTreeSet<u32>, is_patient: bool) -> Vec<String> {
        let is_under_way = sas.of_peering(self.peering).any(|ike| match ike.state {
            IkeState::Connecting if ike.initiator => asked.contains(&ike.id),
            IkeState::Connecting => is_patient,
            IkeState::Established | IkeState::Replaced => ike.is_busy && asked.contains(&ike.id),
            IkeState::Closing => false,
        });
        if is_under_way {
            return Vec::new();
        }
        let is_there = |child: &Child| {
            sas.of_child(*self, child).any(|(ike, child)| {
                ike.is_up() && matches!(child.state, ChildState::Connecting | ChildState::Installed)
            })
        };
        let children = self.connection.children().iter();
        children.filter(|child| !is_there(child)).map(|child| child.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests;
