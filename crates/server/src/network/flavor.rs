//! Flavors, the service profiles bound to them, and what a flavor stands for.

use std::sync::LazyLock;

use adit_api::network::flavor::{BINDING_SCHEMA, Create, SCHEMA, Update, View};
use adit_api::{ApiError, Schema, body};
use adit_model::flavor::{Flavor, ServiceType};
use adit_model::{FlavorId, ProjectId, Router, ServiceProfile, VpnService};
use adit_store::{Listing, Stored};
use serde_json::{Value, json};
use uuid::Uuid;

use super::ServiceProfiles;
use super::service_provider::provided_by;
use crate::App;
use crate::caller::Caller;
use crate::resource::{self, Context, FromStore, Resource, replace};

pub(crate) struct Flavors;

/// The owner of what belongs to no project: no project at all.
pub(super) static NOBODY: LazyLock<ProjectId> = LazyLock::new(|| ProjectId::new(""));

impl Resource for Flavors {
    type Record = Flavor;
    type Create = Create;
    type Update = Update;
    type View = View;
    const SCHEMA: &'static Schema = &SCHEMA;

    fn not_found(id: &str) -> ApiError {
        ApiError::FlavorNotFound { id: id.to_owned() }
    }

    fn owner(_: &Flavor) -> &ProjectId {
        &NOBODY
    }

    async fn create(cx: Context<'_>, create: Create) -> Result<Stored<Flavor>, ApiError> {
        let Create { name, description, service_type, enabled } = create;
        let known = service_type.parse();
        let service_type: ServiceType = known.map_err(|_| ApiError::InvalidServiceType { service_type })?;
        let id = FlavorId::new(Uuid::new_v4());
        let flavor = Flavor { id, name, description, service_type, enabled, service_profiles: Vec::new() };
        cx.session.table().insert(flavor).await.map_err(ApiError::from_store)
    }

    /// A flavor in use may be changed: what was made with it stays as it is.
    async fn update(
        cx: Context<'_>,
        mut flavor: Stored<Flavor>,
        update: Update,
    ) -> Result<Stored<Flavor>, ApiError> {
        let Update { name, description, enabled } = update;
        let before = flavor.record.clone();
        replace(&mut flavor.name, name);
        replace(&mut flavor.description, description);
        replace(&mut flavor.enabled, enabled);
        if flavor.record != before {
            cx.session.table().update(&mut flavor).await.map_err(ApiError::from_store)?;
        }
        Ok(flavor)
    }

    async fn delete(cx: Context<'_>, flavor: Stored<Flavor>) -> Result<(), ApiError> {
        let made_with_it = Listing::of("flavor_id", flavor.id);
        let services = cx.session.table::<VpnService>().count(&made_with_it).await;
        let routers = cx.session.table::<Router>().count(&made_with_it).await;
        if services.map_err(ApiError::from_store)? + routers.map_err(ApiError::from_store)? > 0 {
            return Err(ApiError::FlavorInUse { id: flavor.id.to_string() });
        }
        cx.session.table::<Flavor>().delete(flavor.id).await.map_err(ApiError::from_store)
    }

    async fn views(_: Context<'_>, flavors: Vec<Stored<Flavor>>) -> Result<Vec<View>, ApiError> {
        Ok(flavors.into_iter().map(|flavor| flavor.record.into()).collect())
    }
}

/// `POST /flavors/{id}/service_profiles`.
pub(crate) async fn bind(
    app: &App,
    caller: &Caller,
    flavor: &str,
    request: &[u8],
) -> Result<Value, ApiError> {
    let checked = body::parse_create(&BINDING_SCHEMA, request, caller.sender())?;
    let profile = checked.get("id").and_then(Value::as_str).unwrap_or_default();
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    let cx = Context { session: &session, caller };
    let mut flavor = to_bind(cx, "create", flavor).await?;
    let profile = resource::find::<ServiceProfiles>(cx, profile).await?;
    if flavor.service_profiles.contains(&profile.id) {
        return Err(ApiError::FlavorServiceProfileBindingExists {
            profile: profile.id.to_string(),
            flavor: flavor.id.to_string(),
        });
    }
    flavor.service_profiles.push(profile.id);
    session.table().update(&mut flavor).await.map_err(ApiError::from_store)?;
    session.commit().await.map_err(ApiError::from_store)?;
    // The flavor's id, not the profile's: clients have always been answered so.
    Ok(json!({"service_profile": {"id": flavor.id}}))
}

/// `DELETE /flavors/{id}/service_profiles/{profile}`.
pub(crate) async fn unbind(app: &App, caller: &Caller, flavor: &str, profile: &str) -> Result<(), ApiError> {
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    let cx = Context { session: &session, caller };
    let mut flavor = to_bind(cx, "delete", flavor).await?;
    let bound = flavor.service_profiles.len();
    flavor.service_profiles.retain(|id| id.to_string() != profile);
    if flavor.service_profiles.len() == bound {
        return Err(ApiError::FlavorServiceProfileBindingNotFound {
            profile: profile.to_owned(),
            flavor: flavor.id.to_string(),
        });
    }
    session.table().update(&mut flavor).await.map_err(ApiError::from_store)?;
    session.commit().await.map_err(ApiError::from_store)
}

/// The flavor, locked, if the caller may bind profiles to it.
async fn to_bind(cx: Context<'_>, action: &str, id: &str) -> Result<Stored<Flavor>, ApiError> {
    resource::find::<Flavors>(cx, id).await?;
    cx.caller.require_admin(action, BINDING_SCHEMA.rule)?;
    let flavor = cx.session.table::<Flavor>().lock(id).await.map_err(ApiError::from_store)?;
    flavor.ok_or_else(|| Flavors::not_found(id))
}

/// The flavor that something new of a service is to have. It stays while the session does.
///
/// # Errors
/// In the reference's order: the flavor is not there, is for another service, is switched off, has no profile, has one
/// that is switched off, or one whose driver is not there.
pub(crate) async fn chosen(
    cx: Context<'_>,
    id: &str,
    service_type: ServiceType,
) -> Result<FlavorId, ApiError> {
    let flavor = cx.session.table::<Flavor>().share(id).await.map_err(ApiError::from_store)?;
    let flavor = flavor.ok_or_else(|| Flavors::not_found(id))?;
    if flavor.service_type != service_type {
        return Err(ApiError::InvalidServiceType { service_type: flavor.service_type.to_string() });
    }
    if !flavor.enabled {
        return Err(ApiError::FlavorDisabled);
    }
    let Some(profile) = flavor.service_profiles.first() else {
        let (profile, flavor) = (String::new(), flavor.id.to_string());
        return Err(ApiError::FlavorServiceProfileBindingNotFound { profile, flavor });
    };
    let profile = cx.session.table::<ServiceProfile>().find(profile).await.map_err(ApiError::from_store)?;
    let profile = profile.ok_or_else(|| ApiError::internal("a service profile of a flavor is gone"))?;
    if !profile.enabled {
        return Err(ApiError::ServiceProfileDisabled);
    }
    if provided_by(&profile.driver) != Some(service_type) {
        return Err(ApiError::NoProviderFoundForFlavor { flavor: flavor.id.to_string() });
    }
    Ok(flavor.id)
}
