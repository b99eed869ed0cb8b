//! IKE policies.

use adit_api::vpn::ike_policy::{Create, SCHEMA, Update, View};
use adit_api::{ApiError, Schema};
use adit_model::algorithm::LifetimeSecs;
use adit_model::ike_policy::IkeParameters;
use adit_model::{IkePolicy, IkePolicyId, ProjectId, SiteConnection};
use adit_store::{Listing, Stored};
use uuid::Uuid;

use super::site_connection;
use crate::resource::{Context, FromStore, Resource, replace};

pub(crate) struct IkePolicies;

impl Resource for IkePolicies {
    type Record = IkePolicy;
    type Create = Create;
    type Update = Update;
    type View = View;
    const SCHEMA: &'static Schema = &SCHEMA;

    fn not_found(id: &str) -> ApiError {
        ApiError::IKEPolicyNotFound { id: id.to_owned() }
    }

    fn owner(policy: &IkePolicy) -> &ProjectId {
        &policy.project_id
    }

    async fn create(cx: Context<'_>, create: Create) -> Result<Stored<IkePolicy>, ApiError> {
        let policy = IkePolicy {
            id: IkePolicyId::new(Uuid::new_v4()),
            project_id: create.project_id,
            name: create.name,
            description: create.description,
            parameters: IkeParameters {
                version: create.ike_version,
                negotiation_mode: create.phase1_negotiation_mode,
                encryption: create.encryption_algorithm,
                auth: create.auth_algorithm,
                dh_group: create.pfs,
                lifetime: create.lifetime.or(LifetimeSecs::DEFAULT),
            },
        };
        cx.session.table().insert(policy).await.map_err(ApiError::from_store)
    }

    /// A policy in use may be changed, unlike in the reference: its connections follow.
    async fn update(
        cx: Context<'_>,
        mut policy: Stored<IkePolicy>,
        update: Update,
    ) -> Result<Stored<IkePolicy>, ApiError> {
        let Update {
            name,
            description,
            auth_algorithm,
            encryption_algorithm,
            phase1_negotiation_mode,
            lifetime,
            ike_version,
            pfs,
        } = update;
        let before = policy.record.clone();
        let IkePolicy { id: _, project_id: _, name: old_name, description: old_description, parameters } =
            &mut policy.record;
        replace(old_name, name);
        replace(old_description, description);
        *parameters = IkeParameters {
            version: ike_version.unwrap_or(parameters.version),
            negotiation_mode: phase1_negotiation_mode.unwrap_or(parameters.negotiation_mode),
            encryption: encryption_algorithm.unwrap_or(parameters.encryption),
            auth: auth_algorithm.unwrap_or(parameters.auth),
            dh_group: pfs.unwrap_or(parameters.dh_group),
            lifetime: lifetime.unwrap_or_default().or(parameters.lifetime),
        };
        if policy.record == before {
            return Ok(policy);
        }
        cx.session.table().update(&mut policy).await.map_err(ApiError::from_store)?;
        if policy.parameters != before.parameters {
            site_connection::touch_all(cx, &Listing::of("ike_policy_id", policy.id)).await?;
        }
        Ok(policy)
    }

    async fn delete(cx: Context<'_>, policy: Stored<IkePolicy>) -> Result<(), ApiError> {
        let users =
            cx.session.table::<SiteConnection>().count(&Listing::of("ike_policy_id", policy.id)).await;
        if users.map_err(ApiError::from_store)? > 0 {
            return Err(ApiError::IKEPolicyInUse { id: policy.id.to_string() });
        }
        cx.session.table::<IkePolicy>().delete(policy.id).await.map_err(ApiError::from_store)
    }

    async fn views(_: Context<'_>, policies: Vec<Stored<IkePolicy>>) -> Result<Vec<View>, ApiError> {
        Ok(policies.into_iter().map(|policy| policy.record.into()).collect())
    }
}
