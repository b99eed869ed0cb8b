//! Domains: `/v3/domains`.

use adit_model::DomainId;
use adit_model::identity::Domain;
use serde::Serialize;
use serde_json::{Map, Value};

use super::fields::{Fields, parse};
use super::{IdentityError, Links};

/// Longest name, in characters.
const MOST_NAME: usize = 64;

/// A checked POST.
#[derive(Debug)]
pub struct Create {
    /// The name.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Whether its users get in.
    pub enabled: bool,
}

/// A checked PATCH: what is to change.
#[derive(Debug)]
#[expect(missing_docs, reason = "as in `Create`")]
pub struct Update {
    pub name: Option<String>,
    pub description: Option<String>,
    pub enabled: Option<bool>,
}

impl Create {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`IdentityError::Expecting`], [`IdentityError::Invalid`].
    pub fn parse(body: &[u8]) -> Result<Self, IdentityError> {
        let body = parse(body)?;
        let fields = Fields::enveloped(&body, "domain")?;
        fields.option(None)?;
        Ok(Self {
            name: fields.name(MOST_NAME)?,
            description: fields.nullable_text("description")?.flatten().unwrap_or_default(),
            enabled: fields.flag("enabled")?.unwrap_or(true),
        })
    }
}

impl Update {
    /// Reads the body of a request about the domain `id`.
    ///
    /// # Errors
    /// [`IdentityError::Expecting`], [`IdentityError::Invalid`], [`IdentityError::Unacceptable`].
    pub fn parse(id: &str, body: &[u8]) -> Result<Self, IdentityError> {
        let body = parse(body)?;
        let fields = Fields::enveloped(&body, "domain")?;
        fields.unchanged("id", "Domain", id)?;
        fields.option(None)?;
        Ok(Self {
            name: fields.optional_name(MOST_NAME)?,
            description: fields.nullable_text("description")?.map(Option::unwrap_or_default),
            enabled: fields.flag("enabled")?,
        })
    }
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the fields of the model, and constants that clients expect")]
pub struct View {
    pub id: DomainId,
    pub name: String,
    pub description: String,
    pub enabled: bool,
    pub tags: [String; 0],
    pub options: Map<String, Value>,
    pub links: Links,
}

impl View {
    /// A domain as clients see it. `base` is the API's own URL.
    pub fn new(domain: Domain, base: &str) -> Self {
        let Domain { id, name, description, enabled } = domain;
        let links = Links::to(base, format_args!("domains/{id}"));
        Self { id, name, description, enabled, tags: [], options: Map::new(), links }
    }
}
