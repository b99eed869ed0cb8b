//! Why tunnels are as they are.

use adit_api::ApiError;

use super::{Call, Route, ok};
use crate::vpn::diagnostics;

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, ApiError>> {
    vec![
        Route::new(
            "GET",
            "vpn/ipsec-site-connections/{ipsec_site_connection_id}/diagnostics",
            "Show why an IPsec site connection is as it is",
            |asked| {
                let Call { app, caller, .. } = asked.call;
                Box::pin(async move { ok(diagnostics::of_connection(app, caller, asked.name(0)).await?) })
            },
        ),
        Route::new(
            "GET",
            "vpn/vpnservices/{vpnservice_id}/diagnostics",
            "Show why a VPN service is as it is",
            |asked| {
                let Call { app, caller, .. } = asked.call;
                Box::pin(async move { ok(diagnostics::of_service(app, caller, asked.name(0)).await?) })
            },
        ),
        Route::new(
            "GET",
            "routers/{router_id}/diagnostics",
            "Show whether a router is as it was asked for",
            |asked| {
                let Call { app, caller, .. } = asked.call;
                Box::pin(async move { ok(diagnostics::of_router(app, caller, asked.name(0)).await?) })
            },
        ),
    ]
}
