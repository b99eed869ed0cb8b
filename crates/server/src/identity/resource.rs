//! What administrators manage, all in the same way: listed, made, shown, changed and deleted.
//!
//! A resource says what is its own ([`Resource`]): how a body becomes a record, what a record refers to, who else may see
//! it. Permissions, look-ups, transactions and refusals are here, once.

use std::collections::BTreeSet;
use std::future::Future;

use adit_api::attribute::parse_bool;
use adit_api::identity::IdentityError;
use adit_store::{Error as StoreError, Filter, Listing, Record, Session, Stored};
use serde_json::Value;

use super::{Bearer, commit};
use crate::App;
use crate::resource::FromStore;

/// What is true or not, of all that lists are narrowed by.
pub(crate) const FLAGS: [&str; 2] = ["enabled", "is_domain"];

/// Who asks, and where.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) app: &'a App,
    pub(crate) bearer: &'a Bearer,
    /// The server's URL as the client wrote it.
    pub(crate) server: &'a str,
}

/// What administrators manage.
pub(crate) trait Resource: Record {
    /// The last part of its URLs, and the envelope of its lists.
    const PLURAL: &'static str;
    /// Lists are in the order of this column.
    const ORDER: &'static str;
    /// What lists can be narrowed by: names in a query, with their columns.
    const FILTERS: &'static [(&'static str, &'static str)];
    /// Attributes that all of them have the same value of, by which lists can be narrowed too.
    const CONSTANTS: &'static [&'static str] = &[];
    /// What a PATCH wants.
    type Change: Send;
    /// What a body wants beside the record.
    type Extra: Send;

    /// Whether the bearer may see all of them.
    fn may_list(bearer: &Bearer) -> bool {
        bearer.is_admin()
    }

    /// Whether the bearer may see this one.
    fn may_show(bearer: &Bearer, id: &str) -> bool {
        let _ = id;
        bearer.is_admin()
    }

    /// Those that every deployment has. They win over rows of the same id, and nobody changes them.
    fn built_in(asking: Asking<'_>) -> Vec<Self> {
        let _ = asking;
        Vec::new()
    }

    /// A new one, as the body of a POST wants it.
    fn create(
        asking: Asking<'_>,
        body: &[u8],
    ) -> impl Future<Output = Result<(Self, Self::Extra), IdentityError>> + Send;

    /// What the body of a PATCH wants.
    fn change(
        asking: Asking<'_>,
        before: &Self,
        body: &[u8],
    ) -> impl Future<Output = Result<Self::Change, IdentityError>> + Send;

    /// Takes a change over.
    ///
    /// # Errors
    /// When it may not be changed like that.
    fn apply(&mut self, change: Self::Change) -> Result<Self::Extra, IdentityError>;

    /// Sees to what the record refers to, and to what depends on it, before it is written. `before` is what it was.
    fn before_save(
        &self,
        asking: Asking<'_>,
        session: &Session,
        extra: Self::Extra,
        before: Option<&Self>,
    ) -> impl Future<Output = Result<(), IdentityError>> + Send {
        let _ = (asking, session, extra, before);
        async { Ok(()) }
    }

    /// Refuses what may not be deleted, and sees to what would be left behind.
    fn before_delete(&self, session: &Session) -> impl Future<Output = Result<(), IdentityError>> + Send {
        let _ = session;
        async { Ok(()) }
    }

    /// The refusal of a second one.
    fn conflict(&self) -> IdentityError;

    /// The refusal to delete what is in use.
    fn in_use(&self, error: StoreError) -> IdentityError {
        IdentityError::internal(error)
    }

    /// As clients see it. `base` is the API's own URL.
    fn view(self, base: &str) -> Value;
}

/// `GET /v3/PLURAL`.
pub(crate) async fn list<R: Resource>(
    asking: Asking<'_>,
    pairs: &[(String, String)],
) -> Result<Vec<R>, IdentityError> {
    if !R::may_list(asking.bearer) {
        return Err(IdentityError::forbidden(format!("identity:list_{}", R::PLURAL)));
    }
    let session = asking.app.store().read().await.map_err(IdentityError::from_store)?;
    let rows = session.table::<R>().list(&listing::<R>(pairs)).await.map_err(IdentityError::from_store)?;
    let mut all = R::built_in(asking);
    let ids: BTreeSet<String> = all.iter().map(Record::id).collect();
    all.retain(|record| is_wanted(record, pairs, |key| R::FILTERS.iter().any(|(name, _)| *name == key)));
    all.extend(rows.into_iter().map(|row| row.record).filter(|record| !ids.contains(&record.id())));
    all.retain(|record| is_wanted(record, pairs, |key| R::CONSTANTS.contains(&key)));
    Ok(all)
}

/// `GET /v3/PLURAL/{id}`.
pub(crate) async fn show<R: Resource>(asking: Asking<'_>, id: &str) -> Result<R, IdentityError> {
    if !R::may_show(asking.bearer, id) {
        return Err(IdentityError::forbidden(format!("identity:get_{}", R::NOUN)));
    }
    if let Some(built_in) = built_in(asking, id) {
        return Ok(built_in);
    }
    let session = asking.app.store().read().await.map_err(IdentityError::from_store)?;
    Ok(find(&session, id).await?.record)
}

