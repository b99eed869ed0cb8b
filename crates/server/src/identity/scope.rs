//! Where users have roles, and what that makes of a token: looked up anew each time, so that whatever was taken away is
//! gone at once.

use adit_api::identity::auth::{DomainRef, ProjectRef, UserRef};
use adit_api::identity::token::{Named, NamedInDomain, Place, System};
use adit_model::identity::{Domain, Project, Role, Scope, User, with_implied_roles};
use adit_model::{DomainId, ProjectId, RoleId, UserId};
use adit_store::{Error as StoreError, Listing, RoleAssignmentFilter, Session};

use super::bearer::BearerScope;

/// A user that may have tokens, and its domain.
pub(super) async fn active_user(
    session: &Session,
    id: &UserId,
) -> Result<Option<(User, Domain)>, StoreError> {
    let Some(user) = session.table::<User>().find(id).await?.filter(|user| user.enabled) else {
        return Ok(None);
    };
    let domain = active_domain(session, &user.domain_id).await?;
    Ok(domain.map(|domain| (user.record, domain)))
}

/// A scope in which the user has a role and tokens may be used.
pub(super) async fn active_scope(
    session: &Session,
    user: &UserId,
    scope: &Scope,
) -> Result<Option<BearerScope>, StoreError> {
    let Some(place) = active_place(session, scope).await? else { return Ok(None) };
    let roles = effective_roles(session, user, scope).await?;
    let roles: Vec<Named> = roles.iter().map(Named::role).collect();
    let scope = BearerScope { scope: scope.clone(), place, roles };
    Ok(Some(scope).filter(|scope| !scope.roles.is_empty()))
}

/// The names of a scope in which tokens may be used.
async fn active_place(session: &Session, scope: &Scope) -> Result<Option<Place>, StoreError> {
    match scope {
        Scope::Project(id) => {
            let project = session.table::<Project>().find(id).await?;
            let Some(project) = project.filter(|project| project.enabled) else { return Ok(None) };
            let domain = active_domain(session, &project.domain_id).await?;
            Ok(domain.map(|domain| Place::Project {
                project: NamedInDomain::project(&project, &domain),
                is_domain: false,
            }))
        }
        Scope::Domain(id) => {
            let domain = active_domain(session, id).await?;
            Ok(domain.map(|domain| Place::Domain { domain: Named::domain(&domain) }))
        }
        Scope::System => Ok(Some(Place::System { system: System { all: true } })),
    }
}

async fn active_domain(session: &Session, id: &DomainId) -> Result<Option<Domain>, StoreError> {
    let domain = session.table::<Domain>().find(id).await?;
    Ok(domain.map(|domain| domain.record).filter(|domain| domain.enabled))
}

/// The user's roles somewhere, implied ones spelled out.
pub(super) async fn effective_roles(
    session: &Session,
    user: &UserId,
    scope: &Scope,
) -> Result<Vec<Role>, StoreError> {
    let filter =
        RoleAssignmentFilter { user_id: Some(user.clone()), scope: Some(scope.clone()), role_id: None };
    let held = session.role_assignments(&filter).await?;
    if held.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&RoleId> = held.iter().map(|held| &held.role_id).collect();
    Ok(spelled_out(all_roles(session).await?, &ids))
}

/// All roles, in the order of their names.
pub(super) async fn all_roles(session: &Session) -> Result<Vec<Role>, StoreError> {
    let by_name = Listing { sort: vec![("name", true)], ..Listing::default() };
    Ok(session.table::<Role>().list(&by_name).await?.into_iter().map(|role| role.record).collect())
}

/// Those of `roles` that are in `ids`, or implied by one that is.
pub(super) fn spelled_out(roles: Vec<Role>, ids: &[&RoleId]) -> Vec<Role> {
    let named = roles.iter().filter(|role| ids.contains(&&role.id));
    let names: Vec<String> =
        named.flat_map(|role| with_implied_roles(&role.name)).map(str::to_owned).collect();
    roles.into_iter().filter(|role| names.contains(&role.name)).collect()
}

/// The domains in which the user has a role, as far as tokens may be used there, and whether it has one in the system.
pub(super) async fn beyond_projects(
    session: &Session,
    user: &UserId,
) -> Result<(Vec<Domain>, bool), StoreError> {
    let filter = RoleAssignmentFilter { user_id: Some(user.clone()), ..RoleAssignmentFilter::default() };
    let (mut domains, mut in_system) = (Vec::<Domain>::new(), false);
    for held in session.role_assignments(&filter).await? {
        match held.scope {
            Scope::Project(_) => {}
            Scope::Domain(id) if domains.iter().any(|domain| domain.id == id) => {}
            Scope::Domain(id) => domains.extend(active_domain(session, &id).await?),
            Scope::System => in_system = true,
        }
    }
    Ok((domains, in_system))
}

/// The user that a client names.
pub(super) async fn find_user(session: &Session, user: &UserRef) -> Result<Option<User>, StoreError> {
    let users = session.table::<User>();
    let found = match user {
        UserRef::Id(id) => users.find(id).await?,
        UserRef::Name(name, domain) => match find_domain(session, domain).await? {
            Some(domain) => users.list(&Listing::of("domain_id", domain).and("name", name)).await?.pop(),
            None => None,
        },
    };
    Ok(found.map(|user| user.record))
}

/// The project that a client names; whether one of that id is there, its look-up tells.
pub(super) async fn find_project(
    session: &Session,
    project: ProjectRef,
) -> Result<Option<ProjectId>, StoreError> {
    match project {
        ProjectRef::Id(id) => Ok(Some(id)),
        ProjectRef::Name(name, domain) => {
            let Some(domain) = find_domain(session, &domain).await? else { return Ok(None) };
            let listing = Listing::of("domain_id", domain).and("name", name);
            Ok(session.table::<Project>().list(&listing).await?.pop().map(|project| project.record.id))
        }
    }
}

/// The domain that a client names; whether one of that id is there, its look-up tells.
pub(super) async fn find_domain(
    session: &Session,
    domain: &DomainRef,
) -> Result<Option<DomainId>, StoreError> {
    match domain {
        DomainRef::Id(id) => Ok(Some(id.clone())),
        DomainRef::Name(name) => {
            let found = session.table::<Domain>().list(&Listing::of("name", name)).await?.pop();
            Ok(found.map(|domain| domain.record.id))
        }
    }
}
