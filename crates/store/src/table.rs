//! What every resource's rows have in common: one implementation of finding, listing, inserting, updating, deleting.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, ModelTrait,
    Order, PaginatorTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, QueryTrait, Select, Value,
};

use crate::listing::{Filter, Listing, SortKey, after, column, nulls};
use crate::record::{AT_ONCE, Record, Stored};
use crate::{Error, Result, Session, tags};

/// The rows of one kind of resource, within a session.
#[derive(Clone, Copy)]
pub struct Table<'a, R> {
    pub(crate) session: &'a Session,
    kind: PhantomData<fn() -> R>,
}

impl<R: Record> fmt::Debug for Table<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({})", R::NOUN)
    }
}

impl<'a, R: Record> Table<'a, R> {
    pub(crate) fn new(session: &'a Session) -> Self {
        Self { session, kind: PhantomData }
    }

    /// The row with this id, whoever owns it.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Corrupt`].
    pub async fn find(&self, id: impl fmt::Display) -> Result<Option<Stored<R>>> {
        self.select_one(R::Entity::find(), id, None).await
    }

    /// The row with this id, if `listing` allows it to be seen.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub async fn find_in(&self, id: impl fmt::Display, listing: &Listing) -> Result<Option<Stored<R>>> {
        self.select_one(R::Entity::find(), id, Some(conditions::<R>(listing))).await
    }

    /// The rows whose column has one of these values, in no order: of however many, in few statements.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub async fn find_all(&self, name: &'static str, values: BTreeSet<String>) -> Result<Vec<Stored<R>>> {
        let values: Vec<String> = values.into_iter().collect();
        let mut found = Vec::new();
        for some in values.chunks(AT_ONCE) {
            let select = R::Entity::find().filter(column::<R::Entity>(name).is_in(some));
            found.extend(self.select_all(&select, &format!("find {}s", R::NOUN)).await?);
        }
        Ok(found)
    }

    /// The rows of a list whose column has one of these values: of however many, in few statements. Rows that have the
    /// same value are in the order of the list.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub async fn list_among(
        &self,
        name: &'static str,
        values: BTreeSet<String>,
        listing: &Listing,
    ) -> Result<Vec<Stored<R>>> {
        let values: Vec<serde_json::Value> = values.into_iter().map(serde_json::Value::String).collect();
        let mut found = Vec::new();
        for some in values.chunks(AT_ONCE) {
            let mut listing = listing.clone();
            listing.filters.push(Filter { column: name, values: some.to_vec() });
            found.extend(self.list(&listing).await?);
        }
        Ok(found)
    }

    pub(crate) async fn select_one(
        &self,
        select: Select<R::Entity>,
        id: impl fmt::Display,
        condition: Option<Condition>,
    ) -> Result<Option<Stored<R>>> {
        let select = select.filter(column::<R::Entity>("id").eq(id.to_string()));
        let select = condition.into_iter().fold(select, QueryFilter::filter);
        let doing = Error::statement(format!("find a {}", R::NOUN));
        let row = select.one(&self.session.transaction).await.map_err(doing)?;
        Ok(self.complete(row.into_iter().collect()).await?.pop())
    }

    pub(crate) async fn select_all(&self, select: &Select<R::Entity>, doing: &str) -> Result<Vec<Stored<R>>> {
        let transaction = &self.session.transaction;
        let mut found = Ok(Vec::new());
        let read = |row: QueryResult| {
            let row = R::Model::from_query_result(&row, "").map_err(Error::statement(doing))?;
            stored::<R>(row, self.session)
        };
        let take = |row| {
            if let Ok(rows) = &mut found {
                match read(row) {
                    Ok(row) => rows.push(row),
                    Err(error) => found = Err(error),
                }
            }
        };
        let statement = select.build(transaction.get_database_backend());
        transaction.each(statement, take).await.map_err(Error::statement(doing))?;
        let mut found = found?;
        R::load_parts(&mut found, self.session).await?;
        Ok(found)
    }

    /// The rows that `listing` asks for, in its order.
    ///
    /// # Errors
    /// [`Error::UnknownMarker`], [`Error::Statement`], [`Error::Corrupt`].
    pub async fn list(&self, listing: &Listing) -> Result<Vec<Stored<R>>> {
        let marker = match listing.page.as_ref().and_then(|page| page.marker.as_deref()) {
            None => None,
            Some(marker) => Some(self.marker(listing, marker).await?),
        };
        let select = select::<R>(listing, marker.as_ref());
        let mut found = self.select_all(&select, &format!("list {}s", R::NOUN)).await?;
        if listing.page.as_ref().is_some_and(|page| page.reverse) {
            found.reverse();
        }
        Ok(found)
    }

    async fn marker(&self, listing: &Listing, marker: &str) -> Result<R::Model> {
        let row = R::Entity::find()
            .filter(conditions::<R>(listing))
            .filter(column::<R::Entity>("id").eq(marker))
            .one(&self.session.transaction)
            .await
            .map_err(Error::statement(format!("find the marker of a list of {}s", R::NOUN)))?;
        row.ok_or_else(|| Error::UnknownMarker { marker: marker.to_owned() })
    }

    /// How many rows `listing` has, all pages together.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn count(&self, listing: &Listing) -> Result<u64> {
        let doing = Error::statement(format!("count {}s", R::NOUN));
        R::Entity::find()
            .filter(conditions::<R>(listing))
            .count(&self.session.transaction)
            .await
            .map_err(doing)
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`Error::Duplicate`], [`Error::Referenced`], [`Error::Statement`].
    pub async fn insert(&self, record: R) -> Result<Stored<R>> {
        self.insert_unless(record, None)
            .await?
            .ok_or_else(|| Error::Vanished { doing: format!("insert a {}", R::NOUN) })
    }

    /// Adds a row, unless there is one that has the same value in the column `unique`.
    pub(crate) async fn insert_unless(
        &self,
        record: R,
        unique: Option<<R::Entity as EntityTrait>::Column>,
    ) -> Result<Option<Stored<R>>> {
        let now = self.session.now();
        let stored =
            Stored { record, created_at: now, updated_at: now, revision_number: 1, tags: Vec::new() };
        let mut row = stored.record.to_row(self.session)?;
        row.set(column::<R::Entity>("created_at"), now.as_microsecond().into());
        row.set(column::<R::Entity>("updated_at"), now.as_microsecond().into());
        row.set(column::<R::Entity>("revision_number"), stored.revision_number.into());
        let doing = Error::statement(format!("insert a {}", R::NOUN));
        let insert = R::Entity::insert(row);
        let insert = match unique {
            Some(column) => insert.on_conflict(OnConflict::column(column).do_nothing().to_owned()),
            None => insert,
        };
        let inserted = insert.exec_without_returning(&self.session.transaction).await.map_err(doing)?;
        if inserted == 0 {
            return Ok(None);
        }
        stored.record.save_parts(self.session).await?;
        Ok(Some(stored))
    }

    /// Writes a changed row back, as a new revision.
    ///
    /// # Errors
    /// [`Error::Vanished`], [`Error::Duplicate`], [`Error::Referenced`], [`Error::Statement`].
    pub async fn update(&self, stored: &mut Stored<R>) -> Result<()> {
        stored.revision_number += 1;
        stored.updated_at = self.session.now();
        let doing = format!("update a {}", R::NOUN);
        let mut row = stored.record.to_row(self.session)?;
        row.set(column::<R::Entity>("updated_at"), stored.updated_at.as_microsecond().into());
        row.set(column::<R::Entity>("revision_number"), stored.revision_number.into());
        let result = R::Entity::update_many()
            .set(row)
            .filter(column::<R::Entity>("id").eq(stored.record.id()))
            .exec(&self.session.transaction)
            .await
            .map_err(Error::statement(doing.as_str()))?;
        if result.rows_affected != 1 {
            return Err(Error::Vanished { doing });
        }
        stored.record.save_parts(self.session).await
    }

    /// Removes a row, and what belongs to it alone.
    ///
    /// # Errors
    /// [`Error::Vanished`], [`Error::Referenced`], [`Error::Statement`].
    pub async fn delete(&self, id: impl fmt::Display) -> Result<()> {
        let doing = format!("delete a {}", R::NOUN);
        let result = R::Entity::delete_many()
            .filter(column::<R::Entity>("id").eq(id.to_string()))
            .exec(&self.session.transaction)
            .await
            .map_err(Error::statement(doing.as_str()))?;
        if result.rows_affected != 1 {
            return Err(Error::Vanished { doing });
        }
        if R::TAGGED { self.forget_tags(&id.to_string()).await } else { Ok(()) }
    }

    pub(crate) async fn complete(&self, rows: Vec<R::Model>) -> Result<Vec<Stored<R>>> {
        let mut stored = rows.into_iter().map(|row| stored(row, self.session)).collect::<Result<Vec<_>>>()?;
        R::load_parts(&mut stored, self.session).await?;
        Ok(stored)
    }
}

