//! Interfaces.

mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use nix::libc::{EBUSY, EEXIST, ENODEV};
use rtnetlink::packet_route::link::{
    InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};
use rtnetlink::{LinkBridge, LinkMessageBuilder, LinkUnspec, LinkVeth, LinkVlan};

pub use self::watch::{LinkChange, LinkWatch};
use crate::error::errno;
use crate::{Error, Namespace, Netlink, Result};

/// An interface as the kernel shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Number in its namespace.
    pub index: u32,
    /// Name in its namespace.
    pub name: String,
    /// What it is.
    pub kind: LinkKind,
    /// Ethernet address, where it has one.
    pub mac: Option<[u8; 6]>,
    /// Largest packet, in octets.
    pub mtu: u32,
    /// Whether it is switched on.
    pub up: bool,
    /// Whether a cable is plugged in that the kernel has not yet taken notice of: it passes no packets until then.
    pub unsettled: bool,
    /// The bridge it is a port of.
    pub master: Option<u32>,
    /// Free text that its maker left.
    pub alias: Option<String>,
}

/// Kinds of interface that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// A software switch.
    Bridge,
    /// One end of a pair.
    Veth,
    /// A VLAN of another interface.
    Vlan,
    /// Anything else, such as hardware.
    Other,
}

/// The other end of a veth pair, as it is born in its namespace.
#[derive(Clone, Debug)]
pub struct VethPeer<'a> {
    /// Its name there.
    pub name: &'a str,
    /// Where.
    pub namespace: &'a Namespace,
    /// Its Ethernet address.
    pub mac: [u8; 6],
}

/// The longest name of an interface, in octets.
pub const LONGEST_NAME: usize = 15;

/// Whether an interface can have this name.
pub fn is_name(text: &str) -> bool {
    let is_taken = text == "." || text == "..";
    let is_fine = |octet: u8| !octet.is_ascii_whitespace() && !matches!(octet, 0 | 0x0b | b'/' | b':');
    (1..=LONGEST_NAME).contains(&text.len()) && !is_taken && text.bytes().all(is_fine)
}

