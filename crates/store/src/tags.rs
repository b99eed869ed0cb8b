//! Tags: words that people put on objects. One table holds those of all kinds, by the ids of the objects.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{ExprTrait, SimpleExpr};
use sea_orm::{Condition, QuerySelect, QueryTrait, Set};

use crate::listing::{Filter, column};
use crate::record::{AT_ONCE, Record, Stored, insert_all};
use crate::{Error, Result, Table};

mod tag {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "tags")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub object_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub tag: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl<R: Record> Table<'_, R> {
    /// Reads the tags of objects, of all of them at once. Objects that cannot be tagged have none.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn load_tags(&self, objects: &mut [Stored<R>]) -> Result<()> {
        if !R::TAGGED {
            return Ok(());
        }
        let mut tags = BTreeMap::<String, Vec<String>>::new();
        for some in objects.chunks(AT_ONCE) {
            let rows = tag::Entity::find()
                .filter(tag::Column::ObjectId.is_in(some.iter().map(|object| object.record.id())))
                .all(&self.session.transaction)
                .await
                .map_err(Error::statement(format!("list the tags of {}s", R::NOUN)))?;
            for row in rows {
                tags.entry(row.object_id).or_default().push(row.tag);
            }
        }
        for object in objects {
            object.tags = tags.remove(&object.record.id()).unwrap_or_default();
            // Not by the database: each has its own idea of the order of texts.
            object.tags.sort_unstable();
        }
        Ok(())
    }

    /// Gives an object exactly these tags, as a new revision of it unless it has them already.
    ///
    /// # Errors
    /// As [`Self::update`].
    pub async fn set_tags(&self, object: &mut Stored<R>, wanted: BTreeSet<String>) -> Result<()> {
        self.load_tags(std::slice::from_mut(object)).await?;
        if object.tags.iter().eq(&wanted) {
            return Ok(());
        }
        let id = object.record.id();
        self.forget_tags(&id).await?;
        object.tags = wanted.into_iter().collect();
        if !object.tags.is_empty() {
            let rows = object
                .tags
                .iter()
                .map(|tag| tag::ActiveModel { object_id: Set(id.clone()), tag: Set(tag.clone()) });
            insert_all(rows.collect(), self.session)
                .await
                .map_err(Error::statement(format!("tag a {}", R::NOUN)))?;
        }
        self.update(object).await
    }

    /// Removes the tags of an object.
    pub(crate) async fn forget_tags(&self, id: &str) -> Result<()> {
        tag::Entity::delete_many()
            .filter(tag::Column::ObjectId.eq(id))
            .exec(&self.session.transaction)
            .await
            .map_err(Error::statement(format!("remove the tags of a {}", R::NOUN)))?;
        Ok(())
    }
}

/// The condition of a filter by tags: `tags` wants all of its values, `tags-any` one of them; `not-tags` and
/// `not-tags-any` want what these two leave out.
pub(crate) fn condition<R: Record>(filter: &Filter) -> Option<Condition> {
    if !R::TAGGED {
        return None;
    }
    let id = column::<R::Entity>("id");
    let tagged = |condition: SimpleExpr| {
        let objects = tag::Entity::find().select_only().column(tag::Column::ObjectId).filter(condition);
        id.in_subquery(objects.into_query())
    };
    let texts: BTreeSet<&str> = filter.values.iter().filter_map(serde_json::Value::as_str).collect();
    let wanted = || tag::Column::Tag.is_in(texts.iter().copied());
    let any = || Condition::all().add(tagged(wanted()));
    // Counted rather than asked for one by one: a condition can only be so deep.
    let all = || {
        let count = i64::try_from(texts.len()).unwrap_or(i64::MAX);
        let objects = tag::Entity::find()
            .select_only()
            .column(tag::Column::ObjectId)
            .filter(wanted())
            .group_by(tag::Column::ObjectId)
            .having(ExprTrait::eq(tag::Column::Tag.count(), count));
        Condition::all().add(id.in_subquery(objects.into_query()))
    };
    match filter.column {
        "tags" => Some(all()),
        "tags-any" => Some(any()),
        "not-tags" => Some(all().not()),
        "not-tags-any" => Some(any().not()),
        _ => None,
    }
}
