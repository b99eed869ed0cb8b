//! Application credentials: who makes them, what they are good for, and when they are over.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{Server, by_credential, by_token, in_project};

const ALL: &str = "/users/{demo user}/application_credentials";

#[tokio::test]
async fn an_application_credential_lives() {
    let mut server = Server::start().await;
    let demo = server.demo().await;
    let body = json!({"application_credential": {"name": "robot", "description": "d", "secret": "hunter2", "roles": [{"name": "reader"}], "expires_at": "2099-01-02T03:04:05.000000", "access_rules": []}});
    let mut made = server.make(&demo, "robot", ALL, body).await;
    let role = made["roles"][0].take();
    assert_eq!((&role["name"], &role["options"]), (&json!("reader"), &json!({"immutable": true})));
    let links = json!({"self": "http://192.0.2.1:9696/identity/v3/users/{demo user}/application_credentials/{robot}"});
    let mut want = json!({
        "id": "{robot}", "name": "robot", "description": "d", "user_id": "{demo user}", "project_id": "{demo project}",
        "system": null, "roles": [null], "unrestricted": false, "expires_at": "2099-01-02T03:04:05.000000",
        "secret": "hunter2", "links": links,
    });
    assert_eq!(server.shown(&made), want);
    let one = format!("{ALL}/{{robot}}");
    let mut shown = server.get(&demo, &one).await.body["application_credential"].take();
    shown["roles"][0].take();
    want.as_object_mut().unwrap().remove("secret");
    assert_eq!(server.shown(&shown), want, "the secret is told once");

    let other = server.make(&demo, "other", ALL, json!({"application_credential": {"name": "other"}})).await;
    assert!(other["secret"].as_str().is_some_and(|secret| secret.len() == 64), "{other}");
    assert_eq!(other["roles"].as_array().unwrap().len(), 2, "all that the token has");
    server
        .lists(
            &demo,
            "name",
            &[(ALL, "other robot"), (&format!("{ALL}?name=robot"), "robot"), (&format!("{ALL}?name=x"), "")],
        )
        .await;

    for credential in [
        json!({"id": "{robot}", "secret": "hunter2"}),
        json!({"name": "robot", "secret": "hunter2", "user": {"id": "{demo user}"}}),
        json!({"name": "robot", "secret": "hunter2", "user": {"name": "demo", "domain": {"id": "default"}}}),
        json!({"name": "robot", "secret": "hunter2", "user": {"name": "demo", "domain": {"name": "Default"}}}),
    ] {
        let answer = server.authenticate(by_credential(credential.clone())).await;
        assert_eq!(answer.status, 201, "{credential}: {}", answer.body);
        let token = &answer.body["token"];
        assert_eq!(
            server.shown(&token["application_credential"]),
            json!({"id": "{robot}", "name": "robot", "restricted": true})
        );
        assert_eq!(
            (&token["methods"], &token["project"]["name"]),
            (&json!(["application_credential"]), &json!("demo"))
        );
        assert_eq!(token["roles"].as_array().unwrap().len(), 1);
        let token = answer.subject_token();
        assert_eq!(server.networking(&token).await, 200);
        let body = r#"{"network": {"name": "n"}}"#;
        let refused =
            server.send("POST", "/networking/v2.0/networks", &[("x-auth-token", &token)], body).await;
        assert_eq!(refused.status, 403, "a reader makes nothing");
    }
    let token = server
        .authenticate(by_credential(json!({"id": "{robot}", "secret": "hunter2"})))
        .await
        .subject_token();
    assert_eq!(server.said(&demo, &format!("DELETE {one}"), Value::Null).await, "204");
    assert_eq!(server.networking(&token).await, 401);
    let gone = "404 Could not find Application Credential: {robot}.";
    server
        .says(
            &demo,
            &[(&format!("GET {one}"), Value::Null, gone), (&format!("DELETE {one}"), Value::Null, gone)],
        )
        .await;
}

