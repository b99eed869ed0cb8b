//! Checks of site connections.

use std::time::Duration;

use adit_model::check::{CheckState, Probe, ProbeCode, ProbeOutcome, ProbeResult};
use adit_model::{CheckId, Reason, ReasonCode, SiteConnection, SiteConnectionId};
use adit_store::{CHECKS_KEPT, Check, Session, Store};
use uuid::Uuid;

use crate::database::{Database, insert_connection};
use crate::sample::id;

fn check(session: &Session, number: u128) -> Check {
    Check {
        id: CheckId::new(Uuid::from_u128(number)),
        site_connection_id: id(1),
        target: Some("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff".parse().unwrap()),
        state: CheckState::Pending,
        created_at: session.now(),
        expires_at: session.now() + Duration::from_secs(60),
        finished_at: None,
        reason: None,
        results: Vec::new(),
    }
}

async fn begin(store: &Store, number: u128) -> Check {
    let session = store.write().await.unwrap();
    let check = check(&session, number);
    session.table::<SiteConnection>().begin_check(&check).await.unwrap();
    session.commit().await.unwrap();
    check
}

async fn go_on(store: &Store, check: &Check) -> bool {
    let session = store.write().await.unwrap();
    let is_open = session.table::<SiteConnection>().go_on_with_check(check).await.unwrap();
    session.commit().await.unwrap();
    is_open
}

/// What is open, and what is kept.
async fn kept(store: &Store) -> (Vec<Check>, Vec<Check>) {
    let session = store.read().await.unwrap();
    let table = session.table::<SiteConnection>();
    (table.open_checks(vec![id(1), id(2)]).await.unwrap(), table.checks(id(1)).await.unwrap())
}

pub(crate) async fn a_check_goes_on_until_it_has_ended_or_its_time_is_over(database: Database) -> Database {
    let store = database.store().await;
    insert_connection(&store).await;
    let mut first = begin(&store, 1).await;
    assert_eq!(kept(&store).await, (vec![first.clone()], vec![first.clone()]));
    first.state = CheckState::Running;
    assert!(go_on(&store, &first).await);
    assert_eq!(kept(&store).await.0, [first.clone()]);
    first.state = CheckState::Done;
    first.finished_at = Some(first.created_at);
    first.results =
        vec![ProbeResult::new(Probe::Udp500, ProbeOutcome::Failed, ProbeCode::Silent, "no answer came")];
    first.reason = Some(Reason::new(ReasonCode::Other, "why"));
    assert!(go_on(&store, &first).await);
    assert_eq!(kept(&store).await, (vec![], vec![first.clone()]));
    assert!(!go_on(&store, &first).await, "it has ended");

    let mut second = begin(&store, 2).await;
    second.expires_at = second.created_at;
    assert!(go_on(&store, &second).await);
    assert!(!go_on(&store, &second).await, "its time is over");
    assert_eq!(kept(&store).await, (vec![], vec![second, first]));
    database
}

pub(crate) async fn the_last_ones_are_kept(database: Database) -> Database {
    let store = database.store().await;
    insert_connection(&store).await;
    let mut begun = Vec::new();
    for number in 0..8 {
        begun.insert(0, begin(&store, number).await);
    }
    begun.truncate(CHECKS_KEPT);
    assert_eq!(kept(&store).await.1, begun);
    let session = store.write().await.unwrap();
    session.table::<SiteConnection>().delete(id::<SiteConnectionId>(1)).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(kept(&store).await, (vec![], vec![]), "they go with the connection");
    database
}
