//! The client commands of `adit`, in the grammar of the `openstack` command: `adit vpn ike policy create`, `adit network
//! list`. They speak to Adit, and to a real Keystone and Neutron as well.
//!
//! Enter at [`is_command`] and [`run`]. A noun is declared once (`grammar::Noun`): its words, its collection, its columns and
//! its options; all that can be done with it is made of that (`verbs`). What is not a verb of a noun is an `act::Act`.
//!
//! Exit statuses: 0 for success, 1 for wrong input, 2 for what is not there, 3 for what the server refused, 4 when nobody
//! answers, 5 when the server failed, 6 when something is not as it should be (`vpn why`,
//! `--wait`), 130 when waiting or watching was ended by Ctrl-C.
//!
//! Absent on purpose: a cache of tokens (a secret on disk), discovery of versions (the catalog says enough), and plug-ins.

mod act;
mod auth;
mod connect;
mod error;
mod grammar;
mod legacy;
mod names;
mod noun;
mod output;
mod psk;
mod session;
mod tree;
mod verbs;
mod wait;
mod watch;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{ArgMatches, Command};

use auth::Access;
use error::{Error, Result};
use output::Report;
use output::options::Options;
use session::Session;
use tree::Does;
use watch::Watch;

/// The exit status of a question whose answer is no.
const NOT_AS_IT_SHOULD_BE: u8 = 6;

/// The nouns of the client, for a help that has other commands too.
pub fn commands() -> Vec<Command> {
    tree::commands(Some(&[])).into_iter().filter(|command| !command.is_hide_set()).collect()
}

/// Every command with all its arguments, for what is generated of them: completions and manuals.
pub fn whole() -> Vec<Command> {
    tree::commands(None)
        .into_iter()
        .filter(|command| !command.is_hide_set())
        .map(auth::options::add)
        .collect()
}

/// The commands in the spelling of the old `neutron` command, which no help names, with all their arguments.
pub fn old() -> Vec<Command> {
    let old = tree::commands(None).into_iter().filter(Command::is_hide_set);
    old.map(auth::options::add).collect()
}

/// The options that say who and where, for what is generated of a program: they stand before its first word, too.
pub fn with_who_and_where(program: Command) -> Command {
    auth::options::add_here(program)
}

/// A program with the nouns of the client beside its own commands, and its options, for who mistook a word: the old commands
/// are named too, and none has arguments.
pub fn beside(program: Command) -> Command {
    auth::options::add(program.subcommands(tree::commands(Some(&[]))))
}

/// The first word of a command line, after options that say who and where.
pub fn first_word(line: &[OsString]) -> Option<String> {
    said(line).next()
}

/// Whether a command line is one of the client: its first word, after options that say who and where, is a noun.
pub fn is_command(line: &[OsString]) -> bool {
    let words = tree::first_words();
    let mut said = said(line);
    let mut first = said.next();
    if first.as_deref() == Some("help") {
        first = said.next();
    }
    first.is_some_and(|first| words.contains(&first.as_str()))
}

/// Runs a command line of the client, without the name of the program.
pub fn run(line: &[OsString]) -> ExitCode {
    let words: Vec<String> = said(line).collect();
    let asked = if line.is_empty() { None } else { Some(words.as_slice()) };
    let command = client().subcommands(tree::commands(asked));
    let program = [OsString::from("adit")];
    let matches = match command.try_get_matches_from(program.iter().chain(line)) {
        Ok(matches) => matches,
        Err(error) => {
            // A reader that went away is nobody to tell.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(1) } else { ExitCode::SUCCESS };
        }
    };
    match execute(&matches) {
        Ok(status) => ExitCode::from(status),
        Err(error @ Error::Stopped) => ExitCode::from(error.status()),
        Err(error) => {
            say(&format!("adit: {error}"));
            if let Some(hint) = error.hint() {
                say(&format!("hint: {hint}"));
            }
            ExitCode::from(error.status())
        }
    }
}

/// The program without its nouns.
fn client() -> Command {
    auth::options::add(
        Command::new("adit")
            .version(env!("CARGO_PKG_VERSION"))
            .about("VPN as a Service: the commands of a client")
            .max_term_width(110)
            .infer_long_args(true)
            .args_override_self(true)
            .subcommand_required(true)
            .arg_required_else_help(true),
    )
}

/// The words of a command line that are no options and no values of the options that say who and where.
fn said(line: &[OsString]) -> impl Iterator<Item = String> {
    let mut words = line.iter().map(|word| word.to_string_lossy().into_owned());
    std::iter::from_fn(move || {
        loop {
            let word = words.next()?;
            if !word.starts_with('-') {
                return Some(word);
            }
            if word.starts_with("--os-") && !word.contains('=') {
                words.next();
            }
        }
    })
}

/// Does what is asked, prints what came of it, and returns the exit status.
fn execute(matches: &ArgMatches) -> Result<u8> {
    let Some((does, own)) = tree::chosen(matches) else {
        return Err(Error::Usage("there is no such command".to_owned()));
    };
    let options = Options::of(own);
    // One request after the other needs no threads.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = if matches!(does, Does::Connect) {
        // It has an access and a session for each side.
        runtime.block_on(connect::run(own))?
    } else {
        let access = Access::find(&auth::options::given(own), &|name| std::env::var(name).ok())?;
        if let Some(watch) = Watch::wished(own, &options) {
            runtime.block_on(watch.run(does, own, access, &options))?;
            return Ok(0);
        }
        runtime.block_on(async { perform(does, own, &Session::open(access).await?).await })?
    };
    let is_good = report.is_good();
    output::print(report, &options)?;
    Ok(if is_good { 0 } else { NOT_AS_IT_SHOULD_BE })
}

async fn perform(does: Does, matches: &ArgMatches, session: &Session) -> Result<Report> {
    match does {
        Does::Verb(noun, verb) => verbs::run(noun, verb, matches, session).await,
        Does::Old(old) => legacy::run(old, matches, session).await,
        Does::Act(act) => (act.run)(session, matches).await,
        Does::Connect => connect::run(matches).await,
    }
}

/// Says something to the person at the terminal; where nobody listens, nothing is lost.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", output::visible(text));
}
