//! Application credentials: names and secrets that stand for a user in a project, for programs.
//!
//! One has no role that its user does not have there: it dies with the user, with the project, and as soon as the user
//! loses one of its roles.

use adit_api::identity::IdentityError;
use adit_api::identity::application_credential::{Create, RoleRef, Shown};
use adit_api::identity::auth::BearerToken;
use adit_api::identity::token::Named;
use adit_model::identity::{ApplicationCredentialId, Password, Role, Scope, User};
use adit_model::{ProjectId, RoleId, UserId};
use adit_store::{ApplicationCredential, Error as StoreError, Listing, Session, Stored};
use uuid::Uuid;

use super::resource::find as find_one;
use super::token::random_text;
use super::{Bearer, access_rule, commit, scope, token};
use crate::App;
use crate::resource::FromStore;

/// Characters in a secret that the server makes: 381 random bits.
const SECRET_LEN: usize = 64;
/// How many a user has, with those that have expired: each is one more secret to be guessed. The reference knows such a
/// limit, and has none unless its configuration says so.
const MOST_OF_A_USER: u64 = 200;

/// What a list can be narrowed by.
pub(crate) const FILTERS: &[(&str, &str)] = &[("name", "name")];

/// `GET /v3/users/{user}/application_credentials`.
pub(crate) async fn list(
    app: &App,
    bearer: &Bearer,
    user: &str,
    pairs: &[(String, String)],
) -> Result<Vec<Shown>, IdentityError> {
    bearer.require_self(&UserId::new(user), "identity:list_application_credentials")?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    find_one::<User>(&session, user).await?;
    let mut wanted = Listing { sort: vec![("name", true)], ..Listing::of("user_id", user) };
    for (name, column) in FILTERS {
        if let Some((_, value)) = pairs.iter().find(|(key, _)| key == name) {
            wanted = wanted.and(column, value);
        }
    }
    let found = session.table::<ApplicationCredential>().list(&wanted).await;
    let found = found.map_err(IdentityError::from_store)?;
    let roles = scope::all_roles(&session).await.map_err(IdentityError::from_store)?;
    let credentials = found.into_iter().map(|credential| credential.record).collect();
    shown(&session, credentials, &roles).await
}

/// `GET /v3/users/{user}/application_credentials/{id}`.
pub(crate) async fn show(
    app: &App,
    bearer: &Bearer,
    (user, id): (&str, &str),
) -> Result<Shown, IdentityError> {
    bearer.require_self(&UserId::new(user), "identity:get_application_credential")?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    let credential = find_of(&session, user, id).await?;
    let roles = scope::all_roles(&session).await.map_err(IdentityError::from_store)?;
    shown_one(&session, credential.record, &roles).await
}

/// `POST /v3/users/{user}/application_credentials`: for the bearer alone, in the project of the token. The secret is told
/// here, and never again.
pub(crate) async fn create(
    app: &App,
    bearer: &Bearer,
    user: &str,
    body: &[u8],
) -> Result<(Shown, BearerToken), IdentityError> {
    if bearer.user.id != user {
        return Err(IdentityError::forbidden("identity:create_application_credential"));
    }
    bearer.require_unrestricted()?;
    let Some(project_id) = bearer.project_id().cloned() else { return Err(IdentityError::NoScope) };
    let Create { name, description, secret, roles, access_rules, unrestricted, expires_at } =
        Create::parse(body)?;
    let held = bearer.scope.as_ref().map(|scope| scope.roles.as_slice()).unwrap_or_default();
    let role_ids = chosen(&roles, held, bearer, &project_id)?;
    // A hash costs a lot, and is not made for nothing. The database has the last word.
    refuse_early(app, &bearer.user_id(), &name).await?;
    let secret = secret.map_or_else(|| random_text(SECRET_LEN), |secret| secret.expose().to_owned());
    let secret_hash = app.identity().passwords.hash(&bearer.user.id, Password::new(secret.as_str())).await?;
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    lock_user(&session, &bearer.user_id()).await.map_err(IdentityError::from_store)?;
    refuse_more(&session, &bearer.user_id()).await?;
    // The hash has taken a while, and whoever was shut out meanwhile must not be left with a way in.
    let still =
        token::bearer_of_digest(&session, bearer.token.digest).await.map_err(IdentityError::from_store)?;
    let is_held = |id: &RoleId| {
        let mut roles = still.iter().filter_map(|still| still.scope.as_ref()).flat_map(|scope| &scope.roles);
        roles.any(|role| role.id == id.as_str())
    };
    if !role_ids.iter().all(is_held) {
        return Err(IdentityError::Unauthorized);
    }
    let credential = ApplicationCredential {
        id: ApplicationCredentialId::from(Uuid::new_v4()),
        user_id: bearer.user_id(),
        project_id,
        name,
        description,
        secret_hash,
        role_ids,
        access_rule_ids: access_rule::ensure(&session, &bearer.user_id(), access_rules).await?,
        unrestricted,
        expires_at,
    };
    let inserted = match session.table().insert(credential.clone()).await {
        Err(StoreError::Duplicate { .. }) => return Err(taken(&credential.name)),
        inserted => inserted.map_err(IdentityError::from_store)?,
    };
    let roles = scope::all_roles(&session).await.map_err(IdentityError::from_store)?;
    let shown = shown_one(&session, inserted.record, &roles).await?;
    commit(app, session).await?;
    Ok((shown, BearerToken::new(secret)))
}

/// Sees to it that no role of the user is taken away, and no other credential is made for it, until this one is there.
async fn lock_user(session: &Session, user: &UserId) -> Result<(), StoreError> {
    if session.writes_alone() {
        return Ok(());
    }
    session.lock_name("application credentials", user).await?;
    session.table::<User>().share(user).await.map(drop)
}

