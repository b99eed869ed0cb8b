//! Role assignments: who may do what where.

use std::collections::BTreeMap;

use adit_api::identity::IdentityError;
use adit_api::identity::assignment::{Names, View};
use adit_model::identity::{Domain, Project, Role, RoleAssignment, Scope, User};
use adit_model::{DomainId, ProjectId, RoleId, UserId};
use adit_store::{Record, RoleAssignmentFilter, Session};

use super::resource::find;
use super::{Bearer, application_credential, commit, scope};
use crate::App;
use crate::resource::FromStore;

/// What the list can be narrowed by: see [`Query::parse`].
pub(crate) const FILTERS: &[&str] = &[
    "user.id",
    "group.id",
    "role.id",
    "scope.project.id",
    "scope.domain.id",
    "scope.system",
    "scope.OS-INHERIT:inherited_to",
];
/// What else can be asked of it.
pub(crate) const SWITCHES: &[(&str, &str)] = &[
    ("effective", "Whether roles that are implied are listed, too."),
    ("include_names", "Whether names are told with the ids."),
];

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

/// Where a path says that a user has roles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grants<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) user: &'a str,
}

/// `GET SCOPE/users/{user}/roles`: the roles that were given, without implied ones.
pub(crate) async fn roles(
    app: &App,
    bearer: &Bearer,
    grants: Grants<'_>,
) -> Result<Vec<Role>, IdentityError> {
    bearer.require_admin(grants.action("identity:list_grants", "identity:list_system_grants_for_user"))?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    find_scope(&session, grants.scope).await?;
    find::<User>(&session, grants.user).await?;
    let filter = RoleAssignmentFilter {
        user_id: Some(UserId::new(grants.user)),
        scope: Some(grants.scope.clone()),
        role_id: None,
    };
    let held = session.role_assignments(&filter).await.map_err(IdentityError::from_store)?;
    let by_id = by_id::<Role>(&session, held.iter().map(|assignment| assignment.role_id.as_str())).await?;
    Ok(by_id.into_values().collect())
}

/// `PUT SCOPE/users/{user}/roles/{role}`.
pub(crate) async fn grant(
    app: &App,
    bearer: &Bearer,
    grants: Grants<'_>,
    role: &str,
) -> Result<(), IdentityError> {
    bearer.require_admin(grants.action("identity:create_grant", "identity:create_system_grant_for_user"))?;
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    let assignment = find_parts(&session, grants, role).await?;
    session.assign_role(&assignment).await.map_err(IdentityError::from_store)?;
    commit(app, session).await
}

/// `HEAD SCOPE/users/{user}/roles/{role}`.
pub(crate) async fn check(
    app: &App,
    bearer: &Bearer,
    grants: Grants<'_>,
    role: &str,
) -> Result<(), IdentityError> {
    bearer.require_admin(grants.action("identity:check_grant", "identity:check_system_grant_for_user"))?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    let assignment = find_parts(&session, grants, role).await?;
    let held = session.role_assignments(&RoleAssignmentFilter::from(&assignment)).await;
    if held.map_err(IdentityError::from_store)?.is_empty() { Err(not_found(&assignment)) } else { Ok(()) }
}

/// `DELETE SCOPE/users/{user}/roles/{role}`. The application credentials that stood for it go along.
pub(crate) async fn revoke(
    app: &App,
    bearer: &Bearer,
    grants: Grants<'_>,
    role: &str,
) -> Result<(), IdentityError> {
    bearer.require_admin(grants.action("identity:revoke_grant", "identity:revoke_system_grant_for_user"))?;
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    let assignment = find_parts(&session, grants, role).await?;
    // Nobody makes a credential of what is being taken away.
    session.table::<User>().hold(&assignment.user_id).await.map_err(IdentityError::from_store)?;
    if !session.unassign_role(&assignment).await.map_err(IdentityError::from_store)? {
        return Err(not_found(&assignment));
    }
    if let Scope::Project(project) = &assignment.scope {
        application_credential::delete_beyond(&session, &assignment.user_id, project).await?;
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
    /// Whether it is about groups or inheritance, which there is none of.
    elsewhere: bool,
}

impl Query {
    fn parse(pairs: &[(String, String)]) -> Self {
        let value = |key: &str| pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        // A flag without a value is set, as in the reference.
        let is_set = |key| value(key).is_some_and(|value| !matches!(value, "0" | "false" | "False"));
        let project = value("scope.project.id").map(|id| Scope::Project(ProjectId::new(id)));
        let domain = value("scope.domain.id").map(|id| Scope::Domain(DomainId::new(id)));
        let system = value("scope.system").map(|_| Scope::System);
        let mut scopes = [project, domain, system].into_iter().flatten();
        Self {
            filter: RoleAssignmentFilter {
                user_id: value("user.id").map(UserId::new),
                scope: scopes.next(),
                role_id: None,
            },
            role_id: value("role.id").map(RoleId::new),
            effective: is_set("effective"),
            with_names: is_set("include_names"),
            // Nothing is in two scopes.
            elsewhere: scopes.next().is_some()
                || ["group.id", "scope.OS-INHERIT:inherited_to"].iter().any(|key| value(key).is_some()),
        }
    }
}

impl Grants<'_> {
    /// What is being done, as policies name it.
    fn action(self, action: &'static str, in_system: &'static str) -> &'static str {
        match self.scope {
            Scope::System => in_system,
            Scope::Project(_) | Scope::Domain(_) => action,
        }
    }
}

