use std::borrow::Cow;
use std::error::Error as StdError;

use serde_json::{Value, json};

/// A refusal, as the Identity API words it.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Nobody, or not who it says: one text for all cases, so that it does not tell which names exist.
    #[error("The request you have made requires authentication.")]
    Unauthorized,
    /// A way to authenticate that is not one of `known`.
    #[error("Attempted to authenticate with an unsupported method.")]
    UnsupportedMethod {
        /// Those that are.
        known: &'static [&'static str],
    },
    /// Application credentials have a project of their own.
    #[error(
        "Error authenticating with application credential: Application credentials cannot request a scope."
    )]
    ScopeOfApplicationCredential,
    /// The caller may not do this.
    #[error("You are not authorized to perform the requested action: {action}.")]
    Forbidden {
        /// As in `identity:list_projects`, or a sentence.
        action: Cow<'static, str>,
    },
    /// Nobody may do this: the object is part of every deployment, or is protected.
    #[error("Unable to {verb} immutable {noun} resource: {id}.")]
    Immutable {
        /// `update` or `delete`.
        verb: &'static str,
        /// As in `role`.
        noun: &'static str,
        /// As asked for.
        id: String,
    },
    /// A region that is still in use.
    #[error("Unable to delete region {id} because it or its child regions have associated endpoints.")]
    RegionInUse {
        /// The region.
        id: String,
    },
    /// The user has as many application credentials as one may have.
    #[error(
        "Unable to create additional application credentials, maximum of {most} already exceeded for user."
    )]
    TooManyCredentials {
        /// The limit.
        most: u64,
    },
    /// The caller's token has no scope, so there is nothing to answer.
    #[error("You are not authorized to perform the requested action.")]
    NoScope,
    /// No such object.
    #[error("Could not find {noun}: {id}.")]
    NotFound {
        /// As in `project`.
        noun: &'static str,
        /// As asked for.
        id: String,
    },
    /// The token that was asked about is not valid.
    #[error("Failed to validate token")]
    TokenNotFound,
    /// No such URL.
    #[error("The resource could not be found.")]
    PathNotFound,
    /// The URL has no such method.
    #[error("The method is not allowed for the requested URL.")]
    MethodNotAllowed,
    /// The request lacks something.
    #[error(
        "Expecting to find {what} in {place}. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error."
    )]
    Expecting {
        /// What it lacks.
        what: String,
        /// Where that belongs.
        place: String,
    },
    /// A value is not what it has to be.
    #[error("Invalid input for field/attribute {field}. Value: {value}. {reason}")]
    Invalid {
        /// Whose value.
        field: String,
        /// As Python prints it; without secrets.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What is asked for cannot be.
    #[error("{message}")]
    Unacceptable {
        /// Why.
        message: String,
    },
    /// Something like it is there already.
    #[error("Conflict occurred attempting to store {noun} - {details}.")]
    Conflict {
        /// What was to be stored.
        noun: &'static str,
        /// With what it is in conflict.
        details: String,
    },
    /// The request is too long to be read.
    #[error("The request body is larger than {most} octets.")]
    TooLarge {
        /// The limit.
        most: usize,
    },
    /// The request is too long in coming.
    #[error("The request body did not arrive in time.")]
    TooSlow,
    /// The Keystone that is in charge cannot be asked.
    #[error("The Keystone service is temporarily unavailable.")]
    KeystoneUnavailable,
    /// Another server is in charge of identity.
    #[error("Adit leaves identity to Keystone here: ask {url}")]
    Elsewhere {
        /// Where it is.
        url: String,
    },
    /// Too many others want the same; trying again helps.
    #[error("The service is busy: try again in a moment.")]
    Busy,
    /// Another request was at the same thing at the same moment; trying again helps.
    #[error("Another request changed the same thing at the same moment: try again.")]
    Collision(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// The database takes too long, or cannot be reached.
    #[error(
        "The database did not answer in time: it cannot be reached, or has too much to do. Nothing was changed: try again later."
    )]
    Slow,
    /// Nobody knows whether the request was done.
    #[error(
        "The database did not confirm in time whether the request was done, and it may be done still. Look before you try again."
    )]
    OutcomeUnknown,
    /// A failure of ours. The cause goes to the log, never to the client.
    #[error("An unexpected error prevented the server from fulfilling your request.")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

impl IdentityError {
    /// A failure of ours.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// The caller may not do this: `action` is as in `identity:list_projects`, or a sentence.
    pub fn forbidden(action: impl Into<Cow<'static, str>>) -> Self {
        Self::Forbidden { action: action.into() }
    }

    /// The HTTP status, and the `title` of the body.
    pub fn status(&self) -> (u16, &'static str) {
        match self {
            Self::Expecting { .. } | Self::Invalid { .. } | Self::Unacceptable { .. } => (400, "Bad Request"),
            Self::Unauthorized | Self::UnsupportedMethod { .. } | Self::ScopeOfApplicationCredential => {
                (401, "Unauthorized")
            }
            Self::Forbidden { .. }
            | Self::NoScope
            | Self::Immutable { .. }
            | Self::RegionInUse { .. }
            | Self::TooManyCredentials { .. } => (403, "Forbidden"),
            Self::NotFound { .. } | Self::TokenNotFound | Self::PathNotFound | Self::Elsewhere { .. } => {
                (404, "Not Found")
            }
            Self::MethodNotAllowed => (405, "Method Not Allowed"),
            Self::TooSlow => (408, "Request Timeout"),
            Self::Conflict { .. } => (409, "Conflict"),
            Self::TooLarge { .. } => (413, "Request Entity Too Large"),
            Self::Internal(_) => (500, "Internal Server Error"),
            Self::Busy
            | Self::Collision(_)
            | Self::Slow
            | Self::OutcomeUnknown
            | Self::KeystoneUnavailable => (503, "Service Unavailable"),
        }
    }

    /// The body of the answer.
    pub fn body(&self) -> Value {
        let (code, title) = self.status();
        let mut error = json!({"code": code, "message": self.to_string(), "title": title});
        if let Self::UnsupportedMethod { known } = self {
            error["identity"] = json!({"methods": known});
        }
        json!({"error": error})
    }
}

#[cfg(test)]
mod tests {
    use super::IdentityError;

    #[test]
    fn an_error_has_code_message_and_title() {
        for (error, want) in [
            (
                IdentityError::forbidden("identity:list_projects"),
                r#"{"error":{"code":403,"message":"You are not authorized to perform the requested action: identity:list_projects.","title":"Forbidden"}}"#,
            ),
            (
                IdentityError::UnsupportedMethod { known: &["password", "token"] },
                r#"{"error":{"code":401,"message":"Attempted to authenticate with an unsupported method.","title":"Unauthorized","identity":{"methods":["password","token"]}}}"#,
            ),
            (
                IdentityError::internal("disk full at /var/lib/adit/adit.db"),
                r#"{"error":{"code":500,"message":"An unexpected error prevented the server from fulfilling your request.","title":"Internal Server Error"}}"#,
            ),
        ] {
            assert_eq!(error.body().to_string(), want);
        }
    }
}
