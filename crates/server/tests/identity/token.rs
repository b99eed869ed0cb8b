//! Tokens: what they tell, who may ask about them, and how they end.

use adit_server::{Bootstrapped, ServerConfig};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{DEMO_PASSWORD, Server, by_password, by_token, in_project};

#[tokio::test]
async fn a_token_tells_who_where_and_what_there_is() {
    let config = ServerConfig { region: "left".to_owned(), ..ServerConfig::default() };
    let server = Server::start_with(config).await;
    let answer = server.authenticate(by_password("demo", DEMO_PASSWORD, in_project("demo"))).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.headers["vary"], "X-Auth-Token");
    assert_eq!(answer.subject_token().len(), 43);
    let mut body = answer.body.clone();
    let catalog = body["token"]["catalog"].take();
    assert_json_snapshot!(body, {
        ".token.user.id" => "[user]",
        ".token.project.id" => "[project]",
        ".token.roles[].id" => "[role]",
        ".token.audit_ids[]" => "[audit id]",
        ".token.expires_at" => "[time]",
        ".token.issued_at" => "[time]",
    }, @r#"
    {
      "token": {
        "methods": [
          "password"
        ],
        "user": {
          "id": "[user]",
          "name": "demo",
          "domain": {
            "id": "default",
            "name": "Default"
          },
          "password_expires_at": null
        },
        "audit_ids": [
          "[audit id]"
        ],
        "expires_at": "[time]",
        "issued_at": "[time]",
        "project": {
          "id": "[project]",
          "name": "demo",
          "domain": {
            "id": "default",
            "name": "Default"
          }
        },
        "is_domain": false,
        "roles": [
          {
            "id": "[role]",
            "name": "member"
          },
          {
            "id": "[role]",
            "name": "reader"
          }
        ],
        "catalog": null
      }
    }
    "#);
    let endpoint = &catalog[1]["endpoints"][0];
    assert_json_snapshot!(catalog[1]["endpoints"].as_array().unwrap().len(), @"3");
    assert_json_snapshot!(endpoint, @r#"
    {
      "id": "b040b6a28c31aa6f61d8d98dcdf3ae1b",
      "interface": "public",
      "region": "left",
      "region_id": "left",
      "url": "http://192.0.2.1:9696/networking"
    }
    "#);
    assert_eq!(catalog[0]["endpoints"][0]["url"], "http://192.0.2.1:9696/identity/v3");
    let expires_at = answer.body["token"]["expires_at"].as_str().unwrap();
    assert!(expires_at.len() == 27 && expires_at.ends_with('Z'), "{expires_at}");

    let token = answer.subject_token();
    let headers = [("x-auth-token", token.as_str()), ("x-subject-token", token.as_str())];
    let shown = server.send("GET", "/identity/v3/auth/tokens", &headers, "").await;
    assert_eq!((shown.status.as_u16(), &shown.body), (200, &answer.body));
    assert_eq!(shown.subject_token(), token);
    let shown = server.send("GET", "/identity/v3/auth/tokens?nocatalog", &headers, "").await;
    assert!(shown.body["token"].get("catalog").is_none());
    let head = server.send("HEAD", "/identity/v3/auth/tokens", &headers, "").await;
    assert_eq!((head.status.as_u16(), head.body), (200, Value::Null));
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once() {
    let server = Server::start().await;
    let (admin, demo, other) = (server.admin().await, server.demo().await, server.demo().await);
    assert_eq!(server.networking(&demo).await, 200);

    let path = "/identity/v3/auth/tokens";
    let ask = async |method, by: &str, about: &str| {
        server.send(method, path, &[("x-auth-token", by), ("x-subject-token", about)], "").await
    };
    for method in ["GET", "DELETE"] {
        assert_eq!(ask(method, &demo, &admin).await.status, 403, "{method}");
    }
    assert_eq!(ask("GET", &admin, &demo).await.status, 200);
    assert_eq!(ask("DELETE", &other, &demo).await.status, 204);

    assert_eq!(server.networking(&demo).await, 401);
    assert_eq!(ask("GET", &demo, &demo).await.status, 401);
    let gone = ask("GET", &admin, &demo).await;
    assert_eq!((gone.status.as_u16(), gone.message()), (404, "Failed to validate token"));
    assert_eq!(ask("DELETE", &admin, &demo).await.status, 404);
    assert_eq!(server.authenticate(by_token(&demo, in_project("demo"))).await.status, 401);
    assert_eq!(server.networking(&other).await, 200);
}

#[tokio::test]
async fn a_service_may_validate_but_not_revoke() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let made =
        server.ask(&admin, "POST", "/users", json!({"user": {"name": "neutron", "password": "p"}})).await;
    let (user, project) = (made.body["user"]["id"].as_str().unwrap(), &server.ids.admin_project_id);
    let role = server.role(&admin, "service").await;
    let grant = format!("/projects/{project}/users/{user}/roles/{role}");
    assert_eq!(server.ask(&admin, "PUT", &grant, Value::Null).await.status, 204);
    let service = server.token("neutron", "p", "admin").await;
    let headers = [("x-auth-token", service.as_str()), ("x-subject-token", admin.as_str())];
    for (method, status) in [("GET", 200), ("DELETE", 403)] {
        let answer = server.send(method, "/identity/v3/auth/tokens", &headers, "").await;
        assert_eq!(answer.status, status, "{method}");
    }
}

#[tokio::test]
async fn what_is_taken_away_takes_effect_at_once() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let Bootstrapped { demo_user_id: user, demo_project_id: project, .. } = &server.ids;
    let member = server.role(&admin, "member").await;
    let grant = format!("/projects/{project}/users/{user}/roles/{member}");
    let (user, project) = (format!("/users/{user}"), format!("/projects/{project}"));
    for (take, give, path) in [
        (("DELETE", Value::Null), ("PUT", Value::Null), &grant),
        (
            ("PATCH", json!({"user": {"enabled": false}})),
            ("PATCH", json!({"user": {"enabled": true}})),
            &user,
        ),
        (
            ("PATCH", json!({"project": {"enabled": false}})),
            ("PATCH", json!({"project": {"enabled": true}})),
            &project,
        ),
    ] {
        let demo = server.demo().await;
        assert_eq!(server.networking(&demo).await, 200, "{path}");
        assert!(server.ask(&admin, take.0, path, take.1).await.status.is_success(), "{path}");
        assert_eq!(server.networking(&demo).await, 401, "{path}");
        let auth = by_password("demo", DEMO_PASSWORD, in_project("demo"));
        assert_eq!(server.authenticate(auth).await.status, 401, "{path}");
        assert!(server.ask(&admin, give.0, path, give.1).await.status.is_success(), "{path}");
    }
    let demo = server.demo().await;
    assert_eq!(server.ask(&admin, "DELETE", &project, Value::Null).await.status, 204);
    assert_eq!(server.networking(&demo).await, 401);
}

