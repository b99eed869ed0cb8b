//! Ways to name users, projects and domains, and what a token is valid for then.

use serde_json::{Value, json};

use crate::support::{ADMIN_PASSWORD, DEMO_PASSWORD, Server, by_password, by_token};

#[tokio::test]
async fn users_and_projects_are_named_in_many_ways() {
    let server = Server::start().await;
    let domains = [json!({"id": "default"}), json!({"name": "Default"})];
    let mut users = vec![json!({"id": "{demo user}", "password": DEMO_PASSWORD})];
    let mut projects = vec![json!({"id": "{demo project}"})];
    for domain in &domains {
        users.push(json!({"name": "demo", "domain": domain, "password": DEMO_PASSWORD}));
        projects.push(json!({"name": "demo", "domain": domain}));
    }
    for user in &users {
        for project in &projects {
            let identity = json!({"methods": ["password"], "password": {"user": user}});
            let answer =
                server.authenticate(json!({"identity": identity, "scope": {"project": project}})).await;
            assert_eq!(answer.status, 201, "{user} {project}: {}", answer.body);
            let token = server.shown(&answer.body["token"]);
            let domain = json!({"id": "default", "name": "Default"});
            assert_eq!(token["project"], json!({"id": "{demo project}", "name": "demo", "domain": domain}));
            assert_eq!(
                token["user"],
                json!({"id": "{demo user}", "name": "demo", "domain": domain, "password_expires_at": null})
            );
        }
    }
}

#[tokio::test]
async fn a_token_is_valid_for_what_was_asked_for() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    server.name_role(&admin, "reader").await;
    for grant in [
        "PUT /domains/default/users/{demo user}/roles/{reader}",
        "PUT /system/users/{demo user}/roles/{reader}",
    ] {
        assert_eq!(server.said(&admin, grant, Value::Null).await, "204");
    }
    // What the token has beside what each has; the catalogs' types; what the Networking API says.
    for (scope, has, networking) in [
        (Value::Null, "", 401),
        (json!("unscoped"), "", 401),
        (json!({"unscoped": {}}), "", 401),
        (json!({"project": {"id": "{demo project}"}}), "catalog is_domain project roles", 200),
        (json!({"domain": {"id": "default"}}), "catalog domain roles", 401),
        (json!({"domain": {"name": "Default"}}), "catalog domain roles", 401),
        (json!({"system": {"all": true}}), "catalog roles system", 401),
    ] {
        let unscoped = server.token_in("demo", DEMO_PASSWORD, json!("unscoped")).await;
        for auth in [by_password("demo", DEMO_PASSWORD, scope.clone()), by_token(&unscoped, scope.clone())] {
            let answer = server.authenticate(auth.clone()).await;
            assert_eq!(answer.status, 201, "{auth}: {}", answer.body);
            let every = ["methods", "user", "audit_ids", "expires_at", "issued_at"];
            let token = answer.body["token"].as_object().unwrap();
            let mut keys: Vec<&str> =
                token.keys().map(String::as_str).filter(|key| !every.contains(key)).collect();
            keys.sort_unstable();
            assert_eq!(keys.join(" "), has, "{auth}");
            assert_eq!(token.len(), keys.len() + every.len(), "{auth}");
            assert_eq!(server.networking(&answer.subject_token()).await, networking, "{auth}");
        }
    }
}

#[tokio::test]
async fn a_token_tells_what_there_is_to_choose_from() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    server.user(&admin, "anna", &[]).await;
    server.name_role(&admin, "reader").await;
    let (demo, anna) = (server.demo().await, server.token_in("anna", "anna", json!("unscoped")).await);
    let unscoped = server.token_in("demo", DEMO_PASSWORD, json!("unscoped")).await;
    for (token, projects, catalog) in [
        (&admin, "admin demo", "200"),
        (&demo, "demo", "200"),
        (&unscoped, "demo", "403 You are not authorized to perform the requested action."),
        (&anna, "", "403 You are not authorized to perform the requested action."),
    ] {
        server
            .lists(
                token,
                "name",
                &[("/auth/projects", projects), ("/auth/domains", ""), ("/auth/system", "")],
            )
            .await;
        assert_eq!(server.said(token, "GET /auth/catalog", Value::Null).await, catalog);
        let links = json!({"next": null, "self": "http://192.0.2.1:9696/identity/v3/auth/projects", "previous": null});
        assert_eq!(server.get(token, "/auth/projects").await.body["links"], links);
    }
    for grant in [
        "PUT /domains/default/users/{anna user}/roles/{reader}",
        "PUT /system/users/{anna user}/roles/{reader}",
    ] {
        assert_eq!(server.said(&admin, grant, Value::Null).await, "204");
    }
    server.lists(&anna, "name", &[("/auth/domains", "Default")]).await;
    assert_eq!(server.get(&anna, "/auth/system").await.body["system"], json!([{"all": true}]));

    // Disabled projects are not among those that can be chosen, but among those of the user.
    assert_eq!(
        server.said(&admin, "PATCH /projects/{demo project}", json!({"project": {"enabled": false}})).await,
        "200"
    );
    server
        .lists(
            &unscoped,
            "name",
            &[
                ("/auth/projects", ""),
                ("/users/{demo user}/projects", "demo"),
                ("/users/{demo user}/projects?enabled=true", ""),
            ],
        )
        .await;
    let domain_admin = json!({"domain": {"id": "default"}});
    assert_eq!(server.authenticate(by_password("admin", ADMIN_PASSWORD, domain_admin)).await.status, 401);
}
