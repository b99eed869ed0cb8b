//! The Identity API over real HTTP routing and a fresh database.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use adit_server::{App, Bootstrap, Bootstrapped, ServerConfig};
use adit_store::{SealingKey, Store};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use insta::assert_json_snapshot;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tower::ServiceExt;

const ADMIN_PASSWORD: &str = "admin's secret";
const DEMO_PASSWORD: &str = "demo's secret";
const WRONG: &str = "The request you have made requires authentication.";

/// A server with what a first start makes.
struct Server {
    app: App,
    router: Router,
    ids: Bootstrapped,
    _directory: TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Server {
    async fn start() -> Self {
        Self::start_with(ServerConfig::default()).await
    }

    async fn start_with(config: ServerConfig) -> Self {
        let directory = TempDir::new().unwrap();
        let url = Store::sqlite_url(&directory.path().join("adit.db"));
        let store = Store::connect(&url, SealingKey::generate()).await.unwrap();
        store.migrate().await.unwrap();
        let app = App::new(store, config, "agent key".to_owned());
        assert!(!app.is_bootstrapped().await.unwrap());
        let ids = app.bootstrap(bootstrap()).await.unwrap();
        Self { router: adit_server::http::router(app.clone()), app, ids, _directory: directory }
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let request = Request::builder().method(method).uri(path).header("host", "192.0.2.1:9696");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let octets = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = if octets.is_empty() { Value::Null } else { serde_json::from_slice(&octets).unwrap() };
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// A request to the Identity API by the bearer of `token`.
    async fn ask(&self, token: &str, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, &format!("/identity/v3{path}"), &[("x-auth-token", token)], &body).await
    }

    async fn get(&self, token: &str, path: &str) -> Answer {
        self.ask(token, "GET", path, Value::Null).await
    }

    async fn authenticate(&self, auth: Value) -> Answer {
        self.send("POST", "/identity/v3/auth/tokens", &[], &json!({"auth": auth}).to_string()).await
    }

    /// A token for a project.
    async fn token(&self, name: &str, password: &str, project: &str) -> String {
        let answer = self.authenticate(by_password(name, password, in_project(project))).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.subject_token()
    }

    async fn admin(&self) -> String {
        self.token("admin", ADMIN_PASSWORD, "admin").await
    }

    async fn demo(&self) -> String {
        self.token("demo", DEMO_PASSWORD, "demo").await
    }

    async fn role(&self, admin: &str, name: &str) -> String {
        let roles = self.get(admin, &format!("/roles?name={name}")).await;
        roles.body["roles"][0]["id"].as_str().unwrap().to_owned()
    }

    /// The status of a list of networks: what the other API makes of a token.
    async fn networking(&self, token: &str) -> u16 {
        let headers = [("x-auth-token", token)];
        self.send("GET", "/networking/v2.0/vpn/ikepolicies", &headers, "").await.status.as_u16()
    }
}

impl Answer {
    fn subject_token(&self) -> String {
        self.headers["x-subject-token"].to_str().unwrap().to_owned()
    }

    fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap_or_default()
    }
}

fn bootstrap() -> Bootstrap {
    Bootstrap { admin_password: ADMIN_PASSWORD.to_owned(), demo_password: DEMO_PASSWORD.to_owned() }
}

