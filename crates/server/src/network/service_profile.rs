//! Service profiles: what does the work behind a flavor. The administrator's business alone.

use adit_api::network::service_profile::{Create, SCHEMA, Update, View};
use adit_api::{ApiError, Schema};
use adit_model::{Flavor, ProjectId, ServiceProfile, ServiceProfileId};
use adit_store::Stored;
use uuid::Uuid;

use super::flavor::NOBODY;
use super::service_provider::provided_by;
use crate::resource::{Context, FromStore, Resource, replace};

pub(crate) struct ServiceProfiles;

impl Resource for ServiceProfiles {
    type Record = ServiceProfile;
    type Create = Create;
    type Update = Update;
    type View = View;
    const SCHEMA: &'static Schema = &SCHEMA;

    fn not_found(id: &str) -> ApiError {
        ApiError::ServiceProfileNotFound { id: id.to_owned() }
    }

    fn owner(_: &ServiceProfile) -> &ProjectId {
        &NOBODY
    }

    async fn create(cx: Context<'_>, create: Create) -> Result<Stored<ServiceProfile>, ApiError> {
        let Create { description, driver, enabled, metainfo } = create;
        let id = ServiceProfileId::new(Uuid::new_v4());
        let profile = ServiceProfile { id, description, driver, enabled, metainfo };
        check(&profile)?;
        cx.session.table().insert(profile).await.map_err(ApiError::from_store)
    }

    async fn update(
        cx: Context<'_>,
        mut profile: Stored<ServiceProfile>,
        update: Update,
    ) -> Result<Stored<ServiceProfile>, ApiError> {
        let Update { description, driver, enabled, metainfo } = update;
        let before = profile.record.clone();
        replace(&mut profile.description, description);
        replace(&mut profile.driver, driver);
        replace(&mut profile.enabled, enabled);
        replace(&mut profile.metainfo, metainfo);
        if profile.record != before {
            check(&profile)?;
            cx.session.table().update(&mut profile).await.map_err(ApiError::from_store)?;
        }
        Ok(profile)
    }

    async fn delete(cx: Context<'_>, profile: Stored<ServiceProfile>) -> Result<(), ApiError> {
        let bound = cx.session.table::<Flavor>().with_profile(profile.id).await;
        if bound.map_err(ApiError::from_store)?.is_some() {
            return Err(ApiError::ServiceProfileInUse { id: profile.id.to_string() });
        }
        cx.session.table::<ServiceProfile>().delete(profile.id).await.map_err(ApiError::from_store)
    }

    async fn views(_: Context<'_>, profiles: Vec<Stored<ServiceProfile>>) -> Result<Vec<View>, ApiError> {
        Ok(profiles.into_iter().map(|profile| profile.record.into()).collect())
    }
}

fn check(profile: &ServiceProfile) -> Result<(), ApiError> {
    if profile.driver.is_empty() {
        return if profile.metainfo.is_empty() { Err(ApiError::ServiceProfileEmpty) } else { Ok(()) };
    }
    match provided_by(&profile.driver) {
        Some(_) => Ok(()),
        None => Err(ApiError::ServiceProfileDriverNotFound { driver: profile.driver.clone() }),
    }
}
