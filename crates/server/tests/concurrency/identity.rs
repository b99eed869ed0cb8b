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

/// A project that is switched off while somebody gets tokens for it that names none: its default, and that of a credential.
pub(crate) async fn no_token_outlives_the_end_of_its_project(arena: Arena) -> Arena {
    let (person, path) = user(&arena, "user").await;
    let admin = &arena.admin;
    let default = json!({"user": {"default_project_id": person.project}});
    assert_eq!(arena.at_once(vec![(admin, "PATCH", path.as_str(), default)]).await[0].status, 200);
    let credential = json!({"application_credential": {"name": "robot", "secret": "s"}});
    let all = format!("{path}/application_credentials");
    let made = arena.at_once(vec![(&person, "POST", all.as_str(), credential)]).await;
    let id = made[0].body["application_credential"]["id"].as_str().unwrap();
    let project = format!("/identity/v3/projects/{}", person.project);
    let enabled = |enabled: bool| json!({"project": {"enabled": enabled}});
    for round in 0..16 {
        let fresh = arena.server.log_in("user", "user", "demo").await;
        let user = json!({"name": "user", "password": "user", "domain": {"id": "default"}});
        let unscoped = json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": user}}, "scope": "unscoped",
        }});
        let unscoped = arena.at_once(vec![(&fresh, "POST", TOKENS, unscoped)]).await;
        let token = unscoped[0].token.clone().unwrap();
        let by_token = json!({"auth": {"identity": {"methods": ["token"], "token": {"id": token}}}});
        let by_credential = json!({"auth": {"identity": {
            "methods": ["application_credential"], "application_credential": {"id": id, "secret": "s"},
        }}});
        let get = |body: &Value| (&fresh, "POST", TOKENS, body.clone());
        let mut requests: Vec<_> = (0..4).map(|_| (0, get(&by_token))).collect();
        requests.extend((0..2).map(|_| (0, get(&by_credential))));
        requests.push((2 * round, (admin, "PATCH", project.as_str(), enabled(false))));
        requests.extend((0..8).map(|_| (0, get(&by_token))));
        let answers = arena.at_once_after(requests).await;
        let freed = arena.server.call(Some(&admin.token), "PATCH", &project, &enabled(true)).await;
        assert_eq!(freed.status, 200, "{}", freed.body);
        for answer in answers.iter().filter(|answer| answer.token.is_some()) {
            if answer.body["token"]["project"].is_null() {
                // It was too late for the project, which is no error: the token is good for nothing there.
                continue;
            }
            let shown =
                arena.server.call(answer.token.as_deref(), "GET", "/networking/v2.0/networks", &Value::Null);
            assert_eq!(shown.await.status, 401, "round {round}: a token has survived its project");
        }
    }
    arena
}

/// A role that is taken away while somebody makes credentials of it: it does not come back with them.
pub(crate) async fn a_credential_goes_with_a_role_of_its_user(arena: Arena) -> Arena {
    let (person, path) = user(&arena, "user").await;
    let admin = &arena.admin;
    let all = format!("{path}/application_credentials");
    let (_, user_id) = path.rsplit_once('/').unwrap();
    let roles =
        arena.server.call(Some(&admin.token), "GET", "/identity/v3/roles?name=member", &Value::Null).await;
    let role = roles.body["roles"][0]["id"].as_str().unwrap();
    let grant = format!("/identity/v3/projects/{}/users/{user_id}/roles/{role}", person.project);
    for round in 0..16 {
        let make = |number: usize| {
            let name = format!("{round} {number}");
            let body = json!({"application_credential": {"name": name, "secret": "s"}});
            (0, (&person, "POST", all.as_str(), body))
        };
        let mut requests: Vec<_> = (0..4).map(make).collect();
        requests.push((6 * round, (admin, "DELETE", grant.as_str(), Value::Null)));
        let answers = arena.at_once_after(requests).await;
        assert_eq!(answers[4].status, 204, "{}", answers[4].body);
        let again = arena.at_once(vec![(admin, "PUT", grant.as_str(), Value::Null)]).await;
        assert_eq!(again[0].status, 204, "{}", again[0].body);
        let left = arena.at_once(vec![(&person, "GET", all.as_str(), Value::Null)]).await;
        assert_eq!(left[0].body["application_credentials"], json!([]), "round {round}");
    }
    arena
}

/// Two regions, each of which is to become the other's parent.
pub(crate) async fn regions_make_no_circle(arena: Arena) -> Arena {
    const REGIONS: [&str; 2] = ["/identity/v3/regions/north", "/identity/v3/regions/south"];
    let admin = &arena.admin;
    let region = |body: Value| json!({"region": body});
    let made = REGIONS.map(|path| (admin, "PUT", path, region(json!({}))));
    assert!(arena.at_once(made.into()).await.iter().all(|answer| answer.status == 201));
    for round in 0..16 {
        let under = |path, parent| (admin, "PATCH", path, region(json!({"parent_region_id": parent})));
        let answers = arena.at_once(vec![under(REGIONS[0], "south"), under(REGIONS[1], "north")]).await;
        let mut got: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        got.sort_unstable();
        assert_eq!(got, [200, 400], "round {round}: {answers:?}");
        for path in REGIONS {
            let free = (admin, "PATCH", path, region(json!({"parent_region_id": null})));
            assert_eq!(arena.at_once(vec![free]).await[0].status, 200);
        }
    }
    arena
}
