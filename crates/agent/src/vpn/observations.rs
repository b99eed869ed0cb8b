//! What is told of the SAs of connections: at once when they are others, and once in a while for what they have carried.

use std::collections::BTreeMap;

use adit_ike::charon::{ChildSa, IkeSa};
use adit_model::SiteConnectionId;
use adit_model::security_association::Observation;
use jiff::{SignedDuration, Timestamp};

use super::sas::{Sas, Tunnel};

/// How old it may be what is told of traffic: each news of it is a write to the server's disk.
const TRAFFIC_TOLD_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// What is told of each connection.
#[derive(Debug, Default)]
pub(super) struct Observations {
    told: BTreeMap<SiteConnectionId, Observation>,
}

impl Observations {
    /// Takes in what charon has just listed.
    pub(super) fn note(
        &mut self,
        id: SiteConnectionId,
        tunnel: Option<Tunnel<'_>>,
        sas: &Sas,
        now: Timestamp,
    ) {
        let seen = Observation { observed_at: now, ike_sas: sas.observed(id, tunnel, now) };
        let is_news = self.told.get(&id).is_none_or(|told| {
            // A clock that was put back makes everything old.
            let age = now.duration_since(told.observed_at).abs();
            !told.is_alike(&seen) || (age >= TRAFFIC_TOLD_EVERY && !seen.ike_sas.is_empty())
        });
        if is_news {
            self.told.insert(id, seen);
        }
    }

    /// What is told of these connections.
    pub(super) fn of<'a>(
        &self,
        ids: impl Iterator<Item = &'a SiteConnectionId>,
    ) -> BTreeMap<SiteConnectionId, Observation> {
        ids.filter_map(|id| Some((*id, self.told.get(id)?.clone()))).collect()
    }

    /// Forgets connections that are wanted no more.
    pub(super) fn retain(&mut self, is_wanted: impl Fn(&SiteConnectionId) -> bool) {
        self.told.retain(|id, _| is_wanted(id));
    }

    /// The daemon is gone, and all SAs with it.
    pub(super) fn clear(&mut self, now: Timestamp) {
        for told in self.told.values_mut().filter(|told| !told.ike_sas.is_empty()) {
            *told = Observation { observed_at: now, ike_sas: Vec::new() };
        }
    }
}

impl Sas {
    /// The SAs of a connection: its CHILD_SAs, also of what it wanted before, in their IKE SAs, and IKE SAs of its peering
    /// that have none.
    fn observed(
        &self,
        id: SiteConnectionId,
        tunnel: Option<Tunnel<'_>>,
        now: Timestamp,
    ) -> Vec<adit_model::security_association::IkeSa> {
        let mut found: BTreeMap<u32, (&IkeSa, BTreeMap<u32, &ChildSa>)> = BTreeMap::new();
        if let Some(tunnel) = tunnel {
            found.extend(self.of_peering(tunnel.peering).map(|ike| (ike.id, (ike, BTreeMap::new()))));
        }
        let shared = tunnel.into_iter().flat_map(|tunnel| {
            tunnel.connection.children().iter().flat_map(move |child| self.of_child(tunnel, child))
        });
        for (ike, child) in self.of_connection(id).chain(shared) {
            found.entry(ike.id).or_insert_with(|| (ike, BTreeMap::new())).1.insert(child.id, child);
        }
        found.into_values().map(|(ike, children)| ike.observed(children.into_values(), now)).collect()
    }
}

#[cfg(test)]
mod tests {
    use adit_ike::charon::{ChildState, IkeState};
    use adit_model::algorithm::IkeVersion;

    use super::*;
    use crate::vpn::examples::{child_sa, connection, connection_with, ike_sa, peering, tunnel};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn other_sas_are_told_at_once_and_traffic_once_in_a_while() {
        let connection = connection(1, IkeVersion::V2);
        let peering = peering(&[&connection]);
        let tunnel = tunnel(&connection, &peering);
        let up = |number| {
            let mut ike = ike_sa(&connection, 1, IkeState::Established);
            ike.children.push(child_sa(&connection, number, ChildState::Installed));
            Sas::new(vec![ike])
        };
        let mut observations = Observations::default();
        let mut told_at = |sas: &Sas, seconds| {
            observations.note(connection.id(), Some(tunnel), sas, at(seconds));
            let told = observations.of([connection.id()].iter()).remove(&connection.id()).unwrap();
            (told.observed_at, told.ike_sas.first().map(|ike| ike.child_sas.len()))
        };
        assert_eq!(told_at(&Sas::default(), 0), (at(0), None));
        assert_eq!(told_at(&Sas::default(), 100), (at(0), None), "still nothing");
        assert_eq!(told_at(&up(1), 101), (at(101), Some(1)));
        assert_eq!(told_at(&up(1), 160), (at(101), Some(1)), "the same");
        assert_eq!(told_at(&up(2), 160), (at(160), Some(1)), "another one");
        assert_eq!(told_at(&up(2), 220), (at(220), Some(1)), "what it has carried since");
        observations.clear(at(300));
        let told = observations.of([connection.id()].iter()).remove(&connection.id()).unwrap();
        assert_eq!(told, Observation { observed_at: at(300), ike_sas: Vec::new() });
    }

    #[test]
    fn each_connection_has_its_own_in_an_ike_sa_that_is_shared() {
        let (one, two) = (
            connection(1, IkeVersion::V2),
            connection_with(2, IkeVersion::V2, |spec| {
                spec.peer_networks = vec!["10.3.0.0/24".parse().unwrap()];
            }),
        );
        let peering = peering(&[&one, &two]);
        let mut ike = ike_sa(&one, 1, IkeState::Established);
        ike.name = Some(peering.name().to_owned());
        ike.children.push(child_sa(&one, 1, ChildState::Installed));
        ike.children.push(child_sa(&two, 2, ChildState::Installed));
        let sas = Sas::new(vec![ike]);
        for (connection, network) in [(&one, "10.2.0.0/24"), (&two, "10.3.0.0/24")] {
            let observed = sas.observed(connection.id(), Some(tunnel(connection, &peering)), at(0));
            let networks: Vec<_> = observed
                .iter()
                .flat_map(|ike| &ike.child_sas)
                .flat_map(|child| &child.peer_networks)
                .collect();
            assert_eq!(networks, [&network.parse::<ipnet::IpNet>().unwrap()]);
            // One that is switched off has what is left of it.
            assert_eq!(sas.observed(connection.id(), None, at(0)).len(), 1);
        }
    }
}
