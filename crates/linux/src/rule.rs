//! Routing by source: rules, each with a table of its own for packets from one network, and the routes of such tables.
//! What a table has no route for goes on to the next rule, and in the end to the main table.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use futures_util::TryStreamExt;
use ipnet::IpNet;
use nix::libc::{EEXIST, ENOENT, ESRCH};
use rtnetlink::packet_route::AddressFamily;
use rtnetlink::packet_route::route::{
    RouteAttribute, RouteMessage, RouteMetric, RouteProtocol, RouteScope, RouteType,
};
use rtnetlink::packet_route::rule::{RuleAction, RuleAttribute, RuleMessage};
use rtnetlink::{IpVersion, RouteMessageBuilder};

use crate::error::errno;
use crate::route::{invalid, ip};
use crate::{Error, Netlink, Result};

/// The bit of a route's MTU in the set of values that are not to be changed: `1 << RTAX_MTU`.
const LOCK_MTU: u32 = 1 << 2;

/// Packets from a network look for their way in a table first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// From where.
    pub source: IpNet,
    /// The lower, the earlier.
    pub priority: u32,
    /// Which table; above 255.
    pub table: u32,
}

/// Where a route of such a table leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// By an interface, in packets of so many octets at most. Larger ones are fragmented, or refused with an ICMP message
    /// that says how large they may be.
    Interface {
        /// The interface's number.
        index: u32,
        /// In octets.
        mtu: u32,
    },
    /// As if the table were not there.
    Elsewhere,
}

/// The routes of tables, by table and destination.
pub type TableRoutes = BTreeMap<(u32, IpNet), Way>;

impl Netlink {
    /// The rules that bear the mark `protocol`.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn rules(&self, protocol: u8) -> Result<BTreeSet<Rule>> {
        let _alone = self.listing.lock().await;
        let mut rules = BTreeSet::new();
        for version in [IpVersion::V4, IpVersion::V6] {
            let messages: Vec<RuleMessage> = self
                .handle
                .rule()
                .get(version)
                .execute()
                .try_collect()
                .await
                .map_err(|source| Error::netlink("list the routing rules", source))?;
            rules.extend(messages.iter().filter_map(|message| rule(message, protocol)));
        }
        Ok(rules)
    }

    /// Adds a rule. One that is there is fine.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn add_rule(&self, rule: &Rule, protocol: u8) -> Result<()> {
        let mut request = self.handle.rule().add();
        *request.message_mut() = message_for(rule, protocol);
        match request.execute().await {
            Err(source) if errno(&source) != Some(EEXIST) => {
                Err(Error::netlink(format!("add the routing rule for packets from {}", rule.source), source))
            }
            _ => Ok(()),
        }
    }

    /// Removes a rule. None is fine.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn delete_rule(&self, rule: &Rule, protocol: u8) -> Result<()> {
        match self.handle.rule().del(message_for(rule, protocol)).execute().await {
            Err(source) if !matches!(errno(&source), Some(ENOENT | ESRCH)) => {
                let doing = format!("delete the routing rule for packets from {}", rule.source);
                Err(Error::netlink(doing, source))
            }
            _ => Ok(()),
        }
    }

    /// The routes that bear the mark `protocol`, of all tables above 255. Those of other kinds are left out.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn table_routes(&self, protocol: u8) -> Result<TableRoutes> {
        let _alone = self.listing.lock().await;
        let mut routes = TableRoutes::new();
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
                .map_err(|source| Error::netlink("list the routes of all tables", source))?;
            routes.extend(messages.iter().filter_map(|message| table_route(message, protocol)));
        }
        Ok(routes)
    }

    /// Adds a route to a table, in the place of one to the same destination.
    ///
    /// # Errors
    /// When there is no such interface, or it is down.
    pub async fn set_table_route(
        &self,
        table: u32,
        destination: IpNet,
        way: Way,
        protocol: u8,
    ) -> Result<()> {
        let doing = || format!("set the route to {destination} in table {table}");
        let builder = to(table, destination, protocol, &doing)?;
        let message = match way {
            Way::Elsewhere => builder.kind(RouteType::Throw).build(),
            Way::Interface { index, mtu } => {
                let mut metrics = vec![RouteMetric::Mtu(mtu)];
                if destination.addr().is_ipv6() {
                    // Otherwise the kernel looks at the interface's only when it forwards.
                    metrics.push(RouteMetric::Lock(LOCK_MTU));
                }
                let scope =
                    if destination.addr().is_ipv4() { RouteScope::Link } else { RouteScope::Universe };
                let mut builder = builder.scope(scope).output_interface(index);
                builder.get_mut().attributes.push(RouteAttribute::Metrics(metrics));
                builder.build()
            }
        };
        let request = self.handle.route().add(message).replace();
        request.execute().await.map_err(|source| Error::netlink(doing(), source))
    }

    /// Removes a route from a table. None is fine.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn delete_table_route(&self, table: u32, destination: IpNet, protocol: u8) -> Result<()> {
        let doing = || format!("delete the route to {destination} in table {table}");
        let mut message = to(table, destination, protocol, &doing)?.build();
        // Of whatever kind.
        message.header.kind = RouteType::Unspec;
        message.header.scope = RouteScope::NoWhere;
        match self.handle.route().del(message).execute().await {
            Err(source) if errno(&source) != Some(ESRCH) => Err(Error::netlink(doing(), source)),
            _ => Ok(()),
        }
    }
}

