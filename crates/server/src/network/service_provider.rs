//! Service providers: who does VPN.

use adit_api::ApiError;
use adit_api::network::service_provider::{SCHEMA, View};
use adit_api::query::ListQuery;
use serde_json::Value;

use super::agent::filtered;
use crate::App;
use crate::caller::Caller;

/// `GET /service-providers`.
pub(crate) fn list(app: &App, caller: &Caller, pairs: &[(String, String)]) -> Result<Value, ApiError> {
    let query = ListQuery::parse(&SCHEMA, pairs)?;
    let vpn = View { service_type: "VPN", name: app.config().vpn_provider.clone(), default: true };
    filtered(&SCHEMA, &[vpn], &query, caller)
}
