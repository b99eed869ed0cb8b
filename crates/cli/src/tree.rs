//! The tree of commands: nouns of one or several words, with their verbs as leaves.

use clap::builder::{NonEmptyStringValueParser, ValueParser};
use clap::{Arg, ArgMatches, Command};

use crate::act::{self, Act};
use crate::connect;
use crate::grammar::{Noun, Verb, arguments};
use crate::legacy::{self, Old};
use crate::noun::NOUNS;
use crate::output::options;
use crate::watch;

/// What a command does.
#[derive(Clone, Copy)]
pub(crate) enum Does {
    Verb(&'static Noun, Verb),
    Act(&'static Act),
    Old(&'static Old),
    /// `vpn connect`, which has a cloud for each side.
    Connect,
}

struct Leaf {
    words: Vec<&'static str>,
    does: Does,
}

/// What people find below a word that is no command itself.
const ABOUT: &[(&str, &str)] = &[
    ("vpn", "VPN services, policies, endpoint groups and site connections"),
    ("vpn ike", "IKE policies"),
    ("vpn ipsec", "IPsec policies and site connections"),
    ("vpn ipsec site", "IPsec site connections"),
    ("vpn endpoint", "Endpoint groups"),
    ("network", "Networks, and agents of the network service"),
    ("floating", "Floating IPs"),
    ("role", "Roles, and who has them"),
    ("implied", "Roles that bring others along"),
    ("implied role", "Roles that bring others along"),
    ("application", "Application credentials"),
    ("access", "Access rules of application credentials"),
    ("security", "Security groups"),
    ("security group", "Security groups, and their rules"),
    ("network flavor", "Flavors, and the profiles behind them"),
    ("network flavor add", "Put service profiles behind a flavor"),
    ("network flavor remove", "Take service profiles away from a flavor"),
    ("quota", "How much a project may have"),
    ("token", "Tokens"),
    ("catalog", "Where services are"),
    ("availability", "Availability zones"),
    ("network service", "Who provides network services"),
    ("router add", "Attach subnets and ports to a router, and add routes"),
    ("router remove", "Detach subnets and ports from a router, and take routes away"),
    ("user password", "One's own password"),
    ("role assignment", "Who has which role"),
];

fn leaves() -> Vec<Leaf> {
    let verbs = NOUNS.iter().flat_map(|noun| {
        noun.verbs.iter().map(|verb| Leaf {
            words: noun.words.iter().copied().chain([verb.word()]).collect(),
            does: Does::Verb(noun, *verb),
        })
    });
    let acts = act::all().map(|act| Leaf { words: act.words.to_vec(), does: Does::Act(act) });
    let old = legacy::COMMANDS.iter().map(|old| Leaf { words: vec![old.word], does: Does::Old(old) });
    let connect = Leaf { words: connect::WORDS.to_vec(), does: Does::Connect };
    verbs.chain(acts).chain([connect]).chain(old).collect()
}

/// The first words of all commands, in the order of the help.
pub(crate) fn first_words() -> Vec<&'static str> {
    let mut words: Vec<&str> = Vec::new();
    for leaf in leaves() {
        if !words.contains(&leaf.words[0]) {
            words.push(leaf.words[0]);
        }
    }
    words
}

/// The commands. Where some of them stand in `line`, if that is given, there are only those: the rest is not asked for, and
/// making it would cost more than everything else. Where none does, all are there to be named, without their arguments.
pub(crate) fn commands(line: Option<&[String]>) -> Vec<Command> {
    grow(&[], &leaves(), line)
}

fn grow(path: &[&'static str], leaves: &[Leaf], line: Option<&[String]>) -> Vec<Command> {
    let depth = path.len();
    let below: Vec<&Leaf> =
        leaves.iter().filter(|leaf| leaf.words.len() > depth && leaf.words.starts_with(path)).collect();
    let mut words: Vec<&'static str> = Vec::new();
    for leaf in &below {
        if !words.contains(&leaf.words[depth]) {
            words.push(leaf.words[depth]);
        }
    }
    let is_asked = |word: &str| line.is_none_or(|line| line.iter().any(|said| said == word));
    // What stands beside them is for those who lost their way; each would get a copy of all options of who and where.
    if line.is_some() && words.iter().any(|word| is_asked(word)) {
        words.retain(|word| is_asked(word));
    }
    words
        .into_iter()
        .map(|word| {
            let path: Vec<&'static str> = path.iter().copied().chain([word]).collect();
            let leaf = below.iter().find(|leaf| leaf.words == path);
            let command = match leaf {
                Some(leaf) if is_asked(word) => made(leaf),
                Some(leaf) => {
                    Command::new(word).about(about_of(leaf.does)).hide(matches!(leaf.does, Does::Old(_)))
                }
                None => Command::new(word)
                    .subcommand_required(true)
                    .arg_required_else_help(true)
                    .about(about(&path)),
            };
            if is_asked(word) { command.subcommands(grow(&path, leaves, line)) } else { command }
        })
        .collect()
}

fn made(leaf: &Leaf) -> Command {
    let command = match leaf.does {
        Does::Verb(noun, verb) => arguments::command(noun, verb),
        Does::Old(old) => legacy::command(old),
        Does::Connect => connect::command(Command::new("connect")),
        Does::Act(act) => {
            let word = leaf.words.last().copied().unwrap_or_default();
            let command = (act.arguments)(Command::new(word).about(act.about));
            match act.shape {
                Some(shape) => options::add(command, shape),
                None => command,
            }
        }
    };
    let command = if watch::is_for(leaf.does) { watch::add(command) } else { command };
    let command = if makes(leaf.does) { command } else { command.mut_args(never_empty) };
    command.args_override_self(true)
}

/// Whether the word of a command is the name of something that is not there yet, which may be empty.
fn makes(does: Does) -> bool {
    match does {
        Does::Verb(_, verb) => verb == Verb::Create,
        Does::Old(old) => old.verb == Verb::Create,
        Does::Connect | Does::Act(_) => false,
    }
}

/// What names an object is not empty: an unset variable of a shell names none, and nothing is to be asked of a server.
fn never_empty(arg: Arg) -> Arg {
    let is_text = arg.get_value_parser().type_id() == ValueParser::string().type_id();
    if arg.is_positional() && is_text && arg.get_possible_values().is_empty() {
        arg.value_parser(NonEmptyStringValueParser::new())
    } else {
        arg
    }
}

fn about_of(does: Does) -> String {
    match does {
        Does::Verb(noun, verb) => arguments::about(noun, verb),
        Does::Act(act) => act.about.to_owned(),
        Does::Connect => connect::ABOUT.to_owned(),
        Does::Old(old) => arguments::about(old.noun, old.verb),
    }
}

fn about(path: &[&str]) -> String {
    let spelt = path.join(" ");
    if let Some((_, about)) = ABOUT.iter().find(|(words, _)| *words == spelt) {
        return (*about).to_owned();
    }
    let noun = NOUNS.iter().find(|noun| noun.spelt() == spelt);
    noun.map_or_else(|| spelt.clone(), |noun| arguments::sentence(noun.many))
}

/// The command that was given, with its own arguments.
pub(crate) fn chosen(matches: &ArgMatches) -> Option<(Does, &ArgMatches)> {
    let mut words = Vec::new();
    let mut last = matches;
    while let Some((word, below)) = last.subcommand() {
        words.push(word);
        last = below;
    }
    let leaf = leaves().into_iter().find(|leaf| leaf.words == words)?;
    Some((leaf.does, last))
}
