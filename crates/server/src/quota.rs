//! How much of everything a project may have: defaults for all, limits of their own for some.

use std::collections::BTreeMap;

use adit_api::attribute::Kind;
use adit_api::network::quota::SCHEMA;
use adit_api::{ApiError, body};
use adit_model::{
    EndpointGroup, FloatingIp, IkePolicy, IpsecPolicy, Network, Port, ProjectId, Router, SecurityGroup,
    SecurityGroupRule, SiteConnection, Subnet, VpnService,
};
use adit_store::{Listing, Record, Session};
use serde_json::{Map, Value, json};

use crate::App;
use crate::caller::Caller;
use crate::resource::{Context, FromStore, Resource};

/// What a project may have that has no limits of its own; -1 is as much as it likes.
const DEFAULTS: [(&str, i64); 15] = [
    ("network", 100),
    ("subnet", 100),
    ("subnetpool", UNLIMITED),
    ("port", 500),
    ("router_route", 30),
    ("router", 10),
    ("floatingip", 50),
    ("rbac_policy", 10),
    ("security_group", 10),
    ("security_group_rule", 100),
    ("ikepolicy", UNLIMITED),
    ("ipsecpolicy", UNLIMITED),
    ("endpoint_group", UNLIMITED),
    ("vpnservice", UNLIMITED),
    ("ipsec_site_connection", UNLIMITED),
];

const UNLIMITED: i64 = -1;

/// Refuses `more` objects of a resource to a project that may not have that many.
///
/// # Errors
/// [`ApiError::OverQuota`].
pub(crate) async fn admit<R: Resource>(
    cx: Context<'_>,
    project: &ProjectId,
    more: usize,
) -> Result<(), ApiError> {
    let resource = R::SCHEMA.singular;
    lock(cx.session, project, resource).await?;
    let limit = limit(cx.session, project, resource).await?;
    if limit == UNLIMITED {
        return Ok(());
    }
    let used = count::<R::Record>(cx.session, project).await?;
    require_within(limit, resource, used.saturating_add(more))
}

/// Sees to it that nobody else makes objects of a resource for a project before this session ends: for those who will
/// count them later, when they have locked what stands behind quotas in the order of locks.
///
/// # Errors
/// [`ApiError::Collision`].
pub(crate) async fn hold<R: Resource>(cx: Context<'_>, project: &ProjectId) -> Result<(), ApiError> {
    lock(cx.session, project, R::SCHEMA.singular).await
}

/// What others make at the same moment is counted too: whoever counts comes one after the other.
async fn lock(session: &Session, project: &ProjectId, resource: &str) -> Result<(), ApiError> {
    session.lock_name("quota", format!("{project} {resource}")).await.map_err(ApiError::from_store)
}

/// Refuses more of something than a project may have at once.
///
/// # Errors
/// [`ApiError::OverQuota`].
pub(crate) async fn admit_count(
    cx: Context<'_>,
    project: &ProjectId,
    resource: &str,
    count: usize,
) -> Result<(), ApiError> {
    require_within(limit(cx.session, project, resource).await?, resource, count)
}

fn require_within(limit: i64, resource: &str, count: usize) -> Result<(), ApiError> {
    if limit == UNLIMITED || i64::try_from(count).is_ok_and(|count| count <= limit) {
        return Ok(());
    }
    Err(ApiError::OverQuota { resource: resource.to_owned() })
}

/// `GET /quotas/{project}`.
pub(crate) async fn show(app: &App, caller: &Caller, project: &str) -> Result<Value, ApiError> {
    require_read(caller, project)?;
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    Ok(json!({"quota": limits(&session, &ProjectId::new(project)).await?}))
}

/// `GET /quotas/{project}/default`.
pub(crate) fn defaults(caller: &Caller, project: &str) -> Result<Value, ApiError> {
    require_read(caller, project)?;
    let limits: Map<String, Value> =
        DEFAULTS.iter().map(|(resource, limit)| ((*resource).to_owned(), Value::from(*limit))).collect();
    Ok(json!({"quota": limits}))
}

/// `GET /quotas/{project}/details`.
pub(crate) async fn details(app: &App, caller: &Caller, project: &str) -> Result<Value, ApiError> {
    require_read(caller, project)?;
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let project = ProjectId::new(project);
    let mut details = Map::new();
    for (resource, limit) in limits(&session, &project).await? {
        let used = used(&session, &project, &resource).await?;
        details.insert(resource, json!({"limit": limit, "used": used, "reserved": 0}));
    }
    Ok(json!({"quota": details}))
}