fn to(
    table: u32,
    destination: IpNet,
    protocol: u8,
    doing: &dyn Fn() -> String,
) -> Result<RouteMessageBuilder<IpAddr>> {
    RouteMessageBuilder::<IpAddr>::new()
        .table_id(table)
        .protocol(RouteProtocol::from(protocol))
        .destination_prefix(destination.network(), destination.prefix_len())
        .map_err(|error| invalid(doing(), error))
}

fn message_for(rule: &Rule, protocol: u8) -> RuleMessage {
    let mut message = RuleMessage::default();
    message.header.family = match rule.source {
        IpNet::V4(_) => AddressFamily::Inet,
        IpNet::V6(_) => AddressFamily::Inet6,
    };
    message.header.action = RuleAction::ToTable;
    message.header.src_len = rule.source.prefix_len();
    message.attributes = vec![
        RuleAttribute::Source(rule.source.network()),
        RuleAttribute::Priority(rule.priority),
        RuleAttribute::Table(rule.table),
        RuleAttribute::Protocol(RouteProtocol::from(protocol)),
    ];
    message
}

fn rule(message: &RuleMessage, protocol: u8) -> Option<Rule> {
    let (mut source, mut priority, mut table, mut is_ours) = (None, None, None, false);
    for attribute in &message.attributes {
        #[expect(clippy::wildcard_enum_match_arm, reason = "rules say far more than ours do")]
        match attribute {
            RuleAttribute::Source(address) => source = Some(*address),
            RuleAttribute::Priority(number) => priority = Some(*number),
            RuleAttribute::Table(number) => table = Some(*number),
            RuleAttribute::Protocol(number) => is_ours = u8::from(*number) == protocol,
            _ => {}
        }
    }
    let source = source.or_else(|| anywhere(message.header.family))?;
    let source = IpNet::new(source, message.header.src_len).ok()?;
    is_ours.then_some(Rule { source, priority: priority?, table: table? })
}

fn table_route(message: &RouteMessage, protocol: u8) -> Option<((u32, IpNet), Way)> {
    let (mut table, mut destination, mut index, mut mtu) = (None, None, None, None);
    for attribute in &message.attributes {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the kernel tells far more than we ask")]
        match attribute {
            RouteAttribute::Table(number) => table = Some(*number),
            RouteAttribute::Destination(address) => destination = ip(address),
            RouteAttribute::Oif(number) => index = Some(*number),
            RouteAttribute::Metrics(metrics) => {
                mtu = metrics.iter().find_map(|metric| {
                    if let RouteMetric::Mtu(octets) = metric { Some(*octets) } else { None }
                });
            }
            _ => {}
        }
    }
    if u8::from(message.header.protocol) != protocol {
        return None;
    }
    let table = table.filter(|table| *table > u32::from(u8::MAX))?;
    let destination = destination.or_else(|| anywhere(message.header.address_family))?;
    let network = IpNet::new(destination, message.header.destination_prefix_length).ok()?;
    if message.header.kind == RouteType::Throw {
        return Some(((table, network), Way::Elsewhere));
    }
    Some(((table, network), Way::Interface { index: index?, mtu: mtu.unwrap_or(0) }))
}

/// What the kernel leaves out: the address of the network that is everything.
fn anywhere(family: AddressFamily) -> Option<IpAddr> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "other families have no IP address")]
    match family {
        AddressFamily::Inet => Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        AddressFamily::Inet6 => Some(IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
        _ => None,
    }
}
