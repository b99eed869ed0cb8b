//! Regions: the one of the configuration, and those that administrators name. Whoever has a token may see them.

use std::collections::BTreeSet;

use adit_api::identity::IdentityError;
use adit_api::identity::region::{Create, Update, View};
use adit_model::identity::{Region, RegionId};
use adit_store::{Error as StoreError, Session};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Bearer;
use super::resource::{self, Asking, Resource, find};
use crate::App;
use crate::resource::FromStore;

impl Resource for Region {
    const PLURAL: &'static str = "regions";
    const ORDER: &'static str = "id";
    const FILTERS: &'static [(&'static str, &'static str)] = &[("parent_region_id", "parent_region_id")];
    type Change = Update;
    type Extra = ();

    fn may_list(_: &Bearer) -> bool {
        true
    }

    fn may_show(_: &Bearer, _: &str) -> bool {
        true
    }

    fn built_in(asking: Asking<'_>) -> Vec<Self> {
        vec![own(asking.app)]
    }

    async fn create(_: Asking<'_>, body: &[u8]) -> Result<(Self, ()), IdentityError> {
        let Create { id, description, parent_id } = Create::parse(body)?;
        let id = id.unwrap_or_else(|| RegionId::from(Uuid::new_v4()));
        Ok((Self { id, description, parent_id }, ()))
    }

    async fn change(_: Asking<'_>, before: &Self, body: &[u8]) -> Result<Update, IdentityError> {
        Update::parse(before.id.as_str(), body)
    }

    fn apply(&mut self, change: Update) -> Result<(), IdentityError> {
        let Update { description, parent_id } = change;
        self.description = description.unwrap_or_else(|| self.description.clone());
        self.parent_id = parent_id.unwrap_or_else(|| self.parent_id.clone());
        Ok(())
    }

    async fn before_save(
        &self,
        asking: Asking<'_>,
        session: &Session,
        (): (),
        _: Option<&Self>,
    ) -> Result<(), IdentityError> {
        let Some(parent) = self.parent_id.clone() else { return Ok(()) };
        // Two that change at once may make a circle of what neither of them alone would.
        session.lock_name("regions", "").await.map_err(IdentityError::from_store)?;
        let (mut ancestor, mut seen) = (Some(parent), BTreeSet::from([self.id.clone()]));
        while let Some(id) = ancestor {
            if !seen.insert(id.clone()) {
                let message =
                    format!("The specified parent region {id} would create a circular region hierarchy.");
                return Err(IdentityError::Unacceptable { message });
            }
            ensure(asking, session, &id).await?;
            ancestor = find::<Self>(session, id.as_str()).await?.record.parent_id;
        }
        Ok(())
    }

    fn conflict(&self) -> IdentityError {
        IdentityError::Conflict { noun: "region", details: format!("Duplicate ID, {}", self.id) }
    }

    fn in_use(&self, _: StoreError) -> IdentityError {
        IdentityError::RegionInUse { id: self.id.to_string() }
    }

    fn view(self, base: &str) -> Value {
        json!(View::new(self, base))
    }
}

/// `PUT /v3/regions/{id}`: a new region that is called so.
pub(crate) async fn create_as(asking: Asking<'_>, id: &str, body: &[u8]) -> Result<Region, IdentityError> {
    asking.bearer.require_admin("identity:create_region")?;
    resource::create(asking, &called(id, body)?).await
}

/// The body of a POST that makes a region which is called so.
fn called(id: &str, body: &[u8]) -> Result<Vec<u8>, IdentityError> {
    // What is no body at all is refused by whoever reads it next.
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else { return Ok(body.to_owned()) };
    let Some(region) = value.get_mut("region").and_then(Value::as_object_mut) else {
        return Ok(body.to_owned());
    };
    if let Some(other) = region.get("id").filter(|other| **other != id) {
        let other = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
        let message = format!("Conflicting region IDs specified: \"{id}\" != \"{other}\"");
        return Err(IdentityError::Unacceptable { message });
    }
    region.insert("id".to_owned(), Value::from(id));
    Ok(value.to_string().into_bytes())
}

/// The region of the configuration.
fn own(app: &App) -> Region {
    Region { id: RegionId::new(&app.config().region), description: String::new(), parent_id: None }
}

/// Gives the region of the configuration a row, if `id` names it and it has none, since something is to refer to it.
pub(super) async fn ensure(
    asking: Asking<'_>,
    session: &Session,
    id: &RegionId,
) -> Result<(), IdentityError> {
    let own = own(asking.app);
    if own.id == *id { make(session, own).await } else { Ok(()) }
}

/// Makes a region, unless it is there.
pub(super) async fn make(session: &Session, region: Region) -> Result<(), IdentityError> {
    let table = session.table::<Region>();
    if table.find(&region.id).await.map_err(IdentityError::from_store)?.is_none() {
        table.insert(region).await.map_err(IdentityError::from_store)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
