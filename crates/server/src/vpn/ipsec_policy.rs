//! IPsec policies.

use adit_api::vpn::ipsec_policy::{Create, SCHEMA, Update, View};
use adit_api::{ApiError, Schema};
use adit_model::algorithm::LifetimeSecs;
use adit_model::ipsec_policy::IpsecParameters;
use adit_model::{IpsecPolicy, IpsecPolicyId, ProjectId, SiteConnection};
use adit_store::{Listing, Stored};
use uuid::Uuid;

use super::site_connection;
use crate::resource::{Context, FromStore, Resource, replace};

pub(crate) struct IpsecPolicies;

impl Resource for IpsecPolicies {
    type Record = IpsecPolicy;
    type Create = Create;
    type Update = Update;
    type View = View;
    const SCHEMA: &'static Schema = &SCHEMA;

    fn not_found(id: &str) -> ApiError {
        ApiError::IPsecPolicyNotFound { id: id.to_owned() }
    }

    fn owner(policy: &IpsecPolicy) -> &ProjectId {
        &policy.project_id
    }

    async fn create(cx: Context<'_>, create: Create) -> Result<Stored<IpsecPolicy>, ApiError> {
        let policy = IpsecPolicy {
            id: IpsecPolicyId::new(Uuid::new_v4()),
            project_id: create.project_id,
            name: create.name,
            description: create.description,
            parameters: IpsecParameters {
                transform_protocol: create.transform_protocol,
                encapsulation_mode: create.encapsulation_mode,
                encryption: create.encryption_algorithm,
                auth: create.auth_algorithm,
                pfs_group: create.pfs,
                lifetime: create.lifetime.or(LifetimeSecs::DEFAULT),
            },
        };
        cx.session.table().insert(policy).await.map_err(ApiError::from_store)
    }

    /// A policy in use may be changed, unlike in the reference: its connections follow.
    async fn update(
        cx: Context<'_>,
        mut policy: Stored<IpsecPolicy>,
        update: Update,
    ) -> Result<Stored<IpsecPolicy>, ApiError> {
        let Update {
            name,
            description,
            transform_protocol,
            auth_algorithm,
            encryption_algorithm,
            encapsulation_mode,
            lifetime,
            pfs,
        } = update;
        let before = policy.record.clone();
        let IpsecPolicy { id: _, project_id: _, name: old_name, description: old_description, parameters } =
            &mut policy.record;
        replace(old_name, name);
        replace(old_description, description);
        *parameters = IpsecParameters {
            transform_protocol: transform_protocol.unwrap_or(parameters.transform_protocol),
            encapsulation_mode: encapsulation_mode.unwrap_or(parameters.encapsulation_mode),
            encryption: encryption_algorithm.unwrap_or(parameters.encryption),
            auth: auth_algorithm.unwrap_or(parameters.auth),
            pfs_group: pfs.unwrap_or(parameters.pfs_group),
            lifetime: lifetime.unwrap_or_default().or(parameters.lifetime),
        };
        if policy.record == before {
            return Ok(policy);
        }
        if policy.parameters.transform_protocol != before.parameters.transform_protocol
            && is_used(cx, policy.id).await?
        {
            site_connection::check_transform(policy.parameters.transform_protocol)?;
        }
        cx.session.table().update(&mut policy).await.map_err(ApiError::from_store)?;
        if policy.parameters != before.parameters {
            site_connection::touch_all(cx, &Listing::of("ipsec_policy_id", policy.id)).await?;
        }
        Ok(policy)
    }

    async fn delete(cx: Context<'_>, policy: Stored<IpsecPolicy>) -> Result<(), ApiError> {
        if is_used(cx, policy.id).await? {
            return Err(ApiError::IPsecPolicyInUse { id: policy.id.to_string() });
        }
        cx.session.table::<IpsecPolicy>().delete(policy.id).await.map_err(ApiError::from_store)
    }

    async fn views(_: Context<'_>, policies: Vec<Stored<IpsecPolicy>>) -> Result<Vec<View>, ApiError> {
        Ok(policies.into_iter().map(|policy| policy.record.into()).collect())
    }
}

/// Whether a connection has the policy, whoever owns it.
async fn is_used(cx: Context<'_>, policy: IpsecPolicyId) -> Result<bool, ApiError> {
    let users = cx.session.table::<SiteConnection>().count(&Listing::of("ipsec_policy_id", policy)).await;
    Ok(users.map_err(ApiError::from_store)? > 0)
}
