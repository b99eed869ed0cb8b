//! The life of a resource of the Networking API, written once: parse, look up, permit, decide, commit, show.
//!
//! The order is the contract's: what is wrong with a request is told before whether its object is there, that before
//! what the caller may not do, that before the quota, and the resource's own rules come last.
//!
//! A resource says what is special about it by [`Resource`]; the functions below are all that HTTP calls.

mod failure;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use adit_api::attribute::Dialect;
use adit_api::body::Creation;
use adit_api::query::{self, ListQuery};
use adit_api::{ApiError, Schema, body, view};
use adit_model::ProjectId;
use adit_store::{Error as StoreError, Filter, Listing, Page, Record, Session, Stored};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use self::failure::FromStore;
use crate::App;
use crate::caller::Caller;
use crate::{quota, tags};

/// What a use case works with: one transaction, on behalf of one caller.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) session: &'a Session,
    pub(crate) caller: &'a Caller,
}

/// A resource of the Networking API: its declaration and its rules.
pub(crate) trait Resource: 'static {
    /// The value that is stored.
    type Record: Record;
    /// A checked POST.
    type Create: DeserializeOwned + Send + Sync;
    /// A checked PUT.
    type Update: DeserializeOwned + Send + Sync;
    /// An answer.
    type View: Serialize + Send;
    /// The declaration.
    const SCHEMA: &'static Schema;
    /// What can be done with an object beside changing it: what, `_`, and with what; the policy's rule has the same name.
    const ACTIONS: &'static [&'static str] = &[];
    /// Whether the cloud's other services see the objects of every project.
    const SERVICE_READS: bool = false;
    /// Whether the cloud's other services make objects.
    const SERVICE_CREATES: bool = false;

    /// The answer for an object that is not there, or that the caller may not see.
    fn not_found(id: &str) -> ApiError;

    /// Whose object it is.
    fn owner(record: &Self::Record) -> &ProjectId;

    /// Does what takes long before the transaction begins; what fails here is refused by [`Self::create`] in its turn.
    fn prepare_create(create: &mut Self::Create) -> impl Future<Output = ()> + Send {
        let _ = create;
        std::future::ready(())
    }

    /// As [`Self::prepare_create`], for [`Self::update`].
    fn prepare_update(update: &mut Self::Update) -> impl Future<Output = ()> + Send {
        let _ = update;
        std::future::ready(())
    }

    /// Does what must be done before there is a list.
    fn prepare_list(app: &App, caller: &Caller) -> impl Future<Output = Result<(), ApiError>> + Send {
        let _ = (app, caller);
        std::future::ready(Ok(()))
    }

    /// What is told before a project is told that it has enough: that something which the object is to be part of is
    /// not there or may not be used, or that the caller may not set something.
    fn permit_create(
        cx: Context<'_>,
        create: &Self::Create,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        let _ = (cx, create);
        std::future::ready(Ok(()))
    }

    /// Makes an object. The caller may make objects for this owner.
    fn create(
        cx: Context<'_>,
        create: Self::Create,
    ) -> impl Future<Output = Result<Stored<Self::Record>, ApiError>> + Send;

    /// Changes an object that the caller may change.
    fn update(
        cx: Context<'_>,
        record: Stored<Self::Record>,
        update: Self::Update,
    ) -> impl Future<Output = Result<Stored<Self::Record>, ApiError>> + Send;

    /// Removes an object that the caller may change.
    fn delete(
        cx: Context<'_>,
        record: Stored<Self::Record>,
    ) -> impl Future<Output = Result<(), ApiError>> + Send;

    /// How objects are shown to the caller.
    fn views(
        cx: Context<'_>,
        records: Vec<Stored<Self::Record>>,
    ) -> impl Future<Output = Result<Vec<Self::View>, ApiError>> + Send;

    /// Whether the caller may change an object that it sees.
    ///
    /// # Errors
    /// [`ApiError::PolicyNotAuthorized`].
    fn permit(
        cx: Context<'_>,
        action: &'static str,
        record: &Self::Record,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        std::future::ready(cx.caller.require_change(Self::owner(record), action, Self::SCHEMA.rule))
    }

    /// Locks what stands before the object in the order of locks (see `ARCHITECTURE.md`), as far as the request is about it.
    /// `update` is what a PUT wants. Only asked where several write side by side.
    fn lock_first(
        cx: Context<'_>,
        id: &str,
        update: Option<&Self::Update>,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        let _ = (cx, id, update);
        std::future::ready(Ok(()))
    }

    /// `PUT .../{id}/{action}`, for each of [`Self::ACTIONS`], of an object that the caller may change, and that is locked.
    fn act(
        cx: Context<'_>,
        record: Stored<Self::Record>,
        action: &str,
        request: &[u8],
    ) -> impl Future<Output = Result<Value, ApiError>> + Send {
        let _ = (cx, record, action, request);
        std::future::ready(Err(ApiError::HTTPNotFound))
    }
}

