//! Connections that are lost, and Adit's own token.

use super::cloud::{Ask, Cloud};
use super::scripted::{Reply, Scripted};
use super::{UNAUTHORIZED, UNAVAILABLE, token};

#[tokio::test]
async fn a_lost_connection_is_tried_three_times_more() {
    for (lost, retries, want) in [(0, 3, "200"), (3, 3, "200"), (4, 3, UNAVAILABLE), (1, 0, UNAVAILABLE)] {
        let cloud =
            Cloud::behind(Scripted::start_losing(lost).await, |config| config.retries = retries).await;
        cloud.keystone.know("t", token(&["member"]));
        assert_eq!(cloud.ask(Ask::get("t")).await, want, "{lost} lost, {retries} retries");
    }
}

#[tokio::test]
async fn nobody_there_is_unavailable_and_nothing_is_remembered_of_it() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cloud = Cloud::start_with(|config| config.auth_url = format!("http://{closed}")).await;
    assert_eq!(cloud.ask(Ask::get("t")).await, UNAVAILABLE);

    let cloud = Cloud::behind(Scripted::start_losing(4).await, |_| {}).await;
    cloud.keystone.know("t", token(&["member"]));
    assert_eq!(cloud.ask(Ask::get("t")).await, UNAVAILABLE);
    assert_eq!(cloud.ask(Ask::get("t")).await, "200");
}

#[tokio::test]
async fn an_own_token_that_is_stale_is_renewed_once() {
    let cloud = Cloud::start().await;
    cloud.keystone.know("a", token(&["member"]));
    cloud.keystone.know("b", token(&["member"]));
    assert_eq!(cloud.ask(Ask::get("a")).await, "200");
    cloud.keystone.revoke_own();
    assert_eq!(cloud.ask(Ask::get("b")).await, "200");
    assert_eq!((cloud.keystone.logins(), cloud.keystone.checks()), (2, 3));

    cloud.keystone.answer_checks([Reply::Status(401), Reply::Status(401)]);
    assert_eq!(cloud.ask(Ask::get("unknown")).await, UNAVAILABLE);
    assert_eq!((cloud.keystone.logins(), cloud.keystone.checks()), (3, 5));
    assert_eq!(cloud.ask(Ask::get("unknown")).await, UNAUTHORIZED);
}

#[tokio::test]
async fn an_own_token_is_renewed_before_it_ends() {
    for (lifetime, passed, logins) in [(3600, 3539, 1), (3600, 3540, 2), (3600, 4000, 2), (30, 0, 2)] {
        let cloud = Cloud::start_with(|config| config.token_cache_time_secs = 0).await;
        cloud.keystone.let_own_live(lifetime);
        cloud.ask(Ask::get("t")).await;
        cloud.pass(passed);
        cloud.ask(Ask::get("t")).await;
        assert_eq!(cloud.keystone.logins(), logins, "after {passed} of {lifetime} s");
    }
}

#[tokio::test]
async fn failing_to_get_an_own_token_is_unavailable() {
    for reply in
        [Reply::Status(401), Reply::Status(403), Reply::Status(500), Reply::Json([(); 0].into()), Reply::Hang]
    {
        let cloud = Cloud::start().await;
        cloud.keystone.know("t", token(&["member"]));
        let shown = format!("{reply:?}");
        cloud.keystone.answer_logins([reply]);
        assert_eq!(cloud.ask(Ask::get("t")).await, UNAVAILABLE, "{shown}");
        assert_eq!(cloud.keystone.checks(), 0, "{shown}");
        cloud.pass(5);
        assert_eq!(cloud.ask(Ask::get("t")).await, "200", "{shown}");
    }
}

#[tokio::test]
async fn a_keystone_that_refuses_adits_user_is_left_alone_for_a_moment() {
    let cloud = Cloud::start().await;
    cloud.keystone.know("t", token(&["member"]));
    cloud.keystone.answer_logins([Reply::Status(401)]);
    for _ in 0..3 {
        assert_eq!(cloud.ask(Ask::get("t")).await, UNAVAILABLE);
        cloud.pass(1);
    }
    assert_eq!(cloud.keystone.logins(), 1);
    cloud.pass(2);
    assert_eq!(cloud.ask(Ask::get("t")).await, "200");
}
