//! Who is asking, as far as the Identity API is concerned.

use adit_api::identity::IdentityError;
use adit_api::identity::token::{Named, NamedInDomain};
use adit_model::{DomainId, UserId};
use adit_store::Token;

/// Whoever bears a valid token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bearer {
    pub(crate) token: Token,
    pub(crate) user: NamedInDomain,
    /// `None` for the bearer of an unscoped token, who may do little.
    pub(crate) scope: Option<BearerScope>,
}

/// What a token is valid for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BearerScope {
    pub(crate) project: NamedInDomain,
    /// Implied ones spelled out; at least one.
    pub(crate) roles: Vec<Named>,
}

impl Bearer {
    pub(crate) fn user_id(&self) -> UserId {
        UserId::new(self.user.id.as_str())
    }

    /// The domain of what the bearer makes, unless it says otherwise.
    pub(crate) fn domain_id(&self) -> DomainId {
        let scoped = self.scope.as_ref().map(|scope| &scope.project.domain);
        DomainId::new(scoped.unwrap_or(&self.user.domain).id.as_str())
    }

    /// The role `admin`, in whatever project, is the cloud's administrator.
    pub(crate) fn is_admin(&self) -> bool {
        self.has_role("admin")
    }

    pub(crate) fn has_role(&self, role: &str) -> bool {
        self.scope.as_ref().is_some_and(|scope| scope.roles.iter().any(|held| held.name == role))
    }

    /// Refuses everybody but administrators.
    ///
    /// # Errors
    /// [`IdentityError::Forbidden`].
    pub(crate) fn require_admin(&self, action: &'static str) -> Result<(), IdentityError> {
        if self.is_admin() { Ok(()) } else { Err(IdentityError::Forbidden { action }) }
    }

    /// Refuses everybody but administrators and the user itself.
    ///
    /// # Errors
    /// [`IdentityError::Forbidden`].
    pub(crate) fn require_self(&self, user: &UserId, action: &'static str) -> Result<(), IdentityError> {
        if self.user.id == user.as_str() { Ok(()) } else { self.require_admin(action) }
    }

    /// Refuses everybody but administrators and those whose token is scoped to the project.
    ///
    /// # Errors
    /// [`IdentityError::Forbidden`].
    pub(crate) fn require_scope(&self, project: &str, action: &'static str) -> Result<(), IdentityError> {
        let is_scoped = self.scope.as_ref().is_some_and(|scope| scope.project.id == project);
        if is_scoped { Ok(()) } else { self.require_admin(action) }
    }
}
