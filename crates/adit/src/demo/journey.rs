//! The journey: what the operator prepares, what the tenant does on both sides, and whether it works.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use adit_api::client::{self, Client, Object};
use adit_linux::Namespace;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::capture::Capture;
use super::footprint::Footprint;
use super::internet::{self, Internet};
use super::region::{PHYSICAL_NETWORK, Region};
use super::report::{Connection, Outcome, Screen, command_lines, seconds, short};
use super::side::Side;
use super::traffic::{self, Ping, WebServer};
use super::until;

/// What the right host serves.
const HTTP_PORT: u16 = 80;
/// How many echo requests go each way.
const PINGS: u32 = 5;
/// How many go before there is a tunnel.
const EARLY_PINGS: u32 = 2;
/// How long a gateway may take to know of a connection.
const FENCE_LIMIT: Duration = Duration::from_secs(30);
/// How long the tunnel may take; usually less than 0.3 s.
const ACTIVE_LIMIT: Duration = Duration::from_secs(60);

/// What stays for a person to try: two regions with a host each, and a page.
pub(crate) struct Standing {
    left: End,
    right: End,
    _web_server: WebServer,
}

impl Standing {
    pub(crate) const fn regions(&self) -> [&Region; 2] {
        [&self.left.region, &self.right.region]
    }

    /// The hosts' addresses.
    pub(crate) const fn addresses(&self) -> [IpAddr; 2] {
        [self.left.host_address, self.right.host_address]
    }
}

/// A region in which everything is set up but the tunnel.
struct End {
    region: Region,
    host: Namespace,
    host_address: IpAddr,
    policies: Policies,
    service: Service,
    groups: Groups,
}

/// Walks from nothing to traffic, and fills in `outcome` on the way.
///
/// # Errors
/// At the first step that does not work. What traffic shows is judged by [`Outcome::check`].
pub(crate) async fn walk(footprint: &Footprint, screen: Screen, outcome: &mut Outcome) -> Result<Standing> {
    let begun = Instant::now();
    let (internet, left, right) = regions(footprint, screen).await?;
    outcome.data_plane = Some(left.data_plane.clone());
    let capture = Capture::start(footprint, &internet).await?;
    let (left, right) = prepare(footprint, screen, left, right).await?;
    connect(footprint, screen, &left, &right, outcome).await?;
    let web_server = try_out(footprint, screen, &left, &right, outcome).await?;
    outcome.seconds.total = Some(seconds(begun.elapsed()));
    outcome.packets = capture.finish().await?;
    Ok(Standing { left, right, _web_server: web_server })
}

async fn regions(footprint: &Footprint, screen: Screen) -> Result<(Internet, Region, Region)> {
    screen.line("Two machines with the internet between them, and a region of Adit on each");
    let begun = Instant::now();
    let (internet, left, right) = internet::build(footprint).await?;
    let names = [&left.namespace, &internet.namespace, &right.namespace].map(Namespace::name);
    screen.result(&format!("network namespaces {}", names.join(", ")), begun.elapsed());
    let begun = Instant::now();
    let (left, right) =
        tokio::try_join!(Region::start(footprint, &left, screen), Region::start(footprint, &right, screen))?;
    screen.result(&format!("both answer; the data plane is {}", left.data_plane), begun.elapsed());
    Ok((internet, left, right))
}

/// What comes before the tunnel: the operators' part, and steps one to five.
async fn prepare(footprint: &Footprint, screen: Screen, left: Region, right: Region) -> Result<(End, End)> {
    screen.line("\nThe operators (#) offer an external network");
    offer_external_network(&left, screen).await?;
    offer_external_network(&right, screen).await?;

    let (a, b) = (Tenant::of(&left, screen), Tenant::of(&right, screen));
    screen.line("\nStep one: create the left network");
    let left_network = a.network().await?;
    screen.line("\nStep two: create the right network");
    let right_network = b.network().await?;
    screen.line("\nThe operators plug a host into each");
    let left_host = plug_in_host(footprint, screen, &left).await?;
    let right_host = plug_in_host(footprint, screen, &right).await?;
    screen.line("\nStep three: create an IKE and an IPsec policy on both sides");
    let policies = (a.policies().await?, b.policies().await?);
    screen.line("\nStep four: create VPN services on both sides");
    let services = (a.service(&left_network.router).await?, b.service(&right_network.router).await?);
    screen.line("\nStep five: create the endpoint groups");
    let groups = (a.groups(&left_network.subnet).await?, b.groups(&right_network.subnet).await?);

    let end = |region, (host, host_address), policies, service, groups| End {
        region,
        host,
        host_address,
        policies,
        service,
        groups,
    };
    Ok((
        end(left, left_host, policies.0, services.0, groups.0),
        end(right, right_host, policies.1, services.1, groups.1),
    ))
}

