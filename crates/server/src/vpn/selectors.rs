//! Which networks a site connection joins: one subnet of its service and CIDRs, or two endpoint groups.

use adit_api::ApiError;
use adit_model::endpoint_group::{EndpointType, Endpoints};
use adit_model::site_connection::{self, ParameterError, Selectors};
use adit_model::{Cidr, EndpointGroup, EndpointGroupId, Subnet, VpnService};
use adit_store::Stored;

use super::vpn_service::attached_subnets;
use crate::resource::{Context, FromStore};

/// The ways to say which networks are joined, as a request has them.
#[derive(Debug)]
pub(super) struct Given<'a> {
    pub(super) peer_cidrs: &'a [Cidr],
    pub(super) local_group: Option<GroupId<'a>>,
    pub(super) peer_group: Option<GroupId<'a>>,
}

/// Which endpoint group is meant.
#[derive(Clone, Copy, Debug)]
pub(super) enum GroupId<'a> {
    /// By the request: the caller has to see it.
    Named(&'a str),
    /// By the connection, which has it already: an administrator may have chosen one of another project.
    Kept(EndpointGroupId),
}

/// What was given, once it is known to make sense.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) selectors: Selectors,
    /// 4 or 6: the version inside the tunnel.
    pub(super) ip_version: u8,
}

/// Checks what was given against the service, in the reference's order.
///
/// # Errors
/// The first thing that makes no sense.
pub(super) async fn resolve(
    cx: Context<'_>,
    service: &VpnService,
    given: Given<'_>,
) -> Result<Resolved, ApiError> {
    let (selectors, local, peer) = match service.subnet_id {
        Some(subnet) => {
            refuse_groups(&given)?;
            let subnet = cx.session.table::<Subnet>().find(subnet).await.map_err(ApiError::from_store)?;
            let subnet = subnet.ok_or_else(|| ApiError::internal("the subnet of a VPN service is gone"))?;
            let peer_cidrs = given.peer_cidrs.to_vec();
            version(&peer_cidrs, || ApiError::MixedIPVersionsForPeerCidrs)?;
            (
                Selectors::ServiceSubnet { peer_cidrs: peer_cidrs.clone() },
                vec![Cidr::from(subnet.cidr)],
                peer_cidrs,
            )
        }
        None => {
            let (local, peer) = required_groups(&given)?;
            let (local, peer) = (group(cx, local).await?, group(cx, peer).await?);
            let local_cidrs = local_cidrs(cx, service, &local).await?;
            let mixed = |group: &EndpointGroup| {
                let id = group.id.to_string();
                move || ApiError::MixedIPVersionsForIPSecEndpoints { id }
            };
            version(&local_cidrs, mixed(&local))?;
            let Endpoints::Cidrs(peer_cidrs) = &peer.endpoints else {
                return Err(wrong_type(&peer, EndpointType::Cidr));
            };
            version(peer_cidrs, mixed(&peer))?;
            (Selectors::EndpointGroups { local: local.id, peer: peer.id }, local_cidrs, peer_cidrs.clone())
        }
    };
    let ip_version = version(&local, || ApiError::MixedIPVersionsForIPSecConnection)?;
    if version(&peer, || ApiError::MixedIPVersionsForIPSecConnection)? != ip_version {
        return Err(ApiError::MixedIPVersionsForIPSecConnection);
    }
    if let Err(ParameterError::Overlap { local, peer }) = site_connection::check_disjoint(&local, &peer) {
        return Err(ApiError::OverlappingNetworks { local: local.to_string(), peer: peer.to_string() });
    }
    Ok(Resolved { selectors, ip_version })
}

fn refuse_groups(given: &Given<'_>) -> Result<(), ApiError> {
    if given.peer_cidrs.is_empty() {
        return Err(ApiError::MissingPeerCidrs);
    }
    match which_groups(given.local_group.is_some(), given.peer_group.is_some()) {
        Some(which) => Err(ApiError::InvalidEndpointGroup { which: which.to_owned() }),
        None => Ok(()),
    }
}

fn required_groups<'a>(given: &Given<'a>) -> Result<(GroupId<'a>, GroupId<'a>), ApiError> {
    if !given.peer_cidrs.is_empty() {
        return Err(ApiError::PeerCidrsInvalid);
    }
    match (given.local_group, given.peer_group) {
        (Some(local), Some(peer)) => Ok((local, peer)),
        (local, peer) => {
            let which = which_groups(local.is_none(), peer.is_none()).unwrap_or_default();
            Err(ApiError::MissingRequiredEndpointGroup { which: which.to_owned() })
        }
    }
}

/// The reference's words for one group, or for both.
const fn which_groups(local: bool, peer: bool) -> Option<&'static str> {
    match (local, peer) {
        (true, true) => Some("groups local and peer"),
        (true, false) => Some("group local"),
        (false, true) => Some("group peer"),
        (false, false) => None,
    }
}

async fn group(cx: Context<'_>, id: GroupId<'_>) -> Result<Stored<EndpointGroup>, ApiError> {
    let groups = cx.session.table::<EndpointGroup>();
    match id {
        GroupId::Named(id) => {
            let group = groups.share_in(id, &cx.caller.visible()).await.map_err(ApiError::from_store)?;
            group.ok_or_else(|| ApiError::VPNEndpointGroupNotFound { id: id.to_owned() })
        }
        GroupId::Kept(id) => {
            let group = groups.find(id).await.map_err(ApiError::from_store)?;
            group.ok_or_else(|| ApiError::internal("an endpoint group of a site connection is gone"))
        }
    }
}

/// The networks of a local group, each attached to the service's router.
async fn local_cidrs(
    cx: Context<'_>,
    service: &VpnService,
    group: &EndpointGroup,
) -> Result<Vec<Cidr>, ApiError> {
    let Endpoints::Subnets(ids) = &group.endpoints else {
        return Err(wrong_type(group, EndpointType::Subnet));
    };
    let subnets = attached_subnets(cx.session, service.router_id, ids).await?;
    Ok(subnets.iter().map(|subnet| Cidr::from(subnet.cidr)).collect())
}

fn wrong_type(group: &EndpointGroup, expected: EndpointType) -> ApiError {
    ApiError::WrongEndpointGroupType {
        id: group.id.to_string(),
        found: group.endpoints.endpoint_type().to_string(),
        expected: expected.to_string(),
    }
}

fn version(networks: &[Cidr], mixed: impl FnOnce() -> ApiError) -> Result<u8, ApiError> {
    // A side is never empty here: groups have members, and peer CIDRs were demanded above.
    site_connection::common_version(networks).map(|version| version.unwrap_or(4)).map_err(|_| mixed())
}
