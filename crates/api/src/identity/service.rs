//! Services: `/v3/services`.

use adit_model::identity::{Service, ServiceId};
use serde::Serialize;

use super::fields::{Fields, parse};
use super::{IdentityError, Links};

/// Longest type and name, in characters.
const MOST: usize = 255;

/// A checked POST.
#[derive(Debug)]
pub struct Create {
    /// By which clients choose it.
    pub service_type: String,
    /// Shown only.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Whether it is in the catalog.
    pub enabled: bool,
}

/// A checked PATCH: what is to change.
#[derive(Debug)]
#[expect(missing_docs, reason = "as in `Create`")]
pub struct Update {
    pub service_type: Option<String>,
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub enabled: Option<bool>,
}

impl Create {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`IdentityError::Expecting`], [`IdentityError::Invalid`].
    pub fn parse(body: &[u8]) -> Result<Self, IdentityError> {
        let body = parse(body)?;
        let fields = Fields::enveloped(&body, "service")?;
        Ok(Self {
            service_type: fields.optional_word("type", MOST)?.ok_or_else(|| fields.missing("type"))?,
            name: fields.short_text("name", MOST)?.flatten().unwrap_or_default(),
            description: fields.nullable_text("description")?.flatten(),
            enabled: fields.flag("enabled")?.unwrap_or(true),
        })
    }
}

impl Update {
    /// Reads the body of a request about the service `id`.
    ///
    /// # Errors
    /// [`IdentityError::Expecting`], [`IdentityError::Invalid`], [`IdentityError::Unacceptable`].
    pub fn parse(id: &str, body: &[u8]) -> Result<Self, IdentityError> {
        let body = parse(body)?;
        let fields = Fields::enveloped(&body, "service")?;
        fields.unchanged("id", "Service", id)?;
        Ok(Self {
            service_type: fields.optional_word("type", MOST)?,
            name: fields.short_text("name", MOST)?.map(Option::unwrap_or_default),
            description: fields.nullable_text("description")?,
            enabled: fields.flag("enabled")?,
        })
    }
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the fields of the model")]
pub struct View {
    pub id: ServiceId,
    pub name: String,
    #[serde(rename = "type")]
    pub service_type: String,
    pub enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub links: Links,
}

impl View {
    /// A service as clients see it. `base` is the API's own URL.
    pub fn new(service: Service, base: &str) -> Self {
        let Service { id, service_type, name, description, enabled } = service;
        let links = Links::to(base, format_args!("services/{id}"));
        Self { id, name, service_type, enabled, description, links }
    }
}
