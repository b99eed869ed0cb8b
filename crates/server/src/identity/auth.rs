//! `POST /v3/auth/tokens`: from a secret to a token.

use std::net::IpAddr;
use std::time::Duration;

use adit_api::identity::IdentityError;
use adit_api::identity::auth::{self, AuthRequest, BearerToken, CredentialRef, DomainRef, Method, UserRef};
use adit_api::identity::token::{NamedInDomain, TokenCredential};
use adit_model::identity::{ApplicationCredentialId, Password, PasswordHash, Project, Scope, User};
use adit_model::{ProjectId, UserId};
use adit_store::{ApplicationCredential, Error as StoreError, Listing, Session, Token, TokenDigest};
use jiff::Timestamp;

use super::bearer::BearerScope;
use super::password::Asker;
use super::scope::{active_scope, active_user, find_domain, find_project, find_user};
use super::throttle::Verdict;
use super::token::{EXPIRED_FOR, TOKEN_LEN, bearer_of_digest, credential_scope, digest, random_text};
use super::{Bearer, access_rule};
use crate::App;
use crate::resource::FromStore;

/// How many tokens a user has, with those that have expired in the last days: as many as 14 a second make in an hour. Of
/// more, those go that expired first, or would.
const MOST_TOKENS: u64 = 50_000;
/// How many tokens are issued, on average, before those of a user are counted.
const COUNTED_ONCE_IN: u32 = 256;
/// Characters in an audit id.
const AUDIT_ID_LEN: usize = 22;

/// Issues a token to whoever asks from this address.
pub(crate) async fn issue(
    app: &App,
    request: AuthRequest,
    address: IpAddr,
) -> Result<(BearerToken, Bearer), IdentityError> {
    let proof = match request.method {
        Method::Password { user, password } => prove_by_password(app, &user, password, address).await?,
        Method::Token(token) => Proof::Token(digest(&token)),
        Method::ApplicationCredential { credential, secret } => {
            prove_by_credential(app, &credential, secret, address).await?
        }
    };
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    session.purge_tokens(EXPIRED_FOR).await.map_err(IdentityError::from_store)?;
    share_user(&session, &proof).await.map_err(IdentityError::from_store)?;
    let origin = origin(app, &session, proof).await?;
    let (user, domain) = active_user(&session, &origin.user_id)
        .await
        .map_err(IdentityError::from_store)?
        .filter(|(user, _)| origin.password_hash.is_none() || origin.password_hash == user.password_hash)
        .ok_or(IdentityError::Unauthorized)?;
    let (scope, credential) = match &origin.credential {
        None => (choose_scope(&session, &user, request.scope).await?, None),
        Some(credential) => {
            share_project(&session, &credential.project_id).await.map_err(IdentityError::from_store)?;
            let scope = credential_scope(&session, credential).await.map_err(IdentityError::from_store)?;
            let told = told(&session, credential).await.map_err(IdentityError::from_store)?;
            (Some(scope.ok_or(IdentityError::Unauthorized)?), Some(told.ok_or(IdentityError::Unauthorized)?))
        }
    };

    let text = BearerToken::new(random_text(TOKEN_LEN));
    let token = Token {
        digest: digest(&text),
        user_id: user.id.clone(),
        scope: scope.as_ref().map(|scope| scope.scope.clone()),
        application_credential_id: origin.credential.map(|credential| credential.id),
        methods: origin.methods,
        audit_ids: std::iter::once(random_text(AUDIT_ID_LEN)).chain(origin.first_audit_id).collect(),
        issued_at: session.now(),
        expires_at: origin.expires_at,
    };
    // Counting costs more than the rest, so it is not done each time.
    let is_counted = rand::random_ratio(1, COUNTED_ONCE_IN);
    insert(&session, &token, MOST_TOKENS, is_counted).await.map_err(IdentityError::from_store)?;
    // Nobody's token means anything else by this, so nothing is forgotten.
    session.commit().await.map_err(IdentityError::from_store)?;
    Ok((text, Bearer { token, user: NamedInDomain::user(&user, &domain), scope, credential }))
}

/// What a token tells about the application credential by which it was got; `None` when nobody knows its limits.
pub(super) async fn told(
    session: &Session,
    credential: &ApplicationCredential,
) -> Result<Option<TokenCredential>, StoreError> {
    let Some(access_rules) = access_rule::of_credential(session, credential).await? else { return Ok(None) };
    Ok(Some(TokenCredential {
        id: credential.id.to_string(),
        name: credential.name.clone(),
        restricted: !credential.unrestricted,
        access_rules,
    }))
}

/// How somebody has shown who it is.
enum Proof {
    Password(UserId, PasswordHash),
    Token(TokenDigest),
    Credential(ApplicationCredentialId, PasswordHash),
}

