use adit_model::identity::{Role, RoleAssignment, Scope};
use adit_store::Listing;
use serde_json::json;

use super::*;
use crate::identity::resource;
use crate::identity::trial::{app, log_in, take_role};

/// Whoever is no administrator any more when a password is hashed has not given it to anybody.
#[tokio::test]
async fn who_is_no_administrator_meanwhile_gives_no_password() {
    for (action, is_new) in [("identity:create_user", true), ("identity:update_user", false)] {
        let (_folder, app) = app().await;
        let (_, admin) = log_in(&app, "admin").await;
        let (_, demo) = log_in(&app, "demo").await;
        let asking = Asking { app: &app, bearer: &admin, server: "" };
        // It keeps a role there, so that its token stays.
        let scope = Scope::Project(admin.project_id().unwrap().clone());
        let session = app.store().write().await.unwrap();
        let wanted = Listing::of("name", "reader");
        let reader = session.table::<Role>().list(&wanted).await.unwrap().pop().unwrap().record;
        session.commit().await.unwrap();
        let busy = app.identity().passwords.hold_all().await;
        let making = async {
            let body = json!({"user": {"name": "anna", "password": "p"}}).to_string();
            if is_new {
                resource::create::<User>(asking, body.as_bytes()).await
            } else {
                resource::update::<User>(asking, &demo.user.id, body.as_bytes()).await
            }
        };
        let shutting_out = async {
            while app.identity().passwords.waiting(&admin.user.id) == 0 {
                tokio::task::yield_now().await;
            }
            take_role(&app, &admin, &admin).await;
            let assignment = RoleAssignment { scope, user_id: admin.user_id(), role_id: reader.id };
            let session = app.store().write().await.unwrap();
            session.assign_role(&assignment).await.unwrap();
            session.commit().await.unwrap();
            drop(busy);
        };
        let (made, ()) = tokio::join!(making, shutting_out);
        let want = format!("You are not authorized to perform the requested action: {action}.");
        assert_eq!(made.unwrap_err().to_string(), want);
        let session = app.store().read().await.unwrap();
        let wanted = Listing::of("name", "anna");
        assert!(session.table::<User>().list(&wanted).await.unwrap().is_empty(), "{action}");
    }
}
