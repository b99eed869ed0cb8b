//! What `adit demo` builds, in the hands of a test: two regions with a tunnel between them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use adit_api::client::{Client, Credentials, Object};
use adit_ike::Backend;
use adit_ike::charon::{ChildSa, ChildState, Config, Process, Vici};
use adit_linux::{Namespace, Netlink};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::time::{interval, timeout};

use crate::support::demo::Demo;

/// How long anything may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);
pub(crate) const CONNECTIONS: &str = "vpn/ipsec-site-connections";
const CONNECTION: &str = "ipsec_site_connection";

/// Two regions, and the tunnel of the demo: `conn` on the left, `conn2` on the right.
pub(crate) struct World {
    pub(crate) left: Region,
    pub(crate) right: Region,
    pub(crate) internet: Namespace,
    // The last to go: it clears up.
    demo: Demo,
}

/// An `adit up` on a machine of its own, with a host behind it.
pub(crate) struct Region {
    pub(crate) side: &'static str,
    pub(crate) up: Program,
    /// The tenant.
    pub(crate) tenant: Client,
    pub(crate) host: Namespace,
    pub(crate) host_address: String,
    /// The router of the demo.
    pub(crate) router: String,
    /// The site connection of the demo.
    pub(crate) connection: String,
    /// Where the demo keeps its files.
    pub(crate) root: PathBuf,
}

impl World {
    /// Builds it; `None` where this machine is not made for it.
    pub(crate) async fn start() -> Option<Self> {
        let mut demo = Demo::start(&[]);
        if !demo.wait_for("Both regions stay") {
            demo.end();
            assert!(demo.is_impossible_here(), "{}", demo.story);
            return None;
        }
        let (id, root) = (demo.id(), PathBuf::from(format!("/run/adit-demo/{}", demo.id())));
        let left = Region::find(id, &root, "left", "conn").await;
        let right = Region::find(id, &root, "right", "conn2").await;
        let internet = Namespace::open(&format!("adit-demo-{id}-internet")).unwrap().unwrap();
        Some(Self { left, right, internet, demo })
    }

    pub(crate) fn regions(&self) -> [&Region; 2] {
        [&self.left, &self.right]
    }

    /// Runs a command that knows both regions, as the clouds `left` and `right`; what it prints.
    pub(crate) async fn command(&self, line: &str) -> String {
        let mut clouds = "clouds:\n".to_owned();
        for region in self.regions() {
            let text = fs::read_to_string(region.clouds()).unwrap();
            let (_, tenant) = text.split_once("  adit:\n").unwrap();
            clouds.push_str(&format!("  {}:\n{tenant}", region.side));
        }
        let file = self.left.root.join("both.yaml");
        fs::write(&file, clouds).unwrap();
        command(&file, line).await
    }

    /// The SPIs of the demo's tunnel, as both ends see them.
    pub(crate) async fn spis(&self) -> [BTreeSet<[u64; 4]>; 2] {
        [self.left.spis(&self.left.connection).await, self.right.spis(&self.right.connection).await]
    }

    /// Waits until the demo's tunnel is up on both sides, by the word of both APIs.
    pub(crate) async fn until_active(&self) {
        for region in self.regions() {
            region.until_status(&region.connection, "ACTIVE").await;
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.demo.story);
            for region in self.regions() {
                eprintln!("The log of the region {}:\n{}", region.side, region.log());
            }
        }
    }
}

impl Region {
    async fn find(id: u32, root: &Path, side: &'static str, connection: &str) -> Self {
        let tenant = Client::connect(&credentials(&root.join(side).join("openrc"))).await.unwrap();
        let operator = Client::connect(&credentials(&root.join(side).join("openrc-admin"))).await.unwrap();
        let name = format!("{side}-host-{id}");
        let ports = operator.list("ports", &[("device_id", &name)]).await.unwrap();
        let address = ports[0].get("fixed_ips").unwrap()[0]["ip_address"].as_str().unwrap();
        Self {
            side,
            up: Program::find(id, root, side),
            host: Namespace::open(&name).unwrap().unwrap(),
            host_address: address.to_owned(),
            router: id_of(&tenant.find("routers", &format!("{side}-router")).await.unwrap()),
            connection: id_of(&tenant.find(CONNECTIONS, connection).await.unwrap()),
            tenant,
            root: root.to_owned(),
        }
    }

