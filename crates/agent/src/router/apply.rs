//! Carrying out a plan.

use std::collections::BTreeSet;

use adit_linux::{Namespace, Netlink, VethPeer, conntrack, sysctl};
use uuid::Uuid;

use super::ROUTE_PROTOCOL;
use super::firewall::Translations;
use super::plan::{Plug, Step};
use crate::names;
use crate::segment::{self, without_ipv6};

/// Where a router is made.
pub(super) struct Place<'a> {
    /// The node.
    pub(super) node: &'a Netlink,
    /// The router's namespace.
    pub(super) namespace: &'a Namespace,
    /// Inside of it.
    pub(super) inside: &'a Netlink,
}

/// What came of a plan.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// What failed, a sentence each.
    pub(super) failures: Vec<String>,
    /// Interfaces that a failed step was about.
    pub(super) broken: BTreeSet<String>,
    /// Whether the firewall could not be put into force: then nothing after it was done.
    pub(super) unfenced: bool,
    /// How all connections that there are now are translated, if those that were not are gone.
    pub(super) translated: Option<Translations>,
}

impl Place<'_> {
    /// Does one step after the other, and goes on when one fails. Only without firewall it stops, since everything
    /// after it could leak.
    pub(super) async fn apply(&self, steps: &[Step]) -> Outcome {
        let mut outcome = Outcome::default();
        for step in steps {
            tracing::debug!(?step, "router step");
            let Err(error) = self.step(step, &mut outcome.translated).await else { continue };
            outcome.failures.push(error.chain());
            outcome.broken.extend(step.interface().map(str::to_owned));
            if let Step::Replug { tap, .. } = step {
                outcome.broken.insert(tap.clone());
            }
            if matches!(step, Step::ReplaceFirewall(_)) {
                outcome.unfenced = true;
                break;
            }
        }
        outcome
    }

    /// Waits until what was plugged passes packets.
    pub(super) async fn settle(&self, steps: &[Step]) -> adit_linux::Result<()> {
        let (node, inside): (Vec<_>, Vec<_>) = steps.iter().map(Step::plugged).unzip();
        let names = |found: Vec<Option<&str>>| found.into_iter().flatten().map(str::to_owned).collect();
        self.node.settle(&names(node)).await?;
        self.inside.settle(&names(inside)).await
    }

    async fn step(&self, step: &Step, translated: &mut Option<Translations>) -> adit_linux::Result<()> {
        match step {
            Step::SetSysctls(settings) => sysctl::write(self.namespace, settings),
            // No two times have the same mark.
            Step::ReplaceFirewall(table) => table.apply(self.namespace, &Uuid::new_v4().to_string()).await,
            Step::DeleteStaleConnections(translations) => {
                *translated = self.delete_stale_connections(translations).await;
                Ok(())
            }
            Step::Unplug { interface } => self.unplug(interface).await,
            Step::JoinNetwork(segment) => segment.join(self.node).await,
            Step::Plug(plug) => self.plug(plug).await,
            Step::Replug { tap, bridge } => {
                let before = self.node.links().await?;
                self.node.plug(tap, bridge).await?;
                self.node.set_up(tap).await?;
                let master = before.get(tap).and_then(|tap| tap.master);
                match before.values().find(|link| Some(link.index) == master) {
                    Some(old) => segment::release(self.node, &old.name).await,
                    None => Ok(()),
                }
            }
            Step::SetMac { interface, mac } => self.inside.set_mac(interface, mac.octets()).await,
            Step::SetMtu { interface, tap, mtu } => {
                self.node.set_mtu(tap, *mtu).await?;
                self.inside.set_mtu(interface, *mtu).await
            }
            Step::SetAddresses { interface, addresses, announce } => {
                self.inside.set_addresses(interface, addresses).await?;
                match announce {
                    Some(mac) => self.inside.set_mac(interface, mac.octets()).await,
                    None => Ok(()),
                }
            }
            Step::SwitchOn { interface } => self.inside.set_up(interface).await,
            Step::SetRoute(route) => self.inside.replace_route(route, ROUTE_PROTOCOL).await,
            Step::DeleteRoute(destination) => self.inside.delete_route(*destination, ROUTE_PROTOCOL).await,
        }
    }

    /// A kernel that does not tell of its connections is no reason to be without the router: they end some day. Returns
    /// the translations if no others are left.
    async fn delete_stale_connections(&self, translations: &Translations) -> Option<Translations> {
        let (namespace, wanted) = (self.namespace.clone(), translations.clone());
        let delete = move || conntrack::delete(&namespace, |connection| wanted.is_stale(connection));
        // There can be many.
        match tokio::task::spawn_blocking(delete).await.ok()? {
            Ok(0) => {}
            Ok(deleted) => tracing::info!(deleted, "connections deleted whose translation is over"),
            Err(error) => {
                tracing::warn!(error = error.chain(), "connections that were translated before stay");
                return None;
            }
        }
        Some(translations.clone())
    }

    async fn plug(&self, plug: &Plug) -> adit_linux::Result<()> {
        // One end without the other, or both in the wrong place, is what a crash or a stranger leaves.
        self.node.delete_link(&plug.tap).await?;
        self.inside.delete_link(&plug.interface).await?;
        let peer = VethPeer { name: &plug.interface, namespace: self.namespace, mac: plug.mac.octets() };
        self.node.add_veth(&plug.tap, plug.mtu, &peer).await?;
        without_ipv6(&plug.tap)?;
        self.node.plug(&plug.tap, &plug.bridge).await?;
        self.node.set_up(&plug.tap).await
    }

    /// Takes an interface off, and its bridge if that was the last port.
    pub(super) async fn unplug(&self, interface: &str) -> adit_linux::Result<()> {
        let Some(tap) = names::tap_of(interface) else { return Ok(()) };
        let links = self.node.links().await?;
        let master = links.get(&tap).and_then(|tap| tap.master);
        self.node.delete_link(&tap).await?;
        self.inside.delete_link(interface).await?;
        match links.values().find(|link| Some(link.index) == master) {
            Some(bridge) => segment::release(self.node, &bridge.name).await,
            None => Ok(()),
        }
    }
}