#[tokio::test]
async fn an_application_credential_does_not_get_further_than_it_should() {
    let mut server = Server::start().await;
    let (admin, demo) = (server.admin().await, server.demo().await);
    let credential = |value: Value| json!({"application_credential": value});
    server.make(&demo, "robot", ALL, credential(json!({"name": "robot", "secret": "s"}))).await;
    server
        .make(&demo, "free", ALL, credential(json!({"name": "free", "secret": "s", "unrestricted": true})))
        .await;
    let scope = json!({"project": {"id": "{demo project}"}});
    let mut scoped = by_credential(json!({"id": "{robot}", "secret": "s"}));
    scoped["scope"] = scope;
    let wrong = "401 The request you have made requires authentication.";
    for (auth, want) in [
        (
            scoped,
            "401 Error authenticating with application credential: Application credentials cannot request a scope.",
        ),
        (by_credential(json!({"id": "{robot}", "secret": "wrong"})), wrong),
        (by_credential(json!({"id": "{nobody}", "secret": "s"})), wrong),
        (by_credential(json!({"name": "nothing", "secret": "s", "user": {"id": "{demo user}"}})), wrong),
        (by_credential(json!({"name": "robot", "secret": "s", "user": {"id": "{admin user}"}})), wrong),
        (by_credential(json!({"name": "robot", "secret": "s", "user": {"id": "{nobody}"}})), wrong),
    ] {
        let answer = server.authenticate(auth.clone()).await;
        assert_eq!(format!("{} {}", answer.status.as_u16(), answer.message()), want, "{auth}");
    }

    let robot =
        server.authenticate(by_credential(json!({"id": "{robot}", "secret": "s"}))).await.subject_token();
    let free =
        server.authenticate(by_credential(json!({"id": "{free}", "secret": "s"}))).await.subject_token();
    let delegated = server.authenticate(by_token(&robot, in_project("demo"))).await;
    assert_eq!(
        (delegated.status.as_u16(), delegated.message()),
        (
            403,
            "You are not authorized to perform the requested action: Using a delegated token to create another token is not allowed.."
        )
    );
    let restricted = "403 You are not authorized to perform the requested action: Using method 'application_credential' is not allowed for managing additional application credentials..";
    let post = format!("POST {ALL}");
    server
        .says(
            &robot,
            &[
                (&post, credential(json!({"name": "a"})), restricted),
                (&format!("DELETE {ALL}/{{free}}"), Value::Null, restricted),
                (&format!("GET {ALL}"), Value::Null, "200"),
            ],
        )
        .await;
    let unscoped = server.token_in("demo", crate::support::DEMO_PASSWORD, json!("unscoped")).await;
    let beyond = "400 Invalid application credential: Could not find role assignment with role: admin, user or group: {demo user}, project, domain, or system: {demo project}.";
    server
        .says(
            &demo,
            &[
                (&post, credential(json!({"name": "robot"})), "409 Conflict occurred attempting to store application_credential - Duplicate entry found with name robot."),
                (&post, credential(json!({"name": "a", "roles": [{"name": "admin"}]})), beyond),
                (&post, credential(json!({"name": "a", "secret": ""})), "400 Invalid input for field/attribute secret. Value: '***'. '***' should be non-empty"),
                (&post, credential(json!({"name": "a", "expires_at": "tomorrow"})), "400 Invalid input for field/attribute expires_at. Value: 'tomorrow'. 'tomorrow' is not a 'date-time'"),
                ("POST /users/{admin user}/application_credentials", credential(json!({"name": "a"})), "403 You are not authorized to perform the requested action: identity:create_application_credential."),
                ("GET /users/{admin user}/application_credentials", Value::Null, "403 You are not authorized to perform the requested action: identity:list_application_credentials."),
            ],
        )
        .await;
    server
        .says(
            &admin,
            &[
                (&post, credential(json!({"name": "a"})), "403 You are not authorized to perform the requested action: identity:create_application_credential."),
                (&format!("GET {ALL}/{{robot}}"), Value::Null, "200"),
                (&format!("GET {ALL}/{{nobody}}"), Value::Null, "404 Could not find Application Credential: {nobody}."),
                ("GET /users/{admin user}/application_credentials/{robot}", Value::Null, "404 Could not find Application Credential: {robot}."),
            ],
        )
        .await;
    assert_eq!(
        server.said(&unscoped, &post, credential(json!({"name": "a"}))).await,
        "403 You are not authorized to perform the requested action."
    );
    assert_eq!(server.said(&free, &post, credential(json!({"name": "made by free"}))).await, "201");
    server.lists(&demo, "name", &[(ALL, "free made by free robot")]).await;
}

