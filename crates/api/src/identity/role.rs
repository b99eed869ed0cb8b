//! Roles: `/v3/roles`, and which of them imply which.

use adit_model::identity::Role;
use adit_model::{DomainId, RoleId};
use serde::Serialize;
use serde_json::{Map, Value};

use super::fields::{Fields, parse};
use super::{IdentityError, Links};

/// Longest name, in characters.
const MOST_NAME: usize = 255;

/// A checked POST.
#[derive(Debug)]
pub struct Create {
    /// The name.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Whether it is protected against changes.
    pub immutable: bool,
}

/// A checked PATCH: what is to change.
#[derive(Debug)]
#[expect(missing_docs, reason = "as in `Create`")]
pub struct Update {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub immutable: Option<bool>,
}

impl Create {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`IdentityError::Expecting`], [`IdentityError::Invalid`].
    pub fn parse(body: &[u8]) -> Result<Self, IdentityError> {
        let body = parse(body)?;
        let fields = Fields::enveloped(&body, "role")?;
        if fields.nullable_text("domain_id")?.flatten().is_some() {
            return Err(fields.invalid("domain_id", |_| "roles belong to no domain here".to_owned()));
        }
        Ok(Self {
            name: fields.name(MOST_NAME)?,
            description: fields.nullable_text("description")?.flatten(),
            immutable: fields.option(Some("immutable"))?.unwrap_or(false),
        })
    }
}

impl Update {
    /// Reads the body of a request about the role `id`.
    ///
    /// # Errors
    /// [`IdentityError::Expecting`], [`IdentityError::Invalid`], [`IdentityError::Unacceptable`].
    pub fn parse(id: &str, body: &[u8]) -> Result<Self, IdentityError> {
        let body = parse(body)?;
        let fields = Fields::enveloped(&body, "role")?;
        fields.unchanged("id", "Role", id)?;
        if fields.nullable_text("domain_id")?.flatten().is_some() {
            return Err(IdentityError::Unacceptable { message: "Cannot change Domain ID".to_owned() });
        }
        Ok(Self {
            name: fields.optional_name(MOST_NAME)?,
            description: fields.nullable_text("description")?,
            immutable: fields.option(Some("immutable"))?,
        })
    }
}

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

/// A role, as far as it matters for what implies what.
#[derive(Clone, Debug, Serialize)]
pub struct Party {
    /// Its identity.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// Where it is told about.
    pub links: Links,
}

/// A role with those that it implies directly.
#[derive(Debug, Serialize)]
pub struct Inference {
    /// Whoever has this one
    pub prior_role: Party,
    /// has these too.
    pub implies: Vec<Party>,
}

impl Party {
    /// A role as clients see it here. `base` is the API's own URL.
    pub fn new(role: &Role, base: &str) -> Self {
        let links = Links::to(base, format_args!("roles/{}", role.id));
        Self { id: role.id.clone(), name: role.name.clone(), links }
    }
}
