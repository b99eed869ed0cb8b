//! The grammar: what a noun is made of. Each noun is declared once, as data - its words, where its objects are, its columns
//! and its options - and the commands that create, delete, list, set, show and unset are made of that.

pub(crate) mod arguments;
pub(crate) mod draft;

use std::pin::Pin;

use serde_json::Value;

use crate::error::Result;
use crate::output::cell::View;
use crate::session::{Object, Service, Session};
use draft::Draft;

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
    /// The API that has them.
    pub(crate) service: Service,
    /// The collection's path.
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
    /// What `show` looks up besides the object.
    pub(crate) also: Option<Also>,
    /// Whether what was asked for is so; for nouns that can be waited for.
    pub(crate) settled: fn(&Object) -> Settled,
    /// Whether they can be waited for.
    pub(crate) can_wait: bool,
    /// Whether it is one of the old `neutron` command, whose messages and columns are the API's own words.
    pub(crate) is_old: bool,
    /// Whether the rows of `show` stand as declared, rather than sorted.
    pub(crate) in_order: bool,
    /// Where those find their own who may not list all.
    pub(crate) own: Option<&'static str>,
}

/// Looks up more of an object.
pub(crate) type Also = for<'a> fn(&'a Session, Object) -> Pin<Box<dyn Future<Output = Result<Object>> + 'a>>;

impl Noun {
    /// What most nouns have in common: named objects of the Networking API.
    pub(crate) const PLAIN: Self = Self {
        words: &[],
        one: "",
        said: "",
        many: "",
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
        also: None,
        settled: |_| Settled::Yes,
        can_wait: false,
        is_old: false,
        in_order: false,
        own: None,
    };
}

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

/// Something that is printed.
pub(crate) struct Column {
    /// The attribute, as the API calls it.
    pub(crate) attribute: &'static str,
    /// What lists call it; `None` where lists do not have it.
    pub(crate) head: Option<&'static str>,
    /// Whether lists have it with `--long` only.
    pub(crate) is_long: bool,
    /// What `show` calls it; `None` where it does not have it.
    pub(crate) label: Option<&'static str>,
    /// How it is drawn.
    pub(crate) view: View,
    /// Whether it is left out where the server does not send it.
    pub(crate) if_sent: bool,
}

impl Column {
    /// A column of lists and a row of `show`, of one name.
    pub(crate) const fn both(attribute: &'static str, label: &'static str) -> Self {
        Self {
            attribute,
            head: Some(label),
            is_long: false,
            label: Some(label),
            view: View::Plain,
            if_sent: false,
        }
    }

    /// The same, in lists with `--long` only.
    pub(crate) const fn long(attribute: &'static str, label: &'static str) -> Self {
        Self { is_long: true, ..Self::both(attribute, label) }
    }

    /// A row of `show` that is called as its attribute.
    pub(crate) const fn shown(attribute: &'static str) -> Self {
        Self { head: None, ..Self::both(attribute, attribute) }
    }

    /// A column of lists, whose attribute `show` has under its own name.
    pub(crate) const fn list(attribute: &'static str, head: &'static str) -> Self {
        Self { label: Some(attribute), ..Self::both(attribute, head) }
    }

    /// The same, with `--long` only.
    pub(crate) const fn list_long(attribute: &'static str, head: &'static str) -> Self {
        Self { is_long: true, ..Self::list(attribute, head) }
    }

    /// The same, and `show` calls it so.
    pub(crate) const fn labelled(self, label: &'static str) -> Self {
        Self { label: Some(label), ..self }
    }

    /// The same, but not in `show`.
    pub(crate) const fn only_listed(self) -> Self {
        Self { label: None, ..self }
    }

    /// The same, drawn so.
    pub(crate) const fn view(self, view: View) -> Self {
        Self { view, ..self }
    }

    /// The same, where the server sends it.
    pub(crate) const fn if_sent(self) -> Self {
        Self { if_sent: true, ..self }
    }
}

/// Something that can be given.
pub(crate) struct Opt {
    /// The long option, or the name of a positional argument.
    pub(crate) name: &'static str,
    /// What it is for, in a few words.
    pub(crate) help: &'static str,
    /// The verbs that take it.
    pub(crate) verbs: &'static [Verb],
    /// What it stands for.
    pub(crate) kind: Kind,
    /// Whether `create` cannot do without.
    pub(crate) required: bool,
    /// Whether it stands without a name.
    pub(crate) positional: bool,
    /// Options of one group exclude each other.
    pub(crate) group: &'static str,
    /// The one letter that stands for it as well.
    pub(crate) short: Option<char>,
}

