//! Who may do what.

use adit_server::Bootstrapped;
use serde_json::{Value, json};

use crate::support::{Server, WRONG, by_password};

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
        ("GET", "/domains/default".to_owned(), 200, 200, ""),
        ("GET", format!("/domains/{other}"), 404, 403, "get_domain"),
        ("POST", "/domains".to_owned(), 400, 403, "create_domain"),
        ("PATCH", "/domains/default".to_owned(), 400, 403, "update_domain"),
        ("DELETE", format!("/domains/{other}"), 404, 403, "delete_domain"),
        ("POST", "/roles".to_owned(), 400, 403, "create_role"),
        ("PATCH", format!("/roles/{other}"), 404, 403, "update_role"),
        ("DELETE", format!("/roles/{other}"), 404, 403, "delete_role"),
        ("GET", format!("/roles/{other}/implies"), 404, 403, "list_implied_roles"),
        ("GET", format!("/roles/{other}/implies/{other}"), 404, 403, "get_implied_role"),
        ("GET", "/role_inferences".to_owned(), 200, 403, "list_role_inference_rules"),
        ("GET", "/services".to_owned(), 200, 403, "list_services"),
        ("POST", "/services".to_owned(), 400, 403, "create_service"),
        ("GET", format!("/services/{other}"), 404, 403, "get_service"),
        ("PATCH", format!("/services/{other}"), 404, 403, "update_service"),
        ("DELETE", format!("/services/{other}"), 404, 403, "delete_service"),
        ("GET", "/endpoints".to_owned(), 200, 403, "list_endpoints"),
        ("POST", "/endpoints".to_owned(), 400, 403, "create_endpoint"),
        ("GET", format!("/endpoints/{other}"), 404, 403, "get_endpoint"),
        ("PATCH", format!("/endpoints/{other}"), 404, 403, "update_endpoint"),
        ("DELETE", format!("/endpoints/{other}"), 404, 403, "delete_endpoint"),
        ("POST", "/regions".to_owned(), 400, 403, "create_region"),
        ("PUT", format!("/regions/{other}"), 400, 403, "create_region"),
        ("PATCH", format!("/regions/{other}"), 404, 403, "update_region"),
        ("DELETE", format!("/regions/{other}"), 404, 403, "delete_region"),
        ("GET", format!("/domains/default/users/{other}/roles"), 404, 403, "list_grants"),
        ("PUT", format!("/domains/default/users/{other}/roles/{other}"), 404, 403, "create_grant"),
        ("GET", format!("/domains/default/users/{other}/roles/{other}"), 404, 403, "check_grant"),
        ("DELETE", format!("/domains/default/users/{other}/roles/{other}"), 404, 403, "revoke_grant"),
        ("GET", format!("/system/users/{other}/roles"), 404, 403, "list_system_grants_for_user"),
        ("PUT", format!("/system/users/{other}/roles/{other}"), 404, 403, "create_system_grant_for_user"),
        ("GET", format!("/system/users/{other}/roles/{other}"), 404, 403, "check_system_grant_for_user"),
        ("DELETE", format!("/system/users/{other}/roles/{other}"), 404, 403, "revoke_system_grant_for_user"),
        ("GET", format!("/users/{demo_user_id}/application_credentials"), 200, 200, ""),
        (
            "GET",
            format!("/users/{admin_user_id}/application_credentials"),
            200,
            403,
            "list_application_credentials",
        ),
        (
            "POST",
            format!("/users/{other}/application_credentials"),
            403,
            403,
            "create_application_credential",
        ),
        (
            "GET",
            format!("/users/{other}/application_credentials/{other}"),
            404,
            403,
            "get_application_credential",
        ),
        (
            "DELETE",
            format!("/users/{other}/application_credentials/{other}"),
            404,
            403,
            "delete_application_credential",
        ),
        ("GET", format!("/users/{demo_user_id}/access_rules"), 200, 200, ""),
        ("GET", format!("/users/{other}/access_rules"), 404, 403, "list_access_rules"),
        ("GET", format!("/users/{other}/access_rules/{other}"), 404, 403, "get_access_rule"),
        ("DELETE", format!("/users/{other}/access_rules/{other}"), 404, 403, "delete_access_rule"),
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

/// Names of users are not told to those who may not see them: whoever may not ask learns nothing by the answer.
#[tokio::test]
async fn a_member_is_refused_whether_the_thing_is_there_or_not() {
    let mut server = Server::start().await;
    let (admin, demo) = (server.admin().await, server.demo().await);
    server.make(&admin, "elsewhere", "/domains", json!({"domain": {"name": "elsewhere"}})).await;
    for (there, absent) in [
        ("GET /users/{admin user}", "GET /users/{nobody}"),
        ("GET /projects/{admin project}", "GET /projects/{nobody}"),
        ("DELETE /users/{admin user}", "DELETE /users/{nobody}"),
        ("GET /domains/{elsewhere}", "GET /domains/{nobody}"),
        ("GET /users/{admin user}/projects", "GET /users/{nobody}/projects"),
    ] {
        let said =
            [server.said(&demo, there, Value::Null).await, server.said(&demo, absent, Value::Null).await];
        assert_eq!(said[0], said[1], "{there}");
    }
}

/// The role `admin` of a domain or of the system administers what has no project, and has no project itself.
#[tokio::test]
async fn an_administrator_of_a_domain_or_the_system_has_no_project() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    server.user(&admin, "anna", &[]).await;
    server.name_role(&admin, "admin").await;
    let unscoped = server.token_in("anna", "anna", json!("unscoped")).await;
    for (grant, scope) in [
        ("/domains/default/users/{anna user}/roles/{admin}", json!({"domain": {"id": "default"}})),
        ("/system/users/{anna user}/roles/{admin}", json!({"system": {"all": true}})),
    ] {
        assert_eq!(server.authenticate(by_password("anna", "anna", scope.clone())).await.status, 401);
        assert_eq!(server.said(&admin, &format!("PUT {grant}"), Value::Null).await, "204");
        let token = server.token_in("anna", "anna", scope.clone()).await;
        let credential = json!({"application_credential": {"name": "robot"}});
        server
            .says(
                &token,
                &[
                    ("GET /users", Value::Null, "200"),
                    ("GET /projects/{demo project}", Value::Null, "200"),
                    ("PATCH /projects/{demo project}", json!({"project": {"description": "d"}}), "200"),
                    (
                        "POST /users/{anna user}/application_credentials",
                        credential,
                        "403 You are not authorized to perform the requested action.",
                    ),
                    ("GET /auth/catalog", Value::Null, "200"),
                ],
            )
            .await;
        // Nothing of a project is shown or made without one.
        for method in ["GET", "POST"] {
            for path in ["networks", "routers", "vpn/ikepolicies", "quotas"] {
                let path = format!("/networking/v2.0/{path}");
                let answer = server.send(method, &path, &[("x-auth-token", &token)], "{}").await;
                assert_eq!(answer.status, 401, "{method} {path} {scope}");
            }
        }
        // Nor does the role reach into projects that the user has none in.
        let elsewhere = by_password("anna", "anna", json!({"project": {"id": "{demo project}"}}));
        assert_eq!(server.authenticate(elsewhere).await.status, 401, "{scope}");
        assert_eq!(server.said(&admin, &format!("DELETE {grant}"), Value::Null).await, "204");
        assert_eq!(server.said(&token, "GET /users", Value::Null).await, format!("401 {WRONG}"));
    }
    let said = server.said(&unscoped, "GET /users", Value::Null).await;
    assert_eq!(said, "403 You are not authorized to perform the requested action: identity:list_users.");
}
