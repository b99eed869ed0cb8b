//! Connections that the kernel tracks, as far as it translates their IPv4 addresses.
//!
//! The kernel asks the rules of a table about the first packet of a connection only. When they change, connections that
//! were translated by the old ones go on as they were, until they are deleted here.

use std::io;
use std::net::Ipv4Addr;

use netlink_packet_core::{
    DefaultNla, Emitable, NLA_F_NESTED, NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR,
    NetlinkBuffer, NlaBuffer, NlasIterator,
};
use netlink_sys::constants::NETLINK_NETFILTER;
use netlink_sys::{Socket, SocketAddr};
use nix::libc::{AF_INET, ENOENT};

use crate::{Error, Namespace, Result};

// From the kernel's `linux/netfilter/nfnetlink.h` and `nfnetlink_conntrack.h`.
const NEW: u16 = 0x100;
const GET: u16 = 0x101;
const DELETE: u16 = 0x102;
const TUPLE_ORIGINAL: u16 = 1;
const TUPLE_REPLY: u16 = 2;
const STATUS: u16 = 3;
const ID: u16 = 12;
const TUPLE_IP: u16 = 1;
const IPV4_SOURCE: u16 = 1;
const IPV4_DESTINATION: u16 = 2;
const SOURCE_TRANSLATED: u32 = 1 << 4;
const DESTINATION_TRANSLATED: u32 = 1 << 5;
const HEADER_BYTES: usize = 16;
/// How many connections the namespace of the thread that looks has.
const COUNT: &str = "/proc/sys/net/netfilter/nf_conntrack_count";
const FAMILY_HEADER: [u8; 4] = [AF_INET as u8, 0, 0, 0];

/// A connection whose addresses are translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Who began it.
    pub source: Ipv4Addr,
    /// The address that it was begun with.
    pub destination: Ipv4Addr,
    /// Where the source is translated, what the other side sees in its place.
    pub translated_source: Option<Ipv4Addr>,
    /// Where the destination is translated, whom the packets get to.
    pub translated_destination: Option<Ipv4Addr>,
}

/// Deletes the translated connections of a namespace that `is_stale` says so of, and counts them. One that goes on
/// begins anew with its next packet.
///
/// # Errors
/// When the kernel does not tell of its connections, or refuses to delete one.
pub fn delete(namespace: &Namespace, is_stale: impl Fn(&Connection) -> bool + Send) -> Result<usize> {
    namespace.run(|| delete_here(is_stale))?.map_err(|source| {
        Error::system(format!("delete tracked connections in {}", namespace.name()), source)
    })
}

fn delete_here(is_stale: impl Fn(&Connection) -> bool) -> io::Result<usize> {
    // The kernel looks through the connections of all namespaces for those of this one: long, if there are none.
    if std::fs::read_to_string(COUNT).is_ok_and(|count| count.trim_end() == "0") {
        return Ok(0);
    }
    let mut socket = Socket::new(NETLINK_NETFILTER)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    // The kernel has answered when `send` returns, and has more of a long answer when a part was read.
    socket.set_non_blocking(true)?;
    let mut stale = Vec::new();
    socket.send(&message(GET, NLM_F_REQUEST | NLM_F_DUMP, &[]), 0)?;
    each_answer(&socket, |kind, payload| {
        let attributes = payload.get(FAMILY_HEADER.len()..).unwrap_or_default();
        if kind == NEW && connection(attributes)?.is_some_and(|connection| is_stale(&connection)) {
            stale.push(identity(attributes)?);
        }
        Ok(())
    })?;
    let count = stale.len();
    for identity in stale {
        socket.send(&message(DELETE, NLM_F_REQUEST | NLM_F_ACK, &identity), 0)?;
        match each_answer(&socket, |_, _| Ok(())) {
            // It ended by itself.
            Err(error) if error.raw_os_error() == Some(ENOENT) => {}
            answer => answer?,
        }
    }
    Ok(count)
}

