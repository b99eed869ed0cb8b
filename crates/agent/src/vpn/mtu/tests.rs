use adit_model::algorithm::IkeVersion;

use super::*;
use crate::vpn::examples::{id, spec};

const DEVICE: Device = Device { index: 7, mtu: 1400 };

/// A connection of local networks, networks of the peer, and MTU.
fn asking(local: &[&str], peer: &[&str], mtu: u32) -> ConnectionSpec {
    let nets = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    let spec = spec(id(1), IkeVersion::V2);
    ConnectionSpec { local_networks: nets(local), peer_networks: nets(peer), mtu, ..spec }
}

fn limits_of(connections: &[ConnectionSpec], connected: &[&str]) -> Limits {
    let connected = connected.iter().map(|text| text.parse().unwrap()).collect();
    limits(connections, |_| Some(DEVICE), &connected)
}

/// `LOCAL: PEER 1200, OTHER -; ...`
fn shown(limits: &Limits) -> String {
    let way = |(peer, way): (&IpNet, &Way)| match way {
        Way::Interface { index, mtu } => {
            assert_eq!(*index, DEVICE.index);
            format!("{peer} {mtu}")
        }
        Way::Elsewhere => format!("{peer} -"),
    };
    let table = |(local, ways): (&IpNet, &BTreeMap<IpNet, Way>)| {
        format!("{local}: {}", ways.iter().map(way).collect::<Vec<_>>().join(", "))
    };
    limits.iter().map(table).collect::<Vec<_>>().join("; ")
}

#[test]
fn who_asks_for_less_than_fits_gets_it_between_its_networks() {
    let one = |mtu| asking(&["10.1.0.0/24"], &["10.2.0.0/24"], mtu);
    let off = ConnectionSpec { admin_state_up: false, ..one(1200) };
    let to_hub = |mtu| asking(&["10.1.0.0/24"], &["10.0.0.0/8"], mtu);
    let by_name = ConnectionSpec {
        peer_address: String::from("peer.example"),
        ..asking(&["0.0.0.0/0"], &["10.2.0.0/24"], 1200)
    };
    for (what, connections, want) in [
        ("what fits, by default", vec![one(0)], ""),
        ("as much as fits", vec![one(1400)], ""),
        ("more than fits", vec![one(1500)], ""),
        ("less", vec![one(1399)], "10.1.0.0/24: 10.2.0.0/24 1399"),
        ("switched off", vec![off], ""),
        (
            "host bits, all pairs, and of one IP version only",
            vec![asking(&["10.1.0.7/24", "fd01::/64"], &["10.2.0.9/24", "fd02::/64", "10.3.0.0/16"], 1300)],
            "10.1.0.0/24: 10.2.0.0/24 1300, 10.3.0.0/16 1300; fd01::/64: fd02::/64 1300",
        ),
        (
            "the lowest of several, and the others' networks are their own",
            vec![one(1300), one(1200), one(0), asking(&["10.4.0.0/24"], &["10.2.0.0/24"], 1350)],
            "10.1.0.0/24: 10.2.0.0/24 1200; 10.4.0.0/24: 10.2.0.0/24 1350",
        ),
        (
            "a part of a peer's network: no more than the whole, and the whole no less for it",
            vec![to_hub(1300), one(1200), asking(&["10.1.0.0/24"], &["10.3.0.0/24"], 1350)],
            "10.1.0.0/24: 10.0.0.0/8 1300, 10.2.0.0/24 1200, 10.3.0.0/24 1300",
        ),
        (
            "a part of our network: what is asked for of the whole too",
            vec![one(1300), asking(&["10.1.0.0/16"], &["10.2.0.0/24", "10.5.0.0/24"], 1250)],
            "10.1.0.0/16: 10.2.0.0/24 1250, 10.5.0.0/24 1250; 10.1.0.0/24: 10.2.0.0/24 1250, 10.5.0.0/24 1250",
        ),
        (
            "everything of ours, but not by the way of the tunnel's own packets",
            vec![
                asking(&["0.0.0.0/0"], &["10.2.0.0/24"], 1200),
                asking(&["192.0.2.0/24"], &["192.0.2.0/24", "10.3.0.0/24"], 1200),
            ],
            "0.0.0.0/0: 10.2.0.0/24 1200; 192.0.2.0/24: 10.2.0.0/24 1200, 10.3.0.0/24 1200",
        ),
        ("and who knows where a name leads", vec![by_name], ""),
    ] {
        assert_eq!(shown(&limits_of(&connections, &[])), want, "{what}");
    }
    let unreachable = limits(&[one(1200)], |_| None, &BTreeSet::new());
    assert_eq!(unreachable, Limits::new(), "without an interface");
}

