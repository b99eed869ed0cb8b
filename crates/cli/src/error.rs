//! What goes wrong with a command, in one sentence, and the exit status that tells scripts which kind it was.

use serde_json::Value;

/// Result of what a command does.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why a command did not do what it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The command line, a file or a variable is wrong. Nothing was asked of a server.
    #[error("{0}")]
    Usage(String),
    /// There is no such object, or there are several of that name.
    #[error("{0}")]
    NotFound(String),
    /// The server refused, or failed.
    #[error("{}", refusal(*status, message, request_id.as_deref()))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The server's words.
        message: String,
        /// For the server's log.
        request_id: Option<String>,
    },
    /// The server's answer makes no sense.
    #[error("{0}: is it a server of this API?")]
    Nonsense(String),
    /// Nobody answers, or not as a server of this API does.
    #[error("cannot reach {url}: {why}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why not.
        why: String,
        /// What the person could do about it.
        hint: &'static str,
    },
    /// Several objects were to be dealt with; each failure was told, and this is their sum.
    #[error("{sentence}")]
    Several {
        /// How many of how many failed.
        sentence: String,
        /// The exit status of the first of them.
        status: u8,
    },
    /// An error with what was being done before it.
    #[error("{doing}: {cause}")]
    While {
        /// What was being done, to what.
        doing: String,
        /// Why it was not.
        cause: Box<Error>,
    },
    /// What was waited for is not so.
    #[error("{0}")]
    Waited(String),
    /// Somebody would not wait any longer.
    #[error("{0}")]
    Interrupted(String),
    /// Somebody has seen enough.
    #[error("stopped")]
    Stopped,
    /// The output cannot be written.
    #[error("cannot print: {0}")]
    Print(#[from] std::io::Error),
}

/// What is said of a refusal without words of the API.
pub(crate) const WORDLESS: &str = "refused without a reason";

impl Error {
    /// The exit status: 1 for wrong input, 2 for what is not there, 3 for a refusal, 4 when nobody answers, 5 when the
    /// server failed, 6 when what was waited for is not so, 130 when somebody would not wait.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Usage(_) => 1,
            Self::NotFound(_) => 2,
            Self::Refused { status: 404, .. } => 2,
            Self::Refused { status: 500.., .. } | Self::Nonsense(_) => 5,
            Self::Refused { .. } => 3,
            Self::Unreachable { .. } => 4,
            Self::Several { status, .. } => *status,
            Self::While { cause, .. } => cause.status(),
            Self::Waited(_) => crate::NOT_AS_IT_SHOULD_BE,
            Self::Interrupted(_) | Self::Stopped => 130,
            Self::Print(_) => 1,
        }
    }

    /// Whether it may be otherwise in a moment: the server is away, or busy.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Refused { status: 500.., .. } | Self::Nonsense(_) => true,
            Self::While { cause, .. } => cause.may_pass(),
            Self::Usage(_)
            | Self::NotFound(_)
            | Self::Refused { .. }
            | Self::Several { .. }
            | Self::Waited(_)
            | Self::Interrupted(_)
            | Self::Stopped
            | Self::Print(_) => false,
        }
    }

    /// What the person could do about it, where that is known.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Refused { status: 401 | 403, message, .. } if message.contains(WORDLESS) => Some(
                "a server of this API says why: was it something before it that answered, such as a proxy?",
            ),
            Self::Refused { status: 401, .. } => Some(
                "the server knows no such user, password, token or project: look at the cloud in `clouds.yaml` or at the \
                 `OS_*` variables",
            ),
            Self::Refused { status: 403, message, .. } if is_policy(message) => Some(
                "the roles that you have there do not suffice: to change what a project has takes `member`, and some \
                 things take `admin`; an administrator gives roles with `role add`",
            ),
            Self::Unreachable { hint, .. } => Some(hint),
            Self::While { cause, .. } => cause.hint(),
            Self::Usage(_)
            | Self::NotFound(_)
            | Self::Refused { .. }
            | Self::Nonsense(_)
            | Self::Several { .. }
            | Self::Waited(_)
            | Self::Interrupted(_)
            | Self::Stopped
            | Self::Print(_) => None,
        }
    }

    /// The same, while something was being done.
    pub(crate) fn during(self, doing: impl Into<String>) -> Self {
        Self::While { doing: doing.into(), cause: Box::new(self) }
    }
}

/// Whether a refusal says that who asked may not: Neutron's words, or Keystone's.
fn is_policy(message: &str) -> bool {
    message.contains("disallowed by policy")
        || message.contains("not authorized to perform the requested action")
}

fn refusal(status: u16, message: &str, request_id: Option<&str>) -> String {
    let request_id = request_id.map(|id| format!(", {id}")).unwrap_or_default();
    format!("{} (HTTP {status}{request_id})", message.trim_end())
}

/// The server's own words in the body of a refusal, of whichever API.
pub(crate) fn words(body: &Value) -> Option<String> {
    let neutron = &body["NeutronError"];
    let of_neutron = neutron["message"].as_str().or_else(|| neutron.as_str());
    of_neutron.or_else(|| body["error"]["message"].as_str()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::Error;

    #[test]
    fn each_kind_of_failure_has_an_exit_status() {
        let refused = |status| Error::Refused { status, message: "No.".to_owned(), request_id: None };
        for (error, want) in [
            (Error::Usage(String::new()), 1),
            (Error::NotFound(String::new()), 2),
            (refused(404), 2),
            (refused(401), 3),
            (refused(403), 3),
            (refused(409), 3),
            (refused(500), 5),
            (refused(503), 5),
            (Error::Unreachable { url: String::new(), why: String::new(), hint: "" }, 4),
            (refused(409).during("Failed to set it"), 3),
        ] {
            assert_eq!(error.status(), want, "{error:?}");
        }
    }

    #[test]
    fn a_refusal_is_a_sentence_with_the_request_id() {
        let error =
            Error::Refused { status: 409, message: "In use.".to_owned(), request_id: Some("req-1".into()) };
        assert_eq!(
            error.during("Failed to set it").to_string(),
            "Failed to set it: In use. (HTTP 409, req-1)"
        );
    }
}