fn by_password(name: &str, password: &str, scope: Value) -> Value {
    let user = json!({"name": name, "domain": {"id": "default"}, "password": password});
    json!({"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope})
}

fn by_token(token: &str, scope: Value) -> Value {
    json!({"identity": {"methods": ["token"], "token": {"id": token}}, "scope": scope})
}

fn in_project(name: &str) -> Value {
    json!({"project": {"name": name, "domain": {"name": "Default"}}})
}

#[tokio::test]
async fn clients_discover_the_version_by_the_url_that_they_used() {
    let server = Server::start().await;
    for (path, status, pointer) in [
        ("/identity", 300, "/versions/values/0"),
        ("/identity/", 300, "/versions/values/0"),
        ("/identity/v3", 200, "/version"),
        ("/identity/v3/", 200, "/version"),
    ] {
        let answer = server.send("GET", path, &[], "").await;
        assert_eq!(answer.status, status, "{path}");
        let version = answer.body.pointer(pointer).unwrap();
        assert_eq!(version["id"], "v3.14", "{path}");
        assert_eq!(version["links"][0]["href"], "http://192.0.2.1:9696/identity/v3/", "{path}");
    }
    let root = server.send("GET", "/identity", &[], "").await;
    assert_eq!(root.headers["location"], "http://192.0.2.1:9696/identity/v3/");
    let proxied = [("x-forwarded-proto", "https"), ("x-forwarded-host", "vpn.example")];
    let version = server.send("GET", "/identity/v3", &proxied, "").await;
    assert_eq!(version.body["version"]["links"][0]["href"], "https://vpn.example/identity/v3/");
}

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
async fn nobody_learns_which_names_exist() {
    let server = Server::start().await;
    let unknown_project = json!({"project": {"id": "0123456789abcdef0123456789abcdef"}});
    for (what, auth) in [
        ("wrong password", by_password("demo", "wrong", in_project("demo"))),
        ("unknown user", by_password("nobody", DEMO_PASSWORD, in_project("demo"))),
        ("no role there", by_password("demo", DEMO_PASSWORD, in_project("admin"))),
        ("unknown project by name", by_password("demo", DEMO_PASSWORD, in_project("nowhere"))),
        ("unknown project by id", by_password("demo", DEMO_PASSWORD, unknown_project)),
        ("scope of the system", by_password("admin", ADMIN_PASSWORD, json!({"system": {"all": true}}))),
        ("unknown token", by_token("gAAAAABinvalid", in_project("demo"))),
    ] {
        let answer = server.authenticate(auth).await;
        assert_eq!((answer.status.as_u16(), answer.message()), (401, WRONG), "{what}");
        assert_eq!(answer.headers["www-authenticate"], "Keystone uri=\"http://192.0.2.1:9696/identity/v3\"");
    }
}

#[tokio::test]
async fn a_request_that_is_wrong_is_refused_in_the_apis_own_form() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let no_domain = json!({"project": {"name": "demo"}});
    let no_domain = json!({"auth": by_password("demo", DEMO_PASSWORD, no_domain)}).to_string();
    let otherwise = "The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.";
    let large = "x".repeat((1 << 20) + 1);
    for (method, path, body, status, title, message) in [
        (
            "POST",
            "/v3/auth/tokens",
            "{}",
            400,
            "Bad Request",
            format!("Expecting to find auth in request body. {otherwise}"),
        ),
        (
            "POST",
            "/v3/auth/tokens",
            "{",
            400,
            "Bad Request",
            format!("Expecting to find valid JSON in request body. {otherwise}"),
        ),
        (
            "POST",
            "/v3/auth/tokens",
            "",
            400,
            "Bad Request",
            format!("Expecting to find valid JSON in request body. {otherwise}"),
        ),
        (
            "POST",
            "/v3/auth/tokens",
            &no_domain,
            400,
            "Bad Request",
            format!("Expecting to find domain in project. {otherwise}"),
        ),
        (
            "POST",
            "/v3/projects",
            "{}",
            400,
            "Bad Request",
            "Invalid input for field/attribute project. Value: {}. 'name' is a required property".to_owned(),
        ),
        (
            "POST",
            "/v3/projects",
            r#"{"project": {"name": 5}}"#,
            400,
            "Bad Request",
            "Invalid input for field/attribute name. Value: 5. 5 is not of type 'string'".to_owned(),
        ),
        (
            "POST",
            "/v3/projects",
            r#"{"project": {"name": "a", "enabled": "yes"}}"#,
            400,
            "Bad Request",
            "Invalid input for field/attribute enabled. Value: 'yes'. 'yes' is not of type 'boolean'"
                .to_owned(),
        ),
        (
            "POST",
            "/v3/projects",
            r#"{"project": {"name": "a", "domain_id": "nowhere"}}"#,
            404,
            "Not Found",
            "Could not find domain: nowhere.".to_owned(),
        ),
        (
            "POST",
            "/v3/projects",
            &large,
            413,
            "Request Entity Too Large",
            "The request body is larger than 114688 octets.".to_owned(),
        ),
        ("GET", "/v3/nothing", "", 404, "Not Found", "The resource could not be found.".to_owned()),
        ("GET", "/v3/projects/%00", "", 404, "Not Found", "The resource could not be found.".to_owned()),
        ("GET", "/v3/projects?name=%00", "", 404, "Not Found", "The resource could not be found.".to_owned()),
        (
            "POST",
            "/v3/projects",
            r#"{"project": {"name": "a\u0000"}}"#,
            400,
            "Bad Request",
            "Invalid input for field/attribute name. Value: 'a\\x00'. 'a\\x00' contains a NUL character"
                .to_owned(),
        ),
        ("GET", "/v2.0", "", 404, "Not Found", "The resource could not be found.".to_owned()),
        ("GET", "/v3/projects/a/b", "", 404, "Not Found", "The resource could not be found.".to_owned()),
        (
            "PUT",
            "/v3/projects",
            "",
            405,
            "Method Not Allowed",
            "The method is not allowed for the requested URL.".to_owned(),
        ),
        (
            "PATCH",
            "/v3/auth/tokens",
            "",
            405,
            "Method Not Allowed",
            "The method is not allowed for the requested URL.".to_owned(),
        ),
        (
            "POST",
            "/v3/auth/catalog",
            "",
            405,
            "Method Not Allowed",
            "The method is not allowed for the requested URL.".to_owned(),
        ),
    ] {
        let headers = [("x-auth-token", admin.as_str())];
        let answer = server.send(method, &format!("/identity{path}"), &headers, body).await;
        let want = json!({"error": {"code": status, "message": message, "title": title}});
        assert_eq!((answer.status.as_u16(), answer.body), (status, want), "{method} {path} {body:.80}");
        assert!(answer.headers.contains_key("x-openstack-request-id"), "{method} {path}");
    }
    let totp = json!({"identity": {"methods": ["totp"], "totp": {}}});
    let answer = server.authenticate(totp).await;
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.body["error"]["identity"],
        json!({"methods": ["password", "token", "application_credential"]})
    );
}