fn stored<R: Record>(row: R::Model, session: &Session) -> Result<Stored<R>> {
    let number = |name: &'static str| {
        let corrupt = || Error::Corrupt { noun: R::NOUN, id: String::new(), what: name };
        let Value::BigInt(Some(number)) = row.get(column::<R::Entity>(name)) else { return Err(corrupt()) };
        Ok(number)
    };
    let time = |name| {
        jiff::Timestamp::from_microsecond(number(name)?).map_err(|_| Error::Corrupt {
            noun: R::NOUN,
            id: String::new(),
            what: name,
        })
    };
    let (created_at, updated_at, revision_number) =
        (time("created_at")?, time("updated_at")?, number("revision_number")?);
    Ok(Stored {
        record: R::from_row(row, session)?,
        created_at,
        updated_at,
        revision_number,
        tags: Vec::new(),
    })
}

pub(crate) fn conditions<R: Record>(listing: &Listing) -> Condition {
    let visible = listing.visible_to.as_ref().map(R::visible_to);
    let filters = listing.filters.iter().map(|filter| {
        let special = R::filter(filter.column, &filter.values).or_else(|| tags::condition::<R>(filter));
        special.unwrap_or_else(|| filter.condition::<R::Entity>())
    });
    visible.into_iter().chain(filters).fold(Condition::all(), Condition::add)
}

