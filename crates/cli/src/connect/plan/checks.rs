//! What makes no tunnel is refused before anything is made.

use std::net::IpAddr;

use adit_model::Cidr;
use adit_model::site_connection::{ParameterError, check_disjoint, check_mtu, common_version};
use serde_json::Value;

use super::{Action, Found, Kind, Step, external, spoken, version};
use crate::connect::Side;
use crate::connect::observe::{Observed, Subnet};
use crate::connect::wish::Wish;
use crate::error::{Error, Result};
use crate::session::Object;

/// Checks the two ends against one another.
pub(in crate::connect) fn check_ends(observed: &[Observed; 2], wish: &Wish) -> Result<()> {
    let [left, right] = observed;
    if left.router.id == right.router.id {
        return Err(Error::Usage(format!(
            "--right: the router `{}` is that of `--left` too: its networks need no tunnel",
            right.router.name
        )));
    }
    for (side, seen) in Side::BOTH.into_iter().zip(observed) {
        if !seen.router.has_gateway {
            return Err(Error::Usage(format!(
                "{}: the router `{}` has no external gateway: `adit --os-cloud {} router set --external-gateway \
                 NETWORK {}`",
                side.option(),
                seen.router.name,
                seen.cloud,
                seen.router.id
            )));
        }
    }
    let shared = left.router.addresses.iter().find(|address| right.router.addresses.contains(address));
    if let Some(address) = shared {
        return Err(Error::Usage(format!(
            "--right: the gateway has the address {address}, as that of `--left` has: they cannot reach one another"
        )));
    }
    let inner = versions(observed)?;
    if let Some(mtu) = wish.mtu
        && let Err(ParameterError::Mtu { least, .. }) = check_mtu(mtu, inner)
    {
        return Err(Error::Usage(format!("--mtu: {mtu} is below {least}, the least for IPv{inner}")));
    }
    let networks = |seen: &Observed| -> Vec<Cidr> { seen.subnets.iter().map(|subnet| subnet.cidr).collect() };
    if let Err(ParameterError::Overlap { local, peer }) = check_disjoint(&networks(left), &networks(right)) {
        return Err(Error::Usage(format!(
            "--right: {peer} overlaps {local} of `--left`: an address could be at either end"
        )));
    }
    for (side, seen) in Side::BOTH.into_iter().zip(observed) {
        let peers = networks(&observed[side.other() as usize]);
        for other in &seen.others {
            if let Some(peer) = peers.iter().find(|peer| peer.overlaps(other.cidr)) {
                return Err(Error::Usage(format!(
                    "{}: {peer} of the other end overlaps {}, the subnet `{}` of the router `{}`",
                    side.option(),
                    other.cidr,
                    other.name,
                    seen.router.name
                )));
            }
        }
    }
    Ok(())
}

/// The one IP version inside the tunnel.
fn versions(observed: &[Observed; 2]) -> Result<u8> {
    let of = |side: Side| {
        let networks: Vec<Cidr> = observed[side as usize].subnets.iter().map(|subnet| subnet.cidr).collect();
        common_version(&networks).map(|version| version.unwrap_or(4)).map_err(|_| {
            Error::Usage(format!(
                "{}: subnets of IPv4 and IPv6 are mixed: connect those of each version by a command of its own, with a \
                 `--name` of its own",
                side.option()
            ))
        })
    };
    let (left, right) = (of(Side::Left)?, of(Side::Right)?);
    if left != right {
        return Err(Error::Usage(format!(
            "--right: the subnets are of IPv{right}, those of `--left` of IPv{left}"
        )));
    }
    Ok(left)
}

