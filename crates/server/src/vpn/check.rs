//! Checks of site connections: asking the gateway to look, and what became of it.
//!
//! A check is a row, and stands in its router's document until it has ended; the change log wakes the agent. A check whose
//! time is over has failed, whether or not anybody looks: no task has to write that down.

use std::net::IpAddr;
use std::time::Duration;

use adit_api::agent::{CheckReport, WATCH_SECS};
use adit_api::vpn::check::{Create, SCHEMA, View};
use adit_api::{ApiError, body, view};
use adit_model::check::{CheckState, Verdict, is_host};
use adit_model::{AgentId, CheckId, Reason, ReasonCode, Router, SiteConnection, VpnService};
use adit_store::{Agent, Check, Session, Stored};
use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::SiteConnections;
use crate::App;
use crate::agents::{self, document};
use crate::caller::Caller;
use crate::resource::{self, Context, FromStore, find, lock};

/// So long an agent has to take a check. It hears of it at once, or, from another server than the one that was asked, when
/// its watch ends.
const TAKEN_WITHIN: Duration = Duration::from_secs(WATCH_SECS + 10);
/// So long an agent has to bring a check to its end, which takes it a few seconds.
const DONE_WITHIN: Duration = Duration::from_secs(60);

/// `POST /vpn/ipsec-site-connections/{id}/checks`. Where the same is being checked already, that check is the answer: who
/// asks twice, since the first answer was lost or two people look at the same fault, sends no more packets for it.
pub(crate) async fn create(app: &App, caller: &Caller, id: &str, request: &[u8]) -> Result<Value, ApiError> {
    let checked = body::parse_create(&SCHEMA, request, caller.sender())?;
    let Create { target } = serde_json::from_value(Value::Object(checked)).map_err(ApiError::internal)?;
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    let connection = lock::<SiteConnections>(Context { session: &session, caller }, id).await?;
    caller.require_change(&connection.project_id, "create", SCHEMA.rule)?;
    let spec = document::of_connection(&session, connection.clone()).await?;
    if let Some(target) = target {
        require_peer(target, &spec.peer_networks)?;
    }
    let table = session.table::<SiteConnection>();
    let open = table.open_checks(vec![connection.id]).await.map_err(ApiError::from_store)?;
    if let Some(open) = open.into_iter().next() {
        return if open.target == target {
            shown(open, session.now())
        } else {
            Err(ApiError::IPsecSiteConnectionCheckInProgress {
                id: connection.id.to_string(),
                check: open.id.to_string(),
            })
        };
    }
    let mut check = Check {
        id: CheckId::new(Uuid::new_v4()),
        site_connection_id: connection.id,
        target,
        state: CheckState::Pending,
        created_at: session.now(),
        expires_at: session.now() + TAKEN_WITHIN,
        finished_at: None,
        reason: None,
        results: Vec::new(),
    };
    let router = router_of(&session, &connection).await?;
    match serving(&session, &router).await? {
        Ok(agent) => session.announce(router.id, agent),
        Err(reason) => end(&mut check, session.now(), reason),
    }
    table.begin_check(&check).await.map_err(ApiError::from_store)?;
    let answer = shown(check, session.now())?;
    resource::commit(app, session).await?;
    Ok(answer)
}

/// `GET /vpn/ipsec-site-connections/{id}/checks`: the newest first.
pub(crate) async fn list(app: &App, caller: &Caller, id: &str) -> Result<Value, ApiError> {
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let connection = find::<SiteConnections>(Context { session: &session, caller }, id).await?;
    let checks = session.table::<SiteConnection>().checks(connection.id).await;
    let checks = checks.map_err(ApiError::from_store)?.into_iter();
    let checks = checks.map(|check| object(check, session.now())).collect::<Result<_, _>>()?;
    Ok(view::wrap_list(&SCHEMA, checks, None))
}

/// `GET /vpn/ipsec-site-connections/{id}/checks/{check_id}`.
pub(crate) async fn show(app: &App, caller: &Caller, id: &str, check_id: &str) -> Result<Value, ApiError> {
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let connection = find::<SiteConnections>(Context { session: &session, caller }, id).await?;
    let not_found = || ApiError::IPsecSiteConnectionCheckNotFound { id: check_id.to_owned() };
    let wanted = check_id.parse().map_err(|_| not_found())?;
    let check = session.table::<SiteConnection>().check(wanted).await.map_err(ApiError::from_store)?;
    let check = check.filter(|check| check.site_connection_id == connection.id).ok_or_else(not_found)?;
    shown(check, session.now())
}