    /// Where the agent marks a router as its own.
    pub(crate) fn run_dir(&self, router: &str) -> PathBuf {
        self.root.join(self.side).join("routers").join(router)
    }

    /// A router's namespace.
    pub(crate) fn namespace(&self, router: &str) -> Option<Namespace> {
        Namespace::open(&format!("qrouter-{router}")).unwrap()
    }

    /// The machine's ends of the interfaces of the demo's router.
    pub(crate) async fn taps(&self) -> BTreeSet<String> {
        let inside = Netlink::inside(&self.namespace(&self.router).unwrap()).unwrap();
        let tap = |name: &String| {
            let port = name.strip_prefix("qg-").or_else(|| name.strip_prefix("qr-"))?;
            Some(format!("tap{port}"))
        };
        inside.links().await.unwrap().keys().filter_map(tap).collect()
    }

    /// From one moment on the demo's router sends nothing any more, as when its machine loses power. A namespace that is
    /// only deleted goes on sending while the kernel takes it down, and the firewall is what goes first.
    pub(crate) async fn cut_off(&self) {
        let machine = Netlink::inside(&self.up.machine).unwrap();
        for tap in self.taps().await {
            machine.delete_link(&tap).await.unwrap();
        }
    }

    /// A router's charon.
    pub(crate) async fn charon(&self, router: &str) -> Option<Process> {
        Process::adopt(&Config { run_dir: self.run_dir(router), backend: Backend::Userspace }).await
    }

    /// The SPIs of a connection of the demo's router: of the IKE SA, and of the packets in and out.
    pub(crate) async fn spis(&self, connection: &str) -> BTreeSet<[u64; 4]> {
        let charon = self.charon(&self.router).await.unwrap();
        let sas = Vici::connect(charon.socket()).await.unwrap().sas().await.unwrap();
        let all = sas.iter().flat_map(|sa| sa.children.iter().map(move |child| (sa, child)));
        let owner = |child: &ChildSa| adit_ike::Child::owner(&child.name).map(|id| id.to_string());
        // Of two IKEv1 attempts that crossed each end keeps the one that it takes for replaced, too.
        let all = all.filter(|(_, child)| child.state == ChildState::Installed);
        let own = all.filter(|(_, child)| owner(child).as_deref() == Some(connection));
        own.map(|(sa, child)| [sa.initiator_spi, sa.responder_spi, child.spi_in.into(), child.spi_out.into()])
            .collect()
    }

    pub(crate) async fn status(&self, connection: &str) -> String {
        let connection = self.tenant.show(CONNECTIONS, CONNECTION, connection).await.unwrap();
        connection.text("status").unwrap().to_owned()
    }

    fn clouds(&self) -> PathBuf {
        self.root.join(self.side).join("clouds.yaml")
    }

    /// Runs a command of the tenant's; what it prints.
    pub(crate) async fn command(&self, line: &str) -> String {
        command(&self.clouds(), line).await
    }

    /// Runs a command of the tenant's, however it ends.
    pub(crate) async fn run(&self, line: &str) -> Output {
        run(&self.clouds(), line).await
    }

    pub(crate) async fn until_status(&self, connection: &str, wanted: &str) {
        until(&format!("{wanted} on the {}", self.side), async || {
            // The API may be away for a moment.
            let shown = self.tenant.show(CONNECTIONS, CONNECTION, connection).await;
            shown.is_ok_and(|shown| shown.text("status").unwrap() == wanted)
        })
        .await;
    }

    pub(crate) async fn set_psk(&self, connection: &str, psk: &str) {
        self.tenant.update(CONNECTIONS, CONNECTION, connection, json!({"psk": psk})).await.unwrap();
    }

