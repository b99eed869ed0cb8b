//! Everything of a router but its tunnels: plan, apply, look again, until there is nothing left to do.

use std::collections::BTreeSet;

use adit_linux::{Netlink, nft};
use adit_model::{PortId, RouterDocument};
use tokio::time::timeout;

use super::apply::{Outcome, Place};
use super::firewall::{self, Protected, Translations};
use super::observe::Observed;
use super::plan::{self, Plan, Surroundings};
use super::{Router, WIRE_LIMIT};
use crate::names;

/// How often a plan is made anew until there is nothing left to do. A second time is normal: routes go with the
/// addresses that they depend on.
const ROUNDS: usize = 4;

impl Router {
    /// Everything but the tunnels, in limited time: the kernel drops an answer that it has no memory for.
    pub(super) async fn wire(&mut self, document: &RouterDocument, protected: BTreeSet<Protected>) -> Wired {
        timeout(WIRE_LIMIT, self.wire_now(document, protected)).await.unwrap_or_else(|_| {
            Wired::failed(format!("the router was not set up within {} s", WIRE_LIMIT.as_secs()))
        })
    }

    async fn wire_now(&mut self, document: &RouterDocument, protected: BTreeSet<Protected>) -> Wired {
        let namespace = match self.namespace() {
            Ok(namespace) => namespace,
            Err(failure) => return Wired::failed(failure),
        };
        let inside = match Netlink::inside(&namespace) {
            Ok(inside) => inside,
            Err(error) => return Wired::failed(error.chain()),
        };
        let place = Place { node: &self.node.netlink, namespace: &namespace, inside: &inside };
        let physical_networks = &self.node.config.physical_networks;
        let node_interfaces = plan::node_interfaces(document, physical_networks);
        let table = firewall::table(document, &protected, self.node.data_plane);
        let translations = Translations::of(document);
        let mut outcome = Outcome::default();
        for round in 1..=ROUNDS {
            let observed =
                match Observed::read(&self.node.netlink, &node_interfaces, &namespace, &inside).await {
                    Ok(observed) => observed,
                    Err(error) => return Wired::failed(error.chain()),
                };
            let table_in_force = self.in_force.has_table(&table, &translations, &namespace, &observed.rules);
            let stale = Some(&translations).filter(|it| !self.in_force.has_translations(it)).cloned();
            let surroundings =
                Surroundings { physical_networks, table: table.clone(), table_in_force, translations: stale };
            let plan = Plan::new(document, &observed, &surroundings);
            if plan.steps.is_empty() {
                return Wired::new(document, &plan, &outcome);
            }
            tracing::debug!(round, steps = plan.steps.len(), "router changes");
            outcome = place.apply(&plan.steps).await;
            if !table_in_force && !outcome.unfenced {
                match nft::rules(&namespace, firewall::TABLE) {
                    Ok(rules) => self.in_force.put_table(&table, &namespace, &observed.rules, rules),
                    Err(error) => return Wired::failed(error.chain()),
                }
            }
            if let Some(translations) = outcome.translated.take() {
                self.in_force.put_translations(translations);
            }
            if let Err(error) = place.settle(&plan.steps).await {
                return Wired::failed(error.chain());
            }
            if !outcome.failures.is_empty() {
                return Wired::new(document, &plan, &outcome);
            }
        }
        Wired::failed(format!("something changes the router {} as fast as we do", self.id))
    }
}

/// What came of wiring a router.
pub(super) struct Wired {
    pub(super) failures: Vec<String>,
    pub(super) wired_ports: Vec<PortId>,
    /// Whether the firewall is in force, so that connections may be loaded.
    pub(super) fenced: bool,
}

impl Wired {
    pub(super) fn failed(failure: String) -> Self {
        Self { failures: vec![failure], wired_ports: Vec::new(), fenced: false }
    }

    fn new(document: &RouterDocument, plan: &Plan, outcome: &Outcome) -> Self {
        let mut failures = outcome.failures.clone();
        for reason in plan.blocked.values() {
            if !failures.contains(&reason.text) {
                failures.push(reason.text.clone());
            }
        }
        let is_broken = |name: &str, port| {
            outcome.broken.contains(name)
                || outcome.broken.contains(&names::tap(port))
                || plan.blocked.contains_key(&port)
        };
        let wired_ports = plan::interfaces(document)
            .into_iter()
            .map(|(name, interface)| (name, interface.port_id))
            .filter(|(name, port)| !outcome.unfenced && !is_broken(name, *port))
            .map(|(_, port)| port)
            .collect();
        Self { failures, wired_ports, fenced: !outcome.unfenced }
    }
}