async fn offer_external_network(region: &Region, screen: Screen) -> Result<()> {
    let side = region.side;
    let operator = Person { prompt: format!("{side:>5} #"), client: &region.admin, screen };
    let network = operator
        .create(
            &[
                "openstack network create ext-net --external",
                &format!("--provider-network-type flat --provider-physical-network {PHYSICAL_NETWORK}"),
            ],
            ("networks", "network"),
            json!({
                "name": "ext-net",
                "router:external": true,
                "provider:network_type": "flat",
                "provider:physical_network": PHYSICAL_NETWORK,
            }),
            &["id", "status"],
        )
        .await?;
    let (subnet, gateway) = (side.external_subnet(), side.external_gateway());
    operator
        .create(
            &[
                "openstack subnet create ext-subnet --network ext-net",
                &format!("--subnet-range {subnet} --gateway {gateway} --no-dhcp"),
            ],
            ("subnets", "subnet"),
            json!({
                "name": "ext-subnet",
                "network_id": network.text("id")?,
                "ip_version": 4,
                "cidr": subnet,
                "gateway_ip": gateway,
                "enable_dhcp": false,
            }),
            &["id", "cidr"],
        )
        .await?;
    Ok(())
}

/// The document's virtual machines. They come before the tunnel here, to see what leaves without it.
async fn plug_in_host(footprint: &Footprint, screen: Screen, region: &Region) -> Result<(Namespace, IpAddr)> {
    let begun = Instant::now();
    let side = region.side;
    let command = region.host_add(footprint, &format!("{side}-network"));
    screen.command(&format!("{side:>5} #"), &command_lines(&command));
    let said = region.run(command).await?;
    screen.result(&said, begun.elapsed());
    let host = Namespace::open(&region.host)?.context("the host's namespace is not there")?;
    Ok((host, host_address(region).await?))
}

async fn host_address(region: &Region) -> Result<IpAddr> {
    let ports = region.admin.list("ports", &[("device_id", &region.host)]).await?;
    let fixed_ips = ports.first().and_then(|port| port.get("fixed_ips")).context("the host has no port")?;
    let address = fixed_ips[0]["ip_address"].as_str().context("the host's port has no address")?;
    address.parse().with_context(|| format!("the host's address `{address}` is none"))
}

/// Step six. Between the two connections, when one gateway knows of the tunnel that the other knows nothing of, nothing
/// may leave in its place.
async fn connect(
    footprint: &Footprint,
    screen: Screen,
    left: &End,
    right: &End,
    outcome: &mut Outcome,
) -> Result<()> {
    screen.line("\nStep six: create the site connections");
    let first = Tenant::of(&left.region, screen).site_connection(left, right).await?;
    until("the left gateway's word about its connection", FENCE_LIMIT, async || {
        let status = status(&left.region, &first).await?;
        Ok((status != "PENDING_CREATE").then_some(()))
    })
    .await?;
    screen.line("  Without the other side nothing may pass, and nothing may leave in clear:");
    let early = check_ping(footprint, screen, left, right, EARLY_PINGS).await?;
    if early.received > 0 {
        bail!("the hosts reach each other before there is a tunnel");
    }

    let posted = Instant::now();
    let second = Tenant::of(&right.region, screen).site_connection(right, left).await?;
    let ends = [(left, first), (right, second)];
    let active = until("ACTIVE on both sides", ACTIVE_LIMIT, async || {
        let mut connections = Vec::new();
        for (end, id) in &ends {
            connections.push(Connection {
                region: end.region.side.to_string(),
                name: end.region.side.site_connection().to_owned(),
                status: status(&end.region, id).await?,
            });
        }
        let is_active = connections.iter().all(|connection| connection.status == "ACTIVE");
        outcome.connections = connections;
        Ok(is_active.then_some(()))
    })
    .await;
    if let Err(error) = active {
        let states: Vec<String> = outcome
            .connections
            .iter()
            .map(|Connection { region, name, status }| format!("`{name}` in the region {region} is {status}"))
            .collect();
        return Err(error.context(states.join(", ")));
    }
    outcome.seconds.post_to_active = Some(seconds(posted.elapsed()));
    screen.line(&format!("  Both are ACTIVE {} after the second request was sent.", short(posted.elapsed())));
    Ok(())
}

