//! Roles: `/v3/roles`.

use adit_model::identity::Role;
use adit_model::{DomainId, RoleId};
use serde::Serialize;
use serde_json::{Map, Value};

use super::Links;

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the fields of the model, and constants that clients expect")]
pub struct View {
    pub id: RoleId,
    pub name: String,
    pub domain_id: Option<DomainId>,
    pub description: Option<String>,
    pub options: Map<String, Value>,
    pub links: Links,
}

impl View {
    /// A role as clients see it. `base` is the API's own URL.
    pub fn new(role: Role, base: &str) -> Self {
        let Role { id, name, description, immutable } = role;
        let links = Links::to(base, format_args!("roles/{id}"));
        let options = immutable.then(|| ("immutable".to_owned(), Value::Bool(true))).into_iter().collect();
        Self { id, name, domain_id: None, description, options, links }
    }
}