/// `POST /{collection}`: one object, or several of which all are made or none.
pub(crate) async fn create<R: Resource>(
    app: &App,
    caller: &Caller,
    request: &[u8],
) -> Result<Value, ApiError> {
    let (bodies, is_bulk) = match body::parse_creation(R::SCHEMA, request, caller.sender())? {
        Creation::One(one) => (vec![one], false),
        Creation::Many(many) => (many, true),
    };
    let mut wanted = Vec::with_capacity(bodies.len());
    let mut owners = BTreeMap::<ProjectId, usize>::new();
    // What a client wrote is repeated in the answer.
    let mut given = Vec::with_capacity(bodies.len());
    for mut checked in bodies {
        app.config().vpn.complete(R::SCHEMA, &mut checked);
        app.config().vpn.permit(R::SCHEMA, &checked)?;
        given.push(checked.clone());
        let owner = ProjectId::new(checked.get("project_id").and_then(Value::as_str).unwrap_or_default());
        if !(R::SERVICE_CREATES && caller.is_service()) {
            caller.require_change(&owner, "create", R::SCHEMA.rule)?;
        }
        *owners.entry(owner).or_default() += 1;
        let tags: Option<BTreeSet<String>> = checked.remove("tags").map(typed).transpose()?;
        let mut create: R::Create = typed(Value::Object(checked))?;
        R::prepare_create(&mut create).await;
        wanted.push((create, tags));
    }
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    let cx = Context { session: &session, caller };
    for (create, _) in &wanted {
        R::permit_create(cx, create).await?;
    }
    for (owner, count) in &owners {
        quota::admit::<R>(cx, owner, *count).await?;
    }
    let mut records = Vec::with_capacity(wanted.len());
    for (create, tags) in wanted {
        let mut record = R::create(cx, create).await?;
        if let Some(tags) = tags {
            tags::set::<R>(cx, &mut record, tags).await?;
        }
        records.push(record);
    }
    let mut objects = show_many::<R>(cx, records, &[]).await?;
    for (object, given) in objects.iter_mut().zip(&given) {
        body::echo(R::SCHEMA, given, object);
    }
    commit(app, session).await?;
    match objects.pop() {
        Some(object) if !is_bulk => Ok(view::wrap_one(R::SCHEMA, object)),
        last => Ok(view::wrap_list(R::SCHEMA, objects.into_iter().chain(last).collect(), None)),
    }
}