#[tokio::test]
async fn a_token_that_is_good_for_nothing_gets_no_other_but_can_be_revoked() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    server.name_role(&admin, "member").await;
    let domain = json!({"domain": {"name": "d"}});
    server.make(&admin, "domain", "/domains", domain).await;
    let project = json!({"project": {"name": "p", "domain_id": "{domain}"}});
    server.make(&admin, "elsewhere project", "/projects", project).await;
    let elsewhere = json!({"project": {"name": "p", "domain": {"id": "{domain}"}}});
    for (name, of, scope, take, give, body) in [
        (
            "without its role",
            "demo",
            in_project("demo"),
            "DELETE /projects/{demo project}/users/{USER user}/roles/{member}",
            "PUT /projects/{demo project}/users/{USER user}/roles/{member}",
            [Value::Null, Value::Null],
        ),
        (
            "in a disabled domain",
            "elsewhere",
            elsewhere,
            "PATCH /domains/{domain}",
            "PATCH /domains/{domain}",
            [false, true].map(|enabled| json!({"domain": {"enabled": enabled}})),
        ),
    ] {
        server.user(&admin, name, &[&format!("member {of}")]).await;
        let scope: Value = serde_json::from_str(&server.with_ids(&scope.to_string())).unwrap();
        let [kept, revoked] = [
            server.token_in(name, name, scope.clone()).await,
            server.token_in(name, name, scope.clone()).await,
        ];
        let [take, give] = [take, give].map(|request| request.replace("USER", name));
        let [off, on] = body;
        assert!(server.said(&admin, &take, off).await.starts_with("20"), "{name}");
        for scope in [json!("unscoped"), scope.clone()] {
            assert_eq!(server.authenticate(by_token(&revoked, scope)).await.status, 401, "{name}");
        }
        let about = [("x-auth-token", admin.as_str()), ("x-subject-token", revoked.as_str())];
        for (method, status) in [("GET", 404), ("DELETE", 204), ("DELETE", 404)] {
            let answer = server.send(method, "/identity/v3/auth/tokens", &about, "").await;
            assert_eq!(answer.status, status, "{name} {method}");
        }
        assert!(server.said(&admin, &give, on).await.starts_with("20"), "{name}");
        for (token, status) in [(&kept, 201), (&revoked, 401)] {
            let answer = server.authenticate(by_token(token, json!("unscoped"))).await;
            assert_eq!(answer.status, status, "{name}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn an_expired_token_is_refused_and_purged() {
    let server = Server::start_with(ServerConfig { token_lifetime_secs: 0, ..ServerConfig::default() }).await;
    let token = server.demo().await;
    assert_eq!(server.get(&token, "/auth/projects").await.status, 401);
    assert_eq!(server.networking(&token).await, 401);
    assert_eq!(server.authenticate(by_token(&token, in_project("demo"))).await.status, 401);
}

#[tokio::test]
async fn services_are_told_about_tokens_that_have_expired_lately() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    server.user(&admin, "nova", &["service demo"]).await;
    let (demo, nova) = (server.demo().await, server.token("nova", "nova", "demo").await);
    let brief = server.beside(ServerConfig { token_lifetime_secs: 0, ..ServerConfig::default() }).await;
    let expired = brief.demo().await;
    for (by, query, status) in [
        (&admin, "", 404),
        (&admin, "?allow_expired=1", 200),
        (&admin, "?allow_expired=True", 200),
        (&admin, "?allow_expired=0", 404),
        (&admin, "?allow_expired=False", 404),
        (&admin, "?allow_expired=no", 404),
        (&admin, "?allow_expired=off", 404),
        (&admin, "?allow_expired=", 404),
        (&nova, "?allow_expired=1", 200),
        (&nova, "", 404),
        (&demo, "?allow_expired=1", 404),
        (&expired, "?allow_expired=1", 401),
    ] {
        let path = format!("/identity/v3/auth/tokens{query}");
        let answer =
            server.send("GET", &path, &[("x-auth-token", by), ("x-subject-token", &expired)], "").await;
        assert_eq!(answer.status, status, "{query}: {}", answer.body);
    }
    assert_eq!(server.networking(&expired).await, 401);
}

#[tokio::test]
async fn who_may_ask_about_whose_token() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    server.user(&admin, "nova", &["service demo"]).await;
    server.user(&admin, "anna", &["member demo"]).await;
    let (demo, other) = (server.demo().await, server.demo().await);
    let (nova, anna) =
        (server.token("nova", "nova", "demo").await, server.token("anna", "anna", "demo").await);
    let unscoped = server.token_in("demo", DEMO_PASSWORD, json!("unscoped")).await;
    let (none, unknown) = (String::new(), "x".repeat(43));
    let not_allowed = "You are not authorized to perform the requested action: identity:validate_token.";
    let (wrong, failed) = (crate::support::WRONG, "Failed to validate token");
    for (what, by, about, status, message) in [
        ("one's own", &demo, &demo, 200, ""),
        ("another of one's own", &demo, &other, 200, ""),
        ("one's own without a scope", &unscoped, &unscoped, 200, ""),
        ("by an administrator", &admin, &demo, 200, ""),
        ("by a service", &nova, &demo, 200, ""),
        ("of somebody else", &anna, &demo, 403, not_allowed),
        ("of an administrator", &demo, &admin, 403, not_allowed),
        ("none", &demo, &none, 403, not_allowed),
        ("one of nobody", &demo, &unknown, 404, failed),
        ("one of nobody, by an administrator", &admin, &unknown, 404, failed),
        ("one that cannot be one", &admin, &"gAAAA".to_owned(), 404, failed),
        ("by nobody", &unknown, &demo, 401, wrong),
        ("by an empty one", &none, &demo, 401, wrong),
    ] {
        let headers = [("x-auth-token", by.as_str()), ("x-subject-token", about.as_str())];
        let headers = if about.is_empty() { &headers[..1] } else { &headers[..] };
        for method in ["GET", "HEAD"] {
            let answer = server.send(method, "/identity/v3/auth/tokens", headers, "").await;
            assert_eq!(answer.status, status, "{method} {what}: {}", answer.body);
            if method == "GET" {
                assert_eq!(answer.message(), message, "{what}");
            }
            assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401, "{what}");
        }
    }
    let answer = server.send("GET", "/identity/v3/auth/tokens", &[("x-subject-token", &demo)], "").await;
    assert_eq!((answer.status.as_u16(), answer.message()), (401, wrong));
}
