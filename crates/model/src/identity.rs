//! Who there is: domains, projects, users and their roles.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{DomainId, ProjectId, RoleId, UserId};

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

/// What a user may do in a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its identity.
    pub id: RoleId,
    /// Unique.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Whether it is one of [`BUILT_IN_ROLES`], which nobody changes.
    pub immutable: bool,
}

/// A user has a role in a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleAssignment {
    /// Who has it.
    pub user_id: UserId,
    /// Where.
    pub project_id: ProjectId,
    /// Which one.
    pub role_id: RoleId,
}

/// The roles that every deployment has.
pub const BUILT_IN_ROLES: [&str; 5] = ["admin", "manager", "member", "reader", "service"];

/// Each of these roles implies those that follow it.
const LADDER: [&str; 4] = ["admin", "manager", "member", "reader"];

/// The roles that come with `role`, itself first.
pub fn with_implied_roles(role: &str) -> impl Iterator<Item = &str> {
    let below = LADDER.iter().skip_while(move |step| **step != role).skip(1);
    std::iter::once(role).chain(below.copied())
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
    use super::{Password, PasswordHash, with_implied_roles};

    #[test]
    fn a_role_brings_the_ones_below_it() {
        for (role, want) in [
            ("admin", "admin manager member reader"),
            ("manager", "manager member reader"),
            ("member", "member reader"),
            ("reader", "reader"),
            ("service", "service"),
            ("auditor", "auditor"),
        ] {
            assert_eq!(with_implied_roles(role).collect::<Vec<_>>().join(" "), want, "{role}");
        }
    }

    #[test]
    fn debug_shows_neither_password_nor_hash() {
        let shown = format!("{:?} {:?}", Password::new("hunter2"), PasswordHash::new("$argon2id$x"));
        assert_eq!(shown, "Password(redacted) PasswordHash(redacted)");
    }
}
