//! Who is at the other end: one charon that answers everybody who has the key.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr};

use adit_ike::Backend;
use adit_ike::charon::{Config, Process, Vici};
use adit_ike::message::Section;
use adit_linux::{Namespace, xfrm};
use anyhow::{Context, Result, bail, ensure};
use ipnet::{IpNet, Ipv4Net};

use crate::footprint::Footprint;

/// The external network, of the range for benches (RFC 2544).
pub(crate) const EXTERNAL: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(198, 18, 0, 0), 16);
/// The routers' way out, which is the peer as well.
pub(crate) const GATEWAY: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
/// Behind it, the peer has an address for each connection of a router: a router has many peers.
const SITES: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(198, 19, 0, 0), 16);
/// The key of all connections.
pub(crate) const KEY: &str = "a key for benches alone";
/// All networks behind the routers, and all behind the peer; each connection has a part of both.
pub(crate) const LOCAL: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 8);
pub(crate) const REMOTE: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(172, 16, 0, 0), 12);

/// The running peer.
pub(crate) struct Peer {
    process: Process,
}

/// One network of 256 addresses out of a larger one.
///
/// # Errors
/// When there is no room for so many.
pub(crate) fn network_of(whole: Ipv4Net, number: usize) -> Result<Ipv4Net> {
    let first = u32::try_from(number).ok().and_then(|number| number.checked_mul(256));
    let first = first.and_then(|offset| u32::from(whole.network()).checked_add(offset));
    match first.map(Ipv4Addr::from).filter(|first| whole.contains(first)) {
        Some(first) => Ok(Ipv4Net::new(first, 24)?),
        None => bail!("{whole} has no network number {number}"),
    }
}

/// Where a router's connection `number` has its peer.
///
/// # Errors
/// When there is no room for so many.
pub(crate) fn site(number: usize) -> Result<Ipv4Addr> {
    let offset = u32::try_from(number).ok().and_then(|number| number.checked_add(1));
    let address = offset.and_then(|offset| u32::from(SITES.network()).checked_add(offset));
    let address = address.map(Ipv4Addr::from).filter(|address| SITES.contains(address));
    address.with_context(|| format!("{SITES} has no address number {number}"))
}

/// What the peer's interface has, for so many connections of one router.
///
/// # Errors
/// When there is no room for so many.
pub(crate) fn interface_addresses(connections: usize) -> Result<BTreeSet<IpNet>> {
    let mut addresses = BTreeSet::from([IpNet::new(IpAddr::V4(GATEWAY), EXTERNAL.prefix_len())?]);
    for number in 0..connections {
        addresses.insert(IpNet::from(IpAddr::V4(site(number)?)));
        // Without an address of its own in a network, charon with ESP in userspace has no route for it.
        let own = network_of(REMOTE, number)?.hosts().next().context("a network has no address")?;
        addresses.insert(IpNet::from(IpAddr::V4(own)));
    }
    Ok(addresses)
}

impl Peer {
    /// Starts it.
    ///
    /// # Errors
    /// When charon is not to be had, or does not take its configuration.
    pub(crate) async fn start(footprint: &Footprint) -> Result<Self> {
        let backend = if xfrm::esp_in_kernel()? { Backend::Kernel } else { Backend::Userspace };
        let config = Config { run_dir: footprint.file("peer"), backend };
        let name = footprint.peer();
        let process = Process::start(&config, move |mut command| {
            let missing = || io::Error::new(io::ErrorKind::NotFound, "the peer's namespace is gone");
            let namespace = Namespace::open(&name).map_err(io::Error::other)?.ok_or_else(missing)?;
            namespace.run(|| command.spawn()).map_err(io::Error::other)?
        })
        .await?;
        let mut vici = rsvici::unix::connect(process.socket()).await.context("cannot reach the peer")?;
        for (command, message) in [("load-shared", key()), ("load-conn", connection(backend))] {
            let answer: Section = vici.request(command, message).await?;
            ensure!(answer.is_yes("success"), "the peer refuses `{command}`: {answer}");
        }
        Ok(Self { process })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid().unsigned_abs()
    }

    /// The SPIs of all tunnels: of the IKE SA, and of the packets in and out.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) async fn spis(&self) -> Result<BTreeSet<[u64; 4]>> {
        let sas = Vici::connect(self.process.socket()).await?.sas().await?;
        let all = sas.iter().flat_map(|sa| sa.children.iter().map(move |child| (sa, child)));
        Ok(all
            .map(|(sa, child)| {
                [sa.initiator_spi, sa.responder_spi, child.spi_in.into(), child.spi_out.into()]
            })
            .collect())
    }
}

/// A key without owners is everybody's.
fn key() -> Section {
    Section::new().with("id", "everybody").with("type", "IKE").with("data", KEY)
}

/// Answers every version, every router and every part of the networks, with what policies have by default.
fn connection(backend: Backend) -> Section {
    let end = || Section::new().with("auth", "psk");
    let child = Section::new()
        .with("esp_proposals", vec!["aes128-sha1-modp1536".to_owned()])
        .with("local_ts", vec![REMOTE.to_string()])
        .with("remote_ts", vec![LOCAL.to_string()]);
    let connection = Section::new()
        .with("version", 0_u32)
        .with("local_addrs", vec!["%any".to_owned()])
        .with("remote_addrs", vec!["%any".to_owned()])
        .with("proposals", vec!["aes128-sha1-modp1536".to_owned()])
        .with("encap", backend == Backend::Userspace)
        .with("mobike", false)
        .with("unique", "no")
        .with("local", end())
        .with("remote", end())
        .with("children", Section::new().with("everything", child));
    Section::new().with("everybody", connection)
}
