//! What every core resource has in common: age, revision, tags.

use serde::Serialize;

use super::tag;
use crate::attribute::{Attribute, Kind};
use crate::shape::Shape;

/// `created_at`.
pub(super) const CREATED_AT: Attribute = Attribute::new("created_at", Kind::Text);
/// `updated_at`.
pub(super) const UPDATED_AT: Attribute = Attribute::new("updated_at", Kind::Text);
/// `revision_number`.
pub(super) const REVISION_NUMBER: Attribute = Attribute::new("revision_number", Kind::Number).filter();
/// `tags`. A resource that declares them has the calls and the filters for them too.
pub(super) const TAGS: Attribute =
    Attribute::new("tags", Kind::Other(tag::check)).shaped(Shape::AtMost(tag::MOST, &Shape::Text));

/// The part of an answer that says how old an object is.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the attributes above")]
pub struct Standard {
    pub tags: Vec<String>,
    /// As `2026-11-21T05:07:11Z`.
    pub created_at: String,
    pub updated_at: String,
    pub revision_number: i64,
}
