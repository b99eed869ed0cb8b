//! The crate against the real kernel, in namespaces that each test makes for itself.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and skips aloud")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use adit_linux::nft::{Chain, ChainKind, Hook, Rules, Table};
use adit_linux::route::default_destination;
use adit_linux::sysctl::Sysctls;
use adit_linux::{
    LinkKind, Namespace, Netlink, Route, Rule, TableRoutes, VethPeer, Way, link, nft, privilege, sysctl, xfrm,
};
use tokio::process::Command;
use tokio::task::JoinSet;

const MARK: u8 = 173;

macro_rules! needs_root {
    () => {
        if let Err(reason) = privilege::check() {
            eprintln!("SKIPPED: {reason}");
            return;
        }
    };
}

/// Three namespaces in a row: `left` and `right` are hosts, `middle` is a router with an interface to either.
struct Row {
    left: Place,
    middle: Place,
    right: Place,
}

impl Row {
    async fn new() -> Self {
        let row = Self { left: Place::new(), middle: Place::new(), right: Place::new() };
        sysctl::write(
            &row.middle.namespace,
            &Sysctls::from([(String::from("net/ipv4/ip_forward"), String::from("1"))]),
        )
        .unwrap();
        row.join(&row.left, "to-left", "10.1.0").await;
        row.join(&row.right, "to-right", "10.2.0").await;
        row
    }

    async fn join(&self, host: &Place, name: &str, net: &str) {
        let peer = VethPeer { name: "eth0", namespace: &host.namespace, mac: [2, 0, 0, 0, 0, 1] };
        self.middle.netlink.add_veth(name, 1450, &peer).await.unwrap();
        for (place, interface, last) in [(&self.middle, name, 1), (host, "eth0", 2)] {
            let address = format!("{net}.{last}/24").parse().unwrap();
            place.netlink.set_addresses(interface, &BTreeSet::from([address])).await.unwrap();
            place.netlink.set_up(interface).await.unwrap();
        }
        self.middle.netlink.settle(&BTreeSet::from([name.to_owned()])).await.unwrap();
        let gateway = format!("{net}.1").parse().unwrap();
        let route = Route { destination: default_destination(gateway), gateways: BTreeSet::from([gateway]) };
        host.netlink.replace_route(&route, MARK).await.unwrap();
    }
}

/// A namespace that goes when the test ends, however it ends.
struct Place {
    namespace: Namespace,
    netlink: Netlink,
}

impl Place {
    fn new() -> Self {
        let namespace = Namespace::create(&unique_name()).unwrap();
        let netlink = Netlink::inside(&namespace).unwrap();
        Self { namespace, netlink }
    }

    async fn pings(&self, address: &str) -> bool {
        self.pings_with(&[], address).await
    }

    async fn pings_with(&self, arguments: &[&str], address: &str) -> bool {
        let mut command = Command::new("ping");
        command
            .args(["-n", "-c", "1", "-W", "1"])
            .args(arguments)
            .arg(address)
            .stdout(Stdio::null())
            .kill_on_drop(true);
        self.namespace.spawn(&mut command).unwrap().wait().await.unwrap().success()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = Namespace::delete(self.namespace.name()) {
            eprintln!("left behind: {error}");
        }
    }
}