async fn spell_out_implied(
    session: &Session,
    assignments: Vec<RoleAssignment>,
) -> Result<Vec<RoleAssignment>, IdentityError> {
    let roles = scope::all_roles(session).await.map_err(IdentityError::from_store)?;
    let implied = |assignment: RoleAssignment| {
        let all = scope::spelled_out(roles.clone(), &[&assignment.role_id]);
        all.into_iter().map(move |role| RoleAssignment { role_id: role.id, ..assignment.clone() })
    };
    let mut all: Vec<_> = assignments.into_iter().flat_map(implied).collect();
    all.sort();
    all.dedup();
    Ok(all)
}

async fn views_with_names(
    session: &Session,
    assignments: &[RoleAssignment],
    base: &str,
) -> Result<Vec<View>, IdentityError> {
    let project_id = |scope: &RoleAssignment| match &scope.scope {
        Scope::Project(id) => Some(id.to_string()),
        Scope::Domain(_) | Scope::System => None,
    };
    let domain_id = |scope: &RoleAssignment| match &scope.scope {
        Scope::Domain(id) => Some(id.to_string()),
        Scope::Project(_) | Scope::System => None,
    };
    let project_ids: Vec<String> = assignments.iter().filter_map(project_id).collect();
    let domain_ids: Vec<String> = assignments.iter().filter_map(domain_id).collect();
    let projects = by_id::<Project>(session, project_ids.iter().map(String::as_str)).await?;
    let users = by_id::<User>(session, assignments.iter().map(|held| held.user_id.as_str())).await?;
    let roles = by_id::<Role>(session, assignments.iter().map(|held| held.role_id.as_str())).await?;
    let of_projects = projects.values().map(|project| project.domain_id.as_str());
    let of_users = users.values().map(|user| user.domain_id.as_str());
    let ids = domain_ids.iter().map(String::as_str).chain(of_projects).chain(of_users);
    let domains = by_id::<Domain>(session, ids).await?;
    let named = |assignment: &RoleAssignment| {
        let names = match &assignment.scope {
            Scope::Project(id) => {
                let project = projects.get(id.as_str())?;
                Names::Project(project, domains.get(project.domain_id.as_str())?)
            }
            Scope::Domain(id) => Names::Domain(domains.get(id.as_str())?),
            Scope::System => Names::System,
        };
        let user = users.get(assignment.user_id.as_str())?;
        let user = (user, domains.get(user.domain_id.as_str())?);
        Some(View::new(assignment, base).with_names(names, user, roles.get(assignment.role_id.as_str())?))
    };
    Ok(assignments.iter().filter_map(named).collect())
}

async fn by_id<R: Record>(
    session: &Session,
    ids: impl Iterator<Item = &str>,
) -> Result<BTreeMap<String, R>, IdentityError> {
    let records = session.table::<R>().find_all("id", ids.map(str::to_owned).collect()).await;
    let records = records.map_err(IdentityError::from_store)?;
    Ok(records.into_iter().map(|record| (record.record.id(), record.record)).collect())
}

async fn find_parts(
    session: &Session,
    grants: Grants<'_>,
    role: &str,
) -> Result<RoleAssignment, IdentityError> {
    let role_id = find::<Role>(session, role).await?.record.id;
    let user_id = find::<User>(session, grants.user).await?.record.id;
    find_scope(session, grants.scope).await?;
    Ok(RoleAssignment { scope: grants.scope.clone(), user_id, role_id })
}

async fn find_scope(session: &Session, scope: &Scope) -> Result<(), IdentityError> {
    match scope {
        Scope::Project(id) => find::<Project>(session, id.as_str()).await.map(|_| ()),
        Scope::Domain(id) => find::<Domain>(session, id.as_str()).await.map(|_| ()),
        Scope::System => Ok(()),
    }
}

fn not_found(assignment: &RoleAssignment) -> IdentityError {
    let RoleAssignment { scope, user_id, role_id } = assignment;
    let place = match scope {
        Scope::Project(id) => id.as_str(),
        Scope::Domain(id) => id.as_str(),
        Scope::System => "system",
    };
    IdentityError::NotFound {
        noun: "role assignment with role",
        id: format!("{role_id}, user or group: {user_id}, project, domain, or system: {place}"),
    }
}
