//! Tags of objects of any resource that has them. They show with the object, and whoever may change it may tag it; what
//! the caller may not see is not found, where the reference says that it is forbidden and so that it is there.

use std::collections::BTreeSet;

use adit_api::ApiError;
use adit_api::network::tag;
use adit_store::Stored;
use serde_json::{Value, json};

use crate::App;
use crate::caller::Caller;
use crate::resource::{self, Context, FromStore, Resource};

/// `GET .../{id}/tags`.
pub(crate) async fn list<R: Resource>(app: &App, caller: &Caller, id: &str) -> Result<Value, ApiError> {
    Ok(json!({"tags": of::<R>(app, caller, id).await?}))
}

/// `GET .../{id}/tags/{tag}`: whether the object has it.
pub(crate) async fn check<R: Resource>(
    app: &App,
    caller: &Caller,
    id: &str,
    tag: &str,
) -> Result<(), ApiError> {
    let has_it = of::<R>(app, caller, id).await?.iter().any(|has| has == tag);
    if has_it { Ok(()) } else { Err(ApiError::TagNotFound { tag: tag.to_owned() }) }
}

/// `PUT .../{id}/tags`: exactly these from now on.
pub(crate) async fn replace<R: Resource>(
    app: &App,
    caller: &Caller,
    id: &str,
    request: &[u8],
    revision: Option<i64>,
) -> Result<Value, ApiError> {
    let wanted = tag::parse(request)?;
    let tags = change::<R>(app, caller, "update", id, revision, |_| Ok(wanted)).await?;
    Ok(json!({"tags": tags}))
}

/// `POST .../{id}/tags`: these too.
pub(crate) async fn extend<R: Resource>(
    app: &App,
    caller: &Caller,
    id: &str,
    request: &[u8],
) -> Result<Value, ApiError> {
    let more = tag::parse(request)?;
    let tags =
        change::<R>(app, caller, "create", id, None, |tags| Ok(tags.into_iter().chain(more).collect()))
            .await?;
    Ok(json!({"tags": tags}))
}

/// `DELETE .../{id}/tags`.
pub(crate) async fn clear<R: Resource>(
    app: &App,
    caller: &Caller,
    id: &str,
    revision: Option<i64>,
) -> Result<(), ApiError> {
    change::<R>(app, caller, "delete", id, revision, |_| Ok(BTreeSet::new())).await.map(drop)
}

/// `PUT .../{id}/tags/{tag}`: this one too.
pub(crate) async fn add<R: Resource>(
    app: &App,
    caller: &Caller,
    id: &str,
    tag: &str,
    revision: Option<i64>,
) -> Result<(), ApiError> {
    tag::check_one(tag)?;
    let add = |mut tags: BTreeSet<String>| {
        tags.insert(tag.to_owned());
        Ok(tags)
    };
    change::<R>(app, caller, "update", id, revision, add).await.map(drop)
}

/// `DELETE .../{id}/tags/{tag}`.
pub(crate) async fn remove<R: Resource>(
    app: &App,
    caller: &Caller,
    id: &str,
    tag: &str,
    revision: Option<i64>,
) -> Result<(), ApiError> {
    let remove = |mut tags: BTreeSet<String>| {
        if tags.remove(tag) { Ok(tags) } else { Err(ApiError::TagNotFound { tag: tag.to_owned() }) }
    };
    change::<R>(app, caller, "delete", id, revision, remove).await.map(drop)
}

/// Gives an object exactly these tags.
///
/// # Errors
/// [`ApiError::BadRequest`] for too many.
pub(crate) async fn set<R: Resource>(
    cx: Context<'_>,
    record: &mut Stored<R::Record>,
    tags: BTreeSet<String>,
) -> Result<(), ApiError> {
    if tags.len() > tag::MOST {
        return Err(ApiError::BadRequest {
            resource: R::SCHEMA.plural.to_owned(),
            reason: format!("The number of tags exceed the per-resource limit of {}", tag::MOST),
        });
    }
    cx.session.table::<R::Record>().set_tags(record, tags).await.map_err(ApiError::from_store)
}

async fn of<R: Resource>(app: &App, caller: &Caller, id: &str) -> Result<Vec<String>, ApiError> {
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let mut record = resource::find::<R>(Context { session: &session, caller }, id).await?;
    let table = session.table::<R::Record>();
    table.load_tags(std::slice::from_mut(&mut record)).await.map_err(ApiError::from_store)?;
    Ok(record.tags)
}

/// Makes other tags of those that an object has; `action` names the policy's rule.
async fn change<R: Resource>(
    app: &App,
    caller: &Caller,
    action: &str,
    id: &str,
    revision: Option<i64>,
    wanted: impl FnOnce(BTreeSet<String>) -> Result<BTreeSet<String>, ApiError> + Send,
) -> Result<Vec<String>, ApiError> {
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    let cx = Context { session: &session, caller };
    let mut record = resource::lock::<R>(cx, id).await?;
    R::permit(cx, "update", &record).await.map_err(|refused| {
        if matches!(refused, ApiError::PolicyNotAuthorized { .. }) {
            ApiError::PolicyNotAuthorized { rule: format!("rule:{action}_{}:tags", R::SCHEMA.rule) }
        } else {
            refused
        }
    })?;
    resource::require_revision(&record, revision)?;
    let table = session.table::<R::Record>();
    table.load_tags(std::slice::from_mut(&mut record)).await.map_err(ApiError::from_store)?;
    let wanted = wanted(record.tags.iter().cloned().collect())?;
    set::<R>(cx, &mut record, wanted).await?;
    let tags = std::mem::take(&mut record.tags);
    resource::commit(app, session).await?;
    Ok(tags)
}
