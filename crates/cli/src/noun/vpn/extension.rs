//! What only Adit answers, by extensions of its own.

use serde_json::Value;

use crate::error::{Error, Result};
use crate::session::{Service, Session};

/// Gets what an extension has. Where there is none, its alias is told, for who asks the operator for it.
pub(super) async fn get(session: &Session, path: &str, alias: &str) -> Result<Value> {
    let asked = session.get(Service::Network, path).await;
    answered(session, asked, alias).await
}

/// The same, for what was asked in another way.
pub(super) async fn answered(session: &Session, asked: Result<Value>, alias: &str) -> Result<Value> {
    let refused = match asked {
        Err(error @ Error::Refused { status: 404 | 405, .. }) => error,
        answered => return answered,
    };
    match session.get(Service::Network, &format!("extensions/{alias}")).await {
        Err(Error::Refused { status: 404, .. }) => Err(Error::NotFound(format!(
            "this server cannot tell: it is no Adit, or an old one, and lacks the extension `{alias}`"
        ))),
        _ => Err(refused),
    }
}
