//! IP addresses of interfaces.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use futures_util::TryStreamExt;
use ipnet::IpNet;
use nix::libc::{EADDRNOTAVAIL, EEXIST};
use rtnetlink::packet_route::AddressFamily;
use rtnetlink::packet_route::address::{AddressAttribute, AddressHeaderFlags, AddressMessage, AddressScope};

use crate::error::errno;
use crate::{Error, Netlink, Result};

impl Netlink {
    /// The addresses of all interfaces by interface number, without those of link scope, which the kernel makes up.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn addresses(&self) -> Result<BTreeMap<u32, BTreeSet<IpNet>>> {
        let _alone = self.listing.lock().await;
        let messages: Vec<AddressMessage> = self
            .handle
            .address()
            .get()
            .execute()
            .try_collect()
            .await
            .map_err(|source| Error::netlink("list the addresses", source))?;
        let mut addresses = BTreeMap::<_, BTreeSet<_>>::new();
        for message in messages {
            if let Some(address) = global_address(&message) {
                addresses.entry(message.header.index).or_default().insert(address);
            }
        }
        Ok(addresses)
    }

    /// Makes `wanted` the addresses of an interface: adds what is missing, then removes what is too much. Those of link
    /// scope stay.
    ///
    /// # Errors
    /// [`Error::NoLink`].
    pub async fn set_addresses(&self, name: &str, wanted: &BTreeSet<IpNet>) -> Result<()> {
        let index = self.index_of(name).await?;
        let present = self.addresses().await?.remove(&index).unwrap_or_default();
        self.add_addresses(name, index, wanted.difference(&present)).await?;
        if present.is_subset(wanted) {
            return Ok(());
        }
        for address in present.difference(wanted) {
            match self.handle.address().del(message_for(index, *address)).execute().await {
                Err(source) if errno(&source) != Some(EADDRNOTAVAIL) => {
                    return Err(Error::netlink(
                        format!("remove {address} from the interface {name}"),
                        source,
                    ));
                }
                _ => {}
            }
        }
        // With the first IPv4 address of a subnet go the others of that subnet, unless `promote_secondaries` is on.
        self.add_addresses(name, index, wanted.iter()).await
    }

    async fn add_addresses(
        &self,
        name: &str,
        index: u32,
        addresses: impl Iterator<Item = &IpNet>,
    ) -> Result<()> {
        for address in addresses {
            match self.handle.address().add(index, address.addr(), address.prefix_len()).execute().await {
                Err(source) if errno(&source) != Some(EEXIST) => {
                    return Err(Error::netlink(format!("add {address} to the interface {name}"), source));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn global_address(message: &AddressMessage) -> Option<IpNet> {
    if message.header.scope == AddressScope::Link || message.header.scope == AddressScope::Host {
        return None;
    }
    // Point-to-point interfaces have the peer in `Address` and their own in `Local`.
    let own = |attribute: &AddressAttribute| {
        if let AddressAttribute::Local(address) = attribute { Some(*address) } else { None }
    };
    let any = |attribute: &AddressAttribute| {
        if let AddressAttribute::Address(address) = attribute { Some(*address) } else { None }
    };
    let address =
        message.attributes.iter().find_map(own).or_else(|| message.attributes.iter().find_map(any))?;
    IpNet::new(address, message.header.prefix_len).ok()
}

fn message_for(index: u32, address: IpNet) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.index = index;
    message.header.prefix_len = address.prefix_len();
    message.header.flags = AddressHeaderFlags::empty();
    message.header.family = match address.addr() {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    };
    message.attributes.push(AddressAttribute::Local(address.addr()));
    message
}
