//! Tokens: looked up, told about and revoked. [`super::auth`] issues them.

use std::sync::Arc;
use std::time::Duration;

use adit_api::identity::IdentityError;
use adit_api::identity::auth::BearerToken;
use adit_api::identity::token::{Named, NamedInDomain, TokenScope, TokenUser, View};
use adit_model::RoleId;
use adit_model::identity::Scope;
use adit_store::{ApplicationCredential, Error as StoreError, Session, Token, TokenDigest};
use jiff::Timestamp;
use rand::distr::{Alphanumeric, SampleString};
use sha2::{Digest, Sha256};

use super::auth::told;
use super::bearer::BearerScope;
use super::scope::{active_scope, active_user, all_roles, spelled_out};
use super::{Bearer, catalog, commit};
use crate::App;
use crate::resource::FromStore;

/// Characters in a token: 256 random bits.
pub(super) const TOKEN_LEN: usize = 43;
/// How long a service is told about a token that has expired: the reference's window.
pub(super) const EXPIRED_FOR: Duration = Duration::from_hours(48);

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
    let bearer = bearer_of_digest(&session, digest).await?.map(Arc::new);
    if let Some(bearer) = &bearer {
        app.identity().tokens.remember(bearer, era);
    }
    Ok(bearer)
}

/// Which tokens a question is about, beside those that are valid and good for everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subjects {
    /// Those that have expired lately: services finish what their users began in time.
    pub(crate) expired: bool,
    /// Those that are limited by access rules: whoever asks will keep to them.
    pub(crate) limited: bool,
}

/// `GET /v3/auth/tokens`.
pub(crate) async fn validate(
    app: &App,
    bearer: &Bearer,
    subject: Option<&BearerToken>,
    subjects: Subjects,
) -> Result<Arc<Bearer>, IdentityError> {
    const ACTION: &str = "identity:validate_token";
    let is_service = bearer.has_role("service") || bearer.is_admin();
    let subject = if subjects.expired && is_service {
        find_expired_subject(app, subject, ACTION).await?
    } else {
        find_subject(app, subject, ACTION).await?
    };
    if !is_service {
        bearer.require_self(&subject.user_id(), ACTION)?;
    }
    let is_limited =
        subject.credential.as_ref().is_some_and(|credential| !credential.access_rules.is_empty());
    if is_limited && !subjects.limited {
        return Err(IdentityError::TokenNotFound);
    }
    Ok(subject)
}

/// `DELETE /v3/auth/tokens`, also of a token that is good for nothing now but might be again, once a role is given back.
pub(crate) async fn revoke(
    app: &App,
    bearer: &Bearer,
    subject: Option<&BearerToken>,
) -> Result<(), IdentityError> {
    const ACTION: &str = "identity:revoke_token";
    let digest = digest(subject.ok_or_else(|| IdentityError::forbidden(ACTION))?);
    let token = {
        let session = app.store().read().await.map_err(IdentityError::from_store)?;
        session.find_token(digest).await.map_err(IdentityError::from_store)?
    };
    bearer.require_self(&token.ok_or(IdentityError::TokenNotFound)?.user_id, ACTION)?;
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    session.revoke_token(digest).await.map_err(IdentityError::from_store)?;
    commit(app, session).await
}

/// What a token tells about itself. `server` is the server's URL as the client wrote it; without one, the catalog is left
/// out.
pub(crate) async fn view(app: &App, bearer: &Bearer, server: Option<&str>) -> Result<View, IdentityError> {
    let Bearer { token, user, scope, credential } = bearer;
    let scope = match scope {
        None => None,
        Some(BearerScope { scope: _, place, roles }) => Some(TokenScope {
            place: place.clone(),
            roles: roles.clone(),
            catalog: match server {
                None => None,
                Some(server) => Some(catalog::entries(app, bearer, server).await?),
            },
        }),
    };
    Ok(View {
        methods: token.methods.clone(),
        user: TokenUser { user: user.clone(), password_expires_at: None },
        audit_ids: token.audit_ids.clone(),
        expires_at: format!("{:.6}", token.expires_at),
        issued_at: format!("{:.6}", token.issued_at),
        scope,
        application_credential: credential.clone(),
    })
}

