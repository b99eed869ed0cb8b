//! Who is asking, and what that allows.

use adit_api::ApiError;
use adit_api::body::Sender;
use adit_model::{ProjectId, UserId};
use adit_store::Listing;

/// Whoever sent a request: the bearer of a valid token that is scoped to a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The user.
    pub(crate) user_id: UserId,
    /// The project of the token.
    pub(crate) project_id: ProjectId,
    /// Names of the roles in that project, implied ones spelled out.
    pub(crate) roles: Vec<String>,
}

impl Caller {
    /// The role `admin`, in whatever project, is the cloud's administrator.
    pub(crate) fn is_admin(&self) -> bool {
        self.has_role("admin")
    }

    pub(crate) fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|name| name == role)
    }

    /// Another service of the cloud, which looks after the networks and ports of every project.
    pub(crate) fn is_service(&self) -> bool {
        self.has_role("service")
    }

    /// Whether the caller may change what `owner` owns.
    pub(crate) fn may_change(&self, owner: &ProjectId) -> bool {
        self.is_admin() || (self.has_role("member") && self.project_id == *owner)
    }

    /// Whether the caller may look at what its project owns. Roles imply one another, but not in every Keystone.
    pub(crate) fn may_read(&self) -> bool {
        ["reader", "member", "manager", "admin"].into_iter().any(|role| self.has_role(role))
    }

    /// Refuses a caller that may not change what `owner` owns.
    ///
    /// # Errors
    /// [`ApiError::PolicyNotAuthorized`] with the rule `ACTION_NOUN`.
    pub(crate) fn require_change(&self, owner: &ProjectId, action: &str, noun: &str) -> Result<(), ApiError> {
        if self.may_change(owner) { Ok(()) } else { Err(forbidden(action, noun)) }
    }

    /// Refuses everybody but administrators.
    ///
    /// # Errors
    /// As [`Self::require_change`].
    pub(crate) fn require_admin(&self, action: &str, noun: &str) -> Result<(), ApiError> {
        if self.is_admin() { Ok(()) } else { Err(forbidden(action, noun)) }
    }

    /// What the caller may see: a list to narrow further.
    pub(crate) fn visible(&self) -> Listing {
        if self.is_admin() {
            return Listing::default();
        }
        if !self.may_read() {
            return Listing::nothing();
        }
        Listing { visible_to: Some(self.project_id.clone()), ..Listing::default() }
    }

    /// As far as attributes depend on it.
    pub(crate) fn sender(&self) -> Sender<'_> {
        Sender {
            project_id: self.project_id.as_str(),
            is_admin: self.is_admin(),
            is_manager: self.has_role("manager"),
            is_service: self.is_service(),
        }
    }
}

fn forbidden(action: &str, noun: &str) -> ApiError {
    ApiError::PolicyNotAuthorized { rule: format!("rule:{action}_{noun}") }
}
