use adit_ike::{Connection, FingerprintKey};
use adit_model::Psk;
use adit_model::algorithm::{DhGroup, IkeVersion};

use super::*;
use crate::vpn::examples::{connection, connection_with, id, peering};

/// What charon has after it was told of the connections.
fn told(key: &FingerprintKey, connections: &[&Connection]) -> Loaded {
    let peerings = Peering::group(connections.iter().copied());
    Loaded {
        peerings: peerings.into_iter().map(|it| (it.name().to_owned(), Observed::Known(it))).collect(),
        keys: keys(key, connections)
            .into_iter()
            .map(|(id, key)| (id.to_string(), Observed::Known(key)))
            .collect(),
    }
}

fn keys(key: &FingerprintKey, connections: &[&Connection]) -> BTreeMap<SiteConnectionId, Fingerprint> {
    connections.iter().map(|connection| (connection.id(), connection.key_fingerprint(key))).collect()
}

fn plan(key: &FingerprintKey, loaded: &Loaded, wanted: &[&Connection]) -> Plan {
    let peerings = Peering::group(wanted.iter().copied());
    Plan::new(loaded, &peerings, &keys(key, wanted), &Held::default())
}

#[test]
fn only_what_changed_is_loaded_and_only_what_is_not_wanted_goes() {
    let key = FingerprintKey::random();
    let v2 = |number| connection(number, IkeVersion::V2);
    let (one, two) = (v2(1), v2(2));
    let shared = peering(&[&one]).name().to_owned();
    let two_with_key = connection_with(2, IkeVersion::V2, |spec| spec.psk = Psk::new("new"));
    let two_with_policy = connection_with(2, IkeVersion::V2, |spec| spec.ipsec.pfs_group = DhGroup::Group14);
    let two_elsewhere = connection_with(2, IkeVersion::V2, |spec| spec.ike.dh_group = DhGroup::Group14);
    let elsewhere = peering(&[&two_elsewhere]).name().to_owned();
    let before = told(&key, &[&one, &two]);
    for (what, wanted, want) in [
        ("nothing", vec![&one, &two], Plan::default()),
        ("a key", vec![&one, &two_with_key], Plan { load_keys: vec![id(2)], ..Plan::default() }),
        ("a policy", vec![&one, &two_with_policy], Plan { load: vec![shared.clone()], ..Plan::default() }),
        (
            "one IKE policy of two",
            vec![&one, &two_elsewhere],
            Plan { load: sorted([shared.clone(), elsewhere.clone()]), ..Plan::default() },
        ),
        (
            "both IKE policies",
            vec![&two_elsewhere],
            Plan {
                load: vec![elsewhere],
                unload: vec![shared.clone()],
                unload_keys: vec![id(1).to_string()],
                ..Plan::default()
            },
        ),
        (
            "one is gone",
            vec![&one],
            Plan { load: vec![shared.clone()], unload_keys: vec![id(2).to_string()], ..Plan::default() },
        ),
        (
            "all are gone",
            vec![],
            Plan {
                unload: vec![shared],
                unload_keys: vec![id(1).to_string(), id(2).to_string()],
                ..Plan::default()
            },
        ),
    ] {
        let mut got = plan(&key, &before, &wanted);
        got.load.sort();
        assert_eq!(got, want, "{what} changed");
        assert_eq!(
            plan(&key, &told(&key, &wanted), &wanted),
            Plan::default(),
            "{what}: twice changes nothing"
        );
    }
}

#[test]
fn what_an_earlier_agent_has_loaded_is_loaded_again_and_its_strangers_go() {
    let key = FingerprintKey::random();
    let one = connection(1, IkeVersion::V2);
    let name = peering(&[&one]).name().to_owned();
    let unknown = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), Observed::Unknown)).collect();
    let (bare, other) = (id(1).to_string(), id(7).to_string());
    let loaded = Loaded {
        peerings: unknown(&[&name, &bare, "stranger"]),
        keys: [&bare, &other].map(|id| (id.clone(), Observed::Unknown)).into(),
    };
    let want = Plan {
        load_keys: vec![id(1)],
        load: vec![name.clone()],
        unload: vec![bare.clone(), "stranger".to_owned()],
        unload_keys: vec![other.clone()],
    };
    assert_eq!(plan(&key, &loaded, &[&one]), want);

    // Connection 7 is to run, too, as soon as its peer's name has an address: what carries its packets stays until then.
    let peerings = Peering::group([&one]);
    let held = Held { peerings: BTreeSet::from(["stranger"]), keys: BTreeSet::from([id(7)]) };
    let got = Plan::new(&loaded, &peerings, &keys(&key, &[&one]), &held);
    assert_eq!(got, Plan { unload: vec![bare], unload_keys: vec![], ..want });
    let ours =
        told(&key, &[&connection_with(2, IkeVersion::V2, |spec| spec.ike.dh_group = DhGroup::Group14)]);
    let name = ours.peerings.keys().next().unwrap();
    let held = Held { peerings: BTreeSet::from([name.as_str()]), keys: BTreeSet::from([id(2)]) };
    let got = Plan::new(&ours, &[], &BTreeMap::new(), &held);
    assert_eq!(
        got,
        Plan { unload: vec![name.clone()], ..Plan::default() },
        "what we loaded ourselves is known"
    );
}

#[test]
fn of_different_keys_between_the_same_identities_the_first_stays() {
    let fingerprints = FingerprintKey::random();
    let connection = |number, psk: &str, peer_id: &str| {
        connection_with(number, IkeVersion::V2, |spec| {
            spec.psk = Psk::new(psk);
            spec.peer_id = peer_id.to_owned();
        })
    };
    for (what, claims, want) in [
        ("all the same", vec![(1, "a", "x", true), (2, "a", "x", false)], vec![]),
        ("another pair of identities", vec![(1, "a", "x", true), (2, "b", "y", false)], vec![]),
        ("a new one", vec![(1, "a", "x", true), (2, "b", "x", false)], vec![(2, 1)]),
        ("a new one with a lower id", vec![(1, "a", "x", false), (2, "b", "x", true)], vec![(1, 2)]),
        (
            "all new",
            vec![(3, "a", "x", false), (1, "b", "x", false), (2, "a", "x", false)],
            vec![(2, 1), (3, 1)],
        ),
        ("both changed, one after the other", vec![(1, "b", "x", false), (2, "b", "x", true)], vec![]),
    ] {
        let connections: Vec<_> = claims
            .iter()
            .map(|(number, psk, peer_id, is_loaded)| (connection(*number, psk, peer_id), *is_loaded))
            .collect();
        let claims: Vec<_> = connections
            .iter()
            .map(|(connection, is_loaded)| Claim {
                id: connection.id(),
                identities: connection.identities(),
                key: connection.key_fingerprint(&fingerprints),
                is_loaded: *is_loaded,
            })
            .collect();
        let want = want.into_iter().map(|(later, first)| (id(later), id(first))).collect();
        assert_eq!(contradictions(&claims), want, "{what}");
    }
}

fn sorted<const N: usize>(mut names: [String; N]) -> Vec<String> {
    names.sort();
    names.to_vec()
}
