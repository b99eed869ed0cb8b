//! IKEv1 quick modes that crossed: both ends asked for the same pair of SAs at once, and both got it. No I/O.
//!
//! Each end takes the later one for a rekeying of the earlier, and they may disagree on which one that was. Where the main
//! modes crossed as well, charon moves the SAs to the later of the two IKE SAs, mostly at one end only, and closes the other
//! IKE SA ten seconds later. So what one end closes may be what the other one holds on to, and nothing is closed before the
//! ends agree. One of them has the pair rekeyed, which replaces both at both ends, and closes these once the new one has
//! settled.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use adit_ike::charon::{ChildSa, ChildState, IkeSa, IkeState, Terminate};
use adit_model::SiteConnectionId;
use adit_model::algorithm::IkeVersion;

use super::closing::{AT_ONCE_SECS, DUPLICATE_SECS, SETTLED_SECS};
use super::sas::{Sas, Tunnel};

/// So much later than the end that goes first, which may not be Adit, the other end does it.
const OTHER_END_SECS: u64 = 15;
/// So long it is left to charon to close one of two IKE SAs.
const TWO_IKE_SAS_SECS: u64 = 12;
/// Where both ends take themselves for the first one, behind a NAT, they do not begin in the same second, mostly.
const SPREAD_SECS: u64 = 5;
/// What no rekeying has come about for until then is left to the next one that is due anyway.
const LATEST_SECS: u64 = 120;

/// What to do about attempts that crossed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Crossed {
    /// The CHILD_SAs to have rekeyed.
    pub(super) rekey: BTreeSet<u32>,
    /// What to close.
    pub(super) close: Vec<Terminate>,
    /// The peerings in which there is more to do, when something is old enough or has come about.
    pub(super) waiting: BTreeSet<String>,
}

/// Looks for what crossed among the SAs of `tunnels`, which are all connections that are to run.
pub(super) fn crossed(sas: &Sas, tunnels: &BTreeMap<SiteConnectionId, Tunnel<'_>>) -> Crossed {
    let of_v1 = tunnels.values().filter(|tunnel| tunnel.connection.ike_version() == IkeVersion::V1);
    let goes_first: BTreeMap<&str, bool> =
        of_v1.map(|tunnel| (tunnel.peering, tunnel.connection.goes_first())).collect();
    let mut todo = Crossed::default();
    for (peering, children) in sas.kinds() {
        let Some(goes_first) = goes_first.get(peering) else { continue };
        let standing: Vec<_> = children.into_iter().filter(|(ike, child)| stands(ike, child)).collect();
        let has_two = sas.of_peering(peering).filter(|ike| is_whole(ike)).nth(1).is_some();
        let patience = if has_two { TWO_IKE_SAS_SECS } else { DUPLICATE_SECS };
        let patience = if *goes_first { patience } else { patience + OTHER_END_SECS };
        for (_, newest) in standing.iter().filter(|it| is_newest(it.1, &standing)) {
            let same = standing.iter().copied().filter(|it| joins_the_same(it.1, newest)).collect();
            todo.add(peering, patience, newest, same);
        }
    }
    todo
}

const fn is_whole(ike: &IkeSa) -> bool {
    matches!(ike.state, IkeState::Established | IkeState::Replaced)
}

/// Whether packets that come by it are still taken.
const fn stands(ike: &IkeSa, child: &ChildSa) -> bool {
    is_whole(ike) && matches!(child.state, ChildState::Installed | ChildState::Replaced)
}

/// Whether it is the youngest that carries packets of those that join the same networks.
fn is_newest(child: &ChildSa, standing: &[(&IkeSa, &ChildSa)]) -> bool {
    let rivals = standing.iter().map(|(_, other)| *other);
    let mut rivals = rivals.filter(|it| it.state == ChildState::Installed && joins_the_same(it, child));
    child.state == ChildState::Installed && rivals.all(|it| order(child) <= order(it))
}

/// The youngest first. Of those of the same second charon has numbered the last one last.
const fn order(child: &ChildSa) -> (u64, Reverse<u32>) {
    (child.age_secs, Reverse(child.id))
}