#[test]
fn what_the_router_is_connected_to_is_not_concerned() {
    let all = asking(&["10.1.0.0/24"], &["10.0.0.0/8"], 1200);
    let connected = ["10.1.0.1/24", "10.3.0.1/24", "203.0.113.5/24", "fd01::1/64"];
    assert_eq!(
        shown(&limits_of(&[all], &connected)),
        "10.1.0.0/24: 10.0.0.0/8 1200, 10.1.0.0/24 -, 10.3.0.0/24 -"
    );
}

/// Rules and routes as the steps leave them, which must not depend on what was there before.
fn done(steps: &[Step], rules: &mut BTreeSet<Rule>, routes: &mut TableRoutes) {
    for step in steps {
        match step {
            Step::DeleteRule(rule) => assert!(rules.remove(rule), "{rule:?}"),
            Step::AddRule(rule) => assert!(rules.insert(rule.clone()), "{rule:?}"),
            Step::SetRoute { table, destination, way } => drop(routes.insert((*table, *destination), *way)),
            Step::DeleteRoute { table, destination } => {
                assert!(routes.remove(&(*table, *destination)).is_some());
            }
        }
    }
}

#[test]
fn each_change_is_made_and_nothing_else() {
    let one = |mtu| asking(&["10.1.0.0/24"], &["10.2.0.0/24"], mtu);
    let two = asking(&["10.0.0.0/16"], &["10.2.0.0/24"], 1300);
    let (mut rules, mut routes) = (BTreeSet::new(), TableRoutes::new());
    let mut shown = String::new();
    for (what, connections) in [
        ("added", vec![one(1200)]),
        ("the same", vec![one(1200)]),
        ("edited", vec![one(1250)]),
        ("another before it", vec![one(1250), two.clone()]),
        ("the first one gone", vec![two]),
        ("all gone", vec![]),
    ] {
        let wanted = limits_of(&connections, &[]);
        let steps = plan(&wanted, &rules, &routes);
        shown.extend(
            [format!("{what}\n")].into_iter().chain(steps.iter().map(|step| format!("  {step:?}\n"))),
        );
        done(&steps, &mut rules, &mut routes);
        assert_eq!(plan(&wanted, &rules, &routes), [], "{what}");
    }
    assert!(rules.is_empty() && routes.is_empty());
    insta::assert_snapshot!(shown, @r"
    added
      SetRoute { table: 17300, destination: 10.2.0.0/24, way: Interface { index: 7, mtu: 1200 } }
      AddRule(Rule { source: 10.1.0.0/24, priority: 195, table: 17300 })
    the same
    edited
      SetRoute { table: 17300, destination: 10.2.0.0/24, way: Interface { index: 7, mtu: 1250 } }
    another before it
      SetRoute { table: 17301, destination: 10.2.0.0/24, way: Interface { index: 7, mtu: 1300 } }
      AddRule(Rule { source: 10.0.0.0/16, priority: 203, table: 17301 })
    the first one gone
      DeleteRule(Rule { source: 10.1.0.0/24, priority: 195, table: 17300 })
      DeleteRoute { table: 17300, destination: 10.2.0.0/24 }
    all gone
      DeleteRule(Rule { source: 10.0.0.0/16, priority: 203, table: 17301 })
      DeleteRoute { table: 17301, destination: 10.2.0.0/24 }
    ");
}

#[test]
fn what_a_crash_or_the_end_of_charons_device_left_is_mended() {
    let wanted = limits_of(&[asking(&["10.1.0.0/24"], &["10.2.0.0/24"], 1200)], &[]);
    let rule = |source: &str, priority, table| Rule { source: source.parse().unwrap(), priority, table };
    let right = rule("10.1.0.0/24", 195, 17_305);
    let rules = BTreeSet::from([
        right.clone(),
        rule("10.1.0.0/24", 195, 17_306),
        rule("10.1.0.0/24", 99, 17_307),
        rule("10.9.0.0/24", 195, 17_300),
    ]);
    let stale = Way::Interface { index: 3, mtu: 1200 };
    let routes = [("10.2.0.0/24", 17_305), ("10.2.0.0/24", 17_306), ("10.8.0.0/24", 17_305)];
    let mut routes: TableRoutes =
        routes.into_iter().map(|(net, table)| ((table, net.parse().unwrap()), stale)).collect();
    let mut mended = rules.clone();
    done(&plan(&wanted, &rules, &routes), &mut mended, &mut routes);
    assert_eq!(mended, BTreeSet::from([right]));
    let way = Way::Interface { index: DEVICE.index, mtu: 1200 };
    assert_eq!(routes, TableRoutes::from([((17_305, "10.2.0.0/24".parse().unwrap()), way)]));
}
