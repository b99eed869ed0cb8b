//! Domains.

use adit_api::identity::IdentityError;
use adit_api::identity::domain::{Create, Update, View};
use adit_model::DomainId;
use adit_model::identity::{Domain, Project, User};
use adit_store::{Listing, Record, Session};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Bearer;
use super::resource::{Asking, Resource};
use crate::resource::FromStore;

/// The domain that every deployment begins with.
pub(super) const DEFAULT: &str = "default";

impl Resource for Domain {
    const PLURAL: &'static str = "domains";
    const ORDER: &'static str = "name";
    const FILTERS: &'static [(&'static str, &'static str)] = &[("name", "name"), ("enabled", "enabled")];
    type Change = Update;
    type Extra = ();

    /// Their own is no secret: it stands in their tokens.
    fn may_show(bearer: &Bearer, id: &str) -> bool {
        bearer.domain_id().as_str() == id || bearer.is_admin()
    }

    async fn create(_: Asking<'_>, body: &[u8]) -> Result<(Self, ()), IdentityError> {
        let Create { name, description, enabled } = Create::parse(body)?;
        Ok((Self { id: DomainId::from(Uuid::new_v4()), name, description, enabled }, ()))
    }

    async fn change(_: Asking<'_>, before: &Self, body: &[u8]) -> Result<Update, IdentityError> {
        Update::parse(before.id.as_str(), body)
    }

    fn apply(&mut self, change: Update) -> Result<(), IdentityError> {
        let Update { name, description, enabled } = change;
        self.name = name.unwrap_or_else(|| self.name.clone());
        self.description = description.unwrap_or_else(|| self.description.clone());
        self.enabled = enabled.unwrap_or(self.enabled);
        Ok(())
    }

    /// A domain goes with its projects and users, so it takes two steps.
    async fn before_delete(&self, session: &Session) -> Result<(), IdentityError> {
        if self.id.as_str() == DEFAULT {
            return Err(IdentityError::forbidden("delete the default domain"));
        }
        if self.enabled {
            let why = "Cannot delete a domain that is enabled, please disable it first.";
            return Err(IdentityError::forbidden(why));
        }
        delete_all::<Project>(session, &self.id).await?;
        delete_all::<User>(session, &self.id).await
    }

    fn conflict(&self) -> IdentityError {
        let name = &self.name;
        let details =
            format!("it is not permitted to have two projects acting as domains with the same name: {name}");
        IdentityError::Conflict { noun: "project", details }
    }

    fn view(self, base: &str) -> Value {
        json!(View::new(self, base))
    }
}

async fn delete_all<R: Record>(session: &Session, domain: &DomainId) -> Result<(), IdentityError> {
    let table = session.table::<R>();
    for row in table.list(&Listing::of("domain_id", domain)).await.map_err(IdentityError::from_store)? {
        table.delete(row.record.id()).await.map_err(IdentityError::from_store)?;
    }
    Ok(())
}
