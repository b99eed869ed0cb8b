//! Roles.

use adit_api::identity::IdentityError;
use adit_model::RoleId;
use adit_model::identity::Role;
use adit_store::{Session, Stored};

use super::{Bearer, listing};
use crate::App;
use crate::resource::FromStore;

/// `GET /v3/roles`.
pub(crate) async fn list(
    app: &App,
    bearer: &Bearer,
    pairs: &[(String, String)],
) -> Result<Vec<Role>, IdentityError> {
    bearer.require_admin("identity:list_roles")?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    let roles = session.table::<Role>().list(&listing(pairs, &["name"])).await;
    Ok(roles.map_err(IdentityError::from_store)?.into_iter().map(|role| role.record).collect())
}

/// `GET /v3/roles/{id}`.
pub(crate) async fn show(app: &App, bearer: &Bearer, id: &str) -> Result<Role, IdentityError> {
    bearer.require_admin("identity:get_role")?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    Ok(find(&session, &RoleId::new(id)).await?.record)
}

/// The role that a request is about.
pub(super) async fn find(session: &Session, id: &RoleId) -> Result<Stored<Role>, IdentityError> {
    let found = session.table::<Role>().find(id).await.map_err(IdentityError::from_store)?;
    found.ok_or_else(|| IdentityError::NotFound { noun: "role", id: id.to_string() })
}
