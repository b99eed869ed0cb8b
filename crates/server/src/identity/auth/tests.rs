use std::net::Ipv4Addr;

use adit_api::identity::auth::AuthRequest;
use serde_json::json;

use super::*;
use crate::identity::trial::{HERE, app, log_in};

/// However soon it ends, a token that is being answered is there.
#[tokio::test]
async fn a_new_token_is_not_among_those_that_go() {
    let (_folder, app) = app().await;
    let (_, demo) = log_in(&app, "demo").await;
    let session = app.store().write().await.unwrap();
    session.revoke_tokens_of_user(&demo.user_id()).await.unwrap();
    let token = |number: u8| Token {
        digest: TokenDigest::new([number; 32]),
        expires_at: session.now() + Duration::from_secs(100 - u64::from(number)),
        ..demo.token.clone()
    };
    let tokens = [1, 2, 3, 4].map(token);
    for (token, is_counted) in tokens.iter().zip([false, false, false, true]) {
        insert(&session, token, 3, is_counted).await.unwrap();
    }
    let mut left = Vec::new();
    for (token, number) in tokens.iter().zip(1..) {
        left.extend(session.find_token(token.digest).await.unwrap().map(|_| number));
    }
    assert_eq!(left, [1, 2, 4], "the one before goes, which ends first of those that were there");
}

/// Who is known at an address has turns of its own there, whatever others try, and with which names.
#[tokio::test]
async fn hashes_are_computed_for_who_is_known_and_else_for_an_address() {
    let (_folder, app) = app().await;
    let (_, demo) = log_in(&app, "demo").await;
    let there = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let known = Asker::User(demo.user.id.clone());
    let user = |name: &str| json!({"name": name, "domain": {"id": "default"}});
    let password = |name: &str| {
        let user = json!({"name": name, "domain": {"id": "default"}, "password": "wrong"});
        json!({"methods": ["password"], "password": {"user": user}})
    };
    let credential = |name: &str| {
        let credential = json!({"name": "nothing", "secret": "wrong", "user": user(name)});
        json!({"methods": ["application_credential"], "application_credential": credential})
    };
    for (identity, address, asker) in [
        (password("demo"), HERE, &known),
        (credential("demo"), HERE, &known),
        (password("demo"), there, &Asker::Stranger(there)),
        (credential("demo"), there, &Asker::Stranger(there)),
        (password("admin"), HERE, &Asker::Stranger(HERE)),
        (password("nobody"), HERE, &Asker::Stranger(HERE)),
        (credential("nobody"), HERE, &Asker::Stranger(HERE)),
    ] {
        let auth = json!({"auth": {"identity": identity}}).to_string();
        let request = AuthRequest::parse(auth.as_bytes()).unwrap();
        let busy = app.identity().passwords.hold_all().await;
        let trying = issue(&app, request, address);
        let looking = async {
            while app.identity().passwords.waiting_for(asker) == 0 {
                tokio::task::yield_now().await;
            }
            drop(busy);
        };
        let (tried, ()) = tokio::join!(trying, looking);
        assert!(matches!(tried, Err(IdentityError::Unauthorized)), "{auth}");
    }
}
