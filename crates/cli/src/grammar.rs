//! The grammar: what a noun is made of. Each noun is declared once, as data - its words, where its objects are, its columns
//! and its options - and the commands that create, delete, list, set, show and unset are made of that.

pub(crate) mod arguments;
mod column;
pub(crate) mod draft;
mod option;

use std::pin::Pin;

use serde_json::Value;

use crate::error::Result;
use crate::session::{Object, Service, Session};
pub(crate) use column::Column;
use draft::Draft;
pub(crate) use option::{Fixed, Key, KeyKind, Kind, Opt};

/// A kind of object, and how people speak of it.
pub(crate) struct Noun {
    /// The words of its commands.
    pub(crate) words: &'static [&'static str],
    /// One of them in a sentence.
    pub(crate) one: &'static str,
    /// One of them in the messages of `set` and of counts, where the well-known client spells it otherwise.
    pub(crate) said: &'static str,
    /// Several of them in counts.
    pub(crate) many: &'static str,
    /// The same, where the well-known client has another word in the counts of what failed.
    pub(crate) sum: &'static str,
    /// The API that has them.
    pub(crate) service: Service,
    /// The collection's path; `{user}` in it stands for the id of who asks.
    pub(crate) path: &'static str,
    /// The key of an object in a body.
    pub(crate) singular: &'static str,
    /// The key of a list in a body.
    pub(crate) plural: &'static str,
    /// What is printed, in the order of lists.
    pub(crate) columns: &'static [Column],
    /// What can be given.
    pub(crate) options: &'static [Opt],
    /// What can be done.
    pub(crate) verbs: &'static [Verb],
    /// How a change is sent.
    pub(crate) change: Change,
    /// What puts together options that mean one attribute, and checks what belongs together.
    pub(crate) shape: fn(&mut Draft) -> Result<()>,
    /// The attribute that people call an object by, besides its id; empty where there is the id alone.
    pub(crate) called_by: &'static str,
    /// Another one, which is tried after that; empty where there is none.
    pub(crate) or_called_by: &'static str,
    /// What `show` looks up besides the object.
    pub(crate) also: Option<Also>,
    /// What adds to objects wherever they are printed.
    pub(crate) filled: Option<Filled>,
    /// Whether what was asked for is so, for nouns that can be waited for.
    pub(crate) settled: Option<IsSettled>,
    /// Whether it is one of the old `neutron` command, whose messages and columns are the API's own words.
    pub(crate) is_old: bool,
    /// Whether the rows of `show` stand as declared, rather than sorted.
    pub(crate) in_order: bool,
    /// Where those find their own who may not list all.
    pub(crate) own: Option<&'static str>,
}

/// Looks up more of an object.
pub(crate) type Also = for<'a> fn(&'a Session, Object) -> Pin<Box<dyn Future<Output = Result<Object>> + 'a>>;

/// Adds to objects what is not of their own.
pub(crate) type Filled =
    for<'a> fn(&'a Session, Vec<Object>) -> Pin<Box<dyn Future<Output = Result<Vec<Object>>> + 'a>>;

impl Noun {
    /// What most nouns have in common: named objects of the Networking API.
    pub(crate) const PLAIN: Self = Self {
        words: &[],
        one: "",
        said: "",
        many: "",
        sum: "",
        service: Service::Network,
        path: "",
        singular: "",
        plural: "",
        columns: &[],
        options: &[],
        verbs: &[],
        change: Change::Put,
        shape: as_given,
        called_by: "name",
        or_called_by: "",
        also: None,
        filled: None,
        settled: None,
        is_old: false,
        in_order: false,
        own: None,
    };
}

/// Looks whether what was asked for is so: the object, and the code of the reason why it is not `ACTIVE`, where that is
/// known.
pub(crate) type IsSettled = fn(&Object, Option<&str>) -> Settled;

/// Whether what was asked for is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    Yes,
    No,
    /// It will not be so by itself.
    Failed,
}

/// How a change is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Put,
    Patch,
}

/// What can be done with objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Delete,
    List,
    Set,
    Show,
    Unset,
}

/// All verbs.
pub(crate) const ALL: &[Verb] = &[Verb::Create, Verb::Delete, Verb::List, Verb::Set, Verb::Show, Verb::Unset];

impl Verb {
    /// The word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::List => "list",
            Self::Set => "set",
            Self::Show => "show",
            Self::Unset => "unset",
        }
    }
}

/// What is to be `ACTIVE`, or `DOWN` where it is switched off.
pub(crate) fn as_switched(object: &Object, _: Option<&str>) -> Settled {
    let is_on = object.get("admin_state_up").and_then(Value::as_bool) != Some(false);
    match object.get("status").and_then(Value::as_str) {
        Some("ACTIVE") if is_on => Settled::Yes,
        Some("DOWN") if !is_on => Settled::Yes,
        Some("ERROR") => Settled::Failed,
        _ => Settled::No,
    }
}

impl Noun {
    /// The options of a verb.
    pub(crate) fn options_of(&self, verb: Verb) -> impl Iterator<Item = &'static Opt> {
        self.options.iter().filter(move |option| option.verbs.contains(&verb))
    }

    /// Its words as one text.
    pub(crate) fn spelt(&self) -> String {
        self.words.join(" ")
    }

    /// What counts of failures call them: the well-known client has another word for what is of `vpn`.
    pub(crate) fn counted(&self) -> &'static str {
        match self.words.first() {
            _ if !self.sum.is_empty() => self.sum,
            Some(&"vpn") => self.said,
            _ => self.many,
        }
    }

    /// One of them at the beginning of a name, as in `No Network found`.
    pub(crate) fn capitalized(&self) -> String {
        let mut chars = self.one.chars();
        chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
    }
}

/// What puts nothing together.
pub(crate) fn as_given(_: &mut Draft) -> Result<()> {
    Ok(())
}
