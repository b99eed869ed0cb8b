//! The documents by which clients find the API.

use serde_json::json;

use crate::support::Server;

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
async fn the_documents_need_no_token_and_say_this() {
    let server = Server::start().await;
    let version = json!({
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": "http://192.0.2.1:9696/identity/v3/"}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    });
    for (method, path, status, body) in [
        ("GET", "/identity", 300, json!({"versions": {"values": [version]}})),
        ("GET", "/identity/v3", 200, json!({"version": version})),
        ("HEAD", "/identity/v3", 200, json!(null)),
        ("HEAD", "/identity", 300, json!(null)),
    ] {
        let answer = server.send(method, path, &[], "").await;
        assert_eq!((answer.status.as_u16(), answer.body), (status, body), "{method} {path}");
    }
    for (path, status) in [
        ("/identity/v2.0", 404),
        ("/identity/v2.0/tokens", 404),
        ("/identity/v4", 404),
        ("/identity/healthcheck", 200),
    ] {
        assert_eq!(server.send("GET", path, &[], "").await.status, status, "{path}");
    }
    let prefixed = [("x-forwarded-prefix", "/cloud")];
    let version = server.send("GET", "/identity/v3", &prefixed, "").await;
    assert_eq!(version.body["version"]["links"][0]["href"], "http://192.0.2.1:9696/cloud/identity/v3/");
}
