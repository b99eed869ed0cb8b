//! With a real charon, in a network namespace of its own, that has nobody to talk to.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and skips aloud")]

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use adit_ike::charon::{Config, Event, Events, Process, Terminate, Vici};
use adit_ike::{Backend, Connection, Peering};
use adit_model::Psk;
use adit_model::algorithm::{
    AuthAlgorithm, DhGroup, EncapsulationMode, EncryptionAlgorithm, IkeVersion, LifetimeSecs,
    NegotiationMode, TransformProtocol,
};
use adit_model::ike_policy::IkeParameters;
use adit_model::ipsec_policy::IpsecParameters;
use adit_model::router_document::ConnectionSpec;
use adit_model::site_connection::{Dpd, Initiator};
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn every_algorithm_of_the_api_is_loaded_and_accepted() {
    let Some(daemon) = Daemon::start(Backend::Kernel).await else { return };
    let mut vici = Vici::connect(daemon.process.socket()).await.unwrap();
    let known = vici.algorithms().await.unwrap();

    let mut specs = Vec::new();
    for encryption in EncryptionAlgorithm::ALL {
        specs.push(spec(*encryption, AuthAlgorithm::Sha256, DhGroup::Group14));
    }
    for auth in AuthAlgorithm::ALL {
        specs.push(spec(EncryptionAlgorithm::Aes256, *auth, DhGroup::Group14));
        specs.push(spec(EncryptionAlgorithm::Aes256Gcm16, *auth, DhGroup::Group14));
    }
    for group in DhGroup::ALL {
        specs.push(spec(EncryptionAlgorithm::Aes256, AuthAlgorithm::Sha256, *group));
    }
    for spec in &specs {
        let connection = Connection::new(spec, spec.peer_address.parse().unwrap(), Backend::Kernel).unwrap();
        let peering = &Peering::group([&connection])[0];
        assert_eq!(connection.unsupported_by(&known), None, "{}", peering.load_conn());
        vici.load(peering).await.unwrap_or_else(|error| panic!("{error}: {}", peering.load_conn()));
        vici.load_key(&connection).await.unwrap();
        assert!(vici.connections().await.unwrap().contains(peering.name()));
        vici.unload(peering.name()).await.unwrap();
        vici.unload(peering.name()).await.expect("nothing to unload is fine");
    }
    assert_eq!(vici.connections().await.unwrap().len(), 0);
    only_what_is_too_long_is_refused(&mut vici).await;
    let id = specs[0].id.to_string();
    assert_eq!(vici.keys().await.unwrap(), BTreeSet::from([id.clone()]));
    vici.unload_key(&id).await.unwrap();
    vici.unload_key(&id).await.expect("nothing to unload is fine");
    assert_eq!(vici.keys().await.unwrap().len(), 0);
    vici.terminate(Terminate::Ike(77)).await.expect("nothing to terminate is fine");
    assert_eq!(vici.sas().await.unwrap(), []);
    daemon.stop().await;
}

/// About as much as charon takes at once, and a little more.
async fn only_what_is_too_long_is_refused(vici: &mut Vici) {
    let networks = |count: u32| -> ConnectionSpec {
        let mut spec = spec(EncryptionAlgorithm::Aes256, AuthAlgorithm::Sha256, DhGroup::Group14);
        spec.ike.version = IkeVersion::V1;
        let network = |number: u32| format!("10.{}.{}.0/24", number / 256, number % 256).parse().unwrap();
        spec.local_networks = (0..count).map(network).collect();
        spec
    };
    let load = async |vici: &mut Vici, count| {
        let connection =
            Connection::new(&networks(count), "192.0.2.2".parse().unwrap(), Backend::Kernel).unwrap();
        let peering = Peering::group([&connection]).remove(0);
        let length = peering.load_conn().encoded_len();
        (length, vici.load(&peering).await.map(|()| peering.name().to_owned()))
    };
    let (one, _) = load(vici, 1).await;
    let (two, _) = load(vici, 2).await;
    let most = u32::try_from((512 * 1024 - 2 * one) / (two - one) - 12).unwrap();
    let (length, loaded) = load(vici, most).await;
    let name = loaded.unwrap_or_else(|error| panic!("{length} octets: {error}"));
    let refused = load(vici, most + 20).await.1.unwrap_err().to_string();
    assert!(refused.contains("more than charon takes at once"), "{refused}");
    assert!(vici.connections().await.unwrap().contains(&name), "what was loaded stays, and charon answers");
    vici.unload(&name).await.unwrap();
}