/// Step seven. Returns what serves the page.
async fn try_out(
    footprint: &Footprint,
    screen: Screen,
    left: &End,
    right: &End,
    outcome: &mut Outcome,
) -> Result<WebServer> {
    screen.line("\nStep seven: check if the VPN works properly");
    outcome.ping.left_to_right = check_ping(footprint, screen, left, right, PINGS).await?;
    outcome.ping.right_to_left = check_ping(footprint, screen, right, left, PINGS).await?;
    let address = SocketAddr::new(right.host_address, HTTP_PORT);
    let web_server = WebServer::start(&right.host, address)?;
    screen.command(&format!("{} $", left.region.host), &[format!("curl http://{}/", right.host_address)]);
    let page = traffic::fetch(&left.host, address).await?;
    screen.result(&format!("HTTP {}, {} octets", page.status, page.length), page.took);
    outcome.page = Some(page);
    Ok(web_server)
}

async fn status(region: &Region, connection: &str) -> Result<String> {
    let collection = "vpn/ipsec-site-connections";
    let connection = region.demo.show(collection, "ipsec_site_connection", connection).await?;
    Ok(connection.text("status")?.to_owned())
}

async fn check_ping(footprint: &Footprint, screen: Screen, from: &End, to: &End, count: u32) -> Result<Ping> {
    screen.command(&format!("{} $", from.region.host), &[format!("ping -c {count} {}", to.host_address)]);
    let begun = Instant::now();
    let ping = traffic::ping(footprint, &from.host, to.host_address, count).await?;
    let Ping { sent, received, rtt_ms } = ping;
    let mean = rtt_ms.map(|ms| format!(", mean {ms:.2} ms")).unwrap_or_default();
    screen.result(&format!("{received} of {sent} answered{mean}"), begun.elapsed());
    Ok(ping)
}

/// The document's reader, on one side.
struct Tenant<'a> {
    side: Side,
    person: Person<'a>,
}

struct TenantNetwork {
    subnet: String,
    router: String,
}

struct Policies {
    ike: String,
    ipsec: String,
}

struct Service {
    id: String,
    /// Where the peer finds it.
    external_address: String,
}

struct Groups {
    local: String,
    peer: String,
}

impl<'a> Tenant<'a> {
    fn of(region: &'a Region, screen: Screen) -> Self {
        let side = region.side;
        Self { side, person: Person { prompt: format!("{side:>5} $"), client: &region.demo, screen } }
    }

    async fn network(&self) -> Result<TenantNetwork> {
        let Self { side, person } = self;
        let network = person
            .create(
                &[&format!("openstack network create {side}-network")],
                ("networks", "network"),
                json!({"name": format!("{side}-network")}),
                &["id", "status"],
            )
            .await?;
        let (cidr, gateway) = (side.subnet(), side.gateway());
        let subnet = person
            .create(
                &[
                    &format!("openstack subnet create {side}-subnet --network {side}-network"),
                    &format!("--subnet-range {cidr} --gateway {gateway}"),
                ],
                ("subnets", "subnet"),
                json!({
                    "name": format!("{side}-subnet"),
                    "network_id": network.text("id")?,
                    "ip_version": 4,
                    "cidr": cidr,
                    "gateway_ip": gateway,
                }),
                &["id", "cidr"],
            )
            .await?;
        let subnet = id(&subnet)?;
        let router = person
            .create(
                &[&format!("openstack router create {side}-router")],
                ("routers", "router"),
                json!({"name": format!("{side}-router")}),
                &["id", "status"],
            )
            .await?;
        let router = id(&router)?;
        let add = person.client.act("routers", &router, "add_router_interface", json!({"subnet_id": subnet}));
        let command = format!("openstack router add subnet {side}-router {side}-subnet");
        person.step(&[&command], add, |_| "done".to_owned()).await?;
        let set_gateway = async {
            let external = person.client.find("networks", "ext-net").await?;
            let gateway = json!({"external_gateway_info": {"network_id": external.text("id")?}});
            person.client.update("routers", "router", &router, gateway).await
        };
        let command = format!("openstack router set {side}-router --external-gateway ext-net");
        person.step(&[&command], set_gateway, |_| "done".to_owned()).await?;
        Ok(TenantNetwork { subnet, router })
    }