/// `GET /quotas`: the projects with limits of their own.
pub(crate) async fn list(app: &App, caller: &Caller) -> Result<Value, ApiError> {
    caller.require_admin("get", SCHEMA.rule)?;
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let mut quotas = Vec::new();
    for project in session.quotas().await.map_err(ApiError::from_store)?.into_keys() {
        let mut quota = limits(&session, &project).await?;
        for name in ["project_id", "tenant_id"] {
            quota.insert(name.to_owned(), Value::from(project.as_str()));
        }
        quotas.push(quota);
    }
    Ok(json!({"quotas": quotas}))
}

/// `PUT /quotas/{project}`. The project need not exist. A limit below what is used is refused unless forced, whether
/// or not the client asks for that check, as older ones have to.
pub(crate) async fn update(
    app: &App,
    caller: &Caller,
    project: &str,
    request: &[u8],
) -> Result<Value, ApiError> {
    let mut checked = body::parse_update(&SCHEMA, request)?;
    caller.require_admin("update", SCHEMA.rule)?;
    let is_forced = checked.remove("force") == Some(Value::Bool(true));
    checked.remove("check_limit");
    Kind::ShortText.check(&Value::from(project)).map_err(|error| error.at("project_id"))?;
    let project = ProjectId::new(project);
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    let checked: BTreeMap<String, Value> = checked.into_iter().collect();
    for resource in checked.keys() {
        lock(&session, &project, resource).await?;
    }
    for (resource, limit) in checked {
        let limit = limit.as_i64().unwrap_or(UNLIMITED);
        if !is_forced && limit != UNLIMITED {
            let used = used(&session, &project, &resource).await?;
            if i64::try_from(used).is_ok_and(|used| limit < used) {
                return Err(ApiError::bad_request(format!(
                    "Quota limit {limit} for {resource} must be greater than or equal to already used {used}"
                )));
            }
        }
        session.set_quota(&project, &resource, limit).await.map_err(ApiError::from_store)?;
    }
    let limits = limits(&session, &project).await?;
    session.commit().await.map_err(ApiError::from_store)?;
    Ok(json!({"quota": limits}))
}

/// `DELETE /quotas/{project}`: back to the defaults.
pub(crate) async fn delete(app: &App, caller: &Caller, project: &str) -> Result<(), ApiError> {
    caller.require_admin("delete", SCHEMA.rule)?;
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    if !session.clear_quota(&ProjectId::new(project)).await.map_err(ApiError::from_store)? {
        return Err(ApiError::TenantQuotaNotFound { project: project.to_owned() });
    }
    session.commit().await.map_err(ApiError::from_store)
}

fn require_read(caller: &Caller, project: &str) -> Result<(), ApiError> {
    if caller.project_id.as_str() == project { Ok(()) } else { caller.require_admin("get", SCHEMA.rule) }
}

/// Every limit of a project, in the order of the defaults.
async fn limits(session: &Session, project: &ProjectId) -> Result<Map<String, Value>, ApiError> {
    let own = session.quota(project).await.map_err(ApiError::from_store)?;
    let limit = |(resource, default): (&str, i64)| {
        (resource.to_owned(), Value::from(own.get(resource).copied().unwrap_or(default)))
    };
    Ok(DEFAULTS.into_iter().map(limit).collect())
}

async fn limit(session: &Session, project: &ProjectId, resource: &str) -> Result<i64, ApiError> {
    let own = session.quota(project).await.map_err(ApiError::from_store)?;
    let default = DEFAULTS.iter().find(|(name, _)| *name == resource).map(|(_, limit)| *limit);
    Ok(own.get(resource).copied().or(default).unwrap_or(UNLIMITED))
}

/// How much a project has of something; nothing of what Adit does not have, or does not count.
async fn used(session: &Session, project: &ProjectId, resource: &str) -> Result<usize, ApiError> {
    match resource {
        "network" => count::<Network>(session, project).await,
        "subnet" => count::<Subnet>(session, project).await,
        "port" => count::<Port>(session, project).await,
        "floatingip" => count::<FloatingIp>(session, project).await,
        "security_group" => count::<SecurityGroup>(session, project).await,
        "security_group_rule" => count::<SecurityGroupRule>(session, project).await,
        "router" => count::<Router>(session, project).await,
        "ikepolicy" => count::<IkePolicy>(session, project).await,
        "ipsecpolicy" => count::<IpsecPolicy>(session, project).await,
        "endpoint_group" => count::<EndpointGroup>(session, project).await,
        "vpnservice" => count::<VpnService>(session, project).await,
        "ipsec_site_connection" => count::<SiteConnection>(session, project).await,
        _ => Ok(0),
    }
}

async fn count<R: Record>(session: &Session, project: &ProjectId) -> Result<usize, ApiError> {
    let count = session.table::<R>().count(&Listing::of("project_id", project)).await;
    Ok(usize::try_from(count.map_err(ApiError::from_store)?).unwrap_or(usize::MAX))
}
