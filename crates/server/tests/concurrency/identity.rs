//! Users and their tokens.

use serde_json::{Value, json};

use crate::arena::Arena;
use crate::common::Person;

const USERS: &str = "/identity/v3/users";
const TOKENS: &str = "/identity/v3/auth/tokens";

async fn user(arena: &Arena, name: &str) -> (Person, String) {
    let person = arena.person(name, "member", "demo").await;
    let list = format!("{USERS}?name={name}");
    let users = arena.server.call(Some(&arena.admin.token), "GET", &list, &Value::Null).await;
    let id = users.body["users"][0]["id"].as_str().unwrap().to_owned();
    (person, format!("{USERS}/{id}"))
}

pub(crate) async fn changes_of_a_user_at_once_are_all_kept(arena: Arena) -> Arena {
    let (_, path) = user(&arena, "user").await;
    let admin = &arena.admin;
    for round in 0..25 {
        let text = format!("round {round}");
        let changes = ["name", "description", "email"];
        let patch = |attribute: &&str| (admin, "PATCH", path.as_str(), json!({"user": {*attribute: text}}));
        let answers = arena.at_once(changes.iter().map(patch).collect()).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        let shown = arena.server.call(Some(&admin.token), "GET", &path, &Value::Null).await;
        for attribute in changes {
            assert_eq!(shown.body["user"][attribute], json!(text), "{attribute}, round {round}");
        }
    }
    // What is gone meanwhile, or there already, is told as such.
    for round in 0..6 {
        let project = json!({"project": {"name": format!("project {round}")}});
        let post = || (admin, "POST", "/identity/v3/projects", project.clone());
        let answers = arena.at_once(vec![post(), post(), post()]).await;
        let mut got: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        got.sort_unstable();
        assert_eq!(got, [201, 409, 409], "{answers:?}");
    }
    arena
}

pub(crate) async fn no_token_outlives_what_it_was_got_by(arena: Arena) -> Arena {
    let (_, path) = user(&arena, "user").await;
    let admin = &arena.admin;
    for round in 0..8 {
        let person = arena.server.log_in("user", "user", "demo").await;
        let again = json!({"auth": {
            "identity": {"methods": ["token"], "token": {"id": person.token}},
            "scope": {"project": {"id": person.project}},
        }});
        let get = || (&person, "POST", TOKENS, again.clone());
        let enabled = |enabled: bool| json!({"user": {"enabled": enabled}});
        let mut requests: Vec<_> = (0..4).map(|_| get()).collect();
        requests.push((admin, "PATCH", path.as_str(), enabled(false)));
        requests.extend((0..4).map(|_| get()));
        let mut tokens: Vec<String> =
            arena.at_once(requests).await.into_iter().filter_map(|answer| answer.token).collect();
        tokens.push(person.token.clone());
        let freed = arena.server.call(Some(&admin.token), "PATCH", &path, &enabled(true)).await;
        assert_eq!(freed.status, 200, "{}", freed.body);
        for token in &tokens {
            let answer =
                arena.server.call(Some(token), "GET", "/networking/v2.0/networks", &Value::Null).await;
            assert_eq!(answer.status, 401, "round {round}: a token of {} has survived", tokens.len());
        }
    }
    passwords(&arena, &path).await;
    arena
}

/// A user that changes its password while it gets more tokens by the token that this ends.
async fn passwords(arena: &Arena, path: &str) {
    let path = format!("{path}/password");
    for (old, new) in [("user", "second"), ("second", "third")] {
        let person = arena.server.log_in("user", old, "demo").await;
        let again = json!({"auth": {"identity": {"methods": ["token"], "token": {"id": person.token}}}});
        let change = json!({"user": {"original_password": old, "password": new}});
        let changing = arena.at_once(vec![(&person, "POST", path.as_str(), change)]);
        let getting = async {
            let mut tokens = vec![person.token.clone()];
            loop {
                let answers = arena.at_once(vec![(&person, "POST", TOKENS, again.clone()); 4]).await;
                if answers.iter().any(|answer| answer.status == 401) {
                    tokens.extend(answers.into_iter().filter_map(|answer| answer.token));
                    return tokens;
                }
                tokens.extend(answers.into_iter().filter_map(|answer| answer.token));
            }
        };
        let (changed, tokens) = tokio::join!(changing, getting);
        assert_eq!(changed[0].status, 204, "{}", changed[0].body);
        for token in tokens {
            let answer = arena.server.call(Some(&token), "GET", TOKENS, &Value::Null).await;
            assert_eq!(answer.status, 401, "a token has survived the password");
        }
    }
}
