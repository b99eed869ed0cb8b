//! Services: Adit's own, and those that administrators add to the catalog.

use adit_api::identity::IdentityError;
use adit_api::identity::service::{Create, Update, View};
use adit_model::identity::{Service, ServiceId};
use adit_store::Session;
use serde_json::{Value, json};
use uuid::Uuid;

use super::catalog;
use super::resource::{Asking, Resource};
use crate::resource::FromStore;

impl Resource for Service {
    const PLURAL: &'static str = "services";
    const ORDER: &'static str = "name";
    const FILTERS: &'static [(&'static str, &'static str)] =
        &[("name", "name"), ("type", "service_type"), ("enabled", "enabled")];
    type Change = Update;
    type Extra = ();

    fn built_in(_: Asking<'_>) -> Vec<Self> {
        catalog::own_services()
    }

    async fn create(_: Asking<'_>, body: &[u8]) -> Result<(Self, ()), IdentityError> {
        let Create { service_type, name, description, enabled } = Create::parse(body)?;
        let id = ServiceId::from(Uuid::new_v4());
        Ok((Self { id, service_type, name, description, enabled }, ()))
    }

    async fn change(_: Asking<'_>, before: &Self, body: &[u8]) -> Result<Update, IdentityError> {
        Update::parse(before.id.as_str(), body)
    }

    fn apply(&mut self, change: Update) -> Result<(), IdentityError> {
        let Update { service_type, name, description, enabled } = change;
        self.service_type = service_type.unwrap_or_else(|| self.service_type.clone());
        self.name = name.unwrap_or_else(|| self.name.clone());
        self.description = description.unwrap_or_else(|| self.description.clone());
        self.enabled = enabled.unwrap_or(self.enabled);
        Ok(())
    }

    /// Names and types need not be unique; an id that is there twice is a failure of ours.
    fn conflict(&self) -> IdentityError {
        IdentityError::Conflict { noun: "service", details: format!("Duplicate ID, {}", self.id) }
    }

    fn view(self, base: &str) -> Value {
        json!(View::new(self, base))
    }
}

/// Gives a service of Adit's own a row, if `id` names one and it has none, since an endpoint is to refer to it.
pub(super) async fn ensure(session: &Session, id: &ServiceId) -> Result<(), IdentityError> {
    let Some(own) = catalog::own_services().into_iter().find(|service| service.id == *id) else {
        return Ok(());
    };
    let table = session.table::<Service>();
    if table.find(id).await.map_err(IdentityError::from_store)?.is_none() {
        table.insert(own).await.map_err(IdentityError::from_store)?;
    }
    Ok(())
}
