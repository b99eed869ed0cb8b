//! Domains.

use serde_json::{Value, json};

use crate::support::{Server, by_password};

#[tokio::test]
async fn a_domain_lives() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    let made = server
        .make(&admin, "branch", "/domains", json!({"domain": {"name": "branch", "description": "d"}}))
        .await;
    let links = json!({"self": "http://192.0.2.1:9696/identity/v3/domains/{branch}"});
    let mut want = json!({"id": "{branch}", "name": "branch", "description": "d", "enabled": true, "tags": [], "options": {}, "links": links});
    assert_eq!(server.shown(&made), want);
    let domain = json!({"id": "{branch}"});
    server
        .make(&admin, "office", "/projects", json!({"project": {"name": "demo", "domain_id": "{branch}"}}))
        .await;
    server
        .make(
            &admin,
            "anna",
            "/users",
            json!({"user": {"name": "demo", "password": "p", "domain_id": "{branch}"}}),
        )
        .await;
    server.name_role(&admin, "member").await;
    server
        .says(
            &admin,
            &[
                ("PUT /projects/{office}/users/{anna}/roles/{member}", Value::Null, "204"),
                ("PUT /domains/{branch}/users/{anna}/roles/{member}", Value::Null, "204"),
                ("PATCH /domains/{branch}", json!({"domain": {"name": "subsidiary", "description": "e"}}), "200"),
                ("PATCH /domains/{branch}", json!({"domain": {"name": "Default"}}), "409 Conflict occurred attempting to store project - it is not permitted to have two projects acting as domains with the same name: Default."),
                ("DELETE /domains/{branch}", Value::Null, "403 You are not authorized to perform the requested action: Cannot delete a domain that is enabled, please disable it first.."),
            ],
        )
        .await;
    (want["name"], want["description"]) = (json!("subsidiary"), json!("e"));
    assert_eq!(server.shown(&server.get(&admin, "/domains/{branch}").await.body), json!({"domain": want}));
    server
        .lists(
            &admin,
            "name",
            &[
                ("/domains", "Default subsidiary"),
                ("/domains?name=subsidiary", "subsidiary"),
                ("/domains?enabled=false", ""),
                ("/projects?domain_id={branch}", "demo"),
                ("/users?domain_id={branch}", "demo"),
                ("/users?domain_id=default", "admin demo"),
            ],
        )
        .await;

    // Names are unique within a domain only, and a domain may be named in two ways.
    let user = json!({"name": "demo", "domain": {"name": "subsidiary"}, "password": "p"});
    let auth = |scope: Value| json!({"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope});
    let scope = json!({"project": {"name": "demo", "domain": domain}});
    let answer = server.authenticate(auth(scope.clone())).await;
    assert_eq!(
        (
            answer.status.as_u16(),
            &*server.with_names(answer.body["token"]["project"]["id"].as_str().unwrap())
        ),
        (201, "{office}")
    );
    let token = answer.subject_token();
    assert_eq!(server.authenticate(by_password("demo", "p", scope.clone())).await.status, 401);
    let answer = server.authenticate(auth(json!({"domain": {"name": "subsidiary"}}))).await;
    assert_eq!(
        server.shown(&answer.body["token"]["domain"]),
        json!({"id": "{branch}", "name": "subsidiary"})
    );
    server.lists(&answer.subject_token(), "name", &[("/auth/domains", "subsidiary")]).await;

    // Nobody of a disabled domain gets in.
    assert_eq!(server.networking(&token).await, 200);
    let disable = json!({"domain": {"enabled": false}});
    assert_eq!(server.said(&admin, "PATCH /domains/{branch}", disable).await, "200");
    assert_eq!(server.networking(&token).await, 401);
    assert_eq!(server.authenticate(auth(scope)).await.status, 401);
    server
        .says(
            &admin,
            &[
                ("DELETE /domains/{branch}", Value::Null, "204"),
                ("GET /projects/{office}", Value::Null, "404 Could not find project: {office}."),
                ("GET /users/{anna}", Value::Null, "404 Could not find user: {anna}."),
                ("GET /domains/{branch}", Value::Null, "404 Could not find domain: {branch}."),
            ],
        )
        .await;
}

#[tokio::test]
async fn what_a_domain_cannot_be_is_refused() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let domain = |value: Value| json!({"domain": value});
    server
        .says(
            &admin,
            &[
                ("POST /domains", domain(json!({})), "400 Invalid input for field/attribute domain. Value: {}. 'name' is a required property"),
                ("POST /domains", domain(json!({"name": "Default"})), "409 Conflict occurred attempting to store project - it is not permitted to have two projects acting as domains with the same name: Default."),
                ("POST /domains", domain(json!({"name": "a", "enabled": 1})), "400 Invalid input for field/attribute enabled. Value: 1. 1 is not of type 'boolean'"),
                ("PATCH /domains/{nobody}", domain(json!({"name": "a"})), "404 Could not find domain: {nobody}."),
                ("PATCH /domains/default", domain(json!({"id": "other"})), "400 Cannot change Domain ID"),
                ("DELETE /domains/default", Value::Null, "403 You are not authorized to perform the requested action: delete the default domain."),
                ("GET /domains/Default", Value::Null, "404 Could not find domain: Default."),
            ],
        )
        .await;
}