#[tokio::test]
async fn a_daemon_is_found_again_by_its_folder_and_its_end_is_told_at_once() {
    let Some(daemon) = Daemon::start(Backend::Userspace).await else { return };
    let adopted = Process::adopt(&daemon.config).await.expect("it runs");
    assert_eq!(adopted.pid(), daemon.process.pid());
    let elsewhere = Config { run_dir: daemon.config.run_dir.join("elsewhere"), ..daemon.config.clone() };
    assert!(Process::adopt(&elsewhere).await.is_none());

    let mut events = Events::subscribe(adopted.socket()).await.unwrap();
    let mut vici = Vici::connect(adopted.socket()).await.unwrap();
    let Daemon { config, process, .. } = daemon;
    process.stop().await.unwrap();
    timeout(LIMIT, async { while events.next().await != Event::Gone {} }).await.unwrap();
    assert!(vici.sas().await.is_err());
    assert!(Process::adopt(&config).await.is_none());
    assert!(!config.run_dir.join("strongswan.conf").exists());
}

/// A daemon in a network namespace that only it holds. The process is ended also when the test fails.
struct Daemon {
    config: Config,
    process: Process,
    _ender: Ender,
    _folder: tempfile::TempDir,
}

struct Ender(i32);

impl Daemon {
    async fn start(backend: Backend) -> Option<Self> {
        if let Some(why) = lacking() {
            println!("SKIPPED: {why}");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let config = Config { run_dir: folder.path().join("router"), backend };
        let process = Process::start(&config, |command| {
            let mut unshare = Command::new("unshare");
            unshare.arg("--net").arg(command.get_program()).args(command.get_args()).env_clear();
            unshare.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?)))).spawn()
        })
        .await
        .unwrap();
        let ender = Ender(process.pid());
        Some(Self { config, process, _ender: ender, _folder: folder })
    }

    async fn stop(self) {
        self.process.stop().await.unwrap();
    }
}

impl Drop for Ender {
    fn drop(&mut self) {
        let exe = std::fs::read_link(format!("/proc/{}/exe", self.0)).unwrap_or_default();
        if exe.ends_with("charon-systemd") {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.0), nix::sys::signal::SIGKILL);
        }
    }
}

fn lacking() -> Option<&'static str> {
    if !nix::unistd::geteuid().is_root() {
        return Some("needs root to make a network namespace");
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join("charon-systemd").exists());
    (!found).then_some("needs the package charon-systemd")
}

fn spec(encryption: EncryptionAlgorithm, auth: AuthAlgorithm, group: DhGroup) -> ConnectionSpec {
    ConnectionSpec {
        id: "3fa85f64-5717-4562-b3fc-2c963f66afa6".parse().unwrap(),
        service_id: "11111111-5717-4562-b3fc-2c963f66afa6".parse().unwrap(),
        admin_state_up: true,
        ike: IkeParameters {
            version: IkeVersion::V2,
            negotiation_mode: NegotiationMode::Main,
            encryption,
            auth,
            dh_group: group,
            lifetime: LifetimeSecs::DEFAULT,
        },
        ipsec: IpsecParameters {
            transform_protocol: TransformProtocol::Esp,
            encapsulation_mode: EncapsulationMode::Tunnel,
            encryption,
            auth,
            pfs_group: group,
            lifetime: LifetimeSecs::DEFAULT,
        },
        local_address: Some("192.0.2.1".parse().unwrap()),
        local_id: "ops@left.example".to_owned(),
        peer_address: "192.0.2.2".to_owned(),
        peer_id: "Head office #2".to_owned(),
        local_networks: vec!["10.1.0.0/24".parse().unwrap()],
        peer_networks: vec!["10.2.0.0/24".parse().unwrap()],
        initiator: Initiator::BiDirectional,
        dpd: Dpd::default(),
        mtu: 0,
        psk: Psk::new("hunter2"),
    }
}
