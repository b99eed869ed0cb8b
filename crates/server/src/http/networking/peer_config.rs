//! What the other end of a tunnel has to be told.

use adit_api::ApiError;
use adit_api::shape::Shape;
use adit_peer_config::Format;

use super::{Call, Route, Wire, ok};
use crate::vpn::peer_config;

const PARAMETERS: &[(&str, Shape, &str)] = &[
    (
        "format",
        Shape::Word(Format::WORDS),
        "The kind of device, and how it is configured. It has to be said.",
    ),
    (
        "with_psk",
        Shape::Flag,
        "Whether the key stands in it, which only those may see who may change the connection.",
    ),
];

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, ApiError>> {
    vec![
        Route::new(
            "GET",
            "vpn/ipsec-site-connections/{ipsec_site_connection_id}/peer-config",
            "Show the configuration of the device at the other end of an IPsec site connection",
            |asked| {
                let Call { app, caller, pairs, .. } = asked.call;
                Box::pin(
                    async move { ok(peer_config::of_connection(app, caller, asked.name(0), pairs).await?) },
                )
            },
        )
        .gives(200, Wire::Made(PARAMETERS)),
    ]
}
