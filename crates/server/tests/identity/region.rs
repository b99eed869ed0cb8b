//! Regions.

use adit_server::ServerConfig;
use serde_json::{Value, json};

use crate::support::Server;

#[tokio::test]
async fn a_region_lives() {
    let config = ServerConfig { region: "left".to_owned(), ..ServerConfig::default() };
    let server = Server::start_with(config).await;
    let admin = server.admin().await;
    let body = json!({"region": {"id": "north", "description": "d"}});
    let made = server.ask(&admin, "POST", "/regions", body).await.body["region"].take();
    let links = json!({"self": "http://192.0.2.1:9696/identity/v3/regions/north"});
    assert_eq!(made, json!({"id": "north", "description": "d", "parent_region_id": null, "links": links}));
    let region = |value: Value| json!({"region": value});
    server
        .says(
            &admin,
            &[
                ("POST /regions", region(json!({"id": "north-1", "parent_region_id": "north"})), "201"),
                ("POST /regions", region(json!({"id": "left-1", "parent_region_id": "left"})), "201"),
                ("POST /regions", json!({}), "201"),
                (
                    "POST /regions",
                    region(json!({"id": "north"})),
                    "409 Conflict occurred attempting to store region - Duplicate ID, north.",
                ),
                (
                    "POST /regions",
                    region(json!({"id": "left"})),
                    "409 Conflict occurred attempting to store region - Duplicate ID, left.",
                ),
                (
                    "POST /regions",
                    region(json!({"id": "a", "parent_region_id": "nowhere"})),
                    "404 Could not find region: nowhere.",
                ),
                ("PUT /regions/east", region(json!({"description": "f"})), "201"),
                ("PUT /regions/west", region(json!({"id": "west", "parent_region_id": "east"})), "201"),
                (
                    "PUT /regions/east",
                    region(json!({})),
                    "409 Conflict occurred attempting to store region - Duplicate ID, east.",
                ),
                (
                    "PUT /regions/left",
                    region(json!({})),
                    "409 Conflict occurred attempting to store region - Duplicate ID, left.",
                ),
                (
                    "PUT /regions/south",
                    region(json!({"id": "east"})),
                    r#"400 Conflicting region IDs specified: "south" != "east""#,
                ),
                (
                    "PUT /regions/south",
                    region(json!({"description": 5})),
                    "400 Invalid input for field/attribute description. Value: 5. 5 is not of type 'string'",
                ),
                ("GET /regions/south", Value::Null, "404 Could not find region: south."),
                ("PATCH /regions/north", region(json!({"description": "e"})), "200"),
                (
                    "PATCH /regions/north",
                    region(json!({"parent_region_id": "north-1"})),
                    "400 The specified parent region north would create a circular region hierarchy.",
                ),
                ("PATCH /regions/north", region(json!({"id": "south"})), "400 Cannot change Region ID"),
                (
                    "PATCH /regions/left",
                    region(json!({"description": "e"})),
                    "403 Unable to update immutable region resource: left.",
                ),
                (
                    "DELETE /regions/left",
                    Value::Null,
                    "403 Unable to delete immutable region resource: left.",
                ),
                ("GET /regions/nowhere", Value::Null, "404 Could not find region: nowhere."),
            ],
        )
        .await;
    let shown = server.get(&admin, "/regions/west").await;
    assert_eq!(shown.body["region"]["parent_region_id"], "east");
    let shown = server.get(&admin, "/regions/north").await;
    assert_eq!(shown.body["region"]["description"], "e");
    let demo = server.demo().await;
    server
        .lists(
            &demo,
            "id",
            &[("/regions?parent_region_id=north", "north-1"), ("/regions?parent_region_id=left", "left-1")],
        )
        .await;
    server
        .says(
            &admin,
            &[
                ("DELETE /regions/north", Value::Null, "204"),
                ("GET /regions/north-1", Value::Null, "404 Could not find region: north-1."),
            ],
        )
        .await;
}
