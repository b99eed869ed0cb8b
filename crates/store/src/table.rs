//! What every resource's rows have in common: one implementation of finding, listing, inserting, updating, deleting.

use std::fmt;
use std::marker::PhantomData;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, ModelTrait, Order, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Select, Value,
};

use crate::listing::{Listing, after, column, nulls};
use crate::record::{Record, Stored};
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

    /// As [`Self::find`], and nobody else changes the row before this session ends.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub async fn lock(&self, id: impl fmt::Display) -> Result<Option<Stored<R>>> {
        self.select_one(R::Entity::find().lock_exclusive(), id, None).await
    }

    async fn select_one(
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

    /// The rows that `listing` asks for, in its order.
    ///
    /// # Errors
    /// [`Error::UnknownMarker`], [`Error::Statement`], [`Error::Corrupt`].
    pub async fn list(&self, listing: &Listing) -> Result<Vec<Stored<R>>> {
        let mut select = R::Entity::find().filter(conditions::<R>(listing));
        let reverse = listing.page.as_ref().is_some_and(|page| page.reverse);
        let order = order::<R>(listing, reverse);
        if let Some(page) = &listing.page {
            if let Some(marker) = &page.marker {
                let doing = Error::statement(format!("find the marker of a list of {}s", R::NOUN));
                let row = select
                    .clone()
                    .filter(column::<R::Entity>("id").eq(marker.as_str()))
                    .one(&self.session.transaction)
                    .await
                    .map_err(doing)?
                    .ok_or_else(|| Error::UnknownMarker { marker: marker.clone() })?;
                select = select.filter(after(&row, &order));
            }
            select = select.limit(page.limit);
        }
        for (column, ascends) in order {
            let direction = if ascends { Order::Asc } else { Order::Desc };
            select = select.order_by_with_nulls(column, direction, nulls(ascends));
        }
        let doing = Error::statement(format!("list {}s", R::NOUN));
        let mut rows = select.all(&self.session.transaction).await.map_err(doing)?;
        if reverse {
            rows.reverse();
        }
        self.complete(rows).await
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
        let now = self.session.now();
        let stored =
            Stored { record, created_at: now, updated_at: now, revision_number: 1, tags: Vec::new() };
        let mut row = stored.record.to_row(self.session)?;
        row.set(column::<R::Entity>("created_at"), now.as_microsecond().into());
        row.set(column::<R::Entity>("updated_at"), now.as_microsecond().into());
        row.set(column::<R::Entity>("revision_number"), stored.revision_number.into());
        let doing = Error::statement(format!("insert a {}", R::NOUN));
        R::Entity::insert(row).exec_without_returning(&self.session.transaction).await.map_err(doing)?;
        stored.record.save_parts(self.session).await?;
        Ok(stored)
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

fn conditions<R: Record>(listing: &Listing) -> Condition {
    let visible = listing.visible_to.as_ref().map(R::visible_to);
    let filters = listing.filters.iter().map(|filter| {
        let special = R::filter(filter.column, &filter.values).or_else(|| tags::condition::<R>(filter));
        special.unwrap_or_else(|| filter.condition::<R::Entity>())
    });
    visible.into_iter().chain(filters).fold(Condition::all(), Condition::add)
}

/// The whole order of a list: what was asked for, then age, then id, so that no two rows are equal.
fn order<R: Record>(listing: &Listing, reverse: bool) -> Vec<(<R::Entity as EntityTrait>::Column, bool)> {
    let asked = listing.sort.iter().copied();
    let age = [("created_at", true), ("id", true)];
    asked.chain(age).map(|(name, ascends)| (column::<R::Entity>(name), ascends != reverse)).collect()
}