fn message(kind: u16, flags: u16, attributes: &[u8]) -> Vec<u8> {
    let length = HEADER_BYTES + FAMILY_HEADER.len() + attributes.len();
    let mut bytes = vec![0; length];
    let mut header = NetlinkBuffer::new(&mut bytes);
    header.set_length(u32::try_from(length).unwrap_or(u32::MAX));
    header.set_message_type(kind);
    header.set_flags(flags);
    bytes[HEADER_BYTES..HEADER_BYTES + FAMILY_HEADER.len()].copy_from_slice(&FAMILY_HEADER);
    bytes[HEADER_BYTES + FAMILY_HEADER.len()..].copy_from_slice(attributes);
    bytes
}

/// Reads answers up to the one that says how it went.
fn each_answer(socket: &Socket, mut read: impl FnMut(u16, &[u8]) -> io::Result<()>) -> io::Result<()> {
    loop {
        let (bytes, _) = socket.recv_from_full()?;
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let answer = NetlinkBuffer::new_checked(rest).map_err(io::Error::other)?;
            let payload = answer.payload();
            match answer.message_type() {
                NLMSG_DONE => return Ok(()),
                NLMSG_ERROR => {
                    let code = payload.first_chunk().map_or(0, |code| i32::from_ne_bytes(*code));
                    return if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(-code)) };
                }
                kind => read(kind, payload)?,
            }
            let length = usize::try_from(answer.length()).unwrap_or(usize::MAX).next_multiple_of(4);
            rest = rest.get(length..).unwrap_or_default();
        }
    }
}

/// What a message tells of a connection; `None` for one whose addresses are not translated.
fn connection(attributes: &[u8]) -> io::Result<Option<Connection>> {
    let (mut original, mut reply, mut status) = (None, None, 0);
    for attribute in NlasIterator::new(attributes) {
        let attribute = attribute.map_err(io::Error::other)?;
        match attribute.kind() {
            TUPLE_ORIGINAL => original = addresses(attribute.value())?,
            TUPLE_REPLY => reply = addresses(attribute.value())?,
            STATUS => {
                status = attribute.value().first_chunk().map_or(0, |status| u32::from_be_bytes(*status));
            }
            _ => {}
        }
    }
    let (Some((source, destination)), Some((reply_source, reply_destination))) = (original, reply) else {
        return Ok(None);
    };
    let has = |flag: u32| status & flag != 0;
    Ok((has(SOURCE_TRANSLATED) || has(DESTINATION_TRANSLATED)).then_some(Connection {
        source,
        destination,
        translated_source: has(SOURCE_TRANSLATED).then_some(reply_destination),
        translated_destination: has(DESTINATION_TRANSLATED).then_some(reply_source),
    }))
}

/// Source and destination of one direction.
fn addresses(tuple: &[u8]) -> io::Result<Option<(Ipv4Addr, Ipv4Addr)>> {
    let (mut source, mut destination) = (None, None);
    for part in NlasIterator::new(tuple) {
        let part = part.map_err(io::Error::other)?;
        if part.kind() != TUPLE_IP {
            continue;
        }
        for address in NlasIterator::new(part.value()) {
            let address = address.map_err(io::Error::other)?;
            let value = address.value().first_chunk::<4>().map(|octets| Ipv4Addr::from(*octets));
            match address.kind() {
                IPV4_SOURCE => source = value,
                IPV4_DESTINATION => destination = value,
                _ => {}
            }
        }
    }
    Ok(source.zip(destination))
}

/// What names a connection in a request to delete it: its addresses and ports, and its number, since another one may
/// have come in its place.
fn identity(attributes: &[u8]) -> io::Result<Vec<u8>> {
    let mut identity = Vec::new();
    for attribute in NlasIterator::new(attributes) {
        let attribute: NlaBuffer<&[u8]> = attribute.map_err(io::Error::other)?;
        let kind = match attribute.kind() {
            TUPLE_ORIGINAL => TUPLE_ORIGINAL | NLA_F_NESTED,
            ID => ID,
            _ => continue,
        };
        let attribute = DefaultNla::new(kind, attribute.value().to_vec());
        let start = identity.len();
        identity.resize(start + attribute.buffer_len(), 0);
        attribute.emit(&mut identity[start..]);
    }
    Ok(identity)
}
