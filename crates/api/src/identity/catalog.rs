//! The catalog: which services there are, and where.

use serde::Serialize;

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    /// Its identity: 32 hexadecimal digits.
    pub id: String,
    /// By which clients choose it.
    #[serde(rename = "type")]
    pub service_type: &'static str,
    /// Shown only.
    pub name: &'static str,
    /// Where it is.
    pub endpoints: Vec<Endpoint>,
}

/// A URL of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// Its identity: 32 hexadecimal digits.
    pub id: String,
    /// One of [`INTERFACES`].
    pub interface: &'static str,
    /// The region's name.
    pub region: String,
    /// The region's name, once more.
    pub region_id: String,
    /// The URL.
    pub url: String,
}

/// Whom an endpoint is meant for.
pub const INTERFACES: [&str; 3] = ["public", "internal", "admin"];
