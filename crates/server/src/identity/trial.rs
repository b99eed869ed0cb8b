//! A server for the tests of use cases.

use std::net::{IpAddr, Ipv4Addr};

use adit_api::identity::auth::{AuthRequest, BearerToken};
use adit_model::UserId;
use adit_model::identity::{RoleAssignment, Scope};
use adit_store::{RoleAssignmentFilter, SealingKey, Store};
use serde_json::json;
use tempfile::TempDir;

use super::role_assignment::{Grants, revoke};
use super::{Bearer, auth};
use crate::{App, Bootstrap, ServerConfig};

pub(super) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What a first start makes, in a database of its own. The passwords are the users' names.
pub(super) async fn app() -> (TempDir, App) {
    let folder = tempfile::tempdir().unwrap();
    let url = Store::sqlite_url(&folder.path().join("adit.db"));
    let store = Store::connect(&url, SealingKey::generate()).await.unwrap();
    store.migrate().await.unwrap();
    let app = App::new(store, ServerConfig::default(), "key".to_owned());
    let passwords = Bootstrap { admin_password: "admin".to_owned(), demo_password: "demo".to_owned() };
    app.bootstrap(passwords).await.unwrap();
    (folder, app)
}

/// By the password, in the project of the same name.
pub(super) async fn log_in(app: &App, name: &str) -> (BearerToken, Bearer) {
    let user = json!({"name": name, "password": name, "domain": {"id": "default"}});
    let auth = json!({
        "identity": {"methods": ["password"], "password": {"user": user}},
        "scope": {"project": {"name": name, "domain": {"id": "default"}}},
    });
    let request = AuthRequest::parse(json!({"auth": auth}).to_string().as_bytes()).unwrap();
    auth::issue(app, request, HERE).await.unwrap()
}

/// Takes the one role from a user that it has in the project of its token.
pub(super) async fn take_role(app: &App, admin: &Bearer, user: &Bearer) {
    let scope = Scope::Project(user.project_id().unwrap().clone());
    let filter = RoleAssignmentFilter {
        user_id: Some(UserId::new(&user.user.id)),
        scope: Some(scope.clone()),
        role_id: None,
    };
    let session = app.store().read().await.unwrap();
    let held: Vec<RoleAssignment> = session.role_assignments(&filter).await.unwrap();
    drop(session);
    let grants = Grants { scope: &scope, user: &user.user.id };
    revoke(app, admin, grants, held[0].role_id.as_str()).await.unwrap();
}
