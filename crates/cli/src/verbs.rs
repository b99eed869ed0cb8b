//! What the verbs do with any noun.

use adit_api::python;
use adit_api::view::encode;
use clap::ArgMatches;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::grammar::draft::Draft;
use crate::grammar::{Change, Column, Kind, Noun, Verb};
use crate::names;
use crate::noun::identity::DOMAIN;
use crate::output::Report;
use crate::output::cell::Cell;
use crate::output::options::Options;
use crate::say;
use crate::session::{OWN, Object, Session};
use crate::wait::Waiting;

/// Does what a verb does.
pub(crate) async fn run(
    noun: &'static Noun,
    verb: Verb,
    matches: &ArgMatches,
    session: &Session,
) -> Result<Report> {
    match verb {
        Verb::Create => create(noun, matches, session).await,
        Verb::Delete => delete(noun, matches, session).await,
        Verb::List => list(noun, matches, session).await,
        Verb::Set | Verb::Unset => change(noun, verb, matches, session).await,
        Verb::Show => show(noun, matches, session).await,
    }
}

async fn create(noun: &'static Noun, matches: &ArgMatches, session: &Session) -> Result<Report> {
    let draft = Draft::read(noun, Verb::Create, matches, session).await?;
    let waiting = Waiting::wished(matches)?;
    let body = json!({noun.singular: draft.attributes});
    let sent = session.send(noun.service, Method::POST, noun.path, Some(&body)).await;
    if let (true, Err(Error::Refused { status: 409, .. })) = (draft.or_show, &sent) {
        let name = draft.attributes.get(noun.called_by).and_then(Value::as_str).unwrap_or_default();
        let domain = draft.attributes.get("domain_id").and_then(Value::as_str);
        let filters: Vec<(&str, &str)> = domain.map(|id| ("domain_id", id)).into_iter().collect();
        return shown(noun, session, names::find_among(session, noun, name, &filters).await?).await;
    }
    let mut body = sent?;
    let mut object = unwrapped(&mut body, noun.singular)?;
    let finished = finish(noun, session, &mut object, draft.tags.as_ref(), waiting).await;
    if let Err(error) = finished {
        // It exists, and a key that was made up for it is told only now.
        let made = match shown(noun, session, object.clone()).await {
            Ok(made) => made,
            Err(_) => fields(noun, &object),
        };
        crate::output::print(made, &Options::of(matches))?;
        return Err(error);
    }
    shown(noun, session, object).await
}

/// What is left to do for an object that has just been made.
async fn finish(
    noun: &'static Noun,
    session: &Session,
    object: &mut Object,
    tags: Option<&Vec<String>>,
    waiting: Option<Waiting>,
) -> Result<()> {
    let id = names::id_of(object);
    if let Some(tags) = tags {
        tag(noun, session, &id, tags).await?;
        object.insert("tags".to_owned(), json!(tags));
    }
    if let Some(waiting) = waiting {
        *object = waiting.until_settled(noun, session, &id).await?;
    }
    Ok(())
}

async fn show(noun: &'static Noun, matches: &ArgMatches, session: &Session) -> Result<Report> {
    let mut object = found(session, noun, matches, object_of(matches)).await?;
    if let Some(also) = noun.also {
        object = also(session, object).await?;
    }
    shown(noun, session, object).await
}

/// The rows of an object, with what is not of its own.
async fn shown(noun: &Noun, session: &Session, object: Object) -> Result<Report> {
    let Some(filled) = noun.filled else { return Ok(fields(noun, &object)) };
    let objects = filled(session, vec![object]).await?;
    objects.first().map(|object| fields(noun, object)).ok_or_else(|| names::malformed(noun.singular))
}

