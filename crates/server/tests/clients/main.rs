//! What programs send that are not in these tests themselves: whole sessions of openstacksdk's cloud layer, of gophercloud
//! and Terraform, and of Horizon, request by request, against the real router.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
mod session;

use session::Session;

#[tokio::test]
async fn gophercloud_and_terraform() {
    Session::read(include_str!("gophercloud.txt")).replay().await;
}

#[tokio::test]
async fn horizon() {
    Session::read(include_str!("horizon.txt")).replay().await;
}

#[tokio::test]
async fn the_cloud_layer_of_openstacksdk() {
    Session::read(include_str!("openstacksdk.txt")).replay().await;
}

#[tokio::test]
async fn another_answer_is_noticed() {
    let right = "> GET /identity/v3\n< 200\n{\"version\": {\"id\": \"v3.14\"}}\n";
    assert_eq!(Session::read(right).differences().await, Vec::<String>::new());
    for (from, to) in [("200", "300"), ("v3.14", "v3.13"), ("\"id\"", "\"ID\""), ("/v3", "/v2")] {
        let wrong = right.replacen(from, to, 1);
        assert_eq!(Session::read(&wrong).differences().await.len(), 1, "{wrong}");
    }
}
