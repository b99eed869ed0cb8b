//! Networks on a node: the bridge that ports are plugged into, and what joins it to the outside.

use std::collections::{BTreeMap, BTreeSet};

use adit_linux::sysctl::Sysctls;
use adit_linux::{Link, LinkKind, Namespace, Netlink, sysctl};
use adit_model::network::PhysicalNetwork;
use adit_model::{NetworkId, Reason, ReasonCode};

use crate::config::PhysicalNetworks;
use crate::names;

/// Left on VLAN interfaces that we made, since their names do not tell.
const OURS: &str = "adit";

/// A network as it is on this node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Segment {
    /// Where ports are plugged.
    pub(crate) bridge: String,
    /// What joins the bridge to the outside. `None` for a network of this node alone, and where the operator made
    /// the bridge.
    pub(crate) uplink: Option<Uplink>,
}

/// A port of a bridge that leads to the outside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Uplink {
    /// An interface of the operator's, as it is.
    Device(String),
    /// One VLAN of it.
    Vlan {
        /// The operator's interface.
        device: String,
        /// The VLAN's id.
        vlan: u16,
        /// The interface that carries it.
        name: String,
    },
}

impl Uplink {
    /// The interface that is a port of the bridge.
    pub(crate) fn port(&self) -> &str {
        match self {
            Self::Device(name) | Self::Vlan { name, .. } => name,
        }
    }
}

impl Segment {
    /// How a network is to be on a node that has `links`.
    ///
    /// # Errors
    /// A physical network that is not mapped, or is mapped to an interface that is not there.
    pub(crate) fn new(
        network: NetworkId,
        physical: Option<&PhysicalNetwork>,
        physical_networks: &PhysicalNetworks,
        links: &BTreeMap<String, Link>,
    ) -> Result<Self, Reason> {
        let not_ready = |text| Reason::new(ReasonCode::RouterNotReady, text);
        let bridge = names::bridge(network);
        let Some(physical) = physical else { return Ok(Self { bridge, uplink: None }) };
        let name = &physical.name;
        let device = physical_networks.get(name).ok_or_else(|| {
            not_ready(format!(
                "physical network `{name}` is not mapped to an interface: add it to `physical_networks` in the \
                 agent's configuration"
            ))
        })?;
        let link = links.get(device).ok_or_else(|| {
            not_ready(format!(
                "physical network `{name}` is mapped to the interface `{device}`, which does not exist: correct \
                 `physical_networks` in the agent's configuration"
            ))
        })?;
        match physical.vlan {
            Some(vlan) => {
                let name = vlan_name(device, vlan, network);
                Ok(Self { bridge, uplink: Some(Uplink::Vlan { device: device.clone(), vlan, name }) })
            }
            None if link.kind == LinkKind::Bridge => Ok(Self { bridge: device.clone(), uplink: None }),
            None => Ok(Self { bridge, uplink: Some(Uplink::Device(device.clone())) }),
        }
    }

    /// The interfaces of the node that [`Self::new`] and [`Self::is_joined`] look at.
    pub(crate) fn interfaces(
        network: NetworkId,
        physical: Option<&PhysicalNetwork>,
        physical_networks: &PhysicalNetworks,
    ) -> BTreeSet<String> {
        let device = physical.and_then(|physical| physical_networks.get(&physical.name));
        let vlan = physical.and_then(|physical| physical.vlan).zip(device);
        let vlan = vlan.map(|(vlan, device)| vlan_name(device, vlan, network));
        [names::bridge(network)].into_iter().chain(device.cloned()).chain(vlan).collect()
    }

    /// Whether a node that has `links` needs nothing done for this network.
    pub(crate) fn is_joined(&self, links: &BTreeMap<String, Link>) -> bool {
        let Some(bridge) = links.get(&self.bridge).filter(|bridge| bridge.up || !self.is_ours()) else {
            return false;
        };
        let Some(uplink) = &self.uplink else { return true };
        links.get(uplink.port()).is_some_and(|link| link.up && link.master == Some(bridge.index))
    }

    /// Makes the bridge and joins it. What is there already stays as it is.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(crate) async fn join(&self, node: &Netlink) -> adit_linux::Result<()> {
        if !self.is_ours() {
            return Ok(());
        }
        if node.link(&self.bridge).await?.is_none() {
            node.ensure_bridge(&self.bridge).await?;
            without_ipv6(&self.bridge)?;
        }
        if let Some(uplink) = &self.uplink {
            self.join_uplink(node, uplink).await?;
        }
        node.set_up(&self.bridge).await
    }

    async fn join_uplink(&self, node: &Netlink, uplink: &Uplink) -> adit_linux::Result<()> {
        let port = uplink.port();
        if let Uplink::Vlan { device, vlan, name } = uplink
            && node.link(name).await?.is_none()
        {
            node.ensure_vlan(device, *vlan, name).await?;
            node.set_alias(name, OURS).await?;
        }
        // The bridge remembers its uplink, so that it can go when only that is left.
        node.set_alias(&self.bridge, port).await?;
        node.plug(port, &self.bridge).await?;
        node.set_up(port).await
    }

    fn is_ours(&self) -> bool {
        self.bridge.starts_with(names::BRIDGE_PREFIX)
    }
}