/// Each operation, with what administrators, members and people without a token get.
#[tokio::test]
async fn each_operation_is_for_those_it_is_meant_for() {
    let server = Server::start().await;
    let (admin, demo) = (server.admin().await, server.demo().await);
    let Bootstrapped { admin_user_id, admin_project_id, demo_user_id, demo_project_id, .. } = &server.ids;
    let other = "ffffffffffffffffffffffffffffffff";
    for (method, path, by_admin, by_member, rule) in [
        ("GET", "/projects".to_owned(), 200, 403, "list_projects"),
        ("POST", "/projects".to_owned(), 400, 403, "create_project"),
        ("GET", format!("/projects/{demo_project_id}"), 200, 200, ""),
        ("GET", format!("/projects/{admin_project_id}"), 200, 403, "get_project"),
        ("GET", format!("/projects/{other}"), 404, 403, "get_project"),
        ("PATCH", format!("/projects/{other}"), 404, 403, "update_project"),
        ("PATCH", format!("/projects/{demo_project_id}"), 400, 403, "update_project"),
        ("DELETE", format!("/projects/{other}"), 404, 403, "delete_project"),
        ("GET", "/users".to_owned(), 200, 403, "list_users"),
        ("POST", "/users".to_owned(), 400, 403, "create_user"),
        ("GET", format!("/users/{demo_user_id}"), 200, 200, ""),
        ("GET", format!("/users/{admin_user_id}"), 200, 403, "get_user"),
        ("GET", format!("/users/{other}"), 404, 403, "get_user"),
        ("PATCH", format!("/users/{demo_user_id}"), 400, 403, "update_user"),
        ("DELETE", format!("/users/{other}"), 404, 403, "delete_user"),
        ("GET", format!("/users/{demo_user_id}/projects"), 200, 200, ""),
        ("GET", format!("/users/{admin_user_id}/projects"), 200, 403, "list_user_projects"),
        ("POST", format!("/users/{admin_user_id}/password"), 400, 403, "change_password"),
        ("GET", "/roles".to_owned(), 200, 403, "list_roles"),
        ("GET", format!("/roles/{other}"), 404, 403, "get_role"),
        ("GET", "/role_assignments".to_owned(), 200, 403, "list_role_assignments"),
        ("GET", format!("/projects/{demo_project_id}/users/{demo_user_id}/roles"), 200, 403, "list_grants"),
        ("PUT", format!("/projects/{other}/users/{other}/roles/{other}"), 404, 403, "create_grant"),
        ("GET", format!("/projects/{other}/users/{other}/roles/{other}"), 404, 403, "check_grant"),
        ("DELETE", format!("/projects/{other}/users/{other}/roles/{other}"), 404, 403, "revoke_grant"),
        ("GET", "/domains".to_owned(), 200, 403, "list_domains"),
        ("GET", "/domains/default".to_owned(), 200, 403, "get_domain"),
        ("GET", "/regions".to_owned(), 200, 200, ""),
        ("GET", "/regions/RegionOne".to_owned(), 200, 200, ""),
        ("GET", "/regions/Elsewhere".to_owned(), 404, 404, ""),
        ("GET", "/auth/projects".to_owned(), 200, 200, ""),
        ("GET", "/auth/catalog".to_owned(), 200, 200, ""),
        ("GET", "/auth/domains".to_owned(), 200, 200, ""),
        ("GET", "/auth/system".to_owned(), 200, 200, ""),
        ("GET", "/auth/tokens".to_owned(), 403, 403, "validate_token"),
        ("DELETE", "/auth/tokens".to_owned(), 403, 403, "revoke_token"),
    ] {
        let what = format!("{method} {path}");
        let answer = server.ask(&admin, method, &path, Value::Null).await;
        assert_eq!(answer.status, by_admin, "{what} by an administrator: {}", answer.body);
        let answer = server.ask(&demo, method, &path, Value::Null).await;
        assert_eq!(answer.status, by_member, "{what} by a member: {}", answer.body);
        if by_member == 403 {
            let want = format!("You are not authorized to perform the requested action: identity:{rule}.");
            assert_eq!(answer.message(), want, "{what}");
        }
        let answer = server.ask("no token", method, &path, Value::Null).await;
        assert_eq!((answer.status.as_u16(), answer.message()), (401, WRONG), "{what} by a stranger");
    }
}

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

