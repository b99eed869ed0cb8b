//! Two sites: namespaces, a cable, an address inside each network, and a VPN each. All of it goes with the value, also
//! when a test fails.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use adit_agent::config::{DataPlane, DataPlaneChoice};
use adit_agent::vpn::{Vpn, VpnSetup, VpnState};
use adit_ike::charon::{ChildSa, ChildState, Config, IkeSa, IkeState, Process, Vici};
use adit_ike::{Backend, Child, Connection, Peering};
use adit_model::algorithm::{
    AuthAlgorithm, DhGroup, EncapsulationMode, EncryptionAlgorithm, IkeVersion, LifetimeSecs,
    NegotiationMode, TransformProtocol,
};
use adit_model::ike_policy::IkeParameters;
use adit_model::ipsec_policy::IpsecParameters;
use adit_model::router_document::ConnectionSpec;
use adit_model::site_connection::{Dpd, Initiator};
use adit_model::{Psk, ReasonCode, RouterId, SiteConnectionId, Status};
use tempfile::{NamedTempFile, TempDir};
use tokio::runtime::Handle;
use tokio::time::timeout;
use uuid::Uuid;

use crate::remains::{end_charons, kill, signal};

/// How long anything may take; everything here takes milliseconds, but a loaded machine is slow.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Who carries the packets: what `XTASK_DATA_PLANE` says, else what the agent would choose.
pub(crate) fn data_plane() -> DataPlane {
    static FOUND: LazyLock<DataPlane> = LazyLock::new(|| {
        let choice = match std::env::var("XTASK_DATA_PLANE").as_deref() {
            Err(_) => DataPlaneChoice::Auto,
            Ok("kernel") => DataPlaneChoice::Kernel,
            Ok("userspace") => DataPlaneChoice::Userspace,
            Ok(other) => panic!("XTASK_DATA_PLANE is `kernel` or `userspace`, not `{other}`"),
        };
        choice.resolve().unwrap()
    });
    *FOUND
}

fn backend() -> Backend {
    match data_plane() {
        DataPlane::Kernel => Backend::Kernel,
        DataPlane::Userspace => Backend::Userspace,
    }
}

pub(crate) struct Site {
    vpn: Option<Vpn>,
    setup: VpnSetup,
    // Dropped after the rest: the daemon is found by its folder.
    ground: Ground,
}

/// A namespace and a folder; ends the daemon that was started there.
pub(crate) struct Ground {
    number: u32,
    namespace: String,
    folder: TempDir,
}

/// Two sites with `networks` networks each: 10.1.N.0/24 on the left, 10.2.N.0/24 on the right. `None` where the machine
/// cannot do it, which is said aloud.
pub(crate) fn pair(networks: u8) -> Option<(Site, Site)> {
    let [left, right] = grounds()?;
    ip(&format!(
        "link add outside netns {} type veth peer name outside netns {}",
        left.namespace, right.namespace
    ));
    left.furnish(1, [192, 0, 2, 1], networks);
    right.furnish(2, [192, 0, 2, 2], networks);
    Some((Site::new(left), Site::new(right)))
}

/// Namespaces for sites and what stands between them. `None` where the machine cannot do it, which is said aloud.
pub(crate) fn grounds<const COUNT: usize>() -> Option<[Ground; COUNT]> {
    if let Some(why) = lacking() {
        println!("SKIPPED: {why}");
        return None;
    }
    // `RUST_LOG=adit_agent=trace` shows what charon logs.
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
    Some(std::array::from_fn(|_| Ground::new()))
}

