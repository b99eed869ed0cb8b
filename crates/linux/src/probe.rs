//! Sockets that try whether packets pass: inside a namespace, from a chosen address to one other. What they send is not
//! fragmented, neither here nor on its way, and what routers say about it comes back as an error of the socket.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr, SetStruct};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockProtocol, SockType, SockaddrStorage, bind, connect, setsockopt, socket,
};
use nix::{libc, setsockopt_impl};
use tokio::net::UdpSocket;

use crate::Namespace;

/// What travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// UDP, from a port that the kernel chooses to this one.
    Udp(u16),
    /// ICMP or ICMPv6, raw: what is received has the IPv4 header before it, and no IPv6 header. All messages of the other
    /// one are received, whoever asked for them.
    Icmp,
}

/// How large a packet may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As large as the interface takes, whatever is known of the way.
    OfInterface,
    /// As large as the route, and what was learnt of the way, let it be.
    OfRoute,
}

#[derive(Clone, Copy)]
struct MtuDiscover;
setsockopt_impl!(
    MtuDiscover,
    libc::IPPROTO_IP,
    libc::IP_MTU_DISCOVER,
    libc::c_int,
    SetStruct<'_, libc::c_int>
);

#[derive(Clone, Copy)]
struct Ipv6MtuDiscover;
setsockopt_impl!(
    Ipv6MtuDiscover,
    libc::IPPROTO_IPV6,
    libc::IPV6_MTU_DISCOVER,
    libc::c_int,
    SetStruct<'_, libc::c_int>
);

#[derive(Clone, Copy)]
struct Ipv6DontFrag;
setsockopt_impl!(
    Ipv6DontFrag,
    libc::IPPROTO_IPV6,
    libc::IPV6_DONTFRAG,
    libc::c_int,
    SetStruct<'_, libc::c_int>
);

/// Opens such a socket. It goes on to act in the namespace wherever it is used from, though it has the type of UDP's for
/// either transport. Needs a tokio runtime.
///
/// # Errors
/// The kernel's: `NetworkUnreachable` and `HostUnreachable` where there is no route, `AddrNotAvailable` where `source` is
/// none of the namespace's addresses.
pub fn open(
    namespace: &Namespace,
    transport: Transport,
    size: Size,
    source: IpAddr,
    target: IpAddr,
) -> io::Result<UdpSocket> {
    let opened = namespace.run(|| opened(transport, size, source, target)).map_err(io::Error::other)?;
    let socket = std::net::UdpSocket::from(opened?);
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

fn opened(transport: Transport, size: Size, source: IpAddr, target: IpAddr) -> io::Result<OwnedFd> {
    let family = if target.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let (kind, protocol, port) = match (transport, target) {
        (Transport::Udp(port), _) => (SockType::Datagram, SockProtocol::Udp, port),
        (Transport::Icmp, IpAddr::V4(_)) => (SockType::Raw, SockProtocol::Icmp, 0),
        (Transport::Icmp, IpAddr::V6(_)) => (SockType::Raw, SockProtocol::IcmpV6, 0),
    };
    let fd = socket(family, kind, SockFlag::SOCK_CLOEXEC, protocol)?;
    match target {
        IpAddr::V4(_) => {
            setsockopt(&fd, Ipv4RecvErr, &true)?;
            let discover = match size {
                Size::OfInterface => libc::IP_PMTUDISC_PROBE,
                Size::OfRoute => libc::IP_PMTUDISC_DO,
            };
            setsockopt(&fd, MtuDiscover, &discover)?;
        }
        IpAddr::V6(_) => {
            setsockopt(&fd, Ipv6RecvErr, &true)?;
            let discover = match size {
                Size::OfInterface => libc::IPV6_PMTUDISC_PROBE,
                Size::OfRoute => libc::IPV6_PMTUDISC_DO,
            };
            setsockopt(&fd, Ipv6MtuDiscover, &discover)?;
            setsockopt(&fd, Ipv6DontFrag, &1)?;
        }
    }
    bind(fd.as_raw_fd(), &SockaddrStorage::from(SocketAddr::new(source, 0)))?;
    connect(fd.as_raw_fd(), &SockaddrStorage::from(SocketAddr::new(target, port)))?;
    Ok(fd)
}

/// Whether a packet did not pass since it was too large.
pub fn is_too_large(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EMSGSIZE)
}

/// Whether it was a firewall of the namespace's own that did not let a packet go.
pub fn is_forbidden(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EPERM)
}
