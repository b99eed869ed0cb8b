//! What crosses the internet, by the witness of `tcpdump`: one on each link, for what comes in there, so that each packet
//! counts once.
//!
//! The packets come through a pipe as they are captured, in the format of pcap files (draft-ietf-opsawg-pcap).

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;
use std::ops::AddAssign;
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Child;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::footprint::Footprint;
use super::internet::Internet;
use super::side::Side;

/// How long `tcpdump` may take to start, and to end.
const LIMIT: Duration = Duration::from_secs(10);
/// How much of a packet is captured: all headers that are looked at.
const SNAP_LENGTH: u32 = 256;
/// The first four octets of a pcap file whose numbers are in this machine's order.
const MAGIC: u32 = 0xa1b2_c3d4;
/// Link type of such a file.
const ETHERNET: u32 = 1;

const IKE_PORT: u16 = 500;
const NAT_TRAVERSAL_PORT: u16 = 4500;

/// How many packets of which kind went by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    pub(crate) esp: u64,
    pub(crate) ike: u64,
    pub(crate) plain: u64,
    /// What is none of these, and not about neighbours either, in words.
    #[serde(skip)]
    pub(crate) other: BTreeSet<String>,
}

/// A capture that goes on. Dropping it ends it.
pub(crate) struct Capture {
    links: Vec<Link>,
}

struct Link {
    tcpdump: Child,
    reader: JoinHandle<io::Result<Counts>>,
}

impl Capture {
    /// Starts to capture. When this returns, nothing that comes in escapes it.
    ///
    /// # Errors
    /// When `tcpdump` does not start.
    pub(crate) async fn start(footprint: &Footprint, internet: &Internet) -> Result<Self> {
        let mut links = Vec::new();
        for side in Side::ALL {
            links.push(Link::start(footprint, internet, side).await?);
        }
        Ok(Self { links })
    }

    /// Ends it, and returns what was seen.
    ///
    /// # Errors
    /// When packets were lost, or the capture ended before.
    pub(crate) async fn finish(self) -> Result<Counts> {
        let mut sum = Counts::default();
        for link in self.links {
            sum += link.finish().await?;
        }
        Ok(sum)
    }
}

