//! The command line.

use std::ffi::OsString;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

use crate::config::Config;
use crate::demo::Demo;
use crate::install::Place;
use crate::{db, generate, host, logging, serve};

/// VPN as a Service: site-to-site IPsec that is asked for through OpenStack's Networking API.
#[derive(Debug, Parser)]
#[command(name = "adit", version, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run server and agent in one process: a VPN gateway on this machine
    Up(Running),
    /// Run the server alone; needs no root
    Server(Running),
    /// Run the agent alone, against a server elsewhere
    Agent(Running),
    /// Look after the database
    #[command(subcommand)]
    Db(DbCommand),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Plug hosts for trials into networks of this node
    #[command(subcommand)]
    Host(HostCommand),
    /// Print what a shell needs to complete commands, e.g. for `source <(adit completion bash)`
    Completion {
        /// Shell
        shell: Shell,
    },
    /// Write a page of the manual for each command, e.g. to /usr/local/share/man/man1
    Manual {
        /// Write chapters of a book instead, in Markdown
        #[arg(long)]
        markdown: bool,
        /// Folder of the pages
        #[arg(value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
        folder: PathBuf,
    },
    /// Put this program, completions for bash, zsh and fish, and the manual where they belong
    Install(Place),
    /// Remove what `adit install` put there
    Uninstall(Place),
    /// Show two regions and a tunnel between them, on this machine alone
    Demo(Demo),
}

/// Where the configuration comes from, and what overrides it.
#[derive(Debug, Args)]
pub(crate) struct Source {
    /// Configuration file
    #[arg(long, value_name = "FILE", env = "ADIT_CONFIG")]
    config: Option<PathBuf>,
    /// Where database, keys and credentials are kept [default: /var/lib/adit]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Running {
    #[command(flatten)]
    source: Source,
    /// Address and port to listen on [default: 127.0.0.1:9696]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Interface or bridge of this node that joins a physical network; may be repeated
    #[arg(long, value_name = "NAME=INTERFACE", value_parser = name_and_interface)]
    physical_network: Vec<(String, String)>,
}

#[derive(Debug, Subcommand)]
enum DbCommand {
    /// Bring the database to the newest schema; may be repeated
    Upgrade(Source),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print the configuration that is in force
    Show(Running),
}

#[derive(Debug, Subcommand)]
enum HostCommand {
    /// Make a namespace that is plugged into a network of this node
    Add(host::Add),
    /// Remove such a namespace, and its port if `add` made it
    Del(host::Del),
}

/// The command line of this process; ends it with help, or with what is wrong and the exit status that the client's
/// commands have for that.
pub(crate) fn parse(line: &[OsString]) -> Cli {
    let mut command = command();
    let program = OsString::from("adit");
    let whole: Vec<&OsString> = std::iter::once(&program).chain(line).collect();
    let read = command.try_get_matches_from_mut(&whole);
    match read.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            let error = of_any_command(&whole, line).unwrap_or_else(|| error.format(&mut command));
            // A reader that went away is nobody to tell.
            let _ = error.print();
            std::process::exit(i32::from(error.use_stderr()))
        }
    }
}

/// What is wrong with a line that begins with no command of this program's own: who mistook a noun is told of nouns, and
/// the options before it are those of the client.
fn of_any_command(whole: &[&OsString], line: &[OsString]) -> Option<clap::Error> {
    let first = adit_cli::first_word(line);
    let is_own = |first: &str| Cli::command().find_subcommand(first).is_some();
    if line.is_empty() || first.as_deref().is_some_and(is_own) {
        return None;
    }
    let mut program = adit_cli::beside(Cli::command());
    let words: Vec<String> = program.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let mut error = program.try_get_matches_from_mut(whole).err().filter(clap::Error::use_stderr)?;
    // A list of all of them is what the help is for.
    error.remove(ContextKind::ValidSubcommand);
    if error.kind() == ErrorKind::InvalidSubcommand
        && let Some(meant) = meant(&first.unwrap_or_default(), &words)
    {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![meant]));
    }
    Some(error)
}

