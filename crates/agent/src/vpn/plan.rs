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

/// What stays as it is although nobody says that it is wanted.
#[derive(Debug, Default)]
pub(super) struct Held<'a> {
    /// Names of IKE SAs that carry packets of connections of which it is not known yet where their peers are. What an
    /// earlier agent has loaded by such a name may still be right.
    pub(super) peerings: BTreeSet<&'a str>,
    /// Connections whose keys stay.
    pub(super) keys: BTreeSet<SiteConnectionId>,
}

/// The key that a connection asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim<'a> {
    pub(super) id: SiteConnectionId,
    /// By these, and by nothing else, charon finds a key.
    pub(super) identities: &'a [String],
    pub(super) key: Fingerprint,
    /// Whether charon has it already.
    pub(super) is_loaded: bool,
}

/// The connections that ask for another key between the same identities than one that comes before them, and that one.
/// Those whose keys are loaded come before the others, and then the order is that of their ids.
pub(super) fn contradictions(claims: &[Claim<'_>]) -> BTreeMap<SiteConnectionId, SiteConnectionId> {
    let mut first: BTreeMap<&[String], &Claim<'_>> = BTreeMap::new();
    for claim in claims {
        let rank = |claim: &Claim<'_>| (!claim.is_loaded, claim.id);
        let first = first.entry(claim.identities).or_insert(claim);
        if rank(claim) < rank(first) {
            *first = claim;
        }
    }
    let other = |claim: &Claim<'_>| {
        let first = first.get(claim.identities)?;
        (first.key != claim.key).then_some((claim.id, first.id))
    };
    claims.iter().filter_map(other).collect()
}

impl Plan {
    /// `Observed::Unknown` equals nothing, so what an earlier agent has loaded is loaded again. `held` is what is not to be
    /// judged yet.
    pub(super) fn new(
        loaded: &Loaded,
        peerings: &[Peering],
        keys: &BTreeMap<SiteConnectionId, Fingerprint>,
        held: &Held<'_>,
    ) -> Self {
        let names: BTreeSet<&str> = peerings.iter().map(Peering::name).collect();
        let ids: BTreeSet<String> = keys.keys().chain(&held.keys).map(SiteConnectionId::to_string).collect();
        let is_held = |name: &str, observed: &Observed<Peering>| {
            *observed == Observed::Unknown && held.peerings.contains(name)
        };
        let is_known_key = |id: &SiteConnectionId, key: &Fingerprint| {
            loaded.keys.get(&id.to_string()) == Some(&Observed::Known(*key))
        };
        let is_known = |peering: &&Peering| matches!(loaded.peerings.get(peering.name()), Some(Observed::Known(known)) if known == *peering);
        let to_unload = |(name, observed): &(&String, &Observed<Peering>)| {
            !names.contains(name.as_str()) && !is_held(name, observed)
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
