//! Regions: `/v3/regions`.

use serde::Serialize;

use super::Links;

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "constants that clients expect")]
pub struct View {
    pub id: String,
    pub description: &'static str,
    pub parent_region_id: Option<String>,
    pub links: Links,
}

impl View {
    /// A region as clients see it. `base` is the API's own URL.
    pub fn new(id: &str, base: &str) -> Self {
        let links = Links::to(base, format_args!("regions/{id}"));
        Self { id: id.to_owned(), description: "", parent_region_id: None, links }
    }
}