/// Sees to it that what the proof is about stays until the new token is there. A new password, or the loss of the right to
/// have tokens, ends all tokens of a user: none may come to be at the same moment that is not among them.
async fn share_user(session: &Session, proof: &Proof) -> Result<(), StoreError> {
    if session.writes_alone() {
        return Ok(());
    }
    let user = match proof {
        Proof::Password(user, _) => Some(user.clone()),
        Proof::Token(digest) => session.find_token(*digest).await?.map(|token| token.user_id),
        Proof::Credential(id, _) => {
            session.table::<ApplicationCredential>().find(id).await?.map(|found| found.record.user_id)
        }
    };
    if let Some(user) = user {
        session.table::<User>().share(user).await?;
    }
    Ok(())
}

/// The session is over before the password is hashed: that takes long.
async fn prove_by_password(
    app: &App,
    user: &UserRef,
    password: Password,
    address: IpAddr,
) -> Result<Proof, IdentityError> {
    let (user, found) = {
        let session = app.store().read().await.map_err(IdentityError::from_store)?;
        let user = one_spelling(&session, user).await.map_err(IdentityError::from_store)?;
        let found = find_user(&session, &user).await.map_err(IdentityError::from_store)?;
        (user, found)
    };
    let hash = found.as_ref().and_then(|user| user.password_hash.clone());
    // However a user is named, it is the same one, and so is one that is not there: nothing else tells the two apart.
    let who = found.as_ref().map_or_else(|| format!("{user:?}"), |user| user.id.to_string());
    let is_right = check(app, ("user", &who), (&who, address), password, hash.clone()).await?;
    match (found, hash) {
        (Some(user), Some(hash)) if is_right => Ok(Proof::Password(user.id, hash)),
        _ => Err(IdentityError::Unauthorized),
    }
}

async fn prove_by_credential(
    app: &App,
    credential: &CredentialRef,
    secret: Password,
    address: IpAddr,
) -> Result<Proof, IdentityError> {
    let (credential, found) = {
        let session = app.store().read().await.map_err(IdentityError::from_store)?;
        let credential = one_spelling_of(&session, credential).await.map_err(IdentityError::from_store)?;
        let found = find_credential(&session, &credential).await.map_err(IdentityError::from_store)?;
        (credential, found)
    };
    let hash = found.as_ref().map(|credential| credential.secret_hash.clone());
    let who = found.as_ref().map_or_else(|| format!("{credential:?}"), |found| found.id.to_string());
    // However many a user has, and those that it has not, or it would show which ones there are.
    let owner = match (&found, &credential) {
        (Some(found), _) => found.user_id.to_string(),
        (None, CredentialRef::Name(_, UserRef::Id(user))) => user.to_string(),
        (None, CredentialRef::Name(_, UserRef::Name(..)) | CredentialRef::Id(_)) => who.clone(),
    };
    let is_right = check(app, ("credential", &who), (&owner, address), secret, hash).await?;
    match found {
        Some(found) if is_right => Ok(Proof::Credential(found.id, found.secret_hash)),
        Some(_) | None => Err(IdentityError::Unauthorized),
    }
}

/// Whether a secret is right, when it is the attempt's turn: at guessing, and at computing for the user whom it lets in, if
/// that one is known at the address, and for the address otherwise. It takes as long when there is nobody of that name.
pub(super) async fn check(
    app: &App,
    who: (&str, &str),
    (owner, address): (&str, IpAddr),
    secret: Password,
    hash: Option<PasswordHash>,
) -> Result<bool, IdentityError> {
    let attempt = app.identity().throttle.admit((&who, owner), address).await?;
    let asker = if attempt.is_known() { Asker::User(owner.to_owned()) } else { Asker::stranger(address) };
    let checked = app.identity().passwords.verify(asker, secret, hash).await;
    attempt.end(match checked {
        Ok(true) => Verdict::Right,
        Ok(false) => Verdict::Wrong,
        Err(_) => Verdict::Unknown,
    });
    Ok(checked?)
}

/// A user as it is always named, whether it is there or not: by its id, or by name and the id of its domain.
async fn one_spelling(session: &Session, user: &UserRef) -> Result<UserRef, StoreError> {
    let UserRef::Name(name, domain) = user else { return Ok(user.clone()) };
    let domain = find_domain(session, domain).await?.map_or_else(|| domain.clone(), DomainRef::Id);
    Ok(UserRef::Name(name.clone(), domain))
}

/// The same of an application credential, whose user is named by id if it is there.
async fn one_spelling_of(session: &Session, credential: &CredentialRef) -> Result<CredentialRef, StoreError> {
    let CredentialRef::Name(name, user) = credential else { return Ok(credential.clone()) };
    let user = one_spelling(session, user).await?;
    let user = find_user(session, &user).await?.map_or(user, |user| UserRef::Id(user.id));
    Ok(CredentialRef::Name(name.clone(), user))
}

