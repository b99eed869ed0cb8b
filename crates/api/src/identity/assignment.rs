//! Role assignments: `/v3/role_assignments`.

use adit_model::identity::{Domain, Project, Role, RoleAssignment, Scope, User};
use serde::Serialize;

use super::token::{Named, NamedInDomain, System};

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
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In a project.
    Project(Reference),
    /// In a domain.
    Domain(Reference),
    /// In the whole deployment.
    System(System),
}

/// The names of where a role is held.
#[derive(Clone, Copy, Debug)]
pub enum Names<'a> {
    /// A project and its domain.
    Project(&'a Project, &'a Domain),
    /// A domain.
    Domain(&'a Domain),
    /// The whole deployment has none.
    System,
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
    pub scope: Place,
    pub user: Reference,
    pub role: Reference,
    pub links: Links,
}

impl View {
    /// An assignment as clients see it, by ids. `base` is the API's own URL.
    pub fn new(assignment: &RoleAssignment, base: &str) -> Self {
        let RoleAssignment { user_id, scope, role_id } = assignment;
        let reference = |id: &str| Reference::Id { id: id.to_owned() };
        let (scope, path) = match scope {
            Scope::Project(id) => (Place::Project(reference(id.as_str())), format!("projects/{id}")),
            Scope::Domain(id) => (Place::Domain(reference(id.as_str())), format!("domains/{id}")),
            Scope::System => (Place::System(System { all: true }), "system".to_owned()),
        };
        Self {
            scope,
            user: reference(user_id.as_str()),
            role: reference(role_id.as_str()),
            links: Links { assignment: format!("{base}/{path}/users/{user_id}/roles/{role_id}") },
        }
    }

    /// The same, with names.
    #[must_use]
    pub fn with_names(self, place: Names<'_>, user: (&User, &Domain), role: &Role) -> Self {
        Self {
            scope: match place {
                Names::Project(project, domain) => {
                    Place::Project(Reference::NamedInDomain(NamedInDomain::project(project, domain)))
                }
                Names::Domain(domain) => Place::Domain(Reference::Named(Named::domain(domain))),
                Names::System => Place::System(System { all: true }),
            },
            user: Reference::NamedInDomain(NamedInDomain::user(user.0, user.1)),
            role: Reference::Named(Named::role(role)),
            links: self.links,
        }
    }
}
