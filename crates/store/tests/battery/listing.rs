//! Lists: filters, order, pages, and who sees what.

use adit_model::identity::User;
use adit_model::{Network, Port, ProjectId, Subnet};
use adit_store::{Error, Filter, Listing, Page, Record, Store, Stored};
use serde_json::{Value, json};

use crate::database::{Database, insert};
use crate::sample;

pub(crate) async fn filters_are_evaluated_by_the_database(database: Database) -> Database {
    let store = database.store().await;
    networks_and_subnets(&store).await;
    let port = Port { wired: true, ..sample::port(1) };
    insert(&store, port).await;
    insert(&store, sample::port(2)).await;
    let filter = |column, values: Value| Filter { column, values: values.as_array().unwrap().clone() };

    for (filters, want) in [
        (vec![], "network1 network2 network3 ext-net"),
        (vec![filter("name", json!(["network2", "network3", "nothing"]))], "network2 network3"),
        (vec![filter("name", json!(["NETWORK2"]))], ""),
        (vec![filter("external", json!([true]))], "ext-net"),
        (vec![filter("external", json!([true, false]))], "network1 network2 network3 ext-net"),
        (vec![filter("mtu", json!([9000]))], "network3"),
        (vec![filter("mtu", json!([1500])), filter("name", json!(["network1", "network3"]))], "network1"),
        (vec![filter("status", json!(["ACTIVE"]))], "network1 network2 network3 ext-net"),
        (vec![filter("status", json!(["DOWN"]))], ""),
        (vec![filter("name", json!([]))], ""),
        (vec![filter("description", json!(["ünïcode, and 100 %"]))], "network1 network2 network3 ext-net"),
    ] {
        let listing = Listing { filters, ..Listing::default() };
        assert_eq!(names::<Network>(&store, &listing).await, want, "{listing:?}");
        let session = store.read().await.unwrap();
        let count = session.table::<Network>().count(&listing).await.unwrap();
        assert_eq!(count, want.split_whitespace().count() as u64, "{listing:?}");
    }
    let mtu = Listing { filters: vec![filter("mtu", json!([1500]))], ..Listing::default() };
    // More values than a database takes in one statement.
    let values = (0..70_000).map(|number| format!("network{number}")).chain(["ext-net".to_owned()]).collect();
    let session = store.read().await.unwrap();
    let found = session.table::<Network>().list_among("name", values, &mtu).await;
    let mut found: Vec<String> = found.unwrap().iter().map(|network| network.name.clone()).collect();
    found.sort_unstable();
    assert_eq!(found, ["ext-net", "network1", "network2"]);
    drop(session);
    let of_version = Listing { filters: vec![filter("ip_version", json!([6]))], ..Listing::default() };
    assert_eq!(names::<Subnet>(&store, &of_version).await, "subnet3");
    for (column, value, want) in [
        ("fixed_ips", "ip_address=10.1.0.2", "port1"),
        ("fixed_ips", "ip_address=10.1.0.20", ""),
        ("fixed_ips", "ip_address_substr=10.", "port1 port2"),
        ("fixed_ips", "subnet_id=00000000-0000-4000-8000-000000000002", "port2"),
        ("status", "ACTIVE", "port1"),
        ("status", "DOWN", "port2"),
        ("status", "BUILD", ""),
    ] {
        assert_eq!(names::<Port>(&store, &Listing::of(column, value)).await, want, "{column} {value}");
    }
    let session = store.read().await.unwrap();
    let on_subnet = session.table::<Port>().on_subnet(sample::id(2)).await.unwrap();
    assert_eq!(on_subnet.iter().map(|port| port.name.as_str()).collect::<Vec<_>>(), ["port2"]);
    assert_eq!(session.table::<Port>().addresses_of(sample::id(2)).await.unwrap().len(), 2);
    database
}

pub(crate) async fn order_is_as_asked_then_by_age(database: Database) -> Database {
    let store = database.store().await;
    networks_and_subnets(&store).await;
    for (sort, want) in [
        (vec![], "network1 network2 network3 ext-net"),
        (vec![("name", true)], "ext-net network1 network2 network3"),
        (vec![("name", false)], "network3 network2 network1 ext-net"),
        (vec![("mtu", true), ("name", false)], "network2 network1 ext-net network3"),
        (vec![("mtu", false)], "network3 network1 network2 ext-net"),
    ] {
        let listing = Listing { sort, ..Listing::default() };
        assert_eq!(names::<Network>(&store, &listing).await, want, "{listing:?}");
    }
    database
}

pub(crate) async fn pages_go_both_ways(database: Database) -> Database {
    let store = database.store().await;
    networks_and_subnets(&store).await;
    let sort = vec![("mtu", false)]; // network3, and then three alike, by age: network1 network2 ext-net
    for (marker, reverse, want) in [
        (None, false, "network3 network1"),
        (Some(1), false, "network2 ext-net"),
        (Some(2), false, "ext-net"),
        (Some(4), false, ""),
        (None, true, "network2 ext-net"),
        (Some(2), true, "network3 network1"),
        (Some(1), true, "network3"),
        (Some(3), true, ""),
    ] {
        let marker = marker.map(|number| sample::network(number).id.to_string());
        let page = Some(Page { limit: 2, marker, reverse });
        let listing = Listing { sort: sort.clone(), page, ..Listing::default() };
        assert_eq!(names::<Network>(&store, &listing).await, want, "{listing:?}");
    }
    database
}