/// `POST /v3/PLURAL`.
pub(crate) async fn create<R: Resource>(asking: Asking<'_>, body: &[u8]) -> Result<R, IdentityError> {
    require_admin::<R>(asking, "create")?;
    let (record, extra) = R::create(asking, body).await?;
    if built_in::<R>(asking, &record.id()).is_some() {
        return Err(record.conflict());
    }
    let session = asking.app.store().write().await.map_err(IdentityError::from_store)?;
    record.before_save(asking, &session, extra, None).await?;
    let stored = match session.table().insert(record.clone()).await {
        Err(StoreError::Duplicate { .. }) => return Err(record.conflict()),
        inserted => inserted.map_err(IdentityError::from_store)?,
    };
    commit(asking.app, session).await?;
    Ok(stored.record)
}

/// `PATCH /v3/PLURAL/{id}`.
pub(crate) async fn update<R: Resource + PartialEq>(
    asking: Asking<'_>,
    id: &str,
    body: &[u8],
) -> Result<R, IdentityError> {
    require_admin::<R>(asking, "update")?;
    refuse_built_in::<R>(asking, "update", id)?;
    let before = {
        let session = asking.app.store().read().await.map_err(IdentityError::from_store)?;
        find::<R>(&session, id).await?.record
    };
    // A password takes long to be hashed, so there is no transaction meanwhile.
    let change = R::change(asking, &before, body).await?;
    let session = asking.app.store().write().await.map_err(IdentityError::from_store)?;
    let mut stored = lock::<R>(&session, id).await?;
    let before = stored.record.clone();
    let extra = stored.apply(change)?;
    if stored.record == before {
        return Ok(before);
    }
    stored.record.before_save(asking, &session, extra, Some(&before)).await?;
    match session.table().update(&mut stored).await {
        Err(StoreError::Duplicate { .. }) => return Err(stored.conflict()),
        updated => updated.map_err(IdentityError::from_store)?,
    }
    commit(asking.app, session).await?;
    Ok(stored.record)
}

/// `DELETE /v3/PLURAL/{id}`.
pub(crate) async fn delete<R: Resource>(asking: Asking<'_>, id: &str) -> Result<(), IdentityError> {
    require_admin::<R>(asking, "delete")?;
    refuse_built_in::<R>(asking, "delete", id)?;
    let session = asking.app.store().write().await.map_err(IdentityError::from_store)?;
    let stored = lock::<R>(&session, id).await?;
    stored.before_delete(&session).await?;
    match session.table::<R>().delete(id).await {
        Err(error @ StoreError::Referenced { .. }) => return Err(stored.in_use(error)),
        deleted => deleted.map_err(IdentityError::from_store)?,
    }
    commit(asking.app, session).await
}

/// The object that a request is about, or refers to.
pub(super) async fn find<R: Record>(session: &Session, id: &str) -> Result<Stored<R>, IdentityError> {
    let found = session.table::<R>().find(id).await.map_err(IdentityError::from_store)?;
    found.ok_or_else(|| IdentityError::NotFound { noun: R::NOUN, id: id.to_owned() })
}

/// As [`find`], and nobody else changes the object before the session ends.
pub(super) async fn lock<R: Record>(session: &Session, id: &str) -> Result<Stored<R>, IdentityError> {
    let found = session.table::<R>().lock(id).await.map_err(IdentityError::from_store)?;
    found.ok_or_else(|| IdentityError::NotFound { noun: R::NOUN, id: id.to_owned() })
}

fn built_in<R: Resource>(asking: Asking<'_>, id: &str) -> Option<R> {
    R::built_in(asking).into_iter().find(|record| record.id() == id)
}

fn require_admin<R: Resource>(asking: Asking<'_>, verb: &str) -> Result<(), IdentityError> {
    if asking.bearer.is_admin() {
        return Ok(());
    }
    Err(IdentityError::forbidden(format!("identity:{verb}_{}", R::NOUN)))
}

fn refuse_built_in<R: Resource>(
    asking: Asking<'_>,
    verb: &'static str,
    id: &str,
) -> Result<(), IdentityError> {
    match built_in::<R>(asking, id) {
        None => Ok(()),
        Some(_) => Err(IdentityError::Immutable { verb, noun: R::NOUN, id: id.to_owned() }),
    }
}

/// The list that a query asks for; what it cannot be narrowed by is ignored.
pub(super) fn listing<R: Resource>(pairs: &[(String, String)]) -> Listing {
    let filter = |(key, value): &(String, String)| {
        let (_, column) = R::FILTERS.iter().find(|(name, _)| name == key)?;
        Some(Filter { column, values: vec![wanted(key, value)?] })
    };
    let filters = pairs.iter().filter_map(filter).collect();
    Listing { filters, sort: vec![(R::ORDER, true)], ..Listing::default() }
}

/// Whether the query asks for this one, by those of its attributes that no table has.
fn is_wanted<R: Resource>(record: &R, pairs: &[(String, String)], counts: impl Fn(&str) -> bool) -> bool {
    let asked: Vec<_> = pairs.iter().filter(|(key, _)| counts(key)).collect();
    if asked.is_empty() {
        return true;
    }
    let view = record.clone().view("");
    asked
        .into_iter()
        .filter_map(|(key, value)| Some((key, wanted(key, value)?)))
        .all(|(key, value)| view[key] == value)
}

/// The value that a query names; `None` for one that cannot be.
fn wanted(key: &str, value: &str) -> Option<Value> {
    let text = Value::from(value);
    if FLAGS.contains(&key) { parse_bool(&text).map(Value::from) } else { Some(text) }
}
