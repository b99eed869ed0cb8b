//! What the options of a command come to: the attributes of a body, names resolved, and what is done with tags.

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde_json::Value;

use super::{Key, KeyKind, Kind, Noun, Opt, Verb};
use crate::error::{Error, Result};
use crate::names;
use crate::noun::identity::{DOMAIN, PROJECT, USER};
use crate::noun::network::SUBNET;
use crate::psk::{self, Otherwise};
use crate::session::{Object, Session};

/// What a command is to send.
pub(crate) struct Draft {
    /// What is to be done.
    pub(crate) verb: Verb,
    /// The attributes.
    pub(crate) attributes: Object,
    /// The tags that are to be set, added or taken away.
    pub(crate) tags: Option<Vec<String>>,
    /// Whether the tags that are there are forgotten.
    pub(crate) no_tags: bool,
    /// Whether one that is there already will do.
    pub(crate) or_show: bool,
    /// Whether what is one's own is meant.
    pub(crate) own: bool,
    /// The id of the user whose objects are meant, rather than one's own.
    pub(crate) whose: Option<String>,
    /// The attribute that is the same in all that is listed.
    pub(crate) of: Option<&'static str>,
    /// What changes add to, or take away from.
    more: Vec<(&'static str, Vec<Value>)>,
    cleared: Vec<&'static str>,
    /// A key that was made up, which is told once.
    pub(crate) generated: Option<psk::Psk>,
}

impl Draft {
    /// Reads the options of a verb, and asks the server for the ids of what they name.
    pub(crate) async fn read(
        noun: &'static Noun,
        verb: Verb,
        matches: &ArgMatches,
        session: &Session,
    ) -> Result<Self> {
        let mut draft = Self {
            verb,
            attributes: Object::new(),
            tags: None,
            no_tags: false,
            or_show: false,
            own: false,
            whose: None,
            of: None,
            more: Vec::new(),
            cleared: Vec::new(),
            generated: None,
        };
        for option in noun.options_of(verb) {
            if matches.value_source(option.name) == Some(ValueSource::CommandLine) {
                draft.take(noun, option, matches, session).await?;
            }
        }
        (noun.shape)(&mut draft)?;
        Ok(draft)
    }

    /// Whether nothing is to be changed but tags.
    pub(crate) fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }

    /// Takes an attribute out.
    pub(crate) fn remove(&mut self, attribute: &str) -> Option<Value> {
        self.attributes.shift_remove(attribute)
    }

    /// Puts an attribute in.
    pub(crate) fn put(&mut self, attribute: &str, value: impl Into<Value>) {
        self.attributes.insert(attribute.to_owned(), value.into());
    }

    /// Whether an attribute is there.
    pub(crate) fn has(&self, attribute: &str) -> bool {
        self.attributes.contains_key(attribute)
    }

    /// Lets lists have what is there too, or lack what is taken away.
    pub(crate) fn merge(&mut self, current: &Object) -> Result<()> {
        for attribute in std::mem::take(&mut self.cleared) {
            if self.more.iter().all(|(more, _)| *more != attribute) {
                self.put(attribute, Vec::<Value>::new());
            } else {
                self.attributes.insert(attribute.to_owned(), Value::Array(Vec::new()));
            }
        }
        for (attribute, given) in std::mem::take(&mut self.more) {
            let old = self.attributes.get(attribute).or_else(|| current.get(attribute));
            let mut old: Vec<Value> = old.and_then(Value::as_array).cloned().unwrap_or_default();
            if self.verb == Verb::Unset {
                for value in given {
                    let at = old.iter().position(|old| fits(old, &value)).ok_or_else(|| {
                        let value = adit_api::python::display(&value);
                        Error::NotFound(format!("`{attribute}` has no {value} that could be taken away"))
                    })?;
                    old.remove(at);
                }
                self.put(attribute, old);
            } else {
                let mut all = given;
                all.extend(old.into_iter().filter(|old| !all.contains(old)).collect::<Vec<_>>());
                self.put(attribute, all);
            }
        }
        Ok(())
    }

