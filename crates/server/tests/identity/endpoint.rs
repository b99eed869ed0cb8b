//! Endpoints.

use serde_json::{Value, json};

use crate::support::Server;

#[tokio::test]
async fn an_endpoint_lives() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    server.make(&admin, "glance", "/services", json!({"service": {"type": "image"}})).await;
    let body = json!({"endpoint": {"service_id": "{glance}", "interface": "public", "region": "north", "url": "http://a"}});
    let made = server.make(&admin, "ours", "/endpoints", body).await;
    let links = json!({"self": "http://192.0.2.1:9696/identity/v3/endpoints/{ours}"});
    let want = json!({"id": "{ours}", "interface": "public", "region_id": "north", "region": "north", "service_id": "{glance}", "url": "http://a", "enabled": true, "links": links});
    assert_eq!(server.shown(&made), want);
    // Older clients name a region that nobody has made.
    assert_eq!(server.said(&admin, "GET /regions/north", Value::Null).await, "200");
    server
        .lists(
            &admin,
            "interface",
            &[
                ("/endpoints?service_id={glance}", "public"),
                ("/endpoints?region_id=north", "public"),
                ("/endpoints?region_id=RegionOne&interface=internal", "internal internal"),
                ("/endpoints?interface=admin", "admin admin"),
                ("/endpoints?service_id={nobody}", ""),
            ],
        )
        .await;
    let endpoint = |value: Value| json!({"endpoint": value});
    server.says(&admin, &[("PATCH /endpoints/{ours}", endpoint(json!({"enabled": false})), "200")]).await;
    server
        .lists(
            &admin,
            "interface",
            &[
                ("/endpoints?enabled=false", "public"),
                ("/endpoints?enabled=1&interface=public", "public public"),
                ("/endpoints?enabled=0&interface=internal", ""),
            ],
        )
        .await;
    let own = server.get(&admin, "/endpoints?interface=admin").await.body["endpoints"][0]["id"].clone();
    let own = own.as_str().unwrap();
    server
        .says(
            &admin,
            &[
                ("PATCH /endpoints/{ours}", endpoint(json!({"url": "http://b", "interface": "internal", "region_id": "RegionOne"})), "200"),
                ("PATCH /endpoints/{ours}", endpoint(json!({"region_id": "nowhere"})), "400 Expecting to find endpoint region_id in region table. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error."),
                ("PATCH /endpoints/{ours}", endpoint(json!({"interface": "outer"})), "400 Invalid input for field/attribute interface. Value: 'outer'. 'outer' is not one of ['admin', 'internal', 'public']"),
                ("PATCH /endpoints/{ours}", endpoint(json!({"service_id": "{nobody}"})), "404 Could not find service: {nobody}."),
                ("PATCH /endpoints/{ours}", endpoint(json!({"id": "other"})), "400 Cannot change Endpoint ID"),
                ("POST /endpoints", endpoint(json!({"interface": "public", "url": "http://a"})), "400 Invalid input for field/attribute endpoint. Value: {'interface': 'public', 'url': 'http://a'}. 'service_id' is a required property"),
                ("POST /endpoints", endpoint(json!({"service_id": "{glance}", "url": "http://a"})), "400 Invalid input for field/attribute endpoint. Value: {'service_id': '{glance}', 'url': 'http://a'}. 'interface' is a required property"),
                ("POST /endpoints", endpoint(json!({"service_id": "{glance}", "interface": "public"})), "400 Invalid input for field/attribute endpoint. Value: {'service_id': '{glance}', 'interface': 'public'}. 'url' is a required property"),
                ("POST /endpoints", endpoint(json!({"service_id": "{nobody}", "interface": "public", "url": "http://a"})), "404 Could not find service: {nobody}."),
                (&format!("DELETE /endpoints/{own}"), Value::Null, &format!("403 Unable to delete immutable endpoint resource: {own}.")),
                ("DELETE /regions/north", Value::Null, "204"),
                ("PATCH /endpoints/{ours}", endpoint(json!({"region": "south"})), "200"),
                ("DELETE /regions/south", Value::Null, "403 Unable to delete region south because it or its child regions have associated endpoints."),
                ("DELETE /endpoints/{ours}", Value::Null, "204"),
                ("GET /endpoints/{ours}", Value::Null, "404 Could not find endpoint: {ours}."),
                ("DELETE /regions/south", Value::Null, "204"),
            ],
        )
        .await;
}