/// The connection number `number` as either end has it, joining the networks of that number.
pub(crate) fn specs(version: IkeVersion, number: u8) -> (ConnectionSpec, ConnectionSpec) {
    let left = ConnectionSpec {
        id: id(number),
        service_id: "11111111-5717-4562-b3fc-2c963f66afa6".parse().unwrap(),
        admin_state_up: true,
        ike: IkeParameters {
            version,
            negotiation_mode: NegotiationMode::Main,
            encryption: EncryptionAlgorithm::Aes128,
            auth: AuthAlgorithm::Sha1,
            dh_group: DhGroup::Group5,
            lifetime: LifetimeSecs::DEFAULT,
        },
        ipsec: IpsecParameters {
            transform_protocol: TransformProtocol::Esp,
            encapsulation_mode: EncapsulationMode::Tunnel,
            encryption: EncryptionAlgorithm::Aes128,
            auth: AuthAlgorithm::Sha1,
            pfs_group: DhGroup::Group5,
            lifetime: LifetimeSecs::DEFAULT,
        },
        local_address: Some(IpAddr::from([192, 0, 2, 1])),
        local_id: String::new(),
        peer_address: "192.0.2.2".to_owned(),
        peer_id: "192.0.2.2".to_owned(),
        local_networks: vec![format!("10.1.{number}.0/24").parse().unwrap()],
        peer_networks: vec![format!("10.2.{number}.0/24").parse().unwrap()],
        initiator: Initiator::BiDirectional,
        dpd: Dpd::default(),
        mtu: 1500,
        psk: Psk::new("hunter2"),
    };
    let right = ConnectionSpec {
        id: id(number + 100),
        local_address: Some(IpAddr::from([192, 0, 2, 2])),
        peer_address: "192.0.2.1".to_owned(),
        peer_id: "192.0.2.1".to_owned(),
        local_networks: left.peer_networks.clone(),
        peer_networks: left.local_networks.clone(),
        ..left.clone()
    };
    (left, right)
}

pub(crate) fn id(number: u8) -> SiteConnectionId {
    SiteConnectionId::new(Uuid::from_u128(u128::from(number)))
}

/// One that no other connection has.
pub(crate) fn fresh_id() -> SiteConnectionId {
    static COUNT: AtomicU32 = AtomicU32::new(1000);
    SiteConnectionId::new(Uuid::from_u128(COUNT.fetch_add(1, Ordering::Relaxed).into()))
}

/// Brings the first connection up.
pub(crate) async fn up(left: &Site, right: &Site, version: IkeVersion) -> (ConnectionSpec, ConnectionSpec) {
    let (left_spec, right_spec) = specs(version, 1);
    left.vpn().apply(std::slice::from_ref(&left_spec)).await.unwrap();
    right.vpn().apply(std::slice::from_ref(&right_spec)).await.unwrap();
    left.until(|state| is_active(state, &left_spec)).await;
    right.until(|state| is_active(state, &right_spec)).await;
    (left_spec, right_spec)
}

/// Waits until both ends have `count` tunnels, the same ones, each in an IKE SA of its own, and nothing else.
pub(crate) async fn settle(left: &Site, right: &Site, count: usize) {
    settle_in(left, right, count, count).await;
}

