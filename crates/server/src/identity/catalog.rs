//! The catalog: the two services that there are.

use adit_api::identity::IdentityError;
use adit_api::identity::catalog::{Endpoint, INTERFACES, Service};
use sha2::{Digest, Sha256};

use super::Bearer;

/// What there is, in this region. `base` is the server's URL as the client wrote it.
pub(crate) fn services(base: &str, region: &str) -> Vec<Service> {
    [
        ("identity", "keystone", format!("{base}/identity/v3")),
        // Without a version: every client appends it.
        ("network", "neutron", format!("{base}/networking")),
    ]
    .into_iter()
    .map(|(service_type, name, url)| Service {
        id: stable_id(&[service_type]),
        service_type,
        name,
        endpoints: INTERFACES.map(|interface| endpoint(service_type, interface, region, &url)).into(),
    })
    .collect()
}

/// `GET /v3/auth/catalog`.
pub(crate) fn show(bearer: &Bearer, base: &str, region: &str) -> Result<Vec<Service>, IdentityError> {
    if bearer.scope.is_none() {
        return Err(IdentityError::NoScope);
    }
    Ok(services(base, region))
}

fn endpoint(service_type: &str, interface: &'static str, region: &str, url: &str) -> Endpoint {
    Endpoint {
        id: stable_id(&[service_type, interface, region]),
        interface,
        region: region.to_owned(),
        region_id: region.to_owned(),
        url: url.to_owned(),
    }
}

/// An id that is the same on each server and after each start, without being stored: 32 hexadecimal digits.
fn stable_id(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("/"));
    digest.iter().take(16).map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::services;

    #[test]
    fn each_interface_has_the_same_url_and_an_id_of_its_own() {
        let services = services("http://192.0.2.1:9696", "left");
        let urls: Vec<&str> = services[1].endpoints.iter().map(|endpoint| endpoint.url.as_str()).collect();
        assert_eq!(urls, ["http://192.0.2.1:9696/networking"; 3]);
        let ids: std::collections::BTreeSet<&str> = services
            .iter()
            .flat_map(|service| service.endpoints.iter().map(|endpoint| endpoint.id.as_str()))
            .chain(services.iter().map(|service| service.id.as_str()))
            .collect();
        assert_eq!(ids.len(), 8);
        assert!(ids.iter().all(|id| id.len() == 32));
    }
}
