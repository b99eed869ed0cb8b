//! List and watch: how an agent learns of its routers. Level-triggered and resumable: an agent that missed everything
//! but its last revision is told what is different now, not what happened in between.

use std::collections::BTreeSet;
use std::time::Duration;

use adit_api::ApiError;
use adit_api::agent::{RouterChanges, RouterList, WATCH_SECS};
use adit_model::{AgentId, Router, RouterId};
use adit_store::changes::News;
use adit_store::{Listing, Session};
use tokio::time::{Instant, sleep_until};

use super::document;
use crate::App;
use crate::resource::FromStore;

/// All routers of an agent.
///
/// # Errors
/// [`ApiError::Internal`].
pub(crate) async fn list(app: &App, agent: AgentId) -> Result<RouterList, ApiError> {
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    // The revision first: a change between the two reads is then told once more, never missed.
    let revision = session.revision().await.map_err(ApiError::from_store)?;
    let mine = session
        .table::<Router>()
        .list(&Listing::of("agent_id", agent))
        .await
        .map_err(ApiError::from_store)?;
    let mut routers = Vec::with_capacity(mine.len());
    for router in mine {
        routers.extend(document::build(&session, router.id).await?);
    }
    Ok(RouterList { revision, routers })
}

/// Waits until something is newer than `after`, at most [`WATCH_SECS`]; `None` when the log does not reach back so far.
///
/// # Errors
/// [`ApiError::Internal`].
pub(crate) async fn changes(
    app: &App,
    agent: AgentId,
    after: u64,
) -> Result<Option<RouterChanges>, ApiError> {
    let deadline = Instant::now() + Duration::from_secs(WATCH_SECS);
    let mut commits = app.commits();
    loop {
        commits.borrow_and_update();
        let session = app.store().read().await.map_err(ApiError::from_store)?;
        match session.news(agent, after).await.map_err(ApiError::from_store)? {
            News::Unknown => return Ok(None),
            News::Since { revision, routers } if !routers.is_empty() => {
                return changed(&session, agent, revision, routers).await.map(Some);
            }
            News::Since { revision, routers: _ } => {
                drop(session);
                // All arms are cancel-safe: a wake-up that is lost here is found in the log by the next request.
                let goes_on = tokio::select! {
                    _ = commits.changed() => true,
                    () = sleep_until(deadline) => false,
                    () = app.watches_end().cancelled() => false,
                };
                if !goes_on {
                    return Ok(Some(RouterChanges { revision, changed: Vec::new(), removed: Vec::new() }));
                }
            }
        }
    }
}

async fn changed(
    session: &Session,
    agent: AgentId,
    revision: u64,
    routers: BTreeSet<RouterId>,
) -> Result<RouterChanges, ApiError> {
    let mut changes = RouterChanges { revision, changed: Vec::new(), removed: Vec::new() };
    for id in routers {
        let router = session.table::<Router>().find(id).await.map_err(ApiError::from_store)?;
        if router.is_some_and(|router| router.agent_id == Some(agent)) {
            changes.changed.extend(document::build(session, id).await?);
        } else {
            changes.removed.push(id);
        }
    }
    Ok(changes)
}
