//! Giving ports their addresses.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use adit_api::ApiError;
use adit_api::network::fixed_ip::FixedIpRequest;
use adit_model::port::{FixedIp, OWNER_DHCP, OWNER_ROUTER_INTERFACE};
use adit_model::subnet::pick_address;
use adit_model::{MacAddress, Network, NetworkId, Port, Subnet, SubnetId};
use adit_store::{Listing, Stored};
use ipnet::IpNet;

use crate::resource::{Context, FromStore};

/// What of a port decides which addresses it gets.
#[derive(Clone, Copy)]
pub(super) struct Holder<'a> {
    pub(super) network: NetworkId,
    pub(super) mac_address: MacAddress,
    pub(super) device_owner: &'a str,
}

impl<'a> Holder<'a> {
    pub(super) fn of(port: &'a Port) -> Self {
        Self { network: port.network_id, mac_address: port.mac_address, device_owner: &port.device_owner }
    }

    /// The address that follows from the port's Ethernet address; routers choose theirs.
    pub(super) fn automatic_address(&self, subnet: &Subnet) -> Option<IpAddr> {
        let chooses = self.device_owner == OWNER_ROUTER_INTERFACE;
        subnet.automatic_address(self.mac_address).filter(|_| !chooses)
    }

    /// Of these subnets, those to take an address of unasked: those for such owners if there are any, else those for
    /// everybody. DHCP servers serve all.
    fn admitted<'s>(&self, subnets: impl Iterator<Item = &'s Subnet> + Clone) -> Vec<Subnet> {
        if self.device_owner == OWNER_DHCP {
            return subnets.cloned().collect();
        }
        let is_for_us =
            |subnet: &&Subnet| subnet.service_types.iter().any(|owner| owner == self.device_owner);
        let ours: Vec<Subnet> = subnets.clone().filter(is_for_us).cloned().collect();
        if !ours.is_empty() {
            return ours;
        }
        subnets.filter(|subnet| subnet.service_types.is_empty()).cloned().collect()
    }
}

/// The addresses of one port in the making.
pub(super) struct Addresses<'a> {
    cx: Context<'a>,
    holder: Holder<'a>,
    subnets: Vec<Stored<Subnet>>,
    /// What the port has in the database: taken, but by itself.
    own: Vec<FixedIp>,
    given: Vec<FixedIp>,
    /// What ports have of the subnets that were asked about: each is read once, however many addresses are wanted.
    taken: BTreeMap<SubnetId, BTreeSet<IpAddr>>,
}

impl<'a> Addresses<'a> {
    /// For a port that has `own` so far, and is to get all its addresses anew. Nobody else gives addresses of the network
    /// away before this session ends.
    pub(super) async fn anew(cx: Context<'a>, holder: Holder<'a>, own: &[FixedIp]) -> Result<Self, ApiError> {
        cx.session.table::<Network>().lock(holder.network).await.map_err(ApiError::from_store)?;
        let subnets = cx.session.table().list(&Listing::of("network_id", holder.network)).await;
        let subnets = subnets.map_err(ApiError::from_store)?;
        Ok(Self { cx, holder, subnets, own: own.to_vec(), given: Vec::new(), taken: BTreeMap::new() })
    }

    /// For a port that keeps what it has, and is to get more.
    pub(super) async fn more(cx: Context<'a>, holder: Holder<'a>, own: &[FixedIp]) -> Result<Self, ApiError> {
        let addresses = Self::anew(cx, holder, own).await?;
        Ok(Self { given: own.to_vec(), ..addresses })
    }

    /// The subnets of the network.
    pub(super) fn subnets(&self) -> impl Iterator<Item = &Subnet> {
        self.subnets.iter().map(|subnet| &subnet.record)
    }

    /// What the port has now.
    pub(super) fn given(self) -> Vec<FixedIp> {
        self.given
    }

