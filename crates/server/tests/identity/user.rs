//! Users, and what they may do for themselves.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{Server, by_password, in_project};

#[tokio::test]
async fn a_user_lives_and_works_in_a_project() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let project = server.ids.demo_project_id.as_str();
    let body = json!({"user": {"name": "anna", "password": "one", "email": "a@example.org", "default_project_id": project}});
    let made = server.ask(&admin, "POST", "/users", body.clone()).await;
    assert_eq!(made.status, 201);
    assert_json_snapshot!(made.body, {
        ".user.id" => "[id]",
        ".user.default_project_id" => "[project]",
        ".user.links.self" => "[url]",
    }, @r#"
    {
      "user": {
        "id": "[id]",
        "name": "anna",
        "domain_id": "default",
        "enabled": true,
        "password_expires_at": null,
        "default_project_id": "[project]",
        "email": "a@example.org",
        "options": {},
        "links": {
          "self": "[url]"
        }
      }
    }
    "#);
    let again = server.ask(&admin, "POST", "/users", body).await;
    let want = "Conflict occurred attempting to store user - Duplicate entry found with name anna at domain ID default.";
    assert_eq!((again.status.as_u16(), again.message()), (409, want));

    // Without a role, there is only an unscoped token, in spite of the default project.
    let answer = server.authenticate(by_password("anna", "one", Value::Null)).await;
    assert_eq!(answer.status, 201);
    assert!(answer.body["token"].get("project").is_none());
    let unscoped = answer.subject_token();
    assert_eq!(server.get(&unscoped, "/auth/projects").await.body["projects"], json!([]));
    let refused = server.get(&unscoped, "/auth/catalog").await;
    let want = "You are not authorized to perform the requested action.";
    assert_eq!((refused.status.as_u16(), refused.message()), (403, want));
    assert_eq!(server.networking(&unscoped).await, 401);
    assert_eq!(server.authenticate(by_password("anna", "one", in_project("demo"))).await.status, 401);

    let id = made.body["user"]["id"].as_str().unwrap();
    let member = server.role(&admin, "member").await;
    let grant = format!("/projects/{project}/users/{id}/roles/{member}");
    assert_eq!(server.ask(&admin, "HEAD", &grant, Value::Null).await.status, 404);
    for _ in 0..2 {
        assert_eq!(server.ask(&admin, "PUT", &grant, Value::Null).await.status, 204);
        assert_eq!(server.ask(&admin, "HEAD", &grant, Value::Null).await.status, 204);
    }
    let list = server.get(&admin, &format!("/role_assignments?user.id={id}&include_names=True")).await;
    assert_json_snapshot!(list.body["role_assignments"], {
        "[].scope.project.id" => "[project]",
        "[].user.id" => "[user]",
        "[].role.id" => "[role]",
        "[].links.assignment" => "[url]",
    }, @r#"
    [
      {
        "scope": {
          "project": {
            "id": "[project]",
            "name": "demo",
            "domain": {
              "id": "default",
              "name": "Default"
            }
          }
        },
        "user": {
          "id": "[user]",
          "name": "anna",
          "domain": {
            "id": "default",
            "name": "Default"
          }
        },
        "role": {
          "id": "[role]",
          "name": "member"
        },
        "links": {
          "assignment": "[url]"
        }
      }
    ]
    "#);
    let list = server.get(&admin, &format!("/role_assignments?user.id={id}&effective")).await;
    assert_eq!(list.body["role_assignments"].as_array().unwrap().len(), 2);
    let list = server.get(&admin, "/role_assignments?scope.system=all").await;
    assert_eq!(list.body["role_assignments"], json!([]));

    // The default project counts now.
    let answer = server.authenticate(by_password("anna", "one", Value::Null)).await;
    assert_eq!(answer.body["token"]["project"]["name"], "demo");
    let token = answer.subject_token();
    assert_eq!(server.get(&token, "/auth/projects").await.body["projects"][0]["name"], "demo");
    assert_eq!(
        server.get(&token, &format!("/users/{id}/projects")).await.body["projects"][0]["name"],
        "demo"
    );

    // A new password ends what the old one began.
    let path = format!("/users/{id}/password");
    let wrong = json!({"user": {"password": "two", "original_password": "wrong"}});
    assert_eq!(server.ask(&token, "POST", &path, wrong).await.status, 401);
    let right = json!({"user": {"password": "two", "original_password": "one"}});
    assert_eq!(server.ask(&token, "POST", &path, right).await.status, 204);
    assert_eq!(server.get(&token, "/auth/projects").await.status, 401);
    assert_eq!(server.authenticate(by_password("anna", "one", Value::Null)).await.status, 401);
    let token = server.token("anna", "two", "demo").await;
    let path = format!("/users/{id}");
    let changed = server.ask(&admin, "PATCH", &path, json!({"user": {"password": "three"}})).await;
    assert_eq!(changed.status, 200);
    assert!(!changed.body.to_string().contains("three"));
    assert_eq!(server.get(&token, "/auth/projects").await.status, 401);

    let token = server.token("anna", "three", "demo").await;
    assert_eq!(server.ask(&admin, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(server.get(&token, "/auth/projects").await.status, 401);
    assert_eq!(server.networking(&token).await, 401);
}
