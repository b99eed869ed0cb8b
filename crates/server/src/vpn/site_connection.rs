//! IPsec site connections.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use adit_api::vpn::site_connection::{Create, SCHEMA, Update, View};
use adit_api::{ApiError, Schema};
use adit_model::algorithm::TransformProtocol;
use adit_model::site_connection::{Dpd, Selectors, check_dpd, check_mtu};
use adit_model::{
    Cidr, EndpointGroupId, IkePolicy, IpsecPolicy, ProjectId, Router, SiteConnection, SiteConnectionId,
    Status, VpnService,
};
use adit_store::{Listing, Record, Stored};
use uuid::Uuid;

use super::selectors::{self, Given, GroupId};
use crate::resource::{Context, FromStore, Resource, replace};

pub(crate) struct SiteConnections;

/// How long the name of a peer may take to be resolved.
const RESOLVE: Duration = Duration::from_secs(3);

impl Resource for SiteConnections {
    type Record = SiteConnection;
    type Create = Create;
    type Update = Update;
    type View = View;
    const SCHEMA: &'static Schema = &SCHEMA;

    fn not_found(id: &str) -> ApiError {
        ApiError::IPsecSiteConnectionNotFound { id: id.to_owned() }
    }

    fn owner(connection: &SiteConnection) -> &ProjectId {
        &connection.project_id
    }

    async fn prepare_create(create: &mut Create) {
        create.peer_address = resolved(&create.peer_address).await;
    }

    async fn prepare_update(update: &mut Update) {
        if let Some(peer_address) = &mut update.peer_address {
            *peer_address = resolved(peer_address).await;
        }
    }

    /// Whoever takes an interface from the router asks for the connections then.
    async fn lock_first(cx: Context<'_>, id: &str, update: Option<&Update>) -> Result<(), ApiError> {
        let connection = cx.session.table::<SiteConnection>().find(id).await.map_err(ApiError::from_store)?;
        match (connection, update) {
            (Some(connection), Some(_)) => lock_router_of(cx, connection.vpn_service_id).await,
            (Some(_) | None, _) => Ok(()),
        }
    }

    async fn create(cx: Context<'_>, create: Create) -> Result<Stored<SiteConnection>, ApiError> {
        let (service, ike_policy, ipsec_policy) = references(cx, &create).await?;
        let given = Given {
            peer_cidrs: &create.peer_cidrs,
            local_group: create.local_ep_group_id.as_deref().map(GroupId::Named),
            peer_group: create.peer_ep_group_id.as_deref().map(GroupId::Named),
        };
        let resolved = selectors::resolve(cx, &service, given).await?;
        let connection = SiteConnection {
            id: SiteConnectionId::new(Uuid::new_v4()),
            project_id: create.project_id,
            name: create.name,
            description: create.description,
            vpn_service_id: service.id,
            ike_policy_id: ike_policy.id,
            ipsec_policy_id: ipsec_policy.id,
            local_id: create.local_id,
            peer_address: create.peer_address,
            peer_id: create.peer_id,
            selectors: resolved.selectors,
            mtu: create.mtu,
            initiator: create.initiator,
            dpd: create.dpd.or(Dpd::default()),
            psk: create.psk,
            admin_state_up: create.admin_state_up,
            status: Status::PendingCreate,
            reason: None,
        };
        check(&connection, resolved.ip_version)?;
        check_peer(&service, &connection)?;
        let connection = cx.session.table().insert(connection).await.map_err(ApiError::from_store)?;
        cx.session.touch(service.router_id);
        Ok(connection)
    }

    async fn update(
        cx: Context<'_>,
        mut connection: Stored<SiteConnection>,
        update: Update,
    ) -> Result<Stored<SiteConnection>, ApiError> {
        let service = service_of(cx, &connection).await?;
        let resolved = selectors_after(cx, &service, &connection.selectors, &update).await?;
        let has_new_peer = update.peer_address.is_some();
        // Keys cannot be compared: a key that is named counts as a new one.
        let has_new_psk = update.psk.is_some();
        let before = connection.record.clone();
        apply(&mut connection.record, resolved.selectors, update);
        check(&connection, resolved.ip_version)?;
        // The gateway may have lost its address since: that is no reason to refuse another name.
        if has_new_peer {
            check_peer(&service, &connection)?;
        }
        if !has_new_psk && settings(&connection) == settings(&before) {
            return Ok(connection);
        }
        cx.session.table().update(&mut connection).await.map_err(ApiError::from_store)?;
        cx.session.touch(service.router_id);
        Ok(connection)
    }

