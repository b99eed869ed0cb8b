//! The Identity API: what is asked for tokens, users, projects, roles and the catalog, and what is answered.
//!
//! Requests are read by functions that complain in the reference's words; answers are structs that are serialised as
//! they stand. [`IdentityError`] is everything that an answer may refuse.

pub mod access_rule;
pub mod application_credential;
pub mod assignment;
pub mod auth;
pub mod catalog;
pub mod domain;
pub mod endpoint;
mod error;
mod fields;
pub mod project;
pub mod region;
pub mod role;
pub mod service;
pub mod token;
pub mod user;

pub use error::IdentityError;

use serde::Serialize;
use serde_json::{Value, json};

/// The `links` of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Links {
    /// The object's own URL.
    #[serde(rename = "self")]
    pub this: String,
}

impl Links {
    /// Of the object at `path`, below the API's own URL.
    pub fn to(base: &str, path: impl std::fmt::Display) -> Self {
        Self { this: format!("{base}/{path}") }
    }
}

/// A list in its envelope. `url` is what was asked for.
pub fn list(plural: &str, objects: impl Serialize, url: &str) -> Value {
    json!({plural: objects, "links": {"next": null, "self": url, "previous": null}})
}

/// The version document's only entry. `base` is the API's URL with its version.
pub fn version(base: &str) -> Value {
    json!({
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": format!("{base}/")}],
        "media-types": [
            {"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"},
        ],
    })
}
