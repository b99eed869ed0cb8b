//! Projects.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::Server;

#[tokio::test]
async fn a_project_lives() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let body = json!({"project": {"name": "left", "domain_id": "default", "tags": ["a"], "options": {}}});
    let made = server.ask(&admin, "POST", "/projects", body.clone()).await;
    assert_eq!(made.status, 201);
    assert_json_snapshot!(made.body, {".project.id" => "[id]", ".project.links.self" => "[url]"}, @r#"
    {
      "project": {
        "id": "[id]",
        "name": "left",
        "domain_id": "default",
        "description": "",
        "enabled": true,
        "parent_id": "default",
        "is_domain": false,
        "tags": [
          "a"
        ],
        "options": {},
        "links": {
          "self": "[url]"
        }
      }
    }
    "#);
    let id = made.body["project"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        made.body["project"]["links"]["self"],
        format!("http://192.0.2.1:9696/identity/v3/projects/{id}")
    );

    let again = server.ask(&admin, "POST", "/projects", body).await;
    assert_eq!(again.status, 409);
    let start = "Conflict occurred attempting to store project - it is not permitted to have two projects with either the same name or same id in the same domain: name is left, project id ";
    assert!(again.message().starts_with(start), "{}", again.body);

    let path = format!("/projects/{id}");
    let changed =
        server.ask(&admin, "PATCH", &path, json!({"project": {"name": "right", "description": "d"}})).await;
    assert_eq!(changed.status, 200);
    assert_eq!(server.get(&admin, &path).await.body, changed.body);
    let taken = server.ask(&admin, "PATCH", &path, json!({"project": {"name": "demo"}})).await;
    assert_eq!(taken.status, 409);

    for (query, names) in [
        ("", vec!["admin", "demo", "right"]),
        ("?name=right", vec!["right"]),
        ("?name=left", vec![]),
        ("?domain_id=default&name=demo", vec!["demo"]),
        ("?parent_id=other", vec![]),
        ("?is_domain=true", vec![]),
        ("?is_domain=False&name=right", vec!["right"]),
        ("?enabled=False", vec![]),
        ("?unheard_of=1", vec!["admin", "demo", "right"]),
    ] {
        let list = server.get(&admin, &format!("/projects{query}")).await;
        let mut found: Vec<&str> = list.body["projects"]
            .as_array()
            .unwrap()
            .iter()
            .map(|project| project["name"].as_str().unwrap())
            .collect();
        found.sort_unstable();
        assert_eq!(found, names, "{query}");
        let url = format!("http://192.0.2.1:9696/identity/v3/projects{query}");
        assert_eq!(list.body["links"], json!({"next": null, "self": url, "previous": null}));
    }

    assert_eq!(server.ask(&admin, "DELETE", &path, Value::Null).await.status, 204);
    let gone = server.get(&admin, &path).await;
    assert_eq!(
        (gone.status.as_u16(), gone.message()),
        (404, format!("Could not find project: {id}.").as_str())
    );
}
