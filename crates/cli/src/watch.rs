//! `--watch` and `--follow`: asking again and again, and printing what is new. On a terminal the picture is drawn over when
//! it has changed; whoever reads from a pipe gets each row once more when it has changed.
//!
//! It goes on until somebody ends it. A server that is away for a moment is told of and waited for, and a token that has
//! become too old is got anew.

mod changes;
mod screen;

use std::io::IsTerminal;
use std::time::Duration;

use clap::{Arg, ArgMatches, Command, value_parser};
use tokio::signal::unix::{SignalKind, signal};

use crate::auth::Access;
use crate::error::{Error, Result};
use crate::grammar::Verb;
use crate::grammar::arguments::flag;
use crate::output::Report;
use crate::output::options::Options;
use crate::perform;
use crate::say;
use crate::session::Session;
use crate::tree::Does;
use changes::Changes;
use screen::Screen;

/// Seconds between two questions when nobody says.
const INTERVAL: &str = "2";
/// The longest time between two questions: a day.
const LONGEST: u64 = 86_400;

/// Whether a command can be watched: it lists or shows what a server has now. A catalog came with the token and stays
/// what it is.
pub(crate) fn is_for(does: Does) -> bool {
    match does {
        Does::Verb(_, verb) => matches!(verb, Verb::List | Verb::Show),
        Does::Act(act) => {
            let says = act.words.last().is_some_and(|word| matches!(*word, "list" | "show"));
            says && act.shape.is_some() && act.words.first() != Some(&"catalog")
        }
        Does::Old(_) | Does::Connect => false,
    }
}

/// Adds the options of `--watch`.
pub(crate) fn add(command: Command) -> Command {
    let watch = flag("watch").help("Go on, and print again what has changed, until Ctrl-C");
    command.arg(watch).arg(interval("watch"))
}

/// Adds the options of `--follow`.
pub(crate) fn add_follow(command: Command) -> Command {
    let follow =
        flag("follow").help("Print each as a line, oldest first, and go on with those to come, until Ctrl-C");
    command.arg(follow).arg(interval("follow"))
}

fn interval(with: &'static str) -> Arg {
    Arg::new("interval")
        .long("interval")
        .value_name("SECONDS")
        .requires(with)
        .default_value(INTERVAL)
        .value_parser(value_parser!(u64).range(1..=LONGEST))
        .help("How long to pause between two questions")
}

/// What somebody wants to see go on.
pub(crate) struct Watch {
    every: Duration,
    view: View,
}

enum View {
    Screen(Screen),
    Changes(Changes),
}

impl Watch {
    /// The wish, if there is one.
    pub(crate) fn wished(matches: &ArgMatches, options: &Options) -> Option<Self> {
        let is = |name: &str| matches.try_get_one::<bool>(name).ok().flatten() == Some(&true);
        let view = if is("follow") {
            View::Changes(Changes::of_events())
        } else if !is("watch") {
            return None;
        } else if std::io::stdout().is_terminal() && options.is_table() {
            View::Screen(Screen::default())
        } else {
            View::Changes(Changes::of_rows())
        };
        let every = matches.get_one::<u64>("interval").copied().unwrap_or(1);
        Some(Self { every: Duration::from_secs(every), view })
    }

    /// Asks and prints until Ctrl-C, or until nobody reads any more.
    pub(crate) async fn run(
        mut self,
        does: Does,
        matches: &ArgMatches,
        access: Access,
        options: &Options,
    ) -> Result<()> {
        let mut interrupted = signal(SignalKind::interrupt())?;
        tokio::select! {
            ended = self.go_on(does, matches, access, options) => ended,
            _ = interrupted.recv() => {
                // What a terminal shows of Ctrl-C is not to stand before the next prompt.
                if std::io::stderr().is_terminal() {
                    say("");
                }
                Err(Error::Stopped)
            }
        }
    }

    async fn go_on(
        &mut self,
        does: Does,
        matches: &ArgMatches,
        access: Access,
        options: &Options,
    ) -> Result<()> {
        let mut session = Session::open(access.clone()).await?;
        let mut is_away = false;
        // Whoever asks for what is not there, or may not see it, is told so at once.
        let mut report = perform(does, matches, &session).await?;
        loop {
            if !self.print(report, options)? {
                return Ok(());
            }
            report = loop {
                tokio::time::sleep(self.every).await;
                let asked = match perform(does, matches, &session).await {
                    // The token is too old.
                    Err(Error::Refused { status: 401, .. }) => match Session::open(access.clone()).await {
                        Ok(opened) => {
                            session = opened;
                            perform(does, matches, &session).await
                        }
                        Err(error) => Err(error),
                    },
                    asked => asked,
                };
                match asked {
                    Err(error) if error.may_pass() => {
                        if !is_away {
                            self.note(&format!(
                                "adit: {error}; asking again every {} s",
                                self.every.as_secs()
                            ));
                        }
                        is_away = true;
                    }
                    asked => break asked?,
                }
            };
            if std::mem::take(&mut is_away) {
                self.note("adit: the server answers again");
            }
        }
    }

    /// Prints what is new; whether anybody reads it.
    fn print(&mut self, report: Report, options: &Options) -> Result<bool> {
        match &mut self.view {
            View::Screen(screen) => screen.draw(report, options),
            View::Changes(changes) => changes.print(report, options),
        }
    }

    fn note(&mut self, text: &str) {
        say(text);
        if let View::Screen(screen) = &mut self.view {
            screen.noted(text);
        }
    }
}