#[tokio::test]
async fn a_name_is_taken_for_its_user_alone() {
    let mut server = Server::start().await;
    let (admin, demo) = (server.admin().await, server.demo().await);
    let rules = json!([{"service": "network", "method": "GET", "path": "/v2.0/networks"}]);
    let robot = |rules: Value| json!({"application_credential": {"name": "robot", "access_rules": rules}});
    let taken = "409 Conflict occurred attempting to store application_credential - Duplicate entry found with name robot.";
    let post = format!("POST {ALL}");
    server.make(&demo, "robot", ALL, robot(json!([]))).await;
    // Before anything else is made, and before a rule of nobody is looked for.
    for rules in [rules, json!([{"id": "{nobody}"}])] {
        assert_eq!(server.said(&demo, &post, robot(rules)).await, taken);
    }
    server.lists(&demo, "path", &[("/users/{demo user}/access_rules", "")]).await;
    let theirs = "POST /users/{admin user}/application_credentials";
    assert_eq!(server.said(&admin, theirs, robot(json!([]))).await, "201");
    assert_eq!(server.said(&demo, &format!("DELETE {ALL}/{{robot}}"), Value::Null).await, "204");
    assert_eq!(server.said(&demo, &post, robot(json!([]))).await, "201");
}

#[tokio::test]
async fn an_application_credential_ends_with_what_it_stands_for() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    for (name, request, body) in [
        ("loses its role", "DELETE /projects/{demo project}/users/{USER user}/roles/{member}", Value::Null),
        ("is disabled", "PATCH /users/{USER user}", json!({"user": {"enabled": false}})),
        ("is deleted", "DELETE /users/{USER user}", Value::Null),
    ] {
        server.user(&admin, name, &["member demo"]).await;
        let token = server.token(name, name, "demo").await;
        let path = format!("/users/{{{name} user}}/application_credentials");
        let body_of_credential = json!({"application_credential": {"name": "robot", "secret": "s"}});
        let id = server.make(&token, "robot", &path, body_of_credential).await["id"].clone();
        let auth = by_credential(json!({"id": id, "secret": "s"}));
        let got = server.authenticate(auth.clone()).await;
        assert_eq!(server.networking(&got.subject_token()).await, 200, "{name}");
        assert!(server.said(&admin, &request.replace("USER", name), body).await.starts_with("20"), "{name}");
        assert_eq!(server.networking(&got.subject_token()).await, 401, "{name}");
        assert_eq!(server.authenticate(auth).await.status, 401, "{name}");
    }
}

#[tokio::test]
async fn an_application_credential_expires_with_its_tokens() {
    let mut server = Server::start().await;
    let demo = server.demo().await;
    let soon = Timestamp::now() + SignedDuration::from_mins(10);
    let before = Timestamp::now() - SignedDuration::from_secs(1);
    for (name, expires_at, status) in [("soon", soon, 201), ("over", before, 401)] {
        let body = json!({"application_credential": {"name": name, "secret": "s", "expires_at": expires_at.to_string()}});
        let answer = server.ask(&demo, "POST", ALL, body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let id = answer.body["application_credential"]["id"].clone();
        let got = server.authenticate(by_credential(json!({"id": id, "secret": "s"}))).await;
        assert_eq!(got.status, status, "{name}");
        if status == 201 {
            let ends: Timestamp = got.body["token"]["expires_at"].as_str().unwrap().parse().unwrap();
            assert!(ends <= soon, "{ends} {soon}");
        }
    }
    server.make(&demo, "robot", ALL, json!({"application_credential": {"name": "robot"}})).await;
}
