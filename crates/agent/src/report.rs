//! Telling the server what was observed: at once, and again until it has heard.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use adit_api::agent::{Place, Report, RouterReport};
use adit_model::security_association::Observation;
use adit_model::{AgentId, PortId, RouterId, SiteConnectionId};
use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use uuid::Uuid;

use crate::backoff::Backoff;
use crate::client::{Client, ClientError};

/// Of so many routers is told at once: a report of all that a node has might take the server longer than anybody waits.
const MOST_ROUTERS: usize = 50;

/// When what was told of each connection was observed: no two observations of a connection have the same time.
type Observed = BTreeMap<SiteConnectionId, Timestamp>;

/// Where reports go. Only the newest about each router is kept until the server has it.
#[derive(Clone, Debug)]
pub(crate) struct Reports {
    sender: mpsc::UnboundedSender<Message>,
}

#[derive(Debug)]
enum Message {
    /// The newest about a router; `None` when there is nothing to say of it any more.
    Router(RouterId, Option<Box<RouterReport>>),
    /// The ports of hosts that are plugged in.
    Hosts(BTreeSet<PortId>),
    /// Say everything again.
    Repeat,
    /// Answer when the server has heard everything.
    Heard(oneshot::Sender<()>),
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
        let _ = self.sender.send(Message::Router(router, report.map(Box::new)));
    }

    /// Replaces what is said about hosts: the ports that are plugged in.
    pub(crate) fn hosts(&self, ports: BTreeSet<PortId>) {
        let _ = self.sender.send(Message::Hosts(ports));
    }

    /// Says everything again, to a server that may have forgotten it.
    pub(crate) fn repeat(&self) {
        let _ = self.sender.send(Message::Repeat);
    }

    /// Waits until the server has heard everything that was said before.
    pub(crate) async fn heard(&self) {
        let (sender, heard) = oneshot::channel();
        let _ = self.sender.send(Message::Heard(sender));
        // Nobody answers when the agent is shutting down.
        let _ = heard.await;
    }
}

#[derive(Default)]
struct Board {
    newest: BTreeMap<RouterId, RouterReport>,
    unheard: BTreeMap<RouterId, RouterReport>,
    /// What the server has of each router's observations, by their times.
    observed: BTreeMap<RouterId, Observed>,
    hosts: Option<BTreeSet<PortId>>,
    unheard_hosts: Option<BTreeSet<PortId>>,
    /// Who waits until the server has heard everything.
    waiting: Vec<oneshot::Sender<()>>,
}

impl Board {
    fn take(&mut self, message: Message) {
        match message {
            Message::Router(router, Some(report)) => {
                if self.newest.get(&router) != Some(&*report) {
                    self.newest.insert(router, (*report).clone());
                    self.unheard.insert(router, *report);
                }
            }
            Message::Router(router, None) => {
                self.newest.remove(&router);
                self.unheard.remove(&router);
                self.observed.remove(&router);
            }
            Message::Hosts(ports) => {
                if self.hosts.as_ref() != Some(&ports) {
                    self.hosts = Some(ports.clone());
                    self.unheard_hosts = Some(ports);
                }
            }
            Message::Repeat => {
                self.observed.clear();
                self.unheard.clone_from(&self.newest);
                self.unheard_hosts.clone_from(&self.hosts);
            }
            Message::Heard(waiting) => self.waiting.push(waiting),
        }
    }

    /// Whether there is something to say.
    fn has_news(&self) -> bool {
        !self.unheard.is_empty() || self.unheard_hosts.is_some()
    }

    /// What to say now.
    fn said(&self) -> Said {
        let routers = self.unheard.iter().take(MOST_ROUTERS).map(|(id, report)| (*id, report.clone()));
        Said { routers: routers.collect(), hosts: self.unheard_hosts.clone() }
    }

    /// The report that says it. What was observed is most of what there is to say of a router with many connections, and
    /// what the server has of that already is left out.
    fn report(&self, said: &Said, place: Place) -> Report {
        let mut routers = said.routers.clone();
        for (router, report) in &mut routers {
            let known = self.observed.get(router);
            let is_news = |id: &SiteConnectionId, seen: &Observation| {
                known.and_then(|known| known.get(id)) != Some(&seen.observed_at)
            };
            report.observations.retain(|id, seen| is_news(id, seen));
        }
        Report { place: Some(place), routers, host_ports: said.hosts.clone() }
    }