#[tokio::test]
async fn a_token_from_a_token_keeps_its_expiry_and_its_origin() {
    let server = Server::start().await;
    let first = server.authenticate(by_password("admin", ADMIN_PASSWORD, json!("unscoped"))).await;
    assert!(first.body["token"].get("project").is_none());
    let second = server.authenticate(by_token(&first.subject_token(), in_project("demo"))).await;
    let third = server.authenticate(by_token(&second.subject_token(), in_project("admin"))).await;
    let token = |answer: &Answer| answer.body["token"].clone();
    let (first, second, third) = (token(&first), token(&second), token(&third));
    assert_eq!(second["project"]["name"], "demo");
    assert_eq!(third["project"]["name"], "admin");
    assert_eq!((&second["expires_at"], &third["expires_at"]), (&first["expires_at"], &first["expires_at"]));
    assert_eq!(third["methods"], json!(["password", "token"]));
    for later in [&second, &third] {
        assert_eq!(later["audit_ids"][1], first["audit_ids"][0]);
        assert_ne!(later["audit_ids"][0], first["audit_ids"][0]);
    }
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
async fn an_expired_token_is_refused_and_purged() {
    let server = Server::start_with(ServerConfig { token_lifetime_secs: 0, ..ServerConfig::default() }).await;
    let token = server.demo().await;
    assert_eq!(server.get(&token, "/auth/projects").await.status, 401);
    assert_eq!(server.networking(&token).await, 401);
    assert_eq!(server.authenticate(by_token(&token, in_project("demo"))).await.status, 401);
}

#[tokio::test]
async fn a_bootstrap_may_be_repeated() {
    let server = Server::start().await;
    assert!(server.app.is_bootstrapped().await.unwrap());
    let before = server.admin().await;
    let again = server.app.bootstrap(bootstrap()).await.unwrap();
    assert_eq!(again, server.ids);
    assert_eq!(server.get(&before, "/projects").await.status, 401);
    let admin = server.admin().await;
    let names = async |plural: &str| {
        let list = server.get(&admin, &format!("/{plural}")).await;
        let mut names: Vec<String> = list.body[plural]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort_unstable();
        names.join(" ")
    };
    assert_eq!(names("projects").await, "admin demo");
    assert_eq!(names("users").await, "admin demo");
    assert_eq!(names("roles").await, "admin manager member reader service");
    assert_eq!(names("domains").await, "Default");
}

#[tokio::test]
async fn many_who_log_in_at_a_time_are_all_served() {
    let server = Arc::new(Server::start().await);
    let mut logins = JoinSet::new();
    for _ in 0..8 {
        let server = Arc::clone(&server);
        logins.spawn(async move { server.demo().await });
    }
    for token in logins.join_all().await {
        assert_eq!(server.networking(&token).await, 200);
    }
}
