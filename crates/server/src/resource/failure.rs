//! What failures of the database are to those who asked.

use adit_api::ApiError;
use adit_store::Error as StoreError;

/// The one map from failures of the store to answers.
pub(crate) trait FromStore {
    /// A use case that expects a failure turns it into its own answer before it gets here.
    fn from_store(error: StoreError) -> Self;
}

impl FromStore for ApiError {
    fn from_store(error: StoreError) -> Self {
        match error {
            StoreError::UnknownMarker { marker } => Self::BadRequest {
                resource: "marker".to_owned(),
                reason: format!("'{marker}' is not an object of the list"),
            },
            // The rules looked before: only another request at the same moment can be the cause.
            StoreError::Duplicate { .. }
            | StoreError::Referenced { .. }
            | StoreError::Vanished { .. }
            | StoreError::Collision { .. } => {
                tracing::debug!(error = &error as &dyn std::error::Error, "collided with another request");
                Self::Collision(Some(Box::new(error)))
            }
            StoreError::Contended { .. } => Self::ServiceUnavailable {
                reason: "Others hold what the request needs for too long. Nothing was changed: try again in a moment."
                    .to_owned(),
            },
            StoreError::Unanswered { .. } => Self::ServiceUnavailable {
                reason: "The database did not answer in time: it cannot be reached, or has too much to do. Nothing was changed: try again later, and if that does not help, look at what the database is doing."
                    .to_owned(),
            },
            StoreError::OutcomeUnknown { .. } => Self::OutcomeUnknown,
            StoreError::Open { .. }
            | StoreError::Statement { .. }
            | StoreError::Corrupt { .. }
            | StoreError::Newer { .. }
            | StoreError::KeyFile { .. }
            | StoreError::Sealed => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use adit_api::identity::IdentityError;

    use super::*;

    #[test]
    fn failures_of_the_database_say_what_to_do() {
        let doing = || "update a router".to_owned();
        let source = || sea_orm::DbErr::Custom("said by the database".to_owned());
        type Make<'a> = &'a dyn Fn() -> StoreError;
        let collision: Make<'_> = &|| StoreError::Collision { doing: doing(), source: None };
        let vanished: Make<'_> = &|| StoreError::Vanished { doing: doing() };
        let contended: Make<'_> = &|| StoreError::Contended { doing: doing(), source: None };
        let slow: Make<'_> = &|| StoreError::Unanswered { doing: doing(), source: source() };
        let unknown: Make<'_> = &|| StoreError::OutcomeUnknown { source: None };
        for (make, kind, start, identity) in [
            (collision, "Collision", "Another request changed", IdentityError::Collision(None)),
            (vanished, "Collision", "Another request changed", IdentityError::Collision(None)),
            (contended, "ServiceUnavailable", "Others hold what", IdentityError::Busy),
            (slow, "ServiceUnavailable", "The database did not answer", IdentityError::Slow),
            (unknown, "OutcomeUnknown", "The database did not confirm", IdentityError::OutcomeUnknown),
        ] {
            let error = make();
            let told = format!("{error:?}");
            assert_eq!(error.is_collision(), kind == "Collision", "{told}");
            let in_identity = IdentityError::from_store(make());
            assert_eq!(in_identity.to_string(), identity.to_string(), "{told}");
            assert_eq!(in_identity.status().0, 503, "{told}");
            let error = ApiError::from_store(error);
            assert_eq!((error.status(), error.kind()), (503, kind), "{told}");
            assert!(error.to_string().starts_with(start), "{told}: {error}");
            // For the log, when it collides each time.
            assert_eq!(error.source().is_some(), kind == "Collision", "{told}");
        }
    }
}
