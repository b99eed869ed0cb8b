//! What the device at the other end of a site connection has to be told.

use adit_api::ApiError;
use adit_api::attribute::parse_bool;
use adit_api::vpn::peer_config::{PeerConfigFile, PeerConfigView};
use adit_peer_config::{File, Format, PeerConfig, Refused, Secret, Site, render};
use serde_json::{Value, json};

use super::SiteConnections;
use crate::App;
use crate::agents::document;
use crate::caller::Caller;
use crate::resource::{Context, FromStore, find};

/// `GET /vpn/ipsec-site-connections/{id}/peer-config`.
pub(crate) async fn of_connection(
    app: &App,
    caller: &Caller,
    id: &str,
    pairs: &[(String, String)],
) -> Result<Value, ApiError> {
    let Wanted { format, with_psk } = Wanted::parse(pairs)?;
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let connection = find::<SiteConnections>(Context { session: &session, caller }, id).await?;
    // Whom the connection itself does not show its key.
    if with_psk && !caller.may_change(&connection.project_id) {
        return Err(ApiError::PolicyNotAuthorized { rule: "rule:get_ipsec_site_connection:psk".to_owned() });
    }
    let (id, name) = (connection.id, connection.name.clone());
    let spec = document::of_connection(&session, connection).await?;
    let secret = if with_psk { Secret::Shown(&spec.psk) } else { Secret::Placeholder };
    let refused = |refused: Refused| ApiError::PeerConfigRefused {
        format: format.to_string(),
        reason: refused.to_string(),
    };
    let site = Site::mirror(&name, &spec).map_err(refused)?;
    let config = render(format, &site, secret).map_err(refused)?;
    let content = config.text();
    let PeerConfig { files } = config;
    let files = files.into_iter().map(|File { path, content }| PeerConfigFile { path, content }).collect();
    let view = PeerConfigView { id, format: format.as_str(), with_psk, content, files };
    let view = serde_json::to_value(view).map_err(ApiError::internal)?;
    Ok(json!({"peer_config": view}))
}

/// What the query asks for.
struct Wanted {
    format: Format,
    with_psk: bool,
}

impl Wanted {
    fn parse(pairs: &[(String, String)]) -> Result<Self, ApiError> {
        let (mut format, mut with_psk) = (None, false);
        for (key, value) in pairs {
            match key.as_str() {
                "format" => format = Some(value.parse().map_err(|error| refused(format!("format {error}")))?),
                "with_psk" => {
                    with_psk = parse_bool(&Value::from(value.as_str()))
                        .ok_or_else(|| refused(format!("with_psk `{value}` is not boolean")))?;
                }
                _ => return Err(refused(format!("`{key}` is not one of format, with_psk"))),
            }
        }
        let missing = || refused(format!("format is missing: one of {}", Format::WORDS.join(", ")));
        Ok(Self { format: format.ok_or_else(missing)?, with_psk })
    }
}

fn refused(reason: String) -> ApiError {
    ApiError::InvalidInput { reason }
}
