//! Users, projects, roles and tokens: a use case file per resource.
//!
//! [`authenticate`] is what every request to another API begins with. Everybody else enters at `http::identity`. All of
//! it is Adit's own, or, when the operator says so, in the hands of a Keystone elsewhere ([`keystone`]).

pub(crate) mod access_rule;
pub(crate) mod application_credential;
pub(crate) mod auth;
mod bearer;
mod bootstrap;
mod cache;
pub(crate) mod catalog;
mod domain;
mod endpoint;
pub(crate) mod keystone;
mod password;
pub(crate) mod project;
pub(crate) mod region;
pub(crate) mod resource;
pub(crate) mod role;
pub(crate) mod role_assignment;
mod scope;
mod service;
mod throttle;
pub(crate) mod token;
#[cfg(test)]
mod trial;
pub(crate) mod user;

pub(crate) use bearer::Bearer;
pub use bootstrap::{Bootstrap, BootstrapError, Bootstrapped};

use adit_api::identity::IdentityError;
use adit_api::identity::auth::BearerToken;
use adit_api::{ApiError, identity::token::Named};
use adit_model::identity::Domain;
use adit_store::{Error as StoreError, Session};

use crate::App;
use crate::caller::Caller;
use crate::resource::FromStore;

/// The types under which Adit's own services stand in the catalog.
pub(crate) const IDENTITY: &str = "identity";
pub(crate) const NETWORK: &str = "network";

/// What of identity stays in memory.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    tokens: cache::TokenCache,
    passwords: password::Passwords,
    throttle: throttle::Throttle,
    catalog: catalog::CatalogCache,
}

/// What a request says about who sends it. No `Debug`, since tokens must reach no log.
#[derive(Clone, Copy, Default)]
pub(crate) struct Presented<'a> {
    /// `X-Auth-Token`.
    pub(crate) token: Option<&'a str>,
    /// `X-Service-Token`: of the service that asks on behalf of the bearer of the other.
    pub(crate) service_token: Option<&'a str>,
    /// The method.
    pub(crate) method: &'a str,
    /// The path below the API's own URL, such as `/v2.0/networks`, without suffix and trailing slash.
    pub(crate) path: &'a str,
}

/// Why a request has no caller.
#[derive(Debug)]
pub(crate) enum Rejection {
    /// Nobody bears the token, or not for this request.
    Unauthorized,
    /// The Keystone that would know does not answer as it should.
    KeystoneUnavailable,
    /// A failure of ours.
    Failed(ApiError),
}

/// Whoever sent the request.
///
/// # Errors
/// [`Rejection::Unauthorized`] when nobody bears the token, or when it is not scoped to a project.
pub(crate) async fn authenticate(app: &App, presented: &Presented<'_>) -> Result<Caller, Rejection> {
    match app.keystone() {
        Some(keystone) => keystone.authenticate(presented).await,
        None => authenticate_here(app, presented).await?.ok_or(Rejection::Unauthorized),
    }
}

/// Whoever bears this token of Adit's own; `None` when nobody does, when it is not scoped to a project, or when its
/// application credential does not allow the request.
///
/// It normally costs no query. A token that was revoked or has expired is refused at once, and so is one whose user,
/// project or roles were taken away by this process; what another process did is seen within
/// [`cache::TRUSTED`].
async fn authenticate_here(app: &App, presented: &Presented<'_>) -> Result<Option<Caller>, Rejection> {
    let Some(token) = presented.token else { return Ok(None) };
    let bearer = token::bearer(app, &BearerToken::new(token)).await;
    let bearer = bearer.map_err(|error| Rejection::Failed(ApiError::from_store(error)))?;
    let bearer = bearer.filter(|bearer| bearer.may_ask(NETWORK, presented.method, presented.path));
    Ok(bearer.and_then(|bearer| {
        let scope = bearer.scope.as_ref()?;
        Some(Caller {
            user_id: bearer.user_id(),
            project_id: bearer.project_id()?.clone(),
            roles: scope.roles.iter().map(|Named { name, .. }| name.clone()).collect(),
        })
    }))
}

/// Keeps what a use case wrote. Whatever it was, tokens may mean something else from then on, also when nobody waits for
/// the answer any more.
async fn commit(app: &App, session: Session) -> Result<(), IdentityError> {
    let app = app.clone();
    let forget = move || {
        app.identity().tokens.forget_all();
        app.identity().catalog.forget();
    };
    session.commit_then(forget).await.map_err(IdentityError::from_store)
}

/// The domains that the bearer can get a token for, and whether it can get one for the system.
pub(crate) async fn beyond_projects(
    app: &App,
    bearer: &Bearer,
) -> Result<(Vec<Domain>, bool), IdentityError> {
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    scope::beyond_projects(&session, &bearer.user_id()).await.map_err(IdentityError::from_store)
}

impl FromStore for IdentityError {
    fn from_store(error: StoreError) -> Self {
        match error {
            // Asked for before: only another request at the same moment can be the cause.
            StoreError::Duplicate { .. }
            | StoreError::Referenced { .. }
            | StoreError::Vanished { .. }
            | StoreError::Collision { .. } => {
                tracing::debug!(error = &error as &dyn std::error::Error, "collided with another request");
                Self::Collision(Some(Box::new(error)))
            }
            StoreError::Contended { .. } => Self::Busy,
            StoreError::Unanswered { .. } => Self::Slow,
            StoreError::OutcomeUnknown { .. } => Self::OutcomeUnknown,
            StoreError::Open { .. }
            | StoreError::Statement { .. }
            | StoreError::Corrupt { .. }
            | StoreError::UnknownMarker { .. }
            | StoreError::Newer { .. }
            | StoreError::KeyFile { .. }
            | StoreError::Sealed => Self::internal(error),
        }
    }
}