async fn find_credential(
    session: &Session,
    credential: &CredentialRef,
) -> Result<Option<ApplicationCredential>, StoreError> {
    let table = session.table::<ApplicationCredential>();
    let found = match credential {
        CredentialRef::Id(id) => table.find(id).await?,
        CredentialRef::Name(name, user) => match find_user(session, user).await? {
            Some(user) => table.list(&Listing::of("user_id", user.id).and("name", name)).await?.pop(),
            None => None,
        },
    };
    Ok(found.map(|credential| credential.record))
}

/// What a new token takes from how it was asked for.
struct Origin {
    user_id: UserId,
    /// The one that was proved, which must still be in force.
    password_hash: Option<PasswordHash>,
    credential: Option<ApplicationCredential>,
    methods: Vec<String>,
    first_audit_id: Option<String>,
    expires_at: Timestamp,
}

async fn origin(app: &App, session: &Session, proof: Proof) -> Result<Origin, IdentityError> {
    let lifetime = Duration::from_secs(app.config().token_lifetime_secs.into());
    let expires_at = session.now().checked_add(lifetime).map_err(IdentityError::internal)?;
    match proof {
        Proof::Password(user_id, hash) => Ok(Origin {
            user_id,
            password_hash: Some(hash),
            credential: None,
            methods: vec!["password".to_owned()],
            first_audit_id: None,
            expires_at,
        }),
        Proof::Token(digest) => {
            // Whoever could do nothing else with it gets no other one for it either.
            let bearer = bearer_of_digest(session, digest).await.map_err(IdentityError::from_store)?;
            origin_in_token(bearer.ok_or(IdentityError::Unauthorized)?.token)
        }
        Proof::Credential(id, hash) => {
            let found = session.table::<ApplicationCredential>().find(id).await;
            let found = found.map_err(IdentityError::from_store)?.map(|found| found.record);
            let credential = found
                .filter(|found| found.secret_hash == hash)
                .filter(|found| found.expires_at.is_none_or(|ends| ends > session.now()))
                .ok_or(IdentityError::Unauthorized)?;
            Ok(Origin {
                user_id: credential.user_id.clone(),
                password_hash: None,
                methods: vec!["application_credential".to_owned()],
                first_audit_id: None,
                expires_at: credential.expires_at.map_or(expires_at, |ends| ends.min(expires_at)),
                credential: Some(credential),
            })
        }
    }
}

/// A token from a token lives no longer than that one.
fn origin_in_token(mut token: Token) -> Result<Origin, IdentityError> {
    if token.application_credential_id.is_some() {
        let why = "Using a delegated token to create another token is not allowed.";
        return Err(IdentityError::forbidden(why));
    }
    if token.methods.iter().all(|method| method != "token") {
        token.methods.push("token".to_owned());
    }
    Ok(Origin {
        user_id: token.user_id,
        password_hash: None,
        credential: None,
        methods: token.methods,
        first_audit_id: token.audit_ids.pop(),
        expires_at: token.expires_at,
    })
}

async fn choose_scope(
    session: &Session,
    user: &User,
    scope: auth::Scope,
) -> Result<Option<BearerScope>, IdentityError> {
    let found = match scope {
        auth::Scope::Unscoped => return Ok(None),
        auth::Scope::Absent => {
            let Some(project) = user.default_project_id.clone() else { return Ok(None) };
            share_project(session, &project).await.map_err(IdentityError::from_store)?;
            let scope = active_scope(session, &user.id, &Scope::Project(project)).await;
            return scope.map_err(IdentityError::from_store);
        }
        auth::Scope::Project(project) => {
            find_project(session, project).await.map(|found| found.map(Scope::Project))
        }
        auth::Scope::Domain(domain) => {
            find_domain(session, &domain).await.map(|found| found.map(Scope::Domain))
        }
        auth::Scope::System => Ok(Some(Scope::System)),
    };
    let scope = found.map_err(IdentityError::from_store)?.ok_or(IdentityError::Unauthorized)?;
    if let Scope::Project(project) = &scope {
        share_project(session, project).await.map_err(IdentityError::from_store)?;
    }
    let scope = active_scope(session, &user.id, &scope).await.map_err(IdentityError::from_store)?;
    scope.map(Some).ok_or(IdentityError::Unauthorized)
}

/// As with its user: a project that is switched off ends its tokens.
async fn share_project(session: &Session, project: &ProjectId) -> Result<(), StoreError> {
    if session.writes_alone() {
        return Ok(());
    }
    session.table::<Project>().share(project).await.map(drop)
}

/// Adds a token to those of its user, of whom as many go, once in a while, that there is room for it.
async fn insert(session: &Session, token: &Token, most: u64, is_counted: bool) -> Result<(), StoreError> {
    // Before, so that it is not among those that go, however soon it ends.
    if is_counted {
        session.keep_tokens_of_user(&token.user_id, most.saturating_sub(1)).await?;
    }
    session.insert_token(token).await
}

#[cfg(test)]
mod tests;
