//! The catalog: where clients find what there is.

use adit_server::ServerConfig;
use serde_json::{Value, json};

use crate::support::{DEMO_PASSWORD, Server, by_password, in_project};

#[tokio::test]
async fn adits_own_services_are_where_the_client_found_this_one() {
    let config = ServerConfig { region: "left".to_owned(), ..ServerConfig::default() };
    let server = Server::start_with(config).await;
    let demo = server.demo().await;
    let proxied = [
        ("x-auth-token", demo.as_str()),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "vpn.example"),
    ];
    for (headers, base) in [(&proxied[..1], "http://192.0.2.1:9696"), (&proxied[..], "https://vpn.example")] {
        let answer = server.send("GET", "/identity/v3/auth/catalog", headers, "").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body["links"], json!({"self": format!("{base}/identity/v3/auth/catalog")}));
        let services = answer.body["catalog"].as_array().unwrap();
        let found: Vec<(&Value, &Value)> =
            services.iter().map(|service| (&service["type"], &service["name"])).collect();
        assert_eq!(found, [(&json!("identity"), &json!("keystone")), (&json!("network"), &json!("neutron"))]);
        for (service, url) in
            services.iter().zip([format!("{base}/identity/v3"), format!("{base}/networking")])
        {
            let endpoints = service["endpoints"].as_array().unwrap();
            let found: Vec<&str> =
                endpoints.iter().map(|endpoint| endpoint["interface"].as_str().unwrap()).collect();
            assert_eq!(found, ["public", "internal", "admin"]);
            for endpoint in endpoints {
                assert_eq!(
                    (&endpoint["url"], &endpoint["region"], &endpoint["region_id"]),
                    (&json!(url), &json!("left"), &json!("left"))
                );
            }
        }
    }
}

#[tokio::test]
async fn what_administrators_add_is_found_at_once() {
    let mut server = Server::start().await;
    let (admin, demo) = (server.admin().await, server.demo().await);
    server.make(&admin, "glance", "/services", json!({"service": {"type": "image", "name": "glance"}})).await;
    for (url, want) in [
        ("http://a/%(tenant_id)s", Some("http://a/{demo project}")),
        ("http://a/$(project_id)s/$(user_id)s", Some("http://a/{demo project}/{demo user}")),
        ("http://a/%(other)s", Some("http://a/%(other)s")),
    ] {
        let body = json!({"endpoint": {"service_id": "{glance}", "interface": "public", "url": url}});
        server.make(&admin, "ours", "/endpoints", body).await;
        let mut seen = Vec::new();
        let entries = server.get(&demo, "/auth/catalog").await.body["catalog"].clone();
        let at_issue = server.authenticate(by_password("demo", DEMO_PASSWORD, in_project("demo"))).await;
        for entries in [&entries, &at_issue.body["token"]["catalog"]] {
            let image = entries.as_array().unwrap().iter().find(|entry| entry["type"] == "image").unwrap();
            seen.push(image["endpoints"][0]["url"].as_str().map(|url| server.with_names(url)));
        }
        assert_eq!(seen, [want.map(str::to_owned), want.map(str::to_owned)], "{url}");
        // What is meant for a project is nothing for whoever has none.
        if url.contains("tenant") {
            let scope = json!({"system": {"all": true}});
            server.name_role(&admin, "reader").await;
            assert_eq!(
                server.said(&admin, "PUT /system/users/{demo user}/roles/{reader}", Value::Null).await,
                "204"
            );
            let token = server.token_in("demo", DEMO_PASSWORD, scope).await;
            let entries = server.get(&token, "/auth/catalog").await.body["catalog"].clone();
            assert_eq!(entries[2]["endpoints"], json!([]));
        }
        for (request, body) in [
            ("PATCH /endpoints/{ours}", json!({"endpoint": {"enabled": false}})),
            ("DELETE /endpoints/{ours}", Value::Null),
        ] {
            assert!(server.said(&admin, request, body).await.starts_with('2'));
            let entries = server.get(&demo, "/auth/catalog").await.body["catalog"].clone();
            assert_eq!(entries[2]["endpoints"], json!([]), "{request}");
        }
    }
    assert_eq!(
        server.said(&admin, "PATCH /services/{glance}", json!({"service": {"enabled": false}})).await,
        "200"
    );
    let entries = server.get(&demo, "/auth/catalog").await.body["catalog"].clone();
    assert_eq!(entries.as_array().unwrap().len(), 2);
}
