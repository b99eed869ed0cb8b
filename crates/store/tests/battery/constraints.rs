//! What the database itself refuses.

use std::net::Ipv4Addr;

use adit_model::floating_ip::Association;
use adit_model::identity::Region;
use adit_model::{FloatingIp, Network, NetworkId, Port, Router, SecurityGroup, Subnet};
use adit_store::{Error, Record, Store, Stored};

use crate::database::{Database, insert};
use crate::sample::{self, id};

pub(crate) async fn addresses_and_names_are_unique(database: Database) -> Database {
    let store = database.store().await;
    insert(&store, sample::network(1)).await;
    insert(&store, sample::subnet(1)).await;
    insert(&store, sample::port(1)).await;
    insert(&store, sample::network(2)).await;
    insert(&store, sample::subnet(2)).await;

    let same_address = Port { id: id(2), mac_address: sample::port(2).mac_address, ..sample::port(1) };
    assert!(matches!(inserted(&store, same_address).await, Err(Error::Duplicate { .. })));
    let same_mac = Port { id: id(3), fixed_ips: Vec::new(), ..sample::port(1) };
    assert!(matches!(inserted(&store, same_mac).await, Err(Error::Duplicate { .. })));
    let same_mac_elsewhere = Port { id: id(4), network_id: id(2), fixed_ips: Vec::new(), ..sample::port(1) };
    inserted(&store, same_mac_elsewhere).await.unwrap();
    assert!(
        matches!(inserted(&store, sample::network(1)).await, Err(Error::Duplicate { .. })),
        "the same id"
    );

    insert(&store, sample::router(1)).await;
    let association = Association { port_id: id(1), fixed_ip: Ipv4Addr::new(10, 1, 0, 1), router_id: id(1) };
    let associated = |number| FloatingIp {
        own_port_id: id(number),
        association: Some(association),
        ..sample::floating_ip(number, 1)
    };
    insert(&store, associated(1)).await;
    let second = inserted(&store, associated(4)).await;
    assert!(matches!(second, Err(Error::Duplicate { .. })), "of one network for one address: {second:?}");
    insert(&store, FloatingIp { network_id: id(2), ..associated(4) }).await;

    let default = |number| SecurityGroup { is_default: true, ..sample::security_group(number) };
    for (number, want) in [(1, true), (2, false)] {
        let session = store.write().await.unwrap();
        let table = session.table::<SecurityGroup>();
        let inserted = table.insert_default(default(number)).await.unwrap();
        assert_eq!(inserted.is_some(), want, "the default of a project, the first and the second time");
        let found = table.default_of(&sample::project()).await.unwrap().unwrap();
        assert_eq!(found.id, id(1));
        session.commit().await.unwrap();
    }
    let second = inserted(&store, default(2)).await;
    assert!(matches!(second, Err(Error::Duplicate { .. })), "{second:?}");
    insert(&store, sample::security_group(2)).await;

    insert(&store, sample::domain("default")).await;
    let same_name =
        adit_model::identity::Domain { id: adit_model::DomainId::new("x"), ..sample::domain("default") };
    assert!(matches!(inserted(&store, same_name).await, Err(Error::Duplicate { .. })));
    insert(&store, sample::agent(1)).await;
    let same_host = adit_store::Agent { id: id(2), ..sample::agent(1) };
    assert!(matches!(inserted(&store, same_host).await, Err(Error::Duplicate { .. })));
    database
}

pub(crate) async fn rows_that_others_refer_to_stay(database: Database) -> Database {
    let store = database.store().await;
    insert(&store, sample::external_network(1)).await;
    insert(&store, sample::subnet(1)).await;
    insert(&store, sample::security_group(1)).await;
    insert(&store, Port { security_groups: vec![id(1)], ..sample::port(1) }).await;
    insert(&store, sample::router_with_gateway(1, 1)).await;
    insert(&store, sample::vpn_service(1)).await;
    insert(&store, sample::ike_policy(1)).await;
    insert(&store, sample::ipsec_policy(1)).await;
    insert(&store, sample::site_connection(1)).await;

    refused::<Network>(&store, 1).await;
    refused::<Subnet>(&store, 1).await;
    refused::<SecurityGroup>(&store, 1).await;
    refused::<Port>(&store, 1).await;
    refused::<Router>(&store, 1).await;
    refused::<adit_model::VpnService>(&store, 1).await;
    refused::<adit_model::IkePolicy>(&store, 1).await;
    refused::<adit_model::IpsecPolicy>(&store, 1).await;
    let on_nothing = inserted(&store, sample::port(9)).await;
    assert!(matches!(on_nothing, Err(Error::Referenced { .. })), "{on_nothing:?}");

    insert(&store, sample::region("north", None)).await;
    insert(&store, sample::region("north-1", Some("north"))).await;
    insert(&store, sample::service("s")).await;
    insert(&store, sample::endpoint("e", "s", "north-1")).await;
    let session = store.write().await.unwrap();
    let with_its_parts = session.table::<Region>().delete("north").await;
    assert!(matches!(with_its_parts, Err(Error::Referenced { .. })), "{with_its_parts:?}");
    drop(session);

    // In the right order everything goes, and a subnet without ports goes with its network.
    let session = store.write().await.unwrap();
    session.table::<adit_model::SiteConnection>().delete(sample::site_connection(1).id).await.unwrap();
    session.table::<adit_model::VpnService>().delete(sample::vpn_service(1).id).await.unwrap();
    session.table::<Router>().delete(sample::router(1).id).await.unwrap();
    session.table::<Port>().delete(sample::port(1).id).await.unwrap();
    session.table::<SecurityGroup>().delete(sample::security_group(1).id).await.unwrap();
    session.table::<Network>().delete(sample::network(1).id).await.unwrap();
    assert!(session.table::<Subnet>().find(sample::subnet(1).id).await.unwrap().is_none());
    session.commit().await.unwrap();
    database
}

pub(crate) async fn a_failed_session_leaves_nothing_behind(database: Database) -> Database {
    let store = database.store().await;
    insert(&store, sample::network(1)).await;
    let session = store.write().await.unwrap();
    session.table::<Network>().insert(sample::network(2)).await.unwrap();
    assert!(session.table::<Network>().insert(sample::network(1)).await.is_err());
    drop(session);
    let session = store.write().await.unwrap();
    session.table::<Network>().insert(sample::network(3)).await.unwrap();
    drop(session);

    let session = store.read().await.unwrap();
    let found = session.table::<Network>().list(&adit_store::Listing::default()).await.unwrap();
    let ids: Vec<NetworkId> = found.iter().map(|network| network.id).collect();
    assert_eq!(ids, [sample::network(1).id]);
    database
}

async fn inserted<R: Record>(store: &Store, record: R) -> Result<Stored<R>, Error> {
    let session = store.write().await.unwrap();
    let stored = session.table::<R>().insert(record).await?;
    session.commit().await?;
    Ok(stored)
}

async fn refused<R: Record>(store: &Store, number: u8) {
    let session = store.write().await.unwrap();
    let result = session.table::<R>().delete(id::<adit_model::PortId>(number)).await;
    assert!(matches!(result, Err(Error::Referenced { .. })), "{}: {result:?}", R::NOUN);
}