    /// All that server and agent have logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.root.join(format!("{}.log", self.side))).unwrap()
    }

    /// The lines of the log about what the API says of a connection.
    pub(crate) fn history(&self, connection: &str) -> Vec<String> {
        let log = self.log();
        let lines = log.lines().filter(|line| line.contains("status changed") && line.contains(connection));
        lines.map(str::to_owned).collect()
    }

    /// A network with its subnet behind a router. Returns the ids of both.
    pub(crate) async fn network(&self, router: &str, cidr: &str) -> [String; 2] {
        let network = self.create("networks", "network", json!({})).await;
        let subnet = json!({"network_id": network, "ip_version": 4, "cidr": cidr});
        let subnet = self.create("subnets", "subnet", subnet).await;
        let interface = json!({"subnet_id": subnet});
        self.tenant.act("routers", router, "add_router_interface", interface).await.unwrap();
        [network, subnet]
    }

    /// Another router, with a network and a VPN service.
    pub(crate) async fn site(&self, cidr: &str) -> Site {
        let router = self.create("routers", "router", json!({})).await;
        let [network, subnet] = self.network(&router, cidr).await;
        let external = id_of(&self.tenant.find("networks", "ext-net").await.unwrap());
        let gateway = json!({"external_gateway_info": {"network_id": external}});
        self.tenant.update("routers", "router", &router, gateway).await.unwrap();
        self.create("vpn/vpnservices", "vpnservice", json!({"router_id": router})).await;
        let (service, address) = self.service(&router).await;
        Site { router, network, subnet, service, address }
    }

    /// Endpoint groups for a tunnel from a subnet to the peer's network. Returns the ids of the local one and the peer's.
    pub(crate) async fn groups(&self, subnet: &str, peer: &str) -> [String; 2] {
        let group = |kind: &str, endpoint: &str| json!({"type": kind, "endpoints": [endpoint]});
        let local = self.create("vpn/endpoint-groups", "endpoint_group", group("subnet", subnet)).await;
        let peer = self.create("vpn/endpoint-groups", "endpoint_group", group("cidr", peer)).await;
        [local, peer]
    }

    /// A site connection with the policies of the demo.
    pub(crate) async fn connection(
        &self,
        service: &str,
        [local, peer]: &[String; 2],
        peer_address: &str,
        psk: &str,
    ) -> String {
        let policy =
            async |collection: &str, name: &str| id_of(&self.tenant.find(collection, name).await.unwrap());
        let connection = json!({
            "vpnservice_id": service,
            "ikepolicy_id": policy("vpn/ikepolicies", "ikepolicy").await,
            "ipsecpolicy_id": policy("vpn/ipsecpolicies", "ipsecpolicy").await,
            "local_ep_group_id": local,
            "peer_ep_group_id": peer,
            "peer_address": peer_address,
            "peer_id": peer_address,
            "psk": psk,
        });
        self.create(CONNECTIONS, CONNECTION, connection).await
    }

    /// The VPN service of a router, and the address that its peers know.
    pub(crate) async fn service(&self, router: &str) -> (String, String) {
        let services = self.tenant.list("vpn/vpnservices", &[("router_id", router)]).await.unwrap();
        (id_of(&services[0]), services[0].text("external_v4_ip").unwrap().to_owned())
    }

    pub(crate) async fn create(&self, collection: &str, singular: &str, attributes: Value) -> String {
        id_of(&self.tenant.create(collection, singular, attributes).await.unwrap())
    }
}

/// A router and what it needs for a tunnel, by ids.
pub(crate) struct Site {
    pub(crate) router: String,
    pub(crate) network: String,
    pub(crate) subnet: String,
    pub(crate) service: String,
    /// Where its peers find it.
    pub(crate) address: String,
}

/// A process on a machine, and how to start it again.
pub(crate) struct Program {
    machine: Namespace,
    log: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    pid: Pid,
    /// `None` for the demo's own.
    child: Option<Child>,
}

