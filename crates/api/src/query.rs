//! The query string of a list: filters, fields, sorting, paging.

use serde_json::Value;

use crate::attribute::{Attribute, Kind, Schema};
use crate::error::ApiError;
use crate::python;
use crate::shape::Shape;

/// How many addresses a list of ports can be filtered by at once.
pub const MOST_FIXED_IPS: usize = 100;

/// What a list was asked for.
#[derive(Debug, Default)]
pub struct ListQuery {
    /// All must hold.
    pub filters: Vec<Filter>,
    /// The attributes to show; empty for all.
    pub fields: Vec<String>,
    /// Column and whether it ascends, most significant first.
    pub sort: Vec<(&'static str, bool)>,
    /// How many objects at most; `None` for all.
    pub limit: Option<u64>,
    /// The id next to which the page starts.
    pub marker: Option<String>,
    /// Whether the page lies before the marker.
    pub reverse: bool,
}

/// One filter: the column has any of the values, but for the filters by tags.
#[derive(Debug, PartialEq)]
pub struct Filter {
    /// As in the database.
    pub column: &'static str,
    /// Texts, booleans or numbers, as the column has them.
    pub values: Vec<Value>,
}

impl ListQuery {
    /// Reads a query string, already split and decoded.
    ///
    /// # Errors
    /// In the reference's words.
    pub fn parse(schema: &Schema, pairs: &[(String, String)]) -> Result<Self, ApiError> {
        let mut query = Self::default();
        let (mut keys, mut dirs, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        for (name, value) in pairs {
            match name.as_str() {
                "fields" => query.fields.push(value.clone()),
                "sort_key" => keys.push(value.as_str()),
                "sort_dir" => dirs.push(value.as_str()),
                "limit" => query.limit = parse_limit(value)?,
                "marker" => query.marker = Some(value.clone()),
                "page_reverse" => query.reverse = value.eq_ignore_ascii_case("true"),
                _ if schema.has_tags()
                    && let Some(column) = tag_filter(name) =>
                {
                    let tags = value.split(',').map(Value::from);
                    tags.for_each(|tag| query.add_value(column, tag));
                }
                _ => match schema.filter(name) {
                    Some((attribute, column)) => query.add_filter(attribute, column, value)?,
                    None => unknown.push(Value::from(name.as_str())),
                },
            }
        }
        if !unknown.is_empty() {
            let unknown = python::repr(&Value::from(unknown));
            return Err(ApiError::bad_request(format!("{unknown} is invalid attribute for filtering")));
        }
        query.sort = parse_sort(schema, &keys, &dirs)?;
        Ok(query)
    }

    fn add_filter(
        &mut self,
        attribute: &Attribute,
        column: &'static str,
        value: &str,
    ) -> Result<(), ApiError> {
        let value = match attribute.kind {
            Kind::Bool | Kind::Number | Kind::Size | Kind::OptionalNumber => {
                attribute.kind.check(&Value::from(value)).map_err(|error| error.at(attribute.name))?
            }
            // A database does not compare a number with a text.
            Kind::Other(_) if matches!(attribute.shape(), Shape::Number | Shape::OPTIONAL_NUMBER) => {
                Kind::Number.check(&Value::from(value)).map_err(|error| error.at(attribute.name))?
            }
            Kind::Choice(_) => {
                Kind::Number.check(&Value::from(value)).map_err(|error| error.at(attribute.name))?
            }
            Kind::FixedIps if !value.contains('=') => {
                let reason = format!("'{value}' is not of the form <key>=[value]");
                return Err(ApiError::InvalidInput { reason });
            }
            Kind::Text
            | Kind::ShortText
            | Kind::Name
            | Kind::Uuid
            | Kind::OptionalUuid
            | Kind::Word(_)
            | Kind::FixedIps
            | Kind::Other(_) => Value::from(value),
        };
        // All of these must hold, and a database takes only so many conditions at once.
        if let Kind::FixedIps = attribute.kind
            && let Some(told) = self.filters.iter().find(|filter| filter.column == column)
        {
            if told.values.contains(&value) {
                return Ok(());
            }
            if told.values.len() >= MOST_FIXED_IPS {
                let reason = format!("more than {MOST_FIXED_IPS} values of {} in a filter", attribute.name);
                return Err(ApiError::InvalidInput { reason });
            }
        }
        self.add_value(column, value);
        Ok(())
    }

    fn add_value(&mut self, column: &'static str, value: Value) {
        match self.filters.iter_mut().find(|filter| filter.column == column) {
            Some(filter) => filter.values.push(value),
            None => self.filters.push(Filter { column, values: vec![value] }),
        }
    }
}

/// Refuses to filter or sort by what only administrators see: the answer would tell it.
///
/// # Errors
/// As for what cannot be filtered by at all.
pub fn permit(schema: &Schema, pairs: &[(String, String)], is_admin: bool) -> Result<(), ApiError> {
    let hidden = |name: &str| schema.attribute(name).is_some_and(|attribute| attribute.admin_sees);
    for (name, value) in pairs.iter().filter(|_| !is_admin) {
        let refused = match name.as_str() {
            "sort_key" if hidden(value) => (value, "sort_keys"),
            name_ if hidden(name_) => (name, "filtering"),
            _ => continue,
        };
        let (name, what) = refused;
        return Err(ApiError::bad_request(format!("['{name}'] is invalid attribute for {what}")));
    }
    Ok(())
}

/// The filters by tags, which are no attributes: all of the tags, any of them, and the reverse of both.
fn tag_filter(name: &str) -> Option<&'static str> {
    ["tags", "tags-any", "not-tags", "not-tags-any"].into_iter().find(|filter| *filter == name)
}

/// The attributes that the GET of one object was asked for; everything else in its query string is ignored.
pub fn fields(pairs: &[(String, String)]) -> Vec<String> {
    pairs.iter().filter(|(name, _)| name == "fields").map(|(_, value)| value.clone()).collect()
}

fn parse_limit(value: &str) -> Result<Option<u64>, ApiError> {
    let limit: u64 = value.parse().map_err(|_| ApiError::BadRequest {
        resource: "limit".to_owned(),
        reason: format!("Limit must be an integer 0 or greater and not '{value}'"),
    })?;
    // A database counts no further.
    Ok(Some(limit.min(i64::MAX.unsigned_abs())).filter(|limit| *limit > 0))
}

fn parse_sort(schema: &Schema, keys: &[&str], dirs: &[&str]) -> Result<Vec<(&'static str, bool)>, ApiError> {
    if keys.len() != dirs.len() {
        return Err(ApiError::bad_request("The number of sort_keys and sort_dirs must be same"));
    }
    let column = |key: &str| schema.attribute(key).filter(|attribute| attribute.sort).and_then(|a| a.filter);
    let unknown: Vec<Value> =
        keys.iter().filter(|key| column(key).is_none()).map(|key| Value::from(*key)).collect();
    if !unknown.is_empty() {
        let unknown = python::repr(&Value::from(unknown));
        return Err(ApiError::bad_request(format!("{unknown} is invalid attribute for sort_keys")));
    }
    let wrong: Vec<Value> =
        dirs.iter().filter(|dir| !matches!(**dir, "asc" | "desc")).map(|dir| Value::from(*dir)).collect();
    if !wrong.is_empty() {
        let wrong = python::repr(&Value::from(wrong));
        return Err(ApiError::bad_request(format!(
            "{wrong} is invalid value for sort_dirs, valid value is 'asc' and 'desc'"
        )));
    }
    let mut sort = Vec::<(&'static str, bool)>::new();
    for (key, dir) in keys.iter().zip(dirs) {
        // What comes again, or after an id, never decides: no two objects have the same id.
        let is_told = |column| sort.iter().any(|(told, _)| *told == column || *told == "id");
        if let Some(column) = column(key).filter(|column| !is_told(*column)) {
            sort.push((column, *dir == "asc"));
        }
    }
    Ok(sort)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vpn::ike_policy::SCHEMA;

    fn parse(query: &str) -> Result<ListQuery, ApiError> {
        let pairs: Vec<(String, String)> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap()
            })
            .collect();
        ListQuery::parse(&SCHEMA, &pairs)
    }

