use std::net::{IpAddr, Ipv4Addr};

use adit_api::identity::auth::AuthRequest;
use adit_model::identity::RoleAssignment;
use adit_store::{SealingKey, Store};
use serde_json::json;

use super::*;
use crate::identity::role_assignment::{Grants, revoke as take_role};
use crate::identity::{auth, token};
use crate::{Bootstrap, ServerConfig};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

async fn log_in(app: &App, name: &str) -> (BearerToken, Bearer) {
    let user = json!({"name": name, "password": name, "domain": {"id": "default"}});
    let auth = json!({
        "identity": {"methods": ["password"], "password": {"user": user}},
        "scope": {"project": {"name": name, "domain": {"id": "default"}}},
    });
    let request = AuthRequest::parse(json!({"auth": auth}).to_string().as_bytes()).unwrap();
    auth::issue(app, request, HERE).await.unwrap()
}

/// Whoever is shut out while a secret is being hashed is not let in again by it.
#[tokio::test]
async fn who_is_shut_out_meanwhile_gets_no_credential() {
    let folder = tempfile::tempdir().unwrap();
    let url = Store::sqlite_url(&folder.path().join("adit.db"));
    let store = Store::connect(&url, SealingKey::generate()).await.unwrap();
    store.migrate().await.unwrap();
    let app = App::new(store, ServerConfig::default(), "key".to_owned());
    let passwords = Bootstrap { admin_password: "admin".to_owned(), demo_password: "demo".to_owned() };
    app.bootstrap(passwords).await.unwrap();
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
                "a role" => {
                    let scope = Scope::Project(demo.project_id().unwrap().clone());
                    let session = app.store().read().await.unwrap();
                    let held = session.role_assignments(&Default::default()).await.unwrap();
                    drop(session);
                    let is_theirs =
                        |held: &&RoleAssignment| held.user_id.as_str() == user && held.scope == scope;
                    let role = held.iter().find(is_theirs).unwrap().role_id.to_string();
                    let grants = Grants { scope: &scope, user: &user };
                    take_role(&app, &admin, grants, &role).await.unwrap();
                }
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
