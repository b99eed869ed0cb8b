use super::*;
use crate::identity::trial::{app, log_in};

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
