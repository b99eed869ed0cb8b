//! Lists: filters, order and pages, as conditions that the database evaluates.

use adit_model::ProjectId;
use sea_orm::sea_query::NullOrdering;
use sea_orm::{ColumnTrait, Condition, EntityTrait, ModelTrait, Value};

/// Which rows are wanted, and in which order.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Only what this project may see; `None` for everything.
    pub visible_to: Option<ProjectId>,
    /// All must hold.
    pub filters: Vec<Filter>,
    /// Column and whether it ascends, most significant first; then by age.
    pub sort: Vec<(&'static str, bool)>,
    /// Which part of the list; `None` for all of it.
    pub page: Option<Page>,
}

/// A filter: the column has any of the values.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Name of the column, or of something that the table knows to filter by besides.
    pub column: &'static str,
    /// Texts, booleans or whole numbers.
    pub values: Vec<serde_json::Value>,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// How many rows at most.
    pub limit: u64,
    /// The id next to which the page starts.
    pub marker: Option<String>,
    /// Whether the page lies before the marker.
    pub reverse: bool,
}

impl Listing {
    /// Rows whose column has this value.
    pub fn of(column: &'static str, value: impl ToString) -> Self {
        Self::default().and(column, value)
    }

    /// No rows.
    pub fn nothing() -> Self {
        Self { filters: vec![Filter { column: "id", values: Vec::new() }], ..Self::default() }
    }

    /// Narrows the list.
    #[must_use]
    pub fn and(mut self, column: &'static str, value: impl ToString) -> Self {
        self.filters.push(Filter { column, values: vec![serde_json::Value::String(value.to_string())] });
        self
    }
}

/// The column of an entity by its name; the names come from declarations in code, never from clients.
pub(crate) fn column<E: EntityTrait>(name: &str) -> E::Column {
    match name.parse() {
        Ok(column) => column,
        Err(_) => unreachable!("a declaration names the column `{name}`, which its table does not have"),
    }
}

impl Filter {
    pub(crate) fn condition<E: EntityTrait>(&self) -> Condition {
        let column = column::<E>(self.column);
        column.is_in(self.values.iter().map(value)).into_condition()
    }
}

fn value(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Bool(flag) => (*flag).into(),
        serde_json::Value::Number(number) => number.as_i64().into(),
        serde_json::Value::String(text) => text.as_str().into(),
        serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
            json.to_string().into()
        }
    }
}

/// A column that a list is sorted by.
#[derive(Clone, Copy)]
pub(crate) struct SortKey<C> {
    pub(crate) column: C,
    pub(crate) ascends: bool,
    pub(crate) may_be_null: bool,
}

/// Rows that come after `marker` in the order given (most significant first), where what is absent comes before all
/// values, as [`nulls`] says.
pub(crate) fn after<M>(marker: &M, order: &[SortKey<<M::Entity as EntityTrait>::Column>]) -> Condition
where
    M: ModelTrait,
{
    let mut any = Condition::any();
    for (at, SortKey { column, ascends, .. }) in order.iter().enumerate() {
        let mut all = Condition::all();
        for SortKey { column: equal, .. } in &order[..at] {
            let value = marker.get(*equal);
            all = all.add(if is_null(&value) { equal.is_null() } else { equal.eq(value) });
        }
        let value = marker.get(*column);
        let beyond = match (ascends, is_null(&value)) {
            (true, true) => column.is_not_null().into_condition(),
            (true, false) => column.gt(value).into_condition(),
            (false, true) => super::record::always(false),
            (false, false) => Condition::any().add(column.lt(value)).add(column.is_null()),
        };
        any = any.add(all.add(beyond));
    }
    // Implied by the rest, but a database sees only here where in an index the page begins.
    let begins = order.first().filter(|key| !key.may_be_null).map(|key| {
        let value = marker.get(key.column);
        if key.ascends { key.column.gte(value) } else { key.column.lte(value) }
    });
    Condition::all().add_option(begins).add(any)
}

/// Where what is absent stands in a list: SQLite and PostgreSQL do not agree on it by themselves.
pub(crate) fn nulls(ascends: bool) -> NullOrdering {
    if ascends { NullOrdering::First } else { NullOrdering::Last }
}

fn is_null(value: &Value) -> bool {
    *value == value.as_null()
}

trait IntoCondition {
    fn into_condition(self) -> Condition;
}

impl IntoCondition for sea_orm::sea_query::SimpleExpr {
    fn into_condition(self) -> Condition {
        Condition::all().add(self)
    }
}
