//! What is remembered, for how long, and that many ask once.

use serde_json::json;
use tokio::task::JoinSet;

use super::cloud::{self, Ask, Cloud};
use super::scripted::Reply;
use super::{UNAUTHORIZED, UNAVAILABLE, token, with};

#[tokio::test]
async fn an_answer_about_a_valid_token_is_believed_for_its_time() {
    for (kept_for, passed, checks) in [(300, 299, 1), (300, 300, 2), (0, 0, 2), (10, 9, 1), (10, 10, 2)] {
        let cloud = Cloud::start_with(|config| config.token_cache_time_secs = kept_for).await;
        cloud.keystone.know("t", token(&["member"]));
        assert_eq!(cloud.ask(Ask::get("t")).await, "200");
        cloud.pass(passed);
        assert_eq!(cloud.ask(Ask::get("t")).await, "200");
        assert_eq!(cloud.keystone.checks(), checks, "kept for {kept_for} s, after {passed} s");
        assert_eq!(cloud.keystone.logins(), 1);
    }
}

#[tokio::test]
async fn a_revoked_token_lives_on_for_no_longer_than_that() {
    let cloud = Cloud::start().await;
    cloud.keystone.know("t", token(&["member"]));
    assert_eq!(cloud.ask(Ask::get("t")).await, "200");
    cloud.keystone.revoke("t");
    cloud.pass(299);
    assert_eq!(cloud.ask(Ask::get("t")).await, "200");
    cloud.pass(1);
    assert_eq!(cloud.ask(Ask::get("t")).await, UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_not_valid_and_what_failed_is_not_remembered() {
    let cloud = Cloud::start().await;
    assert_eq!(cloud.ask(Ask::get("t")).await, UNAUTHORIZED);
    cloud.keystone.know("t", token(&["member"]));
    cloud.keystone.answer_checks([Reply::Status(500)]);
    assert_eq!(cloud.ask(Ask::get("t")).await, UNAVAILABLE);
    assert_eq!(cloud.ask(Ask::get("t")).await, "200");
    assert_eq!(cloud.keystone.checks(), 3);
}

#[tokio::test]
async fn the_end_of_a_token_is_seen_without_asking() {
    let cloud = Cloud::start().await;
    cloud.keystone.know("t", with(token(&["member"]), "expires_at", cloud::time(60).into()));
    assert_eq!(cloud.ask(Ask::get("t")).await, "200");
    cloud.pass(59);
    assert_eq!(cloud.ask(Ask::get("t")).await, "200");
    cloud.pass(1);
    assert_eq!(cloud.ask(Ask::get("t")).await, UNAUTHORIZED);
    assert_eq!(cloud.keystone.checks(), 1);

    cloud.keystone.know("late", with(token(&["member"]), "expires_at", cloud::time(0).into()));
    assert_eq!(cloud.ask(Ask::get("late")).await, UNAUTHORIZED, "whatever Keystone says");
}

#[tokio::test]
async fn each_token_is_remembered_by_itself() {
    let cloud = Cloud::start().await;
    cloud.keystone.know("a", token(&["member"]));
    cloud.keystone.know("b", with(token(&["reader"]), "project", json!({"id": "q"})));
    for _ in 0..2 {
        assert_eq!(cloud.ask(Ask::get("a")).await, "200");
        assert_eq!(cloud.ask(Ask::get("b")).await, "200");
        assert_eq!(cloud.ask(Ask::get("c")).await, UNAUTHORIZED);
    }
    assert_eq!(cloud.keystone.checks(), 4);
}

#[tokio::test]
async fn many_requests_with_one_new_token_ask_once() {
    // Nothing is remembered, so it is not memory that answers.
    let cloud = std::sync::Arc::new(Cloud::start_with(|config| config.token_cache_time_secs = 0).await);
    cloud.keystone.know("t", token(&["member"]));
    let mut requests = JoinSet::new();
    for _ in 0..20 {
        let cloud = std::sync::Arc::clone(&cloud);
        requests.spawn(async move { cloud.ask(Ask::get("t")).await });
    }
    assert_eq!(requests.join_all().await, ["200"; 20]);
    assert_eq!((cloud.keystone.logins(), cloud.keystone.checks()), (1, 1));
}
