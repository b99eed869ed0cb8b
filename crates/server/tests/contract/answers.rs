//! Every answer has the form that the description gives it, and what is created, shown, listed, changed and deleted
//! agrees with each other.

use serde_json::{Value, json};

use super::common::cloud::Cloud;
use super::common::{Answer, Person};
use super::database::Database;
use super::description::Description;
use super::world::{self, KINDS};

/// Asks, and checks the form of the answer.
async fn ask(
    (cloud, description): (&Cloud, &Description),
    who: &Person,
    (method, path, body): (&str, &str, Value),
    want: u16,
) -> Answer {
    let answer = cloud.call(who, method, path, &body).await;
    assert_eq!(answer.status, want, "{method} {path}: {}", answer.body);
    let operation = description.operation(method, &format!("/networking/v2.0/{}", cloud.with_ids(path)));
    let operation = operation.unwrap_or_else(|| panic!("{method} {path} is not described"));
    description.check(&operation, answer.status, &answer.body);
    answer
}

#[tokio::test]
async fn answers_agree_with_the_description_and_with_one_another() {
    let mut cloud = world::build().await;
    let description = Description::of(&cloud.server).await;
    let database = Database::of(&cloud.server).await;
    for kind in &KINDS {
        let before = database.ids().await;
        let who = world::maker(&cloud, kind);
        let (all, key) = (kind.collection, kind.singular);
        let asked = json!({key: (kind.attributes)(2)});
        let created = ask((&cloud, &description), &who, ("POST", all, asked), 201).await.body;
        let id = created[key]["id"].as_str().unwrap().to_owned();
        let one = format!("{all}/{id}");

        for reader in [&who, &cloud.admin.clone()] {
            let shown = ask((&cloud, &description), reader, ("GET", &one, Value::Null), 200).await.body;
            let list = ask((&cloud, &description), reader, ("GET", all, Value::Null), 200).await.body;
            let (_, listed) = list.as_object().unwrap().iter().next().unwrap();
            let listed = listed.as_array().unwrap().iter().find(|object| object["id"] == id).unwrap();
            assert_eq!(*listed, shown[key], "{key}");
            if reader.token == who.token {
                assert_eq!(shown, created, "{key}");
            }
        }
        let change = json!({key: (kind.change)()});
        let changed = ask((&cloud, &description), &who, ("PUT", &one, change.clone()), 200).await.body;
        for (name, value) in (kind.change)().as_object().unwrap() {
            let is_kept = match (&changed[key][name], value) {
                (Value::Object(kept), Value::Object(value)) => {
                    value.iter().all(|(key, value)| kept[key] == *value)
                }
                (kept, value) => kept == value,
            };
            assert!(is_kept, "{key}: {name} is {} after {value}", changed[key][name]);
        }
        let shown = ask((&cloud, &description), &who, ("GET", &one, Value::Null), 200).await.body;
        assert_eq!(shown, changed, "{key}");

        ask((&cloud, &description), &who, ("DELETE", &one, Value::Null), 204).await;
        assert_eq!(database.ids().await, before, "a deleted {key} left something");
        ask((&cloud, &description), &who, ("GET", &one, Value::Null), 404).await;
        ask((&cloud, &description), &who, ("DELETE", &one, Value::Null), 404).await;
        cloud.ids.remove("unused");
    }
}
