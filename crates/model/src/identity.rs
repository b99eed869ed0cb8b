//! Who there is: domains, projects, users and their roles; and the catalog of what there is for them.

mod access_rule;
mod catalog;
mod role;

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

pub use crate::id::{AccessRuleId, ApplicationCredentialId, EndpointId, RegionId, ServiceId};
use crate::{DomainId, ProjectId, RoleId, UserId};
pub use access_rule::{AccessRule, RequestRule};
pub use catalog::{Endpoint, Interface, Region, Service};
pub use role::{BUILT_IN_ROLES, IMPLICATIONS, with_implied_roles};

/// A realm in which names of users and projects are unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Its identity.
    pub id: DomainId,
    /// Unique.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Nobody from a disabled domain gets in.
    pub enabled: bool,
}

/// Whoever owns networks and connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its identity.
    pub id: ProjectId,
    /// The realm of its name.
    pub domain_id: DomainId,
    /// Unique in the domain.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Tokens of a disabled project are not valid.
    pub enabled: bool,
    /// Words for people and scripts.
    pub tags: Vec<String>,
}

/// Whoever can get a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its identity.
    pub id: UserId,
    /// The realm of its name.
    pub domain_id: DomainId,
    /// Unique in the domain.
    pub name: String,
    /// Tokens of a disabled user are not valid.
    pub enabled: bool,
    /// Without one, nobody can log in as this user.
    pub password_hash: Option<PasswordHash>,
    /// The project of tokens that were asked for without a scope, if the user has a role there.
    pub default_project_id: Option<ProjectId>,
    /// For people.
    pub email: Option<String>,
    /// Free text.
    pub description: Option<String>,
}

/// What a user may do somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its identity.
    pub id: RoleId,
    /// Unique.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Whether it is protected: [`BUILT_IN_ROLES`] always are.
    pub immutable: bool,
}

/// Where a role is held, and what a token is valid for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// A project.
    Project(ProjectId),
    /// A domain.
    Domain(DomainId),
    /// The whole deployment.
    System,
}

/// A user has a role somewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleAssignment {
    /// Where.
    pub scope: Scope,
    /// Who has it.
    pub user_id: UserId,
    /// Which one.
    pub role_id: RoleId,
}

/// A password as its owner typed it. Wiped on drop; no `Display`, no `PartialEq`, no `Serialize`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Password(String);

impl Password {
    /// Takes the password; its UTF-8 bytes count.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password itself, to be hashed. It must reach no log, file or argument list.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

/// What is kept of a password: a text in PHC format, with algorithm, parameters and salt.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a text in PHC format.
    pub fn new(phc: impl Into<String>) -> Self {
        Self(phc.into())
    }

    /// The text inside.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Password, PasswordHash};

    #[test]
    fn debug_shows_neither_password_nor_hash() {
        let shown = format!("{:?} {:?}", Password::new("hunter2"), PasswordHash::new("$argon2id$x"));
        assert_eq!(shown, "Password(redacted) PasswordHash(redacted)");
    }
}
