//! nftables: whole tables, replaced in one transaction.
//!
//! A [`Table`] is a value that shows as the script which `nft` reads, so it can be compared and read by people before
//! it is sent. Rules are in nft's own language, since the JSON one has no stable word for `meta ipsec` and is ten
//! times as long; whoever makes them puts nothing into them but typed values.

use std::fmt;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use netlink_packet_core::{NLM_F_REQUEST, NLMSG_ERROR, NetlinkBuffer, NlasIterator};
use netlink_sys::constants::NETLINK_NETFILTER;
use netlink_sys::{Socket, SocketAddr};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::{Error, Namespace, Result};

/// How long `nft` may take.
const LIMIT: Duration = Duration::from_secs(10);
// From the kernel's `linux/netfilter/nfnetlink.h` and `nf_tables.h`.
const GET_GENERATION: u16 = 0xa10;
const GENERATION_ID: u16 = 1;
const HEADER_BYTES: usize = 16;
const FAMILY_HEADER_BYTES: usize = 4;

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
        run(namespace, &["-f", "-"], &script, doing()).await
    }
}

/// The number of the rules in force in `namespace`, of all tables together. The kernel counts it up by one with every
/// transaction, whoever makes it: while it stays, nobody has changed anything. Asking is far cheaper than running `nft`.
///
/// # Errors
/// When the namespace cannot be entered, or its kernel has no nftables.
pub fn generation(namespace: &Namespace) -> Result<u32> {
    namespace.run(generation_here)?.map_err(|source| {
        Error::system(format!("ask for the number of the rules in {}", namespace.name()), source)
    })
}

fn generation_here() -> io::Result<u32> {
    let mut socket = Socket::new(NETLINK_NETFILTER)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    // The kernel has answered when `send` returns.
    socket.set_non_blocking(true)?;
    socket.send(&request_for_generation(), 0)?;
    let (bytes, _) = socket.recv_from_full()?;
    let answer = NetlinkBuffer::new_checked(&bytes[..]).map_err(io::Error::other)?;
    let payload: &[u8] = answer.payload();
    if answer.message_type() == NLMSG_ERROR {
        let code = payload.first_chunk().map_or(0, |code| i32::from_ne_bytes(*code));
        return Err(io::Error::from_raw_os_error(-code));
    }
    for attribute in NlasIterator::new(payload.get(FAMILY_HEADER_BYTES..).unwrap_or_default()) {
        let attribute = attribute.map_err(io::Error::other)?;
        if let (GENERATION_ID, Some(id)) = (attribute.kind(), attribute.value().first_chunk()) {
            return Ok(u32::from_be_bytes(*id));
        }
    }
    Err(io::Error::other("an answer without the number"))
}

fn request_for_generation() -> [u8; HEADER_BYTES + FAMILY_HEADER_BYTES] {
    // The header of the family is zero: the number is that of all families.
    let mut bytes = [0; HEADER_BYTES + FAMILY_HEADER_BYTES];
    let mut header = NetlinkBuffer::new(&mut bytes);
    header.set_length((HEADER_BYTES + FAMILY_HEADER_BYTES) as u32);
    header.set_message_type(GET_GENERATION);
    header.set_flags(NLM_F_REQUEST);
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
