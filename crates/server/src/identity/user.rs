//! Users.

use std::net::IpAddr;

use adit_api::identity::IdentityError;
use adit_api::identity::user::{Create, PasswordChange, Update, View};
use adit_model::UserId;
use adit_model::identity::{Domain, Password, PasswordHash, User};
use adit_store::Session;
use serde_json::{Value, json};
use uuid::Uuid;

use super::auth::check;
use super::resource::{Asking, Resource, find, lock};
use super::token::bearer_of_digest;
use super::{Bearer, commit};
use crate::App;
use crate::resource::FromStore;

/// What a PATCH wants, its password hashed already.
pub(crate) struct Change {
    update: Update,
    password_hash: Option<Option<PasswordHash>>,
}

impl Resource for User {
    const PLURAL: &'static str = "users";
    const ORDER: &'static str = "name";
    const FILTERS: &'static [(&'static str, &'static str)] =
        &[("name", "name"), ("domain_id", "domain_id"), ("enabled", "enabled")];
    type Change = Change;
    type Extra = ();

    /// Users may see themselves.
    fn may_show(bearer: &Bearer, id: &str) -> bool {
        bearer.user.id == id || bearer.is_admin()
    }

    async fn create(asking: Asking<'_>, body: &[u8]) -> Result<(Self, ()), IdentityError> {
        let Create { name, domain_id, enabled, password, default_project_id, email, description } =
            Create::parse(body)?;
        let user = Self {
            id: UserId::from(Uuid::new_v4()),
            domain_id: domain_id.unwrap_or_else(|| asking.bearer.domain_id()),
            name,
            enabled,
            password_hash: hash(asking.app, &asking.bearer.user.id, password).await?,
            default_project_id,
            email,
            description,
        };
        Ok((user, ()))
    }

    async fn change(asking: Asking<'_>, before: &Self, body: &[u8]) -> Result<Change, IdentityError> {
        let mut update = Update::parse(before, body)?;
        let password_hash = match update.password.take() {
            None => None,
            Some(password) => Some(hash(asking.app, &asking.bearer.user.id, password).await?),
        };
        Ok(Change { update, password_hash })
    }

    fn apply(&mut self, change: Change) -> Result<(), IdentityError> {
        let Change { update, password_hash } = change;
        let Update { name, enabled, password: _, default_project_id, email, description } = update;
        self.name = name.unwrap_or_else(|| self.name.clone());
        self.enabled = enabled.unwrap_or(self.enabled);
        self.password_hash = password_hash.unwrap_or_else(|| self.password_hash.clone());
        self.default_project_id = default_project_id.unwrap_or_else(|| self.default_project_id.clone());
        self.email = email.unwrap_or_else(|| self.email.clone());
        self.description = description.unwrap_or_else(|| self.description.clone());
        Ok(())
    }

    /// A new password, or the loss of the right to use it, ends the user's tokens.
    async fn before_save(
        &self,
        asking: Asking<'_>,
        session: &Session,
        (): (),
        before: Option<&Self>,
    ) -> Result<(), IdentityError> {
        if self.password_hash.is_some() && before.is_none_or(|user| user.password_hash != self.password_hash)
        {
            // The hash has taken a while, and whoever was shut out meanwhile must not be left with a way in.
            let action = if before.is_none() { "identity:create_user" } else { "identity:update_user" };
            let still = bearer_of_digest(session, asking.bearer.token.digest).await;
            still
                .map_err(IdentityError::from_store)?
                .ok_or(IdentityError::Unauthorized)?
                .require_admin(action)?;
        }
        match before {
            None => find::<Domain>(session, self.domain_id.as_str()).await.map(|_| ()),
            Some(before) if !self.enabled || self.password_hash != before.password_hash => {
                session.revoke_tokens_of_user(&self.id).await.map_err(IdentityError::from_store)
            }
            Some(_) => Ok(()),
        }
    }

    fn conflict(&self) -> IdentityError {
        let Self { name, domain_id, .. } = self;
        let details = format!("Duplicate entry found with name {name} at domain ID {domain_id}");
        IdentityError::Conflict { noun: "user", details }
    }

    fn view(self, base: &str) -> Value {
        json!(View::new(self, base))
    }
}

/// `POST /v3/users/{id}/password`, by which users change their own. Nobody's word is enough for it: the original
/// password is, and guessing it is slowed as at a login.
pub(crate) async fn change_password(
    app: &App,
    bearer: &Bearer,
    (id, address): (&str, IpAddr),
    body: &[u8],
) -> Result<(), IdentityError> {
    let user_id = UserId::new(id);
    bearer.require_self(&user_id, "identity:change_password")?;
    let PasswordChange { original, new } = PasswordChange::parse(body)?;
    let known = {
        let session = app.store().read().await.map_err(IdentityError::from_store)?;
        find::<User>(&session, id).await?.record.password_hash
    };
    if !check(app, ("user", id), (id, address), original, known.clone()).await? {
        return Err(IdentityError::Unauthorized);
    }
    let new = hash(app, &bearer.user.id, Some(new)).await?;
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    // From here on nobody gets a token by the old one.
    let mut user = lock::<User>(&session, id).await?;
    if user.password_hash != known {
        return Err(IdentityError::Unauthorized);
    }
    user.password_hash = new;
    session.revoke_tokens_of_user(&user.id).await.map_err(IdentityError::from_store)?;
    session.table().update(&mut user).await.map_err(IdentityError::from_store)?;
    commit(app, session).await
}

/// The hash of a password that is to be a user's, for whoever asks for it.
async fn hash(
    app: &App,
    owner: &str,
    password: Option<Password>,
) -> Result<Option<PasswordHash>, IdentityError> {
    match password {
        None => Ok(None),
        Some(password) => Ok(Some(app.identity().passwords.hash(owner, password).await?)),
    }
}

#[cfg(test)]
mod tests;
