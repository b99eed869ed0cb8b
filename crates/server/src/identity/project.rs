//! Projects.

use std::collections::BTreeSet;

use adit_api::identity::IdentityError;
use adit_api::identity::project::{Create, Update};
use adit_model::identity::Project;
use adit_model::{ProjectId, UserId};
use adit_store::{Error as StoreError, Filter, Listing, RoleAssignmentFilter, Session, Stored};
use uuid::Uuid;

use super::{Bearer, commit, domain, listing};
use crate::App;
use crate::resource::FromStore;

/// `GET /v3/projects`.
pub(crate) async fn list(
    app: &App,
    bearer: &Bearer,
    pairs: &[(String, String)],
) -> Result<Vec<Project>, IdentityError> {
    bearer.require_admin("identity:list_projects")?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    records(session.table::<Project>().list(&wanted(pairs)).await)
}

/// `GET /v3/users/{id}/projects`: the projects in which the user has a role, also disabled ones.
pub(crate) async fn list_of_user(
    app: &App,
    bearer: &Bearer,
    user: &str,
    pairs: &[(String, String)],
) -> Result<Vec<Project>, IdentityError> {
    let user = UserId::new(user);
    bearer.require_self(&user, "identity:list_user_projects")?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    super::user::find(&session, &user).await?;
    of_user(&session, &user, wanted(pairs)).await
}

/// `GET /v3/auth/projects`: the projects that the bearer can get a token for.
pub(crate) async fn list_own(app: &App, bearer: &Bearer) -> Result<Vec<Project>, IdentityError> {
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    let mut projects = of_user(&session, &bearer.user_id(), Listing::default()).await?;
    projects.retain(|project| project.enabled);
    Ok(projects)
}

/// `GET /v3/projects/{id}`.
pub(crate) async fn show(app: &App, bearer: &Bearer, id: &str) -> Result<Project, IdentityError> {
    bearer.require_scope(id, "identity:get_project")?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    Ok(find(&session, &ProjectId::new(id)).await?.record)
}

/// `POST /v3/projects`.
pub(crate) async fn create(app: &App, bearer: &Bearer, body: &[u8]) -> Result<Project, IdentityError> {
    bearer.require_admin("identity:create_project")?;
    let create = Create::parse(body)?;
    let domain_id = create.domain_id.unwrap_or_else(|| bearer.domain_id());
    if let Some(parent) = create.parent_id.filter(|parent| parent != domain_id.as_str()) {
        return Err(IdentityError::Invalid {
            field: "parent_id".to_owned(),
            value: format!("'{parent}'"),
            reason: "a project has no other parent than its domain".to_owned(),
        });
    }
    let project = Project {
        id: ProjectId::from(Uuid::new_v4()),
        domain_id,
        name: create.name,
        description: create.description,
        enabled: create.enabled,
        tags: create.tags,
    };
    let exists = conflict(&project);
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    domain::find(&session, &project.domain_id).await?;
    let project = session.table().insert(project).await.map_err(exists)?;
    commit(app, session).await?;
    Ok(project.record)
}

/// `PATCH /v3/projects/{id}`.
pub(crate) async fn update(
    app: &App,
    bearer: &Bearer,
    id: &str,
    body: &[u8],
) -> Result<Project, IdentityError> {
    bearer.require_admin("identity:update_project")?;
    let Update { name, description, enabled, tags } = Update::parse(body)?;
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    let mut project = find(&session, &ProjectId::new(id)).await?;
    let before = project.record.clone();
    project.name = name.unwrap_or_else(|| before.name.clone());
    project.description = description.unwrap_or_else(|| before.description.clone());
    project.enabled = enabled.unwrap_or(before.enabled);
    project.tags = tags.unwrap_or_else(|| before.tags.clone());
    if project.record == before {
        return Ok(before);
    }
    let exists = conflict(&project);
    session.table().update(&mut project).await.map_err(exists)?;
    if !project.enabled {
        session.revoke_tokens_of_project(&project.id).await.map_err(IdentityError::from_store)?;
    }
    commit(app, session).await?;
    Ok(project.record)
}

/// `DELETE /v3/projects/{id}`: what the project owns elsewhere stays, as in the reference, and administrators can still
/// see it.
pub(crate) async fn delete(app: &App, bearer: &Bearer, id: &str) -> Result<(), IdentityError> {
    bearer.require_admin("identity:delete_project")?;
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    let project = find(&session, &ProjectId::new(id)).await?;
    session.table::<Project>().delete(&project.id).await.map_err(IdentityError::from_store)?;
    commit(app, session).await
}

/// The project that a request is about.
pub(super) async fn find(session: &Session, id: &ProjectId) -> Result<Stored<Project>, IdentityError> {
    let found = session.table::<Project>().find(id).await.map_err(IdentityError::from_store)?;
    found.ok_or_else(|| IdentityError::NotFound { noun: "project", id: id.to_string() })
}

async fn of_user(
    session: &Session,
    user: &UserId,
    mut wanted: Listing,
) -> Result<Vec<Project>, IdentityError> {
    let filter = RoleAssignmentFilter { user_id: Some(user.clone()), ..RoleAssignmentFilter::default() };
    let assignments = session.role_assignments(&filter).await.map_err(IdentityError::from_store)?;
    let ids: BTreeSet<&str> = assignments.iter().map(|assignment| assignment.project_id.as_str()).collect();
    wanted.filters.push(Filter { column: "id", values: ids.into_iter().map(Into::into).collect() });
    records(session.table::<Project>().list(&wanted).await)
}

/// A project's parent is its domain.
fn wanted(pairs: &[(String, String)]) -> Listing {
    let rename = |(key, value): &(String, String)| {
        let key = if key == "parent_id" { "domain_id" } else { key };
        (key.to_owned(), value.clone())
    };
    let pairs: Vec<_> = pairs.iter().map(rename).collect();
    listing(&pairs, &["name", "domain_id", "enabled"])
}

fn records(projects: Result<Vec<Stored<Project>>, StoreError>) -> Result<Vec<Project>, IdentityError> {
    Ok(projects.map_err(IdentityError::from_store)?.into_iter().map(|project| project.record).collect())
}

fn conflict(project: &Project) -> impl FnOnce(StoreError) -> IdentityError + use<> {
    let (name, id) = (project.name.clone(), project.id.to_string());
    move |error| {
        if matches!(error, StoreError::Duplicate { .. }) {
            IdentityError::ProjectExists { name, id }
        } else {
            IdentityError::from_store(error)
        }
    }
}
