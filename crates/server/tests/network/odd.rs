//! Requests that make little sense.

use serde_json::{Value, json};

use crate::common::cloud::Cloud;

#[tokio::test]
async fn odd_requests_have_the_answers_of_the_contract() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&demo, "router", "r", json!({})).await;
    let missing = "404 HTTPNotFound The resource could not be found.";
    let method = "405 HTTPMethodNotAllowed The server could not comply with the request since it is either malformed or otherwise incorrect.";
    let long = format!("quotas/{}", "p".repeat(256));
    let too_long = format!(
        "400 HTTPBadRequest Invalid input for project_id. Reason: '{}' exceeds maximum length of 255.",
        "p".repeat(256)
    );
    let quota = json!({"quota": {"network": 5}});
    for (who, verb, path, body, want) in [
        (&demo, "GET", "routers/{r}/add_router_interface", Value::Null, method),
        (&demo, "POST", "routers/{r}/remove_extraroutes", Value::Null, method),
        (&demo, "PUT", "routers/{r}/nothing", Value::Null, missing),
        (&demo, "GET", "networks/%00", Value::Null, missing),
        (&demo, "GET", "networks?name=%00", Value::Null, missing),
        (&demo, "GET", "networks?limit=1&marker=%00", Value::Null, missing),
        (&admin, "PUT", "quotas/%00", quota.clone(), missing),
        (&admin, "PUT", long.as_str(), quota, too_long.as_str()),
        (
            &demo,
            "POST",
            "networks",
            json!({"network": {"description": "a\0b"}}),
            "400 HTTPBadRequest Invalid input for description. Reason: 'a\0b' is not a valid string.",
        ),
        (
            &demo,
            "GET",
            "networks?limit=1&marker=gone",
            Value::Null,
            "404 NetworkNotFound Network gone could not be found.",
        ),
    ] {
        cloud.refused(who, (verb, path, body, want)).await;
    }
    assert_eq!(cloud.get(&demo, "networks?limit=18446744073709551615").await["networks"], json!([]));
}