fn unique_name() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    format!("adit-test-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

#[tokio::test]
async fn a_namespace_is_made_once_and_deleted_once() {
    needs_root!();
    let name = unique_name();
    assert!(Namespace::open(&name).unwrap().is_none());
    let place = |namespace: &Namespace| {
        namespace.run(|| std::fs::read_link("/proc/thread-self/ns/net").unwrap()).unwrap()
    };
    let first = place(&Namespace::create(&name).unwrap());
    assert_eq!(first, place(&Namespace::create(&name).unwrap()), "made again");
    assert_ne!(first, place(&Namespace::current().unwrap()), "not the one we are in");
    assert!(Namespace::list().unwrap().contains(&name));
    Namespace::delete(&name).unwrap();
    Namespace::delete(&name).unwrap();
    assert!(!Namespace::list().unwrap().contains(&name));
    assert!(!Namespace::path_of(&name).exists());
}

#[tokio::test]
async fn a_file_that_a_crash_left_becomes_a_namespace_or_goes() {
    needs_root!();
    drop(Place::new());
    let name = unique_name();
    std::fs::write(Namespace::path_of(&name), "").unwrap();
    assert!(Namespace::open(&name).unwrap().is_none());
    Namespace::create(&name).unwrap();
    Namespace::delete(&name).unwrap();
    std::fs::write(Namespace::path_of(&name), "").unwrap();
    Namespace::delete(&name).unwrap();
    assert!(!Namespace::path_of(&name).exists());
}

#[test]
fn names_that_leave_the_directory_are_refused() {
    for name in ["", ".", "..", "a/b", "../etc", "nul\0"] {
        assert!(Namespace::open(name).is_err(), "{name:?}");
    }
}

#[tokio::test]
async fn links_are_shown_as_they_were_made() {
    needs_root!();
    let (node, inside) = (Place::new(), Place::new());
    let mac = [0xfa, 0x16, 0x3e, 1, 2, 3];
    let bridge = node.netlink.ensure_bridge("brq-test").await.unwrap();
    assert_eq!(node.netlink.ensure_bridge("brq-test").await.unwrap(), bridge);
    node.netlink
        .add_veth("tap", 1400, &VethPeer { name: "qr", namespace: &inside.namespace, mac })
        .await
        .unwrap();
    node.netlink.plug("tap", "brq-test").await.unwrap();
    node.netlink.set_up("tap").await.unwrap();
    node.netlink.set_alias("tap", "of a test").await.unwrap();

    let tap = node.netlink.link("tap").await.unwrap().unwrap();
    assert_eq!((tap.kind, tap.mtu, tap.up, tap.master), (LinkKind::Veth, 1400, true, Some(bridge.index)));
    assert_eq!(tap.alias.as_deref(), Some("of a test"));
    let far = inside.netlink.links().await.unwrap()["qr"].clone();
    assert_eq!((far.mac, far.mtu, far.up), (Some(mac), 1400, false));

    inside.netlink.set_mac("qr", [0xfa, 0x16, 0x3e, 9, 9, 9]).await.unwrap();
    inside.netlink.set_mtu("qr", 1300).await.unwrap();
    let far = inside.netlink.link("qr").await.unwrap().unwrap();
    assert_eq!((far.mac, far.mtu), (Some([0xfa, 0x16, 0x3e, 9, 9, 9]), 1300));

    assert!(node.netlink.ensure_bridge("tap").await.unwrap_err().to_string().contains("is not a bridge"));
    assert_eq!(
        node.netlink.set_up("nosuch").await.unwrap_err().to_string(),
        "there is no interface `nosuch`"
    );
    node.netlink.delete_link("tap").await.unwrap();
    node.netlink.delete_link("tap").await.unwrap();
    assert_eq!(inside.netlink.link("qr").await.unwrap(), None, "the other end goes too");
}

#[tokio::test]
async fn what_no_interface_can_be_called_is_no_interface() {
    for (name, want) in [
        ("eth0", true),
        ("a-name.of-15-oc", true),
        ("a-name.of-16-oct", false),
        ("", false),
        ("..", false),
        ("a b", false),
        ("a/b", false),
        ("a:b", false),
    ] {
        assert_eq!(link::is_name(name), want, "{name}");
    }
    needs_root!();
    let place = Place::new();
    for name in ["a-name.of-15-oc", "a-name.of-16-octets-and-more", ""] {
        assert_eq!(place.netlink.link(name).await.unwrap(), None, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_are_asked_for_at_once_are_all_given() {
    needs_root!();
    let place = Place::new();
    for number in 0..30 {
        place.netlink.ensure_bridge(&format!("br{number}")).await.unwrap();
    }
    let netlink = Arc::new(Netlink::inside(&place.namespace).unwrap());
    let mut lists = JoinSet::new();
    for _ in 0..50 {
        let netlink = Arc::clone(&netlink);
        lists.spawn(async move {
            assert_eq!(netlink.links().await.unwrap().len(), 31);
            netlink.addresses().await.unwrap();
            netlink.routes(MARK).await.unwrap();
        });
    }
    lists.join_all().await;
}

#[tokio::test]
async fn addresses_and_routes_become_what_is_wanted() {
    needs_root!();
    let row = Row::new().await;
    let netlink = &row.left.netlink;
    let index = netlink.link("eth0").await.unwrap().unwrap().index;
    for wanted in [
        &["10.1.0.2/24", "10.1.0.9/24", "fd00::2/64"][..],
        &["10.1.0.9/24", "fd00::2/64", "fd00::3/64"],
        &["10.1.0.2/24"],
        &["10.1.0.2/24", "fd00::2/64"],
    ] {
        let wanted: BTreeSet<_> = wanted.iter().map(|text| text.parse().unwrap()).collect();
        netlink.set_addresses("eth0", &wanted).await.unwrap();
        assert_eq!(netlink.addresses().await.unwrap().remove(&index).unwrap_or_default(), wanted);
    }
    for (destination, gateways) in [
        ("0.0.0.0/0", &["10.1.0.1"][..]),
        ("10.9.0.0/16", &["10.1.0.7"]),
        ("10.9.0.0/16", &["10.1.0.7", "10.1.0.8"]),
        ("10.9.0.0/16", &["10.1.0.8"]),
        ("fd09::/48", &["fd00::7", "fd00::8"]),
        ("fd09::/48", &["fd00::9"]),
        ("::/0", &["fd00::1"]),
    ] {
        let destination = destination.parse().unwrap();
        let gateways: BTreeSet<_> = gateways.iter().map(|text| text.parse().unwrap()).collect();
        let route = Route { destination, gateways: gateways.clone() };
        netlink.replace_route(&route, MARK).await.unwrap();
        assert_eq!(netlink.routes(MARK).await.unwrap().get(&destination), Some(&gateways), "{destination}");
        assert_eq!(netlink.routes(MARK + 1).await.unwrap().len(), 0, "another's mark");
    }
    for destination in netlink.routes(MARK).await.unwrap().into_keys() {
        netlink.delete_route(destination, MARK).await.unwrap();
        netlink.delete_route(destination, MARK).await.unwrap();
    }
    assert_eq!(netlink.routes(MARK).await.unwrap().len(), 0);
}

#[tokio::test]
async fn what_comes_from_a_network_has_ways_of_its_own() {
    needs_root!();
    let row = Row::new().await;
    let middle = &row.middle.netlink;
    let index = middle.link("to-right").await.unwrap().unwrap().index;
    let net = |text: &str| -> ipnet::IpNet { text.parse().unwrap() };
    let rule = |source: &str, priority, table| Rule { source: net(source), priority, table };
    let rules =
        [rule("10.1.0.0/24", 195, 17_300), rule("fd01::/64", 155, 17_301), rule("0.0.0.0/0", 219, 17_302)];
    let way = |mtu| Way::Interface { index, mtu };
    let mut routes = TableRoutes::from([
        ((17_300, net("10.2.0.0/16")), way(1000)),
        ((17_300, net("10.2.9.0/24")), Way::Elsewhere),
        ((17_301, net("fd02::/64")), way(1300)),
        ((17_301, net("fd02::9/128")), Way::Elsewhere),
        ((17_302, net("10.2.0.0/24")), way(1400)),
        ((17_302, net("0.0.0.0/0")), Way::Elsewhere),
    ]);
    let set = async |routes: &TableRoutes| {
        for ((table, destination), way) in routes {
            middle.set_table_route(*table, *destination, *way, MARK).await.unwrap();
        }
        assert_eq!(middle.table_routes(MARK).await.unwrap(), *routes);
    };
    let flush = Sysctls::from([(String::from("net/ipv4/route/flush"), String::from("1"))]);
    // Packets that may not be fragmented, from a sender that has learned nothing.
    let whole = async |size: &str| {
        sysctl::write(&row.left.namespace, &flush).unwrap();
        row.left.pings_with(&["-M", "do", "-s", size], "10.2.0.2").await
    };
    assert!(whole("1100").await, "before");

    set(&routes).await;
    for rule in rules.iter().chain(&rules) {
        middle.add_rule(rule, MARK).await.unwrap();
    }
    assert_eq!(middle.rules(MARK).await.unwrap(), BTreeSet::from(rules.clone()));
    assert_eq!(middle.rules(MARK + 1).await.unwrap(), BTreeSet::new());
    assert!(whole("900").await && !whole("1100").await);
    routes.insert((17_300, net("10.2.0.0/16")), way(1200));
    routes.insert((17_301, net("fd02::/64")), way(1350));
    set(&routes).await;
    assert!(whole("1100").await && !whole("1200").await, "another MTU");
    routes.insert((17_300, net("10.2.0.0/16")), Way::Elsewhere);
    routes.insert((17_301, net("fd02::/64")), Way::Elsewhere);
    set(&routes).await;
    assert!(!whole("1390").await && whole("1300").await, "the next rule");
    assert_eq!(middle.routes(MARK).await.unwrap(), BTreeMap::new(), "none of the main table");

    for rule in rules.iter().chain(&rules) {
        middle.delete_rule(rule, MARK).await.unwrap();
    }
    for (table, destination) in routes.keys().chain(routes.keys()) {
        middle.delete_table_route(*table, *destination, MARK).await.unwrap();
    }
    assert!(middle.rules(MARK).await.unwrap().is_empty());
    assert!(middle.table_routes(MARK).await.unwrap().is_empty());
    assert!(whole("1390").await, "after");
}

#[tokio::test]
async fn a_table_is_in_force_at_once_and_what_is_in_force_has_a_number() {
    needs_root!();
    let row = Row::new().await;
    assert!(row.left.pings("10.2.0.2").await, "packets pass without rules");
    let rules = || nft::rules(&row.middle.namespace, "adit").unwrap();
    let generation = || rules().generation;
    let fresh = generation();
    assert_eq!(rules().mark, None);

    let mut table = Table {
        name: String::from("adit"),
        chains: vec![Chain {
            name: "forward",
            kind: ChainKind::Filter,
            hook: Hook::Forward,
            priority: 0,
            rules: vec![String::from("oifname \"to-r*\" ip saddr 10.1.0.0/24 ip daddr { 10.2.0.0/24 } drop")],
        }],
    };
    table.apply(&row.middle.namespace, "one").await.unwrap();
    assert!(!row.left.pings("10.2.0.2").await, "the rule drops them");
    assert_eq!(generation(), fresh + 1, "one transaction");
    table.apply(&row.middle.namespace, "two").await.unwrap();
    assert_eq!(rules(), Rules { generation: fresh + 2, mark: Some(String::from("two")) }, "and another one");

    table.chains[0].rules = vec![String::from("nonsense")];
    let refused = table.apply(&row.middle.namespace, "three").await.unwrap_err().to_string();
    assert!(refused.contains("`nft` said"), "{refused}");
    let unchanged = Rules { generation: fresh + 2, mark: Some(String::from("two")) };
    assert_eq!(rules(), unchanged, "a refused table changes nothing");

    table.chains.clear();
    table.apply(&row.middle.namespace, "four").await.unwrap();
    assert!(row.left.pings("10.2.0.2").await, "packets pass again: it was replaced, not added to");
}

#[tokio::test]
async fn addresses_are_announced() {
    needs_root!();
    let row = Row::new().await;
    let on = |key: &str| Sysctls::from([(key.to_owned(), String::from("1"))]);
    sysctl::write(&row.middle.namespace, &on("net/ipv4/conf/all/arp_notify")).unwrap();
    // The neighbour believes announcements of addresses that it did not ask for.
    sysctl::write(&row.left.namespace, &on("net/ipv4/conf/all/arp_accept")).unwrap();
    let addresses = ["10.1.0.1/24", "10.1.0.77/24"].map(|text| text.parse().unwrap());
    row.middle.netlink.set_addresses("to-left", &BTreeSet::from(addresses)).await.unwrap();
    let mac = row.middle.netlink.link("to-left").await.unwrap().unwrap().mac.unwrap();
    row.middle.netlink.set_mac("to-left", mac).await.unwrap();
    let neighbours =
        row.left.namespace.run(|| std::fs::read_to_string("/proc/thread-self/net/arp").unwrap()).unwrap();
    assert!(neighbours.contains("10.1.0.77"), "{neighbours}");
}

#[tokio::test]
async fn sysctls_are_those_of_the_namespace() {
    needs_root!();
    let (one, two) = (Place::new(), Place::new());
    let wanted = Sysctls::from([
        (String::from("net/ipv4/ip_forward"), String::from("1")),
        (String::from("net/ipv4/no_such_setting"), String::from("1")),
    ]);
    let differing = sysctl::differing(&one.namespace, &wanted).unwrap();
    assert_eq!(differing.keys().collect::<Vec<_>>(), ["net/ipv4/ip_forward"]);
    sysctl::write(&one.namespace, &differing).unwrap();
    assert_eq!(sysctl::differing(&one.namespace, &wanted).unwrap(), Sysctls::new());
    assert_eq!(sysctl::differing(&two.namespace, &wanted).unwrap(), differing);
}

#[test]
fn the_kernel_says_whether_it_has_esp() {
    needs_root!();
    let answer = xfrm::esp_in_kernel().unwrap();
    eprintln!("ESP in the kernel: {answer}");
    assert_eq!(xfrm::esp_in_kernel().unwrap(), answer);
}
