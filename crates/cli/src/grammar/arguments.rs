//! The command line, made of what the nouns declare.

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, Command};

use super::{Kind, Noun, Opt, Verb};
use crate::output::options::{self, Shape};
use crate::wait;

/// The command of a verb.
pub(crate) fn command(noun: &'static Noun, verb: Verb) -> Command {
    let mut command = Command::new(verb.word()).about(about(noun, verb));
    let mut has_project = false;
    for option in noun.options_of(verb) {
        has_project |= matches!(option.kind, Kind::Project(_)) && option.name == "project";
        command = command.arg(argument(noun, verb, option));
    }
    if has_project {
        command = command.arg(
            Arg::new("project-domain")
                .long("project-domain")
                .value_name("PROJECT-DOMAIN")
                .requires("project")
                .help("Domain of the project (name or ID), where several have one of that name"),
        );
    }
    if noun.settled.is_some() && matches!(verb, Verb::Create | Verb::Delete | Verb::Set | Verb::Unset) {
        command = wait::add(command, verb);
    }
    match verb {
        Verb::Create => options::add(command, Shape::One),
        Verb::Show => options::add(command.arg(object(noun)), Shape::One),
        Verb::List => {
            let has_long = noun.columns.iter().any(|column| column.is_long);
            let command = if has_long { command.arg(flag("long").help("More columns")) } else { command };
            options::add(command, Shape::List)
        }
        Verb::Delete => command.arg(object(noun).action(ArgAction::Append).num_args(1..)),
        Verb::Set | Verb::Unset => command.arg(object(noun)),
    }
}

/// An option without a value.
pub(crate) fn flag(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue)
}

/// The object that a command is about.
fn object(noun: &Noun) -> Arg {
    let called = noun.one.to_uppercase().replace(' ', "-");
    Arg::new("object").required(true).value_name(called).help(format!("{} (name or ID)", noun.capitalized()))
}

/// What a verb does, in a few words.
pub(crate) fn about(noun: &Noun, verb: Verb) -> String {
    let (one, many) = (noun.one, noun.many);
    match verb {
        Verb::Create => format!("Create {} {one}", article(one)),
        Verb::Delete => format!("Delete {many}"),
        Verb::List => format!("List {many}"),
        Verb::Set => format!("Change {} {one}", article(one)),
        Verb::Show => format!("Show {} {one}", article(one)),
        Verb::Unset => format!("Take something away from {} {one}", article(one)),
    }
}

/// Words as the beginning of a sentence.
pub(crate) fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn article(one: &str) -> &'static str {
    // The I of IKE is a vowel to the ear as well.
    if one.starts_with(['a', 'e', 'i', 'o', 'I']) { "an" } else { "a" }
}

fn argument(noun: &'static Noun, verb: Verb, option: &'static Opt) -> Arg {
    let arg = Arg::new(option.name).help(option.help);
    let arg = if option.positional { arg } else { arg.long(option.name) };
    let arg = option.short.map_or(arg.clone(), |short| arg.short(short));
    let arg = arg.required(option.required && verb == Verb::Create);
    let others = noun
        .options_of(verb)
        .filter(|other| !option.group.is_empty() && other.group == option.group && other.name != option.name);
    let arg = arg.conflicts_with_all(others.map(|other| other.name).collect::<Vec<_>>());
    let value_name = option.name.to_uppercase();
    match &option.kind {
        Kind::Is(..)
        | Kind::Clear(_)
        | Kind::NoTags
        | Kind::GeneratePsk
        | Kind::PasswordPrompt(_)
        | Kind::Anyway
        | Kind::OrShow
        | Kind::Own => arg.action(ArgAction::SetTrue),
        Kind::Word(_, words) => arg.value_name(value_name).ignore_case(true).value_parser(words_of(words)),
        Kind::Map(_, keys) => arg.value_name(spelt(keys)),
        Kind::Maps(_, keys) | Kind::MoreMaps(_, keys) => {
            arg.value_name(spelt(keys)).action(ArgAction::Append)
        }
        Kind::Texts(_)
        | Kind::More(_)
        | Kind::Ids(..)
        | Kind::MoreIds(..)
        | Kind::Roles(_)
        | Kind::Endpoints(_)
        | Kind::Tags => arg.value_name(value_name).action(ArgAction::Append),
        Kind::Truth(_) => {
            arg.value_name("True|False").ignore_case(true).value_parser(words_of(&["True", "False"]))
        }
        Kind::PskFile => arg.value_name("FILE").value_hint(clap::ValueHint::FilePath),
        Kind::Text(_)
        | Kind::Lowercase(_)
        | Kind::Number(_)
        | Kind::Id(..)
        | Kind::Of(..)
        | Kind::Whose
        | Kind::Json(_)
        | Kind::Project(_)
        | Kind::Within
        | Kind::Password(_)
        | Kind::Psk => arg.value_name(value_name),
    }
}

fn words_of(words: &'static [&'static str]) -> ValueParser {
    PossibleValuesParser::new(words.iter().copied()).into()
}

fn spelt(keys: &'static [super::Key]) -> String {
    let pairs = keys.iter().map(|key| format!("{}={}", key.name, key.name.to_uppercase()));
    pairs.collect::<Vec<_>>().join(",")
}
