//! Projects: `/v3/projects`.

use adit_model::identity::Project;
use adit_model::{DomainId, ProjectId};
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
    /// `None` is the caller's.
    pub domain_id: Option<DomainId>,
    /// Free text.
    pub description: String,
    /// Whether tokens are given out for it.
    pub enabled: bool,
    /// Words for people and scripts.
    pub tags: Vec<String>,
    /// Nothing but the domain can be the parent.
    pub parent_id: Option<String>,
}

/// A checked PATCH: what is to change.
#[derive(Debug)]
#[expect(missing_docs, reason = "as in `Create`")]
pub struct Update {
    pub name: Option<String>,
    pub description: Option<String>,
    pub enabled: Option<bool>,
    pub tags: Option<Vec<String>>,
}

impl Create {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`IdentityError::Expecting`], [`IdentityError::Invalid`].
    pub fn parse(body: &[u8]) -> Result<Self, IdentityError> {
        let body = parse(body)?;
        let fields = Fields::enveloped(&body, "project")?;
        if fields.flag("is_domain")? == Some(true) {
            return Err(fields.invalid("is_domain", |_| "a project is no domain here".to_owned()));
        }
        fields.option(None)?;
        Ok(Self {
            name: fields.name(MOST_NAME)?,
            domain_id: fields.nullable_text("domain_id")?.flatten().map(DomainId::new),
            description: fields.nullable_text("description")?.flatten().unwrap_or_default(),
            enabled: fields.flag("enabled")?.unwrap_or(true),
            tags: fields.texts("tags")?.unwrap_or_default(),
            parent_id: fields.nullable_text("parent_id")?.flatten(),
        })
    }
}

impl Update {
    /// Reads the body of a request about a project.
    ///
    /// # Errors
    /// [`IdentityError::Expecting`], [`IdentityError::Invalid`], [`IdentityError::Unacceptable`].
    pub fn parse(before: &Project, body: &[u8]) -> Result<Self, IdentityError> {
        let body = parse(body)?;
        let fields = Fields::enveloped(&body, "project")?;
        fields.unchanged("id", "Project", before.id.as_str())?;
        fields.unchanged("domain_id", "Domain", before.domain_id.as_str())?;
        fields.unchanged("parent_id", "Parent", before.domain_id.as_str())?;
        fields.option(None)?;
        Ok(Self {
            name: fields.optional_name(MOST_NAME)?,
            description: fields.nullable_text("description")?.map(Option::unwrap_or_default),
            enabled: fields.flag("enabled")?,
            tags: fields.texts("tags")?,
        })
    }
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the fields of the model, and constants that clients expect")]
pub struct View {
    pub id: ProjectId,
    pub name: String,
    pub domain_id: DomainId,
    pub description: String,
    pub enabled: bool,
    pub parent_id: DomainId,
    pub is_domain: bool,
    pub tags: Vec<String>,
    pub options: Map<String, Value>,
    pub links: Links,
}

impl View {
    /// A project as clients see it. `base` is the API's own URL.
    pub fn new(project: Project, base: &str) -> Self {
        let Project { id, domain_id, name, description, enabled, tags } = project;
        let links = Links::to(base, format_args!("projects/{id}"));
        Self {
            id,
            name,
            parent_id: domain_id.clone(),
            domain_id,
            description,
            enabled,
            is_domain: false,
            tags,
            options: Map::new(),
            links,
        }
    }
}