/// `GET /{collection}`, as the text that is sent. `url` is the collection's own, for links.
pub(crate) async fn list<R: Resource>(
    app: &App,
    caller: &Caller,
    pairs: &[(String, String)],
    url: &str,
) -> Result<Vec<u8>, ApiError> {
    query::permit(R::SCHEMA, pairs, caller.is_admin())?;
    let query = ListQuery::parse(R::SCHEMA, pairs)?;
    R::prepare_list(app, caller).await?;
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let cx = Context { session: &session, caller };
    let listing = listing::<R>(caller, &query);
    if let (Dialect::Vpn, None, Some(marker)) = (R::SCHEMA.dialect, &listing.page, &query.marker) {
        // Without pages there is nothing to go on from, but what is no object of the list is no marker either.
        let found = session.table::<R::Record>().find_in(marker, &listing).await;
        let missing = || StoreError::UnknownMarker { marker: marker.clone() };
        found.and_then(|found| found.ok_or_else(missing)).map_err(ApiError::from_store)?;
    }
    let records = session.table::<R::Record>().list(&listing).await;
    let mut records = records.map_err(|error| match (error, R::SCHEMA.dialect) {
        // Clients of the core resources know a marker that is gone as an object that is not found.
        (StoreError::UnknownMarker { marker }, Dialect::Core) => R::not_found(&marker),
        (error, Dialect::Core | Dialect::Vpn) => ApiError::from_store(error),
    })?;
    let links = query.limit.map(|limit| {
        let ids: Vec<String> = records.iter().map(|record| record.record.id()).collect();
        view::page_links(url, pairs, &ids, limit, query.reverse)
    });
    session.table::<R::Record>().load_tags(&mut records).await.map_err(ApiError::from_store)?;
    let has_owner = R::SCHEMA.attribute("project_id").is_some();
    let owners: Vec<Option<ProjectId>> =
        records.iter().map(|record| has_owner.then(|| R::owner(record).clone())).collect();
    let views = R::views(cx, records).await?;
    // The database has done its part: writing a long list needs no connection to it.
    drop(session);
    let listed: Vec<_> =
        views.into_iter().zip(owners).map(|(view, owner)| view::Listed { view, owner }).collect();
    view::list_text(R::SCHEMA, &listed, caller.is_admin(), &query.fields, links)
}

/// `GET /{collection}/{id}`.
pub(crate) async fn show<R: Resource>(
    app: &App,
    caller: &Caller,
    id: &str,
    pairs: &[(String, String)],
) -> Result<Value, ApiError> {
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let cx = Context { session: &session, caller };
    let record = find::<R>(cx, id).await?;
    show_one::<R>(cx, record, &query::fields(pairs)).await
}

/// `PUT /{collection}/{id}`.
pub(crate) async fn update<R: Resource>(
    app: &App,
    caller: &Caller,
    id: &str,
    request: &[u8],
    revision: Option<i64>,
) -> Result<Value, ApiError> {
    let checked = body::parse_update(R::SCHEMA, request)?;
    app.config().vpn.permit(R::SCHEMA, &checked)?;
    let mut update: R::Update = typed(Value::Object(checked.clone()))?;
    R::prepare_update(&mut update).await;
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    let cx = Context { session: &session, caller };
    if !session.writes_alone() {
        R::lock_first(cx, id, Some(&update)).await?;
    }
    let record = find_to_change::<R>(cx, "update", id, revision).await?;
    if body::needs_permission(R::SCHEMA, &checked, caller.sender()) {
        let current = R::views(cx, vec![record.clone()]).await?.pop();
        let Value::Object(current) = serde_json::to_value(current).map_err(ApiError::internal)? else {
            return Err(ApiError::internal("a view is missing"));
        };
        body::permit_update(R::SCHEMA, &checked, &current, caller.sender())?;
    }
    let record = R::update(cx, record, update).await?;
    let mut shown = show_one::<R>(cx, record, &[]).await?;
    body::echo(R::SCHEMA, &checked, &mut shown[R::SCHEMA.singular]);
    commit(app, session).await?;
    Ok(shown)
}

/// `DELETE /{collection}/{id}`.
pub(crate) async fn delete<R: Resource>(
    app: &App,
    caller: &Caller,
    id: &str,
    revision: Option<i64>,
) -> Result<(), ApiError> {
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    let cx = Context { session: &session, caller };
    if !session.writes_alone() {
        R::lock_first(cx, id, None).await?;
    }
    let record = find_to_change::<R>(cx, "delete", id, revision).await?;
    R::delete(cx, record).await?;
    commit(app, session).await
}

/// `PUT /{collection}/{id}/{action}`.
pub(crate) async fn act<R: Resource>(
    app: &App,
    caller: &Caller,
    id: &str,
    action: &str,
    request: &[u8],
    revision: Option<i64>,
) -> Result<Value, ApiError> {
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    let cx = Context { session: &session, caller };
    let record = lock::<R>(cx, id).await?;
    let (verb, noun) = action.split_once('_').ok_or(ApiError::HTTPNotFound)?;
    caller.require_change(R::owner(&record), verb, noun)?;
    require_revision(&record, revision)?;
    let answer = R::act(cx, record, action, request).await?;
    commit(app, session).await?;
    Ok(answer)
}

