//! A cloud in a database of its own, and requests that are sent at once.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use adit_store::Store;
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::common::cloud::Cloud;
use crate::common::{ADMIN_PASSWORD, Answer, DEMO_PASSWORD, Person, Server};

/// A cloud whose requests can be sent at once.
pub(crate) struct Arena {
    cloud: Arc<Cloud>,
}

/// Who asks for what: method, path and body.
pub(crate) type Request<'a> = (&'a Person, &'a str, &'a str, Value);

impl Deref for Arena {
    type Target = Cloud;

    fn deref(&self) -> &Cloud {
        &self.cloud
    }
}

impl DerefMut for Arena {
    /// While nothing is under way.
    fn deref_mut(&mut self) -> &mut Cloud {
        Arc::get_mut(&mut self.cloud).expect("all requests are answered")
    }
}

pub(crate) async fn on_sqlite<F: Future<Output = Arena>>(test: impl FnOnce(Arena) -> F) {
    let dir = tempfile::tempdir().unwrap();
    run(&Store::sqlite_url(&dir.path().join("adit.db")), test).await;
}

/// In a new database of the cluster that `XTASK_POSTGRES` names. Says so where there is none.
pub(crate) async fn on_postgres<F: Future<Output = Arena>>(name: &str, test: impl FnOnce(Arena) -> F) {
    let Ok(cluster) = std::env::var("XTASK_POSTGRES") else {
        eprintln!("SKIPPED: requests at once on PostgreSQL: XTASK_POSTGRES names no cluster");
        return;
    };
    // A name has at most 63 octets.
    let name: String = format!("adit_at_once_{name}").chars().take(63).collect();
    let admin = Database::connect(&cluster).await.unwrap();
    admin.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    let (before, after) = cluster.rsplit_once("/postgres").expect("the URL names the database `postgres`");
    run(&format!("{before}/{name}{after}"), test).await;
    let sql = format!("SELECT deadlocks FROM pg_stat_database WHERE datname = '{name}'");
    let row = admin.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 0, "requests have waited for each other in a circle");
    admin.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
}

async fn run<F: Future<Output = Arena>>(url: &str, test: impl FnOnce(Arena) -> F) {
    let server = Server::start_in(url).await;
    let admin = server.log_in("admin", ADMIN_PASSWORD, "admin").await;
    let demo = server.log_in("demo", DEMO_PASSWORD, "demo").await;
    let ids = [("admin project", &admin), ("demo project", &demo)];
    let ids = ids.map(|(name, person)| (name.to_owned(), person.project.clone())).into();
    // Nobody else is needed here, and each costs a password or two.
    let (reader, stranger) = (demo.clone(), demo.clone());
    test(Arena { cloud: Arc::new(Cloud { server, admin, demo, reader, stranger, ids }) }).await;
}

impl Arena {
    /// Sends requests at once, and returns the answers in the order of the requests. None is an error of the server, but
    /// for one that says to try again.
    pub(crate) async fn at_once(&self, requests: Vec<Request<'_>>) -> Vec<Answer> {
        self.at_once_after(requests.into_iter().map(|request| (0, request)).collect()).await
    }

    /// The same, each after so many requests by the same person that change nothing: what takes longer to begin would
    /// always lose otherwise.
    pub(crate) async fn at_once_after(&self, requests: Vec<(usize, Request<'_>)>) -> Vec<Answer> {
        let count = requests.len();
        let mut tasks = JoinSet::new();
        for (number, (others, (who, method, path, body))) in requests.into_iter().enumerate() {
            let (cloud, who) = (Arc::clone(&self.cloud), who.clone());
            let (method, path) = (method.to_owned(), path.to_owned());
            tasks.spawn(async move {
                for _ in 0..others {
                    cloud.get(&who, "routers?limit=1").await;
                }
                (number, ask(&cloud, &who, &method, &path, &body).await)
            });
        }
        let mut answers: Vec<Option<Answer>> = (0..count).map(|_| None).collect();
        while let Some(done) = tasks.join_next().await {
            let (number, answer) = done.unwrap();
            answers[number] = Some(answer);
        }
        answers.into_iter().flatten().collect()
    }

    /// The objects of a list.
    pub(crate) async fn list(&self, who: &Person, path: &str) -> Vec<Value> {
        let answer = self.get(who, path).await;
        let lists = answer.as_object().unwrap().values().find(|value| value.is_array());
        lists.unwrap().as_array().unwrap().clone()
    }

    /// Whether there is such an object.
    pub(crate) async fn has(&self, path: &str) -> bool {
        self.call(&self.admin, "GET", path, &Value::Null).await.status == 200
    }

    /// The body of a request to change or make one object.
    pub(crate) fn one(singular: &str, attributes: Value) -> Value {
        json!({singular: attributes})
    }
}

async fn ask(cloud: &Cloud, who: &Person, method: &str, path: &str, body: &Value) -> Answer {
    let answer = match path.strip_prefix("/identity") {
        None => cloud.call(who, method, path, body).await,
        Some(_) => cloud.server.call(Some(&who.token), method, path, body).await,
    };
    let is_named = answer.body["NeutronError"]["type"] == "Collision";
    let is_fine = answer.status < 500 || (answer.status == 503 && is_named);
    assert!(is_fine, "{method} {path} {body}: {} {}", answer.status, answer.body);
    answer
}

/// How many of these have this status.
pub(crate) fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}