    async fn take(
        &mut self,
        noun: &'static Noun,
        option: &Opt,
        matches: &ArgMatches,
        session: &Session,
    ) -> Result<()> {
        // Options without a value have none to get.
        let given = matches.try_get_many::<String>(option.name).ok().flatten();
        let texts: Vec<String> = given.map(|all| all.cloned().collect()).unwrap_or_default();
        let text = texts.last().map(String::as_str).unwrap_or_default();
        match &option.kind {
            Kind::Text(attribute) => self.put(attribute, text),
            Kind::Word(attribute, _) => self.put(attribute, text.to_lowercase()),
            Kind::Lowercase(attribute) => self.put(attribute, text.to_lowercase()),
            Kind::Number(attribute) => self.put(attribute, number(option, text)?),
            Kind::Is(attribute, fixed) => self.put(attribute, fixed.value()),
            Kind::Truth(attribute) => self.put(attribute, text.eq_ignore_ascii_case("true")),
            Kind::Id(attribute, other) => self.put(attribute, names::id(session, other, text).await?),
            Kind::Of(attribute, other) => {
                self.put(attribute, names::id(session, other, text).await?);
                self.of = Some(attribute);
            }
            Kind::Whose => self.whose = Some(user(session, text, matches).await?),
            Kind::Roles(attribute) => self.put(attribute, roles(texts)),
            Kind::Json(attribute) => self.put(attribute, json(option, text)?),
            Kind::Ids(attribute, other) => self.put(attribute, ids(other, &texts, session).await?),
            Kind::MoreIds(attribute, other) => self.take_more(attribute, ids(other, &texts, session).await?),
            Kind::Endpoints(attribute) => self.put(attribute, endpoints(texts, matches, session).await?),
            Kind::Texts(attribute) => self.put(attribute, texts),
            Kind::More(attribute) => self.take_more(attribute, values(texts)),
            Kind::Map(attribute, keys) => {
                self.put(attribute, pairs(option.name, text, keys, session).await?);
            }
            Kind::Maps(attribute, keys) => self.put(attribute, maps(option, &texts, keys, session).await?),
            Kind::MoreMaps(attribute, keys) => {
                self.take_more(attribute, maps(option, &texts, keys, session).await?);
            }
            Kind::Clear(attribute) => self.cleared.push(attribute),
            Kind::Project(attribute) => {
                self.put(attribute, project(session, text, word(matches, "project-domain")).await?);
            }
            // It says where another option looks.
            Kind::Within | Kind::Anyway => {}
            Kind::OrShow => self.or_show = true,
            Kind::Own => self.own = true,
            Kind::Password(attribute) => self.put(attribute, psk::password(option.name, text)?.reveal()),
            Kind::PasswordPrompt(attribute) => self.put(attribute, psk::asked_password()?.reveal()),
            Kind::Tags => self.tags = Some(texts),
            Kind::NoTags => self.no_tags = true,
            Kind::Psk => {
                let otherwise = if noun.is_old { Otherwise::Input } else { Otherwise::FileOrGenerated };
                self.put("psk", psk::given(text, otherwise)?.reveal());
            }
            Kind::PskFile => self.put("psk", psk::from_file(text)?.reveal()),
            Kind::GeneratePsk => self.make_psk(),
        }
        Ok(())
    }

    fn make_psk(&mut self) {
        let made = psk::generated();
        self.put("psk", made.reveal());
        self.generated = Some(made);
    }

    fn take_more(&mut self, attribute: &'static str, values: Vec<Value>) {
        if self.verb == Verb::Create {
            self.put(attribute, values);
        } else {
            self.more.push((attribute, values));
        }
    }
}

fn values(texts: Vec<String>) -> Vec<Value> {
    texts.into_iter().map(Value::String).collect()
}

/// Roles as the Identity API names them: what looks like an id is one.
fn roles(names: Vec<String>) -> Vec<Value> {
    let role = |name: String| {
        let key = if names::looks_like_id(&name) { "id" } else { "name" };
        Value::Object(Object::from_iter([(key.to_owned(), name.into())]))
    };
    names.into_iter().map(role).collect()
}

/// JSON, or what a file has of it.
fn json(option: &Opt, text: &str) -> Result<Value> {
    let wrong = |why: String| Error::Usage(format!("--{}: {why}", option.name));
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    let file = std::fs::read_to_string(text);
    let file = file.map_err(|error| wrong(format!("neither JSON nor a file that can be read: {error}")))?;
    serde_json::from_str(&file).map_err(|error| wrong(format!("{text} has no JSON: {error}")))
}

