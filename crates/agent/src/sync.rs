//! Keeping up with the server: introduce ourselves, list, then watch from there, for ever.

use std::sync::Arc;
use std::time::Duration;

use adit_api::agent::AgentHello;
use adit_model::{AgentId, RouterDocument, RouterId};
use tokio::sync::{Notify, mpsc, watch};

use crate::backoff::Backoff;
use crate::client::{Client, ClientError};

/// News from the server.
#[derive(Debug)]
pub(crate) enum News {
    /// All routers of this agent: what is not among them is not ours.
    All(Vec<RouterDocument>),
    /// What is different from before.
    Some {
        /// Whole new documents.
        changed: Vec<RouterDocument>,
        /// Routers that are not ours any more.
        removed: Vec<RouterId>,
    },
}

/// Where we are in the conversation. Each state needs what the one before gave.
enum State {
    Stranger,
    Known(AgentId),
    Listed(AgentId, u64),
}

/// Follows the server and tells `news`, until nobody listens. `identity` gets to know who we are as soon as we do.
/// `unknown` tells that the server, though it lets us follow, does not take us for who reports: then we say hello again.
pub(crate) async fn run(
    client: Client,
    hello: AgentHello,
    identity: watch::Sender<Option<AgentId>>,
    unknown: Arc<Notify>,
    news: mpsc::Sender<News>,
) {
    let mut state = State::Stranger;
    let mut retry = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
    let mut outage = Outage::default();
    loop {
        // A question that is given up is asked again; what it would have told is told then.
        let stepped = tokio::select! {
            stepped = step(&client, &hello, &state) => stepped,
            () = unknown.notified() => {
                state = State::Stranger;
                continue;
            }
        };
        match stepped {
            Ok((next, told)) => {
                retry.reset();
                outage.is_over();
                if let State::Known(agent) = next {
                    identity.send_replace(Some(agent));
                }
                state = next;
                if let Some(told) = told
                    && news.send(told).await.is_err()
                {
                    return;
                }
            }
            Err(error) => {
                state = after_failure(state, &error);
                // To have missed too much is no outage; asking for everything helps.
                if !matches!(error, ClientError::Gone { .. }) {
                    outage.goes_on(&error);
                }
                tokio::time::sleep(retry.next()).await;
            }
        }
    }
}

async fn step(
    client: &Client,
    hello: &AgentHello,
    state: &State,
) -> Result<(State, Option<News>), ClientError> {
    match *state {
        State::Stranger => {
            let agent = client.hello(hello).await?;
            tracing::info!(agent_id = %agent, "known to the server");
            Ok((State::Known(agent), None))
        }
        State::Known(agent) => {
            let list = client.list(agent).await?;
            Ok((State::Listed(agent, list.revision), Some(News::All(list.routers))))
        }
        State::Listed(agent, revision) => {
            let changes = client.watch(agent, revision).await?;
            let next = State::Listed(agent, changes.revision);
            if changes.changed.is_empty() && changes.removed.is_empty() {
                return Ok((next, None));
            }
            Ok((next, Some(News::Some { changed: changes.changed, removed: changes.removed })))
        }
    }
}

/// A server that is away goes on where it was; one that lost the thread is asked for everything.
fn after_failure(state: State, error: &ClientError) -> State {
    match (state, error) {
        (_, ClientError::Unknown { .. }) => State::Stranger,
        (State::Listed(agent, _), ClientError::Gone { .. }) => State::Known(agent),
        (
            state,
            ClientError::Gone { .. }
            | ClientError::NoAnswer { .. }
            | ClientError::KeyRefused { .. }
            | ClientError::Refused { .. },
        ) => state,
    }
}

/// Says once that something began, and once that it ended.
#[derive(Debug, Default)]
struct Outage {
    last: Option<String>,
}

impl Outage {
    fn goes_on(&mut self, error: &ClientError) {
        let text = error.to_string();
        if self.last.as_ref() != Some(&text) {
            tracing::warn!(error = text, "the server cannot be followed; routers stay as they are");
            self.last = Some(text);
        }
    }

    fn is_over(&mut self) {
        if self.last.take().is_some() {
            tracing::info!("the server can be followed again");
        }
    }
}