/// The rows of a list, or of a page of it: next to `marker`, and in reverse if it lies before that.
fn select<R: Record>(listing: &Listing, marker: Option<&R::Model>) -> Select<R::Entity> {
    let reverse = listing.page.as_ref().is_some_and(|page| page.reverse);
    let order = order::<R>(listing, reverse);
    let select = R::Entity::find()
        .filter(
            Condition::all().add(conditions::<R>(listing)).add_option(marker.map(|row| after(row, &order))),
        )
        .limit(listing.page.as_ref().map(|page| page.limit));
    ordered(select, &order)
}

/// The whole order of a list: what was asked for, then age, then id, so that no two rows are equal.
fn order<R: Record>(listing: &Listing, reverse: bool) -> Vec<SortKey<<R::Entity as EntityTrait>::Column>> {
    let asked = listing.sort.iter().copied().filter(|(name, _)| !R::ALIKE.contains(name));
    let age = [("created_at", true), ("id", true)];
    let key = |(name, ascends)| SortKey {
        column: column::<R::Entity>(name),
        ascends: ascends != reverse,
        may_be_null: !matches!(name, "created_at" | "id"),
    };
    asked.chain(age).map(key).collect()
}

fn ordered<E: EntityTrait>(select: Select<E>, order: &[SortKey<E::Column>]) -> Select<E> {
    order.iter().fold(select, |select, key| {
        let direction = if key.ascends { Order::Asc } else { Order::Desc };
        if key.may_be_null {
            select.order_by_with_nulls(key.column, direction, nulls(key.ascends))
        } else {
            // PostgreSQL takes an index for this order only if nothing is said about what cannot be.
            select.order_by(key.column, direction)
        }
    })
}

#[cfg(test)]
mod tests {
    use adit_model::algorithm::{
        AuthAlgorithm, DhGroup, EncryptionAlgorithm, IkeVersion, LifetimeSecs, NegotiationMode,
    };
    use adit_model::ike_policy::IkeParameters;
    use adit_model::{
        EndpointGroup, FloatingIp, IkePolicy, IpsecPolicy, Network, Port, Router, SiteConnection, Subnet,
        VpnService,
    };
    use adit_model::{IkePolicyId, ProjectId};
    use sea_orm::{ConnectionTrait, DbBackend, QueryTrait, Statement};