pub(crate) async fn nothing_is_lost_between_pages_sorted_by_what_may_be_absent(
    database: Database,
) -> Database {
    let store = database.store().await;
    for number in 1..=5 {
        insert(&store, sample::network(number)).await;
        let subnet = sample::subnet(number);
        let gateway_ip = subnet.gateway_ip.filter(|_| number % 2 == 0);
        insert(&store, Subnet { gateway_ip, ..subnet }).await;
    }
    for (ascends, want) in [
        // Neutron's databases put what is absent first.
        (true, "subnet1 subnet3 subnet5 subnet2 subnet4"),
        (false, "subnet4 subnet2 subnet1 subnet3 subnet5"),
    ] {
        let whole = Listing { sort: vec![("gateway_ip", ascends)], ..Listing::default() };
        assert_eq!(names::<Subnet>(&store, &whole).await, want, "{whole:?}");
        for reverse in [false, true] {
            let mut pages = Vec::new();
            let mut marker = None;
            loop {
                let page = Some(Page { limit: 2, marker: marker.take(), reverse });
                let listing = Listing { page, ..whole.clone() };
                let rows = list::<Subnet>(&store, &listing).await;
                let Some(next) = (if reverse { rows.first() } else { rows.last() }) else { break };
                marker = Some(next.id.to_string());
                pages.push(rows.iter().map(|subnet| subnet.name.clone()).collect::<Vec<_>>());
            }
            if reverse {
                pages.reverse();
            }
            assert_eq!(pages.concat().join(" "), want, "ascends {ascends}, reverse {reverse}");
        }
    }
    database
}

pub(crate) async fn a_marker_must_be_in_the_list(database: Database) -> Database {
    let store = database.store().await;
    networks_and_subnets(&store).await;
    let page = |marker: String| Some(Page { limit: 2, marker: Some(marker), reverse: false });
    let session = store.read().await.unwrap();
    for listing in [
        Listing { page: page("nothing".to_owned()), ..Listing::default() },
        // It exists, but the filter excludes it.
        Listing { page: page(sample::network(2).id.to_string()), ..Listing::of("name", "network1") },
    ] {
        let refused = session.table::<Network>().list(&listing).await;
        assert!(matches!(refused, Err(Error::UnknownMarker { .. })), "{listing:?}: {refused:?}");
    }
    database
}

pub(crate) async fn projects_see_what_is_theirs(database: Database) -> Database {
    let store = database.store().await;
    let (mine, theirs) = (ProjectId::new("mine"), ProjectId::new("theirs"));
    for network in [
        Network { project_id: mine.clone(), ..sample::network(1) },
        Network { project_id: theirs.clone(), ..sample::network(2) },
        Network { project_id: theirs.clone(), shared: true, ..sample::network(3) },
        Network { project_id: theirs.clone(), ..sample::external_network(4) },
    ] {
        insert(&store, network).await;
    }
    for number in 1..=4 {
        // A stranger's subnet or port on my network is mine to see, mine on a stranger's network too.
        let project_id = if number == 2 { mine.clone() } else { theirs.clone() };
        insert(&store, Subnet { project_id: theirs.clone(), ..sample::subnet(number) }).await;
        insert(&store, Port { project_id, ..sample::port(number) }).await;
    }
    insert(&store, sample::domain("default")).await;
    insert(&store, sample::user("u")).await;
    let seen = |project: &ProjectId| Listing { visible_to: Some(project.clone()), ..Listing::default() };
    assert_eq!(names::<Network>(&store, &seen(&mine)).await, "network1 network3 ext-net");
    assert_eq!(names::<Subnet>(&store, &seen(&mine)).await, "subnet1 subnet3 subnet4");
    assert_eq!(names::<Port>(&store, &seen(&mine)).await, "port1 port2");
    assert_eq!(list::<User>(&store, &seen(&mine)).await.len(), 0);
    let session = store.read().await.unwrap();
    for (number, visible) in [(1, true), (2, false), (3, true)] {
        let found =
            session.table::<Network>().find_in(sample::network(number).id, &seen(&mine)).await.unwrap();
        assert_eq!(found.is_some(), visible, "network{number}");
    }
    database
}

/// `network1` to `network3`, the last with an MTU of its own, and `ext-net`, each with a subnet; made in that order.
async fn networks_and_subnets(store: &Store) {
    for number in 1..=3 {
        let mtu = if number == 3 { 9000 } else { 1500 };
        insert(store, Network { mtu, ..sample::network(number) }).await;
        let subnet = if number == 3 { sample::ipv6_subnet(number) } else { sample::subnet(number) };
        insert(store, subnet).await;
    }
    insert(store, sample::external_network(4)).await;
}

async fn list<R: Record>(store: &Store, listing: &Listing) -> Vec<Stored<R>> {
    store.read().await.unwrap().table::<R>().list(listing).await.unwrap()
}

trait Named {
    fn name(&self) -> &str;
}

macro_rules! named {
    ($($record:ident)*) => {$(
        impl Named for $record {
            fn name(&self) -> &str {
                &self.name
            }
        }
    )*};
}

named! { Network Subnet Port }

async fn names<R: Record + Named>(store: &Store, listing: &Listing) -> String {
    list::<R>(store, listing).await.iter().map(|row| row.record.name()).collect::<Vec<_>>().join(" ")
}
