//! Users.

use adit_api::identity::IdentityError;
use adit_api::identity::user::{Create, PasswordChange, Update};
use adit_model::UserId;
use adit_model::identity::{Password, PasswordHash, User};
use adit_store::{Error as StoreError, Session, Stored};
use uuid::Uuid;

use super::{Bearer, commit, domain, listing};
use crate::App;
use crate::resource::FromStore;

/// `GET /v3/users`.
pub(crate) async fn list(
    app: &App,
    bearer: &Bearer,
    pairs: &[(String, String)],
) -> Result<Vec<User>, IdentityError> {
    bearer.require_admin("identity:list_users")?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    let users = session.table::<User>().list(&listing(pairs, &["name", "domain_id", "enabled"])).await;
    Ok(users.map_err(IdentityError::from_store)?.into_iter().map(|user| user.record).collect())
}

/// `GET /v3/users/{id}`.
pub(crate) async fn show(app: &App, bearer: &Bearer, id: &str) -> Result<User, IdentityError> {
    let id = UserId::new(id);
    bearer.require_self(&id, "identity:get_user")?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    Ok(find(&session, &id).await?.record)
}

/// `POST /v3/users`.
pub(crate) async fn create(app: &App, bearer: &Bearer, body: &[u8]) -> Result<User, IdentityError> {
    bearer.require_admin("identity:create_user")?;
    let create = Create::parse(body)?;
    let user = User {
        id: UserId::from(Uuid::new_v4()),
        domain_id: create.domain_id.unwrap_or_else(|| bearer.domain_id()),
        name: create.name,
        enabled: create.enabled,
        password_hash: hash(app, create.password).await?,
        default_project_id: create.default_project_id,
        email: create.email,
        description: create.description,
    };
    let exists = conflict(&user);
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    domain::find(&session, &user.domain_id).await?;
    let user = session.table().insert(user).await.map_err(exists)?;
    commit(app, session).await?;
    Ok(user.record)
}

/// `PATCH /v3/users/{id}`. A new password, or the loss of the right to use it, ends the user's tokens.
pub(crate) async fn update(app: &App, bearer: &Bearer, id: &str, body: &[u8]) -> Result<User, IdentityError> {
    bearer.require_admin("identity:update_user")?;
    let Update { name, enabled, password, default_project_id, email, description } = Update::parse(body)?;
    let password_hash = match password {
        None => None,
        Some(password) => Some(hash(app, password).await?),
    };
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    let mut user = find(&session, &UserId::new(id)).await?;
    let before = user.record.clone();
    user.record = User {
        id: before.id.clone(),
        domain_id: before.domain_id.clone(),
        name: name.unwrap_or_else(|| before.name.clone()),
        enabled: enabled.unwrap_or(before.enabled),
        password_hash: password_hash.unwrap_or_else(|| before.password_hash.clone()),
        default_project_id: default_project_id.unwrap_or_else(|| before.default_project_id.clone()),
        email: email.unwrap_or_else(|| before.email.clone()),
        description: description.unwrap_or_else(|| before.description.clone()),
    };
    if user.record == before {
        return Ok(before);
    }
    save(&session, &mut user, &before).await?;
    commit(app, session).await?;
    Ok(user.record)
}

/// `POST /v3/users/{id}/password`, by which users change their own. Nobody's word is enough for it: the original
/// password is.
pub(crate) async fn change_password(
    app: &App,
    bearer: &Bearer,
    id: &str,
    body: &[u8],
) -> Result<(), IdentityError> {
    let id = UserId::new(id);
    bearer.require_self(&id, "identity:change_password")?;
    let PasswordChange { original, new } = PasswordChange::parse(body)?;
    let known = {
        let session = app.store().read().await.map_err(IdentityError::from_store)?;
        find(&session, &id).await?.record.password_hash
    };
    if !app.identity().passwords.verify(original, known.clone()).await? {
        return Err(IdentityError::Unauthorized);
    }
    let new = hash(app, Some(new)).await?;
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    let mut user = find(&session, &id).await?;
    if user.password_hash != known {
        return Err(IdentityError::Unauthorized);
    }
    let before = user.record.clone();
    user.password_hash = new;
    save(&session, &mut user, &before).await?;
    commit(app, session).await
}

/// `DELETE /v3/users/{id}`, with its tokens and roles.
pub(crate) async fn delete(app: &App, bearer: &Bearer, id: &str) -> Result<(), IdentityError> {
    bearer.require_admin("identity:delete_user")?;
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    let user = find(&session, &UserId::new(id)).await?;
    session.table::<User>().delete(&user.id).await.map_err(IdentityError::from_store)?;
    commit(app, session).await
}

/// The user that a request is about.
pub(super) async fn find(session: &Session, id: &UserId) -> Result<Stored<User>, IdentityError> {
    let found = session.table::<User>().find(id).await.map_err(IdentityError::from_store)?;
    found.ok_or_else(|| IdentityError::NotFound { noun: "user", id: id.to_string() })
}

async fn save(session: &Session, user: &mut Stored<User>, before: &User) -> Result<(), IdentityError> {
    let exists = conflict(user);
    session.table().update(user).await.map_err(exists)?;
    if !user.enabled || user.password_hash != before.password_hash {
        session.revoke_tokens_of_user(&user.id).await.map_err(IdentityError::from_store)?;
    }
    Ok(())
}

async fn hash(app: &App, password: Option<Password>) -> Result<Option<PasswordHash>, IdentityError> {
    match password {
        None => Ok(None),
        Some(password) => Ok(Some(app.identity().passwords.hash(password).await?)),
    }
}

fn conflict(user: &User) -> impl FnOnce(StoreError) -> IdentityError + use<> {
    let (name, domain_id) = (user.name.clone(), user.domain_id.to_string());
    move |error| {
        if matches!(error, StoreError::Duplicate { .. }) {
            IdentityError::UserExists { name, domain_id }
        } else {
            IdentityError::from_store(error)
        }
    }
}