impl Program {
    /// The `adit up` that the demo has started.
    fn find(id: u32, root: &Path, side: &str) -> Self {
        let config = root.join(format!("{side}.toml")).into_os_string();
        let pids = fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<i32>().ok());
        let (pid, arguments) =
            pids.map(|pid| (pid, words(pid, "cmdline"))).find(|(_, words)| words.contains(&config)).unwrap();
        let environment = words(pid, "environ").into_iter().filter_map(|variable| {
            let variable = variable.into_string().unwrap();
            let (name, value) = variable.split_once('=')?;
            Some((name.into(), value.into()))
        });
        Self {
            machine: Namespace::open(&format!("adit-demo-{id}-{side}")).unwrap().unwrap(),
            log: root.join(format!("{side}.log")),
            arguments,
            environment: environment.collect(),
            pid: Pid::from_raw(pid),
            child: None,
        }
    }

    /// The value of one of its options.
    pub(crate) fn option(&self, name: &str) -> String {
        let at = self.arguments.iter().position(|word| word == name).unwrap();
        self.arguments[at + 1].to_str().unwrap().to_owned()
    }

    /// From its next start on the programs that it runs are looked for in this folder first.
    pub(crate) fn look_first_for_programs_in(&mut self, folder: &Path) {
        for (_, path) in self.environment.iter_mut().filter(|(name, _)| name == "PATH") {
            let folders = std::env::split_paths(path).collect::<Vec<_>>();
            *path = std::env::join_paths([folder.to_owned()].into_iter().chain(folders)).unwrap();
        }
    }

    /// The name of the namespace that is its machine.
    pub(crate) fn machine(&self) -> &str {
        self.machine.name()
    }

    /// Starts another one in the same place, with other arguments.
    pub(crate) fn start_other(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let program = self.arguments[0].clone();
        let mut other = Self {
            machine: self.machine.clone(),
            log: self.log.clone(),
            arguments: [program].into_iter().chain(arguments.iter().map(OsString::from)).collect(),
            environment: self.environment.clone(),
            pid: self.pid,
            child: None,
        };
        other.environment.extend(environment.iter().map(|(name, value)| (name.into(), value.into())));
        other.start();
        other
    }

    /// Starts it again. It must have ended.
    pub(crate) fn start(&mut self) {
        let log = OpenOptions::new().append(true).open(&self.log).unwrap();
        let mut command = Command::new(&self.arguments[0]);
        command.args(&self.arguments[1..]).env_clear().envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = self.machine.run(|| command.spawn()).unwrap().unwrap();
        self.pid = Pid::from_raw(child.id().cast_signed());
        self.child = Some(child);
    }

    /// Ends it by a signal, and waits until it is gone.
    pub(crate) async fn end(&mut self, signal: Signal) {
        kill(self.pid, signal).unwrap();
        until("the end of a process", async || is_over(self.pid)).await;
        if let Some(mut child) = self.child.take() {
            child.wait().unwrap();
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Runs a command of `adit`; what it prints.
async fn command(clouds: &Path, line: &str) -> String {
    let output = run(clouds, line).await;
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`adit {line}`: {told}");
    String::from_utf8(output.stdout).unwrap()
}

async fn run(clouds: &Path, line: &str) -> Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_adit"));
    command.args(line.split_whitespace()).kill_on_drop(true).env("OS_CLOUD", "adit");
    command.env("OS_CLIENT_CONFIG_FILE", clouds);
    timeout(LIMIT, command.output()).await.expect("it ends").unwrap()
}

/// Waits, with a limit, until something is true that nobody tells of.
pub(crate) async fn until(what: &str, mut is_true: impl AsyncFnMut() -> bool) {
    let mut look = interval(Duration::from_millis(10));
    let looking = async {
        while !is_true().await {
            look.tick().await;
        }
    };
    assert!(timeout(LIMIT, looking).await.is_ok(), "not within {LIMIT:?}: {what}");
}

pub(crate) fn id_of(object: &Object) -> String {
    object.text("id").unwrap().to_owned()
}

fn credentials(openrc: &Path) -> Credentials {
    let text = fs::read_to_string(openrc).unwrap();
    let variable = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(&format!("export {name}="))).map(str::to_owned)
    };
    Credentials::from_variables(variable).unwrap()
}

/// Whether a process has let go of everything; what is the demo's child stays as a zombie.
fn is_over(pid: Pid) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    threads == 0 || threads == 1 && stat.contains(") Z ")
}

/// Strings of a process that end in zero octets.
fn words(pid: i32, file: &str) -> Vec<OsString> {
    let text = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let words = text.split(|octet| *octet == 0).filter(|word| !word.is_empty());
    words.map(|word| OsString::from_vec(word.to_vec())).collect()
}
