//! Whatever is sent: nothing fails on our side, and what is refused changes nothing.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use adit_api::view::encode;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Map, Value, json};

use super::authorisation::{Row, rows};
use super::common::Person;
use super::common::kinds::{KINDS, Kind};
use super::database::{Contents, Database};
use super::description::Description;
use super::world::World;

/// How many bodies are sent.
const CASES: u32 = 1000;

/// An operation that takes a body.
#[derive(Clone, Debug)]
struct Target {
    method: &'static str,
    path: String,
    /// A body that it takes, or `null`.
    seed: Value,
    /// What else may stand in the object of the body.
    attributes: Vec<String>,
}

impl Target {
    fn new(row: Row, description: &Description) -> Self {
        let attributes = description.attributes(&row.operation());
        let seed = match Self::kind_of(row.method, &row.path) {
            Some(kind) => kind.creation(1),
            None => row.body,
        };
        Self { method: row.method, path: row.path, seed, attributes }
    }

    /// The kind of what this creates.
    fn kind_of(method: &str, path: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|kind| method == "POST" && kind.path() == path)
    }

    /// Whether bodies that are almost right lead to something that takes its time on purpose: a failed login.
    fn checks_passwords(&self) -> bool {
        self.path.ends_with("/auth/tokens") || self.path.ends_with("/password")
    }
}

