//! Users, projects, roles and tokens: a use case file per resource.
//!
//! [`authenticate`] is what every request to another API begins with. Everybody else enters at `http::identity`.

mod bearer;
mod bootstrap;
mod cache;
pub(crate) mod catalog;
pub(crate) mod domain;
mod password;
pub(crate) mod project;
pub(crate) mod region;
pub(crate) mod role;
pub(crate) mod role_assignment;
pub(crate) mod token;
pub(crate) mod user;

pub(crate) use bearer::Bearer;
pub use bootstrap::{Bootstrap, BootstrapError, Bootstrapped};

use adit_api::attribute::parse_bool;
use adit_api::identity::IdentityError;
use adit_api::identity::auth::BearerToken;
use adit_api::{ApiError, identity::token::Named};
use adit_model::{ProjectId, UserId};
use adit_store::{Error as StoreError, Filter, Listing, Session};
use serde_json::Value;

use crate::App;
use crate::caller::Caller;
use crate::resource::FromStore;

/// What of identity stays in memory.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    tokens: cache::TokenCache,
    passwords: password::Passwords,
}

/// Whoever bears this token; `None` when nobody does, or when it is not scoped to a project.
///
/// It normally costs no query. A token that was revoked or has expired is refused at once, and so is one whose user,
/// project or roles were taken away by this process; what another process did is seen within
/// [`cache::TRUSTED`].
pub(crate) async fn authenticate(app: &App, token: Option<&str>) -> Result<Option<Caller>, ApiError> {
    let Some(token) = token else { return Ok(None) };
    let bearer = token::bearer(app, &BearerToken::new(token)).await.map_err(ApiError::from_store)?;
    Ok(bearer.and_then(|bearer| {
        let scope = bearer.scope.as_ref()?;
        Some(Caller {
            user_id: UserId::new(bearer.user.id.as_str()),
            project_id: ProjectId::new(scope.project.id.as_str()),
            roles: scope.roles.iter().map(|Named { name, .. }| name.clone()).collect(),
        })
    }))
}

/// Keeps what a use case wrote. Whatever it was, tokens may mean something else from now on.
async fn commit(app: &App, session: Session) -> Result<(), IdentityError> {
    let committed = session.commit().await;
    app.identity().tokens.forget_all();
    committed.map_err(IdentityError::from_store)
}

/// A list in the order of names, narrowed by those of the query's pairs that name one of `columns`; others are ignored.
fn listing(pairs: &[(String, String)], columns: &[&'static str]) -> Listing {
    let filter = |(key, value): &(String, String)| {
        let column = *columns.iter().find(|column| *column == key)?;
        let text = Value::from(value.as_str());
        let value = if column == "enabled" { parse_bool(&text)?.into() } else { text };
        Some(Filter { column, values: vec![value] })
    };
    let sort = vec![("name", true)];
    Listing { filters: pairs.iter().filter_map(filter).collect(), sort, ..Listing::default() }
}

impl FromStore for IdentityError {
    fn from_store(error: StoreError) -> Self {
        match error {
            StoreError::Contended { .. } => Self::Busy,
            StoreError::Open { .. }
            | StoreError::Statement { .. }
            | StoreError::Duplicate { .. }
            | StoreError::Referenced { .. }
            | StoreError::Vanished { .. }
            | StoreError::Corrupt { .. }
            | StoreError::UnknownMarker { .. }
            | StoreError::Newer { .. }
            | StoreError::KeyFile { .. }
            | StoreError::Sealed => Self::internal(error),
        }
    }
}
