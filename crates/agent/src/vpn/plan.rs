//! What charon must be told, worked out from what it has been told. No I/O.

use std::collections::{BTreeMap, BTreeSet};

use adit_ike::{Fingerprint, Peering};
use adit_model::SiteConnectionId;

/// What is known of something that charon has loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Observed<T> {
    /// We loaded it.
    Known(T),
    /// An earlier agent did; charon gives back nothing but the name.
    Unknown,
}

/// What charon has loaded, by its names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Loaded {
    pub(super) peerings: BTreeMap<String, Observed<Peering>>,
    /// By ids of site connections.
    pub(super) keys: BTreeMap<String, Observed<Fingerprint>>,
}

/// What to load and what to forget. SAs are another matter: none of this touches one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) load_keys: Vec<SiteConnectionId>,
    pub(super) load: Vec<String>,
    /// Whatever is loaded and not wanted has to go.
    pub(super) unload: Vec<String>,
    pub(super) unload_keys: Vec<String>,
}

impl Plan {
    /// `Observed::Unknown` equals nothing, so what an earlier agent has loaded is loaded again. `held` are connections
    /// that the earlier agent may have loaded and of which we do not know yet as what: nothing that could be theirs goes.
    pub(super) fn new(
        loaded: &Loaded,
        peerings: &[Peering],
        keys: &BTreeMap<SiteConnectionId, Fingerprint>,
        held: &BTreeSet<SiteConnectionId>,
    ) -> Self {
        let names: BTreeSet<&str> = peerings.iter().map(Peering::name).collect();
        let ids: BTreeSet<String> = keys.keys().chain(held).map(SiteConnectionId::to_string).collect();
        let may_be_held = |observed: &Observed<Peering>| !held.is_empty() && *observed == Observed::Unknown;
        let is_known_key = |id: &SiteConnectionId, key: &Fingerprint| {
            loaded.keys.get(&id.to_string()) == Some(&Observed::Known(*key))
        };
        let is_known = |peering: &&Peering| matches!(loaded.peerings.get(peering.name()), Some(Observed::Known(known)) if known == *peering);
        let to_unload = |(name, observed): &(&String, &Observed<Peering>)| {
            !names.contains(name.as_str()) && !may_be_held(observed)
        };
        Self {
            load_keys: keys.iter().filter(|(id, key)| !is_known_key(id, key)).map(|(id, _)| *id).collect(),
            load: peerings.iter().filter(|it| !is_known(it)).map(|it| it.name().to_owned()).collect(),
            unload: loaded.peerings.iter().filter(to_unload).map(|(name, _)| name.clone()).collect(),
            unload_keys: loaded.keys.keys().filter(|id| !ids.contains(*id)).cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests;