    async fn delete(cx: Context<'_>, connection: Stored<SiteConnection>) -> Result<(), ApiError> {
        let service = service_of(cx, &connection).await?;
        cx.session.table::<SiteConnection>().delete(connection.id).await.map_err(ApiError::from_store)?;
        cx.session.touch(service.router_id);
        Ok(())
    }

    /// Whoever may not change a connection does not learn its key.
    async fn views(cx: Context<'_>, connections: Vec<Stored<SiteConnection>>) -> Result<Vec<View>, ApiError> {
        let view = |connection: Stored<SiteConnection>| {
            let may_know = cx.caller.may_change(&connection.project_id);
            let view = View::from(connection.record);
            if may_know { view } else { view.without_psk() }
        };
        Ok(connections.into_iter().map(view).collect())
    }
}

/// Wakes the agents of all connections in `listing`: something that they refer to has changed.
pub(super) async fn touch_all(cx: Context<'_>, listing: &Listing) -> Result<(), ApiError> {
    let connections =
        cx.session.table::<SiteConnection>().list(listing).await.map_err(ApiError::from_store)?;
    let services = connections.iter().map(|connection| connection.vpn_service_id.to_string()).collect();
    let services = cx.session.table::<VpnService>().find_all("id", services).await;
    for service in services.map_err(ApiError::from_store)? {
        cx.session.touch(service.router_id);
    }
    Ok(())
}

/// The address of a peer that was given by name. A name that leads nowhere stays as it is, to be refused in its turn.
async fn resolved(peer_address: &str) -> String {
    if peer_address.is_empty() || peer_address.parse::<IpAddr>().is_ok() {
        return peer_address.to_owned();
    }
    let lookup = tokio::time::timeout(RESOLVE, tokio::net::lookup_host((peer_address, 0))).await;
    let address = lookup.ok().and_then(Result::ok).and_then(|mut addresses| addresses.next());
    address.map_or_else(|| peer_address.to_owned(), |address| address.ip().to_string())
}

type References = (Stored<VpnService>, Stored<IkePolicy>, Stored<IpsecPolicy>);

/// What a connection refers to, as far as the caller sees it; in the reference's order. All of it stays as it is until the
/// session ends, and so do the interfaces of the router.
async fn references(cx: Context<'_>, create: &Create) -> Result<References, ApiError> {
    lock_router_of(cx, &create.vpnservice_id).await?;
    let service = visible::<VpnService>(cx, &create.vpnservice_id).await?;
    let service = service.ok_or_else(|| ApiError::VPNServiceNotFound { id: create.vpnservice_id.clone() })?;
    let ipsec_policy = visible::<IpsecPolicy>(cx, &create.ipsecpolicy_id).await?;
    let ipsec_policy =
        ipsec_policy.ok_or_else(|| ApiError::IPsecPolicyNotFound { id: create.ipsecpolicy_id.clone() })?;
    check_transform(ipsec_policy.parameters.transform_protocol)?;
    let ike_policy = visible::<IkePolicy>(cx, &create.ikepolicy_id).await?;
    let ike_policy =
        ike_policy.ok_or_else(|| ApiError::IKEPolicyNotFound { id: create.ikepolicy_id.clone() })?;
    Ok((service, ike_policy, ipsec_policy))
}

/// Refuses what no gateway does: AH and ESP at once.
///
/// # Errors
/// [`ApiError::IpsecValidationFailure`].
pub(super) fn check_transform(protocol: TransformProtocol) -> Result<(), ApiError> {
    match protocol {
        TransformProtocol::Esp | TransformProtocol::Ah => Ok(()),
        TransformProtocol::AhEsp => Err(ApiError::IpsecValidationFailure {
            attribute: "transform_protocol".to_owned(),
            value: protocol.to_string(),
        }),
    }
}

/// An object that the caller sees, and that nobody changes before the session ends.
async fn visible<R: Record>(cx: Context<'_>, id: &str) -> Result<Option<Stored<R>>, ApiError> {
    cx.session.table::<R>().share_in(id, &cx.caller.visible()).await.map_err(ApiError::from_store)
}

/// Locks the router of a service, which is always the same. Where nobody else writes, nothing is looked up for that.
async fn lock_router_of(cx: Context<'_>, service: impl fmt::Display) -> Result<(), ApiError> {
    if cx.session.writes_alone() {
        return Ok(());
    }
    let service = cx.session.table::<VpnService>().find(service).await.map_err(ApiError::from_store)?;
    let Some(service) = service else { return Ok(()) };
    cx.session.table::<Router>().hold(service.router_id).await.map_err(ApiError::from_store)
}

