//! What a tenant asks the API for.

use std::time::{Duration, Instant};

use adit_api::client::{Client, ClientError};
use anyhow::{Context, Result};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use crate::measure::Scale;
use crate::peer;
use crate::programs::{PHYSICAL_NETWORK, Users};
use crate::until;

const CONNECTIONS: &str = "vpn/ipsec-site-connections";
const CONNECTION: &str = "ipsec_site_connection";
/// How many requests are under way at the same time.
const ABREAST: usize = 8;
/// How long all connections may take until they are ACTIVE.
const ALL_LIMIT: Duration = Duration::from_secs(600);
/// How long one may take.
const ONE_LIMIT: Duration = Duration::from_secs(60);

/// A tenant with what belongs to all of his connections.
pub(crate) struct Tenant<'a> {
    client: &'a Client,
    external: String,
    ike_policy: String,
    ipsec_policy: String,
}

impl<'a> Tenant<'a> {
    /// Makes the external network, the policies, and lifts the quota.
    ///
    /// # Errors
    /// Those of any request.
    pub(crate) async fn new(users: &'a Users) -> Result<Self> {
        let Users { admin, demo } = users;
        let network = json!({
            "name": "external", "router:external": true,
            "provider:network_type": "flat", "provider:physical_network": PHYSICAL_NETWORK,
        });
        let external = make(admin, "networks", "network", network).await?;
        let subnet = json!({
            "network_id": external, "ip_version": 4, "cidr": peer::EXTERNAL, "gateway_ip": peer::GATEWAY,
            "enable_dhcp": false,
        });
        make(admin, "subnets", "subnet", subnet).await?;
        let policy = demo.create("vpn/ikepolicies", "ikepolicy", json!({"name": "ike"})).await?;
        let quota = json!({"network": -1, "subnet": -1, "port": -1, "router": -1});
        admin.update("quotas", "quota", policy.text("project_id")?, quota).await?;
        Ok(Self {
            client: demo,
            external,
            ike_policy: policy.text("id")?.to_owned(),
            ipsec_policy: make(demo, "vpn/ipsecpolicies", "ipsecpolicy", json!({"name": "ipsec"})).await?,
        })
    }

    /// Makes the routers, each with a network and a VPN service, and their connections. Returns the services.
    ///
    /// # Errors
    /// Those of any request.
    pub(crate) async fn populate(&self, scale: Scale) -> Result<Vec<String>> {
        let services = stream::iter(0..scale.routers).map(|number| self.service(number));
        let services: Vec<_> = services.buffer_unordered(ABREAST).try_collect().await?;
        let pairs = (0..scale.connections).flat_map(|number| services.iter().map(move |it| (number, it)));
        let made = stream::iter(pairs).map(|(number, service)| self.connect(service, number));
        made.buffer_unordered(ABREAST).try_for_each(async |_| Ok(())).await?;
        Ok(services)
    }

    async fn service(&self, number: usize) -> Result<String> {
        let network =
            make(self.client, "networks", "network", json!({"name": format!("net-{number}")})).await?;
        let cidr = peer::network_of(peer::LOCAL, number)?;
        let subnet = json!({"network_id": network, "ip_version": 4, "cidr": cidr});
        let subnet = make(self.client, "subnets", "subnet", subnet).await?;
        let router = json!({
            "name": format!("router-{number}"), "external_gateway_info": {"network_id": self.external},
        });
        let router = make(self.client, "routers", "router", router).await?;
        self.client.act("routers", &router, "add_router_interface", json!({"subnet_id": subnet})).await?;
        let service = json!({"router_id": router, "subnet_id": subnet});
        make(self.client, "vpn/vpnservices", "vpnservice", service).await
    }

    /// Makes a connection of a service to the peer's site `number`. Returns its id.
    ///
    /// # Errors
    /// Those of any request.
    pub(crate) async fn connect(&self, service: &str, number: usize) -> Result<String> {
        let peer_address = peer::site(number)?;
        let connection = json!({
            "vpnservice_id": service, "ikepolicy_id": self.ike_policy, "ipsecpolicy_id": self.ipsec_policy,
            "peer_address": peer_address, "peer_id": peer_address,
            "peer_cidrs": [peer::network_of(peer::REMOTE, number)?], "psk": peer::KEY,
        });
        make(self.client, CONNECTIONS, CONNECTION, connection).await
    }

    /// How many connections are ACTIVE.
    ///
    /// # Errors
    /// Those of any request.
    pub(crate) async fn active(&self) -> Result<usize> {
        let filters = [("status", "ACTIVE"), ("fields", "id")];
        Ok(self.client.list(CONNECTIONS, &filters).await?.len())
    }

    /// Waits until so many connections are ACTIVE.
    ///
    /// # Errors
    /// When that takes too long; then with what the others are.
    pub(crate) async fn until_active(&self, count: usize) -> Result<()> {
        let mut seen = 0;
        let waiting =
            until("ACTIVE for all connections", Duration::from_millis(100), ALL_LIMIT, async || {
                seen = self.active().await?;
                Ok((seen == count).then_some(()))
            });
        let waited = waiting.await;
        waited.with_context(|| format!("{seen} of {count} connections are ACTIVE"))
    }

    /// Makes one connection more, and removes it when it was ACTIVE. Returns how long that took from its request.
    ///
    /// # Errors
    /// When it takes too long.
    pub(crate) async fn one_more(&self, service: &str, number: usize) -> Result<Duration> {
        let begun = Instant::now();
        let id = self.connect(service, number).await?;
        let pause = Duration::from_millis(2);
        until("ACTIVE for one connection more", pause, ONE_LIMIT, async || {
            let shown = self.client.show(CONNECTIONS, CONNECTION, &id).await?;
            Ok((shown.text("status")? == "ACTIVE").then_some(()))
        })
        .await?;
        let took = begun.elapsed();
        self.client.delete(CONNECTIONS, &id).await?;
        until("the removal of a connection", pause, ONE_LIMIT, async || {
            match self.client.show(CONNECTIONS, CONNECTION, &id).await {
                Ok(_) => Ok(None),
                Err(ClientError::Refused { status: 404, .. }) => Ok(Some(())),
                Err(error) => Err(error.into()),
            }
        })
        .await?;
        Ok(took)
    }
}

async fn make(client: &Client, collection: &str, singular: &str, attributes: Value) -> Result<String> {
    let made = client.create(collection, singular, attributes).await?;
    Ok(made.text("id")?.to_owned())
}
