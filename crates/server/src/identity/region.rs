//! Regions: one, named by the configuration. Whoever has a token may see it.

use adit_api::identity::IdentityError;

use crate::App;

/// `GET /v3/regions`.
pub(crate) fn list(app: &App) -> [&str; 1] {
    [&app.config().region]
}

/// `GET /v3/regions/{id}`.
pub(crate) fn show<'a>(app: &'a App, id: &str) -> Result<&'a str, IdentityError> {
    let region = &app.config().region;
    if region == id { Ok(region) } else { Err(IdentityError::NotFound { noun: "region", id: id.to_owned() }) }
}
