//! Roles, and which imply which.

use serde_json::{Value, json};

use crate::support::Server;

#[tokio::test]
async fn a_role_lives() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    let body = json!({"role": {"name": "auditor", "description": "d", "options": {}}});
    let made = server.make(&admin, "auditor", "/roles", body).await;
    let links = json!({"self": "http://192.0.2.1:9696/identity/v3/roles/{auditor}"});
    let mut want = json!({"id": "{auditor}", "name": "auditor", "domain_id": null, "description": "d", "options": {}, "links": links});
    assert_eq!(server.shown(&made), want);

    let changed = server
        .ask(&admin, "PATCH", "/roles/{auditor}", json!({"role": {"name": "inspector", "description": null}}))
        .await;
    (want["name"], want["description"]) = (json!("inspector"), Value::Null);
    assert_eq!((changed.status.as_u16(), server.shown(&changed.body)), (200, json!({"role": want})));
    assert_eq!(server.get(&admin, "/roles/{auditor}").await.body, changed.body);
    server
        .lists(
            &admin,
            "name",
            &[
                ("/roles", "admin inspector manager member reader service"),
                ("/roles?name=inspector", "inspector"),
                ("/roles?name=auditor", ""),
                ("/roles?domain_id=default", ""),
                ("/roles?name=member&unheard_of=1", "member"),
            ],
        )
        .await;
    server
        .says(
            &admin,
            &[
                ("DELETE /roles/{auditor}", Value::Null, "204"),
                ("GET /roles/{auditor}", Value::Null, "404 Could not find role: {auditor}."),
                ("DELETE /roles/{auditor}", Value::Null, "404 Could not find role: {auditor}."),
            ],
        )
        .await;
}

#[tokio::test]
async fn what_a_role_cannot_be_is_refused() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    server.name_role(&admin, "member").await;
    server
        .make(&admin, "kept", "/roles", json!({"role": {"name": "kept", "options": {"immutable": true}}}))
        .await;
    let role = |value: Value| json!({"role": value});
    let long = "x".repeat(256);
    server
        .says(
            &admin,
            &[
                ("POST /roles", role(json!({"name": "member"})), "409 Conflict occurred attempting to store role - Duplicate entry found with name member."),
                ("POST /roles", role(json!({})), "400 Invalid input for field/attribute role. Value: {}. 'name' is a required property"),
                ("POST /roles", json!({}), "400 Invalid input for field/attribute role. Value: {}. 'name' is a required property"),
                ("POST /roles", role(json!({"name": ""})), "400 Invalid input for field/attribute name. Value: ''. '' should be non-empty"),
                ("POST /roles", role(json!({"name": "  "})), "400 Invalid input for field/attribute name. Value: '  '. '  ' does not match '[\\\\S]+'"),
                ("POST /roles", role(json!({"name": null})), "400 Invalid input for field/attribute name. Value: None. None is not of type 'string'"),
                ("POST /roles", role(json!({"name": long})), &format!("400 Invalid input for field/attribute name. Value: '{long}'. '{long}' is too long")),
                ("POST /roles", role(json!({"name": "a", "domain_id": "default"})), "400 Invalid input for field/attribute domain_id. Value: 'default'. roles belong to no domain here"),
                ("POST /roles", role(json!({"name": "a", "options": {"other": true}})), "400 Invalid input for field/attribute options. Value: {'other': True}. the option 'other' is not supported"),
                ("PATCH /roles/{nobody}", role(json!({"name": "a"})), "404 Could not find role: {nobody}."),
                ("PATCH /roles/{kept}", role(json!({"name": "member"})), "403 Unable to update immutable role resource: {kept}."),
                ("DELETE /roles/{kept}", Value::Null, "403 Unable to delete immutable role resource: {kept}."),
                ("PATCH /roles/{member}", role(json!({"name": "a"})), "403 Unable to update immutable role resource: {member}."),
                ("PATCH /roles/{member}", role(json!({"options": {"immutable": false}})), "403 Unable to update immutable role resource: {member}."),
                ("DELETE /roles/{member}", Value::Null, "403 Unable to delete immutable role resource: {member}."),
                ("PATCH /roles/{kept}", role(json!({"id": "other"})), "400 Cannot change Role ID"),
                ("PATCH /roles/{kept}", role(json!({"options": {"immutable": false}})), "200"),
                ("PATCH /roles/{kept}", role(json!({"name": "member"})), "409 Conflict occurred attempting to store role - Duplicate entry found with name member."),
                ("DELETE /roles/{kept}", Value::Null, "204"),
            ],
        )
        .await;
    server.lists(&admin, "name", &[("/roles", "admin manager member reader service")]).await;
}

#[tokio::test]
async fn a_role_implies_those_below_it() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    for role in ["admin", "manager", "member", "reader", "service"] {
        server.name_role(&admin, role).await;
    }
    server.make(&admin, "auditor", "/roles", json!({"role": {"name": "auditor"}})).await;
    for (role, want) in [
        ("admin", "admin manager member reader"),
        ("manager", "manager member reader"),
        ("member", "member reader"),
        ("reader", "reader"),
        ("service", "service"),
        ("auditor", "auditor"),
    ] {
        let name = format!("a {role}");
        server.user(&admin, &name, &[&format!("{role} demo")]).await;
        let answer = server
            .authenticate(crate::support::by_password(&name, &name, crate::support::in_project("demo")))
            .await;
        let roles = answer.body["token"]["roles"].as_array().unwrap();
        let mut names: Vec<&str> = roles.iter().map(|role| role["name"].as_str().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names.join(" "), want, "{role}");
    }
    server
        .says(
            &admin,
            &[
                ("HEAD /roles/{admin}/implies/{manager}", Value::Null, "204"),
                ("GET /roles/{manager}/implies/{member}", Value::Null, "204"),
                (
                    "GET /roles/{reader}/implies/{member}",
                    Value::Null,
                    "404 Could not find implied role: {reader} implies {member}.",
                ),
                ("GET /roles/{nobody}/implies", Value::Null, "404 Could not find role: {nobody}."),
                ("GET /roles/{admin}/implies/{nobody}", Value::Null, "404 Could not find role: {nobody}."),
            ],
        )
        .await;
    let implied = server.get(&admin, "/roles/{member}/implies").await;
    let party = |name: &str| json!({"id": format!("{{{name}}}"), "name": name, "links": {"self": format!("http://192.0.2.1:9696/identity/v3/roles/{{{name}}}")}});
    assert_eq!(
        server.shown(&implied.body["role_inference"]),
        json!({"prior_role": party("member"), "implies": [party("reader")]})
    );
    let rules = server.get(&admin, "/role_inferences").await.body;
    let rules: Vec<String> = rules["role_inferences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| format!("{} {}", rule["prior_role"]["name"], rule["implies"][0]["name"]))
        .collect();
    assert_eq!(rules.len(), 3, "{rules:?}");
}