async fn service_of(cx: Context<'_>, connection: &SiteConnection) -> Result<Stored<VpnService>, ApiError> {
    let service = cx.session.table().find(connection.vpn_service_id).await.map_err(ApiError::from_store)?;
    service.ok_or_else(|| ApiError::internal("the VPN service of a site connection is gone"))
}

/// The selectors that a PUT leads to: what it does not name stays.
async fn selectors_after(
    cx: Context<'_>,
    service: &VpnService,
    before: &Selectors,
    update: &Update,
) -> Result<selectors::Resolved, ApiError> {
    let (old_cidrs, old_local, old_peer): (&[Cidr], Option<EndpointGroupId>, Option<EndpointGroupId>) =
        match before {
            Selectors::ServiceSubnet { peer_cidrs } => (peer_cidrs, None, None),
            Selectors::EndpointGroups { local, peer } => (&[], Some(*local), Some(*peer)),
        };
    let given = Given {
        peer_cidrs: update.peer_cidrs.as_deref().unwrap_or(old_cidrs),
        local_group: group_after(old_local, update.local_ep_group_id.as_ref()),
        peer_group: group_after(old_peer, update.peer_ep_group_id.as_ref()),
    };
    selectors::resolve(cx, service, given).await
}

/// The group that a PUT leads to: none, when it says `null`.
fn group_after(before: Option<EndpointGroupId>, update: Option<&Option<String>>) -> Option<GroupId<'_>> {
    match update {
        None => before.map(GroupId::Kept),
        Some(named) => named.as_deref().map(GroupId::Named),
    }
}

fn apply(connection: &mut SiteConnection, selectors: Selectors, update: Update) {
    let Update {
        name,
        description,
        local_id,
        peer_address,
        peer_id,
        peer_cidrs: _,
        local_ep_group_id: _,
        peer_ep_group_id: _,
        mtu,
        initiator,
        psk,
        dpd,
        admin_state_up,
    } = update;
    replace(&mut connection.name, name);
    replace(&mut connection.description, description);
    replace(&mut connection.local_id, local_id);
    replace(&mut connection.peer_address, peer_address);
    replace(&mut connection.peer_id, peer_id);
    replace(&mut connection.mtu, mtu);
    replace(&mut connection.initiator, initiator);
    replace(&mut connection.psk, psk);
    replace(&mut connection.admin_state_up, admin_state_up);
    connection.dpd = dpd.unwrap_or_default().or(connection.dpd);
    connection.selectors = selectors;
}

/// What a PUT can change, but for the key.
fn settings(connection: &SiteConnection) -> impl PartialEq {
    let SiteConnection {
        id: _,
        project_id: _,
        name,
        description,
        vpn_service_id: _,
        ike_policy_id: _,
        ipsec_policy_id: _,
        local_id,
        peer_address,
        peer_id,
        selectors,
        mtu,
        initiator,
        dpd,
        psk: _,
        admin_state_up,
        status: _,
        reason: _,
    } = connection;
    let texts = (name, description, local_id, peer_address, peer_id);
    (texts, selectors, mtu, initiator, dpd, admin_state_up)
}

/// What is left to check when all references are known.
fn check(connection: &SiteConnection, ip_version: u8) -> Result<(), ApiError> {
    check_dpd(connection.dpd).map_err(|_| ApiError::IPsecSiteConnectionDpdIntervalValueError)?;
    check_mtu(connection.mtu, ip_version).map_err(|_| ApiError::IPsecSiteConnectionMtuError {
        mtu: connection.mtu.to_string(),
        version: ip_version.to_string(),
    })
}

/// Refuses a peer that the router cannot reach from an address of its own.
fn check_peer(service: &VpnService, connection: &SiteConnection) -> Result<(), ApiError> {
    let peer_address: IpAddr = connection
        .peer_address
        .parse()
        .map_err(|_| ApiError::VPNPeerAddressNotResolved { peer_address: connection.peer_address.clone() })?;
    let (has_address, version) = match peer_address {
        IpAddr::V4(_) => (service.external_v4_ip.is_some(), "IPv4"),
        IpAddr::V6(_) => (service.external_v6_ip.is_some(), "IPv6"),
    };
    if has_address {
        return Ok(());
    }
    Err(ApiError::ExternalNetworkHasNoSubnet {
        router_id: service.router_id.to_string(),
        version: version.to_owned(),
    })
}
