//! IPsec site connections.

use adit_api::ApiError;
use adit_model::{SiteConnection, VpnService};
use adit_store::Listing;

use crate::resource::{Context, FromStore};

/// Wakes the agents of all connections in `listing`: something that they refer to has changed.
pub(super) async fn touch_all(cx: Context<'_>, listing: &Listing) -> Result<(), ApiError> {
    let connections =
        cx.session.table::<SiteConnection>().list(listing).await.map_err(ApiError::from_store)?;
    let mut routers = std::collections::BTreeSet::new();
    for connection in connections {
        let service = cx.session.table::<VpnService>().find(connection.vpn_service_id).await;
        routers.extend(service.map_err(ApiError::from_store)?.map(|service| service.router_id));
    }
    for router in routers {
        cx.session.touch(router).await.map_err(ApiError::from_store)?;
    }
    Ok(())
}