    #[test]
    fn repeated_filters_are_alternatives_and_tenant_means_project() {
        let query = parse("name=a&tenant_id=p1&name=c&fields=id&limit=0").unwrap();
        let texts = |values: &[&str]| values.iter().map(|text| Value::from(*text)).collect::<Vec<_>>();
        assert_eq!(
            query.filters,
            [
                Filter { column: "name", values: texts(&["a", "c"]) },
                Filter { column: "project_id", values: texts(&["p1"]) }
            ]
        );
        assert_eq!((query.fields, query.limit), (vec!["id".to_owned()], None));
    }

    #[test]
    fn tags_are_separated_by_commas_or_repeated() {
        let pairs = [("not-tags", "a,b"), ("not-tags", "c")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let query = ListQuery::parse(&crate::network::router::SCHEMA, &pairs).unwrap();
        let values = ["a", "b", "c"].map(Value::from).to_vec();
        assert_eq!(query.filters, [Filter { column: "not-tags", values }]);
        let error = ListQuery::parse(&SCHEMA, &pairs[..1]).unwrap_err();
        assert_eq!(error.to_string(), "['not-tags'] is invalid attribute for filtering");
    }

    #[test]
    fn a_list_is_sorted_by_what_can_decide() {
        let keys = |keys: &[&str]| {
            let keys = keys.iter().map(|key| format!("sort_key={key}&sort_dir=asc"));
            keys.collect::<Vec<_>>().join("&")
        };
        for (query, want) in [
            (format!("{}&sort_key=name&sort_dir=desc", keys(&["name"; 250])), vec![("name", true)]),
            (keys(&["tenant_id", "name", "project_id"]), vec![("project_id", true), ("name", true)]),
            (keys(&["name", "id", "project_id"]), vec![("name", true), ("id", true)]),
        ] {
            assert_eq!(parse(&query).unwrap().sort, want, "{query}");
        }
        let error = parse(&keys(&["id", "description"])).unwrap_err();
        assert_eq!(error.to_string(), "['description'] is invalid attribute for sort_keys");
    }

    #[test]
    fn a_limit_is_one_that_a_database_takes() {
        for (query, want) in [
            ("limit=5", Some(5)),
            ("limit=0", None),
            ("limit=18446744073709551615", Some(9_223_372_036_854_775_807)),
        ] {
            assert_eq!(parse(query).unwrap().limit, want, "{query}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (query, want) in [
            ("bogus=1&lifetime=2", "['bogus', 'lifetime'] is invalid attribute for filtering"),
            ("sort_key=id", "The number of sort_keys and sort_dirs must be same"),
            ("sort_key=description&sort_dir=asc", "['description'] is invalid attribute for sort_keys"),
            (
                "sort_key=id&sort_dir=up",
                "['up'] is invalid value for sort_dirs, valid value is 'asc' and 'desc'",
            ),
            ("limit=-1", "Bad limit request: Limit must be an integer 0 or greater and not '-1'."),
        ] {
            assert_eq!(parse(query).unwrap_err().to_string(), want, "{query}");
        }
    }
}
