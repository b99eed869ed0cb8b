//! Requests that are wrong in themselves.

use serde_json::json;

use crate::support::{DEMO_PASSWORD, Server, by_password};

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