/// Removes a bridge of ours that has no port any more but its uplink. Others stay.
///
/// # Errors
/// When the kernel refuses.
pub(crate) async fn release(node: &Netlink, bridge: &str) -> adit_linux::Result<()> {
    release_of(node, &node.links().await?, bridge).await
}

async fn release_of(node: &Netlink, links: &BTreeMap<String, Link>, bridge: &str) -> adit_linux::Result<()> {
    let Some(link) = links.get(bridge).filter(|_| bridge.starts_with(names::BRIDGE_PREFIX)) else {
        return Ok(());
    };
    let uplink = link.alias.as_deref();
    let is_port = |other: &&Link| other.master == Some(link.index) && Some(&*other.name) != uplink;
    if links.values().any(|other| is_port(&other)) {
        return Ok(());
    }
    if let Some(vlan) = uplink.and_then(|name| links.get(name))
        && vlan.kind == LinkKind::Vlan
        && vlan.alias.as_deref() == Some(OURS)
    {
        node.delete_link(&vlan.name).await?;
    }
    node.delete_link(bridge).await
}

/// Removes all bridges of ours without ports: what a crash may have left.
///
/// # Errors
/// When the kernel refuses.
pub(crate) async fn release_all(node: &Netlink) -> adit_linux::Result<()> {
    let links = node.links().await?;
    for name in links.keys().filter(|name| name.starts_with(names::BRIDGE_PREFIX)) {
        release_of(node, &links, name).await?;
    }
    Ok(())
}

/// Keeps the node itself off a tenant's network: with IPv6 on it would have an address there.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn without_ipv6(interface: &str) -> adit_linux::Result<()> {
    let setting = Sysctls::from([(format!("net/ipv6/conf/{interface}/disable_ipv6"), String::from("1"))]);
    let here = Namespace::current()?;
    sysctl::write(&here, &sysctl::differing(&here, &setting)?)
}

fn vlan_name(device: &str, vlan: u16, network: NetworkId) -> String {
    let name = format!("{device}.{vlan}");
    if name.len() <= 15 {
        return name;
    }
    let network: String = network.to_string().chars().take(8).collect();
    format!("{network}.{vlan}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(name: &str, kind: LinkKind) -> (String, Link) {
        let link = Link {
            index: 7,
            name: name.to_owned(),
            kind,
            mac: None,
            mtu: 1500,
            up: true,
            unsettled: false,
            master: None,
            alias: None,
        };
        (name.to_owned(), link)
    }

    #[test]
    fn the_mapping_decides_where_ports_are_plugged() {
        let links = BTreeMap::from([link("br-ex", LinkKind::Bridge), link("eth1", LinkKind::Other)]);
        let mapping = PhysicalNetworks::from(
            [("bridged", "br-ex"), ("plain", "eth1"), ("gone", "eth9")]
                .map(|(a, b)| (a.to_owned(), b.to_owned())),
        );
        for (physical, want) in [
            (None, "brq-3fa85f64-57"),
            (Some(("bridged", None)), "br-ex"),
            (Some(("bridged", Some(5))), "brq-3fa85f64-57 with br-ex.5"),
            (Some(("plain", None)), "brq-3fa85f64-57 with eth1"),
            (Some(("plain", Some(4094))), "brq-3fa85f64-57 with eth1.4094"),
            (
                Some(("gone", None)),
                "router-not-ready: physical network `gone` is mapped to the interface `eth9`, which does not exist: \
                 correct `physical_networks` in the agent's configuration",
            ),
            (
                Some(("other", None)),
                "router-not-ready: physical network `other` is not mapped to an interface: add it to \
                 `physical_networks` in the agent's configuration",
            ),
        ] {
            let physical = physical.map(|(name, vlan)| PhysicalNetwork { name: name.to_owned(), vlan });
            let network = "3fa85f64-5717-4562-b3fc-2c963f66afa6".parse().unwrap();
            let got = match Segment::new(network, physical.as_ref(), &mapping, &links) {
                Ok(Segment { bridge, uplink: None }) => bridge,
                Ok(Segment { bridge, uplink: Some(uplink) }) => format!("{bridge} with {}", uplink.port()),
                Err(reason) => reason.to_string(),
            };
            assert_eq!(got, want, "{physical:?}");
        }
    }
}
