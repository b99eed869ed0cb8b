//! Endpoint groups.

use adit_api::attribute::is_uuid_like;
use adit_api::vpn::endpoint_group::{Create, SCHEMA, Update, View};
use adit_api::{ApiError, Schema, python};
use adit_model::endpoint_group::{EndpointType, Endpoints, EndpointsError};
use adit_model::{EndpointGroup, EndpointGroupId, ProjectId, SiteConnection, Subnet};
use adit_store::{Listing, Stored};
use serde_json::json;
use uuid::Uuid;

use crate::resource::{Context, FromStore, Resource, replace};

pub(crate) struct EndpointGroups;

impl Resource for EndpointGroups {
    type Record = EndpointGroup;
    type Create = Create;
    type Update = Update;
    type View = View;
    const SCHEMA: &'static Schema = &SCHEMA;

    fn not_found(id: &str) -> ApiError {
        ApiError::VPNEndpointGroupNotFound { id: id.to_owned() }
    }

    fn owner(group: &EndpointGroup) -> &ProjectId {
        &group.project_id
    }

    async fn create(cx: Context<'_>, create: Create) -> Result<Stored<EndpointGroup>, ApiError> {
        let endpoints = Endpoints::parse(create.endpoint_type, &create.endpoints)
            .map_err(|error| unfit(&create, error))?;
        if let Endpoints::Subnets(ids) = &endpoints {
            // Whoever deletes one asks for the groups then.
            let texts = ids.iter().map(ToString::to_string).collect();
            cx.session.table::<Subnet>().share_all(texts).await.map_err(ApiError::from_store)?;
            for id in ids {
                let subnet = cx.session.table::<Subnet>().find_in(id, &cx.caller.visible()).await;
                if subnet.map_err(ApiError::from_store)?.is_none() {
                    return Err(ApiError::NonExistingSubnetInEndpointGroup { id: id.to_string() });
                }
            }
        }
        let group = EndpointGroup {
            id: EndpointGroupId::new(Uuid::new_v4()),
            project_id: create.project_id,
            name: create.name,
            description: create.description,
            endpoints,
        };
        cx.session.table().insert(group).await.map_err(ApiError::from_store)
    }

    async fn update(
        cx: Context<'_>,
        mut group: Stored<EndpointGroup>,
        update: Update,
    ) -> Result<Stored<EndpointGroup>, ApiError> {
        let Update { name, description } = update;
        let before = group.record.clone();
        replace(&mut group.name, name);
        replace(&mut group.description, description);
        if group.record != before {
            cx.session.table().update(&mut group).await.map_err(ApiError::from_store)?;
        }
        Ok(group)
    }

    async fn delete(cx: Context<'_>, group: Stored<EndpointGroup>) -> Result<(), ApiError> {
        for column in ["local_ep_group_id", "peer_ep_group_id"] {
            let users = cx.session.table::<SiteConnection>().count(&Listing::of(column, group.id)).await;
            if users.map_err(ApiError::from_store)? > 0 {
                return Err(ApiError::EndpointGroupInUse { id: group.id.to_string() });
            }
        }
        cx.session.table::<EndpointGroup>().delete(group.id).await.map_err(ApiError::from_store)
    }

    async fn views(_: Context<'_>, groups: Vec<Stored<EndpointGroup>>) -> Result<Vec<View>, ApiError> {
        Ok(groups.into_iter().map(|group| group.record.into()).collect())
    }
}

fn unfit(create: &Create, error: EndpointsError) -> ApiError {
    let invalid = |endpoint: String, why: &str| ApiError::InvalidEndpointInEndpointGroup {
        endpoint,
        endpoint_type: create.endpoint_type.to_string(),
        why: why.to_owned(),
    };
    match error {
        EndpointsError::Missing => {
            let Create { project_id, name, description, endpoint_type, endpoints } = create;
            let endpoint_type: EndpointType = *endpoint_type;
            let group = json!({
                "name": name,
                "description": description,
                "type": endpoint_type,
                "endpoints": endpoints,
                "project_id": project_id,
                "tenant_id": project_id,
            });
            ApiError::MissingEndpointForEndpointGroup { group: python::repr(&group) }
        }
        EndpointsError::Duplicate(endpoint) => invalid(endpoint, "Endpoints have to be unique"),
        EndpointsError::NotACidr(endpoint) => invalid(endpoint, "Invalid CIDR"),
        // A UUID all the same, in a form in which no subnet has it.
        EndpointsError::NotAnId(id) if is_uuid_like(&id) => ApiError::NonExistingSubnetInEndpointGroup { id },
        EndpointsError::NotAnId(endpoint) => invalid(endpoint, "Invalid UUID"),
    }
}
