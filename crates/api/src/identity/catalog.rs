//! The catalog: which services there are, and where.

use adit_model::identity::{EndpointId, Interface, RegionId, ServiceId};
use serde::Serialize;

/// A service, with its endpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The service.
    pub id: ServiceId,
    /// By which clients choose it.
    #[serde(rename = "type")]
    pub service_type: String,
    /// Shown only.
    pub name: String,
    /// Where it is.
    pub endpoints: Vec<EntryEndpoint>,
}

/// A URL of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryEndpoint {
    /// The endpoint.
    pub id: EndpointId,
    /// For whom.
    #[serde(serialize_with = "as_str")]
    pub interface: Interface,
    /// The region's name.
    pub region: Option<RegionId>,
    /// The region's name, once more.
    pub region_id: Option<RegionId>,
    /// The URL.
    pub url: String,
}

fn as_str<S: serde::Serializer>(interface: &Interface, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(interface.as_str())
}
