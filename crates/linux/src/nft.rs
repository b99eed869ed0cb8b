//! nftables: whole tables, replaced in one transaction.
//!
//! A [`Table`] is a value that shows as the script which `nft` reads, so it can be compared and read by people before
//! it is sent. Rules are in nft's own language, since the JSON one has no stable word for `meta ipsec` and is ten
//! times as long; whoever makes them puts nothing into them but typed values.

use std::fmt;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::{Error, Namespace, Result};

/// How long `nft` may take.
const LIMIT: Duration = Duration::from_secs(10);

/// A table of the family `inet`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its chains.
    pub chains: Vec<Chain>,
}

/// A chain that packets come through by a hook, and that accepts what no rule decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub kind: ChainKind,
    /// Where packets come in.
    pub hook: Hook,
    /// Its place among the chains of the hook.
    pub priority: i32,
    /// Rules in nft's language, in their order.
    pub rules: Vec<String>,
}

/// What a chain may do with packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainKind {
    /// Decide on them.
    Filter,
    /// Translate addresses.
    Nat,
}

/// The points where packets can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Just arrived.
    Prerouting,
    /// For this machine.
    Input,
    /// Passing through.
    Forward,
    /// From this machine.
    Output,
    /// About to leave.
    Postrouting,
}

impl Table {
    /// Replaces the table of this name in `namespace`: no packet sees a state between the old and the new one.
    ///
    /// # Errors
    /// [`Error::ProgramMissing`] without nft; [`Error::Program`] with its words when it refuses.
    pub async fn apply(&self, namespace: &Namespace) -> Result<()> {
        let doing = || format!("replace the nftables table {} in {}", self.name, namespace.name());
        // The first line makes sure that there is something to delete.
        let script = format!("table inet {name}\ndelete table inet {name}\n{self}", name = self.name);
        match run(namespace, &["-f", "-"], &script, doing()).await? {
            Answer::Done(_) => Ok(()),
            Answer::Refused(message) => Err(Error::Program { doing: doing(), program: "nft", message }),
        }
    }
}

/// The table `name` as nft shows it, without counters; `None` if there is none. Two equal texts are equal tables; the
/// text differs from that of [`Table`] in its spelling.
///
/// # Errors
/// [`Error::ProgramMissing`] without nft.
pub async fn read(namespace: &Namespace, name: &str) -> Result<Option<String>> {
    let doing = || format!("read the nftables table {name} in {}", namespace.name());
    match run(namespace, &["-s", "list", "table", "inet", name], "", doing()).await? {
        Answer::Done(text) => Ok(Some(text)),
        Answer::Refused(message) if message.contains("No such file or directory") => Ok(None),
        Answer::Refused(message) => Err(Error::Program { doing: doing(), program: "nft", message }),
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "table inet {} {{", self.name)?;
        for chain in &self.chains {
            let kind = match chain.kind {
                ChainKind::Filter => "filter",
                ChainKind::Nat => "nat",
            };
            let hook = match chain.hook {
                Hook::Prerouting => "prerouting",
                Hook::Input => "input",
                Hook::Forward => "forward",
                Hook::Output => "output",
                Hook::Postrouting => "postrouting",
            };
            writeln!(f, "\tchain {} {{", chain.name)?;
            writeln!(f, "\t\ttype {kind} hook {hook} priority {}; policy accept;", chain.priority)?;
            for rule in &chain.rules {
                writeln!(f, "\t\t{rule}")?;
            }
            writeln!(f, "\t}}")?;
        }
        writeln!(f, "}}")
    }
}

enum Answer {
    Done(String),
    Refused(String),
}

async fn run(namespace: &Namespace, arguments: &[&str], input: &str, doing: String) -> Result<Answer> {
    let mut command = Command::new("nft");
    command
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = match namespace.spawn(&mut command) {
        Err(Error::System { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::ProgramMissing { program: "nft", package: "nftables" });
        }
        answer => answer?,
    };
    let mut stdin = child.stdin.take();
    let talk = async {
        if let Some(mut stdin) = stdin.take() {
            // A program that ends before it has read all has a better reason to tell than the broken pipe.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        child.wait_with_output().await
    };
    let output = match tokio::time::timeout(LIMIT, talk).await {
        Ok(output) => output.map_err(|source| Error::system(&*doing, source))?,
        Err(_) => {
            let message = format!("nothing for {} s", LIMIT.as_secs());
            return Err(Error::Program { doing, program: "nft", message });
        }
    };
    if output.status.success() {
        return Ok(Answer::Done(String::from_utf8_lossy(&output.stdout).into_owned()));
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if message.contains("Operation not permitted") {
        return Err(Error::NotPrivileged);
    }
    Ok(Answer::Refused(if message.is_empty() { output.status.to_string() } else { message }))
}
