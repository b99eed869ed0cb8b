//! The subnets that floating IPs are taken from.

use adit_api::ApiError;

use super::{Call, Route, ok};
use crate::listed::Request;
use crate::network::floating_ip;

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, ApiError>> {
    vec![Route::new(
        "GET",
        "floatingip_pools",
        "List the subnets that floating IPs are taken from",
        |asked| {
            let Call { app, caller, pairs, base, .. } = asked.call;
            Box::pin(async move {
                let url = format!("{base}/floatingip_pools");
                ok(floating_ip::pools(app, caller, Request { pairs, url: &url }).await?)
            })
        },
    )]
}
