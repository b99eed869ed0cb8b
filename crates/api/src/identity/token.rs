//! What a token tells about itself: the answer of `/v3/auth/tokens`.

use adit_model::identity::{Domain, Project, Role, User};
use serde::Serialize;

use super::catalog::Service;

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

/// What a token is valid for.
#[derive(Debug, Serialize)]
pub struct TokenScope {
    /// Where.
    pub project: NamedInDomain,
    /// Never.
    pub is_domain: bool,
    /// What its bearer may do there, implied roles spelled out.
    pub roles: Vec<Named>,
    /// What there is; left out if a client wishes so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog: Option<Vec<Service>>,
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
