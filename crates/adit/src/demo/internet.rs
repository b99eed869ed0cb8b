//! The stage: two machines, and the internet between them.
//!
//! ```text
//!            left machine        internet        right machine
//!   10.1.0.0/24 - router - 198.51.100.0/24 - 203.0.113.0/24 - router - 10.2.0.0/24
//! ```
//!
//! Each machine has the bridge `br-ext` on the internet, and a cable to this machine, by which a person here gets to
//! its API.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use adit_linux::sysctl::{self, Sysctls};
use adit_linux::{Namespace, Netlink, VethPeer};
use anyhow::{Context, Result, bail};
use ipnet::{IpNet, Ipv4Net};

use super::footprint::Footprint;
use super::side::Side;

/// The bridge of a machine that is on the internet.
pub(crate) const BRIDGE: &str = "br-ext";
/// The port of that bridge.
const UPLINK: &str = "ext0";
/// The machine's end of the cable to this machine.
const CONTROL: &str = "ctl0";
const MTU: u32 = 1500;
/// How many networks of four addresses there are from 169.254.1.0 to 169.254.127.255. The first 256 addresses are
/// reserved (RFC 3927, 2.1), and clouds have services in the upper half.
const CONTROL_NETWORKS: u32 = 127 * 64;

/// One machine.
pub(crate) struct Machine {
    pub(crate) side: Side,
    pub(crate) namespace: Namespace,
    /// Where this machine reaches it.
    pub(crate) address: Ipv4Addr,
}

/// The router between the two; its interfaces are called after the sides that they lead to.
pub(crate) struct Internet {
    pub(crate) namespace: Namespace,
}

/// Builds the stage.
///
/// # Errors
/// When the kernel refuses.
pub(crate) async fn build(footprint: &Footprint) -> Result<(Internet, Machine, Machine)> {
    let namespace = Namespace::create(&footprint.internet())?;
    sysctl::write(&namespace, &Sysctls::from([("net/ipv4/ip_forward".to_owned(), "1".to_owned())]))?;
    let internet = Internet { namespace };
    let left = machine(footprint, &internet, Side::Left).await?;
    let right = machine(footprint, &internet, Side::Right).await?;
    Ok((internet, left, right))
}

async fn machine(footprint: &Footprint, internet: &Internet, side: Side) -> Result<Machine> {
    let namespace = Namespace::create(&footprint.machine(side))?;
    let outside = Netlink::inside(&internet.namespace)?;
    let inside = Netlink::inside(&namespace)?;
    let uplink = VethPeer { name: UPLINK, namespace: &namespace, mac: random_mac() };
    outside.add_veth(side.as_str(), MTU, &uplink).await?;
    inside.ensure_bridge(BRIDGE).await?;
    // Only what the tunnel needs shall be seen on the segment.
    without_ipv6(&internet.namespace, &[side.as_str()])?;
    without_ipv6(&namespace, &[BRIDGE, UPLINK])?;
    inside.plug(UPLINK, BRIDGE).await?;
    for interface in ["lo", BRIDGE, UPLINK] {
        inside.set_up(interface).await?;
    }
    let gateway = IpNet::new(side.external_gateway().into(), side.external_subnet().prefix_len())?;
    outside.set_addresses(side.as_str(), &BTreeSet::from([gateway])).await?;
    outside.set_up(side.as_str()).await?;
    let address = control(footprint, &namespace, &inside).await?;
    Ok(Machine { side, namespace, address })
}

/// Lays the cable between a machine and this one, with a link-local network that nobody has here. The interface's name
/// carries the network's number, so that of two demos that want the same one only one gets it.
async fn control(footprint: &Footprint, machine: &Namespace, inside: &Netlink) -> Result<Ipv4Addr> {
    let here = Netlink::here()?;
    let taken: Vec<IpNet> = here.addresses().await?.into_values().flatten().collect();
    let links = here.links().await?;
    let name_of = |number| format!("adit-demo-{number}");
    let is_free = |number: &u32| {
        let network = IpNet::V4(control_network(*number));
        let overlaps =
            |other: &IpNet| other.contains(&network.network()) || network.contains(&other.network());
        !taken.iter().any(overlaps) && !links.contains_key(&name_of(*number))
    };
    let from = footprint.id().wrapping_mul(2) % CONTROL_NETWORKS;
    let numbers = (from..CONTROL_NETWORKS).chain(0..from).filter(is_free).take(10);
    let mut refusal = None;
    for number in numbers {
        let peer = VethPeer { name: CONTROL, namespace: machine, mac: random_mac() };
        if let Err(error) = here.add_veth(&name_of(number), MTU, &peer).await {
            refusal = Some(error);
            continue;
        }
        here.set_alias(&name_of(number), &footprint.link_alias()).await?;
        let [ours, theirs] = ends(control_network(number));
        for (netlink, name, address) in [(&here, name_of(number), ours), (inside, CONTROL.to_owned(), theirs)]
        {
            netlink.set_addresses(&name, &BTreeSet::from([IpNet::V4(address)])).await?;
            netlink.set_up(&name).await?;
        }
        return Ok(theirs.addr());
    }
    match refusal {
        Some(error) => Err(error).context("cannot lay a cable to the machine"),
        None => bail!("all link-local networks of this machine are in use"),
    }
}

fn control_network(number: u32) -> Ipv4Net {
    let first = u32::from(Ipv4Addr::new(169, 254, 1, 0));
    Ipv4Net::new_assert(Ipv4Addr::from(first + 4 * number), 30)
}

/// The two addresses of a network of four.
fn ends(network: Ipv4Net) -> [Ipv4Net; 2] {
    let first = u32::from(network.network());
    [1, 2].map(|offset| Ipv4Net::new_assert(Ipv4Addr::from(first + offset), network.prefix_len()))
}

fn without_ipv6(namespace: &Namespace, interfaces: &[&str]) -> Result<()> {
    let setting = |interface: &&str| (format!("net/ipv6/conf/{interface}/disable_ipv6"), String::from("1"));
    let settings: Sysctls = interfaces.iter().map(setting).collect();
    sysctl::write(namespace, &sysctl::differing(namespace, &settings)?)?;
    Ok(())
}

/// An address of the kind that anybody may give out.
fn random_mac() -> [u8; 6] {
    let mut mac: [u8; 6] = rand::random();
    mac[0] = 0x02;
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_networks_stay_within_what_may_be_used() {
        for (number, want) in [
            (0, ["169.254.1.1/30", "169.254.1.2/30"]),
            (64, ["169.254.2.1/30", "169.254.2.2/30"]),
            (CONTROL_NETWORKS - 1, ["169.254.127.253/30", "169.254.127.254/30"]),
        ] {
            assert_eq!(ends(control_network(number)).map(|end| end.to_string()), want, "{number}");
        }
    }
}