/// The object with this id, as far as the caller may see it.
pub(crate) async fn find<R: Resource>(cx: Context<'_>, id: &str) -> Result<Stored<R::Record>, ApiError> {
    let found = cx.session.table::<R::Record>().find_in(id, &visible::<R>(cx.caller)).await;
    found.map_err(ApiError::from_store)?.ok_or_else(|| R::not_found(id))
}

/// An object that the caller may change, in the revision that the request depends on, if it does on one.
async fn find_to_change<R: Resource>(
    cx: Context<'_>,
    action: &'static str,
    id: &str,
    revision: Option<i64>,
) -> Result<Stored<R::Record>, ApiError> {
    let record = lock::<R>(cx, id).await?;
    R::permit(cx, action, &record).await?;
    require_revision(&record, revision)?;
    Ok(record)
}

/// As [`find`], under a lock: from here on nobody else changes the object.
pub(crate) async fn lock<R: Resource>(cx: Context<'_>, id: &str) -> Result<Stored<R::Record>, ApiError> {
    let found = cx.session.table::<R::Record>().lock_in(id, &visible::<R>(cx.caller)).await;
    found.map_err(ApiError::from_store)?.ok_or_else(|| R::not_found(id))
}

/// As [`find`], and nobody changes the object before the session ends; others may want the same.
pub(crate) async fn share<R: Resource>(cx: Context<'_>, id: &str) -> Result<Stored<R::Record>, ApiError> {
    let found = cx.session.table::<R::Record>().share_in(id, &visible::<R>(cx.caller)).await;
    found.map_err(ApiError::from_store)?.ok_or_else(|| R::not_found(id))
}

pub(crate) fn require_revision<T>(record: &Stored<T>, revision: Option<i64>) -> Result<(), ApiError> {
    match revision {
        Some(wanted) if wanted != record.revision_number => Err(ApiError::RevisionNumberConstraintFailed {
            wanted: wanted.to_string(),
            current: record.revision_number.to_string(),
        }),
        Some(_) | None => Ok(()),
    }
}

/// Objects as the caller may see them.
pub(crate) async fn show_many<R: Resource>(
    cx: Context<'_>,
    mut records: Vec<Stored<R::Record>>,
    fields: &[String],
) -> Result<Vec<Value>, ApiError> {
    cx.session.table::<R::Record>().load_tags(&mut records).await.map_err(ApiError::from_store)?;
    let views = R::views(cx, records).await?;
    views.iter().map(|shown| view::object(R::SCHEMA, shown, cx.caller.is_admin(), fields)).collect()
}

/// An object as the caller may see it.
pub(crate) async fn show_one<R: Resource>(
    cx: Context<'_>,
    record: Stored<R::Record>,
    fields: &[String],
) -> Result<Value, ApiError> {
    let shown = show_many::<R>(cx, vec![record], fields).await?.pop();
    Ok(view::wrap_one(R::SCHEMA, shown.ok_or_else(|| ApiError::internal("a view is missing"))?))
}

/// Ends a transaction, and lets agents look at what it changed, also when nobody waits for the answer any more.
pub(crate) async fn commit(app: &App, session: Session) -> Result<(), ApiError> {
    let app = app.clone();
    session.commit_then(move || app.wake()).await.map_err(ApiError::from_store)
}

fn typed<T: DeserializeOwned>(checked: Value) -> Result<T, ApiError> {
    serde_json::from_value(checked).map_err(ApiError::internal)
}

/// What the caller may see of a resource: a list to narrow further.
fn visible<R: Resource>(caller: &Caller) -> Listing {
    if R::SERVICE_READS && caller.is_service() { Listing::default() } else { caller.visible() }
}

fn listing<R: Resource>(caller: &Caller, query: &ListQuery) -> Listing {
    let page = query.limit.map(|limit| Page { limit, marker: query.marker.clone(), reverse: query.reverse });
    let filters =
        query.filters.iter().map(|filter| Filter { column: filter.column, values: filter.values.clone() });
    let mut listing = Listing { sort: query.sort.clone(), page, ..visible::<R>(caller) };
    listing.filters.extend(filters);
    listing
}

/// Takes an attribute of a PUT over; what the PUT does not name stays.
pub(crate) fn replace<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
