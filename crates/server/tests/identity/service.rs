//! Services.

use serde_json::{Value, json};

use crate::support::Server;

#[tokio::test]
async fn a_service_lives() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    let made = server
        .make(
            &admin,
            "glance",
            "/services",
            json!({"service": {"type": "image", "name": "glance", "description": "d"}}),
        )
        .await;
    let links = json!({"self": "http://192.0.2.1:9696/identity/v3/services/{glance}"});
    let want = json!({"id": "{glance}", "name": "glance", "type": "image", "enabled": true, "description": "d", "links": links});
    assert_eq!(server.shown(&made), want);
    let own = server.get(&admin, "/services?type=network").await.body["services"][0].clone();
    let own = own["id"].as_str().unwrap();
    let service = |value: Value| json!({"service": value});
    server
        .says(
            &admin,
            &[
                ("POST /services", service(json!({"name": "a"})), "400 Invalid input for field/attribute service. Value: {'name': 'a'}. 'type' is a required property"),
                ("POST /services", service(json!({"type": ""})), "400 Invalid input for field/attribute type. Value: ''. '' should be non-empty"),
                ("PATCH /services/{glance}", service(json!({"id": "other"})), "400 Cannot change Service ID"),
                ("PATCH /services/{glance}", service(json!({"name": "looks", "enabled": false})), "200"),
                ("PATCH /services/{nobody}", service(json!({"name": "a"})), "404 Could not find service: {nobody}."),
                (&format!("PATCH /services/{own}"), service(json!({"name": "a"})), &format!("403 Unable to update immutable service resource: {own}.")),
                (&format!("DELETE /services/{own}"), Value::Null, &format!("403 Unable to delete immutable service resource: {own}.")),
                (&format!("GET /services/{own}"), Value::Null, "200"),
            ],
        )
        .await;
    let shown = server.get(&admin, "/services/{glance}").await.body["service"].clone();
    assert_eq!(
        (&shown["name"], &shown["enabled"], &shown["type"]),
        (&json!("looks"), &json!(false), &json!("image"))
    );
    server
        .lists(
            &admin,
            "type",
            &[
                ("/services", "identity image network"),
                ("/services?type=image", "image"),
                ("/services?type=network", "network"),
                ("/services?name=looks", "image"),
                ("/services?name=neutron", "network"),
                ("/services?name=nothing", ""),
                ("/services?enabled=true", "identity network"),
                ("/services?enabled=False", "image"),
                ("/services?enabled=0&name=neutron", ""),
            ],
        )
        .await;
    server
        .says(
            &admin,
            &[
                ("DELETE /services/{glance}", Value::Null, "204"),
                ("GET /services/{glance}", Value::Null, "404 Could not find service: {glance}."),
            ],
        )
        .await;
}