    /// What the port lacks of one address per IP version that the network has subnets of, and one of each subnet where
    /// hosts make theirs themselves.
    ///
    /// # Errors
    /// [`ApiError::IpAddressGenerationFailure`], [`ApiError::IpAddressGenerationFailureNoMatchingSubnet`].
    pub(super) async fn automatic(&mut self) -> Result<(), ApiError> {
        let admitted = self.holder.admitted(self.subnets.iter().map(|subnet| &subnet.record));
        if admitted.is_empty() && !self.subnets.is_empty() {
            return Err(ApiError::IpAddressGenerationFailureNoMatchingSubnet {
                network: self.holder.network.to_string(),
                owner: self.holder.device_owner.to_owned(),
            });
        }
        let (own_making, chosen): (Vec<Subnet>, Vec<Subnet>) =
            admitted.into_iter().partition(|subnet| self.holder.automatic_address(subnet).is_some());
        for is_v4 in [true, false] {
            let of_version = chosen.iter().filter(|subnet| subnet.cidr.addr().is_ipv4() == is_v4);
            let subnets: Vec<Subnet> = of_version.cloned().collect();
            let has_one = subnets.iter().any(|subnet| self.has(subnet.id));
            if !subnets.is_empty() && !has_one {
                self.any_of(&subnets).await?;
            }
        }
        for subnet in &own_making {
            if let Some(address) = self.holder.automatic_address(subnet).filter(|_| !self.has(subnet.id)) {
                self.exactly(subnet, address).await?;
            }
        }
        Ok(())
    }

    fn has(&self, subnet: SubnetId) -> bool {
        self.given.iter().any(|fixed_ip| fixed_ip.subnet_id == subnet)
    }

    /// One IPv4 address, of a subnet for such owners if there are any.
    ///
    /// # Errors
    /// [`ApiError::IpAddressGenerationFailure`].
    pub(super) async fn automatic_ipv4(&mut self) -> Result<(), ApiError> {
        let ipv4 =
            self.subnets.iter().map(|subnet| &subnet.record).filter(|subnet| subnet.cidr.addr().is_ipv4());
        let subnets = self.holder.admitted(ipv4);
        self.any_of(&subnets).await
    }

    /// The address that a request asks for.
    ///
    /// # Errors
    /// Whatever is wrong with the address or the subnet, and [`ApiError::IpAddressGenerationFailure`].
    pub(super) async fn requested(&mut self, request: &FixedIpRequest) -> Result<(), ApiError> {
        let FixedIpRequest { subnet_id, ip_address } = request;
        match (subnet_id, *ip_address) {
            (None, None) => Err(ApiError::InvalidInput {
                reason: "IP allocation requires subnet_id or ip_address".to_owned(),
            }),
            (None, Some(address)) => {
                let subnet = self.subnets.iter().find(|subnet| subnet.cidr.contains(&address));
                let unknown = || ApiError::InvalidIpForNetwork { address: address.to_string() };
                let subnet = subnet.ok_or_else(unknown)?.record.clone();
                self.exactly(&subnet, address).await
            }
            (Some(id), Some(address)) => {
                let subnet = self.subnet(id).await?;
                self.exactly(&subnet, address).await
            }
            (Some(id), None) => {
                let subnet = self.subnet(id).await?;
                match self.holder.automatic_address(&subnet) {
                    Some(address) => self.exactly(&subnet, address).await,
                    None => self.any_of(&[subnet]).await,
                }
            }
        }
    }

    async fn subnet(&self, id: &str) -> Result<Subnet, ApiError> {
        if let Some(subnet) = self.subnets.iter().find(|subnet| subnet.id.to_string() == id) {
            return Ok(subnet.record.clone());
        }
        let known = self.cx.session.table::<Subnet>().find_in(id, &self.cx.caller.visible()).await;
        match known.map_err(ApiError::from_store)? {
            None => Err(ApiError::SubnetNotFound { id: id.to_owned() }),
            Some(_) => Err(ApiError::InvalidInput {
                reason: format!(
                    "Failed to create port on network {}, because fixed_ips included invalid subnet {id}",
                    self.holder.network
                ),
            }),
        }
    }

