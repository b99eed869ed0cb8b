//! Who is asking, as far as the Identity API is concerned.

use adit_api::identity::IdentityError;
use adit_api::identity::token::{Named, NamedInDomain, Place, TokenCredential};
use adit_model::identity::Scope;
use adit_model::{DomainId, ProjectId, UserId};
use adit_store::Token;

/// Whoever bears a valid token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bearer {
    pub(crate) token: Token,
    pub(crate) user: NamedInDomain,
    /// `None` for the bearer of an unscoped token, who may do little.
    pub(crate) scope: Option<BearerScope>,
    /// By which the token was got, if it was.
    pub(crate) credential: Option<TokenCredential>,
}

/// What a token is valid for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BearerScope {
    pub(crate) scope: Scope,
    /// The same, with names.
    pub(crate) place: Place,
    /// Implied ones spelled out; at least one.
    pub(crate) roles: Vec<Named>,
}

impl Bearer {
    pub(crate) fn user_id(&self) -> UserId {
        UserId::new(self.user.id.as_str())
    }

    /// The project of the token, if it has one.
    pub(crate) fn project_id(&self) -> Option<&ProjectId> {
        match &self.scope.as_ref()?.scope {
            Scope::Project(id) => Some(id),
            Scope::Domain(_) | Scope::System => None,
        }
    }

    /// The domain of what the bearer makes, unless it says otherwise.
    pub(crate) fn domain_id(&self) -> DomainId {
        let domain = match self.scope.as_ref().map(|scope| &scope.place) {
            Some(Place::Project { project, .. }) => &project.domain,
            Some(Place::Domain { domain }) => domain,
            Some(Place::System { .. }) | None => &self.user.domain,
        };
        DomainId::new(domain.id.as_str())
    }

    /// The role `admin`, wherever it is held, is the cloud's administrator.
    pub(crate) fn is_admin(&self) -> bool {
        self.has_role("admin")
    }

    pub(crate) fn has_role(&self, role: &str) -> bool {
        self.scope.as_ref().is_some_and(|scope| scope.roles.iter().any(|held| held.name == role))
    }

    /// Whether the application credential by which the token was got, if it was, allows a request to the service: `path`
    /// is below its URL.
    pub(crate) fn may_ask(&self, service: &str, method: &str, path: &str) -> bool {
        let rules = self.credential.as_ref().map(|credential| credential.access_rules.as_slice());
        let rules = rules.unwrap_or_default();
        rules.is_empty() || rules.iter().any(|shown| shown.rule.allows(service, method, path))
    }

    /// Refuses the bearer of an application credential that is not good for managing others: whoever came by one may not
    /// make itself at home.
    ///
    /// # Errors
    /// [`IdentityError::Forbidden`].
    pub(crate) fn require_unrestricted(&self) -> Result<(), IdentityError> {
        match &self.credential {
            Some(credential) if credential.restricted => Err(IdentityError::forbidden(
                "Using method 'application_credential' is not allowed for managing additional application credentials.",
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// Refuses everybody but administrators.
    ///
    /// # Errors
    /// [`IdentityError::Forbidden`].
    pub(crate) fn require_admin(&self, action: &'static str) -> Result<(), IdentityError> {
        if self.is_admin() { Ok(()) } else { Err(IdentityError::forbidden(action)) }
    }

    /// Refuses everybody but administrators and the user itself.
    ///
    /// # Errors
    /// [`IdentityError::Forbidden`].
    pub(crate) fn require_self(&self, user: &UserId, action: &'static str) -> Result<(), IdentityError> {
        if self.user.id == user.as_str() { Ok(()) } else { self.require_admin(action) }
    }
}
