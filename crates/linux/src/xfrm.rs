//! What the kernel can do of IPsec.

use std::io;
use std::net::Ipv4Addr;

use netlink_packet_core::{NLM_F_ACK, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload};
use netlink_packet_xfrm::constants::{IPPROTO_ESP, XFRM_MODE_TUNNEL};
use netlink_packet_xfrm::state::ModifyMessage;
use netlink_packet_xfrm::{Address, Alg, Id, UserSaInfo, XfrmAttrs, XfrmMessage};
use netlink_sys::constants::NETLINK_XFRM;
use netlink_sys::{Socket, SocketAddr};
use nix::libc::{AF_INET, EPROTONOSUPPORT};
use nix::sched::{CloneFlags, unshare};

use crate::{Error, Result};

const FAMILY_IPV4: u16 = AF_INET as u16;

/// Whether this kernel can encrypt by ESP: asks it to, with a security association that nobody uses, in a namespace
/// that is gone afterwards.
///
/// # Errors
/// When the kernel gives another answer than yes or no.
pub fn esp_in_kernel() -> Result<bool> {
    let answer = std::thread::scope(|scope| match scope.spawn(ask).join() {
        Ok(answer) => answer,
        Err(panic) => std::panic::resume_unwind(panic),
    });
    match answer {
        Ok(()) => Ok(true),
        Err(source) if source.raw_os_error() == Some(EPROTONOSUPPORT) => Ok(false),
        Err(source) => Err(Error::system("find out whether the kernel has ESP", source)),
    }
}

fn ask() -> io::Result<()> {
    unshare(CloneFlags::CLONE_NEWNET)?;
    let mut socket = Socket::new(NETLINK_XFRM)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;

    let mut request = NetlinkMessage::from(XfrmMessage::AddSa(throw_away_state()));
    request.header.flags = NLM_F_REQUEST | NLM_F_ACK;
    request.finalize();
    let mut bytes = vec![0; request.buffer_len()];
    request.serialize(&mut bytes);
    socket.send(&bytes, 0)?;

    // The kernel has answered when `send` returns, so there is nothing to wait for.
    socket.set_non_blocking(true)?;
    let (answer, _) = socket.recv_from_full()?;
    let answer = NetlinkMessage::<XfrmMessage>::deserialize(&answer).map_err(io::Error::other)?;
    #[expect(clippy::wildcard_enum_match_arm, reason = "only an acknowledgement was asked for")]
    match answer.payload {
        NetlinkPayload::Error(message) if message.raw_code() == 0 => Ok(()),
        NetlinkPayload::Error(message) => Err(io::Error::from_raw_os_error(-message.raw_code())),
        other => Err(io::Error::other(format!("an unexpected answer: {other:?}"))),
    }
}

/// AES-CBC with HMAC-SHA1, which every kernel that has ESP has had since there is XFRM.
fn throw_away_state() -> ModifyMessage {
    let user_sa_info = UserSaInfo {
        id: Id { daddr: Address::from_ipv4(&Ipv4Addr::new(127, 0, 0, 2)), spi: 0x100, proto: IPPROTO_ESP },
        saddr: Address::from_ipv4(&Ipv4Addr::LOCALHOST),
        family: FAMILY_IPV4,
        mode: XFRM_MODE_TUNNEL,
        ..UserSaInfo::default()
    };
    let nlas = vec![
        XfrmAttrs::EncryptionAlg(algorithm("cbc(aes)", 16)),
        XfrmAttrs::AuthenticationAlg(algorithm("hmac(sha1)", 20)),
    ];
    ModifyMessage { user_sa_info, nlas }
}

fn algorithm(name: &str, key_bytes: u8) -> Alg {
    let mut alg_name = [0; 64];
    alg_name[..name.len()].copy_from_slice(name.as_bytes());
    Alg { alg_name, alg_key_len: u32::from(key_bytes) * 8, alg_key: vec![0; usize::from(key_bytes)] }
}
