//! Locking rows where several write side by side. On SQLite nobody else writes meanwhile: there these functions read, as far
//! as they return something, and do nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::listing::column;
use crate::record::AT_ONCE;
use crate::table::conditions;
use crate::{Error, Listing, Record, Result, Stored, Table};

impl<R: Record> Table<'_, R> {
    /// As [`Self::find`], and nobody else changes the row, or says that it stays as it is, before this session ends.
    ///
    /// # Errors
    /// As [`Self::find`], [`Error::Collision`], [`Error::Contended`].
    pub async fn lock(&self, id: impl fmt::Display) -> Result<Option<Stored<R>>> {
        self.lock_in(id, &Listing::default()).await
    }

    /// As [`Self::lock`], if `listing` allows the row to be seen.
    ///
    /// # Errors
    /// As [`Self::lock`].
    pub async fn lock_in(&self, id: impl fmt::Display, listing: &Listing) -> Result<Option<Stored<R>>> {
        if R::LOCKED_BY_NAME {
            self.session.lock_name(R::NOUN, &id).await?;
            return self.find_in(id, listing).await;
        }
        self.select_one(R::Entity::find().lock(LockType::NoKeyUpdate), id, Some(conditions::<R>(listing)))
            .await
    }

    /// Locks a row as [`Self::lock`] does, without reading it. Costs nothing where there is nothing to lock.
    ///
    /// # Errors
    /// As [`Self::lock`].
    pub async fn hold(&self, id: impl fmt::Display) -> Result<()> {
        if R::LOCKED_BY_NAME {
            return self.session.lock_name(R::NOUN, id).await;
        }
        if self.session.writes_alone() {
            return Ok(());
        }
        let key = column::<R::Entity>("id");
        let select = R::Entity::find().select_only().column(key).filter(key.eq(id.to_string()));
        let select = select.lock(LockType::NoKeyUpdate).into_tuple::<String>();
        let doing = Error::statement(format!("lock a {}", R::NOUN));
        select.one(&self.session.transaction).await.map_err(doing)?;
        Ok(())
    }

    /// As [`Self::find`], and nobody changes the row before this session ends; others may want the same.
    ///
    /// # Errors
    /// As [`Self::lock`].
    pub async fn share(&self, id: impl fmt::Display) -> Result<Option<Stored<R>>> {
        self.share_in(id, &Listing::default()).await
    }

    /// As [`Self::share`], if `listing` allows the row to be seen.
    ///
    /// # Errors
    /// As [`Self::lock`].
    pub async fn share_in(&self, id: impl fmt::Display, listing: &Listing) -> Result<Option<Stored<R>>> {
        self.select_one(R::Entity::find().lock(LockType::Share), id, Some(conditions::<R>(listing))).await
    }

    /// Locks rows that were read before, as [`Self::lock`] does, one after the other by their ids, and returns what they are
    /// now; those that are gone meanwhile are left out. Costs nothing where there is nothing to lock.
    ///
    /// # Errors
    /// As [`Self::lock`].
    pub async fn relock(&self, rows: Vec<Stored<R>>) -> Result<Vec<Stored<R>>> {
        if self.session.writes_alone() {
            return Ok(rows);
        }
        let places: BTreeMap<String, usize> = rows.iter().map(|row| row.record.id()).zip(0..).collect();
        let mut locked = self.lock_all(places.keys().cloned().collect(), LockType::NoKeyUpdate).await?;
        locked.sort_by_key(|row| places.get(&row.record.id()));
        Ok(locked)
    }

    /// Sees to it that nobody changes these rows before this session ends, as [`Self::share`] does. Costs nothing where
    /// there is nothing to lock.
    ///
    /// # Errors
    /// As [`Self::lock`].
    pub async fn share_all(&self, ids: BTreeSet<String>) -> Result<()> {
        if self.session.writes_alone() {
            return Ok(());
        }
        self.lock_all(ids, LockType::Share).await.map(drop)
    }

    async fn lock_all(&self, ids: BTreeSet<String>, how: LockType) -> Result<Vec<Stored<R>>> {
        let ids: Vec<String> = ids.into_iter().collect();
        let mut locked = Vec::with_capacity(ids.len());
        for some in ids.chunks(AT_ONCE) {
            let id = column::<R::Entity>("id");
            let select = R::Entity::find().filter(id.is_in(some)).order_by_asc(id).lock(how);
            let doing = Error::statement(format!("lock {}s", R::NOUN));
            locked.extend(select.all(&self.session.transaction).await.map_err(doing)?);
        }
        self.complete(locked).await
    }
}