impl Crossed {
    /// Looks at `same`, which join the same networks, and the newest of them.
    fn add(&mut self, peering: &str, patience: u64, newest: &ChildSa, same: Vec<(&IkeSa, &ChildSa)>) {
        let is_twin = |child: &ChildSa| same.iter().any(|(_, other)| came_at_once(child, other));
        let has_crossed = is_twin(newest);
        let twins: Vec<_> = same.iter().filter(|(_, child)| is_twin(child)).collect();
        if twins.is_empty() || has_crossed && newest.age_secs > LATEST_SECS {
            return;
        }
        self.waiting.insert(peering.to_owned());
        if !has_crossed {
            let is_settled = newest.age_secs >= SETTLED_SECS;
            self.close
                .extend(twins.iter().filter(|_| is_settled).map(|(_, child)| Terminate::Child(child.id)));
            return;
        }
        // Of two IKE SAs one is to stay, the same for all.
        let carrying = twins.into_iter().filter(|(_, child)| child.state == ChildState::Installed);
        let chosen = carrying.min_by_key(|(ike, child)| (ike.initiator_spi, order(child)));
        let spread = u64::from(newest.spi_in) % SPREAD_SECS;
        let is_due = newest.age_secs >= patience + spread;
        self.rekey.extend(chosen.filter(|(ike, _)| is_due && !ike.is_busy).map(|(_, child)| child.id));
    }
}

fn joins_the_same(one: &ChildSa, other: &ChildSa) -> bool {
    one.local == other.local && one.peer == other.peer
}

fn came_at_once(one: &ChildSa, other: &ChildSa) -> bool {
    one.id != other.id && one.age_secs.abs_diff(other.age_secs) < AT_ONCE_SECS
}

#[cfg(test)]
mod tests {
    use adit_ike::{Connection, Peering};

    use super::*;
    use crate::vpn::examples::{child_sa, connection, connection_with, ike_sa, peering, tunnel};

    use ChildState::{Installed, Replaced};

    /// CHILD_SAs of a connection in one IKE SA: number, state, age in seconds. What is done about them, with numbers that
    /// are their ids.
    fn of(
        connection: &Connection,
        children: &[(u32, ChildState, u64)],
        change: impl FnOnce(&mut IkeSa),
    ) -> Crossed {
        let peering: Peering = peering(&[connection]);
        let mut ike = ike_sa(connection, 1, IkeState::Established);
        let child = |(number, state, age_secs): &(u32, ChildState, u64)| ChildSa {
            age_secs: *age_secs,
            spi_in: 1000,
            ..child_sa(connection, *number, *state)
        };
        ike.children = children.iter().map(child).collect();
        change(&mut ike);
        crossed(&Sas::new(vec![ike]), &[(connection.id(), tunnel(connection, &peering))].into())
    }

    /// Rekeyed, closed, and whether there is more to come.
    fn summary(connection: &Connection, todo: Crossed) -> (Vec<u32>, Vec<u32>, bool) {
        let name = peering(&[connection]).name().to_owned();
        assert!(todo.waiting.iter().all(|it| *it == name));
        let id = |what: Terminate| match what {
            Terminate::Child(id) => id,
            other @ (Terminate::Ike(_) | Terminate::HalfOpen(_)) => panic!("{other:?}"),
        };
        let is_waiting = !todo.waiting.is_empty();
        (todo.rekey.into_iter().collect(), todo.close.into_iter().map(id).collect(), is_waiting)
    }