/// What an agent tells of a check. What it tells of one that is not its own, or that nobody waits for any more, is ignored.
pub(crate) async fn accept(
    app: &App,
    agent: AgentId,
    id: CheckId,
    report: &CheckReport,
) -> Result<(), ApiError> {
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    let table = session.table::<SiteConnection>();
    let check = table.check(id).await.map_err(ApiError::from_store)?;
    let Some(mut check) = check.filter(|check| check.is_open(session.now())) else { return Ok(()) };
    let connection = table.find(check.site_connection_id).await.map_err(ApiError::from_store)?;
    let Some(connection) = connection else { return Ok(()) };
    if router_of(&session, &connection).await?.agent_id != Some(agent) {
        return Ok(());
    }
    match report {
        CheckReport::Running => {
            (check.state, check.expires_at) = (CheckState::Running, session.now() + DONE_WITHIN);
        }
        CheckReport::Done { results } => {
            (check.state, check.finished_at) = (CheckState::Done, Some(session.now()));
            check.results.clone_from(results);
        }
        CheckReport::Failed { reason } => end(&mut check, session.now(), reason.clone()),
    }
    table.go_on_with_check(&check).await.map_err(ApiError::from_store)?;
    session.commit().await.map_err(ApiError::from_store)
}

/// Whether a host of the peer's may have this address.
fn require_peer(target: IpAddr, networks: &[IpNet]) -> Result<(), ApiError> {
    if networks.iter().any(|network| is_host(network, target)) {
        return Ok(());
    }
    let all: Vec<String> = networks.iter().map(ToString::to_string).collect();
    let all = all.join(", ");
    Err(ApiError::bad_request(format!(
        "Invalid input for target. Reason: {target} is no host of the peer's networks: {all}."
    )))
}

async fn router_of(session: &Session, connection: &SiteConnection) -> Result<Stored<Router>, ApiError> {
    let gone = || ApiError::internal("an IPsec site connection is on no router");
    let service = session.table::<VpnService>().find(connection.vpn_service_id).await;
    let service = service.map_err(ApiError::from_store)?.ok_or_else(gone)?;
    session.table::<Router>().find(service.router_id).await.map_err(ApiError::from_store)?.ok_or_else(gone)
}

/// The agent that can be asked, or why there is none.
async fn serving(session: &Session, router: &Router) -> Result<Result<AgentId, Reason>, ApiError> {
    let offline = |why: String| Err(Reason::new(ReasonCode::AgentOffline, why));
    let Some(id) = router.agent_id else { return Ok(offline("no agent serves the router".to_owned())) };
    let agent = session.table::<Agent>().find(id).await.map_err(ApiError::from_store)?;
    Ok(match agent {
        Some(agent) if agents::is_alive(&agent, session.now()) => Ok(id),
        Some(agent) => offline(format!(
            "the agent on node `{}` has not been heard of since {}",
            agent.host, agent.heartbeat_at
        )),
        None => offline("no agent serves the router".to_owned()),
    })
}

/// Without results.
fn end(check: &mut Check, at: Timestamp, reason: Reason) {
    (check.state, check.finished_at, check.reason) = (CheckState::Failed, Some(at), Some(reason));
}

fn shown(check: Check, now: Timestamp) -> Result<Value, ApiError> {
    Ok(view::wrap_one(&SCHEMA, object(check, now)?))
}

fn object(mut check: Check, now: Timestamp) -> Result<Value, ApiError> {
    if let Some(reason) = overdue(&check, now) {
        let at = check.expires_at;
        end(&mut check, at, reason);
    }
    let Check {
        id,
        site_connection_id,
        target,
        state,
        created_at,
        expires_at: _,
        finished_at,
        reason,
        results,
    } = check;
    let (verdict, summary) = match state {
        CheckState::Done => {
            let (verdict, summary) = Verdict::of(&results);
            (Some(verdict), Some(summary))
        }
        CheckState::Pending | CheckState::Running | CheckState::Failed => (None, None),
    };
    let shown = View {
        id,
        ipsec_site_connection_id: site_connection_id,
        target,
        state,
        created_at,
        finished_at,
        reason,
        verdict,
        summary,
        results,
    };
    serde_json::to_value(shown).map_err(ApiError::internal)
}

/// Why a check has ended by itself, if it has.
fn overdue(check: &Check, now: Timestamp) -> Option<Reason> {
    let why = match check.state {
        CheckState::Done | CheckState::Failed => return None,
        CheckState::Pending => format!("no agent took the check within {} s", TAKEN_WITHIN.as_secs()),
        CheckState::Running => {
            format!("the agent took the check, and told of no end of it within {} s", DONE_WITHIN.as_secs())
        }
    };
    (!check.is_open(now)).then(|| Reason::new(ReasonCode::AgentOffline, why))
}