    use super::select;
    use crate::{Listing, Page, Record, SealingKey, Store};

    /// How SQLite finds the rows of a page, in its own words.
    async fn plan<R: Record>(url: &str, listing: &Listing, marker: Option<&R::Model>) -> String {
        let raw = sea_orm::Database::connect(url).await.unwrap();
        let query = select::<R>(listing, marker).build(DbBackend::Sqlite);
        let sql = format!("EXPLAIN QUERY PLAN {}", query.sql);
        let explain = Statement::from_sql_and_values(DbBackend::Sqlite, sql, query.values.unwrap());
        let rows = raw.query_all_raw(explain).await.unwrap();
        rows.iter().map(|row| row.try_get("", "detail").unwrap()).collect::<Vec<String>>().join("; ")
    }

    fn page(marker: Option<&str>, reverse: bool) -> Option<Page> {
        Some(Page { limit: 100, marker: marker.map(str::to_owned), reverse })
    }

    async fn each_page_is_read_in_order<R: Record>(url: &str) {
        for reverse in [false, true] {
            let whole = Listing { page: page(None, reverse), ..Listing::default() };
            let owned = Listing { page: page(None, reverse), ..Listing::of("project_id", "p") };
            for listing in [whole, owned] {
                let plan = plan::<R>(url, &listing, None).await;
                assert!(
                    !plan.contains("TEMP B-TREE") && plan.contains("_created_at_and_id"),
                    "{listing:?}: {plan}"
                );
            }
        }
    }

    #[tokio::test]
    async fn a_page_costs_what_the_page_costs() {
        let dir = tempfile::tempdir().unwrap();
        let url = Store::sqlite_url(&dir.path().join("adit.db"));
        let store = Store::connect(&url, SealingKey::generate()).await.unwrap();
        store.migrate().await.unwrap();
        each_page_is_read_in_order::<EndpointGroup>(&url).await;
        each_page_is_read_in_order::<FloatingIp>(&url).await;
        each_page_is_read_in_order::<IkePolicy>(&url).await;
        each_page_is_read_in_order::<IpsecPolicy>(&url).await;
        each_page_is_read_in_order::<Network>(&url).await;
        each_page_is_read_in_order::<Port>(&url).await;
        each_page_is_read_in_order::<Router>(&url).await;
        each_page_is_read_in_order::<SiteConnection>(&url).await;
        each_page_is_read_in_order::<Subnet>(&url).await;
        each_page_is_read_in_order::<VpnService>(&url).await;

        // With a marker the page begins in the index, too.
        let session = store.write().await.unwrap();
        let id: IkePolicyId = "3fa85f64-5717-4562-b3fc-2c963f66afa6".parse().unwrap();
        let policy = IkePolicy {
            id,
            project_id: ProjectId::new("p"),
            name: String::new(),
            description: String::new(),
            parameters: IkeParameters {
                version: IkeVersion::V1,
                negotiation_mode: NegotiationMode::Main,
                encryption: EncryptionAlgorithm::Aes128,
                auth: AuthAlgorithm::Sha1,
                dh_group: DhGroup::Group5,
                lifetime: LifetimeSecs::DEFAULT,
            },
        };
        session.table::<IkePolicy>().insert(policy).await.unwrap();
        let marker = id.to_string();
        let listing = Listing { page: page(Some(&marker), false), ..Listing::default() };
        let row = session.table::<IkePolicy>().marker(&listing, &marker).await.unwrap();
        session.commit().await.unwrap();
        let visible_to = Some(ProjectId::new("p"));
        for (visible_to, reverse, want) in [
            (None, false, "(created_at>?)"),
            (None, true, "(created_at<?)"),
            (visible_to.clone(), false, "(project_id=? AND created_at>?)"),
            (visible_to, true, "(project_id=? AND created_at<?)"),
        ] {
            let listing = Listing { visible_to, page: page(Some(&marker), reverse), ..Listing::default() };
            let plan = plan::<IkePolicy>(&url, &listing, Some(&row)).await;
            assert!(plan.ends_with(want), "{listing:?}: {plan}");
        }
    }
}