    #[test]
    fn what_crossed_is_rekeyed_and_closed_once_the_new_one_has_settled() {
        let connection = connection(1, IkeVersion::V1);
        assert!(connection.goes_first());
        for (what, children, want) in [
            ("one", &[(1, Installed, 7)][..], (vec![], vec![], false)),
            ("a rekeying", &[(1, Replaced, 700), (2, Installed, 7)], (vec![], vec![], false)),
            ("too young", &[(1, Replaced, 4), (2, Installed, 4)], (vec![], vec![], true)),
            ("the later one", &[(1, Replaced, 7), (2, Installed, 5)], (vec![2], vec![], true)),
            ("the earlier one", &[(1, Installed, 7), (2, Replaced, 5)], (vec![1], vec![], true)),
            ("both", &[(1, Installed, 6), (2, Installed, 5)], (vec![2], vec![], true)),
            ("in vain", &[(1, Replaced, 121), (2, Installed, 121)], (vec![], vec![], false)),
            ("rekeyed", &[(1, Replaced, 7), (2, Replaced, 7), (3, Installed, 1)], (vec![], vec![], true)),
            ("settled", &[(1, Replaced, 8), (2, Replaced, 8), (3, Installed, 2)], (vec![], vec![1, 2], true)),
            (
                "one of them was not replaced",
                &[(1, Installed, 8), (2, Replaced, 8), (3, Installed, 2)],
                (vec![], vec![1, 2], true),
            ),
            (
                "beside one before",
                &[(9, Replaced, 700), (1, Replaced, 8), (2, Replaced, 8), (3, Installed, 2)],
                (vec![], vec![1, 2], true),
            ),
        ] {
            let todo = of(&connection, children, |_| ());
            assert_eq!(summary(&connection, todo), want, "{what}");
        }
    }

    #[test]
    fn what_is_being_rekeyed_is_not_asked_for_again() {
        let connection = connection(1, IkeVersion::V1);
        let both = [(1, Replaced, 7), (2, Installed, 7)];
        let todo = of(&connection, &both, |ike| ike.is_busy = true);
        assert_eq!(summary(&connection, todo), (vec![], vec![], true));
    }

    #[test]
    fn the_other_end_steps_in_later() {
        let connection = connection_with(1, IkeVersion::V1, |spec| {
            spec.local_address = Some("192.0.2.3".parse().unwrap());
        });
        assert!(!connection.goes_first());
        for (age, rekeyed) in [(5, vec![]), (19, vec![]), (20, vec![2])] {
            let todo = of(&connection, &[(1, Replaced, age), (2, Installed, age)], |_| ());
            assert_eq!(summary(&connection, todo), (rekeyed, vec![], true), "{age} s");
        }
    }

    #[test]
    fn of_two_ike_sas_that_charon_does_not_close_one_stays() {
        let connection = connection(1, IkeVersion::V1);
        let peering: Peering = peering(&[&connection]);
        for (age_secs, rekeyed) in [(7, vec![]), (11, vec![]), (12, vec![1])] {
            let ike = |number| {
                let mut ike = ike_sa(&connection, number, IkeState::Established);
                let child = child_sa(&connection, number, Installed);
                ike.children = vec![ChildSa { age_secs, spi_in: 1000, ..child }];
                ike
            };
            let tunnels = [(connection.id(), tunnel(&connection, &peering))].into();
            let todo = crossed(&Sas::new(vec![ike(1), ike(2)]), &tunnels);
            assert_eq!(summary(&connection, todo), (rekeyed, vec![], true), "{age_secs} s");
        }
    }

    #[test]
    fn ends_that_both_go_first_do_not_begin_at_once() {
        let connection = connection(1, IkeVersion::V1);
        for (spi_in, rekeyed) in [(1000, vec![2]), (1002, vec![2]), (1003, vec![])] {
            let both = [(1, Replaced, 7), (2, Installed, 7)];
            let todo = of(&connection, &both, |ike| ike.children[1].spi_in = spi_in);
            assert_eq!(summary(&connection, todo), (rekeyed, vec![], true), "{spi_in}");
        }
    }

    #[test]
    fn other_networks_and_ikev2_have_nothing_to_do_with_it() {
        let connection_v1 = connection(1, IkeVersion::V1);
        let both = [(1, Replaced, 7), (2, Installed, 7)];
        let apart = of(&connection_v1, &both, |ike| {
            ike.children[1].peer = vec!["10.3.0.0/24".parse().unwrap()];
        });
        assert_eq!(apart, Crossed::default());
        assert_eq!(of(&connection(1, IkeVersion::V2), &both, |_| ()), Crossed::default());
    }
}
