//! nftables: whole tables, replaced in one transaction.
//!
//! A [`Table`] is a value that shows as the script which `nft` reads, so it can be compared and read by people before
//! it is sent. Rules are in nft's own language, since the JSON one has no stable word for `meta ipsec` and is ten
//! times as long; whoever makes them puts nothing into them but typed values.

use std::fmt;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use netlink_packet_core::{DefaultNla, Emitable, NLM_F_REQUEST, NLMSG_ERROR, NetlinkBuffer, NlasIterator};
use netlink_sys::constants::NETLINK_NETFILTER;
use netlink_sys::{Socket, SocketAddr};
use nix::libc::ENOENT;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::{Error, Namespace, Result};

/// How long `nft` may take.
const LIMIT: Duration = Duration::from_secs(10);
// From the kernel's `linux/netfilter/nfnetlink.h` and `nf_tables.h`.
const GET_TABLE: u16 = 0xa01;
const GET_GENERATION: u16 = 0xa10;
const ANY_FAMILY: u8 = 0;
const FAMILY_INET: u8 = 1;
const GENERATION_ID: u16 = 1;
const TABLE_NAME: u16 = 1;
const TABLE_USER_DATA: u16 = 6;
const HEADER_BYTES: usize = 16;
const FAMILY_HEADER_BYTES: usize = 4;
/// What `nft` writes a comment under in a table's user data (libnftnl's `udata.h`).
const COMMENT: u8 = 0;

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
    /// Replaces the table of this name in `namespace`: no packet sees a state between the old and the new one. The
    /// kernel keeps the `mark`, a word of letters, digits and hyphens, as the table's comment.
    ///
    /// # Errors
    /// [`Error::ProgramMissing`] without nft; [`Error::Program`] with its words when it refuses.
    pub async fn apply(&self, namespace: &Namespace, mark: &str) -> Result<()> {
        let doing = || format!("replace the nftables table {} in {}", self.name, namespace.name());
        // The first line makes sure that there is something to delete.
        let script = format!(
            "table inet {name}\ndelete table inet {name}\ntable inet {name} {{ comment \"{mark}\"; }}\n{self}",
            name = self.name
        );
        run(namespace, &["-f", "-"], &script, doing()).await
    }
}

/// What can be told of the rules in force in a namespace without reading them, which is far cheaper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The number of the rules, of all tables together. The kernel counts it up by one with every transaction, whoever
    /// makes it: while it stays, nobody has changed anything.
    pub generation: u32,
    /// The mark of our table, if it is there; kernels before 5.10 keep none.
    pub mark: Option<String>,
}

/// What is in force in `namespace`; the mark is that of the table called `table`.
///
/// # Errors
/// When the namespace cannot be entered, or its kernel has no nftables.
pub fn rules(namespace: &Namespace, table: &str) -> Result<Rules> {
    namespace.run(|| rules_here(table))?
}

/// The same for the namespace of the calling thread.
///
/// # Errors
/// When the kernel has no nftables.
pub fn rules_here(table: &str) -> Result<Rules> {
    ask_for_rules(table).map_err(|source| Error::system("ask for the number of the rules in force", source))
}

fn ask_for_rules(table: &str) -> io::Result<Rules> {
    let mut socket = Socket::new(NETLINK_NETFILTER)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    // The kernel has answered when `send` returns.
    socket.set_non_blocking(true)?;
    // The number last: a change between the two is then one that shows.
    let mark = mark(&socket, table)?;
    let number = attribute(&socket, &request(GET_GENERATION, ANY_FAMILY, &[]), GENERATION_ID)?;
    let generation = number.as_ref().and_then(|number| number.first_chunk()).copied().map(u32::from_be_bytes);
    let generation = generation.ok_or_else(|| io::Error::other("an answer without the number"))?;
    Ok(Rules { generation, mark })
}

fn mark(socket: &Socket, table: &str) -> io::Result<Option<String>> {
    let name = DefaultNla::new(TABLE_NAME, [table.as_bytes(), b"\0"].concat());
    let mut bytes = vec![0; name.buffer_len()];
    name.emit(&mut bytes);
    match attribute(socket, &request(GET_TABLE, FAMILY_INET, &bytes), TABLE_USER_DATA) {
        Ok(data) => Ok(data.and_then(|data| comment(&data))),
        // There is no such table.
        Err(error) if error.raw_os_error() == Some(ENOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The comment in a table's user data, which is a list of kind, length and value.
fn comment(mut data: &[u8]) -> Option<String> {
    while let [kind, length, rest @ ..] = data {
        let (value, rest) = rest.split_at_checked(usize::from(*length))?;
        if *kind == COMMENT {
            let text = value.strip_suffix(b"\0").unwrap_or(value);
            return String::from_utf8(text.to_vec()).ok();
        }
        data = rest;
    }
    None
}

/// Asks, and reads one attribute of the answer.
fn attribute(socket: &Socket, request: &[u8], wanted: u16) -> io::Result<Option<Vec<u8>>> {
    socket.send(request, 0)?;
    let (bytes, _) = socket.recv_from_full()?;
    let answer = NetlinkBuffer::new_checked(&bytes[..]).map_err(io::Error::other)?;
    let payload: &[u8] = answer.payload();
    if answer.message_type() == NLMSG_ERROR {
        let code = payload.first_chunk().map_or(0, |code| i32::from_ne_bytes(*code));
        return Err(io::Error::from_raw_os_error(-code));
    }
    for attribute in NlasIterator::new(payload.get(FAMILY_HEADER_BYTES..).unwrap_or_default()) {
        let attribute = attribute.map_err(io::Error::other)?;
        if attribute.kind() == wanted {
            return Ok(Some(attribute.value().to_vec()));
        }
    }
    Ok(None)
}

fn request(kind: u16, family: u8, attributes: &[u8]) -> Vec<u8> {
    let length = HEADER_BYTES + FAMILY_HEADER_BYTES + attributes.len();
    let mut bytes = vec![0; length];
    let mut header = NetlinkBuffer::new(&mut bytes);
    header.set_length(u32::try_from(length).unwrap_or(u32::MAX));
    header.set_message_type(kind);
    header.set_flags(NLM_F_REQUEST);
    bytes[HEADER_BYTES] = family;
    bytes[HEADER_BYTES + FAMILY_HEADER_BYTES..].copy_from_slice(attributes);
    bytes
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

async fn run(namespace: &Namespace, arguments: &[&str], input: &str, doing: String) -> Result<()> {
    let mut command = Command::new("nft");
    command
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
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
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if message.contains("Operation not permitted") {
        return Err(Error::NotPrivileged);
    }
    let message = if message.is_empty() { output.status.to_string() } else { message };
    Err(Error::Program { doing, program: "nft", message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_found_among_what_else_nft_notes() {
        for (data, want) in [
            (&b""[..], None),
            (b"\x00\x03ab\0", Some("ab")),
            (b"\x01\x02xx\x00\x02ab", Some("ab")),
            (b"\x01\x02xx", None),
            (b"\x00\x09ab\0", None),
        ] {
            assert_eq!(comment(data).as_deref(), want, "{data:?}");
        }
    }
}