/// Lists what passes the filters.
pub(crate) async fn list(noun: &'static Noun, matches: &ArgMatches, session: &Session) -> Result<Report> {
    let draft = Draft::read(noun, Verb::List, matches, session).await?;
    let filters: Vec<(&str, String)> = draft
        .attributes
        .iter()
        .flat_map(|(name, value)| match value {
            Value::Array(values) => values.iter().flat_map(|value| filter(name, value)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                filter(name, value)
            }
        })
        .collect();
    let filters: Vec<(&str, &str)> = filters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let path = draft.whose.as_ref().map(|user| noun.path.replace(OWN, &encode(user)));
    let path = path.as_deref().unwrap_or(noun.path);
    let at = |path| names::list_at(session, noun.service, path, noun.plural, &filters);
    let mut objects = match noun.own {
        Some(own) if draft.own => at(own).await?,
        own => match (at(path).await, own) {
            (Err(Error::Refused { status: 403, .. }), Some(own)) => at(own).await?,
            (listed, _) => listed?,
        },
    };
    if let Some(filled) = noun.filled {
        objects = filled(session, objects).await?;
    }
    let is_long = matches.try_get_one::<bool>("long").ok().flatten() == Some(&true);
    Ok(table(noun, &objects, &|column| {
        (is_long || !column.is_long) && draft.of.is_none_or(|of| of != column.attribute)
    }))
}

