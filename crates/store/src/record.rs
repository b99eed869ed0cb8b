//! Each resource's row: which table, and how it becomes a value of the domain and back.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::str::FromStr;

use adit_model::ProjectId;
use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, Condition, DbErr, EntityTrait, ModelTrait,
};

use crate::listing::column;
use crate::{Error, Result, Session};

mod access_rule;
pub mod agent;
pub mod application_credential;
mod domain;
mod endpoint;
mod endpoint_group;
mod flavor;
mod floating_ip;
mod ike_policy;
mod ipsec_policy;
mod network;
mod parts;
mod port;
mod project;
mod region;
mod role;
pub mod role_assignment;
mod router;
mod security_group;
mod security_group_rule;
mod service;
mod service_profile;
mod site_connection;
mod subnet;
pub mod token;
mod user;
mod vpn_service;

/// A value of the domain that has a table.
pub trait Record: Clone + Send + Sync + Sized + 'static {
    /// The table.
    type Entity: EntityTrait<Model = Self::Model, ActiveModel = Self::ActiveModel, Column: Send + Sync>;
    /// A row as it is read.
    type Model: ModelTrait<Entity = Self::Entity> + sea_orm::FromQueryResult + Send + Sync;
    /// A row as it is written.
    type ActiveModel: ActiveModelTrait<Entity = Self::Entity> + ActiveModelBehavior + Send;
    /// What people call it.
    const NOUN: &'static str;
    /// Whether such objects can be tagged.
    const TAGGED: bool = false;
    /// What lists can be sorted by though all rows are alike in it, as it is no column.
    const ALIKE: &'static [&'static str] = &[];
    /// Whether one is locked by its name rather than by its row, since others write to the row without asking.
    const LOCKED_BY_NAME: bool = false;

    /// Its id as text.
    fn id(&self) -> String;

    /// Reads a row; parts that stand in other tables come later, by [`Self::load_parts`].
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Sealed`].
    fn from_row(row: Self::Model, session: &Session) -> Result<Self>;

    /// The row, without the columns that every table has.
    ///
    /// # Errors
    /// [`Error::Sealed`].
    fn to_row(&self, session: &Session) -> Result<Self::ActiveModel>;

    /// Which rows a project may see: its own, unless a resource says otherwise.
    fn visible_to(project: &ProjectId) -> Condition {
        Condition::all().add(column::<Self::Entity>("project_id").eq(project.as_str()))
    }

    /// A filter by something that is no column of its own; `None` for what is one.
    fn filter(name: &str, values: &[serde_json::Value]) -> Option<Condition> {
        let _ = (name, values);
        None
    }

    /// Reads what belongs to the rows but stands in other tables.
    fn load_parts(
        records: &mut [Stored<Self>],
        session: &Session,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (records, session);
        async { Ok(()) }
    }

    /// Writes what belongs to the row but stands in other tables, after the row.
    fn save_parts(&self, session: &Session) -> impl Future<Output = Result<()>> + Send {
        let _ = session;
        async { Ok(()) }
    }
}

/// A value with what the store knows about it.
#[derive(Clone, Debug)]
pub struct Stored<R> {
    /// The value.
    pub record: R,
    /// When it was inserted.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Starts at 1, grows with each change.
    pub revision_number: i64,
    /// In their order; empty until [`Table::load_tags`](crate::Table::load_tags) reads them.
    pub tags: Vec<String>,
}

impl<R> Deref for Stored<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.record
    }
}

impl<R> DerefMut for Stored<R> {
    fn deref_mut(&mut self) -> &mut R {
        &mut self.record
    }
}

/// Reads columns of one row, naming the row when a column is impossible.
struct Reader<'a> {
    noun: &'static str,
    id: &'a str,
}

impl Reader<'_> {
    fn corrupt(&self, what: &'static str) -> Error {
        Error::Corrupt { noun: self.noun, id: self.id.to_owned(), what }
    }

    fn parse<T: FromStr>(&self, what: &'static str, text: &str) -> Result<T> {
        text.parse().map_err(|_| self.corrupt(what))
    }

    fn parse_option<T: FromStr>(&self, what: &'static str, text: Option<&str>) -> Result<Option<T>> {
        text.map(|text| self.parse(what, text)).transpose()
    }

    fn number<T: TryFrom<i64>>(&self, what: &'static str, number: i64) -> Result<T> {
        T::try_from(number).map_err(|_| self.corrupt(what))
    }

    fn json<T: serde::de::DeserializeOwned>(&self, what: &'static str, text: &str) -> Result<T> {
        serde_json::from_str(text).map_err(|_| self.corrupt(what))
    }
}

/// How many rows a statement asks for by their ids, or adds, at most: a database takes tens of thousands of values, and no more.
pub(crate) const AT_ONCE: usize = 1000;

/// Adds rows, however many.
pub(crate) async fn insert_all<A>(rows: Vec<A>, session: &Session) -> std::result::Result<(), DbErr>
where
    A: ActiveModelTrait + Send + Sync,
{
    for some in rows.chunks(AT_ONCE) {
        <A::Entity as EntityTrait>::insert_many(some.iter().cloned())
            .exec_without_returning(&session.transaction)
            .await?;
    }
    Ok(())
}

/// A condition that holds for all rows, or for none.
pub(crate) fn always(holds: bool) -> Condition {
    Condition::all().add(Expr::value(holds))
}

/// A list as a text column holds it.
pub(crate) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("lists of texts and numbers are always JSON")
}
