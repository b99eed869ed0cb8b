//! Role assignments: `/v3/role_assignments`.

use adit_model::identity::{Domain, Project, Role, RoleAssignment, User};
use serde::Serialize;

use super::token::{Named, NamedInDomain};

/// Something by its id, and by its name too if that was asked for.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Reference {
    /// The id alone.
    Id {
        /// The id.
        id: String,
    },
    /// Id and name.
    Named(Named),
    /// Id, name and domain.
    NamedInDomain(NamedInDomain),
}

/// Where a role is held.
#[derive(Debug, Serialize)]
pub struct Scope {
    /// The project.
    pub project: Reference,
}

/// The URL by which an assignment can be taken away.
#[derive(Debug, Serialize)]
pub struct Links {
    /// The URL.
    pub assignment: String,
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the fields of the model")]
pub struct View {
    pub scope: Scope,
    pub user: Reference,
    pub role: Reference,
    pub links: Links,
}

impl View {
    /// An assignment as clients see it, by ids. `base` is the API's own URL.
    pub fn new(assignment: &RoleAssignment, base: &str) -> Self {
        let RoleAssignment { user_id, project_id, role_id } = assignment;
        let reference = |id: &str| Reference::Id { id: id.to_owned() };
        Self {
            scope: Scope { project: reference(project_id.as_str()) },
            user: reference(user_id.as_str()),
            role: reference(role_id.as_str()),
            links: Links {
                assignment: format!("{base}/projects/{project_id}/users/{user_id}/roles/{role_id}"),
            },
        }
    }

    /// The same, with names.
    #[must_use]
    pub fn with_names(self, project: (&Project, &Domain), user: (&User, &Domain), role: &Role) -> Self {
        Self {
            scope: Scope { project: Reference::NamedInDomain(NamedInDomain::project(project.0, project.1)) },
            user: Reference::NamedInDomain(NamedInDomain::user(user.0, user.1)),
            role: Reference::Named(Named::role(role)),
            links: self.links,
        }
    }
}
