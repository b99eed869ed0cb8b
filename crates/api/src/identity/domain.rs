//! Domains: `/v3/domains`.

use adit_model::DomainId;
use adit_model::identity::Domain;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Links;

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