    /// What was said is heard, unless there is something newer by now.
    fn heard(&mut self, said: Said) {
        self.unheard.retain(|router, newest| said.routers.get(router) != Some(newest));
        if self.unheard_hosts == said.hosts {
            self.unheard_hosts = None;
        }
        for (router, report) in said.routers {
            // One that has gone meanwhile is told of in full if it comes again.
            if self.newest.contains_key(&router) {
                let observed = report.observations.iter().map(|(id, seen)| (*id, seen.observed_at));
                self.observed.insert(router, observed.collect());
            }
        }
    }
}

/// What is being said, in full.
struct Said {
    routers: BTreeMap<RouterId, RouterReport>,
    hosts: Option<BTreeSet<PortId>>,
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
            for waiting in board.waiting.drain(..) {
                // Whoever has given up needs no answer.
                let _ = waiting.send(());
            }
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
        let said = board.said();
        let report = board.report(&said, place);
        match client.report(agent, &report).await {
            Ok(()) => {
                board.heard(said);
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

#[cfg(test)]
mod tests {
    use adit_api::agent::StatusReport;
    use adit_model::Status;

    use super::*;

    fn id(number: u8) -> SiteConnectionId {
        format!("c{number}000000-0000-4000-8000-000000000000").parse().unwrap()
    }

    /// A report on two connections that were observed at these seconds.
    fn report_of(observed_generation: u64, seconds: [i64; 2]) -> RouterReport {
        let observed = |second| Observation {
            observed_at: Timestamp::from_second(second).unwrap(),
            ike_sas: Vec::new(),
        };
        RouterReport {
            observed_generation,
            error: None,
            wired_ports: Vec::new(),
            floating_ips: BTreeMap::new(),
            services: BTreeMap::new(),
            connections: [1, 2]
                .map(|number| (id(number), StatusReport { status: Status::Active, reason: None }))
                .into(),
            observations: [1, 2].into_iter().map(id).zip(seconds.map(observed)).collect(),
            remaining: None,
        }
    }

    #[test]
    fn what_the_server_has_of_observations_is_not_told_again_until_it_asks_for_everything() {
        let router = "d0000000-0000-4000-8000-000000000000".parse().unwrap();
        let place = Place { incarnation: Uuid::nil(), number: 1 };
        let mut board = Board::default();
        let mut tell = |message: Option<Message>, is_heard: bool| {
            message.into_iter().for_each(|message| board.take(message));
            let said = board.said();
            let report = board.report(&said, place);
            if is_heard {
                board.heard(said);
            }
            let told = report.routers.get(&router)?;
            assert_eq!(told.connections.len(), 2, "statuses are told of all");
            Some(told.observations.keys().copied().collect::<Vec<_>>())
        };
        let router_is = |seconds| Some(Message::Router(router, Some(Box::new(report_of(1, seconds)))));
        assert_eq!(tell(router_is([1, 1]), false), Some(vec![id(1), id(2)]));
        assert_eq!(tell(None, true), Some(vec![id(1), id(2)]), "nobody heard it before");
        assert_eq!(tell(router_is([1, 1]), true), None, "the same");
        assert_eq!(tell(router_is([1, 2]), false), Some(vec![id(2)]));
        assert_eq!(tell(router_is([3, 2]), true), Some(vec![id(1), id(2)]), "the other one was not heard");
        let newer = Message::Router(router, Some(Box::new(report_of(2, [3, 2]))));
        assert_eq!(tell(Some(newer), true), Some(vec![]), "only the generation is another one");
        assert_eq!(tell(Some(Message::Repeat), true), Some(vec![id(1), id(2)]));
        assert_eq!(tell(Some(Message::Router(router, None)), true), None);
        assert_eq!(tell(router_is([3, 2]), true), Some(vec![id(1), id(2)]), "a router that came back");
    }
}
