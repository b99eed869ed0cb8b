//! Lists of what is in memory, as of agents: filtered, sorted and cut into pages as those that the database makes.

use std::cmp::Ordering;

use adit_api::query::{Filter, ListQuery};
use adit_api::{ApiError, Schema, view};
use serde::Serialize;
use serde_json::Value;

use crate::caller::Caller;

/// A request for a list.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    /// Its query string, split and decoded.
    pub(crate) pairs: &'a [(String, String)],
    /// The collection's own URL, for links.
    pub(crate) url: &'a str,
}

/// How the objects of a list are told apart.
#[derive(Clone, Copy)]
pub(crate) struct Identity {
    /// The attribute that no two of them have the same of: what markers are.
    pub(crate) key: &'static str,
    /// The answer for a marker that none of them has.
    pub(crate) unknown: fn(&str) -> ApiError,
}

/// The answer: the part of `views`, which come in their usual order, that was asked for. Filters that the objects have
/// no attribute for are the caller's business.
///
/// # Errors
/// What is wrong with the request; what `identity` says for an unknown marker.
pub(crate) fn answer(
    schema: &Schema,
    views: &[impl Serialize],
    identity: Identity,
    request: Request<'_>,
    caller: &Caller,
) -> Result<Value, ApiError> {
    let query = ListQuery::parse(schema, request.pairs)?;
    let mut objects = Vec::with_capacity(views.len());
    for shown in views {
        let object = view::object(schema, shown, caller.is_admin(), &[])?;
        let matches =
            |filter: &Filter| object.get(filter.column).is_none_or(|has| filter.values.contains(has));
        if query.filters.iter().all(matches) {
            objects.push(object);
        }
    }
    objects.sort_by(|a, b| compare(a, b, &query.sort));
    let objects = page(objects, identity, &query)?;
    let ids: Vec<String> = objects.iter().map(|object| id(object, identity)).collect();
    let links =
        query.limit.map(|limit| view::page_links(request.url, request.pairs, &ids, limit, query.reverse));
    let shown = objects.iter().map(|one| view::object(schema, one, caller.is_admin(), &query.fields));
    Ok(view::wrap_list(schema, shown.collect::<Result<_, _>>()?, links))
}

/// The objects of the page that was asked for.
fn page(mut objects: Vec<Value>, identity: Identity, query: &ListQuery) -> Result<Vec<Value>, ApiError> {
    let Some(limit) = query.limit else { return Ok(objects) };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let at = |marker: &String| objects.iter().position(|object| id(object, identity) == *marker);
    let marker = query.marker.as_ref().map(|marker| at(marker).ok_or_else(|| (identity.unknown)(marker)));
    let marker = marker.transpose()?;
    if query.reverse {
        objects.truncate(marker.unwrap_or(objects.len()));
        objects.drain(..objects.len().saturating_sub(limit));
    } else {
        objects.drain(..marker.map_or(0, |marker| marker + 1));
        objects.truncate(limit);
    }
    Ok(objects)
}

fn id(object: &Value, identity: Identity) -> String {
    object[identity.key].as_str().unwrap_or_default().to_owned()
}

fn compare(a: &Value, b: &Value, sort: &[(&'static str, bool)]) -> Ordering {
    let by_key = |(key, ascends): &(&str, bool)| {
        let order = order(&a[*key], &b[*key]);
        if *ascends { order } else { order.reverse() }
    };
    sort.iter().map(by_key).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// What is absent comes first, as in the database.
fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        _ => a.as_i64().cmp(&b.as_i64()),
    }
}

#[cfg(test)]
mod tests {
    use adit_api::ApiError;
    use adit_api::network::agent::SCHEMA;
    use adit_model::{ProjectId, UserId};
    use serde_json::{Value, json};

    use super::{Identity, Request, answer};
    use crate::caller::Caller;

    fn listed(query: &str) -> Result<Value, String> {
        let agent = |id: &str, host: &str, alive: bool| json!({"id": id, "host": host, "alive": alive});
        let agents = [agent("1", "b", true), agent("2", "a", false), agent("3", "c", true)];
        let caller = Caller {
            user_id: UserId::new("u"),
            project_id: ProjectId::new("p"),
            roles: vec!["admin".to_owned()],
        };
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let request = Request { pairs: &pairs, url: "http://host/agents" };
        let identity = Identity { key: "id", unknown: |_| ApiError::HTTPNotFound };
        answer(&SCHEMA, &agents, identity, request, &caller).map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_in_memory_is_as_one_of_the_database() {
        for (query, want) in [
            ("", "1 2 3"),
            ("alive=true", "1 3"),
            ("host=a&host=c", "2 3"),
            ("host=a&alive=true", ""),
            ("sort_key=host&sort_dir=asc", "2 1 3"),
            ("sort_key=host&sort_dir=desc", "3 1 2"),
            ("limit=2", "1 2"),
            ("limit=2&marker=2", "3"),
            ("limit=2&page_reverse=True", "2 3"),
            ("limit=1&page_reverse=True&marker=3", "2"),
            ("limit=0", "1 2 3"),
        ] {
            let list = listed(query).unwrap();
            let ids = list["agents"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap());
            assert_eq!(ids.collect::<Vec<_>>().join(" "), want, "{query}");
            assert_eq!(list.get("agents_links").is_some(), query.contains("limit=") && query != "limit=0");
        }
        assert_eq!(listed("fields=host&host=a").unwrap(), json!({"agents": [{"host": "a"}]}));
        assert_eq!(listed("foo=1").unwrap_err(), "['foo'] is invalid attribute for filtering");
        assert_eq!(listed("limit=1&marker=9").unwrap_err(), "The resource could not be found.");
    }
}
