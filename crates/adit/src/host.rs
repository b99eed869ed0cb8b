//! `adit host`: hosts for trials and tests, plugged into networks of this node.

use std::net::IpAddr;

use adit_agent::host::{self, HostSpec};
use adit_api::client::{Client, Object};
use adit_model::network::PhysicalNetwork;
use anyhow::{Context, Result, bail};
use clap::Args;
use ipnet::IpNet;
use serde_json::{Value, json};

use crate::cli::{self, Source};
use crate::config::Config;
use crate::credentials;

/// The owner of ports that `adit host add` made or took.
const OWNER: &str = "adit:host";

#[derive(Debug, Args)]
pub(crate) struct Add {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Network (name or ID)
    #[arg(long, value_name = "NETWORK")]
    network: String,
    /// Port (name or ID) to plug in instead of a new one
    #[arg(long, value_name = "PORT")]
    port: Option<String>,
    /// Name of the host, and of its namespace
    name: String,
}

#[derive(Debug, Args)]
pub(crate) struct Del {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Name of the host
    name: String,
}

impl Add {
    pub(crate) async fn run(self, config: &Config) -> Result<()> {
        let client = Client::connect(&credentials::find(config)?).await?;
        let network = client.find("networks", &self.network).await?;
        let (port, is_new) = match &self.port {
            Some(port) => (client.find("ports", port).await?, false),
            None => (new_port(&client, &network, &self.name).await?, true),
        };
        let added = plug(&client, config, &self.name, &network, &port).await;
        if added.is_err() && is_new {
            client.delete("ports", port.text("id")?).await?;
        }
        let address = added?;
        if !is_new {
            let taken = json!({"device_id": self.name, "device_owner": OWNER});
            client.update("ports", "port", port.text("id")?, taken).await?;
        }
        cli::print(&format!(
            "{name} is on {network} at {address}: ip netns exec {name} COMMAND",
            name = self.name,
            network = self.network
        ))
    }
}

impl Del {
    pub(crate) async fn run(self, config: &Config) -> Result<()> {
        host::del(&self.name).await?;
        let client = Client::connect(&credentials::find(config)?).await?;
        let mine = [("device_id", self.name.as_str()), ("device_owner", OWNER)];
        for port in client.list("ports", &mine).await? {
            // A port that was there before keeps its own name, and stays.
            if port.text("name")? == self.name {
                client.delete("ports", port.text("id")?).await?;
            } else {
                let free = json!({"device_id": "", "device_owner": ""});
                client.update("ports", "port", port.text("id")?, free).await?;
            }
        }
        Ok(())
    }
}

async fn new_port(client: &Client, network: &Object, name: &str) -> Result<Object> {
    let port = json!({
        "name": name,
        "network_id": network.text("id")?,
        "project_id": network.text("project_id")?,
        "device_id": name,
        "device_owner": OWNER,
    });
    Ok(client.create("ports", "port", port).await?)
}

/// Makes the namespace, and returns its first address.
async fn plug(
    client: &Client,
    config: &Config,
    name: &str,
    network: &Object,
    port: &Object,
) -> Result<IpAddr> {
    if port.text("network_id")? != network.text("id")? {
        bail!("port {} is on another network", port.text("id")?);
    }
    let (addresses, default_gateway) = addresses(client, network, port).await?;
    let Some(first) = addresses.first().map(IpNet::addr) else {
        bail!("port {} has no address", port.text("id")?)
    };
    let spec = HostSpec {
        name: name.to_owned(),
        port: port.text("id")?.parse()?,
        network: network.text("id")?.parse()?,
        physical: physical(network)?,
        mac: port.text("mac_address")?.parse()?,
        mtu: network.number("mtu")?,
        addresses,
        default_gateway,
    };
    host::add(&spec, &config.agent.physical_networks).await?;
    Ok(first)
}

fn physical(network: &Object) -> Result<Option<PhysicalNetwork>> {
    let Some(name) = network.get("provider:physical_network").and_then(Value::as_str) else {
        return Ok(None);
    };
    let vlan = network.get("provider:segmentation_id").and_then(Value::as_u64);
    let vlan = vlan.map(u16::try_from).transpose().context("the network has an impossible VLAN")?;
    Ok(Some(PhysicalNetwork { name: name.to_owned(), vlan }))
}

/// The port's addresses, and the way out: the router's own address on the subnet, which need not be the subnet's
/// `gateway_ip`, or that when no router is there yet.
async fn addresses(client: &Client, network: &Object, port: &Object) -> Result<(Vec<IpNet>, Option<IpAddr>)> {
    let filter = [("network_id", network.text("id")?), ("device_owner", "network:router_interface")];
    let routers = client.list("ports", &filter).await?;
    let (mut addresses, mut gateway) = (Vec::new(), None);
    for (subnet_id, address) in fixed_ips(port)? {
        let subnet = client.find("subnets", &subnet_id).await?;
        let cidr: IpNet = subnet.text("cidr")?.parse()?;
        addresses.push(IpNet::new_assert(address, cidr.prefix_len()));
        if gateway.is_none() {
            let mut on_subnet = Vec::new();
            for router in &routers {
                on_subnet.extend(fixed_ips(router)?.into_iter().filter(|(id, _)| *id == subnet_id));
            }
            let by_convention =
                || subnet.get("gateway_ip").and_then(Value::as_str).and_then(|ip| ip.parse().ok());
            gateway = on_subnet.first().map(|(_, address)| *address).or_else(by_convention);
        }
    }
    Ok((addresses, gateway))
}

fn fixed_ips(port: &Object) -> Result<Vec<(String, IpAddr)>> {
    let entries = port.get("fixed_ips").and_then(Value::as_array).context("the port has no `fixed_ips`")?;
    let parse = |entry: &Value| {
        let text = |key| {
            entry.get(key).and_then(Value::as_str).with_context(|| format!("an address has no `{key}`"))
        };
        Ok((text("subnet_id")?.to_owned(), text("ip_address")?.parse()?))
    };
    entries.iter().map(parse).collect()
}
