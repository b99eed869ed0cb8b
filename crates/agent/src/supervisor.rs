//! One task per router, and the news of the server to each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use adit_model::{RouterDocument, RouterId};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::check::{Checks, Teller};
use crate::config;
use crate::router::{self, Done, Node, Wanted};
use crate::sync::News;

/// Runs until the server's news end; the routers' tasks end with it.
pub(crate) async fn run(node: Arc<Node>, teller: Teller, mut news: mpsc::Receiver<News>) {
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
            Some(ended) = supervisor.tasks.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "the task of a router failed");
                }
            }
        }
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

    fn done(&mut self, done: Done) {
        let (Done::Matches(router) | Done::Gone(router)) = done;
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
        if self.routers.get(&router).is_some_and(|wanted| matches!(*wanted.borrow(), Wanted::Gone)) {
            self.routers.remove(&router);
        }
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