impl Netlink {
    /// All interfaces, by name.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn links(&self) -> Result<BTreeMap<String, Link>> {
        let _alone = self.listing.lock().await;
        let messages: Vec<LinkMessage> = self
            .handle
            .link()
            .get()
            .execute()
            .try_collect()
            .await
            .map_err(|source| Error::netlink("list the interfaces", source))?;
        Ok(messages.into_iter().map(Link::from).map(|link| (link.name.clone(), link)).collect())
    }

    /// Those of `names` that there are, by name. On a node with many interfaces that is far less than all.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn links_named(&self, names: &BTreeSet<String>) -> Result<BTreeMap<String, Link>> {
        let mut links = BTreeMap::new();
        for name in names {
            if let Some(link) = self.link(name).await? {
                links.insert(name.clone(), link);
            }
        }
        Ok(links)
    }

    /// One interface; `None` if there is none of that name, or can be none.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn link(&self, name: &str) -> Result<Option<Link>> {
        if !is_name(name) {
            return Ok(None);
        }
        match self.handle.link().get().match_name(name).execute().try_next().await {
            Ok(found) => Ok(found.map(Link::from)),
            Err(source) if errno(&source) == Some(ENODEV) => Ok(None),
            Err(source) => Err(Error::netlink(format!("look for the interface {name}"), source)),
        }
    }

    /// The bridge called `name`, made if need be. A new one is down.
    ///
    /// # Errors
    /// [`Error::OtherKind`] if something else has that name.
    pub async fn ensure_bridge(&self, name: &str) -> Result<Link> {
        let made = self.handle.link().add(LinkBridge::new(name).build()).execute().await;
        existing_is_fine(made).map_err(|source| Error::netlink(format!("make the bridge {name}"), source))?;
        self.link_of_kind(name, LinkKind::Bridge, "bridge").await
    }

    /// The interface `name` that carries VLAN `vlan` of `parent`, made if need be. A new one is down.
    ///
    /// # Errors
    /// [`Error::NoLink`] without `parent`, [`Error::OtherKind`] if something else has that name.
    pub async fn ensure_vlan(&self, parent: &str, vlan: u16, name: &str) -> Result<Link> {
        let parent = self.index_of(parent).await?;
        let made = self.handle.link().add(LinkVlan::new(name, parent, vlan).build()).execute().await;
        existing_is_fine(made)
            .map_err(|source| Error::netlink(format!("make the VLAN interface {name}"), source))?;
        self.link_of_kind(name, LinkKind::Vlan, "VLAN interface").await
    }

    /// A pair of interfaces, joined like the ends of a cable: `name` here, `peer` in its own namespace. Both have
    /// `mtu` and are down. Either both come to be or none.
    ///
    /// # Errors
    /// When one of the names is taken.
    pub async fn add_veth(&self, name: &str, mtu: u32, peer: &VethPeer<'_>) -> Result<()> {
        let far_end = LinkMessageBuilder::<LinkUnspec>::default()
            .name(peer.name)
            .mtu(mtu)
            .address(peer.mac.to_vec())
            .setns_by_fd(peer.namespace.raw_fd())
            .build();
        let pair = |index| {
            LinkMessageBuilder::<LinkVeth>::new_with_info_kind(InfoKind::Veth)
                .index(index)
                .name(name)
                .mtu(mtu)
                .set_info_data(InfoData::Veth(InfoVeth::Peer(far_end.clone())))
                .build()
        };
        let doing = || format!("make the pair {name} and {} in {}", peer.name, peer.namespace.name());
        let mut index = distant_index(peer.mac);
        loop {
            match self.handle.link().add(pair(index)).execute().await {
                Ok(()) => return Ok(()),
                // Which of name and number is taken, the kernel does not tell.
                Err(source)
                    if matches!(errno(&source), Some(EEXIST | EBUSY))
                        && self.is_taken(index, name).await? =>
                {
                    index += 1;
                }
                Err(source) => return Err(Error::netlink(doing(), source)),
            }
        }
    }

    /// Whether an interface has the number `index`, and none has the name.
    async fn is_taken(&self, index: u32, name: &str) -> Result<bool> {
        let links = self.links().await?;
        Ok(!links.contains_key(name) && links.values().any(|link| link.index == index))
    }

    /// Switches an interface on.
    ///
    /// # Errors
    /// [`Error::NoLink`].
    pub async fn set_up(&self, name: &str) -> Result<()> {
        self.set(name, "switch on", LinkMessageBuilder::up).await
    }

    /// Gives an interface its Ethernet address. Where the sysctl `arp_notify` is on, an interface that is up announces
    /// its IPv4 addresses then, even if the Ethernet address stays the same.
    ///
    /// # Errors
    /// [`Error::NoLink`].
    pub async fn set_mac(&self, name: &str, mac: [u8; 6]) -> Result<()> {
        self.set(name, "set the Ethernet address of", |message| message.address(mac.to_vec())).await
    }

    /// Sets the size of the largest packet, in octets.
    ///
    /// # Errors
    /// [`Error::NoLink`].
    pub async fn set_mtu(&self, name: &str, mtu: u32) -> Result<()> {
        self.set(name, "set the MTU of", |message| message.mtu(mtu)).await
    }

    /// Leaves a text on an interface.
    ///
    /// # Errors
    /// [`Error::NoLink`].
    pub async fn set_alias(&self, name: &str, alias: &str) -> Result<()> {
        self.set(name, "set the alias of", |message| message.alias(alias)).await
    }

    /// Makes an interface a port of `bridge`.
    ///
    /// # Errors
    /// [`Error::NoLink`] if either is missing.
    pub async fn plug(&self, name: &str, bridge: &str) -> Result<()> {
        let bridge = self.index_of(bridge).await?;
        self.set(name, "plug", |message| message.controller(bridge)).await
    }

    /// Deletes an interface; with one end of a veth pair goes the other. One that does not exist is fine.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn delete_link(&self, name: &str) -> Result<()> {
        let Some(link) = self.link(name).await? else { return Ok(()) };
        match self.handle.link().del(link.index).execute().await {
            Err(source) if errno(&source) != Some(ENODEV) => {
                Err(Error::netlink(format!("delete the interface {name}"), source))
            }
            _ => Ok(()),
        }
    }

    /// Waits until interfaces pass packets that were just switched on, at most a second. The kernel takes notice of
    /// a cable in the background; a first packet that is lost meanwhile costs its sender a second or more.
    ///
    /// # Errors
    /// When the kernel refuses to show them.
    pub async fn settle(&self, names: &BTreeSet<String>) -> Result<()> {
        let start = Instant::now();
        let mut look = tokio::time::interval(Duration::from_millis(2));
        while start.elapsed() < Duration::from_secs(1) {
            look.tick().await;
            if !self.links_named(names).await?.values().any(|link| link.unsettled) {
                break;
            }
        }
        Ok(())
    }

    pub(crate) async fn index_of(&self, name: &str) -> Result<u32> {
        let link = self.link(name).await?.ok_or_else(|| Error::NoLink(name.to_owned()))?;
        Ok(link.index)
    }

    async fn link_of_kind(&self, name: &str, kind: LinkKind, wanted: &'static str) -> Result<Link> {
        let link = self.link(name).await?.ok_or_else(|| Error::NoLink(name.to_owned()))?;
        if link.kind != kind {
            return Err(Error::OtherKind { name: name.to_owned(), wanted });
        }
        Ok(link)
    }

    async fn set(
        &self,
        name: &str,
        doing: &str,
        change: impl FnOnce(LinkMessageBuilder<LinkUnspec>) -> LinkMessageBuilder<LinkUnspec>,
    ) -> Result<()> {
        let index = self.index_of(name).await?;
        let message = change(LinkUnspec::new_with_index(index)).build();
        self.handle
            .link()
            .set(message)
            .execute()
            .await
            .map_err(|source| Error::netlink(format!("{doing} the interface {name}"), source))
    }
}