/// The bearer of the token that a request is about.
async fn find_subject(
    app: &App,
    subject: Option<&BearerToken>,
    action: &'static str,
) -> Result<Arc<Bearer>, IdentityError> {
    let subject = subject.ok_or_else(|| IdentityError::forbidden(action))?;
    let found = bearer(app, subject).await.map_err(IdentityError::from_store)?;
    found.ok_or(IdentityError::TokenNotFound)
}

/// The same, of a token that may have expired.
async fn find_expired_subject(
    app: &App,
    subject: Option<&BearerToken>,
    action: &'static str,
) -> Result<Arc<Bearer>, IdentityError> {
    let digest = digest(subject.ok_or_else(|| IdentityError::forbidden(action))?);
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    let token = session.find_token_expired_within(EXPIRED_FOR, digest).await;
    let Some(token) = token.map_err(IdentityError::from_store)? else {
        return Err(IdentityError::TokenNotFound);
    };
    let found = bearer_of(&session, token).await.map_err(IdentityError::from_store)?;
    found.map(Arc::new).ok_or(IdentityError::TokenNotFound)
}

/// Whoever bears the token of this digest now, as the session sees it.
pub(super) async fn bearer_of_digest(
    session: &Session,
    digest: TokenDigest,
) -> Result<Option<Bearer>, StoreError> {
    match session.find_token(digest).await? {
        None => Ok(None),
        Some(token) => bearer_of(session, token).await,
    }
}

/// A token with everything that it says now; `None` when it is not valid any more.
pub(super) async fn bearer_of(session: &Session, token: Token) -> Result<Option<Bearer>, StoreError> {
    let Some((user, domain)) = active_user(session, &token.user_id).await? else { return Ok(None) };
    let credential = match &token.application_credential_id {
        None => None,
        Some(id) => match session.table::<ApplicationCredential>().find(id).await? {
            None => return Ok(None),
            Some(credential) => Some(credential.record),
        },
    };
    let scope = match (&credential, &token.scope) {
        (None, None) => None,
        (None, Some(scope)) => match active_scope(session, &token.user_id, scope).await? {
            None => return Ok(None),
            scope @ Some(_) => scope,
        },
        (Some(credential), _) => match credential_scope(session, credential).await? {
            None => return Ok(None),
            scope @ Some(_) => scope,
        },
    };
    let credential = match &credential {
        None => None,
        Some(credential) => match told(session, credential).await? {
            None => return Ok(None),
            told @ Some(_) => told,
        },
    };
    Ok(Some(Bearer { token, user: NamedInDomain::user(&user, &domain), scope, credential }))
}

/// What the tokens of an application credential are valid for: its project, as long as the user has all of its roles
/// there. Whether it has expired is the tokens' business.
pub(super) async fn credential_scope(
    session: &Session,
    credential: &ApplicationCredential,
) -> Result<Option<BearerScope>, StoreError> {
    let project = Scope::Project(credential.project_id.clone());
    let Some(of_user) = active_scope(session, &credential.user_id, &project).await? else { return Ok(None) };
    let is_held = |id: &RoleId| of_user.roles.iter().any(|role| role.id == id.as_str());
    if !credential.role_ids.iter().all(is_held) {
        return Ok(None);
    }
    let ids: Vec<&RoleId> = credential.role_ids.iter().collect();
    let roles = spelled_out(all_roles(session).await?, &ids).iter().map(Named::role).collect();
    Ok(Some(BearerScope { roles, ..of_user }).filter(|scope| !scope.roles.is_empty()))
}

pub(super) fn digest(token: &BearerToken) -> TokenDigest {
    TokenDigest::new(Sha256::digest(token.expose()).into())
}

/// Letters and digits that nobody guesses, just below 6 random bits in each: nothing that a command would take for an
/// option, or a shell for anything else.
pub(super) fn random_text(len: usize) -> String {
    Alphanumeric.sample_string(&mut rand::rng(), len)
}

#[cfg(test)]
mod tests {
    use super::random_text;

    #[test]
    fn secrets_are_letters_and_digits_that_no_command_takes_for_an_option() {
        for _ in 0..1_000 {
            let text = random_text(43);
            assert_eq!(text.len(), 43);
            assert!(text.bytes().all(|octet| octet.is_ascii_alphanumeric()), "{text}");
        }
        assert_ne!(random_text(43), random_text(43));
    }
}
