//! Tokens: issued, looked up, told about and revoked.

use std::sync::Arc;
use std::time::Duration;

use adit_api::identity::IdentityError;
use adit_api::identity::auth::{AuthRequest, BearerToken, DomainRef, Method, ProjectRef, Scope, UserRef};
use adit_api::identity::token::{Named, NamedInDomain, TokenScope, TokenUser, View};
use adit_model::identity::{Domain, Password, PasswordHash, Project, Role, User, with_implied_roles};
use adit_model::{DomainId, ProjectId, UserId};
use adit_store::{Error as StoreError, Listing, RoleAssignmentFilter, Session, Token, TokenDigest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::bearer::BearerScope;
use super::{Bearer, catalog, commit};
use crate::App;
use crate::resource::FromStore;

/// Octets of randomness in a token, and characters of its text.
const TOKEN_OCTETS: usize = 32;
const TOKEN_LEN: usize = 43;
/// Octets of randomness in an audit id.
const AUDIT_OCTETS: usize = 16;

/// Whoever bears this token, in whatever scope.
pub(crate) async fn bearer(app: &App, token: &BearerToken) -> Result<Option<Arc<Bearer>>, StoreError> {
    if token.expose().len() != TOKEN_LEN {
        return Ok(None);
    }
    let digest = digest(token);
    let era = match app.identity().tokens.get(digest, Timestamp::now()) {
        Ok(bearer) => return Ok(Some(bearer)),
        Err(era) => era,
    };
    let session = app.store().read().await?;
    let Some(token) = session.find_token(digest).await? else { return Ok(None) };
    let bearer = bearer_of(&session, token).await?.map(Arc::new);
    if let Some(bearer) = &bearer {
        app.identity().tokens.remember(bearer, era);
    }
    Ok(bearer)
}

/// `POST /v3/auth/tokens`.
pub(crate) async fn issue(app: &App, request: AuthRequest) -> Result<(BearerToken, Bearer), IdentityError> {
    let proof = match request.method {
        Method::Password { user, password } => prove_by_password(app, &user, password).await?,
        Method::Token(token) => Proof::Token(digest(&token)),
    };
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    session.purge_tokens().await.map_err(IdentityError::from_store)?;
    let origin = origin(app, &session, proof).await?.ok_or(IdentityError::Unauthorized)?;
    let (user, domain) = active_user(&session, &origin.user_id)
        .await
        .map_err(IdentityError::from_store)?
        .filter(|(user, _)| origin.password_hash.is_none() || origin.password_hash == user.password_hash)
        .ok_or(IdentityError::Unauthorized)?;
    let scope = choose_scope(&session, &user, request.scope).await?;

    let text = BearerToken::new(random_text::<TOKEN_OCTETS>());
    let token = Token {
        digest: digest(&text),
        user_id: user.id.clone(),
        project_id: scope.as_ref().map(|scope| ProjectId::new(scope.project.id.as_str())),
        methods: origin.methods,
        audit_ids: std::iter::once(random_text::<AUDIT_OCTETS>()).chain(origin.first_audit_id).collect(),
        issued_at: session.now(),
        expires_at: origin.expires_at,
    };
    session.insert_token(&token).await.map_err(IdentityError::from_store)?;
    // Nobody's token means anything else by this, so nothing is forgotten.
    session.commit().await.map_err(IdentityError::from_store)?;
    Ok((text, Bearer { token, user: NamedInDomain::user(&user, &domain), scope }))
}

/// `GET /v3/auth/tokens`.
pub(crate) async fn validate(
    app: &App,
    bearer: &Bearer,
    subject: Option<&BearerToken>,
) -> Result<Arc<Bearer>, IdentityError> {
    const ACTION: &str = "identity:validate_token";
    let subject = find_subject(app, subject, ACTION).await?;
    if !bearer.has_role("service") {
        bearer.require_self(&subject.user_id(), ACTION)?;
    }
    Ok(subject)
}

/// `DELETE /v3/auth/tokens`.
pub(crate) async fn revoke(
    app: &App,
    bearer: &Bearer,
    subject: Option<&BearerToken>,
) -> Result<(), IdentityError> {
    const ACTION: &str = "identity:revoke_token";
    let subject = find_subject(app, subject, ACTION).await?;
    bearer.require_self(&subject.user_id(), ACTION)?;
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    session.revoke_token(subject.token.digest).await.map_err(IdentityError::from_store)?;
    commit(app, session).await
}

/// What a token tells about itself. `base` is the server's URL as the client wrote it; without one, the catalog is left
/// out.
pub(crate) fn view(app: &App, bearer: &Bearer, base: Option<&str>) -> View {
    let Bearer { token, user, scope } = bearer;
    View {
        methods: token.methods.clone(),
        user: TokenUser { user: user.clone(), password_expires_at: None },
        audit_ids: token.audit_ids.clone(),
        expires_at: format!("{:.6}", token.expires_at),
        issued_at: format!("{:.6}", token.issued_at),
        scope: scope.as_ref().map(|scope| TokenScope {
            project: scope.project.clone(),
            is_domain: false,
            roles: scope.roles.clone(),
            catalog: base.map(|base| catalog::services(base, &app.config().region)),
        }),
    }
}

/// The bearer of the token that a request is about.
async fn find_subject(
    app: &App,
    subject: Option<&BearerToken>,
    action: &'static str,
) -> Result<Arc<Bearer>, IdentityError> {
    let subject = subject.ok_or(IdentityError::Forbidden { action })?;
    let found = bearer(app, subject).await.map_err(IdentityError::from_store)?;
    found.ok_or(IdentityError::TokenNotFound)
}

/// How somebody has shown who it is.
enum Proof {
    Password(UserId, PasswordHash),
    Token(TokenDigest),
}

/// What a new token takes from how it was asked for.
struct Origin {
    user_id: UserId,
    /// The one that was proved, which must still be in force.
    password_hash: Option<PasswordHash>,
    methods: Vec<String>,
    first_audit_id: Option<String>,
    expires_at: Timestamp,
}

/// The session is over before the password is hashed: that takes long.
async fn prove_by_password(app: &App, user: &UserRef, password: Password) -> Result<Proof, IdentityError> {
    let found = {
        let session = app.store().read().await.map_err(IdentityError::from_store)?;
        find_user(&session, user).await.map_err(IdentityError::from_store)?
    };
    let hash = found.as_ref().and_then(|user| user.password_hash.clone());
    let is_right = app.identity().passwords.verify(password, hash.clone()).await?;
    match (found, hash) {
        (Some(user), Some(hash)) if is_right => Ok(Proof::Password(user.id, hash)),
        _ => Err(IdentityError::Unauthorized),
    }
}

async fn origin(app: &App, session: &Session, proof: Proof) -> Result<Option<Origin>, IdentityError> {
    match proof {
        Proof::Password(user_id, hash) => Ok(Some(Origin {
            user_id,
            password_hash: Some(hash),
            methods: vec!["password".to_owned()],
            first_audit_id: None,
            expires_at: session
                .now()
                .checked_add(Duration::from_secs(app.config().token_lifetime_secs.into()))
                .map_err(IdentityError::internal)?,
        })),
        Proof::Token(digest) => {
            let token = session.find_token(digest).await.map_err(IdentityError::from_store)?;
            Ok(token.map(|mut token| {
                if token.methods.iter().all(|method| method != "token") {
                    token.methods.push("token".to_owned());
                }
                Origin {
                    user_id: token.user_id,
                    password_hash: None,
                    methods: token.methods,
                    first_audit_id: token.audit_ids.pop(),
                    expires_at: token.expires_at,
                }
            }))
        }
    }
}

async fn choose_scope(
    session: &Session,
    user: &User,
    scope: Scope,
) -> Result<Option<BearerScope>, IdentityError> {
    match scope {
        Scope::Unscoped => Ok(None),
        Scope::Elsewhere => Err(IdentityError::Unauthorized),
        Scope::Absent => {
            let Some(project) = &user.default_project_id else { return Ok(None) };
            active_scope(session, &user.id, project).await.map_err(IdentityError::from_store)
        }
        Scope::Project(project) => {
            let found = find_project(session, project).await.map_err(IdentityError::from_store)?;
            let project = found.ok_or(IdentityError::Unauthorized)?;
            let scope = active_scope(session, &user.id, &project).await.map_err(IdentityError::from_store)?;
            scope.map(Some).ok_or(IdentityError::Unauthorized)
        }
    }
}

/// A token with everything that it says now; `None` when it is not valid any more.
async fn bearer_of(session: &Session, token: Token) -> Result<Option<Bearer>, StoreError> {
    let Some((user, domain)) = active_user(session, &token.user_id).await? else { return Ok(None) };
    let scope = match &token.project_id {
        None => None,
        Some(project) => match active_scope(session, &token.user_id, project).await? {
            None => return Ok(None),
            scope @ Some(_) => scope,
        },
    };
    Ok(Some(Bearer { token, user: NamedInDomain::user(&user, &domain), scope }))
}

/// A user that may have tokens, and its domain.
async fn active_user(session: &Session, id: &UserId) -> Result<Option<(User, Domain)>, StoreError> {
    let Some(user) = session.table::<User>().find(id).await?.filter(|user| user.enabled) else {
        return Ok(None);
    };
    let domain = active_domain(session, &user.domain_id).await?;
    Ok(domain.map(|domain| (user.record, domain)))
}

/// A project in which the user has a role and tokens may be used.
async fn active_scope(
    session: &Session,
    user: &UserId,
    project: &ProjectId,
) -> Result<Option<BearerScope>, StoreError> {
    let Some(project) = session.table::<Project>().find(project).await?.filter(|project| project.enabled)
    else {
        return Ok(None);
    };
    let Some(domain) = active_domain(session, &project.domain_id).await? else { return Ok(None) };
    let roles = roles(session, user, &project.id).await?;
    let scope = BearerScope { project: NamedInDomain::project(&project, &domain), roles };
    Ok(Some(scope).filter(|scope| !scope.roles.is_empty()))
}

async fn active_domain(session: &Session, id: &DomainId) -> Result<Option<Domain>, StoreError> {
    let domain = session.table::<Domain>().find(id).await?;
    Ok(domain.map(|domain| domain.record).filter(|domain| domain.enabled))
}

/// The user's roles in a project, implied ones spelled out.
async fn roles(session: &Session, user: &UserId, project: &ProjectId) -> Result<Vec<Named>, StoreError> {
    let filter = RoleAssignmentFilter {
        user_id: Some(user.clone()),
        project_id: Some(project.clone()),
        role_id: None,
    };
    let assignments = session.role_assignments(&filter).await?;
    if assignments.is_empty() {
        return Ok(Vec::new());
    }
    let by_name = Listing { sort: vec![("name", true)], ..Listing::default() };
    let roles = session.table::<Role>().list(&by_name).await?;
    let held = roles.iter().filter(|role| assignments.iter().any(|held| held.role_id == role.id));
    let names: Vec<&str> = held.flat_map(|role| with_implied_roles(&role.name)).collect();
    Ok(roles
        .iter()
        .filter(|role| names.contains(&role.name.as_str()))
        .map(|role| Named::role(role))
        .collect())
}

async fn find_user(session: &Session, user: &UserRef) -> Result<Option<User>, StoreError> {
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

async fn find_project(session: &Session, project: ProjectRef) -> Result<Option<ProjectId>, StoreError> {
    match project {
        ProjectRef::Id(id) => Ok(Some(id)),
        ProjectRef::Name(name, domain) => {
            let Some(domain) = find_domain(session, &domain).await? else { return Ok(None) };
            let listing = Listing::of("domain_id", domain).and("name", name);
            Ok(session.table::<Project>().list(&listing).await?.pop().map(|project| project.record.id))
        }
    }
}

async fn find_domain(session: &Session, domain: &DomainRef) -> Result<Option<DomainId>, StoreError> {
    match domain {
        DomainRef::Id(id) => Ok(Some(id.clone())),
        DomainRef::Name(name) => {
            let found = session.table::<Domain>().list(&Listing::of("name", name)).await?.pop();
            Ok(found.map(|domain| domain.record.id))
        }
    }
}

fn digest(token: &BearerToken) -> TokenDigest {
    TokenDigest::new(Sha256::digest(token.expose()).into())
}

fn random_text<const OCTETS: usize>() -> String {
    let mut octets = [0; OCTETS];
    rand::fill(&mut octets[..]);
    URL_SAFE_NO_PAD.encode(octets)
}
