//! An acknowledged write survives `kill -9`: this program runs itself again, lets that write and say so, kills it, and
//! looks.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use adit_model::{Network, NetworkId, ProjectId};
use adit_store::{Listing, SealingKey, Store};
use tokio::task::JoinSet;

/// Where the writer writes; set for the writer alone.
const WRITE_TO: &str = "WRITE_TO";
/// What the writer says before each id.
const WRITTEN: &str = "written ";
/// How many write at the same time, and so share commits.
const TOGETHER: u32 = 8;

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("adit.db");
    let mut acknowledged = Vec::new();
    for round in 0..5 {
        acknowledged.extend(write_until_killed(&file, 20 + 7 * round));
        let store = open(&file).await;
        let session = store.read().await.unwrap();
        let kept = session.table::<Network>().list(&Listing::default()).await.unwrap();
        for network in &kept {
            let number = network.id.uuid().as_u128() & 0xffff_ffff;
            assert!(!number.is_multiple_of(3), "{} was given up, round {round}", network.id);
        }
        for id in &acknowledged {
            assert!(kept.iter().any(|network| network.id.to_string() == *id), "{id} is lost, round {round}");
        }
        // More may have been written that the writer had no time to speak of.
        let unspoken = TOGETHER as usize * (round + 1);
        assert!(kept.len() <= acknowledged.len() + unspoken, "{} {}", kept.len(), acknowledged.len());
    }
}

/// Lets a writer write, and kills it as soon as it has acknowledged so many rows. Returns all that it acknowledged.
fn write_until_killed(file: &Path, rows: usize) -> Vec<String> {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writer", "--ignored", "--nocapture"])
        .env(WRITE_TO, file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut written = lines.by_ref().filter_map(|line| line.split_once(WRITTEN).map(|(_, id)| id.to_owned()));
    let mut acknowledged: Vec<String> = written.by_ref().take(rows).collect();
    assert_eq!(acknowledged.len(), rows, "the writer ended by itself");
    writer.kill().unwrap();
    writer.wait().unwrap();
    acknowledged.extend(written.filter(|id| id.parse::<NetworkId>().is_ok()));
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the other process of the test above"]
async fn writer() {
    let Some(file) = std::env::var_os(WRITE_TO) else { return };
    let store = open(Path::new(&file)).await;
    let mut writers = JoinSet::new();
    for writer in 0..TOGETHER {
        let store = store.clone();
        writers.spawn(async move {
            for number in (0..).map(|number| number * TOGETHER + writer) {
                write(&store, number).await;
            }
        });
    }
    writers.join_all().await;
}

/// Writes, and says so at once. Every third is given up.
async fn write(store: &Store, number: u32) {
    let session = store.write().await.unwrap();
    let network = session.table::<Network>().insert(network(number)).await.unwrap();
    if number.is_multiple_of(3) {
        return;
    }
    session.commit().await.unwrap();
    let line = format!("{WRITTEN}{}\n", network.id);
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

async fn open(file: &Path) -> Store {
    let store = Store::connect(&Store::sqlite_url(file), SealingKey::generate()).await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// With an id that no other process makes.
fn network(number: u32) -> Network {
    let id = format!("{:08x}-0000-4000-8000-{number:012x}", std::process::id());
    Network {
        id: id.parse().unwrap(),
        project_id: ProjectId::new("p"),
        name: String::new(),
        description: String::new(),
        admin_state_up: true,
        shared: false,
        external: false,
        physical: None,
        mtu: 1500,
        port_security_enabled: true,
        dns_domain: String::new(),
        is_default: false,
        availability_zone_hints: Vec::new(),
    }
}
