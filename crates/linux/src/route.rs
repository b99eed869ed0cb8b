//! Routes of the main table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use futures_util::TryStreamExt;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use nix::libc::ESRCH;
use rtnetlink::packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteNextHop, RouteProtocol,
};
use rtnetlink::{RouteMessageBuilder, RouteNextHopBuilder};

use crate::error::errno;
use crate::{Error, Netlink, Result};

/// A route by one gateway or, shared between them, by several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// Where to; the whole address space for a default route.
    pub destination: IpNet,
    /// By whom.
    pub gateways: BTreeSet<IpAddr>,
}

/// The default route's destination for the IP version of `gateway`.
pub const fn default_destination(gateway: IpAddr) -> IpNet {
    match gateway {
        IpAddr::V4(_) => IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0)),
        IpAddr::V6(_) => IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0)),
    }
}

impl Netlink {
    /// The gateways of the main table's routes that bear the mark `protocol`, by destination.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn routes(&self, protocol: u8) -> Result<BTreeMap<IpNet, BTreeSet<IpAddr>>> {
        let _alone = self.listing.lock().await;
        let mut routes = BTreeMap::<_, BTreeSet<_>>::new();
        for query in
            [RouteMessageBuilder::<Ipv4Addr>::new().build(), RouteMessageBuilder::<Ipv6Addr>::new().build()]
        {
            let messages: Vec<RouteMessage> = self
                .handle
                .route()
                .get(query)
                .execute()
                .try_collect()
                .await
                .map_err(|source| Error::netlink("list the routes", source))?;
            for message in messages.iter().filter(|message| is_ours(message, protocol)) {
                if let Some((destination, gateways)) = destination_and_gateways(message) {
                    routes.entry(destination).or_default().extend(gateways);
                }
            }
        }
        Ok(routes)
    }

    /// Adds a route to the main table, in the place of one to the same destination.
    ///
    /// # Errors
    /// When a gateway cannot be reached, or is of the other IP version.
    pub async fn replace_route(&self, route: &Route, protocol: u8) -> Result<()> {
        let doing = || format!("set the route to {}", route.destination);
        let builder = RouteMessageBuilder::<IpAddr>::new()
            .protocol(RouteProtocol::from(protocol))
            .destination_prefix(route.destination.network(), route.destination.prefix_len())
            .map_err(|error| invalid(doing(), error))?;
        let mut gateways = route.gateways.iter();
        let builder = match (gateways.next(), gateways.next()) {
            (Some(only), None) => builder.gateway(*only).map_err(|error| invalid(doing(), error))?,
            _ => builder.multipath(next_hops(&route.gateways).map_err(|error| invalid(doing(), error))?),
        };
        // IPv6 does not replace a route by one with another number of gateways: it adds to it.
        if route.destination.addr().is_ipv6() {
            self.delete_route(route.destination, protocol).await?;
        }
        self.handle
            .route()
            .add(builder.build())
            .replace()
            .execute()
            .await
            .map_err(|source| Error::netlink(doing(), source))
    }

    /// Removes the main table's routes to `destination` that bear the mark `protocol`. None is fine.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn delete_route(&self, destination: IpNet, protocol: u8) -> Result<()> {
        let doing = || format!("delete the route to {destination}");
        let message = RouteMessageBuilder::<IpAddr>::new()
            .protocol(RouteProtocol::from(protocol))
            .destination_prefix(destination.network(), destination.prefix_len())
            .map_err(|error| invalid(doing(), error))?
            .build();
        loop {
            match self.handle.route().del(message.clone()).execute().await {
                Ok(()) => {}
                Err(source) if errno(&source) == Some(ESRCH) => return Ok(()),
                Err(source) => return Err(Error::netlink(doing(), source)),
            }
        }
    }
}

/// The builder's own error type has no public name.
pub(crate) fn invalid(doing: String, error: impl Display) -> Error {
    Error::system(doing, io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))
}

fn next_hops(gateways: &BTreeSet<IpAddr>) -> Result<Vec<RouteNextHop>, impl Display> {
    let next_hop = |gateway: &IpAddr| {
        let builder = match gateway {
            IpAddr::V4(_) => RouteNextHopBuilder::new_ipv4(),
            IpAddr::V6(_) => RouteNextHopBuilder::new_ipv6(),
        };
        builder.via(*gateway).map(RouteNextHopBuilder::build)
    };
    gateways.iter().map(next_hop).collect()
}

fn is_ours(message: &RouteMessage, protocol: u8) -> bool {
    message.header.table == RouteHeader::RT_TABLE_MAIN && u8::from(message.header.protocol) == protocol
}

fn destination_and_gateways(message: &RouteMessage) -> Option<(IpNet, BTreeSet<IpAddr>)> {
    let mut destination = None;
    let mut gateways = BTreeSet::new();
    for attribute in &message.attributes {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the kernel tells far more than we ask")]
        match attribute {
            RouteAttribute::Destination(address) => destination = ip(address),
            RouteAttribute::Gateway(address) => gateways.extend(ip(address)),
            RouteAttribute::MultiPath(hops) => {
                gateways.extend(hops.iter().flat_map(|hop| &hop.attributes).filter_map(gateway));
            }
            _ => {}
        }
    }
    let anywhere = default_destination(*gateways.first()?).addr();
    let network =
        IpNet::new(destination.unwrap_or(anywhere), message.header.destination_prefix_length).ok()?;
    Some((network, gateways))
}

fn gateway(attribute: &RouteAttribute) -> Option<IpAddr> {
    if let RouteAttribute::Gateway(address) = attribute { ip(address) } else { None }
}

pub(crate) fn ip(address: &RouteAddress) -> Option<IpAddr> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "other families have no IP address")]
    match address {
        RouteAddress::Inet(address) => Some(IpAddr::V4(*address)),
        RouteAddress::Inet6(address) => Some(IpAddr::V6(*address)),
        _ => None,
    }
}
