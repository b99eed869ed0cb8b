//! `/agent/v1`: what agents ask and tell. See `adit_api::agent` for the protocol.

use adit_api::ApiError;
use adit_api::agent::{AgentHello, AgentWelcome, CheckReport, Report};
use adit_model::{AgentId, CheckId};
use axum::extract::{Path, Query, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::response::refusal;
use super::route::{Operation, Wire, persistently};
use crate::App;
use crate::agents::report::Acceptance;
use crate::agents::{self, Standing};
use crate::vpn::check;

/// Where the API is.
pub(super) const PREFIX: &str = "/agent/v1";

/// Who answers.
type Handler = fn() -> MethodRouter<App>;

/// Everything that agents ask and tell, and who answers.
pub(super) fn table() -> [(Operation, Handler); 5] {
    let mut report_on = Operation::new("POST", "agents/{agent_id}/reports", "Report on routers");
    report_on.gives = (204, Wire::Nothing);
    let mut check =
        Operation::new("PUT", "agents/{agent_id}/checks/{check_id}", "Tell how far a check has come");
    check.gives = (204, Wire::Nothing);
    let changed = "agents/{agent_id}/routers/changes";
    [
        (Operation::new("PUT", "agents/{host}", "Say hello"), || put(hello)),
        (Operation::new("GET", "agents/{agent_id}/routers", "List the routers of an agent"), || get(list)),
        (Operation::new("GET", changed, "Wait for routers that change"), || get(changes)),
        (report_on, || post(report)),
        (check, || put(check_report)),
    ]
}

pub(super) fn routes(app: App) -> Router<App> {
    table()
        .into_iter()
        .fold(Router::new(), |router, (operation, handler)| {
            router.route(&format!("{PREFIX}/{}", operation.path), handler())
        })
        .route_layer(middleware::from_fn_with_state(app, authenticate))
}

/// Lets nobody in without the agent key.
async fn authenticate(State(app): State<App>, request: Request, next: Next) -> Response {
    if bearer(request.headers()).is_some_and(|key| is_same(key, app.agent_key())) {
        return next.run(request).await;
    }
    let hint = "the agent key is missing or wrong: start the agent with the server's `agent.key` file\n";
    (StatusCode::UNAUTHORIZED, hint).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// Compares digests, so that the time it takes tells nothing about the key.
fn is_same(given: &str, wanted: &str) -> bool {
    Sha256::digest(given) == Sha256::digest(wanted)
}

async fn hello(
    State(app): State<App>,
    Path(host): Path<String>,
    Json(hello): Json<AgentHello>,
) -> Result<Json<AgentWelcome>, Refused> {
    let hello = AgentHello { host, ..hello };
    let id = persistently(|| agents::hello(&app, hello.clone())).await?;
    Ok(Json(AgentWelcome { id }))
}

async fn list(State(app): State<App>, Path(id): Path<AgentId>) -> Result<Response, Refused> {
    match agents::standing(&app, id).await? {
        Standing::Stranger => return Ok(unknown_agent()),
        Standing::Lost => agents::note_life(&app, id).await?,
        Standing::Known => {}
    }
    Ok(Json(agents::watch::list(&app, id).await?).into_response())
}

#[derive(Deserialize)]
struct After {
    after: u64,
}

async fn changes(
    State(app): State<App>,
    Path(id): Path<AgentId>,
    Query(After { after }): Query<After>,
) -> Result<Response, Refused> {
    match agents::standing(&app, id).await? {
        Standing::Stranger => return Ok(unknown_agent()),
        Standing::Lost => return Ok(lost_agent()),
        Standing::Known => {}
    }
    match agents::watch::changes(&app, id, after).await? {
        Some(changes) => Ok(Json(changes).into_response()),
        None => Ok(lost_agent()),
    }
}

async fn report(
    State(app): State<App>,
    Path(id): Path<AgentId>,
    Json(report): Json<Report>,
) -> Result<Response, Refused> {
    match agents::standing(&app, id).await? {
        Standing::Stranger => return Ok(unknown_agent()),
        Standing::Lost => return Ok(lost_agent()),
        Standing::Known => {}
    }
    match persistently(|| agents::report::accept(&app, id, &report)).await? {
        Acceptance::Heard => Ok(StatusCode::NO_CONTENT.into_response()),
        Acceptance::Unknown => Ok(unknown_agent()),
    }
}

async fn check_report(
    State(app): State<App>,
    Path((id, check)): Path<(AgentId, CheckId)>,
    Json(report): Json<CheckReport>,
) -> Result<Response, Refused> {
    match agents::standing(&app, id).await? {
        Standing::Stranger => return Ok(unknown_agent()),
        Standing::Lost => return Ok(lost_agent()),
        Standing::Known => {}
    }
    persistently(|| check::accept(&app, id, check, &report)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// An agent that was deleted has to say hello again.
fn unknown_agent() -> Response {
    (StatusCode::NOT_FOUND, "this agent is not known: say hello first\n").into_response()
}

fn lost_agent() -> Response {
    (StatusCode::GONE, "list the routers again\n").into_response()
}

struct Refused(ApiError);

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        refusal(&self.0)
    }
}
