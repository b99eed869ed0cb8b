use serde_json::json;

use super::*;
use crate::identity::token;
use crate::identity::trial::{app, log_in, take_role};

/// Whoever is shut out while a secret is being hashed is not let in again by it.
#[tokio::test]
async fn who_is_shut_out_meanwhile_gets_no_credential() {
    let (_folder, app) = app().await;
    let (_, admin) = log_in(&app, "admin").await;
    for what in ["nothing", "the token", "a role"] {
        let (text, demo) = log_in(&app, "demo").await;
        let user = demo.user.id.clone();
        let body = json!({"application_credential": {"name": what}}).to_string();
        let busy = app.identity().passwords.hold_all().await;
        let making = create(&app, &demo, &user, body.as_bytes());
        let shutting_out = async {
            while app.identity().passwords.waiting(&user) == 0 {
                tokio::task::yield_now().await;
            }
            match what {
                "the token" => token::revoke(&app, &demo, Some(&text)).await.unwrap(),
                "a role" => take_role(&app, &admin, &demo).await,
                _ => {}
            }
            drop(busy);
        };
        let (made, ()) = tokio::join!(making, shutting_out);
        assert_eq!(made.is_ok(), what == "nothing", "{what}");
        assert!(what == "nothing" || matches!(made, Err(IdentityError::Unauthorized)), "{what}");
        let session = app.store().read().await.unwrap();
        let all = session.table::<ApplicationCredential>().list(&Listing::default()).await.unwrap();
        let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        assert!(!names.contains(&what) || what == "nothing", "{names:?}");
    }
}

#[tokio::test]
async fn a_user_has_so_many_and_no_more() {
    let (_folder, app) = app().await;
    let (_, demo) = log_in(&app, "demo").await;
    let user = demo.user.id.as_str();
    let make = async |name: &str| {
        let body = json!({"application_credential": {"name": name}}).to_string();
        create(&app, &demo, user, body.as_bytes()).await.map(|(shown, _)| shown)
    };
    let first = make("0").await.unwrap();
    let session = app.store().write().await.unwrap();
    let table = session.table::<ApplicationCredential>();
    let like = table.find(&first.id).await.unwrap().unwrap().record;
    for number in 2..MOST_OF_A_USER {
        let id = ApplicationCredentialId::from(Uuid::new_v4());
        table.insert(ApplicationCredential { id, name: number.to_string(), ..like.clone() }).await.unwrap();
    }
    session.commit().await.unwrap();
    make("last").await.unwrap();
    let refused = make("more").await.unwrap_err();
    assert_eq!(refused.status().0, 403);
    let want =
        "Unable to create additional application credentials, maximum of 200 already exceeded for user.";
    assert_eq!(refused.to_string(), want);
    delete(&app, &demo, (user, first.id.as_str())).await.unwrap();
    make("more").await.unwrap();
}
