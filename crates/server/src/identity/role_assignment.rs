//! Role assignments: who may do what where.

use std::collections::BTreeMap;

use adit_api::identity::IdentityError;
use adit_api::identity::assignment::View;
use adit_model::identity::{Domain, Project, Role, RoleAssignment, User, with_implied_roles};
use adit_model::{ProjectId, RoleId, UserId};
use adit_store::{Filter, Listing, Record, RoleAssignmentFilter, Session};

use super::{Bearer, commit, project, role, user};
use crate::App;
use crate::resource::FromStore;

/// `GET /v3/role_assignments`. `base` is the API's own URL.
pub(crate) async fn list(
    app: &App,
    bearer: &Bearer,
    pairs: &[(String, String)],
    base: &str,
) -> Result<Vec<View>, IdentityError> {
    bearer.require_admin("identity:list_role_assignments")?;
    let Query { filter, role_id, effective, with_names, elsewhere } = Query::parse(pairs);
    if elsewhere {
        return Ok(Vec::new());
    }
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    let mut assignments = session.role_assignments(&filter).await.map_err(IdentityError::from_store)?;
    if effective {
        assignments = spell_out_implied(&session, assignments).await?;
    }
    assignments.retain(|assignment| role_id.as_ref().is_none_or(|role| assignment.role_id == *role));
    if with_names {
        return views_with_names(&session, &assignments, base).await;
    }
    Ok(assignments.iter().map(|assignment| View::new(assignment, base)).collect())
}

/// `GET /v3/projects/{project}/users/{user}/roles`: the roles that were given, without implied ones.
pub(crate) async fn roles(
    app: &App,
    bearer: &Bearer,
    (project, user): (&str, &str),
) -> Result<Vec<Role>, IdentityError> {
    bearer.require_admin("identity:list_grants")?;
    let (project, user) = (ProjectId::new(project), UserId::new(user));
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    project::find(&session, &project).await?;
    user::find(&session, &user).await?;
    let filter = RoleAssignmentFilter { user_id: Some(user), project_id: Some(project), role_id: None };
    let held = session.role_assignments(&filter).await.map_err(IdentityError::from_store)?;
    let by_id = by_id::<Role>(&session, held.iter().map(|assignment| assignment.role_id.as_str())).await?;
    Ok(by_id.into_values().collect())
}

/// `PUT /v3/projects/{project}/users/{user}/roles/{role}`.
pub(crate) async fn grant(app: &App, bearer: &Bearer, path: (&str, &str, &str)) -> Result<(), IdentityError> {
    bearer.require_admin("identity:create_grant")?;
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    let assignment = find_parts(&session, path).await?;
    session.assign_role(&assignment).await.map_err(IdentityError::from_store)?;
    commit(app, session).await
}

/// `HEAD /v3/projects/{project}/users/{user}/roles/{role}`.
pub(crate) async fn check(app: &App, bearer: &Bearer, path: (&str, &str, &str)) -> Result<(), IdentityError> {
    bearer.require_admin("identity:check_grant")?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    let RoleAssignment { user_id, project_id, role_id } = find_parts(&session, path).await?;
    let filter =
        RoleAssignmentFilter { user_id: Some(user_id), project_id: Some(project_id), role_id: Some(role_id) };
    let held = session.role_assignments(&filter).await.map_err(IdentityError::from_store)?;
    if held.is_empty() { Err(not_found(path)) } else { Ok(()) }
}

/// `DELETE /v3/projects/{project}/users/{user}/roles/{role}`.
pub(crate) async fn revoke(
    app: &App,
    bearer: &Bearer,
    path: (&str, &str, &str),
) -> Result<(), IdentityError> {
    bearer.require_admin("identity:revoke_grant")?;
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    let assignment = find_parts(&session, path).await?;
    if !session.unassign_role(&assignment).await.map_err(IdentityError::from_store)? {
        return Err(not_found(path));
    }
    commit(app, session).await
}

/// What a list of assignments is asked for.
struct Query {
    filter: RoleAssignmentFilter,
    /// Apart, since it is applied after implied roles are spelled out.
    role_id: Option<RoleId>,
    effective: bool,
    with_names: bool,
    /// Whether it is about groups, domains or the system, where nobody has a role here.
    elsewhere: bool,
}