/// What an option stands for.
pub(crate) enum Kind {
    /// A text.
    Text(&'static str),
    /// One of some words, in any case.
    Word(&'static str, &'static [&'static str]),
    /// A whole number.
    Number(&'static str),
    /// An option without a value that stands for one.
    Is(&'static str, Fixed),
    /// `True` or `False`.
    Truth(&'static str),
    /// An object, by name or id.
    Id(&'static str, &'static Noun),
    /// Texts, one for each time the option is given. Changes replace what was there.
    Texts(&'static str),
    /// The same, but changes add to what is there, and `unset` takes away.
    More(&'static str),
    /// One object made of `key=value,key=value`.
    Map(&'static str, &'static [Key]),
    /// Several of them, replacing what was there.
    Maps(&'static str, &'static [Key]),
    /// The same, but changes add to what is there, and `unset` takes away.
    MoreMaps(&'static str, &'static [Key]),
    /// Forgets what was there before what is given is added.
    Clear(&'static str),
    /// A project, by name or id, of the domain that `--project-domain` names.
    Project(&'static str),
    /// Objects, by name or id.
    Ids(&'static str, &'static Noun),
    /// The same, but changes add to what is there, and `unset` takes away.
    MoreIds(&'static str, &'static Noun),
    /// The domain in which the object is looked for (name or id).
    Within,
    /// Shows what is there, if there is one of that name already.
    OrShow,
    /// A password, or `-` for one on standard input.
    Password(&'static str),
    /// What is one's own, rather than all.
    Own,
    /// Says what is so anyway: other clients have more to choose from.
    Anyway,
    /// What an endpoint group is made of: subnets, by name or id, or CIDRs, as its `--type` says.
    Endpoints(&'static str),
    /// A pre-shared key, or `-` for one on standard input.
    Psk,
    /// A pre-shared key in a file.
    PskFile,
    /// A pre-shared key that is made up.
    GeneratePsk,
    /// Tags, which are set apart from the rest.
    Tags,
    /// No tags.
    NoTags,
}

/// What an option without a value stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fixed {
    True,
    False,
    Null,
    EmptyList,
    EmptyMap,
    EmptyText,
}

impl Fixed {
    pub(crate) fn value(self) -> Value {
        match self {
            Self::True => Value::Bool(true),
            Self::False => Value::Bool(false),
            Self::Null => Value::Null,
            Self::EmptyList => Value::Array(Vec::new()),
            Self::EmptyMap => Value::Object(Object::new()),
            Self::EmptyText => Value::String(String::new()),
        }
    }
}

/// A key of a `key=value` option.
pub(crate) struct Key {
    /// What people write.
    pub(crate) name: &'static str,
    /// What the API calls it.
    pub(crate) attribute: &'static str,
    /// What its value is.
    pub(crate) kind: KeyKind,
    /// Whether it must be there.
    pub(crate) required: bool,
}

/// What the value of a key is.
pub(crate) enum KeyKind {
    Text,
    Word(&'static [&'static str]),
    /// A whole number that is at least this.
    AtLeast(u64),
    Id(&'static Noun),
}

impl Key {
    /// A text.
    pub(crate) const fn text(name: &'static str, attribute: &'static str) -> Self {
        Self { name, attribute, kind: KeyKind::Text, required: false }
    }

    /// The same, required.
    pub(crate) const fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

impl Opt {
    const fn new(name: &'static str, kind: Kind, verbs: &'static [Verb], help: &'static str) -> Self {
        Self { name, help, verbs, kind, required: false, positional: false, group: "", short: None }
    }

    /// An option of `create` and `set`.
    pub(crate) const fn both(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self::new(name, kind, &[Verb::Create, Verb::Set], help)
    }

    /// An option of `create`.
    pub(crate) const fn create(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self::new(name, kind, &[Verb::Create], help)
    }

    /// An option of `set`.
    pub(crate) const fn set(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self::new(name, kind, &[Verb::Set], help)
    }

    /// An option of `unset`.
    pub(crate) const fn unset(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self::new(name, kind, &[Verb::Unset], help)
    }

    /// A filter of `list`.
    pub(crate) const fn filter(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self::new(name, kind, &[Verb::List], help)
    }

    /// The argument of `create` without a name.
    pub(crate) const fn argument(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self { positional: true, required: true, ..Self::create(name, kind, help) }
    }

    /// The same, required.
    pub(crate) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same, which can be left out.
    pub(crate) const fn optional(self) -> Self {
        Self { required: false, ..self }
    }

    /// The same, with a letter of its own.
    pub(crate) const fn short(self, short: char) -> Self {
        Self { short: Some(short), ..self }
    }

    /// The same, in a group whose options exclude each other.
    pub(crate) const fn group(self, group: &'static str) -> Self {
        Self { group, ..self }
    }

    /// The same, of these verbs.
    pub(crate) const fn of(self, verbs: &'static [Verb]) -> Self {
        Self { verbs, ..self }
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
        if self.words.first() == Some(&"vpn") { self.said } else { self.many }
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
