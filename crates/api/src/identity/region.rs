//! Regions: `/v3/regions`.

use adit_model::identity::{Region, RegionId};
use serde::Serialize;

use super::fields::{Fields, parse};
use super::{IdentityError, Links};

/// Longest id, in characters.
const MOST_ID: usize = 255;

/// A checked POST.
#[derive(Debug)]
pub struct Create {
    /// Its name; `None` for one that nobody has to remember.
    pub id: Option<RegionId>,
    /// Free text.
    pub description: String,
    /// The region that it is a part of.
    pub parent_id: Option<RegionId>,
}

/// A checked PATCH: what is to change.
#[derive(Debug)]
#[expect(missing_docs, reason = "as in `Create`")]
pub struct Update {
    pub description: Option<String>,
    pub parent_id: Option<Option<RegionId>>,
}

impl Create {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`IdentityError::Expecting`], [`IdentityError::Invalid`].
    pub fn parse(body: &[u8]) -> Result<Self, IdentityError> {
        let body = parse(body)?;
        let fields = Fields::enveloped(&body, "region")?;
        let id = fields.short_text("id", MOST_ID)?.flatten().filter(|id| !id.is_empty());
        if id.as_ref().is_some_and(|id| id.contains('/')) {
            return Err(fields.invalid("id", |value| format!("{value} contains a slash")));
        }
        Ok(Self {
            id: id.map(RegionId::new),
            description: fields.nullable_text("description")?.flatten().unwrap_or_default(),
            parent_id: fields.short_text("parent_region_id", MOST_ID)?.flatten().map(RegionId::new),
        })
    }
}

impl Update {
    /// Reads the body of a request about the region `id`.
    ///
    /// # Errors
    /// [`IdentityError::Expecting`], [`IdentityError::Invalid`], [`IdentityError::Unacceptable`].
    pub fn parse(id: &str, body: &[u8]) -> Result<Self, IdentityError> {
        let body = parse(body)?;
        let fields = Fields::enveloped(&body, "region")?;
        fields.unchanged("id", "Region", id)?;
        let parent_id = fields.short_text("parent_region_id", MOST_ID)?;
        Ok(Self {
            description: fields.nullable_text("description")?.map(Option::unwrap_or_default),
            parent_id: parent_id.map(|id| id.map(RegionId::new)),
        })
    }
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the fields of the model")]
pub struct View {
    pub id: RegionId,
    pub description: String,
    pub parent_region_id: Option<RegionId>,
    pub links: Links,
}

impl View {
    /// A region as clients see it. `base` is the API's own URL.
    pub fn new(region: Region, base: &str) -> Self {
        let Region { id, description, parent_id } = region;
        let links = Links::to(base, format_args!("regions/{id}"));
        Self { id, description, parent_region_id: parent_id, links }
    }
}
