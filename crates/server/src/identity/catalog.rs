//! The catalog: the two services that are Adit's own, and whatever administrators add.
//!
//! Adit's own are in no table: their URLs are those by which the client reached this server, and their ids are the same
//! on each server and after each start. The rest is read once in a while and kept in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use adit_api::identity::IdentityError;
use adit_api::identity::catalog::{Entry, EntryEndpoint};
use adit_model::identity::{Endpoint, EndpointId, Interface, RegionId, Service, ServiceId};
use adit_store::{Listing, Session};
use sha2::{Digest, Sha256};

use super::cache::TRUSTED;
use super::{Bearer, IDENTITY, NETWORK};
use crate::App;
use crate::resource::FromStore;

/// Type, name, and path below the server's URL. The Networking API's has no version: every client appends it.
const OWN: [(&str, &str, &str); 2] =
    [(IDENTITY, "keystone", "/identity/v3"), (NETWORK, "neutron", "/networking")];

/// What administrators have added, as it was read.
#[derive(Debug, Default)]
pub(super) struct CatalogCache(Mutex<Cached>);

#[derive(Debug, Default)]
struct Cached {
    /// Grows when it is forgotten, so that what was read before is not remembered after.
    era: u64,
    added: Option<(Instant, Arc<Added>)>,
}

#[derive(Debug)]
struct Added {
    services: Vec<Service>,
    endpoints: Vec<Endpoint>,
}

impl CatalogCache {
    /// The database is asked again.
    pub(super) fn forget(&self) {
        let mut cached = self.lock();
        cached.era += 1;
        cached.added = None;
    }

    /// The struct is whole after each statement, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, Cached> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adit's own services.
pub(super) fn own_services() -> Vec<Service> {
    let service = |(service_type, name, _): (&str, &str, &str)| Service {
        id: ServiceId::new(stable_id(&[service_type])),
        service_type: service_type.to_owned(),
        name: name.to_owned(),
        description: None,
        enabled: true,
    };
    OWN.map(service).into()
}

/// Where they are: at the server's URL as the client wrote it, for everybody the same.
pub(super) fn own_endpoints(server: &str, region: &str) -> Vec<Endpoint> {
    let endpoint = |(service_type, _, path): (&str, &str, &str), interface: Interface| Endpoint {
        id: EndpointId::new(stable_id(&[service_type, interface.as_str(), region])),
        service_id: ServiceId::new(stable_id(&[service_type])),
        interface,
        region_id: Some(RegionId::new(region)),
        url: format!("{server}{path}"),
        enabled: true,
    };
    OWN.into_iter().flat_map(|service| Interface::ALL.map(|interface| endpoint(service, interface))).collect()
}

/// What there is for the bearer of a scoped token. `server` is the server's URL as the client wrote it.
pub(crate) async fn entries(app: &App, bearer: &Bearer, server: &str) -> Result<Vec<Entry>, IdentityError> {
    let added = added(app).await?;
    let own = own_services();
    let is_own = |service: &Service| own.iter().any(|own| own.id == service.id);
    let services = own.iter().chain(added.services.iter().filter(|service| !is_own(service)));
    let own_endpoints = own_endpoints(server, &app.config().region);
    let entry = |service: &Service| Entry {
        id: service.id.clone(),
        service_type: service.service_type.clone(),
        name: service.name.clone(),
        endpoints: own_endpoints
            .iter()
            .chain(&added.endpoints)
            .filter(|endpoint| endpoint.service_id == service.id && endpoint.enabled)
            .filter_map(|endpoint| entry_endpoint(endpoint, bearer))
            .collect(),
    };
    Ok(services.filter(|service| service.enabled).map(entry).collect())
}

/// `GET /v3/auth/catalog`.
pub(crate) async fn show(app: &App, bearer: &Bearer, server: &str) -> Result<Vec<Entry>, IdentityError> {
    if bearer.scope.is_none() {
        return Err(IdentityError::NoScope);
    }
    entries(app, bearer, server).await
}

fn entry_endpoint(endpoint: &Endpoint, bearer: &Bearer) -> Option<EntryEndpoint> {
    Some(EntryEndpoint {
        id: endpoint.id.clone(),
        interface: endpoint.interface,
        region: endpoint.region_id.clone(),
        region_id: endpoint.region_id.clone(),
        url: filled_in(&endpoint.url, bearer)?,
    })
}

/// A URL with what stands in it for the bearer: `$(project_id)s`, `%(user_id)s` and the like. `None` when something is
/// meant that the bearer has not, such as a project.
fn filled_in(url: &str, bearer: &Bearer) -> Option<String> {
    let mut url = url.to_owned();
    let user = Some(bearer.user.id.as_str());
    let project = bearer.project_id().map(adit_model::ProjectId::as_str);
    for (name, value) in [("project_id", project), ("tenant_id", project), ("user_id", user)] {
        for place in [format!("$({name})s"), format!("%({name})s")] {
            if url.contains(&place) {
                url = url.replace(&place, value?);
            }
        }
    }
    Some(url)
}

async fn added(app: &App) -> Result<Arc<Added>, IdentityError> {
    let cache = &app.identity().catalog;
    let era = {
        let cached = cache.lock();
        if let Some((read_at, added)) = &cached.added
            && read_at.elapsed() < TRUSTED
        {
            return Ok(Arc::clone(added));
        }
        cached.era
    };
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    let added = Arc::new(read(&session).await?);
    let mut cached = cache.lock();
    if cached.era == era {
        cached.added = Some((Instant::now(), Arc::clone(&added)));
    }
    Ok(added)
}

async fn read(session: &Session) -> Result<Added, IdentityError> {
    let all = Listing::default();
    let services = session.table::<Service>().list(&all).await.map_err(IdentityError::from_store)?;
    let endpoints = session.table::<Endpoint>().list(&all).await.map_err(IdentityError::from_store)?;
    Ok(Added {
        services: services.into_iter().map(|service| service.record).collect(),
        endpoints: endpoints.into_iter().map(|endpoint| endpoint.record).collect(),
    })
}

/// An id that is the same on each server and after each start, without being stored: 32 hexadecimal digits.
fn stable_id(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("/"));
    digest.iter().take(16).map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{own_endpoints, own_services};

    #[test]
    fn each_interface_has_the_same_url_and_an_id_of_its_own() {
        let (services, endpoints) = (own_services(), own_endpoints("http://192.0.2.1:9696", "left"));
        let network = endpoints.iter().filter(|endpoint| endpoint.service_id == services[1].id);
        let urls: Vec<&str> = network.map(|endpoint| endpoint.url.as_str()).collect();
        assert_eq!(urls, ["http://192.0.2.1:9696/networking"; 3]);
        let ids: std::collections::BTreeSet<&str> = endpoints
            .iter()
            .map(|endpoint| endpoint.id.as_str())
            .chain(services.iter().map(|service| service.id.as_str()))
            .collect();
        assert_eq!(ids.len(), 8);
        assert!(ids.iter().all(|id| id.len() == 32));
    }
}
