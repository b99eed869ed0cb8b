//! What can be given with a command.

use serde_json::Value;

use super::{Noun, Verb};
use crate::session::Object;

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
    /// A text in small letters.
    Lowercase(&'static str),
    /// A whole number.
    Number(&'static str),
    /// An option without a value that stands for one.
    Is(&'static str, Fixed),
    /// `True` or `False`.
    Truth(&'static str),
    /// An object, by name or id.
    Id(&'static str, &'static Noun),
    /// The same, of a list, which then needs no column for it.
    Of(&'static str, &'static Noun),
    /// The user whose objects are listed, by name or id.
    Whose,
    /// Roles, each by its name or id, as it stands.
    Roles(&'static str),
    /// JSON, or a file with JSON.
    Json(&'static str),
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
    /// A password that is asked for at the terminal.
    PasswordPrompt(&'static str),
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

    /// The same, without a name.
    pub(crate) const fn positional(self) -> Self {
        Self { positional: true, ..self }
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