/// The IP version of the gateways' addresses: one that both have.
pub(super) fn family(
    observed: &[Observed; 2],
    steps: &[Step],
    existing: &[Option<Object>; 2],
    wish: &Wish,
) -> Result<u8> {
    let known = Side::BOTH.map(|side| families(side, &observed[side as usize], steps));
    let has = |side: Side, version: u8| known[side as usize].contains(&version);
    let both = |version: u8| Side::BOTH.iter().all(|side| has(*side, version));
    if let Some(version) = wish.ip_version {
        let lacking = Side::BOTH.into_iter().find(|side| !has(*side, version));
        return lacking.map_or(Ok(version), |side| {
            let router = &observed[side as usize].router.name;
            Err(Error::Usage(format!(
                "--ip-version: the gateway of the router `{router}` ({}) has no IPv{version} address",
                side.option()
            )))
        });
    }
    // What is up is not moved.
    let now = existing.iter().flatten().find_map(|connection| {
        let address: IpAddr = connection.get("peer_address")?.as_str()?.parse().ok()?;
        Some(version(address))
    });
    now.into_iter().chain([4, 6]).find(|version| both(*version)).ok_or_else(|| {
        let told = |side: Side| {
            let versions: Vec<String> =
                known[side as usize].iter().map(|version| format!("IPv{version}")).collect();
            if versions.is_empty() { "no address".to_owned() } else { versions.join(" and ") }
        };
        Error::Usage(format!(
            "--right: the gateway has {}, and that of `--left` {}: they cannot reach one another",
            told(Side::Right),
            told(Side::Left)
        ))
    })
}

/// The IP versions of which a side has an external address, as far as that is known.
fn families(side: Side, seen: &Observed, steps: &[Step]) -> Vec<u8> {
    let service = steps.iter().find(|step| step.side == side && step.kind == Kind::Service);
    let versions = [4, 6];
    match service.map(|step| &step.action) {
        Some(Action::Keep(service) | Action::Change { object: service, .. }) => versions
            .into_iter()
            .filter(|version| service.get(external(*version)).is_some_and(Value::is_string))
            .collect(),
        // Somebody who may not see them finds out when the service is there.
        _ if seen.router.addresses.is_empty() => versions.to_vec(),
        Some(Action::Create(_)) | None => versions
            .into_iter()
            .filter(|wanted| seen.router.addresses.iter().any(|address| version(*address) == *wanted))
            .collect(),
    }
}

/// Refuses a tunnel whose networks another connection of the router joins already.
pub(super) fn is_free(found: &Found<'_>, peers: &[Subnet]) -> Result<()> {
    let seen = found.seen;
    let own = found.own(&seen.connections, Kind::Connection)?.and_then(|own| own.get("id"));
    for other in seen.connections.iter().filter(|other| own.is_none() || other.get("id") != own) {
        let (locals, theirs) = selectors(seen, other);
        let local = seen.subnets.iter().find(|subnet| locals.iter().any(|local| local.overlaps(subnet.cidr)));
        let peer = peers.iter().find(|subnet| theirs.iter().any(|peer| peer.overlaps(subnet.cidr)));
        if let (Some(local), Some(peer)) = (local, peer) {
            let why =
                format!("{} joins {} and {} already", spoken(Kind::Connection, other), local.cidr, peer.cidr);
            // One that this command made is known by its name.
            let suffix = Kind::Connection.name("", found.side);
            let tunnel =
                other.get("name").and_then(Value::as_str).and_then(|name| name.strip_suffix(&suffix));
            let remedy = "delete it, or change its networks".to_owned();
            return Err(found.obstacle(
                &why,
                &match tunnel {
                    Some(tunnel) => {
                        format!("{remedy}, or, if this command made it, go on with it: `--name {tunnel}`")
                    }
                    None => remedy,
                },
            ));
        }
    }
    Ok(())
}

/// The networks that a connection joins, as far as one sees them.
fn selectors(seen: &Observed, connection: &Object) -> (Vec<Cidr>, Vec<Cidr>) {
    let subnets = || seen.subnets.iter().chain(&seen.others);
    let subnet = |id: &str| subnets().find(|subnet| subnet.id == id).map(|subnet| subnet.cidr);
    let texts = |value: Option<&Value>| -> Vec<String> {
        let items = value.and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let group = |attribute: &str| {
        let id = connection.get(attribute).filter(|id| id.is_string())?;
        seen.groups.iter().find(|group| group.get("id") == Some(id))
    };
    let service = seen.services.iter().find(|service| service.get("id") == connection.get("vpnservice_id"));
    let of_service = service.and_then(|service| subnet(service.get("subnet_id")?.as_str()?));
    let locals = texts(group("local_ep_group_id").and_then(|group| group.get("endpoints")));
    let mut peers = texts(group("peer_ep_group_id").and_then(|group| group.get("endpoints")));
    peers.extend(texts(connection.get("peer_cidrs")));
    (
        locals.iter().filter_map(|id| subnet(id)).chain(of_service).collect(),
        peers.iter().filter_map(|peer| peer.parse().ok()).collect(),
    )
}
