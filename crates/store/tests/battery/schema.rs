//! The migrations, and whether they make what the records read.

use adit_model::identity::{AccessRule, Domain, Endpoint, Project, Region, Role, Service, User};
use adit_model::{
    EndpointGroup, Flavor, FloatingIp, IkePolicy, IpsecPolicy, Network, Port, Reason, ReasonCode, Router,
    SecurityGroup, SecurityGroupRule, ServiceProfile, SiteConnection, Subnet, VpnService,
};
use adit_store::{Agent, ApplicationCredential, Error, Listing, Record, Session};
use sea_orm::{ConnectionTrait, Statement};

use crate::database::{Database, insert, insert_connection};
use crate::sample;

pub(crate) async fn migrations_can_be_repeated(database: Database) -> Database {
    let store = database.store().await;
    assert_eq!(store.pending_migrations().await.unwrap(), [""; 0]);
    insert(&store, sample::network(1)).await;
    for _ in 0..2 {
        store.migrate().await.unwrap();
    }
    let session = store.read().await.unwrap();
    assert_eq!(session.table::<Network>().count(&Listing::default()).await.unwrap(), 1);
    database
}

pub(crate) async fn reasons_of_before_have_the_words_of_now(database: Database) -> Database {
    let store = database.store().await;
    insert_connection(&store).await;
    let raw = database.raw().await;
    let of_before = r#"{"code":"peer-silent","text":"peer-silent is no code here"}"#;
    for statement in [
        format!("UPDATE site_connections SET reason = '{of_before}'"),
        "DELETE FROM seaql_migrations WHERE version = 'm0019_reason_codes'".to_owned(),
    ] {
        raw.execute_unprepared(&statement).await.unwrap();
    }
    raw.close().await.unwrap();
    store.migrate().await.unwrap();
    let session = store.read().await.unwrap();
    let connection =
        session.table::<SiteConnection>().list(&Listing::default()).await.unwrap().pop().unwrap();
    let reason = Reason::new(ReasonCode::PeerUnreachable, "peer-silent is no code here");
    assert_eq!(connection.record.reason, Some(reason));
    drop(session);
    // Reading understands the words of before, too.
    let raw = database.raw().await;
    let stored = Statement::from_string(raw.get_database_backend(), "SELECT reason FROM site_connections");
    let stored: String = raw.query_one_raw(stored).await.unwrap().unwrap().try_get("", "reason").unwrap();
    assert!(stored.contains(r#""code":"peer-unreachable""#), "{stored}");
    raw.close().await.unwrap();
    database
}

pub(crate) async fn a_newer_database_is_refused(database: Database) -> Database {
    let raw = database.raw().await;
    let of_the_future = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 0)";
    raw.execute_unprepared(of_the_future).await.unwrap();
    raw.close().await.unwrap();
    let store = database.store().await;
    for refused in [store.migrate().await.unwrap_err(), store.pending_migrations().await.unwrap_err()] {
        assert!(matches!(&refused, Error::Newer { migration } if migration == "m9999_future"), "{refused}");
    }
    database
}

pub(crate) async fn each_table_has_what_its_record_reads(database: Database) -> Database {
    let store = database.store().await;
    let session = store.read().await.unwrap();
    selects::<AccessRule>(&session).await;
    selects::<Agent>(&session).await;
    selects::<ApplicationCredential>(&session).await;
    selects::<Domain>(&session).await;
    selects::<Endpoint>(&session).await;
    selects::<EndpointGroup>(&session).await;
    selects::<FloatingIp>(&session).await;
    selects::<Flavor>(&session).await;
    selects::<IkePolicy>(&session).await;
    selects::<IpsecPolicy>(&session).await;
    selects::<Network>(&session).await;
    selects::<Port>(&session).await;
    selects::<Project>(&session).await;
    selects::<Region>(&session).await;
    selects::<Role>(&session).await;
    selects::<Router>(&session).await;
    selects::<Service>(&session).await;
    selects::<ServiceProfile>(&session).await;
    selects::<SecurityGroup>(&session).await;
    selects::<SecurityGroupRule>(&session).await;
    selects::<SiteConnection>(&session).await;
    selects::<Subnet>(&session).await;
    selects::<User>(&session).await;
    selects::<VpnService>(&session).await;
    database
}

async fn selects<R: Record>(session: &Session) {
    let rows = session.table::<R>().list(&Listing::default()).await;
    assert!(rows.as_ref().is_ok_and(Vec::is_empty), "{}: {:?}", R::NOUN, rows.err());
}
