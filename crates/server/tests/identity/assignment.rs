//! Role assignments: in projects, in domains, and in the system.

use serde_json::{Value, json};

use crate::support::{Server, by_password};

#[tokio::test]
async fn a_role_is_given_and_taken_away_anywhere() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    server.user(&admin, "anna", &[]).await;
    server.name_role(&admin, "member").await;
    let nobody = "404 Could not find user: {nobody}.";
    for (place, named, gone, scope) in [
        (
            "/projects/{demo project}",
            "{demo project}",
            "/projects/{nobody}",
            json!({"project": {"id": "{demo project}"}}),
        ),
        ("/domains/default", "default", "/domains/{nobody}", json!({"domain": {"id": "default"}})),
        ("/system", "system", "", json!({"system": {"all": true}})),
    ] {
        let grant = format!("{place}/users/{{anna user}}/roles/{{member}}");
        let absent = format!(
            "404 Could not find role assignment with role: {{member}}, user or group: {{anna user}}, project, domain, or system: {named}."
        );
        let [put, head, get, delete] =
            ["PUT", "HEAD", "GET", "DELETE"].map(|method| format!("{method} {grant}"));
        let auth = by_password("anna", "anna", scope.clone());
        server
            .says(
                &admin,
                &[(&get, Value::Null, &absent), (&head, Value::Null, "404"), (&delete, Value::Null, &absent)],
            )
            .await;
        assert_eq!(server.authenticate(auth.clone()).await.status, 401, "{place}");
        server
            .says(
                &admin,
                &[
                    (&put, Value::Null, "204"),
                    (&put, Value::Null, "204"),
                    (&head, Value::Null, "204"),
                    (&get, Value::Null, "204"),
                ],
            )
            .await;
        server.lists(&admin, "name", &[(&format!("{place}/users/{{anna user}}/roles"), "member")]).await;
        let answer = server.authenticate(auth.clone()).await;
        assert_eq!(answer.status, 201, "{place}: {}", answer.body);
        let token = answer.subject_token();
        let assigned = server.get(&admin, "/role_assignments?user.id={anna user}").await;
        let link = format!("http://192.0.2.1:9696/identity/v3{grant}");
        let want = json!([{"scope": scope, "user": {"id": "{anna user}"}, "role": {"id": "{member}"}, "links": {"assignment": link}}]);
        assert_eq!(server.shown(&assigned.body["role_assignments"]), want);
        server.says(&admin, &[(&delete, Value::Null, "204"), (&get, Value::Null, &absent)]).await;
        assert_eq!(server.get(&token, "/auth/projects").await.status, 401, "what {place} gave is over");

        server
            .says(
                &admin,
                &[
                    (&format!("PUT {place}/users/{{nobody}}/roles/{{member}}"), Value::Null, nobody),
                    (
                        &format!("PUT {place}/users/{{anna user}}/roles/{{nobody}}"),
                        Value::Null,
                        "404 Could not find role: {nobody}.",
                    ),
                    (&format!("GET {place}/users/{{nobody}}/roles"), Value::Null, nobody),
                ],
            )
            .await;
        if !gone.is_empty() {
            let said = server
                .said(&admin, &format!("PUT {gone}/users/{{anna user}}/roles/{{member}}"), Value::Null)
                .await;
            assert!(said.starts_with("404 Could not find ") && said.ends_with(": {nobody}."), "{said}");
        }
    }
}

#[tokio::test]
async fn assignments_are_listed_as_asked() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    server.user(&admin, "anna", &["manager demo", "reader admin"]).await;
    for role in ["admin", "member"] {
        server.name_role(&admin, role).await;
    }
    for grant in [
        "PUT /domains/default/users/{anna user}/roles/{reader}",
        "PUT /system/users/{anna user}/roles/{reader}",
    ] {
        assert_eq!(server.said(&admin, grant, Value::Null).await, "204");
    }
    for (query, want) in [
        (
            "user.id={anna user}",
            "{manager}:{demo project} {reader}:default {reader}:system {reader}:{admin project}",
        ),
        ("user.id={anna user}&scope.project.id={demo project}", "{manager}:{demo project}"),
        (
            "user.id={anna user}&scope.project.id={demo project}&effective",
            "{manager}:{demo project} {member}:{demo project} {reader}:{demo project}",
        ),
        (
            "user.id={anna user}&scope.project.id={demo project}&effective=True",
            "{manager}:{demo project} {member}:{demo project} {reader}:{demo project}",
        ),
        ("user.id={anna user}&scope.project.id={demo project}&effective=0", "{manager}:{demo project}"),
        ("scope.project.id={demo project}&effective&role.id={admin}", "{admin}:{demo project}"),
        ("scope.domain.id=default", "{reader}:default"),
        ("scope.system=all", "{reader}:system"),
        ("role.id={manager}", "{manager}:{demo project}"),
        ("role.id={nobody}", ""),
        ("user.id={nobody}", ""),
        ("group.id={nobody}", ""),
        ("user.id={anna user}&scope.OS-INHERIT:inherited_to=projects", ""),
        ("scope.project.id={demo project}&scope.domain.id=default", ""),
    ] {
        let list = server.get(&admin, &format!("/role_assignments?{query}")).await.body;
        let place = |scope: &Value| {
            let id = scope["project"]["id"].as_str().or_else(|| scope["domain"]["id"].as_str());
            id.unwrap_or("system").to_owned()
        };
        let shown = |one: &Value| format!("{}:{}", one["role"]["id"].as_str().unwrap(), place(&one["scope"]));
        let mut found: Vec<String> = list["role_assignments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| server.with_names(&shown(one)))
            .collect();
        found.sort_unstable();
        let mut want: Vec<&str> = want.split(' ').filter(|word| !word.is_empty()).collect();
        // A name may have a blank in it.
        let rejoined = want.join(" ").replace(" project}", "_project}");
        want = rejoined.split(' ').filter(|word| !word.is_empty()).collect();
        want.sort_unstable();
        let found: Vec<String> = found.into_iter().map(|one| one.replace(" project}", "_project}")).collect();
        let mut found: Vec<&str> = found.iter().map(String::as_str).collect();
        found.sort_unstable();
        assert_eq!(found, want, "{query}");
    }
    let named = server
        .get(&admin, "/role_assignments?user.id={anna user}&scope.domain.id=default&include_names=True")
        .await;
    let want = json!({"domain": {"id": "default", "name": "Default"}});
    assert_eq!(named.body["role_assignments"][0]["scope"], want);
    let user = json!({"id": "{anna user}", "name": "anna", "domain": {"id": "default", "name": "Default"}});
    assert_eq!(server.shown(&named.body["role_assignments"][0]["user"]), user);
    assert_eq!(
        server.shown(&named.body["role_assignments"][0]["role"]),
        json!({"id": "{reader}", "name": "reader"})
    );
}
