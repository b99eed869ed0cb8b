//! What belongs to an object but stands in a table of its own: several rows of it, in an order.

use std::collections::BTreeMap;

use sea_orm::sea_query::Value;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, ModelTrait, QueryFilter, QueryOrder};

use super::{AT_ONCE, Record, Stored, insert_all};
use crate::{Error, Result, Session};

/// A table of parts.
pub(super) trait Parts: EntityTrait<ActiveModel: Send + Sync> {
    /// What people call them, and whose they are.
    const NOUN: &'static str;
    /// The object that a row belongs to.
    const OWNER: Self::Column;
    /// Its place among the rows of the same object, from 0.
    const POSITION: Self::Column;
}

/// The parts of each of these objects, by its id, in their order. Objects without any are left out.
pub(super) async fn load<P: Parts, R: Record>(
    owners: &[Stored<R>],
    session: &Session,
) -> Result<BTreeMap<String, Vec<P::Model>>> {
    let mut parts = BTreeMap::<_, Vec<_>>::new();
    for some in owners.chunks(AT_ONCE) {
        let rows = P::find()
            .filter(P::OWNER.is_in(some.iter().map(|owner| owner.record.id())))
            .order_by_asc(P::POSITION)
            .all(&session.transaction)
            .await
            .map_err(Error::statement(format!("list the {}", P::NOUN)))?;
        for row in rows {
            if let Value::String(Some(owner)) = row.get(P::OWNER) {
                parts.entry(owner).or_default().push(row);
            }
        }
    }
    Ok(parts)
}

/// Gives an object exactly these parts, in this order.
pub(super) async fn replace<P: Parts>(
    owner: &str,
    rows: impl Iterator<Item = P::ActiveModel>,
    session: &Session,
) -> Result<()> {
    let doing = || Error::statement(format!("write the {}", P::NOUN));
    P::delete_many().filter(P::OWNER.eq(owner)).exec(&session.transaction).await.map_err(doing())?;
    let placed = (0_i64..).zip(rows).map(|(position, mut row)| {
        row.set(P::OWNER, owner.into());
        row.set(P::POSITION, position.into());
        row
    });
    insert_all(placed.collect(), session).await.map_err(doing())
}
