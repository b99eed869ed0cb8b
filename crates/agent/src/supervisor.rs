//! One task per router, and the news of the server to each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use adit_model::{RouterDocument, RouterId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, timeout};

use crate::check::{Checks, Teller};
use crate::config;
use crate::router::{self, Done, Node, Wanted};
use crate::sync::News;

/// How long all routers together may take to leave the node: hundreds of them take seconds, and whoever stops the agent
/// has less patience than systemd's usual 90 s.
const LEAVE_LIMIT: Duration = Duration::from_secs(60);

/// Runs until the server's news end; the routers' tasks end with it. Whoever asks by `leave` is answered when no router is
/// on the node any more, or the time for that is over; that is the end as well.
pub(crate) async fn run(
    node: Arc<Node>,
    teller: Teller,
    mut news: mpsc::Receiver<News>,
    mut leave: oneshot::Receiver<oneshot::Sender<()>>,
) {
    let (tell, mut told) = mpsc::unbounded_channel();
    let checks = Checks::new(node.clone(), teller);
    let mut supervisor =
        Supervisor { node, routers: BTreeMap::new(), tasks: JoinSet::new(), tell, catching_up: None, checks };
    loop {
        // All arms are cancel-safe.
        tokio::select! {
            heard = news.recv() => match heard {
                Some(heard) => supervisor.hear(heard),
                None => return,
            },
            Some(done) = told.recv() => supervisor.done(done),
            Some(ended) = supervisor.tasks.join_next() => log_end(ended),
            asked = &mut leave => {
                // An agent that goes without asking takes this task with it.
                let Ok(left) = asked else { return };
                supervisor.leave(told).await;
                let _ = left.send(());
                return;
            }
        }
    }
}

fn log_end(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "the task of a router failed");
    }
}

struct Supervisor {
    node: Arc<Node>,
    routers: BTreeMap<RouterId, watch::Sender<Wanted>>,
    tasks: JoinSet<()>,
    tell: mpsc::UnboundedSender<Done>,
    /// Since when, and with which routers still to do, after the server has told of all.
    catching_up: Option<(Instant, BTreeSet<RouterId>)>,
    checks: Checks,
}

impl Supervisor {
    fn hear(&mut self, news: News) {
        match news {
            News::All(documents) => {
                let listed: BTreeSet<_> = documents.iter().map(|document| document.id).collect();
                let ours =
                    self.routers.keys().copied().chain(remembered(&self.node)).collect::<BTreeSet<_>>();
                for router in ours.difference(&listed) {
                    self.tell(*router, Wanted::Gone);
                }
                self.catching_up = Some((Instant::now(), &ours | &listed));
                self.change(documents);
                self.caught_up();
                // The server asks for everything after it lost, or we lost, the thread.
                self.node.reports.repeat();
            }
            News::Some { changed, removed } => {
                for router in removed {
                    self.tell(router, Wanted::Gone);
                }
                self.change(changed);
            }
        }
    }

    fn change(&mut self, documents: Vec<RouterDocument>) {
        for document in documents {
            let document = Arc::new(document);
            self.checks.want(&document);
            self.tell(document.id, Wanted::Present(document));
        }
    }

    fn tell(&mut self, router: RouterId, wanted: Wanted) {
        if matches!(wanted, Wanted::Gone) {
            self.checks.gone(router);
        }
        match self.routers.get(&router) {
            // A task that failed by a fault of ours has dropped its end: it is started anew below.
            Some(sender) if !sender.is_closed() => {
                sender.send_replace(wanted);
            }
            _ => {
                let (sender, receiver) = watch::channel(wanted);
                self.routers.insert(router, sender);
                self.tasks.spawn(router::run(router, self.node.clone(), receiver, self.tell.clone()));
            }
        }
    }

    /// Takes all routers off the node, whatever the server wants of them.
    async fn leave(&mut self, mut told: mpsc::UnboundedReceiver<Done>) {
        let since = Instant::now();
        let ours = self.routers.keys().copied().chain(remembered(&self.node)).collect::<BTreeSet<_>>();
        for router in &ours {
            let wanted = self.routers.get(router).map(|wanted| wanted.borrow().away());
            self.checks.gone(*router);
            self.tell(*router, wanted.unwrap_or(Wanted::Away(None)));
        }
        let mut staying = ours.clone();
        let leaving = async {
            while !staying.is_empty() {
                // Both arms are cancel-safe.
                tokio::select! {
                    Some(done) = told.recv() => match done {
                        Done::Away(router) => drop(staying.remove(&router)),
                        // One that was wanted again meanwhile is on its way to be away.
                        Done::Gone(router) if self.is_unwanted(router) => drop(staying.remove(&router)),
                        Done::Gone(_) | Done::Matches(_) => {}
                    },
                    Some(ended) = self.tasks.join_next() => log_end(ended),
                }
            }
        };
        let has_failed = timeout(LEAVE_LIMIT, leaving).await.is_err();
        let took_ms = since.elapsed().as_millis();
        if has_failed {
            tracing::error!(routers = ?staying, took_ms, "these routers are still on the node");
        } else {
            tracing::info!(routers = ours.len(), took_ms, "all routers have left the node");
        }
    }

    fn done(&mut self, done: Done) {
        let (Done::Matches(router) | Done::Gone(router) | Done::Away(router)) = done;
        if let Some((_, routers)) = &mut self.catching_up {
            routers.remove(&router);
        }
        self.caught_up();
        if matches!(done, Done::Gone(_)) {
            self.forget(router);
        }
    }

    /// Says once that everything is as the server wanted it when it told of all.
    fn caught_up(&mut self) {
        if let Some((since, _)) = self.catching_up.take_if(|(_, routers)| routers.is_empty()) {
            let took_ms = since.elapsed().as_millis();
            tracing::info!(routers = self.routers.len(), took_ms, "all routers are as the server wants them");
        }
    }

    /// A router that has left the node needs no task, unless it is wanted again by now.
    fn forget(&mut self, router: RouterId) {
        if self.is_unwanted(router) {
            self.routers.remove(&router);
        }
    }

    fn is_unwanted(&self, router: RouterId) -> bool {
        self.routers.get(&router).is_some_and(|wanted| matches!(*wanted.borrow(), Wanted::Gone))
    }
}

/// The routers that this agent, or one before it, has made on this node.
fn remembered(node: &Node) -> Vec<RouterId> {
    let folder = config::routers_dir(&node.config.state_dir);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) => {
            tracing::error!(%error, folder = %folder.display(), "cannot see which routers are ours");
            return Vec::new();
        }
    };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}
