use std::str::FromStr;

use crate::id::{EndpointId, RegionId, ServiceId};

/// A place that has endpoints of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its identity, which is its name.
    pub id: RegionId,
    /// Free text.
    pub description: String,
    /// The region that it is a part of.
    pub parent_id: Option<RegionId>,
}

/// A service that the catalog names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its identity.
    pub id: ServiceId,
    /// By which clients choose it, as `network`.
    pub service_type: String,
    /// Shown only.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// A disabled one is not in the catalog.
    pub enabled: bool,
}

/// A URL of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its identity.
    pub id: EndpointId,
    /// Of which service.
    pub service_id: ServiceId,
    /// For whom it is meant.
    pub interface: Interface,
    /// Where.
    pub region_id: Option<RegionId>,
    /// The URL, with `$(project_id)s` and the like still in it.
    pub url: String,
    /// A disabled one is not in the catalog.
    pub enabled: bool,
}

/// Whom an endpoint is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    /// For everybody.
    Public,
    /// For other services.
    Internal,
    /// For administrators.
    Admin,
}

/// A text that is no interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an endpoint is `public`, `internal` or `admin`")]
pub struct InterfaceError;

impl Interface {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Public, Self::Internal, Self::Admin];

    /// As the Identity API writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Interface {
    type Err = InterfaceError;

    fn from_str(input: &str) -> Result<Self, InterfaceError> {
        Self::ALL.into_iter().find(|interface| interface.as_str() == input).ok_or(InterfaceError)
    }
}
