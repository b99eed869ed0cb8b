//! How a name or an id becomes an object. What looks like an id is asked for as one first, all else by name first, so that
//! one request is enough nearly always.

use adit_api::view::encode;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::grammar::Noun;
use crate::session::{Object, Service, Session};

/// The object of this name or id.
pub(crate) async fn find(session: &Session, noun: &Noun, name: &str) -> Result<Object> {
    find_among(session, noun, name, &[]).await
}

/// The id of the object of this name or id.
pub(crate) async fn id(session: &Session, noun: &Noun, name: &str) -> Result<String> {
    Ok(id_of(&find(session, noun, name).await?))
}

/// The id of an object.
pub(crate) fn id_of(object: &Object) -> String {
    object.get("id").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The object of this name or id, of those that pass filters.
pub(crate) async fn find_among(
    session: &Session,
    noun: &Noun,
    name: &str,
    filters: &[(&str, &str)],
) -> Result<Object> {
    // A list of those without a name would find one: an unset variable of a shell would name an object.
    if name.is_empty() {
        return Err(Error::Usage(format!("the name or ID of the {} is empty", noun.one)));
    }
    if noun.called_by.is_empty() {
        return by_id(session, noun, name).await?.ok_or_else(|| nothing(noun, name));
    }
    let may_be_id = looks_like_id(name);
    if may_be_id && let Some(object) = by_id(session, noun, name).await? {
        return Ok(object);
    }
    let mut all = vec![(noun.called_by, name)];
    all.extend_from_slice(filters);
    match list(session, noun, &all).await {
        Ok(mut found) => match found.len() {
            1 => return Ok(found.remove(0)),
            0 if !noun.or_called_by.is_empty() => {
                all[0].0 = noun.or_called_by;
                if let [found] = list(session, noun, &all).await?.as_slice() {
                    return Ok(found.clone());
                }
            }
            0 => {}
            _ => return Err(Error::NotFound(several(noun, name))),
        },
        // Whoever may not list may still see what is its own.
        Err(Error::Refused { status: 403, .. }) if noun.service == Service::Identity && !may_be_id => {
            let own = by_id(session, noun, name).await;
            return own?.ok_or_else(|| nothing(noun, name));
        }
        Err(error) => return Err(error),
    }
    // Ids of the Identity API may be words.
    if noun.service == Service::Identity
        && !may_be_id
        && let Some(object) = by_id(session, noun, name).await?
    {
        return Ok(object);
    }
    Err(nothing(noun, name))
}

/// What is said where several have a name.
pub(crate) fn several(noun: &Noun, name: &str) -> String {
    if noun.is_old {
        let what = noun.singular;
        return format!("Multiple {what} matches found for name '{name}', use an ID to be more specific.");
    }
    format!("More than one {} exists with the name '{name}': use the ID", noun.capitalized())
}

fn nothing(noun: &Noun, name: &str) -> Error {
    if noun.is_old {
        return Error::NotFound(format!("Unable to find {} with name or id '{name}'", noun.singular));
    }
    Error::NotFound(format!("No {} found for {name}", noun.capitalized()))
}

/// The object with this id.
pub(crate) async fn by_id(session: &Session, noun: &Noun, id: &str) -> Result<Option<Object>> {
    // In a path these are the collection, and what is above it.
    if matches!(id, "" | "." | "..") {
        return Ok(None);
    }
    match session.get(noun.service, &format!("{}/{}", noun.path, encode(id))).await {
        Ok(mut body) => match body.get_mut(noun.singular).map(Value::take) {
            Some(Value::Object(object)) => Ok(Some(object)),
            _ => Err(malformed(noun.singular)),
        },
        Err(Error::Refused { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The objects that pass filters.
pub(crate) async fn list(session: &Session, noun: &Noun, filters: &[(&str, &str)]) -> Result<Vec<Object>> {
    list_at(session, noun.service, noun.path, noun.plural, filters).await
}

/// The objects of a collection that pass filters.
pub(crate) async fn list_at(
    session: &Session,
    service: Service,
    path: &str,
    plural: &str,
    filters: &[(&str, &str)],
) -> Result<Vec<Object>> {
    let mut path = path.to_owned();
    for (at, (name, value)) in filters.iter().enumerate() {
        path.push(if at == 0 { '?' } else { '&' });
        path.push_str(&format!("{}={}", encode(name), encode(value)));
    }
    let mut objects = Vec::new();
    let mut asked = vec![path];
    loop {
        let path = asked.last().map(String::as_str).unwrap_or_default();
        let mut body = session.get(service, path).await?;
        let Some(Value::Array(page)) = body.get_mut(plural).map(Value::take) else {
            return Err(malformed(plural));
        };
        let is_empty = page.is_empty();
        for object in page {
            let Value::Object(object) = object else { return Err(malformed(plural)) };
            objects.push(object);
        }
        // A server may give a list in pages.
        let links = body.get(format!("{plural}_links")).and_then(Value::as_array);
        let next = links.into_iter().flatten().find(|link| link["rel"] == "next");
        let Some(next) = next.and_then(|link| link["href"].as_str()).filter(|_| !is_empty) else {
            return Ok(objects);
        };
        let next = page_after(path, next);
        if asked.contains(&next) {
            return Err(Error::Nonsense(format!("the pages of `{plural}` lead back to one of them")));
        }
        asked.push(next);
    }
}

/// The path of the page that a link leads to. Where the server is, the catalog says: behind a proxy the server itself may
/// not know, and a token goes nowhere else.
fn page_after(path: &str, link: &str) -> String {
    let collection = path.split('?').next().unwrap_or_default();
    let query = link.split_once('?').map(|(_, query)| query).unwrap_or_default();
    format!("{collection}?{query}")
}

/// An answer without what it must have.
pub(crate) fn malformed(key: &str) -> Error {
    Error::Nonsense(format!("the answer has no `{key}`"))
}

/// Whether it looks like an id: 32 hexadecimal digits, with or without hyphens.
pub(crate) fn looks_like_id(name: &str) -> bool {
    let digits = name.chars().filter(char::is_ascii_hexdigit).count();
    digits == 32 && name.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::page_after;

    #[test]
    fn a_page_is_asked_for_where_the_list_was() {
        for (path, link, want) in [
            ("networks", "http://h/v2.0/networks?marker=a", "networks?marker=a"),
            ("networks?name=x", "https://other/networks?name=x&marker=a", "networks?name=x&marker=a"),
            ("networks", "/v2.0/networks", "networks?"),
        ] {
            assert_eq!(page_after(path, link), want, "{path} {link}");
        }
    }
}