/// The word that was meant, where that is surer than what clap goes by: it knows no letters that changed places, which is
/// the most common slip in a short word, nor the commands of `neutron` that are not there, such as `net-list`.
fn meant(said: &str, words: &[String]) -> Option<String> {
    let slip = words.iter().find(|word| word.len() > 2 && strsim::osa_distance(said, word) == 1);
    let of_neutron = || {
        let (noun, _) = said.split_once('-').filter(|(noun, _)| noun.len() > 2)?;
        let nouns = adit_cli::commands();
        let mut nouns = nouns.iter().map(clap::Command::get_name);
        nouns.find(|word| word.starts_with(noun) || noun.starts_with(word)).map(str::to_owned)
    };
    let is_close = |word: &String| strsim::jaro(said, word) > 0.7;
    slip.cloned().or_else(|| if words.iter().any(is_close) { None } else { of_neutron() })
}

/// The whole program. The client's commands stand in its help; they are read elsewhere.
fn command() -> clap::Command {
    let mut help = "Client commands (as of `openstack`; `adit NOUN --help` has more):\n".to_owned();
    for command in adit_cli::commands() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        help.push_str(&format!("  {:<12} {about}\n", command.get_name()));
    }
    Cli::command().after_help(help.trim_end().to_owned())
}

/// The commands that are not the client's.
pub(crate) fn own() -> clap::Command {
    Cli::command()
}

/// Every command with all its arguments, for what is generated of them.
pub(crate) fn whole() -> clap::Command {
    Cli::command().subcommands(adit_cli::whole())
}

impl Cli {
    /// Does what was asked.
    pub(crate) fn run(self) -> Result<()> {
        match self.command {
            Command::Up(running) => run(serve::up, running.config()?),
            Command::Server(running) => run(serve::server, running.config()?),
            Command::Agent(running) => run(serve::agent, running.config()?),
            Command::Db(DbCommand::Upgrade(source)) => run(db::upgrade, source.config()?),
            Command::Config(ConfigCommand::Show(running)) => print(&running.config()?.to_toml()?),
            Command::Host(HostCommand::Add(add)) => {
                let config = add.source.config()?;
                run(|config| async move { add.run(&config).await }, config)
            }
            Command::Host(HostCommand::Del(del)) => {
                let config = del.source.config()?;
                run(|config| async move { del.run(&config).await }, config)
            }
            Command::Completion { shell } => generate::completion(shell),
            Command::Manual { markdown: false, folder } => generate::manual(&folder),
            Command::Manual { markdown: true, folder } => generate::reference(&folder),
            Command::Install(place) => place.install(),
            Command::Uninstall(place) => place.uninstall(),
            // It tells its story itself; its regions have logs of their own.
            Command::Demo(demo) => block_on("warn", demo.run()),
        }
    }
}

impl Source {
    /// The configuration in force.
    pub(crate) fn config(&self) -> Result<Config> {
        let mut config = Config::load(self.config.as_deref())?;
        if let Some(state_dir) = &self.state_dir {
            config.state_dir.clone_from(state_dir);
        }
        config.state_dir =
            std::path::absolute(&config.state_dir).context("cannot tell the current directory")?;
        Ok(config)
    }
}

impl Running {
    fn config(&self) -> Result<Config> {
        let mut config = self.source.config()?;
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        config.agent.physical_networks.extend(self.physical_network.iter().cloned());
        Ok(config)
    }
}

fn run<F: Future<Output = Result<()>>>(command: impl FnOnce(Config) -> F, config: Config) -> Result<()> {
    let log = config.log.clone();
    block_on(&log, command(config))
}

fn block_on(log: &str, command: impl Future<Output = Result<()>>) -> Result<()> {
    logging::start(log)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let result = runtime.block_on(command);
    // Whatever still blocks a thread, such as a name look-up, does not keep the program.
    runtime.shutdown_background();
    result
}

/// Prints a result. A reader that went away ends the program quietly.
pub(crate) fn print(text: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{}", text.trim_end()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("cannot print"),
        _ => Ok(()),
    }
}

/// Says something to the person at the terminal; where nobody listens, nothing is lost.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn name_and_interface(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, interface)) if !name.is_empty() && !interface.is_empty() => {
            Ok((name.to_owned(), interface.to_owned()))
        }
        _ => Err("a name, `=` and an interface were expected, as in `public=br-ext`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_well_formed() {
        super::command().debug_assert();
        super::whole().debug_assert();
    }
}