    async fn exactly(&mut self, subnet: &Subnet, address: IpAddr) -> Result<(), ApiError> {
        if !is_host(subnet.cidr, address) {
            return Err(ApiError::InvalidIpForSubnet { address: address.to_string() });
        }
        if self.holder.automatic_address(subnet).is_some_and(|automatic| automatic != address) {
            return Err(ApiError::AllocationOnAutoAddressSubnet {
                address: address.to_string(),
                subnet: subnet.id.to_string(),
            });
        }
        let wanted = FixedIp { subnet_id: subnet.id, ip_address: address };
        let is_free_for_us = self.own.contains(&wanted) && !self.given.contains(&wanted);
        if !is_free_for_us && self.taken(subnet.id).await?.contains(&address) {
            return Err(ApiError::IpAddressAlreadyAllocated {
                address: address.to_string(),
                subnet: subnet.id.to_string(),
            });
        }
        self.give(wanted);
        Ok(())
    }

    /// An address of one of the subnets: one that the port has already serves as well as any, and there may be no other.
    /// Else a free one of the first subnet that has one: any, but for DHCP servers the lowest.
    async fn any_of(&mut self, subnets: &[Subnet]) -> Result<(), ApiError> {
        let is_kept = |own: &&FixedIp| {
            subnets.iter().any(|subnet| subnet.id == own.subnet_id) && !self.given.contains(own)
        };
        if let Some(kept) = self.own.iter().find(is_kept).copied() {
            self.give(kept);
            return Ok(());
        }
        let seed = if self.holder.device_owner == OWNER_DHCP { 0 } else { rand::random() };
        for subnet in subnets {
            let taken = self.taken(subnet.id).await?;
            if let Some(ip_address) =
                pick_address(&subnet.allocation_pools, seed, |address| taken.contains(&address))
            {
                self.give(FixedIp { subnet_id: subnet.id, ip_address });
                return Ok(());
            }
        }
        Err(ApiError::IpAddressGenerationFailure { network: self.holder.network.to_string() })
    }

    fn give(&mut self, fixed_ip: FixedIp) {
        self.given.push(fixed_ip);
        if let Some(taken) = self.taken.get_mut(&fixed_ip.subnet_id) {
            taken.insert(fixed_ip.ip_address);
        }
    }

    async fn taken(&mut self, subnet: SubnetId) -> Result<&BTreeSet<IpAddr>, ApiError> {
        match self.taken.entry(subnet) {
            Entry::Occupied(read) => Ok(read.into_mut()),
            Entry::Vacant(unread) => {
                let stored = self.cx.session.table::<Port>().addresses_of(subnet).await;
                let stored = stored.map_err(ApiError::from_store)?;
                let given = self.given.iter().filter(|given| given.subnet_id == subnet);
                Ok(unread.insert(stored.into_iter().chain(given.map(|given| given.ip_address)).collect()))
            }
        }
    }
}

/// A MAC address for a port of this network: the wanted one, or any that is free.
///
/// # Errors
/// [`ApiError::MacAddressInUse`], [`ApiError::MacAddressGenerationFailure`].
pub(super) async fn mac_address(
    cx: Context<'_>,
    network: NetworkId,
    wanted: Option<MacAddress>,
) -> Result<MacAddress, ApiError> {
    if let Some(mac) = wanted {
        return match is_free(cx, network, mac).await? {
            true => Ok(mac),
            false => Err(ApiError::MacAddressInUse { network: network.to_string(), mac: mac.to_string() }),
        };
    }
    for _ in 0..MAC_ATTEMPTS {
        let mac = MacAddress::generated(rand::random());
        if is_free(cx, network, mac).await? {
            return Ok(mac);
        }
    }
    Err(ApiError::MacAddressGenerationFailure { network: network.to_string() })
}

/// Of 16 million addresses: a network that is half full fails once in 60,000 times.
const MAC_ATTEMPTS: u32 = 16;

async fn is_free(cx: Context<'_>, network: NetworkId, mac: MacAddress) -> Result<bool, ApiError> {
    let others = Listing::of("network_id", network).and("mac_address", mac);
    Ok(cx.session.table::<Port>().count(&others).await.map_err(ApiError::from_store)? == 0)
}

/// Whether an address of the network may belong to a host: IPv4 keeps the first and the last for itself.
fn is_host(cidr: IpNet, address: IpAddr) -> bool {
    let is_reserved = address == cidr.network() || address == cidr.broadcast();
    let reserves = cidr.addr().is_ipv4() && cidr.prefix_len() < 31;
    cidr.contains(&address) && !(reserves && is_reserved)
}