/// Waits until both ends have `count` tunnels, the same ones, wherever they run.
pub(crate) async fn settle_with(left: &Site, right: &Site, count: usize) {
    let settling = async {
        loop {
            if left.spis().await.len() == count && are_the_same(left, right).await {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(LIMIT, settling).await.is_ok(), "not the same {count} SAs");
}

/// Waits until both ends have `count` tunnels in `ikes` IKE SAs, the same ones, and nothing else.
pub(crate) async fn settle_in(left: &Site, right: &Site, ikes: usize, count: usize) {
    let settling = async {
        while !(left.is_settled(ikes, count).await
            && right.is_settled(ikes, count).await
            && are_the_same(left, right).await)
        {
            // Events are the agent's: the test has to look.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if timeout(LIMIT, settling).await.is_err() {
        let (left, right) = (left.vici().await.sas().await, right.vici().await.sas().await);
        panic!("not the same {count} SAs in {ikes}: {left:#?} {right:#?}");
    }
}

/// Whether both ends have the same tunnels and ask for no more, and none of what crossed is left, which is replaced after a
/// while.
async fn are_the_same(left: &Site, right: &Site) -> bool {
    left.spis().await == right.spis().await
        && left.crossed().await.is_empty()
        && right.crossed().await.is_empty()
        && left.is_at_rest().await
        && right.is_at_rest().await
}

pub(crate) fn is_active(state: &VpnState, spec: &ConnectionSpec) -> bool {
    state
        .connections
        .get(&spec.id)
        .is_some_and(|report| report.status == Status::Active && report.reason.is_none())
}

pub(crate) fn code(state: &VpnState, spec: &ConnectionSpec) -> Option<ReasonCode> {
    Some(state.connections.get(&spec.id)?.reason.as_ref()?.code)
}

pub(crate) fn text(state: &VpnState, spec: &ConnectionSpec) -> Option<String> {
    Some(state.connections.get(&spec.id)?.reason.as_ref()?.to_string())
}

impl Site {
    pub(crate) fn new(ground: Ground) -> Self {
        let setup = VpnSetup {
            router_id: RouterId::new(Uuid::from_u128(ground.number.into())),
            namespace: PathBuf::from("/run/netns").join(&ground.namespace),
            run_dir: ground.run_dir(),
            data_plane: data_plane(),
        };
        Self { vpn: Some(Vpn::new(setup.clone())), setup, ground }
    }

    pub(crate) fn vpn(&self) -> &Vpn {
        self.vpn.as_ref().unwrap()
    }

    pub(crate) fn state(&self) -> VpnState {
        self.vpn().observe().borrow().clone()
    }

    pub(crate) async fn until(&self, is_reached: impl Fn(&VpnState) -> bool) {
        let mut observed = self.vpn().observe();
        if timeout(LIMIT, observed.wait_for(|state| is_reached(state))).await.is_err() {
            panic!("never reached, but: {:#?}", self.state());
        }
    }

    /// The handle goes and a new one comes, as when the agent is upgraded.
    pub(crate) fn restart_agent(&mut self) {
        self.stop_agent();
        self.vpn = Some(Vpn::new(self.setup.clone()));
    }

    /// The handle goes, and charon stays as it is.
    pub(crate) fn stop_agent(&mut self) {
        self.vpn = None;
    }

    pub(crate) async fn remove(mut self) {
        let vpn = self.vpn.take().unwrap();
        vpn.remove().await;
        assert_eq!(self.charon().await, None);
        let left_behind = std::fs::read_dir(&self.setup.run_dir).map(|files| files.count()).unwrap_or(0);
        assert_eq!(left_behind, 0, "files in {}", self.setup.run_dir.display());
    }

    /// The daemon's process id.
    pub(crate) async fn charon(&self) -> Option<i32> {
        Some(self.process().await?.pid())
    }

    pub(crate) async fn kill_charon(&self) {
        kill(self.charon().await.unwrap());
    }

    pub(crate) async fn stop_charon(&self) {
        signal("-STOP", self.charon().await.unwrap());
    }

    pub(crate) fn delete_namespace(&self) {
        ip(&format!("netns delete {}", self.ground.namespace));
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.ground.namespace
    }

    /// Changes the network of the site.
    pub(crate) fn ip(&self, arguments: &str) {
        self.ground.ip(arguments);
    }

    pub(crate) fn ping(&self, from: &str, to: &str) -> bool {
        let namespace = &self.ground.namespace;
        let command = ["netns", "exec", namespace, "ping", "-c", "2", "-i", "0.2", "-W", "1", "-I", from, to];
        Command::new("ip")
            .args(command)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    }

    /// Whether every answer comes, for so long.
    pub(crate) fn ping_for_secs(&self, secs: u32, from: &str, to: &str) -> bool {
        let count = secs.to_string();
        let command =
            ["netns", "exec", &self.ground.namespace, "ping", "-q", "-i", "1", "-c", &count, "-I", from, to];
        Command::new("ip").args(command).stdout(Stdio::null()).status().unwrap().success()
    }

    /// Waits until the SPIs of the installed CHILD_SAs are as they should be.
    pub(crate) async fn until_spis(&self, is_reached: impl Fn(&[(u32, u32)]) -> bool) {
        let reaching = async {
            while !is_reached(&self.spis().await) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if timeout(LIMIT, reaching).await.is_err() {
            panic!("never reached: {:#?}", self.vici().await.sas().await);
        }
    }

    /// Asks charon for all tunnels of the connections, past the agent.
    pub(crate) async fn initiate(&self, specs: &[ConnectionSpec]) {
        let connection = |spec: &ConnectionSpec| {
            Connection::new(spec, spec.peer_address.parse().unwrap(), backend()).unwrap()
        };
        let connections: Vec<Connection> = specs.iter().map(connection).collect();
        let mut vici = self.vici().await;
        for peering in Peering::group(&connections) {
            for child in connections.iter().flat_map(Connection::children) {
                vici.initiate(peering.name(), &child.name).await.unwrap();
            }
        }
    }

    /// Sends a packet every 20 ms and counts the answers.
    pub(crate) fn keep_pinging(&self, from: &str, to: &str) -> Pinging {
        let command = ["netns", "exec", &self.ground.namespace, "ping", "-n", "-i", "0.02", "-I", from, to];
        let output = tempfile::NamedTempFile::new().unwrap();
        let stdout = output.reopen().unwrap();
        let child = Command::new("ip").args(command).env("LC_ALL", "C").stdout(stdout).spawn().unwrap();
        Pinging { child, output }
    }

    /// Runs swanctl against the daemon.
    pub(crate) async fn swanctl(&self, arguments: &[&str], configuration: &str) {
        let file = self.ground.folder.path().join("swanctl.conf");
        std::fs::write(&file, configuration).unwrap();
        let uri = format!("unix://{}", self.process().await.expect("charon runs").socket().display());
        let mut command = Command::new("timeout");
        // It waits for randomness, which a guest that has just been booted has little of.
        command.args(["60", "swanctl"]).args(arguments).args(["--uri", &uri]);
        if arguments[0].starts_with("--load") {
            command.arg("--file").arg(&file);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    /// SPIs of all installed CHILD_SAs, the lower of each pair first, so that both ends have the same ones.
    pub(crate) async fn spis(&self) -> Vec<(u32, u32)> {
        self.installed(None).await
    }

    /// The names of CHILD_SAs that came about twice at once, as IKEv1 quick modes that cross leave them.
    pub(crate) async fn crossed(&self) -> BTreeSet<String> {
        let sas = self.vici().await.sas().await.unwrap();
        let children: Vec<&ChildSa> = sas.iter().flat_map(|sa| &sa.children).collect();
        let stands = |child: &ChildSa| matches!(child.state, ChildState::Installed | ChildState::Replaced);
        let is_twin = |one: &ChildSa, other: &ChildSa| {
            one.id != other.id
                && one.name == other.name
                && stands(other)
                && one.age_secs.abs_diff(other.age_secs) < 3
        };
        let has_twin = |child: &&&ChildSa| stands(child) && children.iter().any(|it| is_twin(child, it));
        children.iter().filter(has_twin).map(|child| child.name.clone()).collect()
    }

    /// Whether nothing is being negotiated. What a peer did not take when it came is sent again after a second.
    async fn is_at_rest(&self) -> bool {
        let sas = self.vici().await.sas().await.unwrap();
        sas.iter().all(|sa| !sa.is_busy && sa.state != IkeState::Connecting)
    }

    pub(crate) async fn spis_of(&self, spec: &ConnectionSpec) -> Vec<(u32, u32)> {
        self.installed(Some(spec.id)).await
    }

    /// Whether there are `count` CHILD_SAs that carry packets, in `ikes` IKE SAs, and no attempts. An IKEv1 peer keeps
    /// replaced SAs for a while: those do not count.
    async fn is_settled(&self, ikes: usize, count: usize) -> bool {
        let sas = self.vici().await.sas().await.unwrap();
        let carrying = |sa: &&IkeSa| sa.children.iter().any(|child| child.state == ChildState::Installed);
        let attempts = sas.iter().filter(|sa| sa.state == IkeState::Connecting).count();
        (sas.iter().filter(carrying).count(), self.spis().await.len(), attempts) == (ikes, count, 0)
    }

    async fn installed(&self, connection: Option<SiteConnectionId>) -> Vec<(u32, u32)> {
        self.spis_that(|child| {
            child.state == ChildState::Installed
                && (connection.is_none() || Child::owner(&child.name) == connection)
        })
        .await
    }

    async fn spis_that(&self, is_meant: impl Fn(&ChildSa) -> bool) -> Vec<(u32, u32)> {
        let sas = self.vici().await.sas().await.unwrap();
        let children = sas.iter().flat_map(|sa| &sa.children).filter(|child| is_meant(child));
        let spis = |child: &ChildSa| (child.spi_in.min(child.spi_out), child.spi_in.max(child.spi_out));
        let mut spis: Vec<(u32, u32)> = children.map(spis).collect();
        spis.sort_unstable();
        spis
    }

    pub(crate) async fn vici(&self) -> Vici {
        Vici::connect(self.process().await.expect("charon runs").socket()).await.unwrap()
    }

    async fn process(&self) -> Option<Process> {
        Process::adopt(&Config { run_dir: self.setup.run_dir.clone(), backend: backend() }).await
    }
}

/// A ping that runs until it is asked how it went.
pub(crate) struct Pinging {
    child: std::process::Child,
    output: NamedTempFile,
}

/// An end that answers has a new SA before the end that asked for it has, and sends by it at once: what it sends before the
/// other end has worked out the keys is lost. That is the end of one exchange, and nothing else may be lost.
pub(crate) async fn assert_no_gap(what: &str, pinging: Pinging) {
    // Once for either end that replaces.
    assert_no_gap_but(2, what, pinging).await;
}

/// The same where there are so many exchanges at most.
pub(crate) async fn assert_no_gap_but(exchanges: usize, what: &str, pinging: Pinging) {
    let gaps = pinging.gaps().await;
    println!("{what}: lost in a row: {gaps:?}");
    // Half a second at most: guests that emulate a processor take that long for keys. A tunnel that went down would be gone
    // for the two seconds at least for which two SAs stand side by side.
    assert!(
        gaps.len() <= exchanges && gaps.iter().all(|lost| *lost <= 25),
        "{what}: lost in a row: {gaps:?}"
    );
}

impl Pinging {
    /// Waits for one more answer, and tells how many packets were sent until then and how many of them were lost.
    pub(crate) async fn stop(self) -> (usize, usize) {
        let answered = self.answers().await;
        let sent = answered.last().copied().unwrap_or_default();
        (sent, sent - answered.len())
    }

    /// Waits for one more answer, and tells how many packets were lost in a row, each time.
    pub(crate) async fn gaps(self) -> Vec<usize> {
        let answered: Vec<usize> = std::iter::once(0).chain(self.answers().await).collect();
        let gaps = answered.windows(2).map(|pair| pair[1] - pair[0] - 1);
        gaps.filter(|lost| *lost > 0).collect()
    }

    async fn answers(&self) -> BTreeSet<usize> {
        let last = self.answered().last().copied();
        let answering = async {
            while self.answered().last().copied() <= last {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LIMIT, answering).await.expect("packets pass");
        self.answered()
    }

    fn answered(&self) -> BTreeSet<usize> {
        let text = std::fs::read_to_string(self.output.path()).unwrap();
        let number =
            |line: &str| -> Option<usize> { line.split_once("icmp_seq=")?.1.split_once(' ')?.0.parse().ok() };
        text.lines().filter_map(number).collect()
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Pinging {
    fn drop(&mut self) {
        self.end();
    }
}

impl Ground {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("adit-vpn-{}-{number}", std::process::id());
        ip(&format!("netns add {namespace}"));
        Self { number, namespace, folder: tempfile::tempdir().unwrap() }
    }

    /// Gives a site its address outside, whose interface is there, and its networks.
    pub(crate) fn furnish(&self, side: u8, outside: [u8; 4], networks: u8) {
        self.ip(&format!("address add {}/24 dev outside", IpAddr::from(outside)));
        self.ip("link set outside up");
        self.ip("link set lo up");
        for network in 1..=networks {
            self.ip(&format!("address add 10.{side}.{network}.1/24 dev lo"));
        }
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    pub(crate) fn ip(&self, arguments: &str) {
        ip(&format!("-n {} {arguments}", self.namespace));
    }

    fn end_charon(&self) {
        end_charons(self.folder.path(), [self.run_dir()]);
    }

    fn run_dir(&self) -> PathBuf {
        self.folder.path().join("router")
    }
}

impl Drop for Site {
    /// For a test that failed. Who steers the daemon would start another one in place of the one that goes with the ground,
    /// so he ends first.
    fn drop(&mut self) {
        let (Some(vpn), Ok(runtime)) = (self.vpn.take(), Handle::try_current()) else { return };
        self.ground.end_charon();
        // Tests of sites run on several threads, which this needs.
        let _ = tokio::task::block_in_place(|| runtime.block_on(timeout(LIMIT, vpn.remove())));
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.end_charon();
        let delete = ["netns", "delete", &self.namespace];
        let _ = Command::new("ip").args(delete).stderr(Stdio::null()).status();
    }
}

pub(crate) fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split(' ')).status().unwrap();
    assert!(status.success(), "ip {arguments}");
}

fn lacking() -> Option<&'static str> {
    let is_root =
        std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if !is_root {
        return Some("needs root to make network namespaces");
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let has = |program| std::env::split_paths(&path).any(|folder| folder.join(program).exists());
    for (program, why) in [
        ("charon-systemd", "needs the package charon-systemd"),
        ("ip", "needs the package iproute2"),
        ("ping", "needs the package iputils-ping"),
        ("tcpdump", "needs the package tcpdump"),
        ("swanctl", "needs the package strongswan-swanctl"),
    ] {
        if !has(program) {
            return Some(why);
        }
    }
    if data_plane() == DataPlane::Userspace && !std::path::Path::new("/dev/net/tun").exists() {
        return Some("needs /dev/net/tun");
    }
    None
}