impl Link {
    async fn start(footprint: &Footprint, internet: &Internet, side: Side) -> Result<Self> {
        let mut command = footprint.command("tcpdump");
        command.args(["-i", side.as_str(), "-Q", "in", "-n", "--immediate-mode", "-U", "-w", "-"]);
        command.args(["-s", &SNAP_LENGTH.to_string()]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut tcpdump = internet.namespace.spawn(&mut command)?;
        let stdout = tcpdump.stdout.take().context("`tcpdump` has no output")?;
        // The head is written when the capture is on.
        let (on, is_on) = oneshot::channel();
        let reader = tokio::spawn(read(stdout, on));
        match timeout(LIMIT, is_on).await {
            Ok(Ok(())) => Ok(Self { tcpdump, reader }),
            Ok(Err(_)) | Err(_) => {
                // It may have ended by itself.
                let _ = tcpdump.start_kill();
                bail!("`tcpdump` does not capture: {}", said(&end(tcpdump).await?))
            }
        }
    }

    async fn finish(self) -> Result<Counts> {
        let Self { tcpdump, reader } = self;
        let Some(pid) = tcpdump.id() else { bail!("`tcpdump` ended early") };
        kill(Pid::from_raw(pid.cast_signed()), Signal::SIGINT).context("cannot stop `tcpdump`")?;
        let output = end(tcpdump).await?;
        let counts = timeout(LIMIT, reader).await.context("`tcpdump` is gone, but not its output")?;
        let counts = counts.context("the capture ended early")?.context("cannot read the capture")?;
        match lost(&said(&output)) {
            Some(0) => Ok(counts),
            Some(lost) => bail!("the capture lost {lost} packets, so its counts prove nothing"),
            None => bail!("`tcpdump` failed: {}", said(&output)),
        }
    }
}

async fn end(tcpdump: Child) -> Result<Output> {
    let output = timeout(LIMIT, tcpdump.wait_with_output()).await.context("`tcpdump` does not end")?;
    output.context("cannot wait for `tcpdump`")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

/// The count of packets that the kernel did not hand over, from what `tcpdump` says at its end.
fn lost(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains("dropped by kernel"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Counts the packets of a pcap file until it ends.
async fn read(mut file: impl AsyncRead + Unpin, on: oneshot::Sender<()>) -> io::Result<Counts> {
    let mut head = [0; 24];
    file.read_exact(&mut head).await?;
    if (number(&head, 0), number(&head, 20)) != (MAGIC, ETHERNET) {
        return Err(io::Error::new(ErrorKind::InvalidData, "this is not what `tcpdump` writes"));
    }
    // Whoever waited may have given up.
    let _ = on.send(());
    let mut counts = Counts::default();
    loop {
        let mut head = [0; 16];
        match file.read_exact(&mut head).await {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(counts),
            result => result.map(drop)?,
        }
        let length = number(&head, 8);
        if length > SNAP_LENGTH {
            return Err(io::Error::new(ErrorKind::InvalidData, "a packet is longer than asked for"));
        }
        let mut frame = vec![0; length as usize];
        file.read_exact(&mut frame).await?;
        counts.count(classify(&frame));
    }
}

/// What a packet is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// Key exchange, with its keep-alives.
    Ike,
    /// What a tunnel carries.
    Esp,
    /// To or from a protected network, without protection; also where its other address was translated.
    Plain,
    /// What never leaves a link: ARP, IPv6's neighbour discovery, reports on multicast groups.
    Neighbours,
    /// Anything else, in words.
    Other(String),
}

impl Counts {
    fn count(&mut self, kind: Kind) {
        match kind {
            Kind::Ike => self.ike += 1,
            Kind::Esp => self.esp += 1,
            Kind::Plain => self.plain += 1,
            Kind::Neighbours => {}
            Kind::Other(what) => drop(self.other.insert(what)),
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, Self { esp, ike, plain, other }: Self) {
        self.esp += esp;
        self.ike += ike;
        self.plain += plain;
        self.other.extend(other);
    }
}

fn classify(frame: &[u8]) -> Kind {
    let unreadable = || Kind::Other("a packet that cannot be read".to_owned());
    let (Some(ethertype), Some(packet)) = (u16_at(frame, 12), frame.get(14..)) else { return unreadable() };
    match ethertype {
        0x0800 => ipv4(packet).unwrap_or_else(unreadable),
        0x0806 => Kind::Neighbours,
        0x86dd => ipv6(packet).unwrap_or_else(unreadable),
        _ => Kind::Other(format!("Ethernet type {ethertype:#06x}")),
    }
}

fn ipv4(packet: &[u8]) -> Option<Kind> {
    let (source, destination) = (ipv4_at(packet, 12)?, ipv4_at(packet, 16)?);
    let is_protected = |address: &Ipv4Addr| Side::ALL.iter().any(|side| side.subnet().contains(address));
    // A translated leak has one protected address only.
    if is_protected(&source) || is_protected(&destination) {
        return Some(Kind::Plain);
    }
    let header_length = usize::from(packet.first()? & 0x0f) * 4;
    let is_first_fragment = u16_at(packet, 6)? & 0x1fff == 0;
    let protocol = *packet.get(9)?;
    let other = || Kind::Other(format!("{} from {source} to {destination}", protocol_name(protocol)));
    Some(match protocol {
        2 => Kind::Neighbours,
        50 => Kind::Esp,
        17 if is_first_fragment => udp(packet.get(header_length..)?)?.unwrap_or_else(other),
        _ => other(),
    })
}

/// IKE and ESP in UDP (RFC 3948, 2); the inner `None` is any other.
fn udp(datagram: &[u8]) -> Option<Option<Kind>> {
    let ports = [u16_at(datagram, 0)?, u16_at(datagram, 2)?];
    let data = datagram.get(8..)?;
    if ports.contains(&IKE_PORT) {
        return Some(Some(Kind::Ike));
    }
    if !ports.contains(&NAT_TRAVERSAL_PORT) {
        return Some(None);
    }
    // Four zero octets stand where ESP has its SPI; one octet is a keep-alive.
    Some(match data {
        [0, 0, 0, 0, ..] | [0xff] => Some(Kind::Ike),
        [_, _, _, _, ..] => Some(Kind::Esp),
        _ => None,
    })
}

fn ipv6(packet: &[u8]) -> Option<Kind> {
    let (next_header, rest) = (*packet.get(6)?, packet.get(40..)?);
    // Reports on multicast groups follow a hop-by-hop header, which alone makes them eight octets longer.
    let is_neighbours = matches!(
        (next_header, rest),
        (58, [133..=137, ..]) | (0, [58, 0, _, _, _, _, _, _, 130..=132 | 143, ..])
    );
    Some(if is_neighbours {
        Kind::Neighbours
    } else {
        Kind::Other(format!("{} over IPv6", protocol_name(next_header)))
    })
}

fn protocol_name(number: u8) -> String {
    match number {
        1 => "ICMP".to_owned(),
        6 => "TCP".to_owned(),
        17 => "UDP".to_owned(),
        number => format!("protocol {number}"),
    }
}

fn number(octets: &[u8], at: usize) -> u32 {
    octets.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_ne_bytes).unwrap_or_default()
}

fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
}

fn ipv4_at(octets: &[u8], at: usize) -> Option<Ipv4Addr> {
    let four: [u8; 4] = octets.get(at..at + 4)?.try_into().ok()?;
    Some(four.into())
}

#[cfg(test)]
mod tests;