async fn refuse_more(session: &Session, user: &UserId) -> Result<(), IdentityError> {
    let count = session.table::<ApplicationCredential>().count(&Listing::of("user_id", user)).await;
    if count.map_err(IdentityError::from_store)? < MOST_OF_A_USER {
        return Ok(());
    }
    Err(IdentityError::TooManyCredentials { most: MOST_OF_A_USER })
}

async fn refuse_early(app: &App, user: &UserId, name: &str) -> Result<(), IdentityError> {
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    refuse_more(&session, user).await?;
    let same = Listing::of("user_id", user).and("name", name);
    let same = session.table::<ApplicationCredential>().list(&same).await;
    if same.map_err(IdentityError::from_store)?.is_empty() { Ok(()) } else { Err(taken(name)) }
}

fn taken(name: &str) -> IdentityError {
    let details = format!("Duplicate entry found with name {name}");
    IdentityError::Conflict { noun: "application_credential", details }
}

/// `DELETE /v3/users/{user}/application_credentials/{id}`, with its tokens.
pub(crate) async fn delete(
    app: &App,
    bearer: &Bearer,
    (user, id): (&str, &str),
) -> Result<(), IdentityError> {
    bearer.require_self(&UserId::new(user), "identity:delete_application_credential")?;
    bearer.require_unrestricted()?;
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    find_of(&session, user, id).await?;
    session.table::<ApplicationCredential>().delete(id).await.map_err(IdentityError::from_store)?;
    commit(app, session).await
}

/// Deletes those that have this role, which is about to go.
pub(super) async fn delete_with_role(session: &Session, role: &RoleId) -> Result<(), IdentityError> {
    delete_where(session, &Listing::default(), |credential| credential.role_ids.contains(role)).await
}

/// Deletes those that have more roles than their user has, after it lost one.
pub(super) async fn delete_beyond(
    session: &Session,
    user: &UserId,
    project: &ProjectId,
) -> Result<(), IdentityError> {
    let left = scope::effective_roles(session, user, &Scope::Project(project.clone())).await;
    let left = left.map_err(IdentityError::from_store)?;
    let is_left = |id: &RoleId| left.iter().any(|role| role.id == *id);
    let theirs = Listing::of("user_id", user).and("project_id", project);
    delete_where(session, &theirs, |credential| !credential.role_ids.iter().all(is_left)).await
}

async fn delete_where(
    session: &Session,
    among: &Listing,
    is_gone: impl Fn(&ApplicationCredential) -> bool,
) -> Result<(), IdentityError> {
    let table = session.table::<ApplicationCredential>();
    for credential in table.list(among).await.map_err(IdentityError::from_store)? {
        if is_gone(&credential) {
            table.delete(&credential.id).await.map_err(IdentityError::from_store)?;
        }
    }
    Ok(())
}

/// The roles that were asked for, all of which the token must have.
fn chosen(
    roles: &[RoleRef],
    held: &[Named],
    bearer: &Bearer,
    project: &ProjectId,
) -> Result<Vec<RoleId>, IdentityError> {
    if roles.is_empty() {
        return Ok(held.iter().map(|role| RoleId::new(role.id.as_str())).collect());
    }
    let choose = |wanted: &RoleRef| {
        let found = held.iter().find(|role| match wanted {
            RoleRef::Id(id) => role.id == id.as_str(),
            RoleRef::Name(name) => role.name == *name,
        });
        found.map(|role| RoleId::new(role.id.as_str())).ok_or_else(|| {
            let role = match wanted {
                RoleRef::Id(id) => id.as_str(),
                RoleRef::Name(name) => name,
            };
            let user = &bearer.user.id;
            let message = format!(
                "Invalid application credential: Could not find role assignment with role: {role}, user or group: {user}, project, domain, or system: {project}."
            );
            IdentityError::Unacceptable { message }
        })
    };
    roles.iter().map(choose).collect()
}

async fn find_of(
    session: &Session,
    user: &str,
    id: &str,
) -> Result<Stored<ApplicationCredential>, IdentityError> {
    let found = session.table::<ApplicationCredential>().find(id).await.map_err(IdentityError::from_store)?;
    let found = found.filter(|credential| credential.user_id.as_str() == user);
    found.ok_or_else(|| IdentityError::NotFound { noun: "Application Credential", id: id.to_owned() })
}

/// As their user sees them.
async fn shown(
    session: &Session,
    credentials: Vec<ApplicationCredential>,
    roles: &[Role],
) -> Result<Vec<Shown>, IdentityError> {
    let rules =
        access_rule::of_credentials(session, &credentials).await.map_err(IdentityError::from_store)?;
    let shown = |(credential, rules): (ApplicationCredential, Option<Vec<_>>)| {
        let ApplicationCredential {
            id,
            user_id,
            project_id,
            name,
            description,
            secret_hash: _,
            role_ids,
            access_rule_ids: _,
            unrestricted,
            expires_at,
        } = credential;
        let roles = roles.iter().filter(|role| role_ids.contains(&role.id)).cloned().collect();
        let access_rules = rules.unwrap_or_default();
        Shown { id, name, description, user_id, project_id, roles, access_rules, unrestricted, expires_at }
    };
    Ok(credentials.into_iter().zip(rules).map(shown).collect())
}

async fn shown_one(
    session: &Session,
    credential: ApplicationCredential,
    roles: &[Role],
) -> Result<Shown, IdentityError> {
    let shown = shown(session, vec![credential], roles).await?.pop();
    shown.ok_or_else(|| IdentityError::internal("a view is missing"))
}

#[cfg(test)]
mod tests;
