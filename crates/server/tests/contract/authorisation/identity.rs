//! The Identity API. Columns: nobody, a member of another project, a reader, a member, the administrator.

use serde_json::Value;

use super::{Line, Row};
use crate::common::DEMO_PASSWORD;
use crate::common::kinds::{Access, IDENTITY, KINDS, Kind};
use crate::world::World;

/// What all may do who are somebody.
const ALL: [u16; 5] = [401, 200, 200, 200, 200];
/// What only administrators may see.
const ADMIN: [u16; 5] = [401, 403, 403, 403, 200];
/// What only administrators may do, and gives no body.
const DO: [u16; 5] = [401, 403, 403, 403, 204];

/// What is asked about tokens, and tested in [`tokens_are_for_their_owners_and_administrators`].
pub(crate) const TOKENS: [&str; 2] = ["GET", "DELETE"];

const OTHERS: &[Line] = &[
    ("GET", "", "", [200, 200, 200, 200, 200]),
    ("POST", "auth/tokens", LOG_IN, [201, 201, 201, 201, 201]),
    ("GET", "auth/projects", "", ALL),
    ("GET", "auth/domains", "", ALL),
    ("GET", "auth/system", "", ALL),
    ("GET", "auth/catalog", "", ALL),
    ("GET", "role_assignments", "", ADMIN),
    ("GET", "role_inferences", "", ADMIN),
    ("GET", "roles/{role_id}/implies", "", ADMIN),
    ("GET", "roles/{role_id=member role}/implies/{implied_role_id=reader role}", "", DO),
    // One's own things are one's own, whatever role one has.
    ("GET", "users/{user_id=demo user}/projects", "", [401, 403, 403, 200, 200]),
    ("GET", "users/{user_id=demo user}/application_credentials", "", [401, 403, 403, 200, 200]),
    (
        "POST",
        "users/{user_id=demo user}/application_credentials",
        r#"{"application_credential": {"name": "new"}}"#,
        [401, 403, 403, 201, 403],
    ),
    (
        "GET",
        "users/{user_id=demo user}/application_credentials/{application_credential_id}",
        "",
        [401, 403, 403, 200, 200],
    ),
    (
        "DELETE",
        "users/{user_id=demo user}/application_credentials/{application_credential_id}",
        "",
        [401, 403, 403, 204, 404],
    ),
    ("GET", "users/{user_id=demo user}/access_rules", "", [401, 403, 403, 200, 200]),
    ("GET", "users/{user_id=demo user}/access_rules/{access_rule_id}", "", [401, 403, 403, 200, 200]),
    ("DELETE", "users/{user_id=demo user}/access_rules/{access_rule_id}", "", [401, 403, 403, 204, 404]),
    ("PUT", "regions/{region_id=made region}", r#"{"region": {}}"#, [401, 403, 403, 403, 201]),
    ("PUT", "projects/{project_id}/users/{user_id}/roles/{role_id}", "", DO),
    ("GET", "projects/{project_id}/users/{user_id}/roles", "", ADMIN),
    ("GET", "projects/{project_id}/users/{user_id}/roles/{role_id}", "", DO),
    ("DELETE", "projects/{project_id}/users/{user_id}/roles/{role_id}", "", DO),
    ("PUT", "domains/{domain_id}/users/{user_id}/roles/{role_id}", "", DO),
    ("GET", "domains/{domain_id}/users/{user_id}/roles", "", ADMIN),
    ("GET", "domains/{domain_id}/users/{user_id}/roles/{role_id}", "", DO),
    ("DELETE", "domains/{domain_id}/users/{user_id}/roles/{role_id}", "", DO),
    ("PUT", "system/users/{user_id}/roles/{role_id}", "", DO),
    ("GET", "system/users/{user_id}/roles", "", ADMIN),
    ("GET", "system/users/{user_id}/roles/{role_id}", "", DO),
    ("DELETE", "system/users/{user_id}/roles/{role_id}", "", DO),
];

const LOG_IN: &str = r#"{"auth": {"identity": {"methods": ["password"], "password":
    {"user": {"id": "{demo user}", "password": "demo-password"}}}}}"#;

/// Last, because the tokens of who has another password are worth nothing.
const PASSWORD: &Line = &(
    "POST",
    "users/{user_id=demo user}/password",
    r#"{"user": {"original_password": "demo-password", "password": "another"}}"#,
    // The administrator does not know the password either.
    [401, 403, 403, 204, 401],
);

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    let kinds = KINDS.iter().filter(|kind| kind.api == IDENTITY).flat_map(of_kind);
    let others = OTHERS.iter().map(|line| Row::new(IDENTITY, line));
    others.chain(kinds).chain([Row::new(IDENTITY, PASSWORD)]).collect()
}

fn of_kind(kind: &Kind) -> [Row; 5] {
    let (all, one) = (kind.path(), kind.one());
    let see = match kind.access {
        Access::Admin => ALL,
        Access::Project | Access::Hidden => ADMIN,
    };
    [
        Row { method: "GET", path: all.clone(), body: Value::Null, want: see },
        Row { method: "POST", path: all, body: Value::Null, want: [401, 403, 403, 403, 201] },
        Row { method: "GET", path: one.clone(), body: Value::Null, want: see },
        Row { method: "PATCH", path: one.clone(), body: kind.update(), want: ADMIN },
        Row { method: "DELETE", path: one, body: Value::Null, want: DO },
    ]
}

#[tokio::test]
async fn tokens_are_for_their_owners_and_administrators() {
    let world = World::build().await;
    let path = format!("{IDENTITY}/auth/tokens");
    let server = &world.cloud.server;
    for (method, done) in TOKENS.into_iter().zip([200, 204]) {
        for (who, want) in world.people().into_iter().zip([401, 403, 403, done, done]) {
            let subject = server.log_in("demo", DEMO_PASSWORD, "demo").await.token;
            let mut headers = vec![("x-subject-token", subject.as_str())];
            headers.extend(who.map(|person| ("x-auth-token", person.token.as_str())));
            assert_eq!(server.ask(method, &path, &headers, "").await.status, want, "{method} by {who:?}");
        }
    }
}