    async fn policies(&self) -> Result<Policies> {
        let ike = self
            .person
            .create(
                &["openstack vpn ike policy create ikepolicy"],
                ("vpn/ikepolicies", "ikepolicy"),
                json!({"name": "ikepolicy"}),
                &["id", "ike_version", "encryption_algorithm", "auth_algorithm", "pfs"],
            )
            .await?;
        let ipsec = self
            .person
            .create(
                &["openstack vpn ipsec policy create ipsecpolicy"],
                ("vpn/ipsecpolicies", "ipsecpolicy"),
                json!({"name": "ipsecpolicy"}),
                &["id", "transform_protocol", "encryption_algorithm", "auth_algorithm", "pfs"],
            )
            .await?;
        Ok(Policies { ike: id(&ike)?, ipsec: id(&ipsec)? })
    }

    async fn service(&self, router: &str) -> Result<Service> {
        let Self { side, person } = self;
        let name = side.vpn_service();
        let service = person
            .create(
                &[&format!("openstack vpn service create {name} --router {side}-router")],
                ("vpn/vpnservices", "vpnservice"),
                json!({"name": name, "router_id": router}),
                &["id", "status", "external_v4_ip"],
            )
            .await?;
        Ok(Service { id: id(&service)?, external_address: service.text("external_v4_ip")?.to_owned() })
    }

    async fn groups(&self, subnet: &str) -> Result<Groups> {
        let side = self.side;
        let peer = side.other().subnet().to_string();
        let typed = format!("{side}-subnet");
        let local = self.group(&format!("{side}-local-epg"), "subnet", &typed, subnet).await?;
        let peer = self.group(&format!("{side}-peer-epg"), "cidr", &peer, &peer).await?;
        Ok(Groups { local, peer })
    }

    async fn group(&self, name: &str, kind: &str, typed: &str, endpoint: &str) -> Result<String> {
        let group = self
            .person
            .create(
                &[&format!("openstack vpn endpoint group create {name} --type {kind} --value {typed}")],
                ("vpn/endpoint-groups", "endpoint_group"),
                json!({"name": name, "type": kind, "endpoints": [endpoint]}),
                &["id", "endpoints"],
            )
            .await?;
        id(&group)
    }

    /// Returns the connection's id.
    async fn site_connection(&self, end: &End, peer: &End) -> Result<String> {
        let Self { side, person } = self;
        let (name, service) = (side.site_connection(), side.vpn_service());
        let address = &peer.service.external_address;
        let connection = person
            .create(
                &[
                    &format!("openstack vpn ipsec site connection create {name} --vpnservice {service}"),
                    "--ikepolicy ikepolicy --ipsecpolicy ipsecpolicy",
                    &format!("--local-endpoint-group {side}-local-epg --peer-endpoint-group {side}-peer-epg"),
                    &format!("--peer-address {address} --peer-id {address} --psk secret"),
                ],
                ("vpn/ipsec-site-connections", "ipsec_site_connection"),
                json!({
                    "name": name,
                    "vpnservice_id": end.service.id,
                    "ikepolicy_id": end.policies.ike,
                    "ipsecpolicy_id": end.policies.ipsec,
                    "local_ep_group_id": end.groups.local,
                    "peer_ep_group_id": end.groups.peer,
                    "peer_address": address,
                    "peer_id": address,
                    "psk": "secret",
                }),
                &["id", "status"],
            )
            .await?;
        id(&connection)
    }
}

/// Somebody with the `openstack` command. What they type is shown; what it means is asked of the API.
struct Person<'a> {
    prompt: String,
    client: &'a Client,
    screen: Screen,
}

impl Person<'_> {
    /// A command that makes something; `shown` are the attributes that its table would have, shortened.
    async fn create(
        &self,
        command: &[&str],
        (collection, singular): (&str, &str),
        attributes: Value,
        shown: &[&str],
    ) -> Result<Object> {
        let create = self.client.create(collection, singular, attributes);
        self.step(command, create, |made| summary(made, shown)).await
    }

    async fn step<T>(
        &self,
        command: &[&str],
        work: impl Future<Output = client::Result<T>>,
        result: impl FnOnce(&T) -> String,
    ) -> Result<T> {
        self.screen.command(&self.prompt, command);
        let begun = Instant::now();
        let done = work.await.with_context(|| format!("`{}` failed", command.join(" ")))?;
        self.screen.result(&result(&done), begun.elapsed());
        Ok(done)
    }
}

fn id(object: &Object) -> Result<String> {
    Ok(object.text("id")?.to_owned())
}

fn summary(object: &Object, shown: &[&str]) -> String {
    let attribute = |name: &&str| {
        let value = object.get(name)?;
        Some(format!("{name} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    };
    shown.iter().filter_map(attribute).collect::<Vec<_>>().join(", ")
}
