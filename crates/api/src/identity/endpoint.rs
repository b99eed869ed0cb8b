//! Endpoints: `/v3/endpoints`.

use adit_model::identity::{Endpoint, EndpointId, Interface, RegionId, ServiceId};
use serde::Serialize;

use super::fields::{Fields, parse};
use super::{IdentityError, Links};

/// Longest id of a service and of a region, and URL, in characters.
const MOST_ID: usize = 255;
const MOST_URL: usize = 2048;

/// A checked POST.
#[derive(Debug)]
pub struct Create {
    /// Of which service.
    pub service_id: ServiceId,
    /// For whom.
    pub interface: Interface,
    /// Where.
    pub region: Option<NamedRegion>,
    /// The URL.
    pub url: String,
    /// Whether it is in the catalog.
    pub enabled: bool,
}

/// A checked PATCH: what is to change.
#[derive(Debug)]
#[expect(missing_docs, reason = "as in `Create`")]
pub struct Update {
    pub service_id: Option<ServiceId>,
    pub interface: Option<Interface>,
    pub region: Option<Option<NamedRegion>>,
    pub url: Option<String>,
    pub enabled: Option<bool>,
}

/// A region, named by a client.
#[derive(Debug)]
pub enum NamedRegion {
    /// By `region_id`: it has to be there.
    Known(RegionId),
    /// By `region`, as older clients do: it is made when it is not there.
    Wanted(RegionId),
}

impl Create {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`IdentityError::Expecting`], [`IdentityError::Invalid`].
    pub fn parse(body: &[u8]) -> Result<Self, IdentityError> {
        let body = parse(body)?;
        let fields = Fields::enveloped(&body, "endpoint")?;
        let service = fields.optional_word("service_id", MOST_ID)?;
        Ok(Self {
            service_id: ServiceId::new(service.ok_or_else(|| fields.missing("service_id"))?),
            interface: interface(fields)?.ok_or_else(|| fields.missing("interface"))?,
            region: region(fields)?.flatten(),
            url: fields.optional_word("url", MOST_URL)?.ok_or_else(|| fields.missing("url"))?,
            enabled: fields.flag("enabled")?.unwrap_or(true),
        })
    }
}

impl Update {
    /// Reads the body of a request about the endpoint `id`.
    ///
    /// # Errors
    /// [`IdentityError::Expecting`], [`IdentityError::Invalid`], [`IdentityError::Unacceptable`].
    pub fn parse(id: &str, body: &[u8]) -> Result<Self, IdentityError> {
        let body = parse(body)?;
        let fields = Fields::enveloped(&body, "endpoint")?;
        fields.unchanged("id", "Endpoint", id)?;
        Ok(Self {
            service_id: fields.optional_word("service_id", MOST_ID)?.map(ServiceId::new),
            interface: interface(fields)?,
            region: region(fields)?,
            url: fields.optional_word("url", MOST_URL)?,
            enabled: fields.flag("enabled")?,
        })
    }
}

fn interface(fields: Fields<'_>) -> Result<Option<Interface>, IdentityError> {
    let Some(text) = fields.text("interface")? else { return Ok(None) };
    let one_of = |value: &str| format!("{value} is not one of ['admin', 'internal', 'public']");
    text.parse().map(Some).map_err(|_| fields.invalid("interface", one_of))
}

fn region(fields: Fields<'_>) -> Result<Option<Option<NamedRegion>>, IdentityError> {
    if let Some(id) = fields.short_text("region_id", MOST_ID)? {
        return Ok(Some(id.map(|id| NamedRegion::Known(RegionId::new(id)))));
    }
    let id = fields.short_text("region", MOST_ID)?;
    Ok(id.map(|id| id.map(|id| NamedRegion::Wanted(RegionId::new(id)))))
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the fields of the model")]
pub struct View {
    pub id: EndpointId,
    pub interface: &'static str,
    pub region_id: Option<RegionId>,
    pub region: Option<RegionId>,
    pub service_id: ServiceId,
    pub url: String,
    pub enabled: bool,
    pub links: Links,
}

impl View {
    /// An endpoint as clients see it. `base` is the API's own URL.
    pub fn new(endpoint: Endpoint, base: &str) -> Self {
        let Endpoint { id, service_id, interface, region_id, url, enabled } = endpoint;
        let links = Links::to(base, format_args!("endpoints/{id}"));
        let region = region_id.clone();
        Self { id, interface: interface.as_str(), region_id, region, service_id, url, enabled, links }
    }
}