/// What may be anywhere in a body: also what is only almost right.
fn junk() -> impl Strategy<Value = Value> {
    let words = select(vec![
        "",
        "a",
        " ",
        "null",
        "true",
        "-1",
        "1500",
        "1e9",
        "NaN",
        "0x10",
        "{network}",
        "{router_id}",
        "{subnet_id}",
        "{port_id}",
        "{ikepolicy_id}",
        "{vpnservice_id}",
        "{endpoint_group_id}",
        "{ext}",
        "{user_id}",
        "{project_id}",
        "10.0.0.0/8",
        "10.1.0.7",
        "10.1.0.0/24",
        "0.0.0.0/0",
        "255.255.255.255",
        "::",
        "::/0",
        "2001:db8::/64",
        "fe80::1%eth0",
        "fa:16:3e:00:00:01",
        "cidr",
        "router",
        "v1",
        "v3",
        "sha1",
        "aes-128",
        "group14",
        "hold",
        "a\u{0}b",
        "a\nb",
        "\u{feff}",
        "\u{1f512}",
        "'; DROP TABLE routers; --",
        "%s%n",
        "../../etc/passwd",
        "http://192.0.2.1/",
        "2038-01-19T03:14:08Z",
        "9999999999999999999999",
    ]);
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        2 => select(vec![0, 1, -1, 3, 4, 6, 67, 68, 1500, 65536, i64::from(i32::MAX), i64::from(u32::MAX), i64::MAX, i64::MIN])
            .prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        6 => words.prop_map(Value::from),
        1 => "\\PC{0,12}".prop_map(Value::from),
        1 => (200_usize..5000).prop_map(|length| Value::from("x".repeat(length))),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let keys = select(vec![
            "id",
            "name",
            "network_id",
            "subnet_id",
            "ip_address",
            "value",
            "units",
            "action",
            "",
            "start",
            "end",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(keys.prop_map(str::to_owned), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A body for an operation: anything at all, or one that is right but for some attributes.
fn body(target: &Target) -> BoxedStrategy<Value> {
    let Value::Object(seed) = target.seed.clone() else { return junk().boxed() };
    if target.checks_passwords() {
        return junk().boxed();
    }
    let key = seed.keys().next().cloned().unwrap_or_default();
    let outer = key.clone();
    let inside = junk().prop_map(move |value| json!({outer.clone(): value}));
    let Value::Object(inner) = seed[&key].clone() else { return prop_oneof![junk(), inside].boxed() };
    let mut names: Vec<String> = inner.keys().cloned().chain(target.attributes.iter().cloned()).collect();
    names.extend(["tenant_id", "unknown", "name", "description"].map(str::to_owned));
    let changes = prop::collection::vec((select(names), prop::option::weighted(0.9, junk())), 0..4);
    let almost = changes.prop_map(move |changes| json!({key.clone(): changed(inner.clone(), changes)}));
    prop_oneof![1 => junk(), 1 => inside, 8 => almost].boxed()
}

fn changed(mut object: Map<String, Value>, changes: Vec<(String, Option<Value>)>) -> Map<String, Value> {
    for (name, value) in changes {
        match value {
            Some(value) => object.insert(name, value),
            None => object.remove(&name),
        };
    }
    object
}

/// The world, and what its database has in it.
struct Scene {
    world: World,
    database: Database,
    contents: Contents,
    /// How many answers of each status there were.
    answers: BTreeMap<u16, u32>,
}

impl Scene {
    fn sender(&self, target: &Target) -> Person {
        match Target::kind_of("POST", target.path.split("/{").next().unwrap()) {
            Some(kind) => self.world.maker(kind),
            None => self.world.cloud.admin.clone(),
        }
    }

    async fn send(&mut self, target: &Target, body: &Value) -> Result<(), TestCaseError> {
        let outcome = self.check(target, body).await;
        // Also after a failure, so that the search for a smaller one starts from what is there.
        self.contents = self.database.contents().await;
        outcome
    }

    async fn check(&mut self, target: &Target, body: &Value) -> Result<(), TestCaseError> {
        let Target { method, path, .. } = target;
        let who = self.sender(target);
        let answer = self.world.ask(Some(&who), method, path, body).await;
        *self.answers.entry(answer.status).or_default() += 1;
        prop_assert!(answer.status < 500, "{} {}: {} {}", method, path, answer.status, answer.body);
        if answer.status >= 400 {
            let contents = self.database.contents().await;
            let wrote = written(&self.contents, &contents);
            prop_assert!(wrote.is_empty(), "{} {}: {}, and wrote {:#?}", method, path, answer.status, wrote);
            return Ok(());
        }
        if let Some(kind) = Target::kind_of(method, path) {
            for object in created(kind, &answer.body) {
                self.shown_and_deleted(kind, &who, object).await?;
            }
        } else if let Some(kind) = KINDS.iter().find(|kind| kind.one() == *path) {
            let shown = self.world.ask(Some(&who), "GET", path, &Value::Null).await;
            let (shown, answered) =
                (unechoed(&shown.body[kind.singular]), unechoed(&answer.body[kind.singular]));
            prop_assert_eq!(shown, answered, "{} after {}", path, body);
        }
        Ok(())
    }

    /// What was created is shown as it was answered, and is gone when it is deleted.
    async fn shown_and_deleted(
        &self,
        kind: &Kind,
        who: &Person,
        object: &Value,
    ) -> Result<(), TestCaseError> {
        // The id of a region is whatever its maker wants.
        let one = format!("{}/{}", kind.path(), encode(object["id"].as_str().unwrap_or_default()));
        let shown = self.world.ask(Some(&self.world.cloud.admin), "GET", &one, &Value::Null).await;
        for (name, value) in object.as_object().unwrap() {
            prop_assert_eq!(&shown.body[kind.singular][name], value, "{} of {}", name, one);
        }
        if kind.singular == "domain" {
            // Only one that is off may be deleted.
            self.world.ask(Some(who), "PATCH", &one, &json!({"domain": {"enabled": false}})).await;
        }
        // By the administrator, who may delete whatever it is.
        let gone = self.world.ask(Some(&self.world.cloud.admin), "DELETE", &one, &Value::Null).await;
        prop_assert_eq!(gone.status, 204, "{}: {}", one, gone.body);
        let after = self.world.ask(Some(who), "GET", &one, &Value::Null).await;
        prop_assert_eq!(after.status, 404);
        Ok(())
    }
}

/// The rows that are in one of two dumps only, by table.
fn written(before: &Contents, after: &Contents) -> Vec<String> {
    let of_table = |(table, rows): (&String, &BTreeSet<String>)| {
        let changed: Vec<String> =
            rows.symmetric_difference(&after[table]).map(|row| format!("{table}: {row}")).collect();
        changed
    };
    before.iter().flat_map(of_table).collect()
}

/// The objects of an answer to a creation: one, or several.
fn created<'b>(kind: &Kind, body: &'b Value) -> Vec<&'b Value> {
    match body.get(kind.singular) {
        Some(one) => vec![one],
        None => body.as_object().unwrap().values().filter_map(Value::as_array).flatten().collect(),
    }
}

/// An object without what the answer to a change repeats as it was written.
fn unechoed(object: &Value) -> Value {
    let mut object = object.clone();
    for echoed in ["lifetime", "dpd"] {
        object.as_object_mut().unwrap().remove(echoed);
    }
    object
}

#[test]
fn no_body_makes_it_fail_and_what_is_refused_changes_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (scene, targets) = runtime.block_on(async {
        let world = World::build().await;
        let description = Description::of(&world.cloud.server).await;
        let database = Database::of(&world.cloud.server).await;
        let contents = database.contents().await;
        let targets = rows().into_iter().filter(|row| description.takes_body(&row.operation()));
        let targets: Vec<Target> = targets.map(|row| Target::new(row, &description)).collect();
        (Scene { world, database, contents, answers: BTreeMap::new() }, targets)
    });
    let scene = RefCell::new(scene);
    let strategy = select(targets).prop_flat_map(|target| {
        let body = body(&target);
        (Just(target), body)
    });
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let outcome =
        runner.run(&strategy, |(target, body)| runtime.block_on(scene.borrow_mut().send(&target, &body)));
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    let answers = scene.into_inner().answers;
    for status in [200, 201, 400] {
        assert!(answers.get(&status) > Some(&50), "that tells little: {answers:?}");
    }
}

#[tokio::test]
async fn what_is_no_json_is_refused_and_changes_nothing() {
    let world = World::build().await;
    let description = Description::of(&world.cloud.server).await;
    let database = Database::of(&world.cloud.server).await;
    let contents = database.contents().await;
    let deep = "[".repeat(100_000);
    let bodies = [
        "{",
        "[1,",
        "\u{0}",
        "{\"a\": 1} x",
        "\"",
        "NaN",
        "{\"a\": 1e999}",
        "{\"\\ud800\": 1}",
        deep.as_str(),
    ];
    for row in rows().into_iter().filter(|row| description.takes_body(&row.operation())) {
        let target = Target::new(row, &description);
        let path = world.path(&target.path);
        for body in bodies {
            let headers =
                [("x-auth-token", world.cloud.admin.token.as_str()), ("content-type", "application/json")];
            let answer = world.cloud.server.ask(target.method, &path, &headers, body).await;
            assert!(
                (400..500).contains(&answer.status),
                "{} {path} {:.20}: {}",
                target.method,
                body,
                answer.status
            );
        }
    }
    assert_eq!(database.contents().await, contents);
}