/// A filter of a list: each entry of a map is one, `key=value`, as the API has it.
fn filter<'a>(name: &'a str, value: &Value) -> Vec<(&'a str, String)> {
    match value {
        Value::Object(map) => {
            map.iter().map(|(key, value)| (name, format!("{key}={}", python::display(value)))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            vec![(name, python::display(value))]
        }
    }
}

async fn change(noun: &'static Noun, verb: Verb, matches: &ArgMatches, session: &Session) -> Result<Report> {
    let name = object_of(matches);
    let mut draft = Draft::read(noun, verb, matches, session).await?;
    let object = found(session, noun, matches, name).await?;
    draft.merge(&object)?;
    let id = names::id_of(&object);
    let waiting = Waiting::wished(matches)?;
    let doing = || format!("Failed to {} {} '{name}'", verb.word(), noun.said);
    if !draft.is_empty() {
        update(noun, session, &id, draft.attributes.clone()).await.map_err(|error| error.during(doing()))?;
    }
    if draft.tags.is_some() || draft.no_tags {
        let tags = changed_tags(&object, verb, &draft);
        tag(noun, session, &id, &tags).await.map_err(|error| error.during(doing()))?;
    }
    // A key that was made up is told once, to whom it was made for; also when what is waited for fails.
    if let Some(waiting) = waiting {
        if let Some(psk) = &draft.generated {
            crate::output::print(Report::Text(format!("{}\n", psk.reveal())), &Options::default())?;
        }
        waiting.until_settled(noun, session, &id).await?;
        return Ok(Report::Nothing);
    }
    Ok(draft.generated.map_or(Report::Nothing, |psk| Report::Text(format!("{}\n", psk.reveal()))))
}

/// The object that a command names, in the domain that it names.
async fn found(session: &Session, noun: &'static Noun, matches: &ArgMatches, name: &str) -> Result<Object> {
    let within = noun.options.iter().find(|option| matches!(option.kind, Kind::Within));
    let domain = within.and_then(|option| matches.try_get_one::<String>(option.name).ok().flatten());
    let Some(domain) = domain else { return names::find(session, noun, name).await };
    let domain = names::id(session, &DOMAIN, domain).await?;
    names::find_among(session, noun, name, &[("domain_id", &domain)]).await
}

/// Changes attributes of an object.
pub(crate) async fn update(noun: &Noun, session: &Session, id: &str, attributes: Object) -> Result<()> {
    let method = match noun.change {
        Change::Put => Method::PUT,
        Change::Patch => Method::PATCH,
    };
    let path = format!("{}/{}", noun.path, encode(id));
    session.send(noun.service, method, &path, Some(&json!({noun.singular: attributes}))).await.map(|_| ())
}

/// Deletes what can be deleted, tells of what cannot, and sums up.
async fn delete(noun: &'static Noun, matches: &ArgMatches, session: &Session) -> Result<Report> {
    let wanted: Vec<&String> = matches.get_many("object").into_iter().flatten().collect();
    let waiting = Waiting::wished(matches)?;
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for name in &wanted {
        match delete_one(noun, session, matches, name).await {
            Ok(object) => deleted.push((name.as_str(), object)),
            Err(error) => {
                say(&format!("Failed to delete {} with name or ID '{name}': {error}", noun.one));
                failures.push(error);
            }
        }
    }
    if let Some(waiting) = waiting {
        waiting.until_gone(noun, session, &deleted).await?;
    }
    sum_up(&failures, wanted.len(), noun.counted())
}

/// Deletes the object of this name or id; what it was.
pub(crate) async fn delete_one(
    noun: &'static Noun,
    session: &Session,
    matches: &ArgMatches,
    name: &str,
) -> Result<Object> {
    let object = found(session, noun, matches, name).await?;
    let path = format!("{}/{}", noun.path, encode(&names::id_of(&object)));
    session.send(noun.service, Method::DELETE, &path, None).await.map(|_| object)
}

/// The end of a command over several objects.
pub(crate) fn sum_up(failures: &[Error], total: usize, what: &str) -> Result<Report> {
    match failures.first() {
        None => Ok(Report::Nothing),
        Some(first) => Err(Error::Several {
            sentence: format!("{} of {total} {what} failed to delete.", failures.len()),
            status: first.status(),
        }),
    }
}

/// The rows of an object, sorted by their labels.
pub(crate) fn fields(noun: &Noun, object: &Object) -> Report {
    let shown = noun.columns.iter().filter(|column| is_there(column, object));
    let mut fields: Vec<(String, Cell)> =
        shown.filter_map(|column| Some((column.label?.to_owned(), cell(column, object)))).collect();
    if !noun.in_order {
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
    }
    Report::One(fields)
}

/// A table of objects, with the columns that are wanted.
fn table(noun: &Noun, objects: &[Object], is_wanted: &dyn Fn(&Column) -> bool) -> Report {
    let listed = |column: &&Column| {
        column.head.is_some()
            && is_wanted(column)
            && (!column.if_sent || objects.iter().any(|object| is_there(column, object)))
    };
    let columns: Vec<&Column> = noun.columns.iter().filter(listed).collect();
    Report::List {
        columns: columns.iter().filter_map(|column| column.head.map(str::to_owned)).collect(),
        rows: objects
            .iter()
            .map(|object| columns.iter().map(|column| cell(column, object)).collect())
            .collect(),
    }
}

fn is_there(column: &Column, object: &Map<String, Value>) -> bool {
    !column.if_sent || object.get(column.attribute).is_some_and(|value| !value.is_null())
}

fn cell(column: &Column, object: &Object) -> Cell {
    Cell::new(object.get(column.attribute).cloned().unwrap_or_default(), column.view)
}

/// Sets the tags of an object.
async fn tag(noun: &Noun, session: &Session, id: &str, tags: &[String]) -> Result<()> {
    let path = format!("{}/{}/tags", noun.path, encode(id));
    session.send(noun.service, Method::PUT, &path, Some(&json!({"tags": tags}))).await.map(|_| ())
}

fn changed_tags(object: &Object, verb: Verb, draft: &Draft) -> Vec<String> {
    let old = object.get("tags").and_then(Value::as_array).into_iter().flatten();
    let mut tags: Vec<String> = old.filter_map(|tag| tag.as_str().map(str::to_owned)).collect();
    if draft.no_tags {
        tags.clear();
    }
    let given = draft.tags.iter().flatten();
    if verb == Verb::Unset {
        tags.retain(|tag| !draft.tags.iter().flatten().any(|taken| taken == tag));
    } else {
        tags.extend(given.cloned());
    }
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// The object that a command names.
pub(crate) fn object_of(matches: &ArgMatches) -> &str {
    matches.get_one::<String>("object").map(String::as_str).unwrap_or_default()
}

/// The object in a body.
pub(crate) fn unwrapped(body: &mut Value, key: &str) -> Result<Object> {
    match body.get_mut(key).map(Value::take) {
        Some(Value::Object(object)) => Ok(object),
        _ => Err(names::malformed(key)),
    }
}
