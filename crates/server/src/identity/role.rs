//! Roles, and which of them imply which.

use adit_api::identity::IdentityError;
use adit_api::identity::role::{Create, Inference, Party, Update, View};
use adit_model::RoleId;
use adit_model::identity::{BUILT_IN_ROLES, IMPLICATIONS, Role};
use adit_store::{Listing, Session};
use serde_json::{Value, json};
use uuid::Uuid;

use super::resource::{Asking, Resource, find};
use super::{Bearer, application_credential};
use crate::App;
use crate::resource::FromStore;

impl Resource for Role {
    const PLURAL: &'static str = "roles";
    const ORDER: &'static str = "name";
    const FILTERS: &'static [(&'static str, &'static str)] = &[("name", "name")];
    /// No role belongs to a domain.
    const CONSTANTS: &'static [&'static str] = &["domain_id"];
    type Change = Update;
    type Extra = ();

    async fn create(_: Asking<'_>, body: &[u8]) -> Result<(Self, ()), IdentityError> {
        let Create { name, description, immutable } = Create::parse(body)?;
        Ok((Self { id: RoleId::from(Uuid::new_v4()), name, description, immutable }, ()))
    }

    async fn change(_: Asking<'_>, before: &Self, body: &[u8]) -> Result<Update, IdentityError> {
        Update::parse(before.id.as_str(), body)
    }

    /// A protected role can be given free, and then be changed; the built-in ones never are.
    fn apply(&mut self, change: Update) -> Result<(), IdentityError> {
        let Update { name, description, immutable } = change;
        let is_freed = immutable == Some(false) && !is_built_in(self);
        let is_touched = name.is_some() || description.is_some() || immutable == Some(false);
        if self.immutable && is_touched && !is_freed {
            return Err(IdentityError::Immutable { verb: "update", noun: "role", id: self.id.to_string() });
        }
        self.name = name.unwrap_or_else(|| self.name.clone());
        self.description = description.unwrap_or_else(|| self.description.clone());
        self.immutable = immutable.unwrap_or(self.immutable);
        Ok(())
    }

    async fn before_delete(&self, session: &Session) -> Result<(), IdentityError> {
        if self.immutable {
            return Err(IdentityError::Immutable { verb: "delete", noun: "role", id: self.id.to_string() });
        }
        application_credential::delete_with_role(session, &self.id).await
    }

    fn conflict(&self) -> IdentityError {
        let details = format!("Duplicate entry found with name {}", self.name);
        IdentityError::Conflict { noun: "role", details }
    }

    fn view(self, base: &str) -> Value {
        json!(View::new(self, base))
    }
}

fn is_built_in(role: &Role) -> bool {
    BUILT_IN_ROLES.contains(&role.name.as_str())
}

/// `GET /v3/roles/{id}/implies`: the roles that it implies directly.
pub(crate) async fn implied(
    app: &App,
    bearer: &Bearer,
    id: &str,
    base: &str,
) -> Result<Inference, IdentityError> {
    bearer.require_admin("identity:list_implied_roles")?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    let prior = find::<Role>(&session, id).await?;
    let roles = session.table::<Role>().list(&Listing::default()).await.map_err(IdentityError::from_store)?;
    let roles: Vec<Role> = roles.into_iter().map(|role| role.record).collect();
    Ok(inference(&prior, &roles, base))
}

/// `HEAD /v3/roles/{prior}/implies/{implied}`.
pub(crate) async fn check_implied(
    app: &App,
    bearer: &Bearer,
    (prior, implied): (&str, &str),
) -> Result<(), IdentityError> {
    bearer.require_admin("identity:get_implied_role")?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    let (prior, implied) = (find::<Role>(&session, prior).await?, find::<Role>(&session, implied).await?);
    if IMPLICATIONS.contains(&(prior.name.as_str(), implied.name.as_str())) {
        return Ok(());
    }
    // In the reference's words: "Could not find implied role: PRIOR implies IMPLIED."
    let id = format!("{} implies {}", prior.id, implied.id);
    Err(IdentityError::NotFound { noun: "implied role", id })
}

/// `GET /v3/role_inferences`: each role that implies others.
pub(crate) async fn inferences(
    app: &App,
    bearer: &Bearer,
    base: &str,
) -> Result<Vec<Inference>, IdentityError> {
    bearer.require_admin("identity:list_role_inference_rules")?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    let roles = session.table::<Role>().list(&Listing::default()).await.map_err(IdentityError::from_store)?;
    let roles: Vec<Role> = roles.into_iter().map(|role| role.record).collect();
    let all = roles.iter().map(|prior| inference(prior, &roles, base));
    Ok(all.filter(|inference| !inference.implies.is_empty()).collect())
}

fn inference(prior: &Role, roles: &[Role], base: &str) -> Inference {
    let is_implied = |role: &&Role| IMPLICATIONS.contains(&(prior.name.as_str(), role.name.as_str()));
    Inference {
        prior_role: Party::new(prior, base),
        implies: roles.iter().filter(is_implied).map(|role| Party::new(role, base)).collect(),
    }
}
