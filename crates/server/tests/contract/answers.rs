//! Every answer has the form that the description gives it, and what is created, shown, listed, changed and deleted
//! agrees with each other.

use serde_json::Value;

use super::common::kinds::KINDS;
use super::common::{Answer, Person};
use super::database::Database;
use super::description::Description;
use super::world::World;

/// Asks, and checks the form of the answer.
async fn ask(
    (world, description): (&World, &Description),
    who: &Person,
    (method, path, body): (&str, &str, &Value),
    want: u16,
) -> Answer {
    let answer = world.ask(Some(who), method, path, body).await;
    assert_eq!(answer.status, want, "{method} {path}: {}", answer.body);
    let operation = description.operation(method, &world.cloud.with_ids(path));
    let operation = operation.unwrap_or_else(|| panic!("{method} {path} is not described"));
    description.check(&operation, answer.status, &answer.body);
    answer
}

#[tokio::test]
async fn answers_agree_with_the_description_and_with_one_another() {
    let world = World::build().await;
    let description = Description::of(&world.cloud.server).await;
    let database = Database::of(&world.cloud.server).await;
    let context = (&world, &description);
    for kind in KINDS {
        let before = database.ids().await;
        let who = world.maker(kind);
        let (all, key) = (kind.path(), kind.singular);
        let created = ask(context, &who, ("POST", &all, &kind.creation(99)), 201).await.body;
        let one = format!("{all}/{}", created[key]["id"].as_str().unwrap());

        for reader in [&who, &world.cloud.admin] {
            let shown = ask(context, reader, ("GET", &one, &Value::Null), 200).await.body;
            let list = ask(context, reader, ("GET", &all, &Value::Null), 200).await.body;
            let listed = list.as_object().unwrap().values().find_map(Value::as_array).unwrap();
            let listed = listed.iter().find(|object| object["id"] == created[key]["id"]).unwrap();
            assert_eq!(*listed, shown[key], "{key}");
            if reader.token == who.token {
                assert_eq!(shown, created, "{key}");
            }
        }
        let change = kind.update();
        let changed = ask(context, &who, (kind.verb(), &one, &change), 200).await.body;
        for (name, value) in change[key].as_object().unwrap() {
            let is_kept = match (&changed[key][name], value) {
                (Value::Object(kept), Value::Object(value)) => {
                    value.iter().all(|(key, value)| kept[key] == *value)
                }
                (kept, value) => kept == value,
            };
            assert!(is_kept, "{key}: {name} is {} after {value}", changed[key][name]);
        }
        let shown = ask(context, &who, ("GET", &one, &Value::Null), 200).await.body;
        assert_eq!(shown, changed, "{key}");

        ask(context, &who, ("DELETE", &one, &Value::Null), 204).await;
        assert_eq!(database.ids().await, before, "a deleted {key} left something");
        ask(context, &who, ("GET", &one, &Value::Null), 404).await;
        ask(context, &who, ("DELETE", &one, &Value::Null), 404).await;
    }
}
