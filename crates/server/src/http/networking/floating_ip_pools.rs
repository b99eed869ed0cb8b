//! The subnets that floating IPs are taken from.

use adit_api::ApiError;

use super::{Call, Route, ok};
use crate::network::floating_ip;

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, ApiError>> {
    vec![Route::new(
        "GET",
        "floatingip_pools",
        "List the subnets that floating IPs are taken from",
        |asked| {
            let Call { app, caller, pairs, .. } = asked.call;
            Box::pin(async move { ok(floating_ip::pools(app, caller, pairs).await?) })
        },
    )]
}