/// A number for the near end that the far end does not get: numbers count from 1 in each namespace, and when the ends
/// of a pair happen to have the same one, the kernel takes up to a second to see that the cable is plugged in
/// (`linkwatch_urgent_event` takes such an interface for one without another end).
fn distant_index(far_mac: [u8; 6]) -> u32 {
    let [.., a, b, c] = far_mac;
    u32::from_be_bytes([1, a, b, c])
}

fn existing_is_fine(made: Result<(), rtnetlink::Error>) -> Result<(), rtnetlink::Error> {
    match made {
        Err(source) if errno(&source) == Some(EEXIST) => Ok(()),
        answer => answer,
    }
}

impl From<LinkMessage> for Link {
    fn from(message: LinkMessage) -> Self {
        let flags = message.header.flags;
        let mut link = Self {
            index: message.header.index,
            name: String::new(),
            kind: LinkKind::Other,
            mac: None,
            mtu: 0,
            up: flags.contains(LinkFlags::Up),
            unsettled: flags.contains(LinkFlags::LowerUp) && !flags.contains(LinkFlags::Running),
            master: None,
            alias: None,
        };
        for attribute in message.attributes {
            #[expect(clippy::wildcard_enum_match_arm, reason = "the kernel tells far more than we ask")]
            match attribute {
                LinkAttribute::IfName(name) => link.name = name,
                LinkAttribute::Mtu(mtu) => link.mtu = mtu,
                LinkAttribute::Address(octets) => link.mac = octets.try_into().ok(),
                LinkAttribute::Controller(index) => link.master = Some(index).filter(|index| *index != 0),
                LinkAttribute::IfAlias(alias) => link.alias = Some(alias),
                LinkAttribute::LinkInfo(infos) => link.kind = kind(&infos),
                _ => {}
            }
        }
        link
    }
}

fn kind(infos: &[LinkInfo]) -> LinkKind {
    let kind = infos.iter().find_map(|info| if let LinkInfo::Kind(kind) = info { Some(kind) } else { None });
    match kind {
        Some(InfoKind::Bridge) => LinkKind::Bridge,
        Some(InfoKind::Veth) => LinkKind::Veth,
        Some(InfoKind::Vlan) => LinkKind::Vlan,
        _ => LinkKind::Other,
    }
}