/// The id of a user, of the domain that `--user-domain` names.
async fn user(session: &Session, name: &str, matches: &ArgMatches) -> Result<String> {
    let domain = match word(matches, "user-domain") {
        Some(domain) => Some(names::id(session, &DOMAIN, domain).await?),
        None => None,
    };
    let filters: Vec<(&str, &str)> = domain.iter().map(|id| ("domain_id", id.as_str())).collect();
    Ok(names::id_of(&names::find_among(session, &USER, name, &filters).await?))
}

fn number(option: &Opt, text: &str) -> Result<u64> {
    let wrong = |_| Error::Usage(format!("--{}: `{text}` is not a whole number", option.name));
    text.parse().map_err(wrong)
}

/// The word of an option that the command may not have.
fn word<'a>(matches: &'a ArgMatches, option: &str) -> Option<&'a str> {
    matches.try_get_one::<String>(option).ok().flatten().map(String::as_str)
}

/// What an endpoint group is made of: the ids of subnets, or what is given.
async fn endpoints(texts: Vec<String>, matches: &ArgMatches, session: &Session) -> Result<Vec<Value>> {
    let is_subnet = word(matches, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("subnet"));
    if is_subnet { ids(&SUBNET, &texts, session).await } else { Ok(values(texts)) }
}

/// The ids of what is named.
async fn ids(noun: &'static Noun, names: &[String], session: &Session) -> Result<Vec<Value>> {
    let mut ids = Vec::new();
    for name in names {
        ids.push(Value::String(names::id(session, noun, name).await?));
    }
    Ok(ids)
}

async fn maps(option: &Opt, texts: &[String], keys: &'static [Key], session: &Session) -> Result<Vec<Value>> {
    let mut maps = Vec::new();
    for text in texts {
        maps.push(Value::Object(pairs(option.name, text, keys, session).await?));
    }
    Ok(maps)
}

/// Whether what is there is what is to be taken away, of which only some keys may be named.
fn fits(there: &Value, named: &Value) -> bool {
    match (there, named) {
        (Value::Object(there), Value::Object(named)) => {
            named.iter().all(|(key, value)| there.get(key) == Some(value))
        }
        _ => there == named,
    }
}

/// The id of a project. Whoever may not look for projects gives an id, which the server checks.
pub(crate) async fn project(session: &Session, name: &str, domain: Option<&str>) -> Result<String> {
    let domain = match domain {
        Some(domain) => Some(names::id(session, &DOMAIN, domain).await?),
        None => None,
    };
    let filters: Vec<(&str, &str)> = domain.iter().map(|id| ("domain_id", id.as_str())).collect();
    match names::find_among(session, &PROJECT, name, &filters).await {
        Ok(project) => Ok(names::id_of(&project)),
        Err(Error::Refused { status: 403, .. }) => Ok(name.to_owned()),
        Err(error) => Err(error),
    }
}

/// `key=value,key=value` as a map.
pub(crate) async fn pairs(
    option: &str,
    text: &str,
    keys: &'static [Key],
    session: &Session,
) -> Result<Object> {
    let wrong = |why: String| Error::Usage(format!("--{option}: {why}"));
    let known = || keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", ");
    let mut map = Object::new();
    for pair in text.split(',') {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(wrong(format!(
                "`{pair}` has no `=`: KEY=VALUE was expected, of the keys {}",
                known()
            )));
        };
        let Some(key) = keys.iter().find(|key| key.name == name) else {
            return Err(wrong(format!("there is no key `{name}`, but {}", known())));
        };
        let value = match &key.kind {
            KeyKind::Text => Value::String(value.to_owned()),
            KeyKind::Word(words) => {
                let word = value.to_lowercase();
                if !words.contains(&word.as_str()) {
                    return Err(wrong(format!("`{name}` is one of {}, not `{value}`", words.join(", "))));
                }
                Value::String(word)
            }
            KeyKind::AtLeast(least) => {
                let number = value.parse::<u64>().ok().filter(|number| number >= least);
                number.map(Value::from).ok_or_else(|| {
                    wrong(format!("`{name}` is a whole number of at least {least}, not `{value}`"))
                })?
            }
            KeyKind::Id(noun) => Value::String(names::id(session, noun, value).await?),
        };
        map.insert(key.attribute.to_owned(), value);
    }
    let lacking = keys.iter().find(|key| key.required && !map.contains_key(key.attribute));
    lacking.map_or(Ok(map), |key| Err(wrong(format!("`{}` is missing", key.name))))
}
