//! Telling the server what was observed: at once, and again until it has heard.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use adit_api::agent::{Place, Report, RouterReport};
use adit_model::{AgentId, PortId, RouterId};
use tokio::sync::{Notify, mpsc, watch};
use uuid::Uuid;

use crate::backoff::Backoff;
use crate::client::{Client, ClientError};

/// Of so many routers is told at once: a report of all that a node has might take the server longer than anybody waits.
const MOST_ROUTERS: usize = 50;

/// Where reports go. Only the newest about each router is kept until the server has it.
#[derive(Clone, Debug)]
pub(crate) struct Reports {
    sender: mpsc::UnboundedSender<Message>,
}

#[derive(Debug)]
enum Message {
    /// The newest about a router; `None` when there is nothing to say of it any more.
    Router(RouterId, Option<RouterReport>),
    /// The ports of hosts that are plugged in.
    Hosts(BTreeSet<PortId>),
    /// Say everything again.
    Repeat,
}

impl Reports {
    /// The sender, and the work that has to run for it. `unknown` is told when the server does not know who reports.
    pub(crate) fn new(
        client: Client,
        incarnation: Uuid,
        identity: watch::Receiver<Option<AgentId>>,
        unknown: Arc<Notify>,
    ) -> (Self, impl Future<Output = ()>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender }, run(client, Place { incarnation, number: 0 }, identity, unknown, receiver))
    }

    /// Replaces what is said about a router.
    pub(crate) fn send(&self, router: RouterId, report: Option<RouterReport>) {
        // Nobody listens any more when the agent is shutting down.
        let _ = self.sender.send(Message::Router(router, report));
    }

    /// Replaces what is said about hosts: the ports that are plugged in.
    pub(crate) fn hosts(&self, ports: BTreeSet<PortId>) {
        let _ = self.sender.send(Message::Hosts(ports));
    }

    /// Says everything again, to a server that may have forgotten it.
    pub(crate) fn repeat(&self) {
        let _ = self.sender.send(Message::Repeat);
    }
}

#[derive(Default)]
struct Board {
    newest: BTreeMap<RouterId, RouterReport>,
    unheard: BTreeMap<RouterId, RouterReport>,
    hosts: Option<BTreeSet<PortId>>,
    unheard_hosts: Option<BTreeSet<PortId>>,
}

impl Board {
    fn take(&mut self, message: Message) {
        match message {
            Message::Router(router, Some(report)) => {
                if self.newest.get(&router) != Some(&report) {
                    self.newest.insert(router, report.clone());
                    self.unheard.insert(router, report);
                }
            }
            Message::Router(router, None) => {
                self.newest.remove(&router);
                self.unheard.remove(&router);
            }
            Message::Hosts(ports) => {
                if self.hosts.as_ref() != Some(&ports) {
                    self.hosts = Some(ports.clone());
                    self.unheard_hosts = Some(ports);
                }
            }
            Message::Repeat => {
                self.unheard.clone_from(&self.newest);
                self.unheard_hosts.clone_from(&self.hosts);
            }
        }
    }

    /// Whether there is something to say.
    fn has_news(&self) -> bool {
        !self.unheard.is_empty() || self.unheard_hosts.is_some()
    }

    fn report(&self, place: Place) -> Report {
        let routers = self.unheard.iter().take(MOST_ROUTERS).map(|(id, report)| (*id, report.clone()));
        Report { place: Some(place), routers: routers.collect(), host_ports: self.unheard_hosts.clone() }
    }

    /// What was sent is heard, unless there is something newer by now.
    fn heard(&mut self, report: &Report) {
        self.unheard.retain(|router, newest| report.routers.get(router) != Some(newest));
        if self.unheard_hosts == report.host_ports {
            self.unheard_hosts = None;
        }
    }
}

async fn run(
    client: Client,
    mut place: Place,
    mut identity: watch::Receiver<Option<AgentId>>,
    unknown: Arc<Notify>,
    mut messages: mpsc::UnboundedReceiver<Message>,
) {
    let mut board = Board::default();
    let mut retry = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
    let mut pause = Duration::ZERO;
    loop {
        if !board.has_news() {
            let Some(message) = messages.recv().await else { return };
            board.take(message);
        } else {
            // A failure is followed by a pause, whatever is new meanwhile.
            let pause = tokio::time::sleep(pause);
            tokio::pin!(pause);
            loop {
                // Both arms are cancel-safe.
                tokio::select! {
                    biased;
                    () = &mut pause => break,
                    message = messages.recv() => {
                        let Some(message) = message else { return };
                        board.take(message);
                    }
                }
            }
        }
        while let Ok(message) = messages.try_recv() {
            board.take(message);
        }
        if !board.has_news() {
            continue;
        }
        let agent = match identity.wait_for(Option::is_some).await {
            Ok(agent) => *agent,
            Err(_) => return,
        };
        let Some(agent) = agent else { continue };
        place.number += 1;
        let report = board.report(place);
        match client.report(agent, &report).await {
            Ok(()) => {
                board.heard(&report);
                retry.reset();
                pause = Duration::ZERO;
            }
            Err(error @ ClientError::Unknown { .. }) => {
                tracing::warn!(%error, "a report is refused: this agent says hello again");
                unknown.notify_one();
                pause = retry.next();
            }
            Err(error) => {
                // Whether the server answers at all is logged where it is followed.
                tracing::debug!(%error, "report was not heard");
                pause = retry.next();
            }
        }
    }
}
