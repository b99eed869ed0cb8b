//! What Keystone says about a token.

use adit_model::identity::RequestRule;
use adit_model::{ProjectId, UserId};
use jiff::Timestamp;
use serde::Deserialize;

use super::config::RoleNames;
use crate::caller::Caller;
use crate::identity::NETWORK;

/// Whoever bears a token, as far as Adit cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    /// The user; a token without one lets nobody in.
    user_id: Option<String>,
    /// The project that the token is scoped to, if it is scoped to one: the owner of what its bearer makes.
    project_id: Option<String>,
    /// Names of the roles in that scope, as Keystone spells them.
    pub(super) roles: Vec<String>,
    /// When the token ends.
    pub(super) expires_at: Timestamp,
    /// What an application credential is limited to; `None` when there is no limit.
    access_rules: Option<Vec<RequestRule>>,
}

/// The body of an answer to `GET` or `POST /v3/auth/tokens`.
#[derive(Deserialize)]
pub(super) struct Answer {
    pub(super) token: Token,
}

/// As Keystone writes a token. What is not named here does not matter.
#[derive(Deserialize)]
pub(super) struct Token {
    pub(super) expires_at: Timestamp,
    pub(super) issued_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) catalog: Vec<Service>,
    user: Option<Identified>,
    project: Option<Identified>,
    #[serde(default)]
    roles: Vec<Role>,
    application_credential: Option<ApplicationCredential>,
}

/// A service of the catalog.
#[derive(Deserialize)]
pub(super) struct Service {
    #[serde(rename = "type")]
    pub(super) service_type: String,
    #[serde(default)]
    pub(super) endpoints: Vec<Endpoint>,
}

/// Where a service is.
#[derive(Deserialize)]
pub(super) struct Endpoint {
    pub(super) interface: String,
    pub(super) region_id: Option<String>,
    pub(super) url: String,
}

#[derive(Deserialize)]
struct Identified {
    id: Option<String>,
}

#[derive(Deserialize)]
struct Role {
    name: String,
}

#[derive(Deserialize)]
struct ApplicationCredential {
    access_rules: Option<Vec<RequestRule>>,
}

impl From<Token> for Subject {
    fn from(token: Token) -> Self {
        let Token { expires_at, issued_at: _, catalog: _, user, project, roles, application_credential } =
            token;
        let id = |object: Option<Identified>| object?.id.filter(|id| !id.is_empty());
        Self {
            user_id: id(user),
            project_id: id(project),
            roles: roles.into_iter().map(|role| role.name).collect(),
            expires_at,
            access_rules: application_credential.and_then(|credential| credential.access_rules),
        }
    }
}

impl Subject {
    /// Whether an application credential allows the request.
    pub(super) fn allows(&self, method: &str, path: &str) -> bool {
        self.access_rules
            .as_ref()
            .is_none_or(|rules| rules.iter().any(|rule| rule.allows(NETWORK, method, path)))
    }

    /// The caller that the bearer is. Without a project there is none: nobody would own what it makes.
    pub(super) fn caller(&self, names: &RoleNames) -> Option<Caller> {
        Some(Caller {
            user_id: UserId::new(self.user_id.as_deref()?),
            project_id: ProjectId::new(self.project_id.as_deref()?),
            roles: names.as_known_here(&self.roles),
        })
    }

    /// Anybody.
    #[cfg(test)]
    pub(super) fn example() -> Self {
        Self {
            user_id: Some("u".to_owned()),
            project_id: Some("p".to_owned()),
            roles: Vec::new(),
            expires_at: Timestamp::UNIX_EPOCH,
            access_rules: None,
        }
    }
}
