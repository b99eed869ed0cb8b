//! Endpoints: Adit's own, at the URL by which the client reached it, and those that administrators add.

use adit_api::identity::IdentityError;
use adit_api::identity::endpoint::{Create, NamedRegion, Update, View};
use adit_model::identity::{Endpoint, EndpointId, Region, RegionId, Service};
use adit_store::Session;
use serde_json::{Value, json};
use uuid::Uuid;

use super::resource::{Asking, Resource, find};
use super::{catalog, region, service};
use crate::resource::FromStore;

impl Resource for Endpoint {
    const PLURAL: &'static str = "endpoints";
    const ORDER: &'static str = "url";
    const FILTERS: &'static [(&'static str, &'static str)] = &[
        ("interface", "interface"),
        ("service_id", "service_id"),
        ("region_id", "region_id"),
        ("enabled", "enabled"),
    ];
    type Change = Update;
    /// A region that is to be made if it is not there.
    type Extra = Option<RegionId>;

    fn built_in(asking: Asking<'_>) -> Vec<Self> {
        catalog::own_endpoints(asking.server, &asking.app.config().region)
    }

    async fn create(_: Asking<'_>, body: &[u8]) -> Result<(Self, Option<RegionId>), IdentityError> {
        let Create { service_id, interface, region, url, enabled } = Create::parse(body)?;
        let (region_id, wanted) = split(region);
        let id = EndpointId::from(Uuid::new_v4());
        Ok((Self { id, service_id, interface, region_id, url, enabled }, wanted))
    }

    async fn change(_: Asking<'_>, before: &Self, body: &[u8]) -> Result<Update, IdentityError> {
        Update::parse(before.id.as_str(), body)
    }

    fn apply(&mut self, change: Update) -> Result<Option<RegionId>, IdentityError> {
        let Update { service_id, interface, region, url, enabled } = change;
        let (region_id, wanted) = match region {
            None => (self.region_id.clone(), None),
            Some(region) => split(region),
        };
        self.service_id = service_id.unwrap_or_else(|| self.service_id.clone());
        self.interface = interface.unwrap_or(self.interface);
        self.region_id = region_id;
        self.url = url.unwrap_or_else(|| self.url.clone());
        self.enabled = enabled.unwrap_or(self.enabled);
        Ok(wanted)
    }

    async fn before_save(
        &self,
        asking: Asking<'_>,
        session: &Session,
        wanted: Option<RegionId>,
        _: Option<&Self>,
    ) -> Result<(), IdentityError> {
        service::ensure(session, &self.service_id).await?;
        find::<Service>(session, self.service_id.as_str()).await?;
        if let Some(id) = wanted {
            region::make(session, Region { id, description: String::new(), parent_id: None }).await?;
        }
        let Some(id) = &self.region_id else { return Ok(()) };
        region::ensure(asking, session, id).await?;
        let found = session.table::<Region>().find(id).await.map_err(IdentityError::from_store)?;
        if found.is_none() {
            let (what, place) = ("endpoint region_id".to_owned(), "region table".to_owned());
            return Err(IdentityError::Expecting { what, place });
        }
        Ok(())
    }

    /// Endpoints need not be unique; an id that is there twice is a failure of ours.
    fn conflict(&self) -> IdentityError {
        IdentityError::Conflict { noun: "endpoint", details: format!("Duplicate ID, {}", self.id) }
    }

    fn view(self, base: &str) -> Value {
        json!(View::new(self, base))
    }
}

/// The region's id, and once more if it is to be made when it is not there.
fn split(region: Option<NamedRegion>) -> (Option<RegionId>, Option<RegionId>) {
    match region {
        None => (None, None),
        Some(NamedRegion::Known(id)) => (Some(id), None),
        Some(NamedRegion::Wanted(id)) => (Some(id.clone()), Some(id)),
    }
}
