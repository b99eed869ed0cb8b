//! What a token tells about itself: the answer of `/v3/auth/tokens`.

use adit_model::identity::{Domain, Project, Role, User};
use serde::Serialize;

use super::access_rule;
use super::catalog::Entry;

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Its identity.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Something whose name is unique within a domain only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NamedInDomain {
    /// Its identity.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The domain.
    pub domain: Named,
}

/// Whose token it is.
#[derive(Debug, Serialize)]
pub struct TokenUser {
    /// Who.
    #[serde(flatten)]
    pub user: NamedInDomain,
    /// Passwords do not expire.
    pub password_expires_at: Option<String>,
}

/// Where a token is valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Place {
    /// In a project.
    Project {
        /// The project.
        project: NamedInDomain,
        /// Never: projects that are domains do not exist here.
        is_domain: bool,
    },
    /// In a domain.
    Domain {
        /// The domain.
        domain: Named,
    },
    /// In the whole deployment.
    System {
        /// All of it.
        system: System,
    },
}

/// The whole deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct System {
    /// Always.
    pub all: bool,
}

/// What a token is valid for.
#[derive(Debug, Serialize)]
pub struct TokenScope {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What its bearer may do there, implied roles spelled out.
    pub roles: Vec<Named>,
    /// What there is; left out if a client wishes so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog: Option<Vec<Entry>>,
}

/// By what a token was got, if not by its user in person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenCredential {
    /// The application credential.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether the token may not make others.
    pub restricted: bool,
    /// What alone the token is good for; absent for everything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access_rules: Vec<access_rule::Shown>,
}

/// An answer, without its envelope.
#[derive(Debug, Serialize)]
pub struct View {
    /// How its bearer proved who it is.
    pub methods: Vec<String>,
    /// Whose it is.
    pub user: TokenUser,
    /// Names in audits.
    pub audit_ids: Vec<String>,
    /// With microseconds, in UTC.
    pub expires_at: String,
    /// With microseconds, in UTC.
    pub issued_at: String,
    /// Absent in an unscoped one.
    #[serde(flatten)]
    pub scope: Option<TokenScope>,
    /// Absent unless it was got by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_credential: Option<TokenCredential>,
}

impl Named {
    /// A domain.
    pub fn domain(domain: &Domain) -> Self {
        Self { id: domain.id.to_string(), name: domain.name.clone() }
    }

    /// A role.
    pub fn role(role: &Role) -> Self {
        Self { id: role.id.to_string(), name: role.name.clone() }
    }
}

impl NamedInDomain {
    /// A project.
    pub fn project(project: &Project, domain: &Domain) -> Self {
        Self { id: project.id.to_string(), name: project.name.clone(), domain: Named::domain(domain) }
    }

    /// A user.
    pub fn user(user: &User, domain: &Domain) -> Self {
        Self { id: user.id.to_string(), name: user.name.clone(), domain: Named::domain(domain) }
    }
}
