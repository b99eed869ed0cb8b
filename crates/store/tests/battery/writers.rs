//! Many who write at the same time, some of whom fail.

use adit_model::{Network, NetworkId};
use adit_store::{Error, Listing, Record, Store};
use futures_util::FutureExt;

use crate::database::{Database, insert};
use crate::sample::{self, id};

/// How many there are.
const WRITERS: u8 = 40;

/// How a writer ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Commit,
    /// It leaves without a commit.
    Leave,
    /// A statement fails, and it leaves.
    Fail,
    /// Somebody ends its task wherever that is.
    Abort,
}

impl End {
    fn of(number: u8) -> Self {
        match number % 4 {
            0 => Self::Leave,
            1 => Self::Fail,
            2 if number.is_multiple_of(3) => Self::Abort,
            _ => Self::Commit,
        }
    }
}

/// A network and a subnet each: what one writes is there as a whole, or not at all.
pub(crate) async fn what_fails_takes_nothing_of_others_along(database: Database) -> Database {
    let store = database.store().await;
    insert(&store, sample::network(0)).await;
    let writers: Vec<_> = (1..=WRITERS)
        .map(|number| {
            let task = tokio::spawn(write(store.clone(), number));
            if End::of(number) == End::Abort {
                task.abort();
            }
            (number, task)
        })
        .collect();
    while writers.iter().any(|(_, task)| !task.is_finished()) {
        // Whoever looks meanwhile sees whole things too.
        look(&store).await;
    }
    for (number, task) in writers {
        match (task.await, End::of(number)) {
            (Err(error), End::Abort) => assert!(error.is_cancelled(), "{error}"),
            // The task may have been done before.
            (Ok(outcome), End::Commit | End::Abort) => outcome.unwrap(),
            (Ok(outcome), End::Leave) => outcome.unwrap(),
            (Ok(outcome), End::Fail) => assert!(matches!(outcome, Err(Error::Duplicate { .. }))),
            (Err(error), end) => panic!("{number} {end:?}: {error}"),
        }
    }
    let kept = look(&store).await;
    for number in 1..=WRITERS {
        let is_kept = kept.contains(&id(number));
        match End::of(number) {
            End::Commit => assert!(is_kept, "{number} was told that it is done"),
            End::Leave | End::Fail => assert!(!is_kept, "{number} has left"),
            End::Abort => {}
        }
    }
    insert(&store, sample::network(WRITERS + 1)).await;
    database
}

async fn write(store: Store, number: u8) -> Result<(), Error> {
    let session = store.write().await?;
    session.table().insert(sample::network(number)).await?;
    session.table().insert(sample::subnet(number)).await?;
    match End::of(number) {
        End::Commit | End::Abort => session.commit().await,
        End::Leave => Ok(()),
        End::Fail => session.table().insert(sample::network(0)).await.map(drop),
    }
}

/// Which networks there are, but for the first.
async fn look(store: &Store) -> Vec<NetworkId> {
    let session = store.read().await.unwrap();
    let networks = session.table::<Network>().list(&Listing::default()).await.unwrap();
    let ids: Vec<NetworkId> = networks.iter().map(|network| network.id).filter(|it| *it != id(0)).collect();
    let mut subnets = ids_of::<adit_model::Subnet>(&session).await;
    let mut texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    texts.sort();
    subnets.sort();
    assert_eq!(texts, subnets, "each network with its subnet");
    ids
}

async fn ids_of<R: Record>(session: &adit_store::Session) -> Vec<String> {
    let stored = session.table::<R>().list(&Listing::default()).await.unwrap();
    stored.iter().map(|stored| stored.record.id()).collect()
}

pub(crate) async fn a_commit_that_nobody_waits_for_is_brought_to_its_end(database: Database) -> Database {
    let store = database.store().await;
    for number in 1..=10 {
        let session = store.write().await.unwrap();
        session.table().insert(sample::network(number)).await.unwrap();
        let (sender, told) = tokio::sync::oneshot::channel();
        let commit = session.commit_then(move || sender.send(()).unwrap());
        // Begun, and given up at once.
        let _ = commit.now_or_never();
        told.await.expect("what comes after a commit comes all the same");
        let session = store.read().await.unwrap();
        let found = session.table::<Network>().find(id::<NetworkId>(number)).await.unwrap();
        assert!(found.is_some(), "{number}");
    }
    database
}
