//! What gateways said over time, and in which order.

use adit_model::security_association::Observation;
use adit_model::{AgentId, Reason, ReasonCode, Router, SiteConnection, SiteConnectionId, Status, VpnService};
use adit_store::{Agent, Applied, StatusChange, Store, Turn};
use uuid::Uuid;

use crate::database::{Database, insert, insert_connection};
use crate::sample::{self, id, time};

/// With a service and a connection.
async fn store(database: &Database) -> Store {
    let store = database.store().await;
    insert_connection(&store).await;
    store
}

async fn says(store: &Store, status: Status, text: Option<&str>) {
    let reason = text.map(|text| Reason::new(ReasonCode::Other, text));
    let session = store.write().await.unwrap();
    session.table::<SiteConnection>().set_status(id(1), status, reason.as_ref()).await.unwrap();
    session.commit().await.unwrap();
}

async fn history(store: &Store) -> Vec<StatusChange> {
    let session = store.read().await.unwrap();
    session.table::<SiteConnection>().history(id(1)).await.unwrap()
}

pub(crate) async fn changes_are_kept_newest_first_as_many_as_is_useful(database: Database) -> Database {
    let store = store(&database).await;
    assert_eq!(history(&store).await, []);
    says(&store, Status::Active, None).await;
    for number in 0..60 {
        says(&store, Status::Down, Some(&number.to_string())).await;
    }
    let session = store.write().await.unwrap();
    session.table::<VpnService>().set_status(id(1), Status::Active, None).await.unwrap();
    session.commit().await.unwrap();

    let kept = history(&store).await;
    let texts: Vec<String> = kept.iter().map(|change| change.reason.as_ref().unwrap().text.clone()).collect();
    assert_eq!(texts, (10..60).rev().map(|number| number.to_string()).collect::<Vec<_>>());
    assert!(kept.iter().all(|change| change.status == Status::Down && change.since == kept[49].since));
    assert!(kept[49].since < kept[49].at, "it was down before the oldest that is kept");
    let session = store.read().await.unwrap();
    let of_service = session.table::<VpnService>().history(id(1)).await.unwrap();
    assert_eq!(of_service.len(), 1, "each has its own: {of_service:?}");
    drop(session);

    let session = store.write().await.unwrap();
    session.table::<SiteConnection>().delete(id::<SiteConnectionId>(1)).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(history(&store).await, [], "it goes with the connection");
    database
}

pub(crate) async fn what_was_observed_last_is_kept(database: Database) -> Database {
    let store = store(&database).await;
    let observe = async |seconds| {
        let session = store.write().await.unwrap();
        let table = session.table::<SiteConnection>();
        let seen = Observation { observed_at: time(seconds), ike_sas: Vec::new() };
        table.observe(id(1), &seen).await.unwrap();
        session.commit().await.unwrap();
        let session = store.read().await.unwrap();
        let table = session.table::<SiteConnection>();
        assert_eq!(table.observation(id(1)).await.unwrap(), Some(seen));
        table.observed_at(vec![id(1), id(2)]).await.unwrap()
    };
    let session = store.read().await.unwrap();
    assert_eq!(session.table::<SiteConnection>().observation(id(1)).await.unwrap(), None);
    drop(session);
    assert_eq!(observe(1).await.into_iter().collect::<Vec<_>>(), [(id(1), time(1))]);
    assert_eq!(observe(2).await.into_iter().collect::<Vec<_>>(), [(id(1), time(2))]);
    database
}

pub(crate) async fn what_was_applied_is_known_until_the_agent_starts_anew(database: Database) -> Database {
    let store = store(&database).await;
    insert(&store, sample::agent(1)).await;
    let known = async || {
        let session = store.read().await.unwrap();
        session.table::<Router>().applied(id(1)).await.unwrap()
    };
    let said = |generation, outdated: &[u8]| Applied {
        agent_id: id(1),
        generation,
        error: None,
        failure: Some(Reason::new(ReasonCode::DaemonDown, "no daemon")),
        outdated: outdated.iter().map(|number| id(*number)).collect(),
    };
    assert_eq!(known().await, None);
    for applied in [said(1, &[]), said(2, &[1, 7]), Applied { failure: None, ..said(2, &[]) }] {
        let session = store.write().await.unwrap();
        session.table::<Router>().put_applied(id(1), &applied).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(known().await, Some(applied));
    }
    for (agent, is_known) in [(2, true), (1, false)] {
        if agent == 2 {
            insert(&store, sample::agent(2)).await;
        }
        let session = store.write().await.unwrap();
        session.table::<Agent>().begin_reports(id(agent), Uuid::from_u128(1)).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(known().await.is_some(), is_known, "agent {agent} starts");
    }
    database
}

pub(crate) async fn reports_are_taken_in_their_order(database: Database) -> Database {
    let store = database.store().await;
    insert(&store, sample::agent(1)).await;
    let take = async |incarnation: u128, number| {
        let session = store.write().await.unwrap();
        let agents = session.table::<Agent>();
        let turn = agents.take_turn(id(1), Uuid::from_u128(incarnation), number).await.unwrap();
        session.commit().await.unwrap();
        turn
    };
    assert_eq!(take(1, 3).await, Turn::Newest, "nobody counted so far");
    assert_eq!(take(1, 2).await, Turn::Overtaken);
    assert_eq!(take(1, 3).await, Turn::Overtaken);
    assert_eq!(take(1, 4).await, Turn::Newest);
    assert_eq!(take(2, 9).await, Turn::OfAnother);
    let session = store.write().await.unwrap();
    session.table::<Agent>().begin_reports(id(1), Uuid::from_u128(2)).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(take(2, 1).await, Turn::Newest);
    assert_eq!(take(1, 5).await, Turn::OfAnother);
    let session = store.write().await.unwrap();
    session.table::<Agent>().delete(id::<AgentId>(1)).await.unwrap();
    session.commit().await.unwrap();
    database
}
