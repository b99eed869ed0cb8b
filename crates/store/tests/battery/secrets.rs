//! Secrets at rest.

use adit_model::SiteConnection;
use adit_store::{Error, Listing, SealingKey, Store};
use sea_orm::{ConnectionTrait, Statement};

use crate::database::{Database, insert, insert_connection};
use crate::sample;

pub(crate) async fn the_database_never_holds_a_pre_shared_key(database: Database) -> Database {
    let store = database.store().await;
    let first = insert_connection(&store).await;
    let second = insert(&store, SiteConnection { id: sample::id(2), ..first.record.clone() }).await;

    let raw = database.raw().await;
    let select =
        Statement::from_string(raw.get_database_backend(), "SELECT sealed_psk FROM site_connections");
    let rows = raw.query_all_raw(select).await.unwrap();
    let sealed: Vec<String> = rows.iter().map(|row| row.try_get("", "sealed_psk").unwrap()).collect();
    assert_eq!(sealed.len(), 2);
    assert!(sealed.iter().all(|text| text.starts_with("v1:") && !text.contains(sample::PSK)), "{sealed:?}");
    assert_ne!(sealed[0], sealed[1], "equal keys must not look equal");

    // Whoever swaps two sealed keys, or has the database without its key, gets nothing.
    let other = Store::connect(&database.url, SealingKey::generate()).await.unwrap();
    let session = other.read().await.unwrap();
    let refused = session.table::<SiteConnection>().list(&Listing::default()).await;
    assert!(matches!(refused, Err(Error::Sealed)), "{refused:?}");
    let swap = format!("UPDATE site_connections SET sealed_psk = '{}' WHERE id = '{}'", sealed[0], second.id);
    let swap_back =
        format!("UPDATE site_connections SET sealed_psk = '{}' WHERE id = '{}'", sealed[1], first.id);
    for statement in [swap, swap_back] {
        raw.execute_unprepared(&statement).await.unwrap();
    }
    let session = store.read().await.unwrap();
    let refused = session.table::<SiteConnection>().list(&Listing::default()).await;
    assert!(matches!(refused, Err(Error::Sealed)), "{refused:?}");
    drop(session);
    raw.close().await.unwrap();
    database
}
