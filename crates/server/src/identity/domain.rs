//! Domains: the one that [`super::bootstrap`] makes, and those that a later release may add.

use adit_api::identity::IdentityError;
use adit_model::DomainId;
use adit_model::identity::Domain;
use adit_store::{Session, Stored};

use super::{Bearer, listing};
use crate::App;
use crate::resource::FromStore;

/// `GET /v3/domains`.
pub(crate) async fn list(
    app: &App,
    bearer: &Bearer,
    pairs: &[(String, String)],
) -> Result<Vec<Domain>, IdentityError> {
    bearer.require_admin("identity:list_domains")?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    let domains = session.table::<Domain>().list(&listing(pairs, &["name", "enabled"])).await;
    Ok(domains.map_err(IdentityError::from_store)?.into_iter().map(|domain| domain.record).collect())
}

/// `GET /v3/domains/{id}`.
pub(crate) async fn show(app: &App, bearer: &Bearer, id: &str) -> Result<Domain, IdentityError> {
    bearer.require_admin("identity:get_domain")?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    Ok(find(&session, &DomainId::new(id)).await?.record)
}

/// The domain that something refers to.
pub(super) async fn find(session: &Session, id: &DomainId) -> Result<Stored<Domain>, IdentityError> {
    let found = session.table::<Domain>().find(id).await.map_err(IdentityError::from_store)?;
    found.ok_or_else(|| IdentityError::NotFound { noun: "domain", id: id.to_string() })
}