impl Query {
    fn parse(pairs: &[(String, String)]) -> Self {
        let value = |key: &str| pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        // A flag without a value is set, as in the reference.
        let is_set = |key| value(key).is_some_and(|value| !matches!(value, "0" | "false" | "False"));
        Self {
            filter: RoleAssignmentFilter {
                user_id: value("user.id").map(UserId::new),
                project_id: value("scope.project.id").map(ProjectId::new),
                role_id: None,
            },
            role_id: value("role.id").map(RoleId::new),
            effective: is_set("effective"),
            with_names: is_set("include_names"),
            elsewhere: ["group.id", "scope.domain.id", "scope.system"]
                .into_iter()
                .any(|key| value(key).is_some()),
        }
    }
}

async fn spell_out_implied(
    session: &Session,
    assignments: Vec<RoleAssignment>,
) -> Result<Vec<RoleAssignment>, IdentityError> {
    let roles = session.table::<Role>().list(&Listing::default()).await.map_err(IdentityError::from_store)?;
    let implied = |assignment: RoleAssignment| {
        let held = roles.iter().find(|role| role.id == assignment.role_id);
        let names: Vec<&str> = held.map(|role| with_implied_roles(&role.name).collect()).unwrap_or_default();
        let ids = roles.iter().filter(move |role| names.contains(&role.name.as_str()));
        ids.map(move |role| RoleAssignment { role_id: role.id.clone(), ..assignment.clone() })
    };
    let mut all: Vec<_> = assignments.into_iter().flat_map(implied).collect();
    let key = |assignment: &RoleAssignment| {
        let RoleAssignment { user_id, project_id, role_id } = assignment;
        (project_id.clone(), user_id.clone(), role_id.clone())
    };
    all.sort_by_key(key);
    all.dedup();
    Ok(all)
}

async fn views_with_names(
    session: &Session,
    assignments: &[RoleAssignment],
    base: &str,
) -> Result<Vec<View>, IdentityError> {
    let projects = by_id::<Project>(session, assignments.iter().map(|held| held.project_id.as_str())).await?;
    let users = by_id::<User>(session, assignments.iter().map(|held| held.user_id.as_str())).await?;
    let roles = by_id::<Role>(session, assignments.iter().map(|held| held.role_id.as_str())).await?;
    let of_projects = projects.values().map(|project| project.domain_id.as_str());
    let of_users = users.values().map(|user| user.domain_id.as_str());
    let domains = by_id::<Domain>(session, of_projects.chain(of_users)).await?;
    let named = |assignment: &RoleAssignment| {
        let project = projects.get(assignment.project_id.as_str())?;
        let user = users.get(assignment.user_id.as_str())?;
        let role = roles.get(assignment.role_id.as_str())?;
        let project = (project, domains.get(project.domain_id.as_str())?);
        let user = (user, domains.get(user.domain_id.as_str())?);
        Some(View::new(assignment, base).with_names(project, user, role))
    };
    Ok(assignments.iter().filter_map(named).collect())
}

async fn by_id<R: Record>(
    session: &Session,
    ids: impl Iterator<Item = &str>,
) -> Result<BTreeMap<String, R>, IdentityError> {
    let mut values: Vec<serde_json::Value> = ids.map(Into::into).collect();
    values.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
    values.dedup();
    let listing = Listing { filters: vec![Filter { column: "id", values }], ..Listing::default() };
    let records = session.table::<R>().list(&listing).await.map_err(IdentityError::from_store)?;
    Ok(records.into_iter().map(|record| (record.record.id(), record.record)).collect())
}

async fn find_parts(session: &Session, path: (&str, &str, &str)) -> Result<RoleAssignment, IdentityError> {
    let (project_id, user_id, role_id) = path;
    Ok(RoleAssignment {
        role_id: role::find(session, &RoleId::new(role_id)).await?.record.id,
        user_id: user::find(session, &UserId::new(user_id)).await?.record.id,
        project_id: project::find(session, &ProjectId::new(project_id)).await?.record.id,
    })
}

fn not_found((project, user, role): (&str, &str, &str)) -> IdentityError {
    IdentityError::NotFound {
        noun: "role assignment with role",
        id: format!("{role}, user or group: {user}, project, domain, or system: {project}"),
    }
}
